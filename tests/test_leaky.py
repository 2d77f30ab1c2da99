"""The leaky cell: forward as its equation says, gradients right to rounding, and a clock that a bias sets."""

from dataclasses import replace

import numpy as np
import pytest

from ch5.engine import bptt, gradcheck
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import GRU
from ch5.networks.leaky import LeakyCell

T, D, H = 12, 3, 4


def cell_of(rng):
    return LeakyCell(rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=(2, H)))


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_every_gradient_of_the_leaky_cell_agrees_with_the_complex_step(batch, rng):
    """Each weight, x and h_0 to a relative 1e-12, at T = 12, weights of order one, a start that is not zero."""
    gradcheck.check_cell(cell_of(rng), rng.normal(size=(T, D)), [batch])


def test_the_states_are_those_of_the_equation(rng):
    cell, x, h = cell_of(rng), rng.normal(size=(T, D)), rng.normal(size=H)
    s, _ = bptt.unroll(cell, x, h)
    z = 1 / (1 + np.exp(-cell.b[1]))
    for t in range(T):
        h = z * h + (1 - z) * np.tanh(cell.W_xh @ x[t] + cell.W_hh @ h + cell.b[0])
        np.testing.assert_allclose(s[t + 1], h, rtol=1e-12)


def test_with_a_leak_of_one_it_is_the_vanilla_cell(rng):
    cell, x = cell_of(rng), rng.normal(size=(T, D))
    open_ = replace(cell, b=np.stack([cell.b[0], np.full(H, -60.0)]))
    vanilla, _ = bptt.unroll(VanillaCell(cell.W_xh, cell.W_hh, cell.b[0]), x)
    np.testing.assert_allclose(bptt.unroll(open_, x)[0], vanilla, rtol=1e-12, atol=1e-15)


def test_it_is_a_gru_whose_gates_see_nothing(rng):
    """Reset gate at one, z from its bias alone."""
    cell, x = cell_of(rng), rng.normal(size=(T, D))
    none = np.zeros((H, D)), np.zeros((H, H))
    b = np.stack([cell.b[0], np.full(H, 60.0), cell.b[1], np.zeros(H)])
    gru = GRU(np.stack([cell.W_xh, none[0], none[0]]), np.stack([none[1], none[1], cell.W_hh]), b)
    np.testing.assert_allclose(bptt.unroll(cell, x)[0], bptt.unroll(gru, x)[0], rtol=1e-12, atol=1e-15)


def test_the_bias_is_a_time_constant():
    """Without input and recurrence the state falls to 1/e in about 1 + exp(b_z) steps, from 10 steps on."""
    for bias in (3.0, 4.0, 5.0):
        cell = LeakyCell(np.zeros((1, 1)), np.zeros((1, 1)), np.array([[0.0], [bias]]))
        s, _ = bptt.unroll(cell, np.zeros((1000, 1)), np.ones(1))
        assert np.flatnonzero(s[:, 0] < np.exp(-1))[0] == pytest.approx(1 + np.exp(bias), rel=0.03)


def test_initial_weights_keep_what_the_bias_says(rng):
    cell = LeakyCell.initialise(rng, H, D, 2.0)
    assert np.abs(cell.W_hh).max() <= 1 / np.sqrt(H)
    np.testing.assert_array_equal(cell.b, [[0] * H, [2] * H])


def test_a_slower_cell_follows_a_slower_input_with_the_same_states(rng):
    """States at step 4t on inputs held four times as long, against those at step t: the gap halves with the leak."""
    cell, x = cell_of(rng), rng.normal(size=(6, D))
    gaps = []
    for steps in (8, 16, 32, 64):
        slow, held = cell.slower(steps), np.repeat(x, steps, axis=0)
        states, _ = bptt.unroll(slow, held)
        stretched, _ = bptt.unroll(slow.slower(4), np.repeat(held, 4, axis=0))
        gaps.append(gradcheck.relative_error(stretched[::4], states))
    ratios = np.divide(gaps[1:], gaps[:-1])
    np.testing.assert_allclose(ratios[-2:], 0.5, rtol=0.2)
    assert gaps[-1] < 0.02


def test_no_cell_is_made_faster_by_being_slower(rng):
    with pytest.raises(ValueError, match="c must be a finite number of at least 1"):
        cell_of(rng).slower(0.5)

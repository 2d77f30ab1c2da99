"""Dependence, delay and the state of rest: each against a definition written another way (C3 and C4 use them)."""

import numpy as np
import pytest

from ch5.analysis.equivariance import (
    delayed,
    dependence,
    fixed_point,
    one_by_one,
    shift_errors,
    side_by_side,
)
from ch5.engine import bptt, gradcheck, initialise
from ch5.networks.cell import VanillaCell
from ch5.networks.convolution import Convolution


def test_dependence_is_the_norm_of_the_jacobian_of_each_output_by_each_input(rng):
    """Against central differences, entry by entry."""
    conv, x = Convolution(rng.normal(size=(2, 3, 4)), rng.normal(size=2)), rng.normal(size=(6, 4))
    found = dependence(lambda x, dy: conv.backward(dy, x)[1], x, 2)
    for t in range(6):
        rows = [gradcheck.central_difference(lambda x, t=t, n=n: conv.forward(x)[t, n], x)[0] for n in (0, 1)]
        np.testing.assert_allclose(found[t], np.linalg.norm(rows, axis=(0, 2)), atol=1e-8)


def test_a_delayed_sequence_begins_with_the_padding_and_loses_its_end(rng):
    x = rng.normal(size=(6, 2, 3))
    shifted = delayed(x, 2, [7, 8, 9])
    np.testing.assert_array_equal(shifted[:2], np.broadcast_to([7, 8, 9], (2, 2, 3)))
    np.testing.assert_array_equal(shifted[2:], x[:4])
    np.testing.assert_array_equal(delayed(np.array([1, 2, 3]), 1, 9), [9, 1, 2])


@pytest.mark.parametrize("k", [-1, 3])
def test_a_delay_that_leaves_nothing_is_refused(k):
    with pytest.raises(ValueError, match=f"k must be from 0 to 2, got {k}"):
        delayed(np.ones((3, 1)), k, 0)


def test_shift_errors_measure_the_outputs_one_step_at_a_time():
    """A clock, whose output is the step, is off by the delay everywhere; the identity by nothing."""
    x = np.arange(1.0, 7)[:, None]
    clock = lambda x: np.arange(len(x))[:, None] * np.ones((1, 2))  # noqa: E731
    np.testing.assert_allclose(shift_errors(clock, x, 2, 0), np.full(4, 2 * np.sqrt(2)))
    np.testing.assert_array_equal(shift_errors(lambda x: x, x, 2, 0), np.zeros(4))


@pytest.mark.parametrize("radius", [0.5, 0.9, 0.99])
def test_at_the_fixed_point_the_cell_rests_to_1e_14(rng, radius):
    W_hh = initialise.with_spectral_radius(rng.normal(size=(8, 8)), radius)
    cell, padding = VanillaCell(rng.normal(size=(8, 3)), W_hh, rng.normal(size=8)), rng.normal(size=3)
    h = fixed_point(cell, padding)
    assert abs(np.tanh(cell.W_xh @ padding + cell.W_hh @ h + cell.b) - h).max() < 1e-14
    assert abs(h).max() > 0.1


def test_an_id_as_padding_is_its_one_hot_vector(rng):
    cell = VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)) / 4, rng.normal(size=4))
    np.testing.assert_allclose(fixed_point(cell, 2), fixed_point(cell, [0.0, 0.0, 1.0]), rtol=1e-13)


def test_the_fixed_point_is_stable(rng):
    """Nudged, the cell comes back; a fixed point that repels is not found, although it exists."""
    cell = VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)) / 4, rng.normal(size=4))
    h = fixed_point(cell, np.zeros(3))
    nudged, _ = bptt.unroll(cell, np.zeros((300, 3)), h + 0.1)
    np.testing.assert_allclose(nudged[-1], h, atol=1e-13)
    turning = VanillaCell(np.zeros((2, 1)), 3 * np.array([[0.0, -1], [1, 0]]), np.array([0.1, 0.2]))
    with pytest.raises(ValueError, match="padding must bring the cell to rest"):
        fixed_point(turning, np.zeros(1))


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_a_sequence_laid_out_as_one_vector_comes_back(rng, batch):
    x = rng.normal(size=(4, *batch, 3))
    flat = side_by_side(x)
    assert flat.shape == (*batch, 12)
    for index in np.ndindex(batch):
        np.testing.assert_array_equal(flat[index], np.concatenate([x[(t, *index)] for t in range(4)]))
    np.testing.assert_array_equal(one_by_one(flat, 4), x)


def test_delays_and_sizes_of_every_kind_of_integer_give_the_same(rng, integer):
    x = rng.normal(size=(120, 2))
    assert np.array_equal(delayed(x, integer(7), 0), delayed(x, 7, 0))
    assert np.array_equal(one_by_one(x.reshape(-1), integer(120)), x)
    backward = lambda x, dy: dy @ np.ones((1, 2))  # noqa: E731
    assert np.array_equal(dependence(backward, x[:20], integer(1)), dependence(backward, x[:20], 1))
    cell = VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)) / 4, rng.normal(size=4))
    assert np.array_equal(fixed_point(cell, integer(2)), fixed_point(cell, 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: delayed(x, 0.5, 0), TypeError, r"k must be a whole number, got 0\.5"),
        (
            lambda x: delayed([1, 2, 3], 1, 0.5),
            TypeError,
            r"padding must be an id where x holds ids, got 0\.5",
        ),
        (lambda x: dependence(None, x, 0), ValueError, "width must be at least 1, got 0"),
        (lambda x: dependence(None, x[:, 0], 1), ValueError, r"x must be vectors of shape \(T, D\)"),
        (lambda x: one_by_one(x, 0), ValueError, "T must be at least 1, got 0"),
        (lambda x: one_by_one(x, 3), ValueError, "flat must have a multiple of 3 entries on its last axis"),
    ],
)
def test_shifts_and_sizes_that_are_none_are_refused(call, error, message):
    """A padding of 0.5 among ids became the id 0."""
    with pytest.raises(error, match=message):
        call(np.ones((5, 2)))

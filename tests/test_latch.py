"""Weights built by hand remember at every lag, and what they gain in firmness the gradient loses."""

import numpy as np
import pytest

from ch5.analysis import latch
from ch5.data import recall
from ch5.data.recall import RecallTask
from ch5.engine import bptt
from ch5.networks.cell import VanillaCell


@pytest.mark.parametrize(("lag", "sequences"), [(100, 1000), (1000, 1000), (10_000, 200)])
def test_the_latch_recalls_the_first_symbol_of_every_sequence(lag, sequences):
    """C13: through distractors as loud as the symbol, and noise, at 100 %."""
    task = RecallTask(lag, symbols=4, distractors=1.0, noise=0.1)
    x, targets = task.batch(np.random.default_rng(lag), sequences, np.float32)
    assert recall.accuracy(latch.latch(4).outputs(x), targets) == 1


def test_the_delay_line_recalls_the_first_symbol_of_every_sequence_at_lag_100():
    """C13: and its W_hh has no eigenvalue but 0."""
    x, targets = RecallTask(100, symbols=2, distractors=1.0, noise=0.1).batch(np.random.default_rng(1), 1000)
    line = latch.delay_line(2, lag=100)
    assert recall.accuracy(line.outputs(x), targets) == 1
    assert not np.linalg.matrix_power(line.cell.W_hh, 101).any()
    assert np.linalg.matrix_power(line.cell.W_hh, 100).any()


def test_the_delay_line_knows_nothing_of_what_came_a_step_too_early():
    x, targets = RecallTask(21, symbols=4, distractors=1.0).batch(np.random.default_rng(2), 4000)
    assert recall.accuracy(latch.delay_line(4, lag=20).outputs(x), targets) == pytest.approx(1 / 4, abs=0.03)


def test_a_latch_too_weak_for_its_distractors_forgets():
    """The control: with w = 1.5 a push of 1.5 turns it over, and what is left is chance."""
    x, targets = RecallTask(100, symbols=4, distractors=1.0).batch(np.random.default_rng(3), 4000)
    assert recall.accuracy(latch.latch(4, w=1.5).outputs(x), targets) == pytest.approx(1 / 4, abs=0.03)


def test_the_fixed_point_is_where_iterating_ends():
    w = np.array([0.3, 0.9, 1.05, 1.5, 2.0, 6.0])
    h = np.ones(6)
    for _ in range(5000):
        h = np.tanh(w * h)
    np.testing.assert_allclose(latch.fixed_point(w), h, atol=1e-12)
    assert (latch.fixed_point([0.5, 1.0]) == 0).all()
    assert latch.fixed_point(1 + 1e-6) == pytest.approx(np.sqrt(3e-6), rel=1e-3)


def test_the_slope_is_what_a_step_of_the_cell_leaves_of_the_gradient():
    """By bptt, a hundred steps at the fixed point: slope^100, in logarithms because it underflows nothing here."""
    w = 1.5
    cell = VanillaCell(np.zeros((1, 1)), np.full((1, 1), w), np.zeros(1))
    x, dh = np.zeros((100, 1)), np.zeros((100, 1))
    dh[-1] = 1
    s, a = bptt.unroll(cell, x, latch.fixed_point([w]))
    _, _, dh_0 = bptt.backward(cell, dh, x, s, a)
    assert np.log10(dh_0[0]) == pytest.approx(latch.table(w)["log10 slope^100"], rel=1e-9)


def test_the_firmer_the_latch_holds_the_less_gradient_it_passes():
    """C13, the trade: with w the push withstood grows and the slope falls, from 1 at w = 1 to nothing."""
    table = latch.table(np.linspace(1, 8, 30))
    assert (np.diff(table["withstands"]) > 0).all()
    assert (np.diff(table["slope"]) < 0).all()
    assert table["slope"][0] == 1
    assert table["log10 slope^100"][-1] < -500


@pytest.mark.parametrize("w", [1.2, 2.0, 6.0])
def test_a_push_below_what_it_withstands_leaves_the_latch_and_one_above_turns_it_over(w):
    for share, side in ((0.98, 1), (1.02, -1)):
        h = latch.fixed_point(w)
        for _ in range(5000):
            h = np.tanh(w * h - share * latch.withstands(w))
        assert np.sign(h) == side


@pytest.mark.parametrize("w", [5e-324, 1e-9, 1 + 2e-16, 1 + 1e-9, 1.5, 20, 356, 400, 1e16, 1e100])
def test_every_strength_has_finite_numbers(w):
    """w / cosh^2 overflowed from 356 on and artanh(h*) from 1e16, where h* rounds to 1."""
    found = latch.table([w, float(w)])
    assert all(np.isfinite(column).all() for column in found.values())
    assert (found["slope"] == latch.slope(w)).all()
    log_slope, h = found["log10 slope^100"][0] / 100, latch.fixed_point(w)
    if 1.1 < w < 20:
        assert latch.slope(w) == pytest.approx(w * (1 - h**2), rel=1e-9)
        assert latch.withstands(w) == pytest.approx(w * np.sqrt(1 - 1 / w) - np.arctanh(np.sqrt(1 - 1 / w)))
    if w >= 20:
        assert log_slope == pytest.approx(np.log10(4 * w) - 2 * w / np.log(10), rel=1e-12)
        assert latch.withstands(w) == pytest.approx(w - 0.5 - np.log(4 * w) / 2, rel=1e-3)


def test_every_kind_of_integer_builds_the_same_memory(integer):
    """200 symbols times (lag + 1) leaves a uint8."""
    line = latch.delay_line(integer(20), integer(29))
    assert np.array_equal(line.vector(), latch.delay_line(20, 29).vector())
    assert np.array_equal(latch.latch(integer(4)).vector(), latch.latch(4).vector())
    assert latch.table(2.0, integer(100)) == latch.table(2.0, 100)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: latch.latch(0), ValueError, "symbols must be at least 2, got 0"),
        (lambda: latch.latch(True), TypeError, "symbols must be a whole number, got True"),
        (lambda: latch.delay_line(2, -1), ValueError, "lag must be at least 0, got -1"),
        (lambda: latch.delay_line(2, 0.5), TypeError, "lag must be a whole number, got 0.5"),
        (lambda: latch.table(2.0, 1.5), TypeError, "steps must be a whole number, got 1.5"),
    ],
)
def test_sizes_of_a_memory_are_checked(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize("w", [0, -1.0, np.nan, [2.0, np.inf], 1e101])
def test_a_strength_that_is_not_above_zero_is_refused(w):
    with pytest.raises(ValueError, match="w must be finite and above 0"):
        latch.table(w)

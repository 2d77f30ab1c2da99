"""A clock of modes recalls at a lag that is known, and not at one that is drawn."""

import numpy as np
import pytest

from ch5.analysis import clock
from ch5.engine import bptt
from ch5.networks.linear_recurrence import LRU


def modes(m):
    return np.exp(0.08j * np.arange(m))


def test_six_modes_a_symbol_recall_at_a_lag_of_fifty_and_four_do_not(rng):
    w = clock.answer(modes(6), [50], 8)
    assert clock.accuracy(w, [50], 8, rng) > 0.99
    assert 0.7 < clock.accuracy(clock.answer(modes(4), [50], 8), [50], 8, rng) < 0.9
    assert clock.accuracy(clock.answer(modes(2), [50], 8), [50], 8, rng) < 0.5


def test_no_number_of_modes_recalls_where_the_lag_is_drawn(rng):
    lags = np.arange(20, 81)
    for m in (6, 16):
        assert clock.accuracy(clock.answer(modes(m), lags, 8), lags, 8, rng) < 0.5


def test_the_answer_is_what_a_unit_and_a_readout_give(rng):
    """w is a sum of Re(c λ^k): least squares against the states of the cell give the same response."""
    lam, T = modes(4), 21
    W = np.stack([np.ones((4, 1)), np.zeros((4, 1))])
    nu = np.full(4, -60.0)  # a modulus of one, to rounding
    s, _ = bptt.unroll(LRU(nu, np.angle(lam), np.ones(4), W), np.eye(T, 1))
    w = clock.answer(lam, [20], 8)
    c, *_ = np.linalg.lstsq(s[1:], w, rcond=None)
    np.testing.assert_allclose(s[1:] @ c, w, atol=1e-8)


def test_the_first_symbol_is_wanted_and_later_ones_are_not():
    w = clock.answer(modes(12), [30], 8)
    assert abs(w[30] - 1) < 0.02
    assert np.abs(w[:29]).max() < 0.1
    with pytest.raises(ValueError, match="lags must be at least 1, got 0"):
        clock.answer(modes(2), [0], 8)

"""The scan gives what the loop gives, in ⌈log2 T⌉ rounds, forward and backward."""

import numpy as np
import pytest

from ch5.engine import bptt, scan
from ch5.engine.gradcheck import relative_error
from ch5.networks.linear_recurrence import LRU, MinGRU

BATCHES = [(), (3,), (2, 3)]
T, D, N = 13, 3, 4  # T is no power of two


def lru(rng):
    """Weights of order one, moduli from 0.3 to 0.9."""
    nu = np.log(-np.log(rng.uniform(0.3, 0.9, N)))
    return LRU(nu, rng.uniform(-3, 3, N), rng.normal(size=N), rng.normal(size=(2, N, D)))


def min_gru(rng):
    return MinGRU(rng.normal(size=(2, N, D)), rng.normal(size=(2, N)))


CELLS = [lru, min_gru]


@pytest.mark.parametrize(("steps", "wanted"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (64, 6), (65, 7)])
def test_the_rounds_are_the_logarithm(steps, wanted):
    assert scan.rounds(steps) == wanted == int(np.ceil(np.log2(steps)))


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8, 9, 33])
def test_a_scan_is_the_recurrence(steps, rng):
    f, u = rng.normal(size=(2, steps, 5))
    h = [np.zeros(5)]
    for f_t, u_t in zip(f, u, strict=True):
        h.append(f_t * h[-1] + u_t)
    assert relative_error(scan.scan(f, u), h[1:]) < 1e-12


def test_as_many_products_of_states_as_rounds(rng):
    """What must wait is counted by the calls of `times` on states: one a round."""
    calls = []

    def times(f, h):
        calls.append(len(h))
        return f * h

    scan.scan(*rng.normal(size=(2, 100, 3)), times)
    assert len(calls) == 2 * scan.rounds(100)  # one joins the factors, one the states


def test_combining_is_associative(rng):
    """So the steps may be joined in any order that keeps their places."""
    a, b, c = rng.normal(size=(3, 2, 4))
    times = LRU.times
    left = scan.combine(scan.combine(a, b, times), c, times)
    right = scan.combine(a, scan.combine(b, c, times), times)
    np.testing.assert_allclose(left, right, rtol=1e-12)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("make", CELLS)
def test_states_and_gradients_are_those_of_the_loop(make, batch, rng):
    """To 1e-12, from a state that is not zero: every state, and the gradient of every weight, of x and of s_0."""
    cell = make(rng)
    x, s_0 = rng.normal(size=(T, *batch, D)), rng.normal(size=(*batch, cell.state_size))
    s, residuals = bptt.unroll(cell, x, s_0)
    assert relative_error(scan.unroll(cell, x, s_0), s) < 1e-12
    ds_out = rng.normal(size=s[1:].shape)
    by_loop, by_scan = bptt.backward(cell, ds_out, x, s, residuals), scan.backward(cell, ds_out, x, s)
    for name, wanted in by_loop[0].arrays().items():
        assert relative_error(by_scan[0].arrays()[name], wanted) < 1e-12, name
    for got, wanted in zip(by_scan[1:], by_loop[1:], strict=True):
        assert relative_error(got, wanted) < 1e-12


@pytest.mark.parametrize("make", CELLS)
def test_ids_are_scanned_as_their_one_hot_vectors_are(make, rng):
    cell, ids = make(rng), rng.integers(D, size=(T, 2))
    np.testing.assert_allclose(scan.unroll(cell, ids), scan.unroll(cell, np.eye(D)[ids]), rtol=1e-12)
    *_, dx, _ = scan.backward(cell, np.ones((T, 2, cell.state_size)), ids, scan.unroll(cell, ids))
    assert dx is None


def test_what_does_not_fit_is_refused(rng):
    cell, x = lru(rng), rng.normal(size=(T, D))
    with pytest.raises(ValueError, match=r"s_0 must have shape \(8,\) to go with x, got \(4,\)"):
        scan.unroll(cell, x, np.zeros(4))
    with pytest.raises(ValueError, match=r"ds_out must have shape \(13, 8\), got \(12, 8\)"):
        scan.backward(cell, np.ones((12, 8)), x, scan.unroll(cell, x))

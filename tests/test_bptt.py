"""Backpropagation through time: right to rounding for every cell and batch shape; each classic bug is caught."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5 import bptt, gradcheck, linear, planted
from ch5.cell import VanillaCell
from ch5.weights import Weights, shape

T, D, H = 12, 3, 4
BATCHES = [(), (3,), (2, 3)]


@dataclass(frozen=True)
class Oscillator(Weights):
    """A toy cell with two state arrays, speed v and place q, side by side: v_t = tanh(K q_{t-1} + F x_t) * 0.9 and
    q_t = q_{t-1} + v_t * v_{t-1}. What it puts out is v. It proves that `bptt` asks for no more than it says."""

    F: np.ndarray = shape("H", "D")
    K: np.ndarray = shape("H", "H")

    @property
    def state_size(self):
        return 2 * len(self.K)

    def drive(self, x, room=None):
        return linear.apply(self.F, linear.as_input("x", x, self.F.shape[1], self.dtype))

    def step(self, a_t, s_prev, s_t):
        n = len(self.K)
        v_prev, q_prev = s_prev[:, :n], s_prev[:, n:]
        a_t[:] = np.tanh(a_t + q_prev @ self.K.T)
        s_t[:, :n] = 0.9 * a_t
        s_t[:, n:] = q_prev + s_t[:, :n] * v_prev

    def linearise(self, a, s):
        n = len(self.K)
        return np.stack([0.9 * (1 - a**2), s[1:, ..., :n], s[:-1, ..., :n]], axis=1)

    def step_back(self, ds, slope_t):
        n = len(self.K)
        da, v, v_prev = slope_t
        dv, dq = ds[:, :n], ds[:, n:]
        da *= dv + dq * v_prev
        dv[:] = dq * v
        dq += da @ self.K

    def contract(self, da, x, s, gradient):
        n = len(self.K)
        linear.weight_gradient(da[:, 0], x, self.F.shape[1], gradient.F)
        linear.weight_gradient(da[:, 0], s[:-1, ..., n:], n, gradient.K)
        return linear.apply(self.F.T, da[:, 0])


def vanilla(rng):
    return VanillaCell(rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=H))


def oscillator(rng):
    return Oscillator(rng.normal(size=(H, D)), rng.normal(size=(H, H)))


def problem(make, batch, rng):
    """A cell, an input, a start that is not zero, and random weights R of a loss sum(R * output)."""
    cell = make(rng)
    return (
        cell,
        rng.normal(size=(T, *batch, D)),
        rng.normal(size=(*batch, cell.state_size)),
        rng.normal(size=(T, *batch, H)),
    )


def loss(cell, x, s_0, R):
    s, _ = bptt.unroll(cell, x, s_0)
    return (R * s[1:, ..., :H]).sum()


def worst_error(cell, x, s_0, R):
    """The largest relative error of any gradient (each weight, x, s_0) against the complex step, array by array."""
    s, a = bptt.unroll(cell, x, s_0)
    gradient, dx, ds_0 = bptt.backward(cell, x, s, a, R)
    honest = Oscillator if isinstance(cell, Oscillator) else VanillaCell
    numeric = gradcheck.complex_step(lambda *v: loss(honest(*v[:-2]), v[-2], v[-1], R), *cell, x, s_0)
    return max(map(gradcheck.relative_error, [*gradient, dx, ds_0], numeric))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("make", [vanilla, oscillator])
def test_every_gradient_agrees_with_the_complex_step(make, batch, rng):
    """Each weight, x and s_0 to a relative 1e-12, at T = 12, weights of order one, a start that is not zero."""
    assert worst_error(*problem(make, batch, rng)) < 1e-12


BUGS = [
    planted.NoSlope,
    planted.Untransposed,
    planted.Overwritten,
    planted.LastStateForFirst,
    planted.NoFuture,
]


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("batch", BATCHES)
def test_each_classic_bug_is_caught(bug, batch, rng):
    """No slope, W for its transpose, = for +=, the last state for h_0, no merge: the error is never small."""
    cell, x, h_0, R = problem(vanilla, batch, rng)
    assert worst_error(bug(*cell), x, h_0, R) > 1e-3


@given(
    steps=st.integers(1, 12),
    batch=st.lists(st.integers(1, 3), max_size=2),
    seed=st.integers(0, 999),
)
def test_the_gradient_of_a_batch_is_the_sum_over_its_sequences(steps, batch, seed):
    rng = np.random.default_rng(seed)
    cell, x = vanilla(rng), rng.normal(size=(steps, *batch, D))
    R = rng.normal(size=(steps, *batch, H))
    s, a = bptt.unroll(cell, x)
    together, dx, _ = bptt.backward(cell, x, s, a, R)
    total = np.zeros(cell.size)
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        s_1, a_1 = bptt.unroll(cell, x[at])
        alone, dx_1, _ = bptt.backward(cell, x[at], s_1, a_1, R[at])
        total += alone.vector()
        np.testing.assert_allclose(dx[at], dx_1, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together.vector(), total, rtol=1e-9, atol=1e-12)


def test_ids_give_the_gradient_of_their_one_hot_vectors_and_no_dx(small_cell, rng):
    ids, R = rng.integers(0, D, size=(T, 2)), rng.normal(size=(T, 2, H))
    s, a = bptt.unroll(small_cell, ids)
    gradient, dx, _ = bptt.backward(small_cell, ids, s, a, R)
    s, a = bptt.unroll(small_cell, np.eye(D)[ids])
    of_vectors, _, _ = bptt.backward(small_cell, np.eye(D)[ids], s, a, R)
    assert dx is None
    np.testing.assert_allclose(gradient.vector(), of_vectors.vector(), rtol=1e-12)


def test_backward_leaves_what_it_was_given_untouched(small_cell, rng):
    x, R = rng.normal(size=(T, D)), rng.normal(size=(T, H))
    s, a = bptt.unroll(small_cell, x)
    before = [array.copy() for array in (x, s, a, R)]
    first, _, _ = bptt.backward(small_cell, x, s, a, R)
    again, _, _ = bptt.backward(small_cell, x, s, a, R)
    for array, kept in zip((x, s, a, R), before, strict=True):
        np.testing.assert_array_equal(array, kept)
    np.testing.assert_array_equal(first.vector(), again.vector())


@pytest.mark.parametrize(
    ("x", "s_0", "message"),
    [
        (np.ones((0, 3)), None, "x must have at least one step"),
        (np.ones(3), None, "x must have at least one step"),
        (np.ones((5, 2)), None, "x must have 3 entries on its last axis"),
        (np.array([0, 3]), None, "x must hold ids from 0 to 2, got 0 to 3"),
        (np.array([0, -1]), None, "x must hold ids from 0 to 2, got -1 to 0"),
        (np.ones((5, 2, 3)), np.ones(4), r"s_0 must have shape \(2, 4\)"),
    ],
)
def test_input_that_does_not_fit_is_refused(small_cell, x, s_0, message):
    with pytest.raises(ValueError, match=message):
        bptt.unroll(small_cell, x, s_0)


@pytest.mark.parametrize("x", [np.array([True, False]), np.ones((5, 3), bool), np.array(["a", "b"])])
def test_input_that_is_no_number_is_named_as_such(small_cell, x):
    with pytest.raises(TypeError, match="x must hold real or complex numbers, got dtype"):
        bptt.unroll(small_cell, x)


def test_states_that_are_not_contiguous_go_back_like_any_others(small_cell, rng):
    """Two batch axes, exchanged in memory: the same gradient."""
    x, R = rng.normal(size=(T, 2, 5, D)), rng.normal(size=(T, 2, 5, H))
    h, a = bptt.unroll(small_cell, x)
    strided = h.swapaxes(1, 2).copy().swapaxes(1, 2)
    expected, _, dh_0 = bptt.backward(small_cell, x, h, a, R)
    found, _, again = bptt.backward(small_cell, x, strided, strided[1:], R)
    np.testing.assert_allclose(found.vector(), expected.vector(), rtol=1e-12)
    np.testing.assert_allclose(again, dh_0, rtol=1e-12)


def test_an_output_gradient_that_does_not_fit_is_refused(small_cell):
    s, a = bptt.unroll(small_cell, np.ones((5, 3)))
    with pytest.raises(
        ValueError, match=r"dh_out must have shape \(5,\) \+ \(H,\), H at most 4, got \(6, 4\)"
    ):
        bptt.backward(small_cell, np.ones((5, 3)), s, a, np.ones((6, 4)))

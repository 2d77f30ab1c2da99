"""Backpropagation through time: right to rounding for every cell and batch shape; each classic bug is caught."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.engine import bptt, gradcheck, linear
from ch5.engine.weights import Weights, shape
from ch5.networks import bugs
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import LSTM

T, D, H = 12, 3, 4
BATCHES = [(), (3,), (2, 3)]


@dataclass(frozen=True)
class Oscillator(Weights):
    """A toy cell with two state arrays, speed v and place q, side by side: v_t = tanh(K q_{t-1} + F x_t) * 0.9 and
    q_t = q_{t-1} + v_t * v_{t-1}. What it outputs is v. It shows how little `bptt` asks for: it writes to no `out`."""

    F: np.ndarray = shape("H", "D")
    K: np.ndarray = shape("H", "H")

    @property
    def state_size(self):
        return 2 * len(self.K)

    @property
    def drive_shape(self):
        return (len(self.K),)

    def drive(self, x, out=None):
        return linear.apply(self.F, x, out=out)

    def step(self, a_t, s_prev, out=None):
        v_prev, q_prev = np.split(s_prev, 2, axis=-1)
        y = np.tanh(a_t + q_prev @ self.K.T)
        return np.concatenate([0.9 * y, q_prev + 0.9 * y * v_prev], axis=-1), y

    def linearise(self, s, y):
        n = len(self.K)
        return np.concatenate([0.9 * (1 - y**2), s[1:, ..., :n], s[:-1, ..., :n]], axis=-1)

    def step_vjp(self, ds_t, local_t, out=None):
        (slope, v, v_prev), (dv, dq) = np.split(local_t, 3, axis=-1), np.split(ds_t, 2, axis=-1)
        da_t = slope * (dv + dq * v_prev)
        return da_t, np.concatenate([dq * v, dq + da_t @ self.K], axis=-1)

    def weight_gradients(self, da, x, s, out=None):
        n = len(self.K)
        dF, dx = linear.backward(self.F, da, x)
        return Oscillator(dF, linear.weight_gradient(da, s[:-1, ..., n:], n)), dx


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


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("make", [vanilla, oscillator])
def test_every_gradient_agrees_with_the_complex_step(make, batch, rng):
    """Each weight, x and s_0 to a relative 1e-12, at T = 12, weights of order one, a start that is not zero."""
    gradcheck.check_cell(make(rng), rng.normal(size=(T, D)), [batch])


BUGS = [
    bugs.NoSlope,
    bugs.Untransposed,
    bugs.Overwritten,
    bugs.LastStateForFirst,
    bugs.NoFuture,
]


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("batch", BATCHES)
def test_each_classic_bug_is_caught(bug, batch, rng):
    """No slope, W for its transpose, = for +=, the last state for h_0, no merge: the error is never small."""
    with pytest.raises(AssertionError, match=f"{bug.__name__}, batch .* is off by a relative"):
        gradcheck.check_cell(bug(*vanilla(rng)), rng.normal(size=(T, D)), [batch], tolerance=1e-3)


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
    together, dx, _ = bptt.backward(cell, R, x, s, a)
    total = np.zeros(cell.size)
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        s_1, a_1 = bptt.unroll(cell, x[at])
        alone, dx_1, _ = bptt.backward(cell, R[at], x[at], s_1, a_1)
        total += alone.vector()
        np.testing.assert_allclose(dx[at], dx_1, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together.vector(), total, rtol=1e-9, atol=1e-12)


def test_ids_give_the_gradient_of_their_one_hot_vectors_and_no_dx(small_cell, rng):
    ids, R = rng.integers(0, D, size=(T, 2)), rng.normal(size=(T, 2, H))
    s, a = bptt.unroll(small_cell, ids)
    gradient, dx, _ = bptt.backward(small_cell, R, ids, s, a)
    s, a = bptt.unroll(small_cell, np.eye(D)[ids])
    of_vectors, _, _ = bptt.backward(small_cell, R, np.eye(D)[ids], s, a)
    assert dx is None
    np.testing.assert_allclose(gradient.vector(), of_vectors.vector(), rtol=1e-12)


def test_backward_leaves_what_it_was_given_untouched(small_cell, rng):
    x, R = rng.normal(size=(T, D)), rng.normal(size=(T, H))
    s, a = bptt.unroll(small_cell, x)
    before = [array.copy() for array in (x, s, a, R)]
    first, _, _ = bptt.backward(small_cell, R, x, s, a)
    again, _, _ = bptt.backward(small_cell, R, x, s, a)
    for array, kept in zip((x, s, a, R), before, strict=True):
        np.testing.assert_array_equal(array, kept)
    np.testing.assert_array_equal(first.vector(), again.vector())


@pytest.mark.parametrize(
    ("x", "s_0", "message"),
    [
        (np.ones((0, 3)), None, "at least one step on its first axis"),
        (np.ones(3), None, r"x must hold ids \(T, ...\) or vectors .* got float64 of shape \(3,\)"),
        (np.ones((5, 0, 3)), None, "and one sequence, got float64 of shape"),
        (np.ones((5, 2)), None, "vectors with 3 entries on the last axis"),
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
    expected, _, dh_0 = bptt.backward(small_cell, R, x, h, a)
    found, _, again = bptt.backward(small_cell, R, x, strided, a)
    np.testing.assert_allclose(found.vector(), expected.vector(), rtol=1e-12)
    np.testing.assert_allclose(again, dh_0, rtol=1e-12)


def test_masked_input_is_refused(small_cell):
    """A mask would be lost without a word."""
    with pytest.raises(TypeError, match="x must not be masked"):
        bptt.unroll(small_cell, np.ma.masked_array([0, 1, 2], [False, True, False]))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.uint64])
def test_ids_of_every_integer_kind_are_the_same_ids(small_cell, dtype, rng):
    ids, R = rng.integers(D, size=T), rng.normal(size=(T, H))
    wanted, found = (
        bptt.backward(small_cell, R, x, *bptt.unroll(small_cell, x))[0] for x in (ids, ids.astype(dtype))
    )
    assert wanted == found


@pytest.mark.parametrize("bad", [-1, D])
def test_backward_refuses_what_is_not_the_input_of_these_states(small_cell, bad, rng):
    """Time and batch exchanged, another length, an id out of range: `backward` looks as closely as `unroll`."""
    ids, R = rng.integers(D, size=(T, 2)), rng.normal(size=(T, 2, H))
    s, a = bptt.unroll(small_cell, ids)
    for x in (ids.T, ids.ravel(), ids[1:]):
        with pytest.raises(ValueError, match=r"x must hold the \(12, 2\) steps and sequences of s"):
            bptt.backward(small_cell, R, x, s, a)
    ids[3, 1] = bad
    with pytest.raises(ValueError, match="x must hold ids from 0 to 2"):
        bptt.backward(small_cell, R, ids, s, a)


class ReadsBeforeItWrites(VanillaCell):
    """Takes its derivative from what it kept of the drive: a is not where the states are."""

    def step(self, a_t, h_prev, out=None):
        a_t = a_t + h_prev @ self.W_hh.T
        return np.tanh(a_t, out=out), a_t

    def linearise(self, h, a):
        return 1 - np.tanh(a) ** 2


class WritesFirst(VanillaCell):
    """Writes to `out` before it has read a_t."""

    def step(self, a_t, h_prev, out=None):
        out[:] = h_prev @ self.W_hh.T
        out += a_t
        return np.tanh(out, out=out), None


class OnStrides(VanillaCell):
    """Gives local derivatives whose axes lie in memory as those of the states do."""

    def linearise(self, h, residuals=None):
        return 1 - h[1:] ** 2


class IgnoresOut(VanillaCell):
    """Returns new arrays and writes to none of those it is offered."""

    def step(self, a_t, h_prev, out=None):
        return super().step(a_t, h_prev)

    def step_vjp(self, dh_t, slope_t, out=None):
        return super().step_vjp(dh_t, slope_t)

    def weight_gradients(self, da, x, h, out=None):
        return super().weight_gradients(da, x, h)


class KeepsABuffer(VanillaCell):
    """Gives the same array as residual at every step, with other numbers in it."""

    def step(self, a_t, h_prev, out=None):
        h_t, _ = super().step(a_t, h_prev, out)
        buffer = self.__dict__.setdefault("buffer", np.empty_like(h_t))
        buffer[:] = h_t
        return h_t, buffer

    def linearise(self, h, residuals):
        return 1 - residuals**2


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("slip", [ReadsBeforeItWrites, WritesFirst, OnStrides, IgnoresOut, KeepsABuffer])
def test_what_a_writer_of_cells_may_well_do_gives_right_gradients(slip, batch, rng):
    """No memory is shared behind a cell's back: none of these slips can change a number."""
    cell, x, h_0, R = problem(vanilla, batch, rng)
    gradcheck.check_cell(slip(*cell), rng.normal(size=(T, D)), [batch])
    place = slip(*cell).empty()
    gradient, _, _ = bptt.backward(slip(*cell), R, x, *bptt.unroll(slip(*cell), x, h_0), place)
    expected, _, _ = bptt.backward(cell, R, x, *bptt.unroll(cell, x, h_0))
    assert gradient is place
    np.testing.assert_allclose(gradient.vector(), expected.vector(), rtol=1e-12)


class KeepsItsStates(VanillaCell):
    """Its residuals, the states, have the drives' shape."""

    def step(self, a_t, h_prev, out=None):
        h_t = np.tanh(a_t + h_prev @ self.W_hh.T, out=out)
        return h_t, h_t


class DrivenByItsInput(KeepsItsStates):
    def drive(self, x, out=None):
        return x


class DrivenByItsWeights(KeepsItsStates):
    def drive(self, x, out=None):
        return self.W_xh[:, None]  # a bias for each step


class DrivenByOneNumber(KeepsItsStates):
    def drive(self, x, out=None):
        return np.broadcast_to(x.mean(), (*x.shape[:2], len(self.b)))


class DrivenInSinglePrecision(KeepsItsStates):
    def drive(self, x, out=None):
        return x.astype(np.float32)


class DrivenByTheFirstInput(KeepsItsStates):
    """All steps in the memory of one."""

    def drive(self, x, out=None):
        return np.lib.stride_tricks.as_strided(x.copy(), x.shape, (0, *x.strides[1:]))


class RemembersItsDrives(KeepsItsStates):
    def drive(self, x, out=None):
        return self.__dict__.setdefault("drives", x.copy())


OWN_DRIVES = [
    DrivenByItsInput,
    DrivenByItsWeights,
    DrivenByOneNumber,
    DrivenInSinglePrecision,
    DrivenByTheFirstInput,
    RemembersItsDrives,
]


@pytest.mark.parametrize("cell", OWN_DRIVES)
def test_a_drive_that_is_the_cell_s_own_array_stays_as_it_is(cell, rng):
    """Residuals of its shape are written elsewhere: it may be the input, a weight, one array for all steps or runs."""
    W_xh, W_hh, x = rng.normal(size=(3, H, H))
    cell, x = cell(W_xh, W_hh, np.zeros(H)), x[:, None]
    theta, given, a = cell.vector(), x.copy(), np.array(cell.drive(x))
    s, residuals = bptt.unroll(cell, x)
    np.testing.assert_array_equal(x, given)
    np.testing.assert_array_equal(cell.vector(), theta)
    np.testing.assert_array_equal(cell.drive(x), a)
    np.testing.assert_array_equal(residuals, s[1:])
    for t in range(H):
        np.testing.assert_allclose(s[t + 1], np.tanh(a[t] + s[t] @ W_hh.T), rtol=1e-12)


def test_residuals_of_other_steps_than_the_states_are_refused(rng):
    """The last steps' states with all residuals would give a wrong gradient."""
    cell, x = LSTM.initialise(rng, H, D), rng.normal(size=(T, 2, D))
    s, residuals = bptt.unroll(cell, x)
    for wrong in (residuals, residuals[-4:]):
        with pytest.raises(ValueError, match=f"residuals must hold the 5 steps of s, got {len(wrong)}"):
            bptt.backward(cell, rng.normal(size=(5, 2, H)), x[-5:], s[-6:], wrong)


class DrivenByWholeNumbers(KeepsItsStates):
    """Its batch axes do not lie side by side in memory."""

    def drive(self, x, out=None):
        return np.asfortranarray(np.rint(super().drive(x)).astype(int))


@pytest.mark.parametrize("batch", BATCHES)
def test_residuals_have_the_states_dtype_whatever_the_drive_has(batch, rng):
    W_xh, W_hh = rng.normal(size=(2, H, H))
    s, residuals = bptt.unroll(DrivenByWholeNumbers(W_xh, W_hh, np.ones(H)), rng.normal(size=(T, *batch, H)))
    np.testing.assert_array_equal(residuals, s[1:])


class LinearisesTheFirstState(VanillaCell):
    def linearise(self, h, residuals=None):
        return 1 - h**2


def test_a_cell_that_linearises_another_number_of_steps_is_named(rng):
    cell, x, h_0, R = problem(vanilla, (3,), rng)
    with pytest.raises(ValueError, match=r"LinearisesTheFirstState\.linearise must give 12 steps, got 13"):
        bptt.backward(LinearisesTheFirstState(*cell), R, x, *bptt.unroll(cell, x, h_0))


class WritesToTheDrive(VanillaCell):
    def step(self, a_t, h_prev, out=None):
        a_t += h_prev @ self.W_hh.T
        return np.tanh(a_t, out=out), None


class WritesToTheState(VanillaCell):
    def step(self, a_t, h_prev, out=None):
        h_prev[:] = h_prev @ self.W_hh.T
        return np.tanh(a_t + h_prev, out=out), None


class WritesToTheLocalDerivatives(VanillaCell):
    def step_vjp(self, dh_t, slope_t, out=None):
        slope_t *= dh_t
        return slope_t, slope_t @ self.W_hh


class WritesToTheStatesGoingBack(VanillaCell):
    def linearise(self, h, residuals=None):
        h **= 2
        return 1 - h[1:]


@pytest.mark.parametrize(
    "slip", [WritesToTheDrive, WritesToTheState, WritesToTheLocalDerivatives, WritesToTheStatesGoingBack]
)
def test_a_cell_that_writes_to_what_it_is_given_is_named(slip, rng):
    cell, x, h_0, R = problem(vanilla, (3,), rng)
    with pytest.raises(
        ValueError, match=f"{slip.__name__} writes to an array that it was given; a result goes"
    ):
        bptt.backward(slip(*cell), R, x, *bptt.unroll(slip(*cell), x, h_0))


class ForgetsTheBatch(VanillaCell):
    def step(self, a_t, h_prev, out=None):
        return super().step(a_t, h_prev)[0].sum(axis=0), None


class ForgetsTheUnits(VanillaCell):
    def step_vjp(self, dh_t, slope_t, out=None):
        da_t, dh_prev = super().step_vjp(dh_t, slope_t)
        return da_t.sum(axis=1, keepdims=True), dh_prev


class DrivesTwice(VanillaCell):
    def drive(self, x, out=None):
        return np.repeat(super().drive(x), 2, axis=-1)


@pytest.mark.parametrize(
    ("slip", "method", "shape"),
    [
        (ForgetsTheBatch, "step", (4,)),
        (ForgetsTheUnits, "step_vjp", (3, 1)),
        (DrivesTwice, "drive", (T, 3, 8)),
    ],
)
def test_a_result_of_the_wrong_shape_is_not_broadcast_but_named(slip, method, shape, rng):
    cell, x, h_0, R = problem(vanilla, (3,), rng)
    with pytest.raises(
        ValueError, match=rf"{slip.__name__}\.{method} must give shape .*, got {re.escape(str(shape))}"
    ):
        bptt.backward(slip(*cell), R, x, *bptt.unroll(slip(*cell), x, h_0))


def test_an_output_gradient_that_does_not_fit_is_refused(small_cell):
    s, a = bptt.unroll(small_cell, np.ones((5, 3)))
    with pytest.raises(
        ValueError, match=r"dh_out must have shape \(5,\) \+ \(H,\), H at most 4, got \(6, 4\)"
    ):
        bptt.backward(small_cell, np.ones((6, 4)), np.ones((5, 3)), s, a)

"""Attention: forward as its equations say, gradients right to rounding, no leak, no order, no decay, and its bill."""

import numpy as np
import pytest

from ch5.analysis import equivariance
from ch5.engine import bptt, gradcheck, linear
from ch5.networks import attention
from ch5.networks.attention import (
    Attention,
    bill_of_attention,
    bill_of_recurrence,
    positions,
    sensitivity,
)
from ch5.networks.cell import VanillaCell

T, D, H = 12, 3, 4
BATCHES = [(), (3,), (2, 3)]


def head_of(rng):
    """A head whose weights are of order one."""
    return Attention(*(rng.normal(size=(H, D)) for _ in range(3)))


def problem(batch, n, rng):
    """A head, an input, and random weights R of a loss sum(R * output) over the last n steps."""
    return head_of(rng), rng.normal(size=(T, *batch, D)), rng.normal(size=(n, *batch, H))


def worst_error(head, x, R):
    """The largest relative error of any gradient (each weight and x) against the complex step, array by array."""

    def loss(*v):
        return (R * Attention(*v[:-1]).forward(v[-1], len(R))[0]).sum()

    _, residuals = head.forward(x, len(R))
    gradient, dx = head.backward(R, x, residuals)
    return max(map(gradcheck.relative_error, [*gradient, dx], gradcheck.complex_step(loss, *head, x)))


def written_out(head, x):
    """The outputs (T, H) of one sequence, each by a loop over the steps that it may see."""
    W_q, W_k, W_v = head
    y = []
    for t in range(len(x)):
        share = [np.exp((W_q @ x[t]) @ (W_k @ x[s]) / np.sqrt(len(W_q))) for s in range(t + 1)]
        y.append(sum(share[s] * (W_v @ x[s]) for s in range(t + 1)) / sum(share))
    return np.array(y)


@pytest.mark.parametrize("batch", BATCHES)
def test_the_outputs_are_those_of_the_equations(batch, rng):
    """Every sequence of a batch as if it were alone, step by step, to 1e-12; and A holds the shares."""
    head, x, _ = problem(batch, T, rng)
    y, residuals = head.forward(x)
    np.testing.assert_allclose(residuals.A.sum(axis=-1), 1, rtol=1e-14)
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        assert gradcheck.relative_error(y[at], written_out(head, x[at])) < 1e-12
        assert gradcheck.relative_error(residuals.A[index] @ (x[at] @ head.W_v.T), y[at]) < 1e-12


@pytest.mark.parametrize("n", [1, 5, T])
@pytest.mark.parametrize("batch", BATCHES)
def test_every_gradient_agrees_with_the_complex_step(batch, n, rng):
    """Each weight and x to a relative 1e-12, at T = 12, weights of order one, for the last 1, 5 and all outputs."""
    assert worst_error(*problem(batch, n, rng)) < 1e-12


class Bug:
    """A head with one mistake on the backward pass; the forward pass stays right."""


class NoNormalisation(Attention, Bug):
    """The softmax's gradient without what the other shares lose: A dA for A (dA - sum A dA)."""

    def backward(self, dy, x, residuals):
        gradient, dx = Attention.backward(self, dy, x, residuals)
        dA = np.moveaxis(dy, 0, -2) @ np.moveaxis(residuals.v, 0, -2).swapaxes(-1, -2)
        lost = residuals.A * (residuals.A * dA).sum(axis=-1, keepdims=True) / np.sqrt(H)
        dq = np.moveaxis(lost @ np.moveaxis(residuals.k, 0, -2), -2, 0)
        gradient.W_q[:] += linear.weight_gradient(dq, x, D)
        return gradient, dx


class NoScale(Attention, Bug):
    """The square root of H forgotten on the backward pass."""

    def backward(self, dy, x, residuals):
        gradient, dx = Attention.backward(self, dy, x, residuals)
        return Attention(gradient.W_q * np.sqrt(H), gradient.W_k * np.sqrt(H), gradient.W_v), dx


class ValuesOnly(Attention, Bug):
    """The shares taken as constants."""

    def backward(self, dy, x, residuals):
        dv = np.moveaxis(residuals.A.swapaxes(-1, -2) @ np.moveaxis(dy, 0, -2), -2, 0)
        gradient, _ = Attention.backward(self, dy, x, residuals)
        return gradient, dv @ self.W_v


class QueriesForKeys(Attention, Bug):
    """The gradients of W_q and W_k exchanged."""

    def backward(self, dy, x, residuals):
        gradient, dx = Attention.backward(self, dy, x, residuals)
        return Attention(gradient.W_k, gradient.W_q, gradient.W_v), dx


@pytest.mark.parametrize("bug", Bug.__subclasses__())
def test_each_classic_bug_is_caught(bug, rng):
    """No normalisation, no scale, values only, queries for keys: the error is never small."""
    head, x, R = problem((3,), T, rng)
    assert worst_error(bug(*head), x, R) > 1e-3


@pytest.mark.parametrize("n", [1, 5, T])
def test_asked_for_its_last_n_outputs_it_gives_those_of_all(n, rng):
    head, x, _ = problem((2,), T, rng)
    assert gradcheck.relative_error(head.forward(x, n)[0], head.forward(x)[0][T - n :]) < 1e-14


def test_no_output_sees_the_future_exactly(rng):
    """By gradients, exactly zero: each output depends on every step up to it, and on nothing after it."""
    head, x = head_of(rng), rng.normal(size=(T, D))
    depends = equivariance.dependence(lambda x, dy: head.backward(dy, x, head.forward(x)[1])[1], x, H)
    np.testing.assert_array_equal(depends != 0, np.tri(T, dtype=bool))


def test_whatever_comes_later_changes_no_bit_of_an_output(rng):
    """Even where the later inputs are a million times as loud and would take the whole softmax."""
    head, x, _ = problem((2,), T, rng)
    loud = x.copy()
    loud[7:] *= 1e6
    np.testing.assert_array_equal(head.forward(loud)[0][:7], head.forward(x)[0][:7])
    assert not np.allclose(head.forward(loud)[0][7:], head.forward(x)[0][7:])


def test_a_permuted_past_leaves_the_last_output_as_it_was(rng):
    """Without an encoding of positions one head sees a set; with it, or the last step moved, the output changes."""
    head, x = Attention(*(rng.normal(size=(H, H)) for _ in range(3))), rng.normal(size=(T, H))
    order = np.append(rng.permutation(T - 1), T - 1)
    last = head.forward(x)[0][-1]
    assert gradcheck.relative_error(head.forward(x[order])[0][-1], last) < 1e-14
    placed = [head.forward(seen + positions(T, H))[0][-1] for seen in (x, x[order])]
    assert gradcheck.relative_error(*placed) > 0.01
    assert gradcheck.relative_error(head.forward(x[::-1])[0][-1], last) > 0.1


def test_positions_are_told_apart_and_their_likeness_depends_on_the_distance_alone():
    """p_s · p_t is a function of t - s; no two of 1,000 steps are alike; all entries within ±1."""
    p = positions(1000, 32)
    likeness = p @ p.T
    for distance in (0, 1, 17, 400):
        np.testing.assert_allclose(np.diagonal(likeness, distance), likeness[0, distance], rtol=0, atol=1e-10)
    assert (likeness[~np.eye(1000, dtype=bool)] < 16 - 0.1).all()
    np.testing.assert_allclose(likeness[0, 0], 16)
    assert abs(p).max() <= 1


def test_the_first_positions_are_these_sines_and_cosines():
    """H = 4: periods 2π and 200π, counted from t = 1."""
    np.testing.assert_allclose(positions(2, 4)[1], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])


def test_sensitivity_is_the_norm_of_the_last_outputs_derivative(rng):
    """Against the complex step, entry by entry of the output."""
    head, x = head_of(rng), rng.normal(size=(T, D))
    by_entry = [
        gradcheck.complex_step(lambda x, *W, j=j: Attention(*W).forward(x)[0][-1, j], x, *head)[0]
        for j in range(H)
    ]
    assert gradcheck.relative_error(sensitivity(head, x), np.linalg.norm(by_entry, axis=(0, 2))) < 1e-12


def test_initial_weights_are_uniform_by_fan_in(rng):
    for W in Attention.initialise(rng, 40, 25):
        assert W.shape == (40, 25)
        assert 0.98 < abs(W).max() * 5 <= 1


class Counted(np.ndarray):
    """An array that counts the multiplications of every matrix product it or its results take part in."""

    count = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **rest):
        plain = [np.asarray(value) for value in inputs]
        if ufunc is np.matmul:
            product = plain[0] @ plain[1]
            Counted.count += product.size * plain[0].shape[-1]
        if out is not None:
            rest["out"] = tuple(np.asarray(array) for array in out)
        return np.asarray(getattr(ufunc, method)(*plain, **rest)).view(Counted)

    def dot(self, other):
        """The same product as far as matrices go, but no ufunc."""
        return np.matmul(self, other)


@pytest.fixture
def counted(monkeypatch):
    """The multiplications in matrix products while `run` uses the weights, and arrays that it makes itself."""
    empty = np.empty

    def count(run, weights):
        Counted.count = 0
        with monkeypatch.context() as patch:
            patch.setattr(np, "empty", lambda *args, **rest: empty(*args, **rest).view(Counted))
            run(type(weights).unchecked(*(array.view(Counted) for array in weights)))
        return Counted.count

    return count


@pytest.mark.parametrize("steps", [1, 2, 12, 50])
def test_the_bills_are_what_the_passes_do_and_hold(steps, rng, counted):
    """Operations counted while the code runs, numbers counted in the arrays that it keeps: equal, for every T."""
    x = rng.normal(size=(steps, D))
    head = head_of(rng)
    cell = VanillaCell(rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=H))
    of_head, of_cell = bill_of_attention(steps, D, H), bill_of_recurrence(steps, D, H)
    assert counted(lambda head: head.forward(x), head) == of_head.operations
    assert counted(lambda cell: bptt.unroll(cell, x), cell) == of_cell.operations
    assert sum(array.size for array in head.forward(x)[1]) == of_head.memory
    h, residuals = bptt.unroll(cell, x)
    assert residuals.size == 0  # the states are all that the backward pass needs
    assert h.size == of_cell.memory


def test_float32_weights_stay_float32_all_the_way(rng):
    head = Attention(*(W.astype(np.float32) for W in head_of(rng)))
    x = rng.normal(size=(T, 2, D)).astype(np.float32)
    y, residuals = head.forward(x)
    gradient, dx = head.backward(y, x, residuals)
    assert {array.dtype for array in (y, *residuals, *gradient, dx)} == {np.dtype(np.float32)}


def test_ids_give_the_outputs_and_the_gradient_of_their_one_hot_vectors(rng):
    head, ids, R = head_of(rng), rng.integers(D, size=(T, 2)), rng.normal(size=(T, 2, H))
    x = linear.one_hot(ids, D)
    (y, residuals), (y_1, kept_1) = head.forward(ids), head.forward(x)
    assert gradcheck.relative_error(y, y_1) < 1e-14
    of_ids, dx = head.backward(R, ids, residuals)
    assert dx is None
    assert gradcheck.relative_error(of_ids.vector(), head.backward(R, x, kept_1)[0].vector()) < 1e-14


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda head: head.forward(np.ones((5, 2))), "vectors with 3 entries on the last axis"),
        (lambda head: head.forward(np.array([0, 3])), "x must hold ids from 0 to 2, got 0 to 3"),
        (lambda head: head.forward(np.ones((0, 3))), "x must have at least one step"),
        (lambda head: head.forward(np.ones(3)), "x must have at least one step"),
        (lambda head: head.forward(np.ones((5, 3)), 0), "n must be from 1 to 5, got 0"),
        (lambda head: head.forward(np.ones((5, 3)), 6), "n must be from 1 to 5, got 6"),
        (
            lambda head: head.backward(np.ones((4, H)), np.ones((5, 3)), head.forward(np.ones((5, 3)))[1]),
            r"dy must have shape \(5, 4\), got \(4, 4\)",
        ),
        (lambda head: positions(5, 3), "H must be even, for pairs of a sine and a cosine, got 3"),
        (lambda head: Attention(head.W_q, head.W_k, np.ones((H, 2))), r"W_v must have shape \(H, D\) with"),
    ],
)
def test_what_does_not_fit_is_refused(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(head_of(rng))


@pytest.mark.parametrize(
    "x",
    [
        np.ones((3, 7, 4)),
        np.ones((21, 4)),
        np.ones((6, 3, 4)),
        np.zeros((7, 3), int),
        np.full((7, 3, 4), True),
    ],
    ids=["time and batch swapped", "flat", "a step short", "ids", "bools"],
)
def test_the_backward_pass_wants_the_input_of_the_forward_pass(rng, x):
    """The gradient of another input was given without a word."""
    head = Attention.initialise(rng, 4, 4)
    _, kept = head.forward(rng.normal(size=(7, 3, 4)))
    if x.shape == (7, 3):  # that is what these are for
        _, dx = head.backward(np.ones((7, 3, 4)), x, kept)
        assert dx is None
        with pytest.raises(ValueError, match="x must hold ids from 0 to 3, got -1 to -1"):
            head.backward(np.ones((7, 3, 4)), x - 1, kept)
        return
    with pytest.raises((TypeError, ValueError), match=r"x must (be what forward read|hold real)"):
        head.backward(np.ones((7, 3, 4)), x, kept)


def test_sizes_and_steps_of_every_kind_of_integer_give_the_same(rng, integer):
    """Of np.int8 the periods were float16, and 10000 is none; 100 steps squared are no uint8."""
    n, m = integer(100), integer(6)
    assert np.array_equal(attention.positions(n, m), attention.positions(100, 6))
    for bill in (attention.bill_of_recurrence, attention.bill_of_attention):
        assert bill(n, m, n) == bill(100, 6, 100)
    head, ids = Attention.initialise(rng, 4, 6), rng.integers(6, size=100)
    for found, wanted in zip(head.forward(ids.astype(integer), m), head.forward(ids, 6), strict=True):
        assert all(map(np.array_equal, found, wanted))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rng: attention.positions(3, 0), ValueError, "H must be at least 2, got 0"),
        (lambda rng: attention.positions(3.0, 2), TypeError, r"T must be a whole number, got 3\.0"),
        (lambda rng: Attention.initialise(rng, 0, 3), ValueError, "H must be at least 1, got 0"),
        (lambda rng: attention.bill_of_attention(0, 1, 1), ValueError, "T must be at least 1, got 0"),
        (
            lambda rng: Attention.initialise(rng, 2, 3).forward(np.ones((4, 3)), 2.0),
            TypeError,
            "n must be a whole",
        ),
        (
            lambda rng: sensitivity(Attention.initialise(rng, 2, 3), [0, 1]),
            ValueError,
            r"x must be vectors of shape",
        ),
    ],
)
def test_sizes_that_are_none_are_refused(rng, call, error, message):
    with pytest.raises(error, match=message):
        call(rng)

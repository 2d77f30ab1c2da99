"""LSTM and GRU: forward as their equations say, gradients right to rounding, and the path that the gates keep open."""

import numpy as np
import pytest

from ch5.analysis import contributions
from ch5.data.recall import RecallTask
from ch5.engine import bptt, gradcheck, linear
from ch5.networks.block import RecallByAttention
from ch5.networks.gated import GRU, LSTM, gate_product
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel, sample

T, D, H = 12, 3, 4
BATCHES = [(), (3,), (2, 3)]
SHAPES = {LSTM: [(4, H, D), (4, H, H), (4, H)], GRU: [(3, H, D), (3, H, H), (4, H)]}
CELLS = [LSTM, GRU]


def cell_of(kind, rng):
    """A cell whose weights are of order one."""
    return kind(*(rng.normal(size=size) for size in SHAPES[kind]))


def problem(kind, batch, rng):
    """A cell, an input, a start that is not zero, and random weights R of a loss sum(R * state), c included."""
    cell = cell_of(kind, rng)
    S = cell.state_size
    return (
        cell,
        rng.normal(size=(T, *batch, D)),
        rng.normal(size=(*batch, S)),
        rng.normal(size=(T, *batch, S)),
    )


def sigma(z):
    return 1 / (1 + np.exp(-z))


def written_out(cell, x, s_0):
    """The states (T+1, S) of one sequence, each gate by its own equation and its own matrix."""
    s, (W, U, b) = [s_0], cell
    for x_t in x:
        if isinstance(cell, LSTM):
            h, c = np.split(s[-1], 2)
            f = sigma(W[2] @ x_t + U[2] @ h + b[2])
            i = sigma(W[1] @ x_t + U[1] @ h + b[1])
            c = f * c + i * np.tanh(W[0] @ x_t + U[0] @ h + b[0])
            h = sigma(W[3] @ x_t + U[3] @ h + b[3]) * np.tanh(c)
            s.append(np.concatenate([h, c]))
        else:
            h = s[-1]
            r = sigma(W[1] @ x_t + U[0] @ h + b[1])
            z = sigma(W[2] @ x_t + U[1] @ h + b[2])
            n = np.tanh(W[0] @ x_t + b[0] + r * (U[2] @ h + b[3]))
            s.append((1 - z) * n + z * h)
    return np.array(s)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", CELLS)
def test_the_states_are_those_of_the_equations(kind, batch, rng):
    """Every sequence of a batch as if it were alone, gate by gate, to 1e-12."""
    cell, x, s_0, _ = problem(kind, batch, rng)
    s, _ = bptt.unroll(cell, x, s_0)
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        assert gradcheck.relative_error(s[at], written_out(cell, x[at], s_0[index])) < 1e-12


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", CELLS)
def test_every_gradient_agrees_with_the_complex_step(kind, batch, rng):
    """Each weight, x and s_0 to a relative 1e-12, at T = 12, weights of order one, a start that is not zero."""
    gradcheck.check_cell(cell_of(kind, rng), rng.normal(size=(T, D)), [batch])


class Bug:
    """A cell with one mistake; the forward pass stays right."""


class OnlyTheCellState(LSTM, Bug):
    """What h outputs does not reach c."""

    def linearise(self, s, slots):
        local = LSTM.linearise(self, s, slots)
        local[:, 4] = 0
        return local


class NoCellFuture(LSTM, Bug):
    """The gradient along the cell state is dropped: no merge for c."""

    def step_vjp(self, ds_t, local_t, out=None):
        da_t, ds_prev = LSTM.step_vjp(self, ds_t, local_t, out)
        ds_prev[:, H:] = 0
        return da_t, ds_prev


class NoHiddenFuture(LSTM, Bug):
    """The gradient through the gates of the next step is dropped: no merge for h."""

    def step_vjp(self, ds_t, local_t, out=None):
        da_t, ds_prev = LSTM.step_vjp(self, ds_t, local_t, out)
        ds_prev[:, :H] = 0
        return da_t, ds_prev


class CellStateOneLate(LSTM, Bug):
    """The forget gate's slope takes c_t for c_{t-1}."""

    def linearise(self, s, slots):
        return LSTM.linearise(self, np.concatenate([s[1:], s[-1:]]), slots)


class NoTanhOnTheCellState(LSTM, Bug):
    """The slope of h by c without the tanh's own."""

    def linearise(self, s, slots):
        local = LSTM.linearise(self, s, slots)
        local[:, 4] = slots[:, 3]
        return local


class SlotsSwapped(LSTM, Bug):
    """The weights' gradients of i and f exchanged."""

    def weight_gradients(self, da, x, s, out=None):
        gradient, dx = LSTM.weight_gradients(self, da, x, s, out)
        for array in gradient:
            array[:] = array[[0, 2, 1, 3]]
        return gradient, dx


class NoReset(GRU, Bug):
    """The candidate's recurrent part as if r were one."""

    def linearise(self, h, slots):
        slope = GRU.linearise(self, h, slots)
        slope[:, 3] = slope[:, 0]
        return slope


class NoKeep(GRU, Bug):
    """The path past the candidate, z, is dropped."""

    def linearise(self, h, slots):
        slope = GRU.linearise(self, h, slots)
        slope[:, 4] = 0
        return slope


class UpdateBackwards(GRU, Bug):
    """z and 1 - z exchanged in the candidate's slope."""

    def linearise(self, h, slots):
        slope = GRU.linearise(self, h, slots)
        z = slots[:, 2]
        slope[:, 0] *= z / (1 - z)
        return slope


class ResetTakesTheState(GRU, Bug):
    """r's slope by h_{t-1}, as if the reset gate came before the product, for q."""

    def linearise(self, h, slots):
        slope = GRU.linearise(self, h, slots)
        slope[:, 1] *= h[:-1] / slots[:, 3]
        return slope


@pytest.mark.parametrize("bug", Bug.__subclasses__())
def test_each_classic_bug_is_caught(bug, rng):
    """A path left out, a slope left out, a slot for another, one step too late: the error is never small."""
    cell = cell_of(bug.__mro__[1], rng)
    with pytest.raises(AssertionError, match=f"{bug.__name__}, batch .* is off by a relative"):
        gradcheck.check_cell(bug(*cell), rng.normal(size=(T, D)), [(3,)], tolerance=1e-3)


@pytest.mark.parametrize("kind", CELLS)
def test_ids_give_the_gradient_of_their_one_hot_vectors_and_no_dx(kind, rng):
    cell, _, s_0, R = problem(kind, (2,), rng)
    ids = rng.integers(D, size=(T, 2))
    of_ids, dx, _ = bptt.backward(cell, R, ids, *bptt.unroll(cell, ids, s_0))
    x = linear.one_hot(ids, D)
    of_vectors, _, _ = bptt.backward(cell, R, x, *bptt.unroll(cell, x, s_0))
    assert dx is None
    np.testing.assert_allclose(of_ids.vector(), of_vectors.vector(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kind", CELLS)
def test_neither_pass_changes_what_it_was_given(kind, rng):
    """The weights, x, s_0, the states and the gates are read, not written; a second pass gives the same."""
    cell, x, s_0, R = problem(kind, (2,), rng)
    s, a = bptt.unroll(cell, x, s_0)
    given = [*cell, x, s_0, s, a, R]
    before = [array.copy() for array in given]
    first, _, _ = bptt.backward(cell, R, x, s, a)
    again, _, _ = bptt.backward(cell, R, x, s, a)
    contributions.gradient_at_lag(cell, R[-1], s, a)
    for array, was in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, was)
    np.testing.assert_array_equal(first.vector(), again.vector())


@pytest.mark.parametrize("kind", CELLS)
def test_cut_anywhere_and_carried_the_future_is_the_same_bit_for_bit(kind, rng):
    """The state is all that a cell remembers, c included."""
    cell, ids = cell_of(kind, rng), rng.integers(D, size=40)
    whole, _ = bptt.unroll(cell, ids)
    for cut in range(1, 40):
        rest, _ = bptt.unroll(cell, ids[cut:], bptt.unroll(cell, ids[:cut])[0][-1])
        np.testing.assert_array_equal(rest, whole[cut:])


@pytest.mark.parametrize("kind", CELLS)
def test_gates_saturate_without_overflow(kind):
    """Drives of ±1000 give gates of exactly 0 and 1; a warning would fail the test."""
    for bias in (-1000.0, 1000.0):
        cell = kind(*(np.zeros(size) for size in SHAPES[kind][:2]), np.full((4, H), bias))
        s, a = bptt.unroll(cell, np.zeros((3, D)))
        assert np.isfinite(s).all()
        np.testing.assert_array_equal(cell.keep(a), float(bias > 0))


@pytest.mark.parametrize("kind", CELLS)
def test_float32_weights_stay_float32_all_the_way(kind, rng):
    cell = kind(*(array.astype(np.float32) for array in cell_of(kind, rng)))
    x = rng.normal(size=(T, 2, D)).astype(np.float32)
    s, a = bptt.unroll(cell, x)
    gradient, dx, ds_0 = bptt.backward(cell, np.ones((T, 2, H)), x, s, a)
    assert {array.dtype for array in (s, a, *gradient, dx, ds_0)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", CELLS)
def test_the_cells_fit_every_model_without_a_change(kind, rng):
    """A character model and a recall model have right gradients, a sample is drawn, lags sum to the gradient."""
    cell, readout = cell_of(kind, rng), Readout(rng.normal(size=(D, H)), rng.normal(size=D))
    ids = rng.integers(D, size=(T + 1, 2))
    task = RecallTask(lag=11, symbols=D, distractors=1.0, noise=0.1)
    for model, batch in (
        (SequenceModel(cell, readout), (ids[:-1], ids[1:])),
        (SequenceModel(cell, readout), task.batch(rng, 3)),
    ):
        _, gradient = model.loss_and_gradient(batch)
        numeric = gradcheck.complex_step(
            lambda theta, model=model, batch=batch: model.with_vector(theta).loss_and_gradient(batch)[0],
            model.vector(),
        )
        assert gradcheck.relative_error(gradient.vector(), numeric[0]) < 1e-12
    assert len(sample(SequenceModel(cell, readout), [0, 1], 20, 1.0, rng)) == 20
    x, R = rng.normal(size=(T, 2, D)), rng.normal(size=(T, 2, H))
    s, a = bptt.unroll(cell, x)
    by_lag = contributions.by_lag(cell, R, x, s, a)
    whole, _, _ = bptt.backward(cell, R, x, s, a)
    total = sum(by_lag[1:], start=by_lag[0])
    assert gradcheck.relative_error(total.vector(), whole.vector()) < 1e-12


def test_the_gate_product_is_the_product_of_the_last_k_gates(rng):
    keep = rng.uniform(size=(9, 2, H))
    found = gate_product(keep)
    assert found.shape == (10, 2, H)
    for k in range(10):
        np.testing.assert_allclose(found[k], np.prod(keep[9 - k :], axis=0), rtol=1e-14)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("kind", CELLS)
def test_the_gradient_at_lag_k_is_the_one_that_backward_finds_from_every_state(kind, batch, rng):
    """k steps back it is ds_0 of the last k steps alone, with the gradient given at their end."""
    cell, x, s_0, R = problem(kind, batch, rng)
    s, a = bptt.unroll(cell, x, s_0)
    found = contributions.gradient_at_lag(cell, R[-1], s, a)
    np.testing.assert_array_equal(found[0], R[-1])
    for k in range(1, T + 1):
        at_the_end = np.zeros((k, *batch, cell.state_size))
        at_the_end[-1] = R[-1]
        tail = x[T - k :]
        _, _, ds = bptt.backward(cell, at_the_end, tail, *bptt.unroll(cell, tail, s[T - k]))
        assert gradcheck.relative_error(found[k], ds) < 1e-12


@pytest.mark.parametrize("kind", CELLS)
def test_initial_weights_are_uniform_by_fan_in_and_only_the_keeping_gate_has_a_bias(kind, rng):
    """Entries fill ±1/sqrt(D) and ±1/sqrt(H); at input zero from state zero every keeping gate is σ(bias)."""
    cell = kind.initialise(rng, 50, 9, 2.0)
    assert type(cell) is kind
    for W, fan_in in ((cell.W_xh, 9), (cell.W_hh, 50)):
        assert 0.98 < abs(W).max() * np.sqrt(fan_in) <= 1
        assert W.std() * np.sqrt(3 * fan_in) == pytest.approx(1, abs=0.05)
    _, a = bptt.unroll(cell, np.zeros((1, 9)))
    np.testing.assert_allclose(cell.keep(a), sigma(2.0), rtol=1e-14)
    assert np.count_nonzero(cell.b) == 50


@pytest.mark.parametrize("kind", CELLS)
def test_weights_and_input_that_do_not_fit_are_refused(kind, rng):
    sizes = SHAPES[kind]
    slots = sizes[0][0]
    with pytest.raises(ValueError, match=rf"{kind.__name__}\.W_xh must have shape \({slots}, H, D\), got"):
        kind(np.ones((2, H, D)), np.ones(sizes[1]), np.ones(sizes[2]))
    with pytest.raises(ValueError, match=r"b must have shape \(4, H\) with H = 4, got \(4, 5\)"):
        kind(np.ones(sizes[0]), np.ones(sizes[1]), np.ones((4, 5)))
    cell = cell_of(kind, rng)
    with pytest.raises(ValueError, match="vectors with 3 entries on the last axis"):
        bptt.unroll(cell, np.ones((5, 2)))
    with pytest.raises(ValueError, match="x must hold ids from 0 to 2, got 0 to 3"):
        bptt.unroll(cell, np.array([0, 3]))


def test_positions_make_the_gradient_of_an_open_lstm_fall():
    """Bias 3, 400 steps of random symbols, 30 seeds: in the median it does not fall without sines and cosines."""
    steps, width = 400, 32
    left = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        block = RecallByAttention.initialise(rng, width, 8, 8)
        u = np.eye(8)[rng.integers(8, size=steps)] @ block.W_xu.T
        open_lstm = LSTM.initialise(rng, width, width, 3)
        dh_out = np.zeros((steps, 2, width))
        dh_out[-1] = rng.normal(size=(2, width))
        inputs = [np.repeat(x[:, None], 2, axis=1) for x in (u, u + block.positions(steps))]
        gradients = [bptt.backward(open_lstm, dh_out, x, *bptt.unroll(open_lstm, x))[1] for x in inputs]
        left.append([np.linalg.norm(dx[0]) / np.linalg.norm(dx[-2]) for dx in gradients])
    without, with_positions = np.median(left, axis=0)
    assert without > 1 > 0.01 > with_positions


@pytest.mark.parametrize("cell", [LSTM, GRU])
@pytest.mark.parametrize("slots", [3, 5])
def test_drives_of_another_number_of_slots_are_refused(cell, slots, rng):
    small = cell.initialise(rng, 4, 3)
    with pytest.raises(ValueError, match=f"out must hold 4 slots, got {slots}"):
        small.drive(np.ones((6, 2, 3)), out=np.empty((slots, 6, 2, 4)).swapaxes(0, 1))

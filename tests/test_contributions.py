"""The gradient taken apart, against a network whose every step has a W_hh of its own, differentiated by number."""

import numpy as np
import pytest

from ch5.analysis import contributions
from ch5.engine import bptt, gradcheck
from ch5.networks import readout
from ch5.networks.cell import VanillaCell

T = 7


def untied_losses(model, W, inputs, targets):
    """Each step's loss (T,) of the model run with W[t-1] for W_hh at step t, from a zero state."""
    h, losses = np.zeros(4), []
    for x, y, W_hh in zip(inputs, targets, W, strict=True):
        h = np.tanh(model.cell.W_xh[:, x] + W_hh @ h + model.cell.b)
        losses.append(readout.cross_entropy(model.readout.W_hy @ h + model.readout.b_y, y)[0])
    return np.array(losses)


@pytest.fixture
def pairs(small_model, rng):
    """The model, a batch, and d loss_t / d W_hh as used at step u, for all pairs: (T, T, H, H), [t-1, u-1]."""
    inputs, targets = rng.integers(0, 5, size=(2, T))
    W = np.repeat(small_model.cell.W_hh[None], T, axis=0)
    numeric = [
        gradcheck.complex_step(lambda W, t=t: untied_losses(small_model, W, inputs, targets)[t] / T, W)[0]
        for t in range(T)
    ]
    return small_model, (inputs, targets), np.array(numeric)


def test_what_a_step_adds_is_the_derivative_by_the_weights_used_at_that_step(pairs):
    """Step u adds d loss / d W_hh with only step u's W_hh varied: what all outputs from u on say of it."""
    model, batch, numeric = pairs
    parts = contributions.by_step(model.cell, *contributions.at_outputs(model, batch))
    assert len(parts) == T
    assert gradcheck.relative_error([part.W_hh for part in parts], numeric.sum(axis=0)) < 1e-12


def test_what_a_lag_adds_is_every_output_s_effect_on_the_weights_that_many_steps_before(pairs):
    """G_k is the sum over t of d loss_t / d W_hh as used at step t - k, and no other pair."""
    model, batch, numeric = pairs
    parts = contributions.by_lag(model.cell, *contributions.at_outputs(model, batch))
    expected = [np.einsum("ttij->ij", numeric[k:, : T - k]) for k in range(T)]
    assert len(parts) == T
    assert gradcheck.relative_error([part.W_hh for part in parts], expected) < 1e-12


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("apart", [contributions.by_step, contributions.by_lag])
def test_the_parts_sum_to_the_gradient(apart, batch, small_cell, rng):
    """Every weight, for every shape of the batch, from a start that is not zero."""
    x, R = rng.normal(size=(T, *batch, 3)), rng.normal(size=(T, *batch, 4))
    s, a = bptt.unroll(small_cell, x, rng.normal(size=(*batch, 4)))
    gradient, _, _ = bptt.backward(small_cell, R, x, s, a)
    parts = apart(small_cell, R, x, s, a)
    assert all(isinstance(part, VanillaCell) for part in parts)
    assert gradcheck.relative_error(sum(part.vector() for part in parts), gradient.vector()) < 1e-12


def test_shares_are_projections_and_sum_to_one(rng):
    """The part along the total counts, the part across it does not; a part against it counts negative."""
    total, across = rng.normal(size=(2, 4, 4))
    across -= total * (across * total).sum() / (total**2).sum()
    parts = [share * total + c * across for share, c in [(1.5, 3), (-0.5, -3)]]
    np.testing.assert_allclose(contributions.shares(parts, total), [1.5, -0.5], rtol=1e-12)


@pytest.mark.parametrize("window", [1, 2, 3, 7, 50])
def test_truncation_keeps_the_pairs_that_share_a_window(window, pairs):
    """With the state carried: d loss_t / d W_hh at step u counts where t and u lie in one window, else not at all."""
    model, batch, numeric = pairs
    which = np.arange(T) // window
    kept = numeric[which[:, None] == which].sum(axis=0)
    gradient = contributions.truncated(model, batch, window)
    assert gradcheck.relative_error(gradient.cell.W_hh, kept) < 1e-12


def test_without_carrying_every_window_is_a_sequence_of_its_own(small_model, rng):
    """The gradient is then that of the windows as separate sequences of a batch."""
    inputs, targets = rng.integers(0, 5, size=(2, 12))
    gradient = contributions.truncated(small_model, (inputs, targets), 4, carry=False)
    _, expected = small_model.loss_and_gradient((inputs.reshape(3, 4).T, targets.reshape(3, 4).T))
    assert gradcheck.relative_error(gradient.vector(), expected.vector()) < 1e-12
    carried = contributions.truncated(small_model, (inputs, targets), 4)
    assert gradcheck.relative_error(gradient.vector(), carried.vector()) > 1e-3


def test_a_window_as_long_as_the_text_truncates_nothing(small_model, rng):
    """All weights of the model, readout included, for a batch."""
    batch = tuple(rng.integers(0, 5, size=(2, T, 3)))
    _, full = small_model.loss_and_gradient(batch)
    assert (
        gradcheck.relative_error(contributions.truncated(small_model, batch, T).vector(), full.vector())
        < 1e-12
    )


def test_a_window_below_one_is_refused(small_model):
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        contributions.truncated(small_model, (np.zeros(3, int), np.zeros(3, int)), 0)


@pytest.mark.parametrize("take_apart", [contributions.by_step, contributions.by_lag])
@pytest.mark.parametrize(
    ("x", "dh_out"),
    [
        (np.zeros((3, 6), int), (6, 3, 4)),
        (np.zeros(18, int), (6, 3, 4)),
        (np.full((6, 3), -1), (6, 3, 4)),
        (np.full((6, 3), 5), (6, 3, 4)),
        (np.ones((6, 3, 4)), (6, 3, 4)),
        (np.zeros((6, 3), int), (3, 4)),
        (np.zeros((6, 3), int), (6, 1, 4)),
    ],
    ids=["swapped", "flat", "id -1", "id 5 of 5", "width 4 of 5", "no time", "a batch of one"],
)
def test_parts_are_of_the_input_that_the_states_are_of(small_model, take_apart, x, dh_out):
    """Inputs and gradients of other shapes were spread, or looked up from the end."""
    s, a = bptt.unroll(small_model.cell, np.zeros((6, 3), int))
    with pytest.raises(ValueError, match=r"(x|dh_out) must"):
        take_apart(small_model.cell, x, s, a, np.ones(dh_out))


def test_nothing_is_a_share_of_zero():
    """Nor of a total that is nothing beside its parts; small and large totals have shares."""
    with pytest.raises(ValueError, match="total must be finite and not zero"):
        contributions.shares([np.full(2, 1e200)], np.full(2, 1e-200))
    with pytest.raises(ValueError, match="total must be finite and not zero"):
        contributions.shares([np.ones(2)], np.zeros(2))
    for size in (1e-200, 1e200):
        found = contributions.shares([size * np.ones(2), np.zeros(2)], size * np.ones(2))
        np.testing.assert_allclose(found, [1, 0])


def test_truncation_counts_with_every_kind_of_integer(small_model, integer):
    ids = np.arange(40) % 5
    found = contributions.truncated(small_model, (ids.astype(integer), ids.astype(integer)), integer(7))
    assert np.array_equal(found.vector(), contributions.truncated(small_model, (ids, ids), 7).vector())
    with pytest.raises(TypeError, match="window must be a whole number"):
        contributions.truncated(small_model, (ids, ids), 0.5)
    for batch in ((ids, np.append(ids, 0)), (ids[:0], ids[:0])):
        with pytest.raises(ValueError, match="batch must be as many inputs as targets, got"):
            contributions.truncated(small_model, batch, 7)

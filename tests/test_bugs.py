"""Each buggy bug leaves the forward pass as it is, changes the gradient, and is caught by the gradient check."""

import numpy as np
import pytest

from ch5.engine import bptt, gradcheck
from ch5.networks.bugs import (
    LastOutputOnly,
    LastStateForFirst,
    NoFuture,
    NoOutput,
    NoSlope,
    Overwritten,
    Untransposed,
    both_ways,
)
from ch5.networks.sequence import SequenceModel

CELLS = [NoFuture, NoSlope, Untransposed, Overwritten, LastStateForFirst]
READOUTS = [LastOutputOnly, NoOutput]
T = 12


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("bug", CELLS)
def test_a_planted_cell_runs_as_the_cell_does_and_fails_the_gradient_check(bug, batch, small_cell, rng):
    """The states are the same to the bit; some gradient is off by more than 1e-3; its type survives training."""
    x, h_0, R = rng.normal(size=(T, *batch, 3)), rng.normal(size=(*batch, 4)), rng.normal(size=(T, *batch, 4))
    buggy = bug(*small_cell)
    np.testing.assert_array_equal(bptt.unroll(buggy, x, h_0)[0], bptt.unroll(small_cell, x, h_0)[0])
    assert max(map(gradcheck.relative_error, *both_ways(buggy, x, h_0, R))) > 1e-3
    assert max(map(gradcheck.relative_error, *both_ways(small_cell, x, h_0, R))) < 1e-12
    assert type(buggy.with_vector(buggy.vector())) is bug


def cell_gradient(model, batch):
    return model.loss_and_gradient(batch)[1].cell.vector()


@pytest.mark.parametrize("bug", READOUTS)
def test_a_planted_readout_reads_as_the_readout_does_and_misleads_the_cell_only(bug, small_model, rng):
    """Loss and readout gradient are right; what the cell is told is not; its type survives training."""
    batch = tuple(rng.integers(0, 5, size=(2, T, 3)))
    buggy = SequenceModel(small_model.cell, bug(*small_model.readout))
    loss, gradient = buggy.loss_and_gradient(batch)
    expected, full = small_model.loss_and_gradient(batch)
    assert loss == expected
    np.testing.assert_array_equal(gradient.readout.vector(), full.readout.vector())
    assert gradcheck.relative_error(gradient.cell.vector(), full.cell.vector()) > 1e-3
    assert type(buggy.with_vector(buggy.vector()).readout) is bug


def test_the_two_sources_of_the_merge_are_all_there_is(small_model, rng):
    """Without the future a step hears its own output alone; without its own the future alone; without both nothing."""
    inputs, targets = rng.integers(0, 5, size=(2, T))
    cell, readout = small_model
    s, a = bptt.unroll(cell, inputs)
    p = np.exp(readout.logits(s[1:]))
    dh_out = (p / p.sum(axis=-1, keepdims=True) - np.eye(5)[targets]) @ readout.W_hy / T
    steps = [bptt.backward(cell, dh_out[[t]], inputs[[t]], s[t : t + 2], a[[t]])[0] for t in range(T)]
    at_once = sum(step.vector() for step in steps)
    dh_out[:-1] = 0
    last = bptt.backward(cell, dh_out, inputs, s, a)[0].vector()
    batch = inputs, targets
    assert (
        gradcheck.relative_error(cell_gradient(SequenceModel(NoFuture(*cell), readout), batch), at_once)
        < 1e-12
    )
    assert (
        gradcheck.relative_error(cell_gradient(SequenceModel(cell, LastOutputOnly(*readout)), batch), last)
        < 1e-12
    )
    assert not cell_gradient(SequenceModel(NoFuture(*cell), NoOutput(*readout)), batch).any()
    assert not cell_gradient(SequenceModel(cell, NoOutput(*readout)), batch).any()


def test_ids_have_no_derivative_and_are_refused(small_cell):
    with pytest.raises(TypeError, match="x must hold vectors"):
        both_ways(small_cell, np.array([0, 1, 2]), np.zeros(4), np.ones((3, 4)))

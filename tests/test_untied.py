"""The network with weights of its own at every step: right gradients, and with equal weights it is the cell (C19)."""

import numpy as np
import pytest

from ch5.analysis import jacobian
from ch5.engine import gradcheck
from ch5.experiments import untied
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel
from ch5.networks.untied import UntiedModel


def small(rng, T=5, H=4, V=3):
    """Cells with weights of order one, and a readout."""
    cells = [
        VanillaCell(rng.normal(size=(H, V)), rng.normal(size=(H, H)), rng.normal(size=H)) for _ in range(T)
    ]
    return cells, Readout(rng.normal(size=(V, H)), rng.normal(size=V))


def test_every_gradient_agrees_with_the_complex_step(rng):
    cells, output = small(rng)
    model, (x, targets) = UntiedModel.of(cells, output), rng.integers(3, size=(2, 5, 2))
    _, gradient = model.loss_and_gradient((x, targets))
    (numeric,) = gradcheck.complex_step(
        lambda theta: model.with_vector(theta).losses(x, targets).mean(), model.vector()
    )
    assert gradcheck.relative_error(gradient.vector(), numeric) < 1e-12


def test_with_one_cell_at_every_step_it_is_the_tied_network(rng):
    """The same losses; and the tied gradient is the sum of the untied ones."""
    cells, output = small(rng, T=1)
    tied, model = SequenceModel(cells[0], output), UntiedModel.of(cells * 5, output)
    batch = tuple(rng.integers(3, size=(2, 5, 2)))
    loss, gradient = tied.loss_and_gradient(batch)
    untied_loss, each = model.loss_and_gradient(batch)
    assert untied_loss == pytest.approx(loss, rel=1e-13)
    for name in ("W_xh", "W_hh", "b"):
        assert gradcheck.relative_error(getattr(each, name).sum(axis=0), getattr(gradient.cell, name)) < 1e-12


def test_it_cannot_read_one_step_more(rng):
    """What sharing buys: there are no weights for step 6."""
    model = UntiedModel.of(*small(rng))
    with pytest.raises(ValueError, match="x must have one step a layer, 5, got 6"):
        model.states(np.zeros((6, 1), int))


def test_gradient_norms_are_those_of_its_own_backward_pass(rng):
    """A product of Jacobians with another W_hh at every step, formed plainly, and by `log_gradient_norms`."""
    model, x = UntiedModel.of(*small(rng)), rng.integers(3, size=(5, 1))
    W_hh, slope = model.W_hh, 1 - model.states(x)[1:] ** 2
    g = rng.normal(size=4)
    logs, largest = jacobian.log_gradient_norms(W_hh, slope, g), jacobian.log_product_norms(W_hh, slope)
    product = np.eye(4)
    for k in range(1, 6):
        product = product @ np.diag(slope[-k, 0]) @ W_hh[-k]
        assert np.exp(logs[k, 0]) == pytest.approx(np.linalg.norm(g @ product), rel=1e-12)
        assert np.exp(largest[k, 0]) == pytest.approx(np.linalg.norm(product, 2), rel=1e-12)
    with pytest.raises(ValueError, match="W_hh must hold one matrix a step, 5, got 4"):
        jacobian.log_gradient_norms(W_hh[:4], slope, g)


def test_the_two_differ_in_nothing_but_the_tie():
    """The tied cell is the untied network's first; so is the readout; and both see the same batches."""
    both = untied.models(1.5, 3, 64)
    tied, free = both["tied"], both["untied"]
    assert np.array_equal(tied.cell.W_hh, free.W_hh[0])
    assert tied.readout == free.readout
    assert not np.array_equal(free.W_hh[0], free.W_hh[1])
    assert free.W_hh.std() == pytest.approx(1.5 / 8, rel=0.01)
    assert free.size - free.readout.size == 32 * (tied.size - tied.readout.size)
    batches = untied.Anywhere(np.arange(1000), 3, 10, 8)
    x, targets = batches[4]
    assert np.array_equal(targets[:-1], x[1:])
    assert np.array_equal(x, untied.Anywhere(np.arange(1000), 3, 10, 8)[4][0])


def test_linear_networks_have_the_exponents_known_in_closed_form(rng):
    """Without inputs every slope is 1. Untied, the exponent is log g - 1/(2H), but for 1/H^2; tied, log rho."""
    H, gain = 64, 0.5
    W = gain * rng.normal(size=(2000, H, H)) / np.sqrt(H)
    logs = jacobian.log_gradient_norms(W, np.ones((2000, H)), rng.normal(size=H))
    expected = np.log(gain) - 1 / (2 * H)
    assert (logs[-1] - logs[0]) / 2000 == pytest.approx(expected, abs=0.007)
    logs = jacobian.log_gradient_norms(W[0], np.ones((2000, H)), rng.normal(size=H))
    assert (logs[-1] - logs[1000]) / 1000 == pytest.approx(
        np.log(np.abs(np.linalg.eigvals(W[0])).max()), abs=0.01
    )


@pytest.mark.parametrize("values", [[1.0] * 11, np.ones((10, 2))])
def test_an_interval_is_of_ten_seeds(values):
    with pytest.raises(ValueError, match="values must be 10 numbers, one a seed"):
        untied.mean_and_half(values)


def test_an_interval_by_hand():
    """Five zeros and five ones: mean 1/2, standard deviation sqrt(2.5/9)."""
    mean, half = untied.mean_and_half([0, 1] * 5)
    assert mean == 0.5
    assert half == pytest.approx(2.262 * np.sqrt(2.5 / 9) / np.sqrt(10))

"""The cut backward pass: it is the whole one without its early steps, and the forward pass knows nothing of it."""

import numpy as np
import pytest

from ch5.analysis import contributions
from ch5.data import recall
from ch5.data.recall import RecallTask
from ch5.engine import bptt
from ch5.engine.gradcheck import relative_error
from ch5.experiments import horizon, recall_best, recall_cut, record
from ch5.experiments.recall_cut import Cut
from ch5.networks.readout import cross_entropy

HIDDEN = {"vanilla": 6, "gru": 5}
LAG = 7


def problem(name, rng):
    """A model in float64, and a batch of the hard task."""
    task = RecallTask(LAG, 4, 1.0, 0.1)
    return recall_best.make(name, LAG, HIDDEN, rng, 4, 4).astype(np.float64), task.batch(rng, 3)


def gradient(model, batch, k, reset=False):
    cut = Cut(model, k, reset)
    out = cut.with_vector(np.full(cut.vector().size, np.nan))
    loss, gradient = cut.loss_and_gradient(batch, out)
    return loss, gradient.model


@pytest.mark.parametrize("name", ["orthogonal", "gru 3"])
@pytest.mark.parametrize("k", [0, 1, 3, LAG, LAG + 1])
def test_the_cut_gradient_is_the_sum_of_what_the_last_k_steps_add(name, k, rng):
    """Against the contributions of the single steps, the states before each held fixed; the readout's is whole."""
    model, batch = problem(name, rng)
    loss, found = gradient(model, batch, k)
    whole_loss, whole = model.loss_and_gradient(batch)
    x, targets = batch
    late = np.concatenate([np.zeros((LAG, 3), int), targets])
    s = bptt.unroll(model.cell, x)
    _, dlogits = cross_entropy(model.readout.logits(model.h(s[0])), late)
    dlogits[:-1] = 0
    _, dh = model.readout.backward(dlogits / 3, model.h(s[0]))
    steps = contributions.by_step(model.cell, dh, x, *s)
    expected = sum((step.vector() for step in steps[LAG + 1 - k :]), np.zeros(model.cell.size))
    assert loss == pytest.approx(whole_loss, rel=1e-12)
    np.testing.assert_allclose(found.cell.vector(), expected, rtol=1e-9, atol=1e-12)
    assert relative_error(found.readout.vector(), whole.readout.vector()) < 1e-12
    assert k != LAG + 1 or relative_error(found.vector(), whole.vector()) < 1e-12


@pytest.mark.parametrize("k", [0, 1, LAG, LAG + 1])
def test_the_outputs_do_not_know_where_the_backward_pass_ends(k, rng):
    model, (x, _) = problem("gru 3", rng)
    np.testing.assert_allclose(Cut(model, k).outputs(x), model.outputs(x)[-1:], rtol=1e-12)


def test_with_the_state_reset_nothing_before_the_cut_is_known(rng):
    """Outputs and gradients are those of the last k steps alone, whatever came before."""
    model, (x, targets) = problem("gru 3", rng)
    other = x.copy()
    other[: LAG + 1 - 3] = rng.normal(size=other[: LAG + 1 - 3].shape)
    np.testing.assert_array_equal(Cut(model, 3, True).outputs(x), Cut(model, 3, True).outputs(other))
    assert relative_error(Cut(model, 3).outputs(x), Cut(model, 3).outputs(other)) > 1e-6
    _, found = gradient(model, (x, targets), 3, reset=True)
    assert relative_error(found.vector(), model.loss_and_gradient((x[-3:], targets))[1].vector()) < 1e-12


def test_at_k_0_training_leaves_the_cell_as_it_was():
    """Two hundred updates: the readout moves, the cell stays bit for bit."""
    budget = recall_cut.SETTINGS["budget"] | {"rate": 0.01, "updates": 200, "needed": 2.0}

    def make(rng, D, V):
        return Cut(recall_best.make("orthogonal", LAG, HIDDEN, rng, D, V), 0)

    training, x, targets = horizon.run(make, RecallTask(LAG, noise=0.1), 0, budget)
    before = training.model.model.cell.vector(), training.model.model.readout.vector()
    horizon.learn(training, x, targets, budget)
    after = training.model.model
    np.testing.assert_array_equal(after.cell.vector(), before[0])
    assert relative_error(after.readout.vector(), before[1]) > 0.1


def test_a_fitted_readout_finds_what_is_linear_in_the_state():
    """One loud bit a step ago is there to be read; eight steps ago, a state of two units among distractors is not."""
    budget = recall_cut.SETTINGS["budget"] | {"rate": 0.01}
    for hidden, task, low, high in (
        (HIDDEN, RecallTask(1, noise=0.1), 0.99, 1),
        ({"vanilla": 2}, RecallTask(LAG, 8, 1.0, 0.1), 0, 0.4),
    ):

        def make(rng, D, V, hidden=hidden):
            return Cut(recall_best.make("orthogonal", LAG, hidden, rng, D, V), 0)

        training, x, targets = horizon.run(make, task, 0, budget)
        assert low <= recall_cut.fitted(training, x, targets, 100) <= high


def test_unshared_weights_are_initial_before_the_cut_and_trained_after_it(rng):
    """Against two networks run one after the other, step by step; the same network twice is shared."""
    initial, trained = (problem("gru 3", rng)[0] for _ in range(2))
    x, targets = RecallTask(LAG, 4, 1.0, 0.1).batch(rng, 256)
    s = np.zeros((256, initial.cell.state_size))
    for t, x_t in enumerate(x):
        cell = (initial if t < LAG + 1 - 3 else trained).cell
        s = bptt.unroll(cell, x_t[None], s)[0][-1]
    logits = trained.readout.logits(trained.h(np.stack([s, s])))
    right = (logits[-1].argmax(axis=-1) == targets[0]).mean()
    assert recall_cut.unshared(Cut(initial, 3), Cut(trained, 3), x, targets) == right
    same = recall_cut.unshared(Cut(trained, 3), Cut(trained, 3), x, targets)
    assert same == recall.accuracy(trained.outputs(x)[-1:], targets)
    assert right not in (same, recall_cut.unshared(Cut(trained, 3), Cut(initial, 3), x, targets))


def test_the_cuts_go_from_nothing_to_everything():
    assert recall_cut.cuts(20) == {"0": 0, "lag/4": 5, "lag/2": 10, "lag-1": 19, "lag": 20, "lag+1": 21}


@pytest.mark.parametrize(
    "point",
    [
        {"task": "easy", "lag": 20, "model": "orthogonal", "rate": 0.003, "cut": "0", "seed": 1},
        {"task": "hard", "lag": 10, "model": "orthogonal", "rate": 0.003, "cut": "lag+1", "seed": 0},
        {"task": "middle", "lag": 10, "model": "gru 3", "rate": 0.02, "cut": "lag+1", "seed": 0},
        {"task": "easy", "lag": 20, "model": "orthogonal", "rate": 0.003, "cut": "lag/4", "seed": 0},
    ],
)
def test_what_was_recorded_comes_out_again(point):
    """Runs that succeed early, before rounding tells: the outcome, and to a hundredth the accuracies."""
    (then,) = record.load(recall_cut.EXPERIMENT).where(**point)
    now = recall_cut.EXPERIMENT.measure(point)
    assert now["success"] == then["success"] is True
    assert now["updates"] == then["updates"]
    assert now["accuracy"] == pytest.approx(then["accuracy"], abs=0.01)
    assert now["fitted"] == pytest.approx(then["fitted"], abs=0.01)
    assert now["unshared"] == pytest.approx(then["unshared"], abs=0.01)

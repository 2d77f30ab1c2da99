"""Training with a source of the merge missing: the same start and batches, another backward pass."""

import numpy as np
import pytest

from ch5.data import text
from ch5.experiments import ablation, record
from ch5.experiments.ablation import MERGES


@pytest.mark.parametrize("run", [lambda m: ablation.echo(m, 0, 2), lambda m: ablation.alice(m, 0, 1)[2][:2]])
def test_every_merge_starts_from_the_same_loss_and_then_goes_its_own_way(run):
    """Initial weights and first batch are shared, so is the loss before update 1; the losses after it differ."""
    losses = np.array([run(merge) for merge in MERGES])
    assert len(set(losses[:, 0])) == 1
    assert len(set(losses[:, 1])) == len(MERGES)


def test_without_both_sources_only_the_readout_learns():
    """The cell of a model trained with neither source is, bit for bit, the one that it started with (in float32)."""
    before, after, _ = ablation.alice("neither", 0, 1)
    np.testing.assert_array_equal(before.cell.vector().astype(np.float32), after.cell.vector())
    assert abs(before.readout.vector() - after.readout.vector()).max() > 0.01


def test_the_echo_asks_for_nothing_but_the_past(monkeypatch):
    """The target is the symbol LAG steps before, zeros before the first; guessing pays for the other steps only."""
    seen = []
    monkeypatch.setattr(ablation, "_train", lambda model, batches, rate: (model, seen.extend(batches)))
    ablation.echo("both sources", 0, 3)
    for inputs, targets in seen:
        np.testing.assert_array_equal(targets[ablation.LAG :], inputs[: -ablation.LAG])
        assert not targets[: ablation.LAG].any()
    assert ablation.GUESSING == pytest.approx(7 / 12 * np.log(4))


def test_the_unseen_text_begins_where_training_ends():
    inputs, targets = ablation.unseen(64, 3)
    characters = text.Vocabulary.of(text.alice()[: ablation.CHARACTERS]).characters
    assert inputs.shape == targets.shape == (64, 3)
    read = "".join(characters[i] for i in inputs.T.ravel())
    assert read == text.alice()[ablation.CHARACTERS :][: 64 * 3]
    assert characters[targets[-1, -1]] == text.alice()[ablation.CHARACTERS + 64 * 3]


@pytest.mark.parametrize("task", ablation.TASKS)
def test_one_seed_run_now_begins_as_recorded(task):
    """The first losses to 1e-5, with and without the future; what comes later depends on the machine's rounding."""
    recorded = record.load(ablation.EXPERIMENT)
    for merge in ("both sources", "no future"):
        (then,) = recorded.where(task=task, merge=merge, seed=3)
        now = ablation.echo(merge, 3, 10) if task == "echo" else ablation.alice(merge, 3, 1)[2][:10]
        np.testing.assert_allclose(now, then["early_losses"], rtol=1e-5)


def test_a_point_of_the_record_holds_the_curve_and_for_the_whole_gradient_its_lags_and_its_truncation(
    monkeypatch,
):
    """Shares sum to one, a window as long as the text truncates nothing; of other merges there is the loss alone."""
    run = ablation.alice
    monkeypatch.setattr(ablation, "alice", lambda merge, seed: shortened(run(merge, seed, 1)))
    found = ablation.measure("alice", "both sources", 0)
    assert len(found["early_losses"]) == ablation.EVERY
    assert len(found["losses"]) == 5
    for stage in ("before", "after"):
        assert sum(found[stage]["shares"]) == pytest.approx(1, abs=1e-12)
    for state in ("state carried", "state reset"):
        assert found["truncated"][state]["cosine"][-1] == pytest.approx(1, abs=1e-12)
        assert found["truncated"][state]["ratio"][-1] == pytest.approx(1, abs=1e-12)
    assert set(ablation.measure("alice", "no future", 0)) == {"early_losses", "losses"}


def shortened(run):
    """58 updates are an epoch; the record wants whole tens."""
    before, after, losses = run
    return before, after, losses[:50]

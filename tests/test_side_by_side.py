"""Runs side by side are the original run, each with its own weights, windows, rate and clip."""

import numpy as np
import pytest

from ch5.experiments import clip, original
from ch5.experiments.original import original_run

SEEDS = (1, 7, 12)


@pytest.mark.parametrize("limit", [None, original.CLIP])
def test_each_run_goes_as_the_original_run_of_its_seed(limit):
    """Losses, norms and weights over 30 updates, with the clip and without."""
    runs, single = clip.Runs(SEEDS), [original_run(seed, clip=limit, epochs=1) for seed in SEEDS]
    runs.order = runs.order[:, :, :30]
    losses, norms = runs.epoch(0, original.RATE, np.inf if limit is None else limit, None)
    for r, run in enumerate(single):
        for update in run:
            if update.number == 30:
                break
        np.testing.assert_allclose(losses[:, r], run.losses[:30], rtol=1e-5)
        np.testing.assert_allclose(norms[:, r], run.norms[:30], rtol=1e-4)
        np.testing.assert_allclose(runs.side.model(r).vector(), run.model.vector(), rtol=1e-3, atol=1e-5)


def test_rates_may_differ_from_run_to_run():
    """A run whose rate is nearly zero stays where it is, and the others do not notice."""
    both = [clip.Runs(SEEDS), clip.Runs(SEEDS)]
    before = both[0].side.theta.copy()
    for runs, rates in zip(both, ([0.5, 0.5, 0.5], [0.5, 1e-9, 0.5]), strict=True):
        runs.order = runs.order[:, :, :5]
        runs.epoch(0, np.array(rates), np.inf, None)
    assert np.array_equal(both[0].side.theta[[0, 2]], both[1].side.theta[[0, 2]])
    np.testing.assert_allclose(both[1].side.theta[1], before[1], atol=1e-7)
    assert np.abs(both[0].side.theta[1] - before[1]).max() > 0.01


def test_no_run_changes_another():
    """Alone or among others, a run ends at the same weights but for rounding."""
    many, alone = clip.Runs(SEEDS), clip.Runs(SEEDS[1:2])
    for runs in (many, alone):
        runs.order = runs.order[:, :, :10]
        runs.epoch(0, 0.5, np.inf, None)
    np.testing.assert_allclose(many.side.theta[1], alone.side.theta[0], rtol=1e-4, atol=1e-6)

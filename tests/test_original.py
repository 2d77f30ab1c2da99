"""The original run comes out as it did for its author, whatever the seed. Notebook 06 makes one whole run anew."""

import numpy as np
import pytest

from ch5.experiments import original, record


@pytest.fixture(scope="module")
def recorded():
    return record.load(original.EXPERIMENT)


def test_the_losses_are_those_of_the_same_code_on_the_same_text(recorded):
    """Within 0.06 nats at epochs 1, 5, 10 and 15, for each of ten seeds."""
    assert len(recorded.results) == 10
    for result in recorded.results:
        for epoch, loss in original.SAME_TEXT.items():
            assert abs(result["epochs"][epoch - 1] - loss) < 0.06, (epoch, result["epochs"][epoch - 1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_begun_now_goes_as_recorded(recorded, seed):
    """The first 20 losses to 1e-5; then, through the first epoch, to its recorded mean."""
    run = original.original_run(seed, epochs=1)
    for _ in run:
        pass
    (then,) = recorded.where(seed=seed)
    np.testing.assert_allclose(run.losses[:20], then["first"], rtol=1e-5)
    assert abs(original.epoch_means(run.losses)[0] - then["epochs"][0]) < 0.02


def test_the_settings_are_the_published_ones():
    run = original.original_run(1)
    assert run.model.size == 13_061
    assert len(run) == 15 * 937
    assert run.batches[0][0].shape == (32, 1)
    vocabulary, ids = original.opening()
    assert len(vocabulary) == 69
    assert len(ids) == 30_000
    assert run.clip * 32 == 5


def test_the_clip_is_on_the_gradient_summed_over_the_window():
    """One update by hand: the sum over 32 steps shortened to norm 5, averaged, times the rate."""
    run = original.original_run(1)
    before = run.model.vector()
    summed = 32 * run.model.loss_and_gradient(run.batches[0])[1].vector()
    next(iter(run))
    shortened = summed * min(1, 5 / np.linalg.norm(summed))
    np.testing.assert_allclose(run.model.vector(), before - 0.5 * shortened / 32, rtol=1e-4, atol=1e-7)


def test_the_first_loss_is_about_log_V():
    run = original.original_run(1)
    losses, _ = run.model.losses(run.batches.inputs, run.batches.targets)
    assert abs(losses.mean() - np.log(69)) < 0.1

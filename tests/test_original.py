"""The original run comes out as it did for its author, whatever the seed."""

import numpy as np
import pytest

from ch5.experiments import original


@pytest.fixture(scope="module", params=[1, 2, 3])
def finished(request):
    run = original.original_run(request.param)
    for _ in run:
        pass
    return run


def test_the_losses_are_those_of_the_same_code_on_the_same_text(finished):
    """Within 0.06 nats at epochs 1, 5, 10 and 15, for each of three seeds."""
    means = original.epoch_means(finished.losses)
    for epoch, loss in original.SAME_TEXT.items():
        assert abs(means[epoch - 1] - loss) < 0.06, (epoch, means[epoch - 1])


def test_the_settings_are_the_published_ones(finished):
    assert finished.model.size == 13_061
    assert len(finished) == 15 * 937
    assert finished.batches[0][0].shape == (32, 1)
    vocabulary, ids = original.opening()
    assert len(vocabulary) == 69
    assert len(ids) == 30_000
    assert finished.clip * 32 == 5


def test_the_clip_is_on_the_gradient_summed_over_the_window(finished):
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

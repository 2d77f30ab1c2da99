"""Recall by cells that are linear in their state: the record is what a run gives, the models are of one size."""

from functools import partial
from itertools import islice

import numpy as np
import pytest

from ch5.data.recall import RecallTask
from ch5.experiments import horizon, linear_horizon, record


@pytest.mark.parametrize("experiment", [linear_horizon.EXPERIMENT, linear_horizon.DRAWN])
def test_a_slice_run_again_agrees_with_the_record(experiment):
    """The first 20 losses of a run that ends early, and its outcome."""
    recorded = record.load(experiment)
    quick = min(range(len(recorded.points)), key=lambda k: recorded.results[k]["updates"])
    again, then = experiment.measure(recorded.points[quick]), recorded.results[quick]
    np.testing.assert_allclose(again["losses"], then["losses"], rtol=1e-4)
    assert again["success"] == then["success"]


@pytest.mark.parametrize("point", linear_horizon.LONGER.points[::8])
def test_a_longer_run_begins_as_recorded(point):
    """The first 20 losses, of one run of each cell."""
    settings, (then,) = linear_horizon.SETTINGS, record.load(linear_horizon.LONGER).where(**point)
    make = partial(linear_horizon.make, point["model"], settings["units"])
    task = RecallTask(point["lag"], **settings["tasks"]["hard"])
    training, *_ = horizon.run(make, task, point["seed"], settings["budget"] | {"rate": point["rate"]})
    losses = [update.loss for update in islice(training, 20)]
    np.testing.assert_allclose(losses, then["losses"], rtol=1e-4)


def test_no_model_has_more_parameters_than_the_vanilla_cell():
    rng = np.random.default_rng(5)
    most = horizon.vanilla("uniform", horizon.SETTINGS["hidden"], rng, 8, 8).size
    for model in (*linear_horizon.LINEAR, *linear_horizon.BESIDE):
        assert most / 2 < linear_horizon.make(model, linear_horizon.SETTINGS["units"], rng, 8, 8).size <= most


def test_the_learning_rates_are_the_pilots_and_not_at_the_edge_of_the_grid():
    """Of the rates with the most pilot successes over the fixed lags, one that needs the fewest updates inside."""
    pilot = record.load(linear_horizon.PILOT)
    for model, rate in linear_horizon.RATES.items():
        wins = {
            r: sum(
                x["success"]
                for t in ("easy", "middle", "hard")
                for x in pilot.where(model=model, rate=r, task=t)
            )
            for r in linear_horizon.GRID
        }
        assert wins[rate] == max(wins.values())
        assert min(linear_horizon.GRID) < rate < max(linear_horizon.GRID)


def test_the_drawn_task_is_the_hard_one_with_a_shortest_lag():
    task = RecallTask(80, **linear_horizon.SETTINGS["tasks"]["drawn"])
    assert (task.shortest, task.lag, task.symbols, task.distractors) == (20, 80, 8, 1.0)

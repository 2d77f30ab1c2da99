"""The warped clock: what is compared has about as many parameters, and each its own rate, chosen on other seeds."""

import numpy as np
import pytest

from ch5.experiments import recall_best, recall_warped, record

HIDDEN = recall_warped.SETTINGS["hidden"]


@pytest.fixture(scope="module")
def pilot():
    return record.load(recall_warped.PILOT)


@pytest.mark.parametrize("model", recall_warped.RATES)
def test_no_cell_has_more_parameters_than_the_vanilla_one_nor_far_fewer(model):
    made, vanilla = (
        recall_warped.make(name, HIDDEN, np.random.default_rng(0), 4, 4) for name in (model, "uniform")
    )
    assert made.dtype == np.float32
    assert 0.8 * vanilla.size <= made.size <= vanilla.size


def test_gates_and_leaks_start_with_a_bias_of_one():
    for model, slot in (("leaky", 1), ("gru 1", 2), ("lstm 1", 2)):
        b = recall_warped.make(model, HIDDEN, np.random.default_rng(0), 4, 4).cell.b
        np.testing.assert_array_equal(b[slot], 1)
        assert not np.delete(b, slot, axis=0).any()


@pytest.mark.parametrize("model", recall_warped.RATES)
def test_a_rate_lies_inside_its_grid_and_none_did_better_in_the_pilot(model, pilot):
    """Of at least four rates no other succeeded more often, nor as often with fewer updates."""
    grid, rate = recall_warped.GRID[model], recall_warped.RATES[model]
    assert len(grid) >= 4
    assert min(grid) < rate < max(grid)
    score = {}
    for tried in grid:
        runs = pilot.where(model=model, rate=tried)
        score[tried] = sum(run["success"] for run in runs), -sum(run["updates"] for run in runs)
    assert score[rate] == max(score.values())


def test_the_pilot_has_seeds_of_its_own():
    assert not set(recall_best.PILOT_SEEDS) & set(recall_warped.SEEDS)


def test_all_clocks_but_the_first_show_as_many_inputs_in_as_many_steps(rng):
    """So the clocks differ in how even they are, not in length."""
    from ch5.data.recall import WarpedTask

    settings = recall_warped.SETTINGS
    for name, steps in (("one", 4), ("even", 32), ("random", 32)):
        x, _ = WarpedTask(**settings["task"], **settings["clocks"][name]).batch(rng, 50)
        assert len(x) == steps
        assert (np.count_nonzero(np.diff(x.argmax(axis=-1), axis=0), axis=0) == 3).all()


@pytest.mark.parametrize("model", ["leaky", "gru 1"])
def test_what_was_recorded_comes_out_again(model):
    """Of the recorded run: the gradient before training and the first 20 losses to 1e-5, and the outcome."""
    point = {"model": model, "clock": "even", "rate": recall_warped.RATES[model], "seed": 1}
    (then,) = record.load(recall_warped.EXPERIMENT).where(**point)
    now = recall_warped.EXPERIMENT.measure(point)
    np.testing.assert_allclose(now["losses"], then["losses"], rtol=1e-5)
    np.testing.assert_allclose(now["gradient"]["first"], then["gradient"]["first"], rtol=1e-5)
    assert now["success"] == then["success"]

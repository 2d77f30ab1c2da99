"""The horizons of gated cells and attention: what is trained is what is said, and it reaches as far as is said."""

import numpy as np
import pytest

from ch5.experiments import gates_horizon, horizon, record

HIDDEN = gates_horizon.SETTINGS["hidden"]
BUDGET = gates_horizon.SETTINGS["budget"]
MODELS = gates_horizon.MODELS


@pytest.fixture(scope="module")
def recorded():
    return record.load(gates_horizon.EXPERIMENT)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", gates_horizon.LAGS)
def test_no_model_has_more_parameters_than_the_vanilla_one_nor_far_fewer(task, model, rng):
    """At most as many as 32 vanilla units on the same task, and at least four fifths."""
    symbols = gates_horizon.SETTINGS["tasks"][task]["symbols"]
    vanilla = horizon.vanilla("uniform", horizon.SETTINGS["hidden"], rng, symbols, symbols).size
    size = gates_horizon.make(model, HIDDEN, rng, symbols, symbols).size
    assert 0.8 * vanilla <= size <= vanilla


def test_task_budget_and_seeds_are_those_of_the_vanilla_runs():
    for name in ("tasks", "budget"):
        assert gates_horizon.EXPERIMENT.settings[name] == horizon.EXPERIMENT.settings[name]
    assert {point["seed"] for point in gates_horizon.EXPERIMENT.points} == set(horizon.SEEDS)


@pytest.mark.parametrize(("model", "bias"), [("lstm 1", 1), ("lstm 3", 3), ("gru 3", 3)])
def test_only_the_gate_that_keeps_starts_with_a_bias(model, bias, rng):
    """All gates at half without input, but for the third slot, which stands at σ(bias); float32."""
    made = gates_horizon.make(model, HIDDEN, rng, 4, 4)
    assert made.dtype == np.float32
    assert np.count_nonzero(made.cell.b) == HIDDEN[model.split()[0]]
    np.testing.assert_array_equal(made.cell.b[2], bias)
    assert not made.readout.b_y.any()


@pytest.mark.parametrize("model", MODELS)
def test_every_model_learns_to_recall_over_five_steps(model):
    tasks = {"easy": {"symbols": 2, "distractors": 0.0, "noise": 0.1}}
    result = gates_horizon.measure(
        tasks=tasks, hidden=HIDDEN, budget=BUDGET, task="easy", lag=5, model=model, seed=0
    )
    assert result["success"]
    assert result["updates"] < BUDGET["updates"]


def test_the_biases_begin_with_other_gradients_over_ten_steps(recorded):
    """Before training, at the first of 10 steps: at least twice as much with bias 3 as with 1, on every seed."""
    ratios = [
        three["gradient"]["first"] / one["gradient"]["first"]
        for one, three in zip(
            *(recorded.where(task="hard", lag=10, model=f"lstm {bias}") for bias in (1, 3)), strict=True
        )
    ]
    assert len(ratios) == 20
    assert min(ratios) > 2


def test_the_horizon_is_the_same_counted_by_hand():
    """Eighteen of 20 at 10 steps, two at 1,000: half way on a log scale; other tasks and models do not count."""
    points, results = [], []
    for lag, wins in ((1000, 2), (10, 18)):
        for seed in range(20):
            points.append({"task": "easy", "lag": lag, "model": "a", "seed": seed})
            results.append({"success": seed < wins})
            points.append({"task": "easy", "lag": lag, "model": "b", "seed": seed})
            results.append({"success": True})
    found = gates_horizon.horizon_in(record.Recorded({}, {}, "", points, results), "easy", "a")
    assert found.lag == pytest.approx(100)
    assert 10 < found.low < 100 < found.high < 1000


def test_with_a_bias_of_three_the_lstm_reaches_further_than_the_vanilla_cell(recorded):
    """On all three tasks, against the same kind of initial weights, and the intervals do not overlap."""
    vanilla = record.load(horizon.EXPERIMENT)
    for task in gates_horizon.LAGS:
        gated = gates_horizon.horizon_in(recorded, task, "lstm 3")
        assert gated.low > gates_horizon.horizon_in(vanilla, task, "uniform").high, task


@pytest.mark.parametrize(
    "point",
    [
        {"task": "middle", "lag": 50, "model": "lstm 3", "seed": 1},
        {"task": "hard", "lag": 5, "model": "lstm 1", "seed": 1},
        {"task": "hard", "lag": 20, "model": "gru 3", "seed": 0},
        {"task": "middle", "lag": 50, "model": "attention", "seed": 0},
    ],
)
def test_what_was_recorded_comes_out_again(point, recorded):
    """Of the recorded run: the gradient before training and the first 20 losses to 1e-5, and the outcome."""
    (then,) = recorded.where(**point)
    now = gates_horizon.EXPERIMENT.measure(point)
    np.testing.assert_allclose(now["losses"], then["losses"], rtol=1e-5)
    np.testing.assert_allclose(now["gradient"]["first"], then["gradient"]["first"], rtol=1e-5)
    assert now["success"] == then["success"]

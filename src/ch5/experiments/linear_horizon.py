"""How far back cells that are linear in their state reach (C20): fixed lags, and a lag drawn for every sequence

    lru       24 complex units; initial eigenvalues on the ring 0.9 <= |λ| <= 0.999, phases from 0 to π
    min gru   40 units whose forget gates, which see the input alone, start with a bias of 3
    gru 3, orthogonal, attention    nonlinear models of `experiments.gates_horizon` and `experiments.horizon` beside
              them on the task with the drawn lag

The linear ones are read through a layer of 16 tanh units, and have at most as many parameters as the vanilla cell of
32 units. The tasks, the budget of updates and the test are those of `experiments.horizon`; "drawn" is its hard task
with a lag drawn from 20 to 80 for every sequence.

Names    a result is that of `horizon.train`
Read     book/chapters/11_linear.ipynb     Tested   tests/test_linear_horizon.py

The learning rate of each linear cell is one for the three tasks: that with the most successes, then the best
accuracy, over the tasks' runs with the seeds of PILOT. On the drawn lag the models beside them have their own.
LONGER      the hard task where they fail, at a third of that rate and with up to eight times the updates
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ch5.data.recall import RecallTask
from ch5.experiments import gates_horizon, horizon
from ch5.experiments.record import Experiment
from ch5.networks.linear_recurrence import LRU, MinGRU
from ch5.networks.readout import TanhReadout
from ch5.networks.sequence import SequenceModel

SETTINGS: dict[str, Any] = {
    "units": {"lru": 24, "min gru": 40, "layer": 16, "orthogonal": 32, **gates_horizon.SETTINGS["hidden"]},
    "tasks": horizon.SETTINGS["tasks"] | {"drawn": horizon.SETTINGS["tasks"]["hard"] | {"shortest": 20}},
    "budget": {name: value for name, value in horizon.SETTINGS["budget"].items() if name != "rate"},
}
LINEAR, BESIDE = ("lru", "min gru"), ("gru 3", "orthogonal", "attention")
LAGS: dict[str, dict[str, tuple[int, ...]]] = {  # by task and model
    "easy": {"lru": (50, 200), "min gru": (200,)},
    "middle": {"lru": (50, 200), "min gru": (50,)},
    "hard": {"lru": (10, 15, 20, 50), "min gru": (1, 2, 5)},
}
PILOT_LAG = {"easy": 50, "middle": 20, "hard": 10, "drawn": 80}
GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
PILOT_SEEDS, SEEDS = (100, 101), range(20)


def make(model: str, units: dict[str, int], rng: np.random.Generator, width: int, answers: int) -> Any:
    """A model by its name, with its initial weights, float32."""
    if model == "orthogonal":
        return horizon.vanilla("orthogonal", units["orthogonal"], rng, width, answers)
    if model not in LINEAR:
        return gates_horizon.make(model, units, rng, width, answers)
    cell: LRU | MinGRU
    if model == "lru":
        cell = LRU.initialise(rng, units["lru"], width)
    else:
        cell = MinGRU.initialise(rng, units["min gru"], width, 3.0)
    read = TanhReadout.initialise(rng, answers, units["layer"], cell.state_size)
    return SequenceModel(cell, read).astype(np.float32)


def measure(
    *, tasks: Any, units: Any, budget: Any, task: str, lag: int, model: str, rate: float, seed: int
) -> dict[str, Any]:
    """One point: `model` is a name of those above."""
    return horizon.train(
        partial(make, model, units), RecallTask(lag, **tasks[task]), seed, budget | {"rate": rate}
    )


PILOT = Experiment(
    "linear_horizon_rates",
    measure,
    SETTINGS,
    [
        {"task": task, "lag": PILOT_LAG[task], "model": model, "rate": rate, "seed": seed}
        for task in PILOT_LAG
        for model in (*LINEAR, *(BESIDE if task == "drawn" else ()))
        for rate in GRID
        for seed in PILOT_SEEDS
    ],
)
RATES = {"lru": 0.01, "min gru": 0.03}
EXPERIMENT = Experiment(
    "linear_horizon",
    measure,
    SETTINGS,
    [
        {"task": task, "lag": lag, "model": model, "rate": RATES[model], "seed": seed}
        for task, models in LAGS.items()
        for model, lags in models.items()
        for lag in lags
        for seed in SEEDS
    ],
)
LONGER_RUNS = {
    ("lru", 20): (0.003, 5),
    ("lru", 50): (0.003, 3),
    ("min gru", 2): (0.01, 5),
    ("min gru", 5): (0.01, 3),
}
LONGER = Experiment(
    "linear_longer",
    measure,
    SETTINGS | {"budget": SETTINGS["budget"] | {"updates": 8000}},
    [
        {"task": "hard", "lag": lag, "model": model, "rate": rate, "seed": seed}
        for (model, lag), (rate, seeds) in LONGER_RUNS.items()
        for seed in range(seeds)
    ],
)
DRAWN_RATES = {"gru 3": 0.03, "attention": 0.01, "lru": 0.01, "min gru": 0.03}
DRAWN = Experiment(
    "linear_drawn",
    measure,
    SETTINGS,
    [
        {"task": "drawn", "lag": PILOT_LAG["drawn"], "model": model, "rate": rate, "seed": seed}
        for model, rate in DRAWN_RATES.items()
        for seed in SEEDS
    ],
)

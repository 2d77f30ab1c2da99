"""Recall, each model at its best (C14, C17, C18, C21): the hard task of `experiments.horizon`, rates chosen per model

    uniform, gaussian, orthogonal, identity     the vanilla cell by the initial W_hh, 32 units
    lstm B, gru B                               forget (keep) gates that start with the bias B:
        1, 3        that constant
        chrono      log of a uniform draw from 1 to lag - 1, for each unit its own
        log         the constant log(lag - 1), the top of that draw
    attention                                   one block with positions

For chrono and log an LSTM's input gates start with minus the forget gates' bias, as a GRU's always do: the two differ
in the draw alone. Sizes as in `experiments.gates_horizon`, budget as in `experiments.horizon` but for the rate.

PILOT       every model at four learning rates or more, on one or two seeds of their own
EXPERIMENT  other seeds, at a rate inside its grid that no other beat in successes. Where several did as well it is one
            of those that needed few updates, not always the fewest: the GRU of bias 3 succeeds at lag 50 at every
            rate tried, up to 0.32, and higher ones are faster. At lags 100 and 200 every GRU runs at the rate chosen
            for gru log at 100, so that only the bias differs; LSTMs run at that of lag 30.

LONGER      the GRU at its two hardest points with three times the updates, at lag 200 also at half the rate; what a
            seed has in EXPERIMENT at the same rate, its run here begins with

Runs at long lags take 20 s and more, so they have few seeds: 20 for the GRU at lag 50 and attention at 200, five at
lag 100, three for the GRU at 200, five to ten for LSTMs; time and not the outcome said when to stop. Vanilla cells
are not run again: for orthogonal initial weights the pilot finds the rate of `experiments.horizon`, whose record has
their 20 seeds. The easy and the middle task are left as they are there. All takes about half an hour on one core,
half of it LONGER.

Names       a result is that of `horizon.train`
Read        book/chapters/10_attention.ipynb     Tested   tests/test_recall_best.py     Source   [Tallec2018]
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ch5.data.recall import RecallTask
from ch5.experiments import gates_horizon, horizon
from ch5.experiments.record import Experiment, Recorded
from ch5.networks.gated import GRU, LSTM
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

SETTINGS: dict[str, Any] = {
    "hidden": {"vanilla": horizon.SETTINGS["hidden"], **gates_horizon.SETTINGS["hidden"]},
    "task": horizon.SETTINGS["tasks"]["hard"],
    "budget": {name: value for name, value in horizon.SETTINGS["budget"].items() if name != "rate"},
}


def make(model: str, lag: int, hidden: dict[str, int], rng: np.random.Generator, D: int, V: int) -> Any:
    """A model by its name, with its initial weights, in float32."""
    if model in horizon.INITIAL:
        return horizon.vanilla(model, hidden["vanilla"], rng, D, V)
    kind, *bias = model.split()
    if kind == "attention":
        return gates_horizon.make(kind, hidden, rng, D, V)
    cell = gates_horizon.CELLS[kind].initialise(rng, hidden[kind], D)
    read = Readout.initialise(rng, V, hidden[kind])
    return SequenceModel(keeping(cell, bias[0], lag, rng), read).astype(np.float32)


def keeping(cell: LSTM | GRU, bias: str, lag: int, rng: np.random.Generator) -> LSTM | GRU:
    """The cell with other initial biases: "chrono", "log", or a number."""
    b = np.zeros_like(cell.b)
    if bias == "chrono":
        b[2] = np.log(rng.uniform(1, lag - 1, b[2].shape))
    else:
        b[2] = np.log(lag - 1) if bias == "log" else float(bias)
    if isinstance(cell, LSTM) and bias in ("chrono", "log"):
        b[1] = -b[2]
    return replace(cell, b=b)


def measure(
    *, task: Any, hidden: Any, budget: Any, model: str, lag: int, rate: float, seed: int
) -> dict[str, Any]:
    """One run of the model at one learning rate."""
    made = partial(make, model, lag, hidden)
    return horizon.train(made, RecallTask(lag, **task), seed, budget | {"rate": rate})


PILOT_SEEDS = (100, 101)
GRID: dict[tuple[str, int], dict[int, tuple[float, ...]]] = {  # by model and lag, for each seed the rates
    ("uniform", 10): {100: (0.001, 0.003, 0.006, 0.01, 0.02, 0.04), 101: (0.006, 0.01, 0.02, 0.04)},
    ("gaussian", 30): {100: (0.001, 0.003, 0.006, 0.01, 0.02), 101: (0.003, 0.006, 0.01, 0.02)},
    ("orthogonal", 30): {100: (0.001, 0.003, 0.006, 0.01, 0.02), 101: (0.003, 0.006, 0.01, 0.02)},
    ("identity", 20): {100: (0.001, 0.003, 0.006, 0.01)},
    ("lstm 1", 15): {100: (0.003, 0.006, 0.01, 0.02, 0.04)},
    ("lstm 3", 30): {100: (0.003, 0.006, 0.01, 0.02, 0.04), 101: (0.01, 0.02, 0.04)},
    ("lstm chrono", 30): {100: (0.003, 0.006, 0.01, 0.02, 0.04, 0.08), 101: (0.01, 0.02, 0.04, 0.08)},
    ("lstm log", 30): {100: (0.003, 0.006, 0.01, 0.02, 0.04, 0.08), 101: (0.01, 0.02, 0.04, 0.08)},
    ("gru 1", 50): {100: (0.003, 0.006, 0.01, 0.02, 0.04)},
    ("gru 3", 50): {
        100: (0.003, 0.006, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32),
        101: (0.01, 0.02, 0.04, 0.08, 0.16, 0.32),
    },
    ("gru 3", 100): {100: (0.01, 0.02, 0.04, 0.08)},
    ("gru chrono", 50): {
        100: (0.003, 0.006, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32),
        101: (0.01, 0.02, 0.04, 0.08, 0.16, 0.32),
    },
    ("gru log", 50): {100: (0.003, 0.006, 0.01, 0.02, 0.04, 0.08, 0.16), 101: (0.01, 0.02, 0.04, 0.08)},
    ("gru log", 100): {100: (0.01, 0.02, 0.04, 0.08)},
    ("attention", 200): {100: (0.003, 0.006, 0.01, 0.02, 0.04), 101: (0.01, 0.02, 0.04)},
}
RUNS = {  # by model and lag: the rate, and how many seeds
    ("lstm 3", 30): (0.02, 9),
    ("lstm log", 30): (0.04, 10),
    ("lstm chrono", 30): (0.04, 8),
    ("lstm log", 50): (0.04, 5),
    ("gru 3", 50): (0.08, 20),
    ("gru log", 50): (0.08, 20),
    ("gru 3", 100): (0.02, 5),
    ("gru log", 100): (0.02, 5),
    ("gru chrono", 100): (0.02, 5),
    ("gru log", 200): (0.02, 3),
    ("attention", 200): (0.02, 20),
}
LONGER_RUNS = {  # three times the updates, by model and lag: the rates, and how many seeds
    ("gru log", 200): ((0.01, 0.02), 4),
    ("gru 3", 100): ((0.02,), 3),
}
MODELS = tuple(dict.fromkeys(model for model, _ in GRID))
PILOT = Experiment(
    "recall_rates",
    measure,
    SETTINGS,
    [
        {"model": model, "lag": lag, "rate": rate, "seed": seed}
        for (model, lag), of_seed in GRID.items()
        for seed, rates in of_seed.items()
        for rate in rates
    ],
)
EXPERIMENT = Experiment(
    "recall_best",
    measure,
    SETTINGS,
    [
        {"model": model, "lag": lag, "rate": rate, "seed": seed}
        for (model, lag), (rate, seeds) in RUNS.items()
        for seed in range(seeds)
    ],
)
LONGER = Experiment(
    "recall_longer",
    measure,
    SETTINGS | {"budget": SETTINGS["budget"] | {"updates": 3000}},
    [
        {"model": model, "lag": lag, "rate": rate, "seed": seed}
        for (model, lag), (rates, seeds) in LONGER_RUNS.items()
        for seed in range(seeds)
        for rate in rates
    ],
)


def share(recorded: Recorded, **point: Any) -> float:
    """The share of the runs at this point that succeed."""
    return float(np.mean([run["success"] for run in recorded.where(**point)]))

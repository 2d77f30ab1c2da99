"""Gates from a symmetry (C21): recall on a warped clock, by cells without a clock, with one clock a unit, with gates

    uniform, orthogonal    the vanilla cell by the initial W_hh: no clock, 32 units
    leaky                  h_t = z h_{t-1} + (1 - z) n_t, z learned for each unit and the same at every step: 31 units
    gru 1                  the same, z_t from input and state (and a reset gate): 17 units
    lstm 1                 what stays and what comes in each have a gate: 15 units

All gates and clocks start with the bias 1. Four symbols come one after another, on one of three clocks: each for one
step; each for eight; for random numbers of steps, eight on average. Asked at the last step: which came before the
last one?

The question was chosen after trials with one seed a rate. Asked instead which symbol came first, on the random clock,
the GRU was ahead as well (50 to 150 updates), but the LSTM (200 to 700, or never) was not ahead of the leaky cell (150
to 550); among six loud symbols vanilla cells from orthogonal weights were first and the LSTM last. So what is recorded
holds for this question: a symbol that comes first can be latched, and needs no clock.

PILOT       every model at four learning rates or more on the random clock, on two seeds of their own
EXPERIMENT  other seeds, on all clocks, at the rate that `recall_best.best` picks there
Names       a result is that of `horizon.train`
Read        book/chapters/08_gates.ipynb     Tested   tests/test_recall_warped.py     Source   [Tallec2018]
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ch5.data.recall import WarpedTask
from ch5.experiments import horizon, recall_best
from ch5.experiments.record import Experiment
from ch5.networks.leaky import LeakyCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

SETTINGS: dict[str, Any] = {
    "hidden": recall_best.SETTINGS["hidden"] | {"leaky": 31},
    "task": {"inputs": 4, "symbols": 4, "asked": -2, "noise": 0.1},
    "clocks": {
        "one": {"stretch": 1, "even": True},
        "even": {"stretch": 8, "even": True},
        "random": {"stretch": 8, "even": False},
    },
    "budget": recall_best.SETTINGS["budget"],
}
GRID = {
    "uniform": (0.003, 0.006, 0.01, 0.02),
    "orthogonal": (0.003, 0.006, 0.01, 0.02),
    "leaky": (0.006, 0.01, 0.02, 0.04, 0.08),
    "gru 1": (0.006, 0.01, 0.02, 0.04, 0.08),
    "lstm 1": (0.006, 0.01, 0.02, 0.04, 0.08),
}
RATES = {"uniform": 0.01, "orthogonal": 0.01, "leaky": 0.02, "gru 1": 0.04, "lstm 1": 0.04}
SEEDS = range(10)


def make(model: str, hidden: dict[str, int], rng: np.random.Generator, D: int, V: int) -> Any:
    """A model by its name, in float32: "leaky", or one of `recall_best`."""
    if model != "leaky":
        return recall_best.make(model, 1, hidden, rng, D, V)
    cell = LeakyCell.initialise(rng, hidden["leaky"], D)
    return SequenceModel(cell, Readout.initialise(rng, V, hidden["leaky"])).astype(np.float32)


def measure(
    *, hidden: Any, task: Any, clocks: Any, budget: Any, model: str, clock: str, rate: float, seed: int
) -> dict[str, Any]:
    """One run of the model at one learning rate."""
    warped: Any = WarpedTask(**task, **clocks[clock])
    return horizon.train(partial(make, model, hidden), warped, seed, budget | {"rate": rate})


PILOT = Experiment(
    "recall_warped_rates",
    measure,
    SETTINGS,
    [
        {"model": model, "clock": "random", "rate": rate, "seed": seed}
        for model, rates in GRID.items()
        for rate in rates
        for seed in recall_best.PILOT_SEEDS
    ],
)
EXPERIMENT = Experiment(
    "recall_warped",
    measure,
    SETTINGS,
    [
        {"model": model, "clock": clock, "rate": rate, "seed": seed}
        for model, rate in RATES.items()
        for clock in SETTINGS["clocks"]
        for seed in SEEDS
    ],
)

"""How far back gated cells and attention reach (C17, C18): the tasks, the budget and the seeds of `experiments.horizon`

    lstm 1, lstm 3    an LSTM whose forget gate starts with a bias of 1 or 3
    gru 3             a GRU whose update gate z, the one that keeps, starts with a bias of 3
    attention         one block of causal self-attention with positions

Each has at most as many parameters as the vanilla cell of 32 units there, and at least four fifths: gates and queries
are paid for in width. Weights uniform by fan-in, other biases zero, float32; the learning rate is the one tuned for
vanilla cells, so a horizon here is not that of each at its best.

Names    a result is that of `horizon.train`
Read     book/chapters/09_gates_trained.ipynb, 10_attention.ipynb     Tested   tests/test_gates_horizon.py

In a pilot on two other seeds a bias of 1 fell short of 3: of LSTMs at 50 steps of the middle task 2 of 2 succeeded
with 3, at 30 steps 0 of 2 with 1. The lags are few: those around which the pilot began to fail, and no longer ones
where a model still succeeds at the last.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ch5.data.recall import RecallTask
from ch5.experiments import horizon
from ch5.experiments.record import Experiment, Recorded
from ch5.networks.block import RecallByAttention
from ch5.networks.gated import GRU, LSTM
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

SETTINGS: dict[str, Any] = {
    "hidden": {"lstm": 15, "gru": 17, "attention": 18},
    **{name: horizon.SETTINGS[name] for name in ("tasks", "budget")},
}
CELLS: dict[str, type[LSTM] | type[GRU]] = {"lstm": LSTM, "gru": GRU}
LAGS: dict[str, dict[str, tuple[int, ...]]] = {  # by task and model
    "easy": {"lstm 1": (20, 50), "lstm 3": (100, 200), "gru 3": (100,), "attention": (200,)},
    "middle": {"lstm 1": (10, 20, 30), "lstm 3": (50, 100, 200), "gru 3": (50,), "attention": (50, 200)},
    "hard": {"lstm 1": (5, 10, 15), "lstm 3": (10, 20, 30, 50), "gru 3": (20, 30, 50), "attention": (50,)},
}
MODELS = tuple(LAGS["easy"])


def make(model: str, hidden: dict[str, int], rng: np.random.Generator, width: int, answers: int) -> Any:
    """A model by its name, with its initial weights."""
    kind, *bias = model.split()
    H = hidden[kind]
    if kind == "attention":
        made: Any = RecallByAttention.initialise(rng, H, width, answers)
    else:
        cell = CELLS[kind].initialise(rng, H, width, float(*bias))
        made = SequenceModel(cell, Readout.initialise(rng, answers, H))
    return made.astype(np.float32)


def measure(
    *, tasks: Any, hidden: Any, budget: Any, task: str, lag: int, model: str, seed: int
) -> dict[str, Any]:
    """One point: `model` is a name of those above."""
    return horizon.train(partial(make, model, hidden), RecallTask(lag, **tasks[task]), seed, budget)


EXPERIMENT = Experiment(
    "gates_horizon",
    measure,
    SETTINGS,
    [
        {"task": task, "lag": lag, "model": model, "seed": seed}
        for model in MODELS
        for task, lags in LAGS.items()
        for lag in lags[model]
        for seed in horizon.SEEDS
    ],
)


def horizon_in(recorded: Recorded, task: str, model: str) -> horizon.Horizon:
    """The horizon of one model on one task, in this record or in that of `experiments.horizon`."""
    of = {"task": task, "model": model}
    lags = sorted({point["lag"] for point in recorded.points if of.items() <= point.items()})
    wins = [sum(result["success"] for result in recorded.where(**of, lag=lag)) for lag in lags]
    return horizon.horizon(lags, wins, len(horizon.SEEDS))

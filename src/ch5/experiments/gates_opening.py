"""What training makes of forget gates (C17): a path measured before it and after, from four initial biases

An LSTM, or a vanilla cell of about as many parameters, learns the hard task of `experiments.horizon` at one lag, with
its budget to the end. Before and after, it reads a symbol and 100 distractors; a random gradient of length about one,
at the last cell state (the last state of the vanilla cell), is followed back.

A result    accuracy on the test set; losses (20,), the first; before and after, each with
            along and total (21,): log10 of the gradient's length at LAGS, by the forget gates alone and by every path,
            medians over 16 sequences; gate: the median forget gate. along and gate are None for the vanilla cell.
Read        book/chapters/09_gates_trained.ipynb     Tested   tests/test_gates_opening.py
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ch5.analysis import contributions
from ch5.data import recall
from ch5.data.recall import RecallTask
from ch5.engine import bptt
from ch5.engine.weights import Array
from ch5.experiments import gates_horizon, horizon
from ch5.experiments.record import Experiment
from ch5.networks.gated import LSTM, gate_product

SETTINGS: dict[str, Any] = {
    "task": horizon.SETTINGS["tasks"]["hard"],
    "hidden": {"lstm": gates_horizon.SETTINGS["hidden"]["lstm"], "vanilla": horizon.SETTINGS["hidden"]},
    "budget": horizon.SETTINGS["budget"],
}
MODELS = ("lstm 0", "lstm 1", "lstm 2", "lstm 3", "vanilla")
SEEDS = range(10)
LAGS = range(0, 101, 5)
SEQUENCES = 16


def measure(*, task: Any, hidden: Any, budget: Any, model: str, lag: int, seed: int) -> dict[str, Any]:
    """One run: `model` is "vanilla", or "lstm" and its initial forget bias."""
    if model == "vanilla":
        make = partial(horizon.vanilla, "uniform", hidden["vanilla"])
    else:
        make = partial(gates_horizon.make, model, hidden)
    training, x, targets = horizon.run(make, RecallTask(lag, **task), seed, budget)
    longer, _ = RecallTask(LAGS[-1], **task).batch(np.random.default_rng([seed, 1]), SEQUENCES)
    before = left(training.model.cell, longer, np.random.default_rng([seed, 2]))
    for _ in training:
        pass
    return {
        "accuracy": recall.accuracy(training.model.outputs(x), targets),
        "losses": training.losses[:20],
        "before": before,
        "after": left(training.model.cell, longer, np.random.default_rng([seed, 2])),
    }


def left(cell: Any, x: Array, rng: np.random.Generator) -> dict[str, Any]:
    """What is left of random gradients at the last state of x (T, B, D), LAGS back; in float64."""
    cell = cell.astype(np.float64)
    s, residuals = bptt.unroll(cell, x)
    H = cell.b.shape[-1]
    g = rng.normal(size=(x.shape[1], H)) / np.sqrt(H)
    ds = np.zeros_like(s[-1])
    ds[:, -H:] = g  # at c, or at h where there is no c
    total = contributions.gradient_at_lag(cell, ds, s, residuals)[..., -H:]
    if not isinstance(cell, LSTM):
        return {"along": None, "total": _lengths(total), "gate": None}
    forget = cell.keep(residuals)
    return {"along": _lengths(gate_product(forget) * g), "total": _lengths(total), "gate": np.median(forget)}


def _lengths(gradients: Array) -> Array:
    """log10 of the median length over sequences at LAGS: (T+1, B, H) -> (21,)."""
    return np.log10(np.median(np.linalg.norm(gradients[LAGS], axis=-1), axis=-1))


EXPERIMENT = Experiment(
    "gates_opening",
    measure,
    SETTINGS,
    [{"lag": lag, "model": model, "seed": seed} for lag in (5, 15) for model in MODELS for seed in SEEDS],
)

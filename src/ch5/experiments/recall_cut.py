"""Does recall need the gradient, or only the state? (C22): the same runs, the backward pass cut k steps before the end

Network, initial weights, task, batches and updates are the same for all k; the forward pass is always whole.

    k = 0           only the readout learns: an echo state network
    k = lag         all steps learn but the first, which reads the symbol
    k = lag + 1     the whole gradient
    reset           the control: cut at k = lag, and the state starts from zero there. What comes after the first step
                    says nothing about it, so this must stay at chance.

Names    a result: success, accuracy and updates as in `horizon.train`; fitted: at k = 0 alone, the test accuracy of a
         readout fitted by least squares to the same states, on `fit` batches: what a readout could have learned;
         unshared: at the cuts in PARTS, the accuracy if the steps before the cut kept the cell's initial weights
Read     book/chapters/05_memory.ipynb     Tested   tests/test_recall_cut.py     Source   [Jaeger2001] for k = 0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ch5.data import recall
from ch5.data.recall import RecallTask
from ch5.engine import bptt, linear
from ch5.engine.train import Training
from ch5.engine.weights import Array
from ch5.experiments import horizon, recall_best
from ch5.experiments.record import Experiment
from ch5.networks.sequence import SequenceModel


@dataclass(frozen=True)
class Cut:
    """A sequence model for recall whose backward pass ends k steps before the end, k from 0 to the number of steps.

    With `reset` the forward pass starts there too, from a state of zero.
    """

    model: SequenceModel
    k: int
    reset: bool = False

    def vector(self) -> Array:
        """As the model's."""
        return self.model.vector()

    def with_vector(self, vector: Array) -> Cut:
        """The same cut through a model with these weights."""
        return Cut(self.model.with_vector(vector), self.k, self.reset)

    def outputs(self, x: Array) -> Array:
        """What is read off at the last step: (T, B, D) -> (1, B, V)."""
        return self.model.outputs(*self.after_the_cut(x))[-1:]

    def loss_and_gradient(self, batch: tuple[Array, Array], out: Cut) -> tuple[float, Cut]:
        """The mean loss of a batch (x, targets (1, B)); in `out` the last k steps' gradient."""
        x, s_0 = self.after_the_cut(batch[0])
        loss, gradient = self.model.loss_and_gradient((x, batch[1]), s_0, out.model)
        if self.k == 0:
            for array in gradient.cell.arrays().values():
                array[...] = 0
        return loss, out

    def after_the_cut(self, x: Array) -> tuple[Array, Array | None]:
        """The last k steps (one for k = 0), and the state before them; None for zero."""
        early = len(x) - max(self.k, 1)
        if self.reset or early == 0:
            return x[early:], None
        s, _ = bptt.unroll(self.model.cell, x[:early])
        return x[early:], s[-1]


def fitted(training: Training, x: Array, targets: Array, fit: int) -> float:
    """The accuracy on a test set of a readout fitted by least squares to the last states of the first `fit` batches."""
    model = training.model.model

    def last(x: Array) -> Array:
        h = model.h(bptt.unroll(model.cell, x)[0])[-1].astype(np.float64)
        return np.column_stack([h, np.ones(len(h))])

    V, H = model.readout.W_hy.shape
    A, B = 1e-6 * np.eye(H + 1), np.zeros((H + 1, V))
    for batch in (training.batches[k] for k in range(fit)):
        h = last(batch[0])
        A += h.T @ h
        B += h.T @ linear.one_hot(batch[1][0], V, np.float64)
    return recall.accuracy((last(x) @ np.linalg.solve(A, B))[None], targets)


def unshared(initial: Cut, trained: Cut, x: Array, targets: Array) -> float:
    """The accuracy of trained weights in the last k steps, after steps with the initial weights."""
    return recall.accuracy(trained.model.outputs(*initial.after_the_cut(x))[-1:], targets)


def measure(
    *, tasks: Any, hidden: Any, budget: Any, task: str, lag: int, model: str, rate: float, cut: str, seed: int
) -> dict[str, Any]:
    """One run: `cut` is one of those in `cuts`, or "reset"."""
    k = lag if cut == "reset" else cuts(lag)[cut]

    def make(rng: np.random.Generator, D: int, V: int) -> Cut:
        return Cut(recall_best.make(model, lag, hidden, rng, D, V), k, cut == "reset")

    run = partial(horizon.run, make, RecallTask(lag, **tasks[task]), seed, budget | {"rate": rate})
    training, x, targets = run()
    initial = training.model.with_vector(training.model.vector())
    fit = fitted(training, x, targets, budget["fit"]) if cut == "0" else None
    accuracy = horizon.learn(training, x, targets, budget)
    return {
        "success": accuracy >= budget["needed"],
        "accuracy": accuracy,
        "updates": training.done,
        "fitted": fit,
        "unshared": unshared(initial, training.model, x, targets) if cut in PARTS else None,
    }


def cuts(lag: int) -> dict[str, int]:
    """k by its name."""
    return {"0": 0, "lag/4": lag // 4, "lag/2": lag // 2, "lag-1": lag - 1, "lag": lag, "lag+1": lag + 1}


CUTS = (*cuts(4), "reset")
PARTS = CUTS[1:5]  # of the backward pass: not nothing, not all
SETTINGS: dict[str, Any] = {
    "tasks": horizon.SETTINGS["tasks"],
    "hidden": recall_best.SETTINGS["hidden"],
    "budget": recall_best.SETTINGS["budget"] | {"updates": 500, "fit": 100},
}
SETUPS = {  # task, lag, model and learning rate: seeds for the cuts, seeds for the control
    ("easy", 20, "orthogonal", 0.003): (20, 5),
    ("easy", 50, "orthogonal", 0.003): (20, 5),
    ("middle", 10, "orthogonal", 0.003): (20, 5),
    ("middle", 20, "orthogonal", 0.003): (20, 5),
    ("hard", 10, "orthogonal", 0.003): (20, 5),
    ("middle", 10, "orthogonal", 0.02): (10, 5),
    ("hard", 10, "orthogonal", 0.02): (10, 5),
    ("easy", 20, "gru 3", 0.003): (5, 5),
    ("easy", 50, "gru 3", 0.003): (5, 5),
    ("middle", 10, "gru 3", 0.003): (10, 5),
    ("hard", 10, "gru 3", 0.003): (10, 5),
    ("easy", 20, "gru 3", 0.02): (5, 5),
    ("easy", 50, "gru 3", 0.02): (5, 5),
    ("middle", 10, "gru 3", 0.02): (10, 5),
    ("hard", 10, "gru 3", 0.02): (10, 5),
}
# Of the GRU's readout alone, on the middle task: its untrained states are small.
READOUT_RATES = (0.3, 3.0, 30.0)
EXPERIMENT = Experiment(
    "recall_cut",
    measure,
    SETTINGS,
    [
        {"task": task, "lag": lag, "model": model, "rate": rate, "cut": cut, "seed": seed}
        for (task, lag, model, rate), seeds in SETUPS.items()
        for cut in CUTS
        for seed in range(seeds[cut == "reset"])
    ]
    + [
        {"task": "middle", "lag": 10, "model": "gru 3", "rate": rate, "cut": "0", "seed": seed}
        for rate in READOUT_RATES
        for seed in range(10)
    ],
)

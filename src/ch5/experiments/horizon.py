"""How far back training reaches (C14a): the share of runs that learn to recall, against the lag

A run trains one model from one seed on one task at one lag, on fresh batches, for at most `updates` updates of Adam.
It succeeds if at one of its checks it answers at least `needed` of a held-out test set right. Beside the cell with
four kinds of initial weights stand two controls: always the same answer, and guessing, which draws as many sets of
weights as training makes updates and stops at one that succeeds.

Names    make(rng, width, answers) gives a model with `outputs(x)`, `loss_and_gradient(batch)` and `backward(batch)`,
         such as a `ch5.networks.sequence.SequenceModel`; the horizon is the lag at which half the runs succeed.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_horizon.py     Source   [Wilson1927] for the intervals

The rate is the best of 0.002, 0.003, 0.005 and 0.01 in a pilot on four other seeds, four pairs of task and lag, and
all initial weights: 44, 47, 43 and 44 of 64 runs succeeded. Any other model is measured by giving `train` its `make`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ch5.data import recall
from ch5.data.recall import RecallTask
from ch5.engine import initialise
from ch5.engine.optimise import Adam
from ch5.engine.train import Training
from ch5.engine.weights import Array, as_numbers
from ch5.experiments.record import Experiment
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

Make = Callable[[np.random.Generator, int, int], Any]

SETTINGS: dict[str, Any] = {
    "hidden": 32,
    "tasks": {
        "easy": {"symbols": 2, "distractors": 0.0, "noise": 0.1},  # one loud bit in near silence
        "middle": {"symbols": 4, "distractors": 0.3, "noise": 0.1},
        "hard": {"symbols": 8, "distractors": 1.0, "noise": 0.1},  # all steps alike, but for coming first
    },
    "budget": {
        "updates": 1000,
        "batch": 32,
        "rate": 0.003,
        "clip": 1.0,
        "check": 50,  # updates from one look at the test set to the next
        "test": 256,
        "needed": 0.95,
    },
}
LAGS = {
    "easy": (10, 20, 30, 50, 100, 200, 500),
    "middle": (5, 10, 20, 30, 50, 100, 200),
    "hard": (2, 5, 10, 15, 20, 30, 50),
}
INITIAL: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "uniform": lambda rng, n: initialise.uniform(rng, n, n),
    "gaussian": lambda rng, n: initialise.with_spectral_radius(initialise.gaussian(rng, n), 1),
    "orthogonal": initialise.orthogonal,
    "identity": lambda rng, n: initialise.identity(n),
}
SEEDS = range(20)


@dataclass(frozen=True)
class Fresh:
    """A batch for every update that no other update sees; the k-th is always the same."""

    task: RecallTask
    seed: int
    updates: int
    size: int

    def __len__(self) -> int:
        return self.updates

    def __getitem__(self, k: int) -> tuple[Array, Array]:
        return self.task.batch(np.random.default_rng([self.seed, k]), self.size, np.float32)


def vanilla(initial: str, hidden: int, rng: np.random.Generator, width: int, answers: int) -> SequenceModel:
    """A cell whose W_hh is drawn as `initial` says; the other weights uniform by fan-in, biases zero; float32."""
    W_xh, W_hh = initialise.uniform(rng, hidden, width), INITIAL[initial](rng, hidden)
    cell = VanillaCell(W_xh, W_hh, np.zeros(hidden))
    return SequenceModel(cell, Readout.initialise(rng, answers, hidden)).astype(np.float32)


def run(make: Make, task: RecallTask, seed: int, budget: dict[str, Any]) -> tuple[Training, Array, Array]:
    """A run that is ready to train, and its test set: x and targets."""
    rng = np.random.default_rng(seed)
    model = make(rng, task.width, task.answers)
    batches = Fresh(task, seed, budget["updates"], budget["batch"])
    return Training(model, batches, Adam(budget["rate"]), budget["clip"]), *task.batch(
        rng, budget["test"], np.float32
    )


def train(make: Make, task: RecallTask, seed: int, budget: dict[str, Any]) -> dict[str, Any]:
    """One run: did it succeed, its last accuracy, its updates, its first 20 losses.

    And what `input_gradient_norms` gives before training.
    """
    training, x, targets = run(make, task, seed, budget)
    first, last = input_gradient_norms(training.model, x, targets)
    accuracy = learn(training, x, targets, budget)
    return {
        "success": accuracy >= budget["needed"],
        "accuracy": accuracy,
        "updates": training.done,
        "gradient": {"first": first, "last": last},
        "losses": training.losses[:20],
    }


def learn(training: Training, x: Array, targets: Array, budget: dict[str, Any]) -> float:
    """Train until a check succeeds or no update is left: the accuracy at the last check."""
    accuracy = 0.0
    for update in training:
        if update.number % budget["check"] == 0:
            accuracy = recall.accuracy(training.model.outputs(x), targets)
            if accuracy >= budget["needed"]:
                break
    return accuracy


def input_gradient_norms(model: Any, x: Array, targets: Array) -> tuple[float, float]:
    """The norm of d loss / dx at the first and at the last step, each a mean over the sequences.

    In float64: what is left after 200 steps is often too small for float32 to hold.
    """
    *_, dx = model.astype(np.float64).backward((x, targets))
    first, last = targets.size * np.linalg.norm(dx[[0, -1]], axis=-1).mean(axis=-1)
    return float(first), float(last)


def guess(make: Make, task: RecallTask, seed: int, budget: dict[str, Any]) -> dict[str, Any]:
    """The control that does not learn: all weights of a guess uniform in ±r, log r uniform from log 0.1 to log 10.

    A guess answers one batch, as an update would see; the best so far answers the test set.
    """
    training, x, targets = run(make, task, seed, budget)
    rng, P = np.random.default_rng([seed, 0, 0]), training.model.size
    best = accuracy = 0.0
    for k in range(budget["updates"]):
        theta = 10 ** rng.uniform(-1, 1) * rng.uniform(-1, 1, P)
        model = training.model.with_vector(theta.astype(np.float32))
        batch, answers = training.batches[k]
        share = recall.accuracy(model.outputs(batch), answers)
        if share > best:
            best, accuracy = share, recall.accuracy(model.outputs(x), targets)
            if accuracy >= budget["needed"]:
                break
    return {"success": accuracy >= budget["needed"], "accuracy": accuracy, "updates": k + 1}


def constant(task: RecallTask, seed: int, budget: dict[str, Any]) -> float:
    """The other control: the accuracy of always answering with the symbol that the test set shows most often."""
    _, targets = task.batch(np.random.default_rng(seed), budget["test"])
    return np.bincount(targets[0]).max() / targets.size


def measure(
    *, tasks: Any, hidden: int, budget: Any, task: str, lag: int, model: str, seed: int
) -> dict[str, Any]:
    """One point: `model` is the name of initial weights, or "guess"."""
    make = partial(vanilla, "uniform" if model == "guess" else model, hidden)
    return (guess if model == "guess" else train)(make, RecallTask(lag, **tasks[task]), seed, budget)


EXPERIMENT = Experiment(
    "horizon",
    measure,
    SETTINGS,
    [
        {"task": task, "lag": lag, "model": model, "seed": seed}
        for task, lags in LAGS.items()
        for lag in lags
        for model in (*INITIAL, "guess")
        for seed in SEEDS
    ],
)


def wilson(successes: Any, runs: Any, z: float = 1.96) -> tuple[Array, Array]:
    """The interval of rates p that z standard errors, those of p itself, do not put out of reach: low, high.

    Raises ValueError where successes are not from 0 to runs, runs below 1, or z not above 0.
    """
    n, k = as_numbers("runs", runs, np.float64), as_numbers("successes", successes, np.float64)
    if not ((n >= 1) & (n <= 1e100)).all():
        raise ValueError(f"runs must be at least 1 and at most 1e100, got {runs}")
    if not ((k >= 0) & (k <= n)).all():
        raise ValueError(f"successes must be from 0 to runs, {runs}, got {successes}")
    if not 1e-50 <= z <= 1e50:
        raise ValueError(f"z must be above 0, from 1e-50 to 1e50, got {z}")
    return _end(k / n, z**2 / n), 1 - _end((n - k) / n, z**2 / n)


def _end(rate: Array, share: Array) -> Array:
    """The smaller p with (rate - p)^2 = share p (1 - p): rate^2 over the larger, which is exactly 0 at a rate of 0."""
    return rate**2 / (rate + share / 2 + np.sqrt(share * rate * (1 - rate) + share**2 / 4))


class Horizon(NamedTuple):
    """The lag at which half the runs succeed, and the lags at which the ends of the interval pass one half.

    Infinity says "not reached by the longest lag", 0 "below the shortest".
    """

    lag: float
    low: float
    high: float


def horizon(lags: Any, successes: Any, runs: int) -> Horizon:
    """From the successes out of `runs` at each of the lags, in rising order."""
    low, high = wilson(successes, runs)
    rate = np.asarray(successes) / runs
    return Horizon(*(half(lags, rates) for rates in (rate, low, high)))


def half(lags: Any, rates: Array) -> float:
    """Where the rates first fall below one half, on straight lines between them over log lag."""
    below = np.flatnonzero(np.asarray(rates) < 0.5)
    if len(below) == 0:
        return np.inf
    k = below[0]
    if k == 0:
        return 0.0
    share = (rates[k - 1] - 0.5) / (rates[k - 1] - rates[k])
    return float(lags[k - 1] * (lags[k] / lags[k - 1]) ** share)

"""Training with a merge that lacks one of its sources, on two tasks

    echo     at every step output the symbol of LAG steps before: nothing but the past is asked for
    alice    predict the next character of the opening of *Alice*: the last few characters go a long way

The network trained on *Alice* with both sources is also looked at before and after: the share of each lag in its
gradient, and what truncation does to that gradient.

Names    a merge names the cell and the readout of the backward pass; every run with the same seed has the same initial
         weights and the same batches whatever its merge. Trained in float32.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_ablation.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ch5.analysis import contributions
from ch5.data import text
from ch5.engine import bptt
from ch5.engine.gradcheck import relative_error
from ch5.engine.optimise import Adam
from ch5.engine.train import Shuffled, Training
from ch5.engine.weights import Array
from ch5.experiments.record import Experiment
from ch5.networks import bugs
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

MERGES = {
    "both sources": (VanillaCell, Readout),
    "no future": (bugs.NoFuture, Readout),
    "last output only": (VanillaCell, bugs.LastOutputOnly),
    "neither": (bugs.NoFuture, bugs.NoOutput),
}
TASKS = ("echo", "alice")
EVERY = 10  # updates to a recorded loss
WINDOWS = (2, 4, 8, 16, 32, 64)  # of truncation, in steps
SYMBOLS, STEPS, LAG = 4, 12, 5  # of the echo
CHARACTERS = 30_000  # of Alice to train on
GUESSING = (STEPS - LAG) / STEPS * float(np.log(SYMBOLS))  # the echo's loss if only its first zeros are known


def first_model(merge: str, V: int, H: int, rng: np.random.Generator) -> SequenceModel:
    """Uniform weights by fan-in and zero biases; the backward pass merges as `merge` says."""
    cell, reading = MERGES[merge]
    return SequenceModel(cell.initialise(rng, H, V), reading.initialise(rng, V, H))


def echo(merge: str, seed: int, updates: int = 300) -> Array:
    """The loss before every update (updates,), nats per symbol, on the echo: 32 units, Adam."""
    rng = np.random.default_rng(seed)
    model = first_model(merge, SYMBOLS, 32, rng)
    symbols = rng.integers(0, SYMBOLS, (updates, STEPS + LAG, 32))
    symbols[:, :LAG] = 0  # before the first step there were only zeros
    return _train(model, [(s[LAG:], s[:STEPS]) for s in symbols], 5e-3)[1]


def alice(merge: str, seed: int, epochs: int = 5) -> tuple[SequenceModel, SequenceModel, Array]:
    """The model before and after training, and the loss before every update (58 an epoch), nats per character."""
    rng = np.random.default_rng(seed)
    vocabulary = text.Vocabulary.of(text.alice()[:CHARACTERS])
    windows = text.windows(vocabulary.encode(text.alice()[:CHARACTERS]), 32)
    model = first_model(merge, len(vocabulary), 64, rng)
    return model, *_train(model, Shuffled.epochs(*windows, epochs, 16, rng), 3e-3)


def unseen(steps: int, batch: int) -> tuple[Array, Array]:
    """Inputs and targets (steps, batch) from *Alice*, right after what `alice` trains on."""
    vocabulary = text.Vocabulary.of(text.alice()[:CHARACTERS])
    after = text.alice()[CHARACTERS : CHARACTERS + steps * batch + 1]
    return text.windows(vocabulary.encode(after), steps)


def _train(
    model: SequenceModel, batches: Sequence[Any] | Shuffled, rate: float
) -> tuple[SequenceModel, Array]:
    """The trained model, in the dtype it came in, and the loss before every update."""
    training = Training(model.astype(np.float32), batches, Adam(rate))
    losses = np.array([update.loss for update in training])
    return training.model.astype(model.dtype), losses


def measure(task: str, merge: str, seed: int) -> dict[str, Any]:
    """One run: its first losses, and means over EVERY updates; for both sources on *Alice* also the gradient, by lag
    before and after training, and truncated after it.
    """
    if task == "echo":
        return _curve(echo(merge, seed))
    before, after, losses = alice(merge, seed)
    found = _curve(losses)
    if merge == "both sources":
        batch = unseen(64, 32)
        found |= {"before": by_lag(before, batch), "after": by_lag(after, batch)}
        found["truncated"] = truncation(after, batch)
    return found


def by_lag(model: SequenceModel, batch: tuple[Array, Array]) -> dict[str, Any]:
    """The gradient of W_hh by lag: each lag's share (T,) and its norm (T,) by the whole's; and the norm of W_hh.

    Raises ArithmeticError where the lags do not sum to the gradient.
    """
    given = model.cell, *contributions.at_outputs(model, batch)
    parts = [part.W_hh for part in contributions.by_lag(*given)]
    whole = bptt.backward(*given)[0].W_hh
    if (missing := relative_error(sum(parts), whole)) > 1e-12:
        raise ArithmeticError(f"the lags must sum to the gradient, they miss it by {missing:.1g}")
    return {
        "shares": contributions.shares(parts, whole),
        "sizes": np.linalg.norm(parts, axis=(1, 2)) / np.linalg.norm(whole),
        "norm": np.linalg.norm(model.cell.W_hh, 2),
    }


def truncation(model: SequenceModel, batch: tuple[Array, Array]) -> dict[str, Any]:
    """Cosine and ratio of norms of the truncated gradient of W_hh to the full one, (len(WINDOWS),) each."""
    full = model.loss_and_gradient(batch)[1].cell.W_hh
    found = {}
    for state, carry in (("state carried", True), ("state reset", False)):
        cut = [contributions.truncated(model, batch, n, carry).cell.W_hh for n in WINDOWS]
        norms = np.linalg.norm(cut, axis=(1, 2))
        cosine = np.einsum("nij,ij->n", cut, full) / (norms * np.linalg.norm(full))
        found[state] = {"cosine": cosine, "ratio": norms / np.linalg.norm(full)}
    return found


def _curve(losses: Array) -> dict[str, Any]:
    return {"early_losses": losses[:EVERY], "losses": losses.reshape(-1, EVERY).mean(axis=1)}


EXPERIMENT = Experiment(
    "ablation",
    measure,
    {},
    [
        {"task": task, "merge": merge, "seed": seed}
        for task in TASKS
        for merge in MERGES
        for seed in range(20)
    ],
)

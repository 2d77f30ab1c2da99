"""Training with a merge that lacks one of its sources, on two tasks

    echo     at every step output the symbol of LAG steps before: nothing but the past is asked for
    alice    predict the next character of the opening of *Alice*: the last few characters go a long way

Names    a merge names the cell and the readout of the backward pass; every run with the same seed has the same initial
         weights and the same batches whatever its merge. Trained in float32.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_ablation.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ch5.data import text
from ch5.engine.optimise import Adam
from ch5.engine.train import Shuffled, Training
from ch5.engine.weights import Array
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

"""The original run: a character-level cell of 64 units on the opening of *Alice in Wonderland*.

The settings are those of the chapter that this book grows from [Towell]: the first 30,000 characters in
windows of 32 steps, shuffled every epoch, state zero at the start of each; plain SGD at rate 0.5 on the
gradient of the mean loss; the norm of the gradient *summed* over the 32 steps clipped at 5, which is a
clip of the mean's gradient at 5/32; 15 epochs; uniform weights by fan-in, zero biases.

Read     book/chapters/06_alice.ipynb     Tested   tests/test_original.py
"""

from typing import Any

import numpy as np

from ch5.data import text
from ch5.engine.optimise import SGD
from ch5.engine.train import Shuffled, Training
from ch5.experiments.record import Experiment
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

CHARACTERS, STEPS, HIDDEN, EPOCHS, RATE, CLIP = 30_000, 32, 64, 15, 0.5, 5 / 32

# Nats a character, the mean over the epoch of each window's loss before its own update, by epoch.
PUBLISHED = {
    1: 3.09,
    5: 2.40,
    10: 2.17,
    15: 2.05,
}  # on an edition with 75 distinct characters [Towell]
SAME_TEXT = {
    1: 3.05,
    5: 2.34,
    10: 2.13,
    15: 2.02,
}  # the published code on this book's text, 69 characters


def opening() -> tuple[text.Vocabulary, text.Ids]:
    """The first 30,000 characters as ids (30000,), and their vocabulary."""
    characters = text.alice()[:CHARACTERS]
    vocabulary = text.Vocabulary.of(characters)
    return vocabulary, vocabulary.encode(characters)


def model(V: int, rng: np.random.Generator) -> SequenceModel:
    """The initial weights: uniform in ±1/sqrt(fan-in), zero biases, float32."""
    cell = VanillaCell.initialise(rng, HIDDEN, V)
    return SequenceModel(cell, Readout.initialise(rng, V, HIDDEN)).astype(np.float32)


def original_run(seed: int, clip: float | None = CLIP, epochs: int = EPOCHS) -> Training:
    """The run with the weights and the shuffling of `seed`, ready to be iterated over; clip None takes the clip out."""
    rng = np.random.default_rng(seed)
    vocabulary, ids = opening()
    first = model(len(vocabulary), rng)
    batches = Shuffled.epochs(*text.windows(ids, STEPS), epochs=epochs, batch=1, rng=rng)
    return Training(first, batches, SGD(RATE), clip)


def epoch_means(losses: np.ndarray) -> np.ndarray:
    """The mean loss of each epoch of the run: (updates,) -> (epochs,)."""
    return losses.reshape(-1, (CHARACTERS - 1) // STEPS).mean(axis=1)


def measure(seed: int) -> dict[str, Any]:
    """What the page shows of one run: each epoch's mean loss, the first 20 losses, and how often the clip fired."""
    run = original_run(seed)
    for _ in run:
        pass
    return {
        "epochs": epoch_means(run.losses),
        "first": run.losses[:20],
        "clipped": float((run.norms > CLIP).mean()),
    }


EXPERIMENT = Experiment("original", measure, {}, [{"seed": seed} for seed in range(1, 11)])

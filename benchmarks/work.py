"""The work that every contender is given: initial weights and batches, the same for all, from one seed."""

import numpy as np

from ch5.data import text
from ch5.engine import initialise
from ch5.networks import gated
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

BATCHES = 20  # then the first comes again
CHECKED = 10  # updates whose losses are compared before anything is timed


def ids():
    """The opening of Alice, as in the original run: ids (30000,) and their number, V = 69."""
    characters = text.alice()[:30_000]
    vocabulary = text.Vocabulary.of(characters)
    return vocabulary.encode(characters), len(vocabulary)


def initial_weights(cell, H):
    """A SequenceModel in float32, the cell being vanilla, GRU or LSTM."""
    rng, V = np.random.default_rng(8), ids()[1]
    if cell == "vanilla":
        b = rng.uniform(-0.1, 0.1, H)
        first = VanillaCell(initialise.uniform(rng, H, V), initialise.uniform(rng, H, H), b)
    else:
        first = {"GRU": gated.GRU, "LSTM": gated.LSTM}[cell].initialise(rng, H, V, 1.0)
    return SequenceModel(first, Readout.initialise(rng, V, H)).astype(np.float32)


def batches(T, B):
    """Windows from anywhere in the text: BATCHES pairs of inputs and targets, ids (T, B)."""
    rng, (characters, _) = np.random.default_rng(9), ids()
    starts = rng.integers(len(characters) - T, size=(BATCHES, B))
    windows = characters[starts[:, None, :] + np.arange(T + 1)[:, None]]
    return [(window[:-1].copy(), window[1:].copy()) for window in windows]

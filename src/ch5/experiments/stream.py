"""How the second experiment reads and learns: windows that go on from one another, units that drop out, a falling rate

    h        where a window goes on from the one before, it starts from that one's last state; no gradient goes back
    dropout  each unit is left out of what the readout sees with this chance, and the others are made up for it
    rate     peak (1 + cos(pi k / updates)) / 2 at update k, the first being k = 0

Shapes   starts (updates, B): where the windows of an update begin; a batch is inputs and targets (T, B), and goes_on ()
Names    CHARACTERS are read by an update, whatever the window.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_stream.py
Source   [Srivastava2014] for dropout, [Loshchilov2019] for the decay of weights
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5 import bptt, readout
from ch5.optimise import Adam
from ch5.sequence import SequenceModel
from ch5.text import Ids
from ch5.weights import Array

CHARACTERS = 512


@dataclass(frozen=True)
class Windows:
    """The windows of each update: ids from starts (updates, B) on; goes_on (updates,) where one follows the last."""

    ids: Ids
    length: int
    starts: Array
    goes_on: Array

    @classmethod
    def of(cls, ids: Ids, length: int, epochs: int, carried: bool, rng: np.random.Generator) -> Windows:
        """Every epoch reads the text once from a new offset: in order, in B streams side by side, or shuffled."""
        B = CHARACTERS // length
        steps = (len(ids) - 1 - length) // B // length  # updates an epoch
        starts = np.empty((epochs, steps, B), int)
        for epoch in starts:
            places = np.arange(B * steps) * length
            order = places.reshape(B, steps).T if carried else rng.permutation(places).reshape(steps, B)
            epoch[:] = order + rng.integers(length)
        goes_on = np.tile(carried & (np.arange(steps) > 0), epochs)
        return cls(ids, length, starts.reshape(-1, B), goes_on)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, k: int) -> tuple[Array, Array, Array]:
        at = self.starts[k] + np.arange(self.length)[:, None]
        return self.ids[at], self.ids[at + 1], self.goes_on[k]


class Reader:
    """A SequenceModel in training: it keeps its state from batch to batch, and units drop out before the readout."""

    def __init__(self, model: SequenceModel, dropout: float, rng: np.random.Generator) -> None:
        self.model, self.dropout, self.rng = model, dropout, rng
        self.s: Array | None = None

    def arrays(self) -> dict[str, Array]:
        """The weights by name."""
        return self.model.arrays()

    def vector(self) -> Array:
        """The weights in one vector."""
        return self.model.vector()

    def with_vector(self, vector: Array) -> Reader:
        """A reader whose weights are views into `vector`."""
        return Reader(self.model.with_vector(vector), self.dropout, self.rng)

    def loss_and_gradient(
        self, batch: tuple[Array, Array, Array], out: Reader | None = None
    ) -> tuple[float, SequenceModel]:
        """The mean loss of inputs and targets (T, B), from the last state where the text goes on, and its gradient.

        The gradient is that of the SequenceModel, in the SequenceModel of `out` if that is given.
        """
        gradient = self.model.empty() if out is None else out.model
        inputs, targets, goes_on = batch
        cell, output = self.model
        s, residuals = bptt.unroll(cell, inputs, self.s if goes_on else None)
        self.s = s[-1]
        h = self.model.h(s)
        stays = self.rng.random(h.shape, np.float32) >= self.dropout
        mask = stays / np.float32(1 - self.dropout)
        h = h * mask
        losses, dlogits = readout.cross_entropy(output.logits(h), targets)
        dlogits /= losses.size
        _, dh = output.backward(dlogits, h, gradient.readout)
        bptt.backward(cell, dh * mask, inputs, s, residuals, gradient.cell)
        return losses.mean(), gradient


@dataclass
class Annealed(Adam):
    """Adam whose rate falls from `peak` to zero over `updates`, and whose weights shrink by rate x decay an update."""

    peak: float = 0.001
    updates: int = 1
    decay: float = 0.0

    def update(self, theta: Array, gradient: Array) -> None:
        """Change theta (P,) in place. The gradient (P,) is used up."""
        self.learning_rate = self.peak * (1 + np.cos(np.pi * self._k / self.updates)) / 2
        super().update(theta, gradient)
        if self.decay:
            theta *= theta.dtype.type(1 - self.learning_rate * self.decay)

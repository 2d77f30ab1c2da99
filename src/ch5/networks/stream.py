"""How a long text is read and learnt: windows that go on from one another, units that drop out, a falling rate

    h        where a window goes on from the one before, it starts from that one's last state; no gradient goes back
    dropout  each unit is left out of what the readout sees with this probability, and the others are made up for it
    rate     learning_rate (1 + cos(pi (k - 1) / updates)) / 2 at update k, the first being k = 1

Shapes   starts (updates, B): where the windows of an update begin; a batch is inputs and targets (T, B), and goes_on ()
Names    CHARACTERS are read by an update, whatever the window.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_stream.py
Source   [Srivastava2014] for dropout, [Loshchilov2019] for the decay of weights
"""

from __future__ import annotations

import copy
import json
from dataclasses import InitVar, dataclass

import numpy as np

from ch5.engine import bptt
from ch5.engine.optimise import Adam
from ch5.engine.weights import Array, as_size
from ch5.networks import readout
from ch5.networks.sequence import SequenceModel

CHARACTERS = 512


@dataclass(frozen=True)
class Windows:
    """The windows of each update: ids from starts (updates, B) on; goes_on (updates,) where one follows the last."""

    ids: Array
    length: int
    starts: Array
    goes_on: Array

    @classmethod
    def of(cls, ids: Array, length: int, epochs: int, carried: bool, rng: np.random.Generator) -> Windows:
        """Every epoch reads the text once from a new offset: in order, in B streams side by side, or shuffled."""
        epochs = as_size("epochs", epochs)
        if not 1 <= as_size("length", length) <= CHARACTERS:
            raise ValueError(f"length must be from 1 to {CHARACTERS} characters, got {length}")
        B = CHARACTERS // length
        steps = (len(ids) - 1 - length) // B // length  # updates an epoch
        if steps < 1:
            raise ValueError(f"ids must hold at least {B * length + length + 1} characters, got {len(ids)}")
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


@dataclass
class Reader:
    """A SequenceModel in training: it keeps its state from batch to batch, and units drop out before the readout.

    `rng` is copied, so that what else is drawn from it changes nothing here.
    """

    model: SequenceModel
    dropout: float
    rng: InitVar[np.random.Generator]

    def __post_init__(self, rng: np.random.Generator) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {self.dropout}")
        self._rng = copy.deepcopy(rng)
        self._s: Array | None = None

    def arrays(self) -> dict[str, Array]:
        """The weights by name."""
        return self.model.arrays()

    def vector(self) -> Array:
        """The weights in one vector."""
        return self.model.vector()

    def with_vector(self, vector: Array) -> Reader:
        """A reader whose weights are views into `vector`, at the beginning of a text."""
        return Reader(self.model.with_vector(vector), self.dropout, self._rng)

    def state(self) -> dict[str, Array]:
        """What the next batch depends on: the state s (B, S), empty before the first, and the generator, as JSON."""
        s = np.zeros(0) if self._s is None else self._s.copy()
        return {"s": s, "rng": np.array(json.dumps(self._rng.bit_generator.state))}

    def restore(self, state: dict[str, Array]) -> None:
        """Take up a state that `state` gave, or raise KeyError or ValueError and stay as it was."""
        s, rng, width = state["s"], copy.deepcopy(self._rng), self.model.cell.state_size
        if s.size and (s.shape[1:], s.dtype) != ((width,), self.model.dtype):
            raise ValueError(f"s must be (B, {width}) {self.model.dtype}, got {s.shape} {s.dtype}")
        rng.bit_generator.state = json.loads(str(state["rng"]))
        self._s, self._rng = s.copy() if s.size else None, rng

    def loss_and_gradient(
        self, batch: tuple[Array, Array, Array], out: Reader | None = None
    ) -> tuple[float, SequenceModel]:
        """The mean loss of inputs and targets (T, B), from the last state where the text goes on, and its gradient.

        The gradient is that of the SequenceModel, in the SequenceModel of `out` if that is given.
        """
        gradient = self.model.empty() if out is None else out.model
        inputs, targets, goes_on = batch
        cell, output = self.model
        s, residuals = bptt.unroll(cell, inputs, self._s if goes_on else None)
        self._s = s[-1]
        h = self.model.h(s)
        stays = self._rng.random(h.shape, np.float32) >= self.dropout
        mask = stays / np.float32(1 - self.dropout)
        h = h * mask
        losses, dlogits = readout.cross_entropy(output.logits(h), targets)
        dlogits /= losses.size
        _, dh = output.backward(dlogits, h, gradient.readout)
        bptt.backward(cell, dh * mask, inputs, s, residuals, gradient.cell)
        return losses.mean(), gradient


@dataclass
class Annealed(Adam):
    """Adam whose rate falls from `learning_rate` to zero over `updates`, and whose weights shrink by rate x decay."""

    updates: int = 1
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.updates = as_size("updates", self.updates)
        if not 0 <= self.decay < np.inf:
            raise ValueError(f"decay must be a finite number of at least 0, got {self.decay}")

    def rate(self, k: int) -> float:
        """The rate of update k, the first being k = 1."""
        return self.learning_rate * (1 + np.cos(np.pi * (k - 1) / self.updates)) / 2

    def update(self, theta: Array, gradient: Array) -> None:
        """Change theta (P,) in place. The gradient (P,) is overwritten."""
        super().update(theta, gradient)
        if self.decay:
            theta *= theta.dtype.type(1 - self.rate(self._k) * self.decay)

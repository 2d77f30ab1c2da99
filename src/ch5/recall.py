"""Tasks that ask for something seen long ago, and a model that answers at the last step

    recall    x_1 shows a symbol, `lag` further steps distract; which symbol was it?   chance: 1 in `symbols`
    adding    two of T numbers are marked; what is their sum?     always answering 1 costs 1/6 on average
    copying   ten symbols, T steps of blanks, then say them again    knowing only when costs 10 log 8 / (T + 20)

Shapes   x (T, B, D)   outputs (B, V), read off the state after the last step   targets (B,) ids, or (B, V) numbers
         copying: inputs, targets (T + 20, B) ids, for a `ch5.charlm.CharLM`
Names    dX is dL/dX and has X's shape; the gradient of a Recall is again a Recall. A task's `batch(rng, size)`
         draws x and targets; its `baseline` is the loss or the accuracy of knowing nothing of the past.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_recall.py
Source   [Hochreiter1997] for the first two, [Arjovsky2016] for copying as it is set here
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5 import bptt, linear, readout
from ch5.weights import Array, Weights, as_numbers


@dataclass(frozen=True)
class RecallTask:
    """The first of lag + 1 steps shows one of `symbols` symbols as a one-hot vector; the rest distract.

    A distractor is a random symbol of the same alphabet, `distractors` as loud as the first: 1 makes them alike,
    0 is silence. Every entry of every step carries Gaussian noise of standard deviation `noise`.
    """

    lag: int
    symbols: int = 2
    distractors: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        _at_least("lag", self.lag, 1)
        _at_least("symbols", self.symbols, 2)
        _at_least("distractors", self.distractors, 0)
        _at_least("noise", self.noise, 0)

    @property
    def width(self) -> int:
        """D, the entries of x at a step."""
        return self.symbols

    @property
    def answers(self) -> int:
        """V, the entries of an output."""
        return self.symbols

    @property
    def baseline(self) -> float:
        """The accuracy of a constant answer."""
        return 1 / self.symbols

    def batch(self, rng: np.random.Generator, size: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (lag + 1, size, symbols) and the first symbols (size,)."""
        shown = rng.integers(self.symbols, size=(self.lag + 1, _at_least("size", size, 1)))
        x = linear.one_hot(shown, self.symbols, dtype)
        x[1:] *= self.distractors
        x += self.noise * rng.standard_normal(x.shape, np.float32)
        return x, shown[0]


@dataclass(frozen=True)
class AddingTask:
    """A number from 0 to 1 at each of `steps` steps; one in either half is marked; the target is their sum."""

    steps: int
    width, answers = 2, 1  # the number and its mark; the sum
    baseline = 1 / 6  # the variance of a sum of two numbers uniform from 0 to 1: 1/12 each

    def __post_init__(self) -> None:
        _at_least("steps", self.steps, 2)

    def batch(self, rng: np.random.Generator, size: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (steps, size, 2), numbers and marks, and the sums (size, 1)."""
        T, B = self.steps, np.arange(_at_least("size", size, 1))
        x = np.zeros((T, size, 2), dtype)
        x[..., 0] = rng.random((T, size))
        for low, high in ((0, T // 2), (T // 2, T)):
            x[rng.integers(low, high, size), B, 1] = 1
        return x, (x[..., 0] * x[..., 1]).sum(axis=0)[:, None]


@dataclass(frozen=True)
class CopyTask:
    """Ten of eight symbols (ids 1 to 8), `lag` - 1 blanks (0), a signal (9), ten blanks; say the ten at the end."""

    lag: int
    width, answers = 10, 9  # ids that come in; ids that can be said

    def __post_init__(self) -> None:
        _at_least("lag", self.lag, 1)

    @property
    def baseline(self) -> float:
        """The loss, in nats a step, of who knows when to speak but not what: 10 log 8 / (lag + 20)."""
        return float(10 * np.log(8) / (self.lag + 20))

    def batch(self, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Inputs and targets, both (lag + 20, size) ids."""
        inputs, targets = np.zeros((2, self.lag + 20, _at_least("size", size, 1)), int)
        inputs[:10] = targets[-10:] = rng.integers(1, 9, size=(10, size))
        inputs[-11] = 9
        return inputs, targets


@dataclass(frozen=True)
class Recall(Weights):
    """A recurrent cell, any of `ch5.bptt`, whose state after the last step is read out once.

    Where targets are ids the loss is the cross-entropy in nats, where they are numbers the squared error.
    """

    cell: Any
    readout: readout.Readout

    def outputs(self, x: Any) -> Array:
        """What is read off after the last step: (T, B, D) -> (B, V)."""
        s, _ = bptt.unroll(self.cell, x)
        return self.readout.logits(self._read(s))

    def loss_and_gradient(
        self, batch: tuple[Any, Any], gradient: Recall | None = None
    ) -> tuple[float, Recall]:
        """The mean loss of a batch (x, targets) and its gradient (in `gradient`, if given)."""
        gradient = self.blank() if gradient is None else gradient
        loss, _ = self._backward(batch, gradient)
        return loss, gradient

    def input_gradient(self, batch: tuple[Any, Any]) -> Array:
        """How the mean loss depends on each input: dx (T, B, D)."""
        return self._backward(batch, self.blank())[1]

    def _backward(self, batch: tuple[Any, Any], gradient: Recall) -> tuple[float, Any]:
        x, targets = batch
        s, a = bptt.unroll(self.cell, x)
        losses, doutputs = last_step_loss(self.readout.logits(self._read(s)), targets)
        _, dh = self.readout.backward(doutputs / losses.size, self._read(s), gradient.readout)
        dh_out = np.zeros((len(s) - 1, *dh.shape), s.dtype)
        dh_out[-1] = dh
        _, dx, _ = bptt.backward(self.cell, x, s, a, dh_out, gradient.cell)
        return losses.mean(), dx

    def _read(self, s: Array) -> Array:
        """What the readout sees: the first H entries of the last state."""
        return s[-1, ..., : self.readout.W_hy.shape[1]]


def last_step_loss(outputs: Array, targets: Any) -> tuple[Array, Array]:
    """Each sequence's loss (B,) and its derivative by its outputs (B, V): cross-entropy for ids, squared error else."""
    targets = np.asarray(targets)
    if targets.dtype.kind in "iu":
        return readout.cross_entropy(outputs, targets)
    if targets.shape != outputs.shape:
        raise ValueError(
            f"targets must be ids (B,) or numbers of shape {outputs.shape}, got shape {targets.shape}"
        )
    off = outputs - targets
    return (off**2).sum(axis=-1), 2 * off


def accuracy(outputs: Array, targets: Array) -> float:
    """The share of sequences whose largest output is the right one: (B, V), (B,) ids from 0 to V - 1, B at least 1."""
    outputs = as_numbers("outputs", outputs)
    if outputs.ndim != 2 or outputs.size == 0 or np.isnan(outputs).any():
        raise ValueError(f"outputs must be numbers of shape (B, V), B at least 1, got shape {outputs.shape}")
    targets, (B, V) = np.asarray(targets), outputs.shape
    if targets.dtype.kind not in "iu" or targets.shape != (B,):
        raise ValueError(f"targets must be ids of shape ({B},), got {targets.dtype} {targets.shape}")
    targets = linear.as_input("targets", targets, V, None)
    return float((outputs.argmax(axis=-1) == targets).mean())


def _at_least(name: str, value: Any, least: int) -> Any:
    if not least <= value < np.inf:
        raise ValueError(f"{name} must be a finite number of at least {least}, got {value}")
    return value

"""Tasks that ask for something seen long ago

    recall    x_1 shows a symbol, `lag` further steps distract; which symbol was it?   by chance: 1 in `symbols`
              with the lag drawn for every sequence, silence until it begins
    warped    a few symbols, each shown for a number of steps, the same or a random one; which was the one asked for?
    adding    two of T numbers are marked; what is their sum?     always answering 1 costs 1/6 on average
    copying   ten symbols, T steps of blanks, then say them again    knowing only when costs 10 log 8 / (T + 20)

Shapes   x (T, B, D), targets (1, B) ids or (1, B, V) numbers, asked for at the last step
         copying: inputs, targets (T + 20, B) ids
Names    A task's `batch(rng, size)` draws x and targets, for a `ch5.networks.sequence.SequenceModel`; its `baseline`
         is the loss or the accuracy of knowing nothing of the past.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_recall.py
Source   [Hochreiter1997] for the first and for adding, [Tallec2018] for warping time, [Arjovsky2016] for copying as it
         is set here
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.engine import linear
from ch5.engine.weights import Array, as_numbers, as_size


@dataclass(frozen=True)
class RecallTask:
    """The first of lag + 1 steps shows one of `symbols` symbols as a one-hot vector; the rest distract.

    A distractor is a random symbol of the same alphabet, `distractors` as loud as the first: 1 makes them alike,
    0 is silence. Every entry of every step carries Gaussian noise of standard deviation `noise`.
    With `shortest`, the lag of each sequence is drawn from `shortest` to `lag`: it begins so late that it ends with
    the others, and before it begins x is zero.
    """

    lag: int
    symbols: int = 2
    distractors: float = 0.0
    noise: float = 0.0
    shortest: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lag", as_size("lag", self.lag))
        if self.shortest is not None:
            object.__setattr__(self, "shortest", as_size("shortest", self.shortest, 1, self.lag))
        object.__setattr__(self, "symbols", as_size("symbols", self.symbols, 2))
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
        """x (lag + 1, size, symbols) and the first symbols (1, size), the targets of the last step."""
        shown = rng.integers(self.symbols, size=(self.lag + 1, as_size("size", size)))
        x = linear.one_hot(shown, self.symbols, dtype)
        x[1:] *= self.distractors
        x += self.noise * rng.standard_normal(x.shape, np.float32)
        if self.shortest is None:
            return x, shown[:1]
        start = self.lag - rng.integers(self.shortest, self.lag + 1, size)
        late = np.zeros_like(x)
        for b, at in enumerate(start):
            late[at:, b] = x[: len(x) - at, b]
        return late, shown[:1]


@dataclass(frozen=True)
class WarpedTask:
    """`inputs` symbols one after another, neighbours never the same: which was input number `asked`?

    Each is shown for a number of steps: for `stretch` of them if `even`; else for at least one, such that they fill
    as many steps together and every way to do so is as likely. `asked` counts from 0, or back from -1, the last.
    Every entry of every step carries Gaussian noise of standard deviation `noise`.
    """

    inputs: int
    symbols: int
    stretch: int
    even: bool
    asked: int
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("inputs", 2), ("symbols", 2), ("stretch", 1)):
            object.__setattr__(self, name, as_size(name, getattr(self, name), least))
        object.__setattr__(self, "asked", as_size("asked", self.asked, -self.inputs, self.inputs - 1))
        _at_least("noise", self.noise, 0)

    @property
    def width(self) -> int:
        """D, the entries of x at a step."""
        return self.symbols

    @property
    def answers(self) -> int:
        """V, the entries of an output."""
        return self.symbols

    def batch(self, rng: np.random.Generator, size: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (inputs stretch, size, symbols) and the symbols asked for (1, size), the targets of the last step."""
        size = as_size("size", size)
        ahead = rng.integers(1, self.symbols, (self.inputs, size))  # from one input to the next, never 0
        symbols = np.cumsum(ahead, axis=0) % self.symbols
        T = self.inputs * self.stretch
        number = np.repeat(np.arange(self.inputs), self.stretch)[:, None]  # which input a step shows
        if not self.even:
            number = np.zeros((T, size), int)
            places = rng.random((T - 1, size)).argsort(axis=0).argsort(axis=0)
            number[1:] = np.cumsum(places < self.inputs - 1, axis=0)
        x = linear.one_hot(symbols[number, np.arange(size)], self.symbols, dtype)
        x += self.noise * rng.standard_normal(x.shape, np.float32)
        return x, symbols[self.asked][None]


@dataclass(frozen=True)
class AddingTask:
    """A number from 0 to 1 at each of `steps` steps; one in either half is marked; the target is their sum."""

    steps: int
    width, answers = 2, 1  # the number and its mark; the sum
    baseline = 1 / 6  # the variance of a sum of two numbers uniform from 0 to 1: 1/12 each

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", as_size("steps", self.steps, 2))

    def batch(self, rng: np.random.Generator, size: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """x (steps, size, 2), numbers and marks, and the sums (1, size, 1), the targets of the last step."""
        size = as_size("size", size)
        T, B = self.steps, np.arange(size)
        x = np.zeros((T, size, 2), dtype)
        x[..., 0] = rng.random((T, size))
        for low, high in ((0, T // 2), (T // 2, T)):
            x[rng.integers(low, high, size), B, 1] = 1
        return x, (x[..., 0] * x[..., 1]).sum(axis=0)[None, :, None]


@dataclass(frozen=True)
class CopyTask:
    """Ten of eight symbols (ids 1 to 8), `lag` - 1 blanks (0), a signal (9), ten blanks; say the ten at the end."""

    lag: int
    width, answers = 10, 9  # ids that come in; ids that can be said

    def __post_init__(self) -> None:
        object.__setattr__(self, "lag", as_size("lag", self.lag))

    @property
    def baseline(self) -> float:
        """The loss, in nats per step, of who knows when to speak but not what: 10 log 8 / (lag + 20)."""
        return float(10 * np.log(8) / (self.lag + 20))

    def batch(self, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Inputs and targets, both (lag + 20, size) ids."""
        inputs, targets = np.zeros((2, self.lag + 20, as_size("size", size)), int)
        inputs[:10] = targets[-10:] = rng.integers(1, 9, size=(10, size))
        inputs[-11] = 9
        return inputs, targets


def accuracy(outputs: Array, targets: Array) -> float:
    """What part of the answers, the largest output at each of the last A steps, is right.

    (T, B, V), (A, B) ids from 0 to V - 1 -> from 0 to 1. Raises ValueError for other shapes and ids, and for NaN.
    """
    outputs = as_numbers("outputs", outputs)
    if outputs.ndim != 3 or outputs.size == 0 or np.isnan(outputs).any():
        raise ValueError(
            f"outputs must be numbers of shape (T, B, V), B at least 1, got shape {outputs.shape}"
        )
    targets, (T, B, V) = np.asarray(targets), outputs.shape
    if (
        targets.dtype.kind not in "iu"
        or targets.ndim != 2
        or targets.shape[1] != B
        or not 0 < len(targets) <= T
    ):
        raise ValueError(
            f"targets must be ids of shape (A, {B}), A from 1 to {T}, got {targets.dtype} {targets.shape}"
        )
    targets = linear.as_input("targets", targets, V, None)
    return float((outputs[-len(targets) :].argmax(axis=-1) == targets).mean())


def _at_least(name: str, value: Any, least: int) -> Any:
    if not least <= value < np.inf:
        raise ValueError(f"{name} must be a finite number of at least {least}, got {value}")
    return value

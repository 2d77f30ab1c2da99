"""The sequence model: a cell goes along the input, and one readout predicts from its states

    h_t = cell(x_t, h_{t-1}),    outputs_t = W_hy h_t + b_y,    loss = mean over the last len(targets) steps

A character model has targets at every step, each the next character; a recall task has one, at the last step.

Shapes   x (T, ..., D) or ids (T, ...)   targets (A, ...) ids or (A, ..., V) numbers, for the last A steps
         outputs (T, ..., V)   losses (A, ...), nats for ids   s_0 (..., S)
Names    dX is dL/dX; the gradient of a SequenceModel is again a SequenceModel.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_sequence.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import numpy as np

from ch5.engine import bptt
from ch5.engine.bptt import Cell
from ch5.engine.linear import as_input
from ch5.engine.weights import Array, Weights, holds_ids
from ch5.networks import readout
from ch5.networks.readout import AnyReadout

AnyCell = TypeVar("AnyCell", bound=Cell)


@dataclass(frozen=True)
class SequenceModel(Weights, Generic[AnyCell]):
    """Any cell of `ch5.engine.bptt`, and a readout. Raises ValueError where the two do not fit."""

    cell: AnyCell
    readout: AnyReadout

    def __post_init__(self) -> None:
        reads, width = self.readout.reads, self.cell.state_size
        if reads > width:
            raise ValueError(
                f"readout must read at most the {width} entries of the cell's state, got {reads}"
            )

    def outputs(self, x: Any, s_0: Any = None) -> Array:
        """What is read off every state: (T, ..., D) or ids (T, ...) -> (T, ..., V)."""
        s, _ = bptt.unroll(self.cell, x, s_0)
        return self.readout.logits(self.h(s))

    def losses(self, x: Any, targets: Any, s_0: Any = None) -> tuple[Array, Array]:
        """The loss of every target (A, ...), and the state after the last step (..., S), to be carried on."""
        s, _ = bptt.unroll(self.cell, x, s_0)
        losses, _ = readout.loss(self.readout.logits(self.h(s, targets)), targets)
        return losses, s[-1]

    def loss_and_gradient(
        self, batch: tuple[Any, Any], s_0: Any = None, out: Self | None = None
    ) -> tuple[float, Self]:
        """The mean loss of a batch (x, targets) and its gradient (in `out`, if given)."""
        loss, gradient, _ = self.backward(batch, s_0, out)
        return loss, gradient

    def backward(
        self, batch: tuple[Any, Any], s_0: Any = None, out: Self | None = None
    ) -> tuple[float, Self, Array | None]:
        """The mean loss of a batch (x, targets), its gradient, and dx (as x; None for ids)."""
        x, targets = batch
        gradient = self.empty() if out is None else out
        s, residuals = bptt.unroll(self.cell, x, s_0)
        h = self.h(s, targets)
        losses, doutputs = readout.loss(self.readout.logits(h), targets)
        doutputs /= losses.size
        _, dh = self.readout.backward(doutputs, h, gradient.readout)
        del doutputs  # the backward pass wants its memory
        if len(dh) < len(s) - 1:
            dh = np.concatenate([np.zeros((len(s) - 1 - len(dh), *dh.shape[1:]), dh.dtype), dh])
        _, dx, _ = bptt.backward(self.cell, dh, x, s, residuals, gradient.cell)
        return losses.sum() / losses.size, gradient, dx

    def h(self, s: Array, targets: Any = None) -> Array:
        """What the readout sees of the states s (T+1, ..., S): (T, ..., H), or (A, ..., H) where the A targets stand.

        Raises ValueError for more targets than steps, or none.
        """
        T = len(s) - 1
        A = T if targets is None else len(targets)
        if not 0 < A <= T:
            raise ValueError(f"targets must be for 1 to {T} steps, got {A}")
        return s[T + 1 - A :, ..., : self.readout.reads]


def sample(
    model: SequenceModel, prompt: Any, length: int, temperature: float, rng: np.random.Generator
) -> Array:
    """`length` ids drawn one after another, after reading the ids of `prompt` (T,) from a zero state.

    The probabilities are softmax(logits / temperature): below 1 the likely becomes likelier, above 1 less so,
    and temperature 0 takes the likeliest id every time. One uniform number of `rng` is used an id
    whatever the temperature, so that temperatures can be compared on the same random stream.
    Raises ValueError for an empty prompt, a negative length, a temperature below 0 or not finite.
    """
    if not (np.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature}")
    if length < 0:
        raise ValueError(f"length must be at least 0, got {length}")
    H, V = model.readout.reads, model.readout.gives
    if not holds_ids(prompt) or np.ndim(prompt) != 1 or not len(prompt):
        raise ValueError(f"prompt must be a sequence of at least one id, got {prompt!r:.40}")
    prompt = as_input("prompt", prompt, V, None)
    drives = model.cell.drive(np.arange(V)[:, None])  # what each of the V characters would add
    s = bptt.unroll(model.cell, prompt[:, None])[0][-1]
    drawn = np.empty(length, int)
    for k, u in enumerate(rng.random(length)):
        drawn[k] = _draw(model.readout.logits(s[0, :H]), temperature, u)
        s, _ = model.cell.step(drives[drawn[k]], s)
    return drawn


def _draw(logits: Array, temperature: float, u: float) -> int:
    """The id at which the cumulative probability passes u, for u uniform from 0 to 1."""
    if temperature == 0:
        return int(logits.argmax())
    cumulative = np.exp((logits - logits.max()).astype(float) / temperature).cumsum()
    return int(cumulative.searchsorted(u * cumulative[-1], side="right"))

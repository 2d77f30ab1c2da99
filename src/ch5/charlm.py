"""The character language model: a cell reads ids, a readout predicts the next one

    h_t = cell(x_t, h_{t-1}),    loss_t = -log softmax(W_hy h_t + b_y)[x_{t+1}],    loss = mean of loss_t

Shapes   inputs, targets (T, ...) ids, targets one character ahead   losses (T, ...) nats a character   s_0 (..., S)
Names    dX is dL/dX; the gradient of a CharLM is again a CharLM. The cell is any cell of `ch5.bptt`.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_charlm.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5 import bptt, readout
from ch5.linear import as_input
from ch5.weights import Array, Weights


@dataclass(frozen=True)
class CharLM(Weights):
    """A recurrent cell and a readout. Raises ValueError where the readout does not fit the cell's state."""

    cell: Any
    readout: readout.Readout

    def __post_init__(self) -> None:
        reads, width = self.readout.W_hy.shape[1], self.cell.state_size
        if reads > width:
            raise ValueError(
                f"readout.W_hy must read at most the {width} entries of the cell's state, got {reads}"
            )

    def losses(self, inputs: Any, targets: Any, s_0: Any = None) -> tuple[Array, Array]:
        """Each step's loss (T, ...) and the state after the last step (..., S), to be carried on."""
        s, _ = bptt.unroll(self.cell, inputs, s_0)
        losses, _ = readout.cross_entropy(self.readout.logits(self._h(s)), targets)
        return losses, s[-1]

    def loss_and_gradient(
        self, batch: tuple[Any, Any], s_0: Any = None, gradient: CharLM | None = None
    ) -> tuple[float, CharLM]:
        """The mean loss of a batch (inputs, targets), each (T, ...), and its gradient (in `gradient`, if given)."""
        inputs, targets = batch
        gradient = self.blank() if gradient is None else gradient
        s, a = bptt.unroll(self.cell, inputs, s_0)
        h = self._h(s)
        losses, dlogits = readout.cross_entropy(self.readout.logits(h), targets)
        dlogits /= losses.size
        _, dh_out = self.readout.backward(dlogits, h, gradient.readout)
        del dlogits  # the way back wants its memory
        bptt.backward(self.cell, inputs, s, a, dh_out, gradient.cell)
        return losses.sum() / losses.size, gradient

    def _h(self, s: Array) -> Array:
        """What the readout sees of the states s_1 ... s_T: their first H entries."""
        return s[1:, ..., : self.readout.W_hy.shape[1]]


def sample(model: CharLM, prompt: Any, length: int, temperature: float, rng: np.random.Generator) -> Array:
    """`length` ids drawn one after another, after reading the ids of `prompt` (T,) from a zero state.

    The chances are softmax(logits / temperature): below 1 the likely becomes likelier, above 1 less so,
    and temperature 0 takes the likeliest id every time. One uniform number of `rng` is used an id
    whatever the temperature, so that temperatures can be compared on the same random stream.
    Raises ValueError for an empty prompt, a negative length, a temperature below 0 or not finite.
    """
    if not (np.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature}")
    if length < 0:
        raise ValueError(f"length must be at least 0, got {length}")
    V, H = model.readout.W_hy.shape
    prompt = as_input("prompt", prompt, V, None)
    if prompt.ndim != 1 or prompt.size == 0 or prompt.dtype.kind not in "iu":
        raise ValueError(
            f"prompt must be a sequence of at least one id, got shape {prompt.shape} of {prompt.dtype}"
        )
    W_hy, b_y = model.readout
    drives = model.cell.drive(np.arange(V)[:, None])  # what each of the V characters would add
    s = bptt.unroll(model.cell, prompt[:, None])[0][-1]
    drawn = np.empty(length, int)
    for k, u in enumerate(rng.random(length)):
        drawn[k] = _draw(W_hy.dot(s[0, :H]) + b_y, temperature, u)
        s_prev, s = s, np.empty_like(s)
        model.cell.step(drives[drawn[k]].copy(), s_prev, s)
    return drawn


def _draw(logits: Array, temperature: float, u: float) -> int:
    """The id at which the cumulative chance passes u, for u uniform from 0 to 1."""
    if temperature == 0:
        return int(logits.argmax())
    cumulative = np.exp((logits - logits.max()).astype(float) / temperature).cumsum()
    return int(cumulative.searchsorted(u * cumulative[-1], side="right"))

"""One block of attention in the place of a recurrent cell, for the tasks of `ch5.recall`

    u_t = W_xu x_t + position t      y = attention(u)      output = W_hy y_T + b_y

Shapes   x (T, B, D), or ids (T, B)   u (T, B, H)   outputs (B, V)   targets (B,) ids, or (B, V) numbers
Names    dX is dL/dX and has X's shape; the gradient of a model is again of its type.
Read     book/chapters/08_attention.ipynb     Tested   tests/test_block.py     Source   [Vaswani2017]

Only the last step is asked for, so only its row of the attention is worked out: T products of a pair, not T^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5 import initialise, linear
from ch5.attention import Attention, first_attention, positions
from ch5.initialise import as_size
from ch5.readout import Readout
from ch5.recall import last_step_loss
from ch5.weights import Array, Weights, shape


@dataclass(frozen=True)
class RecallByAttention(Weights):
    """Attention over embedded steps, each marked with its position. Raises ValueError where the parts do not fit."""

    attention: Attention
    readout: Readout
    W_xu: Array = shape("H", "D")  # input to what attention reads

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, W, width in (
            ("attention.W_q", self.attention.W_q, len(self.W_xu)),
            ("readout.W_hy", self.readout.W_hy, len(self.attention.W_v)),
        ):
            if W.shape[1] != width:
                raise ValueError(f"{name} must have {width} columns, got shape {W.shape}")

    def outputs(self, x: Any) -> Array:
        """What is read off at the last step: (T, B, D) -> (B, V)."""
        y, _ = self.attention.forward(self._read(x), 1)
        return self.readout.logits(y[0])

    def loss_and_gradient(
        self, batch: tuple[Any, Any], gradient: RecallByAttention | None = None
    ) -> tuple[float, RecallByAttention]:
        """The mean loss of a batch (x, targets) and its gradient (in `gradient`, if given)."""
        gradient = self.blank() if gradient is None else gradient
        loss, _ = self._backward(batch, gradient)
        return loss, gradient

    def input_gradient(self, batch: tuple[Any, Any]) -> Array:
        """How the mean loss depends on each input: dx (T, B, D)."""
        return self._backward(batch, self.blank())[1]

    def _backward(self, batch: tuple[Any, Any], gradient: RecallByAttention) -> tuple[float, Any]:
        x, targets = np.asarray(batch[0]), batch[1]
        u = self._read(x)
        y, kept = self.attention.forward(u, 1)
        losses, doutputs = last_step_loss(self.readout.logits(y[0]), targets)
        _, dy = self.readout.backward(doutputs / losses.size, y[0], gradient.readout)
        _, du = self.attention.backward(dy[None], u, kept, gradient.attention)
        assert du is not None  # u is no array of ids
        linear.weight_gradient(du, x, self.W_xu.shape[1], gradient.W_xu)
        return losses.mean(), None if x.dtype.kind in "iu" else linear.apply(self.W_xu.T, du)

    def _read(self, x: Any) -> Array:
        """What attention reads: (T, B, D) or ids (T, B) -> (T, B, H)."""
        u = linear.apply(self.W_xu, linear.as_input("x", x, self.W_xu.shape[1], self.dtype))
        return u + self.positions(len(u)).astype(u.dtype)[:, None]

    def positions(self, T: int) -> Array:
        """What is added to each step's embedding to tell it from the others: (T, H)."""
        return positions(T, len(self.W_xu))


class Unplaced(RecallByAttention):
    """The same block without the encoding of positions: it sees what came, and not when."""

    def positions(self, T: int) -> Array:
        """Nothing: (T, H)."""
        return np.zeros((T, len(self.W_xu)))


def first_block(rng: np.random.Generator, H: int, D: int, V: int) -> RecallByAttention:
    """First weights: uniform in ±1/sqrt(fan-in), biases zero. float64."""
    H, D, V = as_size("H", H), as_size("D", D), as_size("V", V)
    return RecallByAttention(
        first_attention(rng, H, H),
        Readout(initialise.uniform(rng, V, H), np.zeros(V)),
        initialise.uniform(rng, H, D),
    )

"""One block of attention in the place of a recurrent cell, for the tasks of `ch5.data.recall`

    u_t = W_xu x_t + position t      y = attention(u)      output = W_hy y_T + b_y

Shapes   x (T, B, D), or ids (T, B)   u (T, B, H)   outputs (1, B, V)   targets (1, B) ids or (1, B, V) numbers
Names    dX is dL/dX and has X's shape; the gradient of a model is again of its type.
Read     book/chapters/10_attention.ipynb     Tested   tests/test_block.py     Source   [Vaswani2017]

Only the last step is asked for, so only its row of the attention is worked out: T products of a pair, not T^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, as_size, shape
from ch5.networks import readout
from ch5.networks.attention import Attention, positions
from ch5.networks.readout import Readout


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

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int, V: int) -> Self:
        """Initial weights uniform in ±1/sqrt(fan-in), biases zero. float64."""
        H, D, V = as_size("H", H), as_size("D", D), as_size("V", V)
        attention, read = Attention.initialise(rng, H, H), Readout.initialise(rng, V, H)
        return cls(attention, read, initialise.uniform(rng, H, D))

    def outputs(self, x: Any) -> Array:
        """What is read off at the last step: (T, B, D) -> (1, B, V)."""
        y, _ = self.attention.forward(self._read(x), 1)
        return self.readout.logits(y)

    def loss_and_gradient(
        self, batch: tuple[Any, Any], out: RecallByAttention | None = None
    ) -> tuple[float, RecallByAttention]:
        """The mean loss of a batch (x, targets) and its gradient (in `out`, if given)."""
        loss, gradient, _ = self.backward(batch, out)
        return loss, gradient

    def backward(
        self, batch: tuple[Any, Any], out: RecallByAttention | None = None
    ) -> tuple[float, RecallByAttention, Array | None]:
        """The mean loss of a batch (x, targets (1, B)), its gradient, and dx (T, B, D), None for ids."""
        x, targets = batch
        gradient = self.empty() if out is None else out
        u = self._read(x)
        y, residuals = self.attention.forward(u, 1)
        losses, doutputs = readout.loss(self.readout.logits(y), targets)
        _, dy = self.readout.backward(doutputs / losses.size, y, gradient.readout)
        _, du = self.attention.backward(dy, u, residuals, gradient.attention)
        assert du is not None  # u is no array of ids
        _, dx = linear.backward(self.W_xu, du, np.asarray(x), gradient.W_xu)
        return losses.mean(), gradient, dx

    def _read(self, x: Any) -> Array:
        """What attention reads: (T, B, D) or ids (T, B) -> (T, B, H)."""
        u = linear.apply(self.W_xu, x)
        return u + self.positions(len(u)).astype(u.dtype)[:, None]

    def positions(self, T: int) -> Array:
        """What is added to each step's embedding to tell it from the others: (T, H)."""
        return positions(T, len(self.W_xu))


class WithoutPositions(RecallByAttention):
    """The same block without the encoding of positions: it sees what came, and not when."""

    def positions(self, T: int) -> Array:
        """Nothing: (T, H)."""
        return np.zeros((T, len(self.W_xu)))

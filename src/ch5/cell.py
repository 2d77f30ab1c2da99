"""The recurrent cell: h_t = tanh(W_xh x_t + W_hh h_{t-1} + b)

Shapes   x (T, ..., D), or ids (T, ...)   h (T+1, ..., H) with h[0] = h_0   W_xh (H, D)   W_hh (H, H)   b (H,)
Names    dX is dL/dX and has X's shape; a gradient of the weights is again a VanillaCell.
         a is the drive W_xh x + b, da its gradient; slope is 1 - h^2, the derivative of tanh.
         `bptt.unroll` has the drives written where the states will stand, so that a is h_1 ... h_T in the end.
Read     book/chapters/01_cell.ipynb     Tested   tests/test_cell.py     Source   [Elman1990]

A cell knows nothing of loops. It says what one step does and what can be done for all steps at once;
`ch5.bptt` walks through time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5 import linear
from ch5.weights import Array, Weights, shape


@dataclass(frozen=True)
class VanillaCell(Weights):
    """The weights of one cell; the same object serves every step."""

    W_xh: Array = shape("H", "D")  # input to hidden
    W_hh: Array = shape("H", "H")  # hidden to hidden
    b: Array = shape("H")

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return len(self.b)

    def drive(self, x: Array, room: Array | None = None) -> Array:
        """What the input adds, for all steps at once, in `room` if that is given.

        (T, ..., D) or ids (T, ...) -> (T, ..., H)
        """
        x = linear.as_input("x", x, self.W_xh.shape[1], self.dtype)
        return linear.apply(self.W_xh, x, self.b, room)

    def step(self, a_t: Array, h_prev: Array, h_t: Array) -> None:
        """One step of the recurrence, written into h_t; a_t is used up: (B, H), (B, H) -> (B, H)."""
        a_t += h_prev.dot(self.W_hh.T)
        np.tanh(a_t, out=h_t)

    def linearise(self, a: Array, h: Array) -> Array:
        """The slope of the tanh at every step, all at once: (T, ..., H), (T+1, ..., H) -> (T, ..., H)."""
        slope = np.square(h[1:], order="C")
        return np.subtract(1, slope, out=slope)

    def step_back(self, dh_t: Array, slope_t: Array) -> None:
        """The gradient through one step, in place: slope_t becomes da_t, dh_t becomes dh_prev; all (B, H)."""
        slope_t *= dh_t
        slope_t.dot(self.W_hh, out=dh_t)

    def contract(self, da: Array, x: Array, h: Array, gradient: VanillaCell) -> Array | None:
        """The shared weights' gradient, a sum over steps written as one product; returns dx (None for ids)."""
        H, D = self.W_xh.shape
        linear.weight_gradient(da, x, D, gradient.W_xh)
        linear.weight_gradient(da, h[:-1], H, gradient.W_hh)
        da.reshape(-1, H).sum(axis=0, out=gradient.b)
        return None if x.dtype.kind in "iu" else linear.apply(self.W_xh.T, da)

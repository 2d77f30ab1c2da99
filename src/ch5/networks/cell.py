"""The recurrent cell: h_t = tanh(W_xh x_t + W_hh h_{t-1} + b)

Shapes   x (T, ..., D), or ids (T, ...)   h (T+1, ..., H) with h[0] = h_0   W_xh (H, D)   W_hh (H, H)   b (H,)
Names    dX is dL/dX and has X's shape; the gradient of the weights is again a VanillaCell.
         a is the drive W_xh x + b (the input projection), da its gradient; slope is 1 - h^2, the derivative of tanh.
Read     book/chapters/01_cell.ipynb     Tested   tests/test_cell.py     Source   [Elman1990]

A cell knows nothing of loops. It says what one step does and what can be done for all steps at once;
`ch5.engine.bptt` goes through time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, shape


@dataclass(frozen=True)
class VanillaCell(Weights):
    """The weights of one cell; the same object serves every step."""

    W_xh: Array = shape("H", "D")  # input to hidden
    W_hh: Array = shape("H", "H")  # hidden to hidden
    b: Array = shape("H")

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int) -> VanillaCell:
        """Initial weights uniform in ±1/sqrt(fan-in), biases zero. float64."""
        return cls(initialise.uniform(rng, H, D), initialise.uniform(rng, H, H), np.zeros(H))

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return len(self.b)

    @property
    def drive_shape(self) -> tuple[int]:
        """One drive a unit."""
        return self.b.shape

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """What the input adds, all steps at once: (T, ..., D) or ids (T, ...) -> (T, ..., H)."""
        return linear.apply(self.W_xh, x, self.b, out)

    def step(self, a_t: Array, h_prev: Array, out: Array | None = None) -> tuple[Array, None]:
        """One step of the recurrence, h_t: (B, H), (B, H) -> (B, H)."""
        return np.tanh(a_t + h_prev.dot(self.W_hh.T), out=out), None

    def linearise(self, h: Array, residuals: Array | None = None) -> Array:
        """The slope of the tanh at every step, all at once: (T+1, ..., H) -> (T, ..., H)."""
        slope = np.square(h[1:], order="C")
        return np.subtract(1, slope, out=slope)

    def step_vjp(self, dh_t: Array, slope_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """The gradient back through one step, da_t and dh_prev: (B, H), (B, H) -> (B, H), (B, H)."""
        da_t = np.multiply(dh_t, slope_t, out=out)
        return da_t, da_t.dot(self.W_hh)

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: VanillaCell | None = None
    ) -> tuple[VanillaCell, Array | None]:
        """The weights' gradient, a sum over steps as one product, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        _, dx = linear.backward(self.W_xh, da, x, gradient.W_xh)
        linear.weight_gradient(da, h[:-1], len(self.b), gradient.W_hh)
        gradient.b[:] = linear.bias_gradient(da)
        return gradient, dx

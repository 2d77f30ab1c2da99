"""The leaky cell: the vanilla cell's new value, of which a fraction is taken up at every step

    n_t = tanh(W_xh x_t + W_hh h_{t-1} + b_n)        h_t = z h_{t-1} + (1 - z) n_t        z = σ(b_z)

Shapes   x (T, ..., D), or ids (T, ...)   h (T+1, ..., H)   W_xh (H, D)   W_hh (H, H)   b (2, H): b_n, b_z
         a (T, 2, ..., H): the drives of n and z   residuals (T, 2, ..., H): the values of n and z
Names    z is what a unit keeps, 1 - z its leak; 1/(1 - z) = 1 + exp(b_z) is its time constant, in steps.
         dX is dL/dX and has X's shape.
Read     book/chapters/08_gates.ipynb     Tested   tests/test_leaky.py     Source   [Tallec2018]

A GRU whose z sees neither input nor state, and whose reset gate stands open: a clock of its own for every unit,
learned, and the same at every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, shape


@dataclass(frozen=True)
class LeakyCell(Weights):
    """The weights of a leaky cell."""

    W_xh: Array = shape("H", "D")  # input to hidden
    W_hh: Array = shape("H", "H")  # hidden to hidden
    b: Array = shape("2", "H")

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int, keep_bias: float = 1.0) -> LeakyCell:
        """Initial weights uniform in ±1/sqrt(fan-in), b_n zero and b_z `keep_bias`. float64."""
        b = np.zeros((2, H))
        b[1] = keep_bias
        return cls(initialise.uniform(rng, H, D), initialise.uniform(rng, H, H), b)

    def slower(self, c: float) -> LeakyCell:
        """The cell whose time constants are c times as long, c at least 1: for inputs that stay c times as long."""
        if not 1 <= c < np.inf:
            raise ValueError(f"c must be a finite number of at least 1, got {c}")
        return replace(self, b=np.stack([self.b[0], np.log(c * (1 + np.exp(self.b[1])) - 1)]))

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return self.b.shape[1]

    @property
    def drive_shape(self) -> tuple[int, int]:
        """Two slots of H."""
        return self.b.shape

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """What input and biases add to both slots: (T, ..., D) or ids (T, ...) -> (T, 2, ..., H)."""
        n = linear.apply(self.W_xh, x, self.b[0])
        return np.stack([n, np.broadcast_to(self.b[1], n.shape)], axis=1, out=out)

    def step(self, a_t: Array, h_prev: Array, out: Array | None = None) -> tuple[Array, Array]:
        """One step, h_t, and the values of n and z: (2, B, H), (B, H) -> (B, H), (2, B, H)."""
        slots = np.stack([np.tanh(a_t[0] + h_prev.dot(self.W_hh.T)), (1 + np.tanh(a_t[1] / 2)) / 2])
        n, z = slots
        return np.add(n, z * (h_prev - n), out=out), slots

    def linearise(self, h: Array, slots: Array) -> Array:
        """The local derivatives of h_t by both drives and by h_{t-1} past them, which is z, at every step:
        (T+1, ..., H), (T, 2, ..., H) -> (T, 3, ..., H)."""
        n, z = slots.swapaxes(0, 1)
        return np.stack([(1 - z) * (1 - n * n), (h[:-1] - n) * z * (1 - z), z], axis=1)

    def step_vjp(self, dh_t: Array, local_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """The gradient back through one step, da_t and dh_prev: (B, H), (3, B, H) -> (2, B, H), (B, H)."""
        da_t = np.multiply(local_t[:2], dh_t, out=out)
        return da_t, da_t[0].dot(self.W_hh) + local_t[2] * dh_t

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: LeakyCell | None = None
    ) -> tuple[LeakyCell, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        dn = da[:, 0]
        _, dx = linear.backward(self.W_xh, dn, x, gradient.W_xh)
        linear.weight_gradient(dn, h[:-1], self.state_size, gradient.W_hh)
        gradient.b[:] = [linear.bias_gradient(da_k) for da_k in da.swapaxes(0, 1)]
        return gradient, dx

"""Injected bugs: cells and readouts whose forward pass is right and whose backward pass has one mistake.

    the merge without one of its sources   NoFuture, LastOutputOnly, NoOutput
    the classic bugs                       NoSlope, Untransposed, Overwritten, LastStateForFirst

`both_ways` gives a cell's gradients by its own backward pass and by the complex step.

Names    dX is dL/dX; a cell with a bug stands wherever a VanillaCell can, a readout with one where a Readout can
Read     book/chapters/deeper_truncation.ipynb     Tested   tests/test_bugs.py
"""

from __future__ import annotations

import numpy as np

from ch5.engine import bptt, gradcheck
from ch5.engine.weights import Array
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout


class NoFuture(VanillaCell):
    """The merge without the future: nothing flows back from the next state."""

    def step_vjp(self, dh_t: Array, slope_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        da_t, dh_prev = super().step_vjp(dh_t, slope_t, out)
        return da_t, 0 * dh_prev


class LastOutputOnly(Readout):
    """The merge without the step's own output, at every step but the last."""

    def backward(self, dlogits: Array, h: Array, out: Readout | None = None) -> tuple[Readout, Array]:
        gradient, dh = super().backward(dlogits, h, out)
        dh[:-1] = 0
        return gradient, dh


class NoOutput(Readout):
    """The merge without the step's own output, at every step."""

    def backward(self, dlogits: Array, h: Array, out: Readout | None = None) -> tuple[Readout, Array]:
        gradient, dh = super().backward(dlogits, h, out)
        return gradient, 0 * dh


class NoSlope(VanillaCell):
    """The slope of the tanh forgotten."""

    def linearise(self, h: Array, residuals: Array | None = None) -> Array:
        return np.ones_like(h[1:])


class Untransposed(VanillaCell):
    """W_hh where its transpose belongs."""

    def step_vjp(self, dh_t: Array, slope_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        da_t, _ = super().step_vjp(dh_t, slope_t, out)
        return da_t, da_t @ self.W_hh.T


class Overwritten(VanillaCell):
    """`=` for `+=`: every step overwrites the gradient, and the one visited last, step 1, remains."""

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: VanillaCell | None = None
    ) -> tuple[VanillaCell, Array | None]:
        _, dx = super().weight_gradients(da, x, h)
        return super().weight_gradients(da[:1], x[:1], h[:2], out)[0], dx


class LastStateForFirst(VanillaCell):
    """h[-1] for h_0: step 1 counted as if it had started from the last state."""

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: VanillaCell | None = None
    ) -> tuple[VanillaCell, Array | None]:
        started = h.copy()
        started[0] = h[-1]
        return super().weight_gradients(da, x, started, out)


def both_ways(cell: VanillaCell, x: Array, h_0: Array, dh_out: Array) -> tuple[list[Array], list[Array]]:
    """The gradients of W_xh, W_hh, b, x and h_0, as the cell has them and by the complex step.

    The loss is sum(dh_out * h) over the outputs: x (T, D), h_0 (H,), dh_out (T, H).
    """
    h, residuals = bptt.unroll(cell, x, h_0)
    gradient, dx, dh_0 = bptt.backward(cell, dh_out, x, h, residuals)
    if dx is None:
        raise TypeError("x must hold vectors (T, D), got ids, which have no derivative")

    def loss(W_xh: Array, W_hh: Array, b: Array, x: Array, h_0: Array) -> np.complexfloating:
        h, _ = bptt.unroll(VanillaCell(W_xh, W_hh, b), x, h_0)
        return (dh_out * h[1:]).sum()

    return [*gradient, dx, dh_0], gradcheck.complex_step(loss, *cell, x, h_0)

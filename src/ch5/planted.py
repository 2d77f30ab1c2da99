"""Planted bugs: cells and readouts whose forward pass is right and whose way back has one mistake.

    the merge without one of its sources   NoFuture, LastOutputOnly, NoOutput
    the classic bugs                       NoSlope, Untransposed, Overwritten, LastStateForFirst

`both_ways` gives a cell's gradients by its own way back and by the complex step.

Names    dX is dL/dX; a planted cell stands wherever a VanillaCell can, a planted readout where a Readout can
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_planted.py
"""

from __future__ import annotations

import numpy as np

from ch5 import bptt, gradcheck
from ch5.cell import VanillaCell
from ch5.readout import Readout
from ch5.weights import Array


class NoFuture(VanillaCell):
    """The merge without the future: nothing flows back from the next state."""

    def step_back(self, dh_t: Array, slope_t: Array) -> None:
        super().step_back(dh_t, slope_t)
        dh_t[:] = 0


class LastOutputOnly(Readout):
    """The merge without the step's own output, at every step but the last."""

    def backward(self, dlogits: Array, h: Array, gradient: Readout | None = None) -> tuple[Readout, Array]:
        gradient, dh = super().backward(dlogits, h, gradient)
        dh[:-1] = 0
        return gradient, dh


class NoOutput(Readout):
    """The merge without the step's own output, at every step."""

    def backward(self, dlogits: Array, h: Array, gradient: Readout | None = None) -> tuple[Readout, Array]:
        gradient, dh = super().backward(dlogits, h, gradient)
        return gradient, 0 * dh


class NoSlope(VanillaCell):
    """The slope of the tanh forgotten."""

    def linearise(self, a: Array, h: Array) -> Array:
        return 1 + 0 * super().linearise(a, h)


class Untransposed(VanillaCell):
    """W_hh where its transpose belongs."""

    def step_back(self, dh_t: Array, slope_t: Array) -> None:
        super().step_back(dh_t, slope_t)
        dh_t[:] = slope_t @ self.W_hh.T


class Overwritten(VanillaCell):
    """`=` for `+=`: every step overwrites the gradient, and the one visited last, step 1, remains."""

    def contract(self, da: Array, x: Array, h: Array, gradient: VanillaCell) -> Array | None:
        dx = super().contract(da, x, h, gradient)
        super().contract(da[:1], x[:1], h[:2], gradient)
        return dx


class LastStateForFirst(VanillaCell):
    """h[-1] for h_0: step 1 counted as if it had started from the last state."""

    def contract(self, da: Array, x: Array, h: Array, gradient: VanillaCell) -> Array | None:
        started = h.copy()
        started[0] = h[-1]
        return super().contract(da, x, started, gradient)


def both_ways(cell: VanillaCell, x: Array, h_0: Array, dh_out: Array) -> tuple[list[Array], list[Array]]:
    """The gradients of W_xh, W_hh, b, x and h_0, as the cell has them and by the complex step.

    The loss is sum(dh_out * h) over the outputs: x (T, D), h_0 (H,), dh_out (T, H).
    """
    h, a = bptt.unroll(cell, x, h_0)
    gradient, dx, dh_0 = bptt.backward(cell, x, h, a, dh_out)
    if dx is None:
        raise TypeError("x must hold vectors (T, D), got ids, which have no derivative")

    def loss(W_xh: Array, W_hh: Array, b: Array, x: Array, h_0: Array) -> np.complexfloating:
        h, _ = bptt.unroll(VanillaCell(W_xh, W_hh, b), x, h_0)
        return (dh_out * h[1:]).sum()

    return [*gradient, dx, dh_0], gradcheck.complex_step(loss, *cell, x, h_0)

"""The scan: a recurrence that is linear in its state, all T steps in ⌈log2 T⌉ rounds

    h_t = f_t h_{t-1} + u_t,   t = 1 ... T
    two steps are one:   (f, u), then (g, v),   is   (g f, g u + v)

Shapes   f, u (T, ..., N); f may lack the axes of the batch      h (T, ..., N), from a state of zeros
Names    f h is taken entry by entry by `times`: real numbers, or pairs of real numbers that stand for complex ones.
         A round joins every step to the steps d earlier that are joined already, d = 1, 2, 4, ...: one operation
         on all steps at once, which could be made side by side.
Read     book/chapters/11_linear.ipynb     Tested   tests/test_scan.py     Source   [Blelloch1990], [Martin2018]

`bptt` goes through the same steps one after another, with one product per step. Here nearly every step has two in
every round, one of factors and one with the state, and the steps need not wait for one another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ch5.engine.bptt import Cell, read
from ch5.engine.weights import Array, as_numbers

Times = Callable[[Array, Array], Array]
Step = tuple[Array, Array]  # f and u of h -> f h + u


class LinearCell(Cell, Protocol):
    """A cell of `ch5.engine.bptt` that is linear in its state: h_t = factor_t h_{t-1} + added_t."""

    def factors(self, a: Array, /) -> Step:
        """What multiplies the state at every step, and what is added to it: (T, ..., A) -> (T, ..., S) both."""

    def times(self, f: Array, h: Array, /) -> Array:
        """The product f h, entry by entry: (..., S), (..., S) -> (..., S)."""

    def adjoint(self, f: Array, /) -> Array:
        """What takes a gradient back where f takes a state on: (..., S) -> (..., S)."""


def rounds(T: int) -> int:
    """The sequential operations of a scan over T steps: ⌈log2 T⌉."""
    return (T - 1).bit_length()


def combine(first: Step, then: Step, times: Times) -> Step:
    """One step that does what two do: h -> f h + u, then h -> g h + v."""
    (f, u), (g, v) = first, then
    return times(g, f), times(g, u) + v


def scan(f: Array, u: Array, times: Times = np.multiply) -> Array:
    """h_1 ... h_T from h_0 = 0: (T, ..., N), (T, ..., N) -> (T, ..., N)."""
    for k in range(rounds(len(u))):
        d = 2**k
        f_joined, u_joined = combine((f[:-d], u[:-d]), (f[d:], u[d:]), times)
        f, u = np.concatenate([f[:d], f_joined]), np.concatenate([u[:d], u_joined])
    return u


def unroll(cell: LinearCell, x: Any, s_0: Any = None) -> Array:
    """The states s (T+1, ..., S) of `bptt.unroll`, to rounding, by a scan. x as there.

    Raises ValueError where s_0 (..., S) does not go with x, and what the cell's `drive` raises.
    """
    f, u = cell.factors(cell.drive(x))
    s_0 = np.zeros_like(u[0]) if s_0 is None else as_numbers("s_0", s_0, u.dtype)
    if s_0.shape != u.shape[1:]:
        raise ValueError(f"s_0 must have shape {u.shape[1:]} to go with x, got {s_0.shape}")
    first = u[:1] + cell.times(f[:1], s_0)
    return np.concatenate([s_0[None], scan(f, np.concatenate([first, u[1:]]), cell.times)])


def backward(
    cell: LinearCell, ds_out: Any, x: Any, s: Array, out: Any = None
) -> tuple[Any, Array | None, Array]:
    """The gradients of `bptt.backward`, to rounding, by the same scan run from the end: ds_out (T, ..., S).

    Returns the weights' gradient (in `out`, if given), dx (None for ids) and ds_0 (..., S).
    """
    x, ds_out = read(x, s), as_numbers("ds_out", ds_out, s.dtype)
    if ds_out.shape != s[1:].shape:
        raise ValueError(f"ds_out must have shape {s[1:].shape}, got {ds_out.shape}")
    a = cell.drive(x)
    f = cell.adjoint(cell.factors(a)[0])
    # From the end, step t is reached from step t + 1, and so by the factor of that one; nothing comes before T.
    ds = scan(np.concatenate([f[:1], f[:0:-1]]), ds_out[::-1], cell.times)[::-1]
    _, residuals = cell.step(a, s[:-1])
    da, ds_prev = cell.step_vjp(
        ds, cell.linearise(s, np.empty((len(x), 0)) if residuals is None else residuals)
    )
    gradient, dx = cell.weight_gradients(da, x, s, out)
    return gradient, dx, ds_prev[0]

"""Backpropagation through time, for any cell.

    forward     s_t = step(a_t, s_{t-1}),  t = 1 ... T
    backward    ds_t = dh_out_t (this step's output) + ds from step t + 1 (the future),  t = T ... 1

Shapes   x (T, ..., D) or ids (T, ...); x[t-1] is x_t, and so for a, da and dh_out   s (T+1, ..., S); s[t] is s_t
         a (T, ..., H), or (T, G, ..., H) for a cell with G slots, each of them an array (..., H) of its own
Names    s is the state: h for the vanilla cell, h and c side by side for the LSTM. The first H entries are
         what a step puts out. dX is dL/dX and has X's shape.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_bptt.py     Source   [Werbos1990]

Drive, recur, contract: what the input adds is one product over all steps, the recurrence goes step by
step, and the shared weights' gradient is one product over all steps again (one a slot, where there are slots).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np

from ch5.weights import Array, as_numbers

Gradient = TypeVar("Gradient")


class Cell(Protocol[Gradient]):
    """What `unroll` and `backward` need to know of a cell. S is the width of its state, B the number of sequences."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def state_size(self) -> int: ...
    def blank(self) -> Gradient:
        """A place for the weights' gradient; `ch5.weights` has it."""

    def by_columns(self) -> Cell[Gradient]:
        """The same cell with its matrices in memory column after column; `ch5.weights` has it."""

    def drive(self, x: Array, room: Array | None = None, /) -> Array:
        """What the input adds at every step, all steps at once: (T, ..., D) or ids (T, ...) -> a.

        `room` (T, ..., S) is where the states will stand; a may be written there.
        """

    def step(self, a_t: Array, s_prev: Array, s_t: Array, /) -> None:
        """Write s_t (B, S); a_t (B, H) or (G, B, H) is used up: what the way back needs of it may stand there."""

    def linearise(self, a: Array, s: Array, /) -> Array:
        """The local derivatives at every step, all steps at once: a new array, with slots or without."""

    def step_back(self, ds_t: Array, slope_t: Array, /) -> None:
        """In place: slope_t becomes da_t (in its first slots, if it has some), and ds_t becomes ds_prev (B, S)."""

    def contract(self, da: Array, x: Array, s: Array, gradient: Gradient, /) -> Array | None:
        """Write the weights' gradient, summed over steps and batch; return dx (None where x holds ids).

        da is what `step_back` has made of the local derivatives, slots behind da_t included.
        """


def unroll(cell: Cell[Any], x: Any, s_0: Any = None) -> tuple[Array, Array]:
    """Run the cell along x from state s_0 (zeros by default): (T, ..., D), (..., S) -> s (T+1, ..., S), a.

    a is what the cell's own way back needs beside the states; it may share their memory.
    Raises ValueError or TypeError for shapes and dtypes that do not fit, ids out of range, T = 0.
    """
    x = np.asarray(x)
    ids = x.dtype.kind in "iu"
    x = x if ids else as_numbers("x", x, cell.dtype)
    if x.ndim < (1 if ids else 2) or len(x) == 0:
        raise ValueError(f"x must have at least one step on its first axis, got shape {x.shape}")
    batch = x.shape[1:] if ids else x.shape[1:-1]
    s = np.empty((len(x) + 1, *batch, cell.state_size), cell.dtype)
    a = cell.drive(x, s[1:])
    s_0 = np.zeros_like(s[0]) if s_0 is None else as_numbers("s_0", s_0, s.dtype)
    if s_0.shape != s.shape[1:]:
        raise ValueError(
            f"s_0 must have shape {s.shape[1:]} to go with x of shape {x.shape}, got {s_0.shape}"
        )
    s[0] = s_0
    states = flat(s, len(batch))
    if states.shape[1] > 1:
        cell = cell.by_columns()  # the product h W_hh^T, for several sequences, is then twice as fast
    for a_t, s_prev, s_t in zip(flat(a, len(batch)), states[:-1], states[1:], strict=True):
        cell.step(a_t, s_prev, s_t)
    return s, a


def backward(
    cell: Cell[Gradient], x: Any, s: Array, a: Array, dh_out: Any, gradient: Gradient | None = None
) -> tuple[Gradient, Array | None, Array]:
    """The gradients of a loss that gives dh_out (T, ..., H) at the outputs; s, a as `unroll` gave.

    Returns the weights' gradient (of the cell's type; `gradient`, if that is given, overwritten), dx (as x; None
    for ids) and ds_0 (..., S).
    """
    da, ds_0 = walk_back(cell, s, a, dh_out)
    x = np.asarray(x)
    gradient = cell.blank() if gradient is None else gradient
    dx = cell.contract(da, x if x.dtype.kind in "iu" else as_numbers("x", x, s.dtype), s, gradient)
    return gradient, dx, ds_0


def walk_back(cell: Cell[Any], s: Array, a: Array, dh_out: Any) -> tuple[Array, Array]:
    """From the last step to the first: da, like a or with more slots behind, and ds_0 (..., S).

    Raises ValueError where dh_out does not fit the steps and batch of s.
    """
    dh_out = as_numbers("dh_out", dh_out, s.dtype)
    steps = (len(s) - 1, *s.shape[1:-1])
    if dh_out.shape[:-1] != steps or not 0 < dh_out.shape[-1] <= s.shape[-1]:
        wanted = f"{steps} + (H,), H at most {s.shape[-1]}"
        raise ValueError(f"dh_out must have shape {wanted}, got {dh_out.shape}")
    slope, axes = cell.linearise(a, s), s.ndim - 2
    ds = np.zeros_like(flat(s, axes)[0])
    dh = ds[:, : dh_out.shape[-1]]  # a view of what the outputs act on
    latest_first = zip(flat(dh_out, axes)[::-1], flat(slope, axes)[::-1], strict=True)
    for dh_out_t, slope_t in latest_first:
        dh += dh_out_t  # the merge: this step's output + the future
        cell.step_back(ds, slope_t)  # slope_t becomes da_t, ds goes one step back
    return slope, ds.reshape(s.shape[1:])


def flat(array: Array, axes: int) -> Array:
    """The `axes` axes of the batch, which stand before the last one, as one: a view where the array allows."""
    return array.reshape(*array.shape[: array.ndim - axes - 1], -1, array.shape[-1])

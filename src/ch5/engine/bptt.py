"""Backpropagation through time, for any cell.

    forward     s_t = step(a_t, s_{t-1}),  t = 1 ... T
    backward    ds_t = dh_out_t (this step's output) + ds from step t + 1 (the future),  t = T ... 1

Shapes   x (T, ..., D) or ids (T, ...); x[t-1] is x_t, and so for a, residuals, da and dh_out
         s (T+1, ..., S); s[t] is s_t      a, da (T, ..., A), or (T, G, ..., A) for a cell with G slots, each of
         them an array (T, ..., A) of its own in memory      residuals likewise, empty where the states say it all
Names    s is the state: h for the vanilla cell, h and c side by side for the LSTM. The first H entries are
         what a step outputs. a is the drive, in other books the input projection. dX is dL/dX and has X's shape.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_bptt.py     Source   [Werbos1990]

Drive, recur, contract: what the input adds is one product over all steps, the recurrence goes step by
step, and the shared weights' gradient is one product over all steps again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np

from ch5.engine.weights import Array, as_numbers, holds_ids

BLOCK = 3 * 2**14  # entries of the states that are linearised together: many for a call, few for the cache


class Cell(Protocol):
    """What `unroll` and `backward` need to know of a cell; `ch5.engine.weights` has the first six.

    No method changes what it is given: a result goes to `out`, where that is passed, or is a new array.
    The shapes here are those of a cell without slots; B sequences stand side by side in a step.
    """

    @property
    def dtype(self) -> np.dtype[Any]: ...
    def arrays(self) -> dict[str, Array]: ...
    def vector(self) -> Array: ...
    def with_vector(self, vector: Array, /) -> Self: ...
    def empty(self) -> Self: ...
    def column_major(self) -> Self: ...

    @property
    def state_size(self) -> int:
        """S."""

    @property
    def drive_shape(self) -> tuple[int, ...]:
        """(A,), or (G, A) for a cell with slots."""

    def drive(self, x: Array, /, out: Array | None = None) -> Array:
        """What the input adds at every step, all steps at once: (T, ..., D) or ids (T, ...) -> (T, ..., A).

        `unroll` lends `out`; the residuals may be written over what stands there.
        """

    def step(self, a_t: Array, s_prev: Array, /, out: Array | None = None) -> tuple[Array, Array | None]:
        """One step, and what the backward pass needs of it beside the states: (B, A), (B, S) -> (B, S), (B, R)."""

    def linearise(self, s: Array, residuals: Array, /) -> Array:
        """The local derivatives at every step, all at once: (T+1, ..., S), (T, ..., R) -> (T, ..., L)."""

    def step_vjp(self, ds_t: Array, local_t: Array, /, out: Array | None = None) -> tuple[Array, Array]:
        """The gradient back through one step, da_t and ds_prev: (B, S), (B, L) -> (B, A), (B, S)."""

    def weight_gradients(
        self, da: Array, x: Array, s: Array, /, out: Self | None = None
    ) -> tuple[Self, Array | None]:
        """The weights' gradient, summed over steps and batch, and dx (None where x holds ids)."""


def unroll(cell: Cell, x: Any, s_0: Any = None) -> tuple[Array, Array]:
    """Run the cell along x from state s_0 (zeros by default): (T, ..., D), (..., S) -> s (T+1, ..., S), residuals.

    The residuals are what the cell's backward pass needs beside the states.
    Raises ValueError or TypeError for shapes and dtypes that do not fit, ids out of range, T = 0.
    """
    x, (T, *batch) = _sequence(x, cell.dtype)
    *slots, A = cell.drive_shape
    place = _all_steps(T, slots, (*batch, A), cell.dtype)
    a = cell.drive(x, out=place)
    if a.shape != (T, *slots, *batch, A):
        raise ValueError(f"{_of(cell)}.drive must give shape {(T, *slots, *batch, A)}, got {a.shape}")
    drives = flat(a, len(batch))
    if a is not place:
        drives = _given(drives)  # the cell's own array stays as it is
    del place
    s = np.empty((T + 1, *batch, cell.state_size), cell.dtype)
    if s_0 is not None:
        s_0 = as_numbers("s_0", s_0, s.dtype)
        if s_0.shape != s.shape[1:]:
            raise ValueError(
                f"s_0 must have shape {s.shape[1:]} to go with x of shape {x.shape}, got {s_0.shape}"
            )
    s[0] = 0 if s_0 is None else s_0
    try:
        residuals = recur(cell, drives, flat(s, len(batch)))
    except ValueError as error:
        raise _named(error, cell) from error
    return s, residuals.reshape(*residuals.shape[:-2], *batch, residuals.shape[-1])


def recur(cell: Cell, a: Array, s: Array) -> Array:
    """From the first step to the last: write s_1 ... s_T behind s_0, return the residuals.

    (T, B, A), (T+1, B, S) -> (T, B, R). Where a may be written to, residuals of its shape take its place.
    """
    # The product h W_hh^T is faster so, for several sequences.
    step = (cell.column_major() if s.shape[1] > 1 else cell).step
    drives, states, residuals = _given(a), _given(s), None
    for t in range(len(a)):
        s_t = s[t + 1]
        new, residual_t = step(drives[t], states[t], out=s_t)
        if new is not s_t:
            _store(cell, "step", new, s_t)
        if residual_t is not None:
            if residuals is None:
                *slots, B, R = residual_t.shape
                fit = a.flags.writeable and (a.dtype, a[t].shape) == (s.dtype, residual_t.shape)
                residuals = a if fit else _all_steps(len(a), slots, (B, R), s.dtype)
            residuals[t] = residual_t  # a copy: the cell may use its array again
    return np.empty((*s[1:].shape[:2], 0), s.dtype) if residuals is None else residuals


def backward(
    cell: Cell, dh_out: Any, x: Any, s: Array, residuals: Array, out: Any = None
) -> tuple[Any, Array | None, Array]:
    """The gradients of a loss that gives dh_out (T, ..., H) at the outputs; s and residuals as `unroll` gave them.

    Returns the weights' gradient (of the cell's type; in `out`, if that is given), dx (as x; None for ids) and
    ds_0 (..., S). Raises ValueError where x, dh_out and s do not hold the same steps and sequences.
    """
    x = read(x, s)
    try:
        da, ds_0 = recur_backward(cell, dh_out, s, residuals)
    except ValueError as error:
        raise _named(error, cell) from error
    gradient, dx = cell.weight_gradients(da, x, s, out=out)
    if out is not None and gradient is not out:
        for place, array in zip(out.arrays().values(), gradient.arrays().values(), strict=True):
            place[...] = array
        gradient = out
    return gradient, dx, ds_0


def read(x: Any, s: Array) -> Array:
    """x as `unroll` read it; raises ValueError where it does not hold the steps and sequences of s (T+1, ..., S)."""
    x, steps = _sequence(x, s.dtype)
    if steps != (len(s) - 1, *s.shape[1:-1]):
        raise ValueError(
            f"x must hold the {(len(s) - 1, *s.shape[1:-1])} steps and sequences of s, got {steps}"
        )
    return x


def recur_backward(cell: Cell, dh_out: Any, s: Array, residuals: Array) -> tuple[Array, Array]:
    """From the last step to the first: da, like the drive, and ds_0 (..., S)."""
    axes, (*slots, A) = s.ndim - 2, cell.drive_shape
    ds_out, ds = flat(_at_states(dh_out, s), axes), np.zeros(flat(s[0], axes).shape, s.dtype)
    da = _all_steps(len(s) - 1, slots, (*s.shape[1:-1], A), s.dtype)
    das = flat(da, axes)
    if len(residuals) != len(s) - 1:
        raise ValueError(f"residuals must hold the {len(s) - 1} steps of s, got {len(residuals)}")
    n = max(1, BLOCK // s[0].size)
    for stop in range(len(da), 0, -n):
        start = max(0, stop - n)
        local = cell.linearise(_given(s[start : stop + 1]), _given(residuals[start:stop]))
        local = _given(flat(local, axes))
        if len(local) != stop - start:
            raise ValueError(f"{_of(cell)}.linearise must give {stop - start} steps, got {len(local)}")
        for t in reversed(range(start, stop)):
            da_t = das[t]
            ds = ds_out[t] + ds  # the merge: this step's output + the future
            new, ds = cell.step_vjp(ds, local[t - start], out=da_t)
            if new is not da_t:
                _store(cell, "step_vjp", new, da_t)
    return da, ds.reshape(s.shape[1:])


def flat(array: Array, axes: int) -> Array:
    """The `axes` axes of the batch, which stand before the last one, as one: a view where the array allows."""
    if axes == 1:
        return array
    return array.reshape(*array.shape[: array.ndim - axes - 1], -1, array.shape[-1])


def _all_steps(T: int, slots: Sequence[int], shape: tuple[int, ...], dtype: Any) -> Array:
    """An empty array (T, *shape), or (T, G, *shape) with slots that are arrays of their own in memory."""
    if not slots:
        return np.empty((T, *shape), dtype)
    return np.empty((*slots, T, *shape), dtype).swapaxes(0, 1)


def _at_states(dh_out: Any, s: Array) -> Array:
    """dh_out (T, ..., H) as a gradient at the whole states, zero beyond the outputs: (T, ..., S)."""
    dh_out = as_numbers("dh_out", dh_out, s.dtype)
    steps, H, S = (len(s) - 1, *s.shape[1:-1]), dh_out.shape[-1] if dh_out.ndim else 0, s.shape[-1]
    if dh_out.shape[:-1] != steps or not 0 < H <= S:
        raise ValueError(f"dh_out must have shape {steps} + (H,), H at most {S}, got {dh_out.shape}")
    if H == S:
        return dh_out
    ds_out = np.zeros((*steps, S), s.dtype)
    ds_out[..., :H] = dh_out
    return ds_out


def _sequence(x: Any, dtype: Any) -> tuple[Array, tuple[int, ...]]:
    """x as an array, and its steps and batch: (T, ..., D) or ids (T, ...) -> (T, ...)."""
    ids = holds_ids(x) and not isinstance(x, np.ma.MaskedArray)
    x = np.asarray(x) if ids else as_numbers("x", x, dtype)
    steps = x.shape if ids else x.shape[:-1]
    if not steps or 0 in steps:
        raise ValueError(
            "x must hold ids (T, ...) or vectors (T, ..., D), with at least one step on its first axis "
            f"and one sequence, got {x.dtype} of shape {x.shape}"
        )
    return x, steps


def _given(array: Array) -> Array:
    """A view that cannot be written to: what a cell is given is not the cell's to change."""
    view = array.view()
    view.setflags(write=False)
    return view


def _store(cell: Cell, method: str, new: Any, place: Array) -> None:
    """Copy what a cell returned instead of writing it to `out`."""
    if np.shape(new) != place.shape:
        raise ValueError(f"{_of(cell)}.{method} must give shape {place.shape}, got {np.shape(new)}")
    place[...] = new


def _named(error: ValueError, cell: Cell) -> ValueError:
    """The same error, or a better one where a cell wrote to what it was given."""
    if "read-only" not in str(error):
        return error
    return ValueError(
        f"{_of(cell)} writes to an array that it was given; a result goes to `out`, or is a new array"
    )


def _of(cell: Any) -> str:
    return type(cell).__name__

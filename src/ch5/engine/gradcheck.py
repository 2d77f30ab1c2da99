"""Derivatives by number, to check the ones by hand

    complex step          f'(x) = Im f(x + i e) / e           no difference is taken, so nothing cancels
    central difference    f'(x) = (f(x + e) - f(x - e)) / 2e   for functions that refuse complex numbers
    relative error        norm(analytic - numeric) / norm(numeric), array by array
    check_cell            every gradient of a cell beside the complex step, as a table

Names    f takes arrays and returns one number, real for real arrays; for the complex step it must be analytic
         (no abs, no norm, no conjugate, no .real), which tanh, exp, log and products are.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_gradcheck.py     Source   [SquireTrapp1998]

The relative error has no floor: dividing by max(1, norm) would pass any small gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ch5.engine import bptt
from ch5.engine.weights import Array, as_numbers, holds_ids

Function = Callable[..., Any]


def complex_step(f: Function, *arrays: Any, step: float = 1e-30) -> list[Array]:
    """df/dX for each array X of `arrays`, entry by entry, exact up to rounding. One call of f an entry.

    Raises ValueError where f drops the imaginary part on its way: along one direction of each array, differences
    then find a slope that this does not.
    """
    derivatives, points = _by_entry(f, arrays, lambda nudged: nudged(1j * step).imag / step, complex, step)
    if points and (value := _number(f, points)).imag != 0:
        raise ValueError(f"f must be a real number at real arrays, got {value}")
    for i, derivative in enumerate(derivatives):
        _check_imaginary_part(f, points, i, derivative)
    return derivatives


def central_difference(f: Function, *arrays: Any, step: float = 1e-6) -> list[Array]:
    """df/dX for each array X of `arrays`, entry by entry, to about 1e-9. Two calls of f an entry.

    An entry larger than 1 is nudged by `step` times itself, for less would be lost beside it.
    """
    return _by_entry(f, arrays, lambda nudged: (nudged(step) - nudged(-step)) / (2 * step), float, step)[0]


def relative_error(analytic: Any, numeric: Any) -> float:
    """norm(analytic - numeric) / norm(numeric); 0 where both are zero, infinite where only `numeric` is.

    The same for both times any factor: no square leaves the floating-point numbers. Both must be finite.
    """
    a, b = _finite("analytic", analytic), _finite("numeric", numeric)
    if a.shape != b.shape:
        raise ValueError(f"analytic must have numeric's shape {b.shape}, got {a.shape}")
    a, b = (np.stack([x.real, x.imag]).astype(np.float64) for x in (a, b))
    _, exponent = np.frexp(np.abs([a, b]).max(initial=0))
    with np.errstate(under="ignore"):  # what is lost beside the largest entry does not count
        off, size = (_norm(np.ldexp(a, -exponent) - np.ldexp(b, -exponent)), _norm(np.ldexp(b, -exponent)))
    return off / size if size else (np.inf if off else 0.0)


class Row(NamedTuple):
    """An array of the cell, or x or s_0: its shape, its gradient's norm, and the largest relative error found."""

    array: str
    shape: tuple[int, ...]
    norm: float
    error: float


class CellCheck(tuple[Row, ...]):
    """What `check_cell` found, a row an array; it prints as a table."""

    def __repr__(self) -> str:
        lines = [f"{'array':8}{'shape':14}{'gradient':>10}{'relative error':>17}"]
        lines += [f"{name:8}{size!s:14}{norm:10.3g}{error:17.1e}" for name, size, norm, error in self]
        return "\n".join(lines)


def check_cell(
    cell: bptt.Cell,
    x: Any,
    batches: Sequence[tuple[int, ...]] = ((), (3,), (2, 3)),
    seed: int = 0,
    tolerance: float = 1e-12,
) -> CellCheck:
    """Every gradient of a cell beside the complex step: each of its arrays, s_0, and x where it holds vectors.

    x (T, D) or ids (T,) is one sequence; the others of a batch are the same, turned in time. The loss is sum(R * s),
    with R and s_0 drawn by `seed`. All is done with contiguous arrays, and with arrays that are not. The forward pass
    runs twice or more for every number that is nudged, so give a small cell: 4 units will do.

    A mistake shows where its effect does: give weights of order one, and T of at least 12. Raises AssertionError
    for a relative error above `tolerance`, naming the array, and where the cell changed what it was given; ValueError
    where a check could not fail: T below 3, an array of zeros, one that has no effect; TypeError if not in float64.
    """
    x = _sequence(cell, x)
    rng, rows = np.random.default_rng(seed), dict[str, Row]()
    for batch in batches:
        turned = [np.roll(x, -k, axis=0) for k in range(int(np.prod(batch)))]
        x_b = np.stack(turned, axis=1).reshape(len(x), *batch, *x.shape[1:])
        s_0, R = (rng.normal(size=(*steps, *batch, cell.state_size)) for steps in ((), (len(x),)))
        numeric = _by_complex_step(cell, x_b, s_0, R)
        for order in "CF":
            found = _by_backward(cell if order == "C" else cell.column_major(), x_b, s_0, R, order)
            for name, exact in numeric.items():
                where = f"{type(cell).__name__}, batch {batch}: the gradient of {name}"
                error = _compared(where, found[name], exact, tolerance)
                row = rows.setdefault(name, Row(name, exact.shape, _norm(exact), error))
                rows[name] = row._replace(error=max(row.error, error))
    return CellCheck(rows.values())


def _sequence(cell: bptt.Cell, x: Any) -> Array:
    """x as one sequence that a check can fail on; ValueError or TypeError if it or the cell is none."""
    x = np.asarray(x) if holds_ids(x) else as_numbers("x", x, np.float64)
    if x.ndim != (1 if holds_ids(x) else 2) or len(x) < 3:
        raise ValueError(f"x must be one sequence, (T, D) or ids (T,), of 3 steps or more, got {x.shape}")
    if cell.dtype != np.float64:
        raise TypeError(f"cell must have float64 weights, got {cell.dtype}: use cell.astype(np.float64)")
    for name, array in cell.arrays().items():
        if not array.any():
            raise ValueError(f"{name} must not be all zero, which hides mistakes: give weights of order one")
    return x


def _by_complex_step(cell: bptt.Cell, x: Array, s_0: Array, R: Array) -> dict[str, Array]:
    """The gradients of sum(R * s) by array, from the forward pass alone."""

    def loss(theta: Array, s_0: Array, x: Array = x) -> Any:
        return (R * bptt.unroll(cell.with_vector(theta), x, s_0)[0][1:]).sum()

    of_theta, *others = complex_step(loss, cell.vector(), s_0, *([] if holds_ids(x) else [x]))
    numeric = cell.with_vector(of_theta).arrays() | dict(zip(("s_0", "x"), others, strict=False))
    for name, exact in numeric.items():
        if not exact.any():
            raise ValueError(f"{name} has no effect on the states here: its gradient cannot be checked")
    return numeric


def _by_backward(cell: bptt.Cell, x: Array, s_0: Array, R: Array, order: Any) -> dict[str, Any]:
    """The same by `bptt.backward`; AssertionError where it, or `unroll`, changed what it was given."""
    x, s_0, R = (array.copy(order) for array in (x, s_0, R))
    given = cell.arrays() | {"x": x, "s_0": s_0}
    before = {name: array.copy() for name, array in given.items()}
    s, residuals = (array.copy(order) for array in bptt.unroll(cell, x, s_0))
    given |= {"the states": s, "the residuals": residuals, "dh_out": R}
    before |= {name: given[name].copy() for name in given.keys() - before.keys()}
    gradient, dx, ds_0 = bptt.backward(cell, R, x, s, residuals)
    for name, array in given.items():
        if not np.array_equal(array, before[name]):
            raise AssertionError(f"{type(cell).__name__} changed {name}, which it was given to read")
    return gradient.arrays() | {"s_0": ds_0, "x": dx}


def _compared(where: str, found: Any, exact: Array, tolerance: float) -> float:
    """The relative error; AssertionError where it is above the tolerance."""
    if np.shape(found) != exact.shape:
        raise AssertionError(f"{where} must have shape {exact.shape}, got {np.shape(found)}")
    error = relative_error(found, exact) if np.isfinite(found).all() else np.inf
    if error > tolerance:
        at = np.unravel_index(np.argmax(np.nan_to_num(abs(found - exact), nan=np.inf)), exact.shape)
        entry = f"entry {tuple(map(int, at))} is {found[at]:.6g} and should be {exact[at]:.6g}"
        raise AssertionError(f"{where} is off by a relative {error:.2g}: {entry}")
    return error


def _norm(x: Array) -> float:
    largest = float(np.abs(x).max(initial=0))
    return largest * float(np.linalg.norm(x / largest)) if largest else 0.0


def _by_entry(
    f: Function, arrays: tuple[Any, ...], slope: Callable[[Function], Any], dtype: type, step: float
) -> tuple[list[Array], list[Array]]:
    """For each array the slopes of f along each of its entries, and the arrays as f took them.

    `nudged(e)` is f with e added to the entry.
    """
    if not 0 < step < np.inf:
        raise ValueError(f"step must be a finite number above 0, got {step}")
    points: list[Array] = [_finite("arrays", array, np.float64).astype(dtype) for array in arrays]
    derivatives = []
    for point in points:
        derivative = np.empty(point.shape)
        for index in np.ndindex(point.shape):
            size = max(1.0, float(abs(point[index]))) if dtype is float else 1.0

            def nudged(e: complex, point: Array = point, index: Any = index, size: float = size) -> Any:
                kept = point[index]
                point[index] = kept + e * size
                try:
                    return _number(f, points) / size
                finally:
                    point[index] = kept

            derivative[index] = slope(nudged)
        derivatives.append(derivative)
    return derivatives, points


def _check_imaginary_part(f: Function, points: list[Array], i: int, derivative: Array) -> None:
    """ValueError where f's slope along a direction of array i, by differences, is none that `derivative` has.

    Two steps must agree on the slope, and it must stand above f's rounding: where differences fail, nothing is said.
    """
    point, direction = points[i], np.cos(np.arange(derivative.size)).reshape(derivative.shape)
    direction *= np.maximum(1, np.abs(point))
    by_step, before = float(np.vdot(direction, derivative)), np.nan
    for e in (1e-3, 1e-4, 1e-5, 1e-6):
        ends = [_number(f, [*points[:i], point + way * e * direction, *points[i + 1 :]]) for way in (1, -1)]
        by_difference = (ends[0].real - ends[1].real) / (2 * e)
        rounding = 1e-13 * max(map(abs, ends)) / e
        agree = abs(by_difference - before) < 0.01 * abs(by_difference)
        if agree and abs(by_difference - by_step) > 0.05 * abs(by_difference) + rounding:
            raise ValueError(
                f"f must be analytic for the complex step, but drops the imaginary part of arrays[{i}] (abs, norm, "
                f".real and conj do): its slope along one direction is {by_difference:.3g}, by the complex step "
                f"{by_step:.3g}; use central_difference"
            )
        before = by_difference


def _number(f: Function, points: list[Array]) -> Any:
    """f at these points, a finite number; ValueError or TypeError if it is none."""
    value = np.asarray(f(*points))
    if value.dtype.kind not in "iufc":
        raise TypeError(f"f must return a number, got {value.dtype} {value}")
    if value.shape != ():
        raise ValueError(
            f"f must return one number, got an array of shape {value.shape}: take a sum, or one entry"
        )
    if not np.isfinite(value):
        raise ValueError(f"f must be finite at the arrays and around them, got {value}")
    return value[()]


def _finite(name: str, value: Any, dtype: Any = None) -> Array:
    """`value` as numbers, none of them NaN or infinite."""
    array = np.asarray(value)
    if dtype is not None and array.dtype.kind == "c":
        raise TypeError(f"{name} must be real, got dtype {array.dtype}")
    array = as_numbers(name, array, dtype)
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(f"{name} must be finite, got {bad} NaN or infinite entries of {array.size}")
    return array

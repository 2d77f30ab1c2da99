"""Derivatives by number, to check the ones by hand

    complex step          f'(x) = Im f(x + i e) / e           no difference is taken, so nothing cancels
    central difference    f'(x) = (f(x + e) - f(x - e)) / 2e   for functions that refuse complex numbers
    relative error        norm(analytic - numeric) / norm(numeric), array by array

Names    f takes arrays and returns one number, real for real arrays; for the complex step it must be analytic
         (no abs, no norm, no conjugate, no .real), which tanh, exp, log and products are.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_gradcheck.py     Source   [SquireTrapp1998]

The relative error has no floor: dividing by max(1, norm) would pass any small gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.engine.weights import Array, as_numbers

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

"""Derivatives by number, to check the ones by hand

    complex step          f'(x) = Im f(x + i e) / e           no difference is taken, so nothing cancels
    central difference    f'(x) = (f(x + e) - f(x - e)) / 2e   for functions that refuse complex numbers
    relative error        norm(analytic - numeric) / norm(numeric), array by array

Names    f takes arrays and returns one real number; for the complex step it must be analytic (no abs,
         no conjugate, no comparison of complex numbers), which tanh, exp, log and products are.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_gradcheck.py     Source   [SquireTrapp1998]

The relative error has no floor: dividing by max(1, norm) would pass any small gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.weights import Array, as_numbers

Function = Callable[..., Any]


def complex_step(f: Function, *arrays: Any, step: float = 1e-30) -> list[Array]:
    """df/dX for each array X of `arrays`, entry by entry, exact up to rounding. One call of f an entry."""
    return _by_entry(f, arrays, lambda nudged: nudged(1j * step).imag / step, complex)


def central_difference(f: Function, *arrays: Any, step: float = 1e-6) -> list[Array]:
    """df/dX for each array X of `arrays`, entry by entry, to about 1e-9. Two calls of f an entry."""
    return _by_entry(f, arrays, lambda nudged: (nudged(step) - nudged(-step)) / (2 * step), float)


def relative_error(analytic: Any, numeric: Any) -> float:
    """norm(analytic - numeric) / norm(numeric); 0 where both are zero, infinite where only `numeric` is."""
    analytic, numeric = as_numbers("analytic", analytic), as_numbers("numeric", numeric)
    if analytic.shape != numeric.shape:
        raise ValueError(f"analytic must have numeric's shape {numeric.shape}, got {analytic.shape}")
    off, size = float(np.linalg.norm(analytic - numeric)), float(np.linalg.norm(numeric))
    return off / size if size else (np.inf if off else 0.0)


def _by_entry(
    f: Function, arrays: tuple[Any, ...], slope: Callable[[Function], Any], dtype: type
) -> list[Array]:
    """For each array the slopes of f along each of its entries; `nudged(e)` is f with e added to that entry."""
    points: list[Array] = [as_numbers("arrays", array).astype(dtype) for array in arrays]
    derivatives = []
    for point in points:
        derivative = np.empty(point.shape)
        for index in np.ndindex(point.shape):

            def nudged(e: complex, point: Array = point, index: Any = index) -> Any:
                kept = point[index]
                point[index] = kept + e
                try:
                    return f(*points)
                finally:
                    point[index] = kept

            derivative[index] = slope(nudged)
        derivatives.append(derivative)
    return derivatives

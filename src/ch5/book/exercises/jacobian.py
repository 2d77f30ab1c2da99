"""The exercises of page 4: two numbers of a matrix, an exponent without overflow, a clip that keeps the direction
(on the page on the clip).

Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_numbers(answer: Any) -> None:
    """Check the bound's factor per step and the spectral radius."""

    def numbers(W_hh: Array, slope: Array) -> tuple[float, float]:
        """Give two numbers: the factor per step of the bound, the largest slope times the largest
        singular value of W_hh (H, H), and the spectral radius of W_hh. slope (T, H) is 1 - h^2."""
        return float(slope.max() * _longest(W_hh)), float(np.abs(np.linalg.eigvals(W_hh)).max())

    def no_slope(W_hh: Array, slope: Array) -> tuple[float, float]:
        """The slope is missing: a step multiplies by it as well as by W_hh."""
        return _longest(W_hh), numbers(W_hh, slope)[1]

    def mean_slope(W_hh: Array, slope: Array) -> tuple[float, float]:
        """The mean slope is taken here; only the largest one gives a bound."""
        return slope.mean() * _longest(W_hh), numbers(W_hh, slope)[1]

    def all_entries(W_hh: Array, slope: Array) -> tuple[float, float]:
        """This takes the root of the sum of all squared entries; the largest singular value is smaller."""
        return slope.max() * float(np.linalg.norm(W_hh)), numbers(W_hh, slope)[1]

    def not_the_root(W_hh: Array, slope: Array) -> tuple[float, float]:
        """This takes an eigenvalue of W_hh^T W_hh; the singular value is its square root."""
        return slope.max() * _longest(W_hh) ** 2, numbers(W_hh, slope)[1]

    def radius_for_both(W_hh: Array, slope: Array) -> tuple[float, float]:
        """Eigenvalues give no bound: where the matrix is not normal, a vector can be lengthened by more."""
        radius = numbers(W_hh, slope)[1]
        return slope.max() * radius, radius

    def real_part(W_hh: Array, slope: Array) -> tuple[float, float]:
        """This is the largest real part; the radius is the largest absolute value, of complex numbers too."""
        return numbers(W_hh, slope)[0], float(np.linalg.eigvals(W_hh).real.max())

    def with_slope(W_hh: Array, slope: Array) -> tuple[float, float]:
        """The spectral radius is that of W_hh alone, without a slope."""
        bound, radius = numbers(W_hh, slope)
        return bound, slope.max() * radius

    def singular_for_both(W_hh: Array, slope: Array) -> tuple[float, float]:
        """This is the largest singular value; the radius comes from the eigenvalues."""
        return numbers(W_hh, slope)[0], _longest(W_hh)

    _, slope, W_hh = _path(12, 5)  # its largest eigenvalues are complex
    cases = [(W_hh, slope), (np.eye(5, k=-1), np.ones((3, 5)))]  # the delay line
    bugs = [no_slope, mean_slope, all_entries, not_the_root, radius_for_both]
    bugs += [real_part, with_slope, singular_for_both]
    check(answer, numbers, cases, bugs, gives=["the bound", "the radius"])


def check_exponent(answer: Any) -> None:
    """Check the mean log growth of a vector along a path of any length."""

    def exponent(v: Array, slope: Array, W_hh: Array) -> float:
        """Give the mean log growth, per step, of the vector v (H,) under J_1, then J_2, ... then J_T.
        J_t is diag(slope_t) W_hh, slope (T, H). The paths are long: v must not overflow or vanish."""
        total = 0.0
        for slope_t in slope:
            grown = slope_t * (W_hh @ v)
            total += np.log(np.linalg.norm(grown) / np.linalg.norm(v))
            v = grown / np.linalg.norm(grown)
        return total / len(slope)

    def summed(v: Array, slope: Array, W_hh: Array) -> float:
        """This is the growth over the whole path; divide by the number of steps."""
        return exponent(v, slope, W_hh) * len(slope)

    def first_not_normalised(v: Array, slope: Array, W_hh: Array) -> float:
        """The length of v itself is counted as growth; v need not have length 1."""
        return exponent(v, slope, W_hh) + np.log(np.linalg.norm(v)) / len(slope)

    def backward(v: Array, slope: Array, W_hh: Array) -> float:
        """The latest step is taken first here; a vector at h_0 meets step 1 first."""
        return exponent(v, slope[::-1], W_hh)

    def log_of_the_radius(v: Array, slope: Array, W_hh: Array) -> float:
        """This is the log of the spectral radius of W_hh, which leaves out the slopes."""
        return float(np.log(np.abs(np.linalg.eigvals(W_hh)).max()))

    bugs = [summed, first_not_normalised, backward, log_of_the_radius]
    cases = [_path(12, 4), _path(3000, 2, 0.2), _path(3000, 3, 8.0)]  # the long ones leave the floats
    check(answer, exponent, cases, bugs, gives=["the exponent"])


def check_clip(answer: Any) -> None:
    """Check a clip by norm."""

    def clip(g: Array, limit: float) -> Array:
        """Give the gradient g (P,), shortened to length `limit` if it is longer. Its direction stays."""
        return g * min(1, limit / np.linalg.norm(g))

    def by_value(g: Array, limit: float) -> Array:
        """Every entry is cut on its own here, which bends the direction."""
        return np.clip(g, -limit, limit)

    def always(g: Array, limit: float) -> Array:
        """A gradient shorter than the limit is stretched here; it must stay as it is."""
        return g * limit / np.linalg.norm(g)

    def divided(g: Array, limit: float) -> Array:
        """The result has length 1 where it is cut; it must have length `limit`."""
        norm = np.linalg.norm(g)
        return g / norm if norm > limit else g

    def entries(g: Array, limit: float) -> Array:
        """The largest entry is compared with the limit here instead of the length."""
        return g * min(1, limit / np.abs(g).max())

    rng = np.random.default_rng(5)
    long, short = 4 * rng.normal(size=7), 0.05 * rng.normal(size=7)
    cases = [(long, 1.5), (short, 1.5)]
    check(answer, clip, cases, [by_value, always, divided, entries], gives=["the gradient"])


def _longest(W: Array) -> float:
    """The largest singular value."""
    return float(np.linalg.svd(W, compute_uv=False).max())


def _path(T: int, seed: int, gain: float = 1.0) -> tuple[Array, Array, Array]:
    """A vector, slopes and a matrix of order one for H = 4."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=4), rng.uniform(0.2, 1, (T, 4)), gain * rng.normal(size=(4, 4))

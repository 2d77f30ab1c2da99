"""The exercises of page 4: a gradient step by step, an exponent without overflow, a clip that keeps the direction.

Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_lengths(answer: Any) -> None:
    """Check the length of a gradient k steps before the last, for every k."""

    def lengths(g: Array, slope: Array, W_hh: Array) -> Array:
        """Give the lengths (T+1,) of the gradient at h_T, h_{T-1}, ... h_0, when it is g (H,) at h_T.
        slope (T, H) is 1 - h^2 at steps 1 ... T, and W_hh (H, H) is the cell's."""
        found = [np.linalg.norm(g)]
        for slope_t in slope[::-1]:
            g = W_hh.T @ (slope_t * g)
            found.append(np.linalg.norm(g))
        return np.array(found)

    def transposed(g: Array, slope: Array, W_hh: Array) -> Array:
        """W_hh stands for its transpose: forward it is W_hh h, backward W_hh^T dh."""
        return lengths(g, slope, W_hh.T)

    def forward_in_time(g: Array, slope: Array, W_hh: Array) -> Array:
        """The steps are taken from the first to the last; the gradient meets the last one first."""
        return lengths(g, slope[::-1], W_hh)

    def slope_after(g: Array, slope: Array, W_hh: Array) -> Array:
        """The slope is multiplied after the matrix; backward the tanh comes first."""
        found = [np.linalg.norm(g)]
        for slope_t in slope[::-1]:
            g = slope_t * (W_hh.T @ g)
            found.append(np.linalg.norm(g))
        return np.array(found)

    def no_slope(g: Array, slope: Array, W_hh: Array) -> Array:
        """The slope of the tanh is missing."""
        return lengths(g, np.ones_like(slope), W_hh)

    def squared(g: Array, slope: Array, W_hh: Array) -> Array:
        """These are the squares of the lengths."""
        return lengths(g, slope, W_hh) ** 2

    def from_the_first(g: Array, slope: Array, W_hh: Array) -> Array:
        """The order is that of the steps here; lag 0, at h_T, comes first."""
        return lengths(g, slope, W_hh)[::-1]

    bugs = [transposed, forward_in_time, slope_after, no_slope, squared, from_the_first]
    check(answer, lengths, [_path(12, 0, 0.6), _path(1, 1)], bugs, gives=["the lengths"])


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


def _path(T: int, seed: int, gain: float = 1.0) -> tuple[Array, Array, Array]:
    """A vector, slopes and a matrix of order one for H = 4."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=4), rng.uniform(0.2, 1, (T, 4)), gain * rng.normal(size=(4, 4))

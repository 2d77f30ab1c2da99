"""A value and its 95 % interval by the jackknife: each piece of a text left out in turn

Shapes   counts (B, ...), what was counted in each of B pieces; they add up over pieces
Read     book/chapters/07_measured.ipynb     Tested   tests/test_text_statistics.py     Source   [EfronStein1981]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ch5.engine.weights import Array


class Estimate(NamedTuple):
    """A value and half the width of its 95 % interval."""

    value: float
    half: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.value + self.half

    def overlaps(self, other: Estimate) -> bool:
        """Whether the two intervals have a number in common."""
        return self.low <= other.high and other.low <= self.high


class NothingCounted(ValueError):
    """A text, or a set of them, that has nothing of what a statistic counts."""


def jackknife(counts: Array, statistic: Callable[[Array], Array]) -> Estimate:
    """The statistic of the pieces' counts (B, ...) taken together, with its interval.

    `statistic` takes counts (..., n) and gives a number for each leading index. Raises ValueError for fewer than two
    pieces, NothingCounted where a statistic has no value: nothing of what it counts is in the text.
    """
    B = len(counts)
    if B < 2:
        raise ValueError(f"counts must be of at least 2 pieces, got {B}")
    total = counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value, left_out = statistic(total), statistic(total - counts)
    if not (np.isfinite(value) and np.isfinite(left_out).all()):
        raise NothingCounted("counts must not be zero: the text has nothing of what the statistic counts")
    error = np.sqrt((B - 1) / B * np.sum((left_out - left_out.mean()) ** 2))
    return Estimate(float(value), float(1.96 * error))

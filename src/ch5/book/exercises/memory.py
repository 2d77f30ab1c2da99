"""The exercises of page 5: a latch step by step, what it passes back, an interval for a rate of success.

Read     book/chapters/05_memory.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_hold(answer: Any) -> None:
    """Check the states of a latch under a series of pushes."""

    def hold(pushes: Array, w: float) -> Array:
        """Give the states (T,) of a latch of strength w, h_t = tanh(w h_{t-1} + push_t), from 0.
        pushes (T,) are those of steps 1 ... T."""
        h, states = 0.0, []
        for push in pushes:
            h = np.tanh(w * h + push)
            states.append(h)
        return np.array(states)

    def no_loop(pushes: Array, w: float) -> Array:
        """The state before is missing: every step sees its push alone."""
        return np.tanh(pushes)

    def push_weighted(pushes: Array, w: float) -> Array:
        """The push is multiplied by w too; w belongs to the state before."""
        return hold(w * pushes, w)

    def no_tanh(pushes: Array, w: float) -> Array:
        """The tanh is missing, and without it nothing stops the state from growing."""
        h, states = 0.0, []
        for push in pushes:
            h = w * h + push
            states.append(h)
        return np.array(states)

    def outside(pushes: Array, w: float) -> Array:
        """The push is added after the tanh; it goes inside."""
        h, states = 0.0, []
        for push in pushes:
            h = np.tanh(w * h) + push
            states.append(h)
        return np.array(states)

    def from_the_rest(pushes: Array, w: float) -> Array:
        """It starts from 1 here; before the first push the latch is at 0, on neither side."""
        h, states = 1.0, []
        for push in pushes:
            h = np.tanh(w * h + push)
            states.append(h)
        return np.array(states)

    rng = np.random.default_rng(5)
    cases = [(rng.normal(size=9), 1.5), (np.array([0.5, -1.0, -1.0]), 6.0)]
    check(
        answer, hold, cases, [no_loop, push_weighted, no_tanh, outside, from_the_rest], gives=["the states"]
    )


def check_left(answer: Any) -> None:
    """Check what a latch at rest leaves of a gradient."""

    def left(w: float, k: int) -> float:
        """Give the factor that k steps back leave of a gradient, when the latch of strength
        w > 1 rests at the h > 0 with h = tanh(w h). Iterating from h = 1 finds it."""
        return _slope(w) ** k

    def no_weight(w: float, k: int) -> float:
        """The weight is missing: a step back multiplies by w and by the slope of the tanh."""
        return (_slope(w) / w) ** k

    def at_zero(w: float, k: int) -> float:
        """This is the factor at h = 0, where the latch does not stay."""
        return w**k

    def one_step(w: float, k: int) -> float:
        """This is the factor of one step; k of them follow each other."""
        return _slope(w)

    def added(w: float, k: int) -> float:
        """The k factors are added here; by the chain rule they multiply."""
        return k * _slope(w)

    def state_squared_is_missing(w: float, k: int) -> float:
        """The slope of the tanh is 1 - h^2, not 1 - h."""
        return (w * (1 - _rest(w))) ** k

    bugs = [no_weight, at_zero, one_step, added, state_squared_is_missing]
    check(answer, left, [(1.3, 7), (2.0, 3), (1.1, 15)], bugs, gives=["what is left"])


def check_interval(answer: Any) -> None:
    """Check Wilson's interval."""

    def interval(successes: int, runs: int) -> tuple[float, float]:
        """Give low and high, the two rates p at which
        |successes / runs - p| = 1.96 sqrt(p (1 - p) / runs)."""
        rate, z = successes / runs, 1.96
        return _roots(rate, z**2 / runs)

    def around_the_rate(successes: int, runs: int) -> tuple[float, float]:
        """The standard error is that of the observed rate here, which is 0 when all runs succeed; it is p's own."""
        rate = successes / runs
        half = 1.96 * np.sqrt(rate * (1 - rate) / runs)
        return rate - half, rate + half

    def one_error(successes: int, runs: int) -> tuple[float, float]:
        """The interval is of one standard error; it takes 1.96 of them."""
        return _roots(successes / runs, 1 / runs)

    def counts(successes: int, runs: int) -> tuple[float, float]:
        """These are counts; give rates, from 0 to 1."""
        low, high = interval(successes, runs)
        return low * runs, high * runs

    def not_squared(successes: int, runs: int) -> tuple[float, float]:
        """Somewhere 1.96 stands where its square must: square both sides of the equation first."""
        return _roots(successes / runs, 1.96 / runs)

    bugs = [around_the_rate, one_error, counts, not_squared]
    check(answer, interval, [(13, 20), (20, 20), (0, 20)], bugs, gives=["low", "high"])


def _rest(w: float) -> float:
    h = 1.0
    for _ in range(2000):
        h = np.tanh(w * h)
    return float(h)


def _slope(w: float) -> float:
    return w * (1 - _rest(w) ** 2)


def _roots(rate: float, share: float) -> tuple[float, float]:
    """The roots p of (rate - p)^2 = share p (1 - p)."""
    roots = np.roots([1 + share, -2 * rate - share, rate**2])
    return float(roots.min()), float(roots.max())

"""The exercises of the page on linear recurrence: two steps in one, the kernel, how long a mode lasts.

Read     book/chapters/11_linear.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_combine(answer: Any) -> None:
    """Check the one step that does what two do."""

    def combine(f: Array, u: Array, g: Array, v: Array) -> tuple[Array, Array]:
        """Give the pair (F, U), so that h -> F h + U does at once what h -> f h + u and then
        h -> g h + v do one after the other. All are arrays of one shape, taken entry by entry."""
        return g * f, g * u + v

    def wrong_order(f: Array, u: Array, g: Array, v: Array) -> tuple[Array, Array]:
        """The steps are taken in the wrong order: f and u come first."""
        return f * g, f * v + u

    def not_carried(f: Array, u: Array, g: Array, v: Array) -> tuple[Array, Array]:
        """What the first step added goes through the second step too: it is multiplied by g."""
        return g * f, u + v

    def added(f: Array, u: Array, g: Array, v: Array) -> tuple[Array, Array]:
        """Factors of steps that follow one another multiply; they do not add up."""
        return f + g, g * u + v

    rng = np.random.default_rng(5)
    cases = [tuple(rng.normal(size=(4, *shape))) for shape in ((3, 2), (1,))]
    check(answer, combine, cases, [wrong_order, not_carried, added], gives=["F", "U"])


def check_by_kernel(answer: Any) -> None:
    """Check the states as a convolution."""

    def by_kernel(factor: Array, u: Array) -> Array:
        """Give the states h_1 ... h_T (T, N) of h_t = factor h_{t-1} + u_t from zero, for one
        constant factor (N,) per unit, as the sum over k of factor^k u_{t-k}: no state is used."""
        k = np.arange(len(u))
        powers = np.where(k[:, None] >= k, factor[:, None, None] ** np.maximum(k[:, None] - k, 0), 0)
        return np.einsum("nts,sn->tn", powers, u)

    def one_late(factor: Array, u: Array) -> Array:
        """The newest input is multiplied by the factor already; its power is 0."""
        return by_kernel(factor, u) * factor

    def turned(factor: Array, u: Array) -> Array:
        """The kernel runs the wrong way: the oldest input has the highest power."""
        T = len(u)
        return np.stack([sum(factor**s * u[s] for s in range(t + 1)) for t in range(T)])

    def whole(factor: Array, u: Array) -> Array:
        """The sum runs over all inputs; later ones are not there yet."""
        T = len(u)
        return np.stack([sum(factor ** abs(t - s) * u[s] for s in range(T)) for t in range(T)])

    rng = np.random.default_rng(5)
    cases = [(rng.uniform(-1, 1, N), rng.normal(size=(T, N))) for T, N in ((6, 3), (1, 2))]
    check(answer, by_kernel, cases, [one_late, turned, whole], gives=["h"])


def check_modulus(answer: Any) -> None:
    """Check the modulus that keeps what is asked for."""

    def modulus_for(left: float, lag: int) -> float:
        """Give the modulus |λ| at which a part `left` of a unit's gradient, between 0 and 1,
        is left `lag` steps back."""
        return float(left ** (1 / lag))

    def first_order(left: float, lag: int) -> float:
        """That is right only where almost all is left: the losses multiply, they do not add up."""
        return 1 - (1 - left) / lag

    def rate(left: float, lag: int) -> float:
        """This is the logarithm, the exponent per step; |λ| is its exponential."""
        return float(np.log(left) / lag)

    def inverse(left: float, lag: int) -> float:
        """This is what |λ|^lag is when |λ| is `left`; the question is the other way round."""
        return float(left**lag)

    check(answer, modulus_for, [(0.01, 100), (0.5, 3)], [first_order, rate, inverse], gives=["|λ|"])

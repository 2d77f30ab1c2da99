"""The exercise of the page on the mean field: the variance that reproduces itself, and the exponent it gives.

Read     book/chapters/deeper_meanfield.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array

Result = tuple[float, float]
Z = np.linspace(-8, 8, 201)
WEIGHT = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()


def check_settled(answer: Any) -> None:
    """Check the variance at which a large random network settles, and its exponent."""

    def settled(g: float, sigma: float) -> Result:
        """Give q, the variance at which a very large network of gain g and noise sigma settles,
        and its exponent lambda. Above zero the network is chaotic, below zero it is ordered."""
        q = _fixed(lambda q: g**2 * _mean(np.tanh(np.sqrt(q) * Z) ** 2) + sigma**2)
        return q, _exponent(g, q)

    def no_noise(g: float, sigma: float) -> Result:
        """The noise is missing: its variance, sigma^2, is added at every step."""
        return settled(g, 0)

    def noise_not_squared(g: float, sigma: float) -> Result:
        """sigma is added where its square must be: variances add."""
        return settled(g, np.sqrt(sigma))

    def gain_not_squared(g: float, sigma: float) -> Result:
        """g stands where its square must: g W has the variance g^2/H."""
        return settled(np.sqrt(g), sigma)

    def deviation_for_variance(g: float, sigma: float) -> Result:
        """u is drawn as q z here; a normal number of variance q is sqrt(q) z."""
        q = _fixed(lambda q: g**2 * _mean(np.tanh(q * Z) ** 2) + sigma**2)
        return q, np.log(g**2 * _mean((1 - np.tanh(q * Z) ** 2) ** 2)) / 2

    def of_the_state(g: float, sigma: float) -> Result:
        """This is the variance of the state h; q is that of u, which goes into the tanh."""
        q, exponent = settled(g, sigma)
        return _mean(np.tanh(np.sqrt(q) * Z) ** 2), exponent

    def not_settled(g: float, sigma: float) -> Result:
        """q has not settled: this is one step from q = 1."""
        q = g**2 * _mean(np.tanh(Z) ** 2) + sigma**2
        return q, _exponent(g, q)

    def slope_not_squared(g: float, sigma: float) -> Result:
        """The slope is not squared: it multiplies a vector, whose squared length is meant."""
        q, _ = settled(g, sigma)
        return q, np.log(g**2 * _mean(_slope(q))) / 2

    def squared_after_the_mean(g: float, sigma: float) -> Result:
        """This is the square of the mean slope; the mean of the squared slope is larger."""
        q, _ = settled(g, sigma)
        return q, np.log(g * _mean(_slope(q)))

    def no_half(g: float, sigma: float) -> Result:
        """The half is missing: a squared length grows at twice the rate of the length."""
        q, exponent = settled(g, sigma)
        return q, 2 * exponent

    def no_gain(g: float, sigma: float) -> Result:
        """The gain is missing in the exponent: a step multiplies by g W as well as by the slopes."""
        q, exponent = settled(g, sigma)
        return q, exponent - np.log(g)

    def no_log(g: float, sigma: float) -> Result:
        """This is the factor per step; the exponent is its logarithm."""
        q, exponent = settled(g, sigma)
        return q, np.exp(exponent)

    bugs = [no_noise, noise_not_squared, gain_not_squared, deviation_for_variance, of_the_state, not_settled]
    bugs += [slope_not_squared, squared_after_the_mean, no_half, no_gain, no_log]
    cases = [(1.5, 0.7), (1.5, 0.0), (0.8, 0.3)]  # ordered, chaotic, ordered
    check(answer, settled, cases, bugs, gives=["q", "lambda"])


def _fixed(step: Any) -> float:
    q = 1.0
    for _ in range(400):
        q = step(q)
    return float(q)


def _mean(values: Array) -> float:
    """The mean of f(z) over standard normal z, from its values on the grid."""
    return float(WEIGHT @ values)


def _slope(q: float) -> Array:
    return 1 - np.tanh(np.sqrt(q) * Z) ** 2


def _exponent(g: float, q: float) -> float:
    return float(np.log(g**2 * _mean(_slope(q) ** 2)) / 2)

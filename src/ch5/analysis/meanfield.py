"""How fast gradients grow in a very large random cell: the discrete-time mean-field prediction.

    h_t = tanh(u_t),  u_t = g W h_{t-1} + sigma xi_t,   W Gaussian of variance 1/H, xi_t standard normal

    variance of u      q = g^2 <tanh^2> + sigma^2              < > is the mean over u = sqrt(q) z, z normal
    exponent           lambda = 1/2 log(g^2 <slope^2>)         slope = 1 - tanh^2

Shapes   g, sigma, q (...) broadcast against each other   W (H, H) of gain 1
Names    g is the gain: the standard deviation of an entry of g W is g/sqrt(H); sigma the strength of the
         input, independent noise on every unit at every step; the exponent is in nats per step.
Read     book/chapters/deeper_meanfield.ipynb     Tested   tests/test_meanfield.py
Source   [Sompolinsky1988] and, in discrete time, [Cessac1994]; noise as input: [Molgedey1992]

The prediction is for H to infinity. `simulated_exponents` says what a cell of finite size does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ch5.engine.weights import Array, as_numbers, as_size

# <f(u)> by the trapezoidal rule on z >= 0. For analytic f its error falls like exp(-pi^2 / (STEP sqrt(q)))
# (the poles of tanh stand pi / (2 sqrt(q)) off the axis): 1e-16 at the largest q allowed. Gauss-Hermite
# nodes, in contrast, miss the jump of tanh(sqrt(q) z) at z = 0 once q is large.
STEP = 0.01
Z = STEP * np.arange(901)
WEIGHT = STEP * np.sqrt(2 / np.pi) * np.exp(-(Z**2) / 2)
WEIGHT[0] /= 2
LARGEST_Q = 27.0**2


def variance(g: npt.ArrayLike, sigma: npt.ArrayLike) -> Array:
    """The largest q with q = g^2 <tanh^2> + sigma^2: (...), (...) -> (...).

    It is the stable one. The right side is a concave function of q, so Newton's method
    comes down to it from above and cannot pass it. With sigma = 0 and g up to 1 it is 0.
    """
    g, sigma = np.broadcast_arrays(*_checked(g, sigma))
    q = (g**2 + sigma**2).ravel()
    gg, ss, todo = g.ravel() ** 2, sigma.ravel() ** 2, np.arange(q.size)
    while todo.size:
        t = np.tanh(np.sqrt(q[todo])[:, None] * Z)
        excess = q[todo] - gg[todo] * (t**2 @ WEIGHT) - ss[todo]
        slope = 1 - gg[todo] * (((1 - t**2) * (1 - 3 * t**2)) @ WEIGHT)  # of the excess
        down = np.divide(excess, slope, out=np.zeros_like(slope), where=slope > 0)
        further = down > 1e-15 + 1e-13 * q[todo]  # what is less is rounding
        todo, down = todo[further], down[further]
        q[todo] = np.maximum(q[todo] - down, ss[todo])  # rounding may pass it
    return q.reshape(g.shape)


def exponent(g: npt.ArrayLike, sigma: npt.ArrayLike) -> Array:
    """The exponent 1/2 log(g^2 <slope^2>): (...), (...) -> (...); -inf for g = 0."""
    g, sigma = _checked(g, sigma)
    with np.errstate(divide="ignore"):
        return np.log(g) + 0.5 * np.log(mean_squared_slope(variance(g, sigma)))


def mean_squared_slope(q: npt.ArrayLike) -> Array:
    """<slope^2> of a Gaussian pre-activation of variance q: (...) -> (...)."""
    q = as_numbers("q", q, np.float64)
    if not ((q >= 0) & (q <= LARGEST_Q)).all():
        raise ValueError(f"q must be from 0 to {LARGEST_Q:.0f}, got {q.min()} to {q.max()}")
    return (1 - np.tanh(np.sqrt(q)[..., None] * Z) ** 2) ** 2 @ WEIGHT


def critical_gain(sigma: npt.ArrayLike) -> Array:
    """The gain at which the exponent is 0 for this sigma, by bisection: (...) -> (...). Up to sigma = 10."""
    sigma = as_numbers("sigma", sigma, np.float64)
    if not ((sigma >= 0) & (sigma <= 10)).all():
        raise ValueError(f"sigma must be from 0 to 10, got {sigma.min()} to {sigma.max()}")
    low, high = np.ones_like(sigma), np.full_like(sigma, 12.0)
    for _ in range(50):
        middle = (low + high) / 2
        grows = exponent(middle, sigma) > 0
        low, high = np.where(grows, low, middle), np.where(grows, middle, high)
    return (low + high) / 2


def simulated_exponents(
    W: Array,
    g: npt.ArrayLike,
    sigma: npt.ArrayLike,
    steps: int,
    rng: np.random.Generator,
    skip: int = 200,
) -> Array:
    """The leading exponents of cells g W under noise sigma, all points at once: (H, H), (P,), (P,) -> (P,).

    One tangent vector beside each state; both go through the same product with W. The first `skip`
    steps, in which the state forgets its start and the vector turns, are not counted. Computes in W's
    dtype: float32 will do. -inf where nothing is left of the vector: for g = 0, W = 0, or if all units are
    so far saturated that their slopes round to 0.
    """
    W = as_numbers("W", W, np.float32 if np.asarray(W).dtype == np.float32 else np.float64)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or W.size == 0:
        raise ValueError(f"W must have shape (H, H) with H at least 1, got {W.shape}")
    if not (np.abs(W) <= 1e15).all():
        raise ValueError("W must be finite, its entries at most 1e15 in size")
    g, sigma = np.broadcast_arrays(*_checked(g, sigma))
    if g.ndim != 1:
        raise ValueError(f"g and sigma must be one number or one list each, got shape {g.shape}")
    steps, skip = as_size("steps", steps), as_size("skip", skip, 0)
    H, P = len(W), len(g)
    gain, strength = g.astype(W.dtype), sigma.astype(W.dtype)
    both = rng.standard_normal((H, 2 * P)).astype(W.dtype)  # states left, tangent vectors right
    h, v = both[:, :P], both[:, P:]
    growth = np.zeros(P)
    for t in range(-skip, steps):
        new = W @ both
        np.tanh(gain * new[:, :P] + strength * rng.standard_normal((H, 1), W.dtype), out=h)
        h[np.abs(h) < 1e-20] = 0  # a state that dies out passes through numbers that are slow to handle
        np.multiply(1 - h**2, new[:, P:], out=v)
        v /= (largest := _where_zero_one(np.abs(v).max(axis=0)))
        size = np.linalg.norm(v, axis=0)
        v /= _where_zero_one(size)
        if t >= 0:
            with np.errstate(divide="ignore"):
                growth += np.log(largest) + np.log(size)
    with np.errstate(divide="ignore"):
        return growth / steps + np.log(g)  # each step's factor g


def _where_zero_one(size: Array) -> Array:
    """What to divide by: nothing changes where all is zero."""
    return np.where(size > 0, size, 1)


def _checked(g: npt.ArrayLike, sigma: npt.ArrayLike) -> tuple[Array, Array]:
    """Both as float64 of one shape, at least 0, and not too large for the grid."""
    g, sigma = as_numbers("g", g, np.float64), as_numbers("sigma", sigma, np.float64)
    for name, value in (("g", g), ("sigma", sigma)):
        if not (np.isfinite(value).all() and (value >= 0).all()):
            raise ValueError(f"{name} must be finite and at least 0, got {value}")
    with np.errstate(over="ignore", under="ignore"):
        q = g**2 + sigma**2
    if q.max(initial=0) > LARGEST_Q:
        raise ValueError(f"g^2 + sigma^2 must be at most {LARGEST_Q:.0f}, got g = {g}, sigma = {sigma}")
    return g, sigma

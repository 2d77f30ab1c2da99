"""The product of Jacobians: how a change of one state reaches a later one, and a gradient an earlier one.

    one step       J_t = dh_t/dh_{t-1} = diag(1 - h_t^2) W_hh
    many           dh_t/dh_s = J_t J_{t-1} ... J_{s+1}
    the gradient   dh_s = J_{s+1}^T ... J_t^T dh_t           each step's transpose, the latest first

Shapes   W_hh (H, H), or (T, H, H) where every step has its own   slope (T, ..., H); slope[t-1] is 1 - h_t^2, what
         `VanillaCell.linearise` gives
Names    rho is the largest eigenvalue in size, sigma_max the largest singular value; the exponent is the
         leading Lyapunov exponent: the long-run mean log growth, per step, of a vector under the product.
Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_jacobian.py
Source   [Pascanu2013] for the bound, [Benettin1980] for exponents by QR, [Trefethen2005] for non-normality

Everything long is returned as a natural logarithm: exp(-2000) is no floating-point number, -2000 is.
The log of an exact zero is -inf. A factor common to all of W_hh may be put into the slopes instead,
so that one call serves a whole range of radii: (T, radii, H).
"""

from __future__ import annotations

import numpy as np

from ch5.engine.weights import Array, as_numbers, as_size


def step_jacobians(W_hh: Array, slope: Array) -> Array:
    """J_t = diag(slope_t) W_hh at every step: (H, H), (T, ..., H) -> (T, ..., H, H)."""
    W_hh, slope = _checked(W_hh, slope)
    return slope[..., None] * W_hh


def log_gradient_norms(W_hh: Array, slope: Array, g: Array) -> Array:
    """How long a gradient g at h_T is k steps earlier: log |dh_{T-k}|, k = 0 ... T.

    No Jacobian is formed: a step costs one product with W_hh. Leading axes of g and of a
    step of slope broadcast. (H, H) or (T, H, H), (T, ..., H), (..., H) -> (T+1, ...).
    """
    W_hh, slope = _by_step(W_hh, slope)
    g = as_numbers("g", g, np.float64)
    if g.ndim == 0 or g.shape[-1] != W_hh.shape[-1] or not np.isfinite(g).all():
        needs = f"{W_hh.shape[-1]} finite entries on its last axis"
        raise ValueError(f"g must have {needs}, got shape {g.shape}")
    shape = np.broadcast_shapes(g.shape, slope[0].shape)
    dh, log_size = _scaled(np.broadcast_to(g, shape), 1)
    logs = [log_size + _log(np.linalg.norm(dh, axis=-1))]
    for slope_t, W_t in zip(slope[::-1], W_hh[::-1], strict=True):
        dh, log_growth = _scaled((slope_t * dh) @ W_t, 1)
        log_size = log_size + log_growth
        logs.append(log_size + _log(np.linalg.norm(dh, axis=-1)))
    return np.stack(logs)


def log_product_norms(W_hh: Array, slope: Array) -> Array:
    """The most that any gradient can become over k steps: log sigma_max(dh_T/dh_{T-k}), k = 0 ... T.

    This one forms the product, an (H, H) matrix. (H, H) or (T, H, H), (T, ..., H) -> (T+1, ...).
    """
    W_hh, slope = _by_step(W_hh, slope)
    product = np.broadcast_to(np.eye(slope.shape[-1]), (*slope.shape[1:], slope.shape[-1]))
    log_size = np.zeros(slope.shape[1:-1])
    logs = [log_size]
    for slope_t, W_t in zip(slope[::-1], W_hh[::-1], strict=True):
        product, log_growth = _scaled((product * slope_t[..., None, :]) @ W_t, 2)
        log_size = log_size + log_growth
        logs.append(log_size + _log(np.linalg.norm(product, 2, axis=(-2, -1))))
    return np.stack(logs)


def log_singular_values(
    W_hh: Array, slope: Array, n: int, rng: np.random.Generator, tolerance: float = 1e-9
) -> Array:
    """The logs of the n largest singular values of dh_T/dh_0, largest first: (H, H), (T, H) -> (n,).

    A thin block goes forward through the steps and back through their transposes, made orthonormal at
    every step, until the logs of its growth change by less than `tolerance` on each way. Small values
    keep their accuracy beside large ones, which the singular values of the formed product do not.
    Raises ArithmeticError where 1,000 turns do not suffice: two values are then almost the same.
    """
    W_hh, slope = _checked(W_hh, slope)
    if slope.ndim != 2:
        raise ValueError(f"slope must have shape (T, {len(W_hh)}), got {slope.shape}")
    block = _random_block(W_hh, n, rng)
    before, n = np.full(n, np.nan), block.shape[1]
    for _ in range(1000):
        forward, backward = np.zeros(n), np.zeros(n)
        for slope_t in slope:
            block, growth = _orthonormal(slope_t[:, None] * (W_hh @ block))
            forward += growth
        for slope_t in slope[::-1]:
            block, growth = _orthonormal(W_hh.T @ (slope_t[:, None] * block))
            backward += growth
        if _same(forward, backward, tolerance) and _same(forward, before, tolerance):
            return -np.sort(-forward)
        before = forward
    raise ArithmeticError(
        f"the {n} largest singular values did not settle to {tolerance} in 1,000 turns; "
        f"the last two were {before} and {backward}"
    )


def lyapunov_exponents(W_hh: Array, slope: Array, n: int, rng: np.random.Generator, skip: int = 0) -> Array:
    """The n largest Lyapunov exponents along the path, nats per step, largest first.

    A random thin block (H, n) is carried forward and made orthonormal by QR at every step; the exponents
    are the means of log |diagonal of R|. The first `skip` steps turn the block and are not counted.
    (H, H), (T, ..., H) -> (..., n).
    """
    W_hh, slope = _checked(W_hh, slope)
    skip = as_size("skip", skip, 0, len(slope) - 1)
    block = np.broadcast_to(_random_block(W_hh, n, rng), (*slope.shape[1:], n))
    total = np.zeros((*slope.shape[1:-1], n))
    for t, slope_t in enumerate(slope):
        block, growth = _orthonormal(slope_t[..., None] * (W_hh @ block))
        if t >= skip:
            total += growth
    return -np.sort(-total / (len(slope) - skip), axis=-1)


def log_bound(W_hh: Array, slope: Array) -> Array:
    """The log of the bound on every product of k steps: k log(largest slope times sigma_max), k = 0 ... T.

    The largest slope is over all steps and units. Below 0 the gradient must shrink; above 0 it may grow
    or not. (H, H), (T, ..., H) -> (T+1, ...).
    """
    W_hh, slope = _checked(W_hh, slope)
    a_step = _log(np.abs(slope).max(axis=(0, -1)) * np.linalg.norm(W_hh, 2))
    return np.stack([np.zeros_like(a_step), *(k * a_step for k in range(1, len(slope) + 1))])


def non_normality(W: Array) -> float:
    """Henrici's departure from normality, from 0 (normal) to 1 (nilpotent): (H, H) -> a number.

    sqrt(1 - sum |eigenvalue|^2 / sum |entry|^2). Where it is 0, sigma_max is rho and norms of powers are
    powers of rho; where it is not, they may grow for a while although rho is below 1. NaN for W = 0.
    """
    W = as_numbers("W", W, np.float64)
    size = np.abs(W).max(initial=0)
    W, _ = _checked(W / size if 0 < size < np.inf else W, np.ones((1, *W.shape[-1:])), "W")
    if not W.any():
        return float("nan")
    share = np.sum(np.abs(np.linalg.eigvals(W)) ** 2) / np.sum(W**2)
    return float(np.sqrt(max(0.0, 1 - share)))


def _checked(W_hh: Array, slope: Array, name: str = "W_hh") -> tuple[Array, Array]:
    """Both as float64, finite and of shapes that fit."""
    W_hh, slope = as_numbers(name, W_hh, np.float64), as_numbers("slope", slope, np.float64)
    if W_hh.ndim != 2 or W_hh.shape[0] != W_hh.shape[1] or W_hh.size == 0:
        raise ValueError(f"{name} must have shape (H, H) with H at least 1, got {W_hh.shape}")
    if slope.ndim < 2 or slope.shape[-1] != len(W_hh) or len(slope) == 0:
        raise ValueError(f"slope must have shape (T, ..., {len(W_hh)}), T at least 1, got {slope.shape}")
    for which, array in ((name, W_hh), ("slope", slope)):
        if not np.isfinite(array).all():
            raise ValueError(f"{which} must be finite, got NaN or infinity among its entries")
        if array.any() and not 1e-100 <= (size := np.abs(array).max()) <= 1e100:
            raise ValueError(f"{which} must have a largest entry from 1e-100 to 1e100, or 0, got {size:.3g}")
    return W_hh, slope


def _by_step(W_hh: Array, slope: Array) -> tuple[Array, Array]:
    """Both checked, and W_hh as one matrix a step: (H, H) or (T, H, H), (T, ..., H) -> (T, H, H), (T, ..., H)."""
    if np.ndim(W_hh) != 3:
        W_hh, slope = _checked(W_hh, slope)
        return np.broadcast_to(W_hh, (len(slope), *W_hh.shape)), slope
    if len(W_hh) != len(slope):
        raise ValueError(f"W_hh must hold one matrix a step, {len(slope)}, got {len(W_hh)}")
    return np.stack([_checked(W_t, slope[None, t])[0] for t, W_t in enumerate(W_hh)]), np.asarray(
        slope, float
    )


def _random_block(W_hh: Array, n: int, rng: np.random.Generator) -> Array:
    """n orthonormal columns in a random direction: (H, n). Columns of 1 could lie in an invariant subspace."""
    n = as_size("n", n, 1, len(W_hh))
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")
    return np.linalg.qr(rng.standard_normal((len(W_hh), n)))[0]


def _orthonormal(block: Array) -> tuple[Array, Array]:
    """Orthonormal columns of the same span, and the log growth of each: (..., H, n) -> (..., H, n), (..., n)."""
    block, log_size = _scaled(block, 2)
    Q, R = np.linalg.qr(block)
    return Q, log_size[..., None] + _log(np.abs(np.diagonal(R, axis1=-2, axis2=-1)))


def _scaled(array: Array, axes: int) -> tuple[Array, Array]:
    """The array with largest entry 1 over its last axes, and the log of what it was divided by."""
    size = np.abs(array).max(axis=tuple(range(-axes, 0)))
    divisor = np.where(size > 0, size, 1)
    return array / divisor.reshape(*divisor.shape, *[1] * axes), _log(size)


def _log(array: Array) -> Array:
    """The natural logarithm, -inf at 0 without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(array)


def _same(a: Array, b: Array, tolerance: float) -> bool:
    """Whether a and b differ nowhere by more than the tolerance; -inf is the same as -inf."""
    return bool(np.isclose(np.sort(a), np.sort(b), rtol=0, atol=tolerance).all())

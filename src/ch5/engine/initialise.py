"""Initial weights, and matrices of an asked spectral radius.

    uniform     entries in ±1/sqrt(n_in)
    gaussian    entries of standard deviation gain/sqrt(n)
    orthogonal  Q with Q^T Q = 1, every rotation and reflection equally likely
    identity    1

Shapes   W (n_out, n_in), or (n, n) where it maps a state to a state
Names    the spectral radius rho(W) is the largest eigenvalue in size; n_in is also called the fan-in.
Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_initialise.py     Source   [Mezzadri2007]

A Gaussian matrix has radius `gain` only in the limit of large n; at n = 64 it misses by about 5 %.
Where the radius matters, ask `with_spectral_radius` for it. All arrays are float64; a model casts them.
"""

import numpy as np
import numpy.typing as npt

from ch5.engine.weights import as_size

Matrix = npt.NDArray[np.floating]


def uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Matrix:
    """Entries uniform in ±1/sqrt(n_in): (n_out, n_in)."""
    n_out, n_in = as_size("n_out", n_out), as_size("n_in", n_in)
    bound = 1 / np.sqrt(n_in)
    return _generator(rng).uniform(-bound, bound, (n_out, n_in))


def gaussian(rng: np.random.Generator, n: int, gain: float = 1.0) -> Matrix:
    """Independent Gaussian entries of standard deviation gain/sqrt(n): (n, n)."""
    if not 0 <= gain < np.inf:
        raise ValueError(f"gain must be a finite number of at least 0, got {gain}")
    n = as_size("n", n)
    return _generator(rng).normal(0, gain / np.sqrt(n), (n, n))


def orthogonal(rng: np.random.Generator, n: int) -> Matrix:
    """A random orthogonal matrix, uniform over all of them (Haar measure): (n, n)."""
    Q, R = np.linalg.qr(_generator(rng).standard_normal((as_size("n", n), n)))
    return Q * np.where(np.diag(R) < 0, -1, 1)  # QR leaves the signs open: make R's diagonal positive


def identity(n: int) -> Matrix:
    """The identity, with which a linear network would keep its state: (n, n)."""
    return np.eye(as_size("n", n))


def spectral_radius(W: npt.ArrayLike) -> float:
    """The size of the largest eigenvalue of W (n, n). It is neither a norm of W nor a bound on one.

    Raises ValueError where it is too large for a float.
    """
    W, exponent = _near_one(_square(W))
    with np.errstate(over="ignore", under="ignore"):
        radius = float(np.ldexp(_radius(W), exponent))
    if not radius < np.inf:
        raise ValueError("W must have a spectral radius below 1.8e308, got one above")
    return radius


def with_spectral_radius(W: npt.ArrayLike, radius: float) -> Matrix:
    """W (n, n), scaled so that its spectral radius is `radius` to a relative 1e-12.

    Every entry, singular value and norm of W changes by the same factor.

    Raises ValueError if no factor can do that: W is nilpotent (all eigenvalues 0, for instance a delay
    line), or so close to it that rounding alone decides what its eigenvalues are. And for a radius so near
    the end of the floats that entries could leave them.
    """
    W = _square(W)
    if not 0 <= radius < np.inf:
        raise ValueError(f"radius must be a finite number of at least 0, got {radius}")
    if radius == 0:
        return np.zeros_like(W)
    if not 1e-280 <= radius <= 1e280:
        raise ValueError(f"radius must be 0 or from 1e-280 to 1e280, got {radius}")
    W, _ = _near_one(W)
    found = _radius(W)
    if found < 1e-20:
        raise ValueError(
            f"W must have an eigenvalue other than 0 to be scaled to radius {radius}, got a nilpotent W"
        )
    scaled = W * (float(radius) / found)
    # The transpose has the same eigenvalues, but other rounding errors: where they differ, W's are noise.
    reached = spectral_radius(scaled.T)
    if abs(reached - radius) > 1e-12 * radius:
        raise ValueError(
            f"W must have a spectral radius that rounding does not change, to be scaled to radius {radius}; "
            f"W scaled has {spectral_radius(scaled):.6g} and its transpose {reached:.6g} (is W nilpotent?)"
        )
    return scaled


def _near_one(W: Matrix) -> tuple[Matrix, int]:
    """W divided by the power of two that brings its largest entry near 1, and that power."""
    _, exponent = np.frexp(max(np.abs(W.real).max(), np.abs(W.imag).max()))
    half = -int(exponent) // 2  # in two steps, for 2**1074 is no float
    return W * 2.0**half * 2.0 ** (-int(exponent) - half), int(exponent)


def _radius(W: Matrix) -> float:
    return float(np.abs(np.linalg.eigvals(W)).max())


def _square(W: npt.ArrayLike) -> Matrix:
    """W as float64 or complex128, finite and square."""
    W = np.asarray(W)
    if W.dtype.kind not in "iufc":
        raise TypeError(f"W must be an array of numbers, got dtype {W.dtype}")
    if W.ndim != 2 or W.shape[0] != W.shape[1] or W.size == 0:
        raise ValueError(f"W must have shape (n, n) with n at least 1, got {W.shape}")
    if not np.isfinite(W).all():
        raise ValueError("W must be finite, got NaN or infinity among its entries")
    return W.astype(np.result_type(W, np.float64))


def _generator(rng: np.random.Generator) -> np.random.Generator:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")
    return rng

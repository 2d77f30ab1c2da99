"""Initial weights have the spread, the symmetry and the spectral radius that their names promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.engine.initialise import (
    as_size,
    gaussian,
    identity,
    orthogonal,
    spectral_radius,
    uniform,
    with_spectral_radius,
)

# Random weights


def test_uniform_fills_the_interval_of_the_fan_in(rng):
    """Entries reach nearly to ±1/sqrt(n_in), and their variance is a third of its square."""
    W = uniform(rng, 300, 100)
    assert W.shape == (300, 100)
    assert 0.0999 < W.max() <= 0.1
    assert -0.1 <= W.min() < -0.0999
    assert abs(W.mean()) < 4 * 0.1 / np.sqrt(3 * W.size)
    assert W.var() == pytest.approx(0.1**2 / 3, rel=0.03)


def test_gaussian_has_standard_deviation_gain_over_root_n(rng):
    """Spread and shape of a normal distribution: variance gain^2/n and kurtosis 3."""
    W = gaussian(rng, 200, 1.5)
    assert W.shape == (200, 200)
    assert W.std() == pytest.approx(1.5 / np.sqrt(200), rel=0.02)
    assert abs(W.mean()) < 4 * 1.5 / 200**1.5
    assert np.mean(W**4) / W.var() ** 2 == pytest.approx(3, rel=0.05)


def test_a_gaussian_of_finite_size_misses_the_radius_gain(rng):
    """At n = 64 the radius varies from draw to draw, and may be off by more than five per cent."""
    radii = [spectral_radius(gaussian(rng, 64)) for _ in range(40)]
    assert np.std(radii) > 0.01
    assert max(abs(np.array(radii) - 1)) > 0.05
    assert np.mean(radii) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("n", [1, 2, 17])
def test_orthogonal_keeps_every_length(rng, n):
    """Q^T Q = Q Q^T = 1."""
    Q = orthogonal(rng, n)
    np.testing.assert_allclose(Q.T @ Q, np.eye(n), atol=1e-14)
    np.testing.assert_allclose(Q @ Q.T, np.eye(n), atol=1e-14)


def test_orthogonal_is_uniform_over_rotations_and_reflections(rng):
    """Haar measure: entries have mean 0 and variance 1/n, traces 0 and 1, and half are rotations."""
    draws = np.stack([orthogonal(rng, 3) for _ in range(4000)])
    traces = np.trace(draws, axis1=1, axis2=2)
    assert np.abs(draws.mean(axis=0)).max() < 4.5 / np.sqrt(3 * 4000)
    np.testing.assert_allclose(draws.var(axis=0), 1 / 3, atol=0.03)
    assert abs(traces.mean()) < 4 / np.sqrt(4000)
    assert traces.var() == pytest.approx(1, abs=0.12)
    assert np.mean(np.linalg.det(draws) > 0) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(4000))


def test_identity_is_the_identity():
    """Ones on the diagonal, zeros elsewhere."""
    assert identity(3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_the_generator_alone_decides():
    """The same seed gives the same weights, and the next draw others; no global seed has a say."""
    for draw in (
        lambda rng: uniform(rng, 4, 5),
        lambda rng: gaussian(rng, 5),
        lambda rng: orthogonal(rng, 5),
    ):
        rng = np.random.default_rng(1)
        first, second = draw(rng), draw(rng)
        assert np.array_equal(first, draw(np.random.default_rng(1)))
        assert not np.array_equal(first, second)


# The spectral radius


@pytest.mark.parametrize(
    ("W", "radius"),
    [
        ([[2, 0], [0, -3]], 3),  # the size counts, not the sign
        ([[0, -2], [2, 0]], 2),  # a complex pair, ±2i
        ([[1, 100], [0, 1]], 1),  # a large norm, a small radius
        ([[0, 1], [0, 0]], 0),  # a delay line of one step
        ([[1, 1], [1, 1]], 2),
        ([[3j]], 3),
    ],
)
def test_spectral_radius_of_matrices_known_by_hand(W, radius):
    """The largest eigenvalue in size, which is neither the largest entry nor the norm."""
    assert spectral_radius(W) == pytest.approx(radius, rel=1e-14, abs=0)


def test_spectral_radius_is_the_growth_rate_of_powers(rng):
    """The norm of W^k grows as rho^k (Gelfand): at k = 2^12 its k-th root is rho within a per cent."""
    W = gaussian(rng, 12, 1.3)
    power, log_norm = W, 0.0
    for _ in range(12):
        power = power @ power
        size = np.linalg.norm(power)
        power, log_norm = power / size, 2 * log_norm + np.log(size)
    assert np.exp(log_norm / 2**12) == pytest.approx(spectral_radius(W), rel=0.01)


@given(
    n=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    radius=st.floats(1e-3, 1e3),
    kind=st.sampled_from(["uniform", "gaussian", "orthogonal", "identity"]),
)
def test_the_radius_asked_for_is_reached_exactly(n, seed, radius, kind):
    """To a relative 1e-12, and by scaling alone: the ratio of the matrices is one number."""
    rng = np.random.default_rng(seed)
    W = {
        "uniform": lambda: uniform(rng, n, n),
        "gaussian": lambda: gaussian(rng, n),
        "orthogonal": lambda: orthogonal(rng, n),
        "identity": lambda: identity(n),
    }[kind]()
    scaled = with_spectral_radius(W, radius)
    assert max(abs(np.linalg.eigvals(scaled))) == pytest.approx(radius, rel=1e-12)
    factor = np.linalg.norm(scaled) / np.linalg.norm(W)
    np.testing.assert_allclose(scaled, factor * W, rtol=1e-12)


def test_scaling_changes_the_norm_by_the_same_factor(rng):
    """Doubling the radius doubles every singular value: the two cannot be chosen apart by scaling."""
    W = gaussian(rng, 20)
    once, twice = with_spectral_radius(W, 0.6), with_spectral_radius(W, 1.2)
    values = np.linalg.svd(once, compute_uv=False)
    np.testing.assert_allclose(np.linalg.svd(twice, compute_uv=False), 2 * values, rtol=1e-12)
    assert values[0] > 1 > 0.6  # radius below one, norm above it


def test_large_and_float32_matrices_reach_the_radius_too(rng):
    """256 units, and weights that come in single precision: the result is float64 and exact."""
    W = gaussian(rng, 256).astype(np.float32)
    scaled = with_spectral_radius(W, 1.1)
    assert scaled.dtype == np.float64
    assert max(abs(np.linalg.eigvals(scaled))) == pytest.approx(1.1, rel=1e-12)


def test_the_matrix_given_is_left_alone(rng):
    """Scaling returns a new array."""
    W = gaussian(rng, 5)
    before = W.copy()
    with_spectral_radius(W, 3.0)
    with_spectral_radius(W, 0.0)[:] = 1
    assert np.array_equal(W, before)


def test_radius_zero_is_the_zero_matrix(rng):
    """No other multiple will do, unless the matrix is nilpotent, and then this one does too."""
    assert not with_spectral_radius(gaussian(rng, 4), 0).any()
    assert not with_spectral_radius(np.eye(4, k=1), 0).any()


# What cannot be done


def rotated_nilpotent(seed, n):
    """Strictly triangular in a random basis: nilpotent, with computed eigenvalues that are not 0."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return Q @ np.triu(rng.standard_normal((n, n)), 1) @ Q.T


@pytest.mark.parametrize(
    "W",
    [np.zeros((3, 3)), np.eye(100, k=-1), np.array([[8.0, 8], [-8, -8]]), np.array([[1.0, 1], [-1, -1]])],
    ids=["zero", "delay line", "eights", "ones"],
)
def test_a_nilpotent_matrix_cannot_be_scaled(W):
    """All its eigenvalues are 0, and so are those of every multiple."""
    with pytest.raises(ValueError, match=r"^W must have .* to be scaled to radius 0\.9.* nilpotent"):
        with_spectral_radius(W, 0.9)


@pytest.mark.parametrize("n", [3, 8, 32, 100])
def test_a_nilpotent_matrix_is_recognised_through_rounding(n):
    """Rounding turns its zeros into eigenvalues of order one at n = 100; scaling to those means nothing."""
    for seed in range(5):
        W = rotated_nilpotent(seed, n)
        assert spectral_radius(W) > 1e-8  # true value 0
        with pytest.raises(ValueError, match="rounding does not change"):
            with_spectral_radius(W, 0.9)


@pytest.mark.parametrize("radius", [-1.0, -1e-300, float("nan"), float("inf")])
def test_a_negative_or_infinite_radius_is_refused(radius):
    """A radius is a size."""
    with pytest.raises(ValueError, match="radius must be a finite number of at least 0, got"):
        with_spectral_radius(np.eye(2), radius)


@pytest.mark.parametrize("use", [spectral_radius, lambda W: with_spectral_radius(W, 1.0)])
@pytest.mark.parametrize(
    ("W", "error", "message"),
    [
        (np.ones((2, 3)), ValueError, r"shape \(n, n\) .*got \(2, 3\)"),
        (np.ones(4), ValueError, r"got \(4,\)"),
        (np.ones((2, 2, 2)), ValueError, r"got \(2, 2, 2\)"),
        (np.ones((0, 0)), ValueError, r"got \(0, 0\)"),
        (np.array([[1.0, np.nan], [0, 1]]), ValueError, "NaN"),
        (np.array([[1.0, np.inf], [0, 1]]), ValueError, "infinity"),
        (np.eye(2, dtype=bool), TypeError, "dtype bool"),
        (np.eye(2).astype(object), TypeError, "dtype object"),
    ],
)
def test_what_is_no_square_matrix_of_numbers_is_refused(use, W, error, message):
    """Shape, NaN and dtype are named."""
    with pytest.raises(error, match=f"W must .*{message}"):
        use(W)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda rng: uniform(rng, 0, 3), ValueError, "n_out must be at least 1, got 0"),
        (lambda rng: uniform(rng, 3, 0), ValueError, "n_in must be at least 1, got 0"),
        (lambda rng: gaussian(rng, -2), ValueError, "n must be at least 1, got -2"),
        (
            lambda rng: gaussian(rng, 2, -1.0),
            ValueError,
            "gain must be a finite number of at least 0, got -1",
        ),
        (lambda rng: gaussian(rng, 2, float("nan")), ValueError, "gain must be a finite number"),
        (lambda rng: orthogonal(rng, 2.0), TypeError, "n must be a whole number, got 2.0"),
        (lambda rng: identity(True), TypeError, "n must be a whole number, got True"),
        (lambda rng: identity(np.True_), TypeError, "n must be a whole number, got np.True_"),
        (lambda rng: as_size("lag", 9, 0, 8), ValueError, "lag must be from 0 to 8, got 9"),
        (lambda rng: uniform(7, 2, 2), TypeError, r"rng must be a numpy\.random\.Generator, got int"),
    ],
)
def test_sizes_and_generators_are_checked(rng, draw, error, message):
    """The argument is named, with what it got and what it needs."""
    with pytest.raises(error, match=message):
        draw(rng)


def test_every_kind_of_integer_is_the_size_that_it_says(integer):
    """A root of np.int8(7) is a float16, and 100 * np.int8(2) no int8 at all: a size is a plain int from the start."""
    n, m = integer(7), integer(100)
    for draw in (
        lambda a, b: uniform(np.random.default_rng(0), a, b),
        lambda a, b: gaussian(np.random.default_rng(0), b),
        lambda a, b: orthogonal(np.random.default_rng(0), a),
        lambda a, b: identity(b),
    ):
        assert np.array_equal(draw(n, m), draw(7, 100))
    assert type(as_size("n", n)) is int


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-200, 1e200, 1e307, 8e307])
def test_the_radius_is_found_and_set_whatever_the_size_of_the_entries(rng, size):
    """Where squares of entries are no floats; the radius scales as the matrix does, and complex ones likewise."""
    signs = np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, -1]])
    for W in (signs, 1j * signs):
        assert spectral_radius(size * W) == pytest.approx(size * spectral_radius(W), rel=1e-14)
        assert np.allclose(
            with_spectral_radius(size * W, 0.9), with_spectral_radius(W, 0.9), rtol=1e-14, atol=0
        )
        assert spectral_radius(with_spectral_radius(size * W, 1e280)) == pytest.approx(1e280, rel=1e-12)
    with pytest.raises(ValueError, match=r"W must have a spectral radius below 1\.8e308"):
        spectral_radius(np.full((2, 2), 1e308))
    with pytest.raises(ValueError, match="radius must be 0 or from 1e-280 to 1e280, got 1e-300"):
        with_spectral_radius(signs, 1e-300)

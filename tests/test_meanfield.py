"""The mean-field prediction: its integrals, its fixed point, its critical line, and that large cells follow it."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ch5.analysis import jacobian, meanfield
from ch5.engine import initialise

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def gaussian_mean(f, q):
    """The mean of f(sqrt(q) z) by Gauss-Legendre on 500 panels, half of them narrow: no trapezoid here."""
    edges = np.concatenate([np.linspace(0, 0.5, 251), np.linspace(0.5, 12, 251)[1:]])
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    z = middle[:, None] + half[:, None] * NODES
    density = np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2)
    return np.sum(half[:, None] * WEIGHTS * density * f(np.sqrt(q) * z))


@pytest.mark.parametrize("g", [0.5, 1, 1.5, 3, 10])
@pytest.mark.parametrize("sigma", [0, 0.1, 1, 5])
def test_the_prediction_is_accurate_to_a_millionth(g, sigma):
    """Variance and exponent satisfy their equations when the means are integrated another way."""
    q = float(meanfield.variance(g, sigma))
    again = g**2 * gaussian_mean(lambda u: np.tanh(u) ** 2, q) + sigma**2
    assert again == pytest.approx(q, rel=1e-9, abs=1e-12)
    slope = gaussian_mean(lambda u: np.cosh(u) ** -4.0, q)
    assert meanfield.exponent(g, sigma) == pytest.approx(0.5 * np.log(g**2 * slope), abs=1e-9)


@pytest.mark.parametrize("q", [0, 0.01, 1, 100, 700])
def test_the_mean_squared_slope_stays_exact_where_gauss_hermite_fails(q):
    """Forty Gauss-Hermite nodes are off by more than a millionth from q = 100 on; the grid used is not."""
    exact = gaussian_mean(lambda u: np.cosh(u) ** -4.0, q)
    assert meanfield.mean_squared_slope(q) == pytest.approx(exact, abs=1e-12)
    z, w = np.polynomial.hermite_e.hermegauss(40)
    plain = np.sum(w * np.cosh(np.sqrt(q) * z) ** -4.0) / np.sqrt(2 * np.pi)
    assert (abs(plain - exact) > 1e-6) == (q >= 1)


def test_small_and_large_variances_follow_their_series():
    """<slope^2> is 1 - 2q for small q and 4 / (3 sqrt(2 pi q)) for large."""
    assert meanfield.mean_squared_slope(1e-5) == pytest.approx(1 - 2e-5, abs=1e-9)
    assert meanfield.mean_squared_slope(700) == pytest.approx(4 / 3 / np.sqrt(2 * np.pi * 700), rel=1e-3)


@pytest.mark.parametrize("g", [1.001, 1.01, 1.03])
def test_just_above_one_the_fixed_point_is_the_small_positive_one(g):
    """Without noise, q = (g^2 - 1)/2 to first order; q = 0 also solves the equation and is not it."""
    assert meanfield.variance(g, 0) == pytest.approx((g**2 - 1) / 2, rel=2 * (g**2 - 1))


@given(g=st.floats(0.01, 1))
@example(g=0.07592022042440517)  # Newton's last step went below 0 here
def test_up_to_gain_one_without_noise_the_state_dies(g):
    """q = 0, so the slope is 1 and the exponent log g: here the prediction is the matrix's radius."""
    assert meanfield.variance(g, 0) == pytest.approx(0, abs=1e-12)
    assert meanfield.exponent(g, 0) == pytest.approx(np.log(g), abs=1e-9)


@given(g=st.floats(0.01, 20), sigma=st.floats(0, 15))
def test_noise_only_lowers_the_exponent_and_the_slope_only_costs(g, sigma):
    """The exponent is at most log g, and falls when the noise grows."""
    found = meanfield.exponent(g, [sigma, sigma + 1])
    assert found[0] <= np.log(g) + 1e-9
    assert found[1] < found[0] + 1e-9


@pytest.mark.parametrize("sigma", [0, 0.1, 0.5, 2, 10])
def test_the_exponent_changes_sign_at_the_critical_gain(sigma):
    """Below it gradients shrink, above it they grow; without noise it is 1, with noise more."""
    g = meanfield.critical_gain(sigma)
    assert meanfield.exponent(0.98 * g, sigma) < 0 < meanfield.exponent(1.02 * g, sigma)
    assert g == pytest.approx(1, abs=1e-6) if sigma == 0 else g > 1.1


def test_points_go_together_or_alone():
    """Arrays broadcast; each entry is what it is alone."""
    g, sigma = np.array([0.5, 1, 3]), np.array([[0], [1.0]])
    together = meanfield.exponent(g, sigma)
    assert together.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        assert together[i, j] == pytest.approx(meanfield.exponent(g[j], sigma[i, 0]), abs=1e-12)
    assert meanfield.exponent(0, 1) == -np.inf


# Cells of finite size


def test_a_large_random_cell_follows_the_prediction(rng):
    """300 units, one matrix, three points: within 0.03, where log g is off by up to one."""
    g, sigma = np.array([0.7, 1.5, 3]), np.array([1, 0.5, 1])
    found = meanfield.simulated_exponents(initialise.gaussian(rng, 300), g, sigma, 600, rng)
    assert_allclose(found, meanfield.exponent(g, sigma), atol=0.03)
    assert np.abs(found - np.log(g)).max() > 0.8


def test_the_simulation_measures_the_exponent_of_its_own_path(rng):
    """The same noise through a plain loop and `jacobian.lyapunov_exponents` gives the same number."""
    H, steps, skip, g, sigma = 30, 400, 1000, 1.7, 0.8
    W = initialise.gaussian(rng, H)
    (found,) = meanfield.simulated_exponents(W, [g], [sigma], steps, np.random.default_rng(3), skip)
    again = np.random.default_rng(3)
    h = again.standard_normal((H, 2))[:, 0]
    slope = np.empty((skip + steps, H))
    for slope_t in slope:
        h = np.tanh(g * W @ h + sigma * again.standard_normal(H))
        slope_t[:] = 1 - h**2
    (exact,) = jacobian.lyapunov_exponents(g * W, slope, 1, rng, skip)
    assert found == pytest.approx(exact, abs=1e-6)


def test_below_gain_one_without_noise_the_exponent_is_log_rho_of_the_matrix(rng):
    """The state dies, the slopes become 1, and what counts is the matrix at hand, not its gain."""
    W = initialise.gaussian(rng, 50)
    (found,) = meanfield.simulated_exponents(W, [0.8], [0.0], 4000, rng)
    assert found == pytest.approx(np.log(0.8 * initialise.spectral_radius(W)), abs=2e-3)
    assert abs(found - np.log(0.8)) > 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: meanfield.variance(-1, 0), "g must be finite and at least 0"),
        (lambda rng: meanfield.exponent(1, np.nan), "sigma must be finite and at least 0"),
        (lambda rng: meanfield.exponent(30, 0), r"g\^2 \+ sigma\^2 must be at most 729"),
        (lambda rng: meanfield.mean_squared_slope(-0.1), "q must be from 0 to 729"),
        (lambda rng: meanfield.critical_gain(11), "sigma must be from 0 to 10"),
        (
            lambda rng: meanfield.simulated_exponents(np.ones((2, 3)), [1], [1], 5, rng),
            r"W must have shape \(H, H\) with H at least 1, got \(2, 3\)",
        ),
        (
            lambda rng: meanfield.simulated_exponents(np.eye(2), 1, 1, 5, rng),
            r"one list each, got shape \(\)",
        ),
        (lambda rng: meanfield.simulated_exponents(np.eye(2), [1], [1], 0, rng), "steps must be at least 1"),
        (lambda rng: meanfield.simulated_exponents(np.eye(0), [1], [1], 5, rng), "with H at least 1"),
        (lambda rng: meanfield.simulated_exponents([[np.nan]], [1], [1], 5, rng), "W must be finite"),
        (lambda rng: meanfield.simulated_exponents([[1e300]], [1], [1], 5, rng), "at most 1e15 in size"),
        (lambda rng: meanfield.exponent(1e300, 1e300), r"g\^2 \+ sigma\^2 must be at most 729"),
    ],
)
def test_what_does_not_fit_is_refused(rng, call, message):
    """The argument is named, with what it got and what it needs."""
    with pytest.raises(ValueError, match=message):
        call(rng)


def test_a_simulated_cell_of_gain_zero_has_the_exponent_that_is_predicted(rng):
    """-inf, and no warning; a gain beyond float32 has its log."""
    W = initialise.gaussian(rng, 20)
    for dtype in (np.float32, np.float64):
        found = meanfield.simulated_exponents(W.astype(dtype), [0, 1e-60, 1e-300], [1.0, 0, 0], 50, rng)
        assert found[0] == meanfield.exponent(0, 1) == -np.inf
        assert_allclose(found[1:], np.log([1e-60, 1e-300]), atol=1)
    assert meanfield.simulated_exponents(0 * W, [1], [1], 5, rng) == -np.inf


def test_the_simulation_counts_its_steps_with_every_kind_of_integer(rng, integer):
    """range(-skip, steps) began at 56 for an unsigned skip of 200, and counted nothing."""
    W = initialise.gaussian(rng, 10)
    steps = [
        meanfield.simulated_exponents(W, [1.2], [0.5], *given)
        for given in (
            (integer(20), np.random.default_rng(1), integer(100)),
            (20, np.random.default_rng(1), 100),
        )
    ]
    assert steps[0] == steps[1]
    with pytest.raises(TypeError, match=r"skip must be a whole number, got 0\.5"):
        meanfield.simulated_exponents(W, [1], [1], 5, rng, 0.5)


@given(
    size=st.sampled_from([0, 1e-200, 1e-20, 1, 1e15]),
    g=st.sampled_from([0, 5e-324, 1e-30, 1, 27]),
    sigma=st.sampled_from([0, 5e-324, 1e-30, 0.3]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    H=st.integers(1, 4),
)
def test_no_documented_input_gives_nan_or_a_warning(size, g, sigma, dtype, H):
    """Warnings are errors here: the extremes of gain, noise and matrix, in every precision."""
    if g == 27:
        sigma = 0
    W = np.full((H, H), min(size, float(np.finfo(dtype).max)), dtype)
    found = meanfield.simulated_exponents(W, [g], [sigma], 5, np.random.default_rng(0), 3)
    assert not np.isnan(found).any()
    assert found < np.inf
    assert not np.isnan(meanfield.exponent(g, sigma))

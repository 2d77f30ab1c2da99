"""Products of Jacobians: their norms, exponents and bounds, against derivatives, long arithmetic and cases by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ch5.analysis import jacobian
from ch5.engine import bptt, gradcheck, initialise
from ch5.networks.cell import VanillaCell


def states(cell, x, h_0):
    h, _ = bptt.unroll(cell, x, h_0)
    return h, cell.linearise(h)


def product(W, slope):
    """J_T ... J_1, formed plainly."""
    J = np.eye(len(W))
    for slope_t in slope:
        J = np.diag(slope_t) @ W @ J
    return J


# One step and many


def test_the_step_jacobian_is_the_derivative_of_the_step(small_cell, rng):
    """diag(1 - h_t^2) W_hh, row by output, column by input, as complex steps find it."""
    h_0, x = rng.normal(size=4), rng.normal(size=(3, 3))
    h, slope = states(small_cell, x, h_0)
    J = jacobian.step_jacobians(small_cell.W_hh, slope)
    a = small_cell.drive(x)
    for t in range(1, 4):
        for i in range(4):
            (row,) = gradcheck.complex_step(
                lambda h_prev, i=i, t=t: np.tanh(a[t - 1] + small_cell.W_hh @ h_prev)[i], h[t - 1]
            )
            assert_allclose(J[t - 1, i], row, rtol=1e-12, atol=1e-15)


def test_gradient_norms_are_those_of_backpropagation(small_cell, rng):
    """A gradient injected at h_T has, k steps earlier, the length that `bptt.backward` finds there."""
    T, g = 9, rng.normal(size=4)
    x, h_0 = rng.normal(size=(T, 3)), rng.normal(size=4)
    h, a = bptt.unroll(small_cell, x, h_0)
    slope = small_cell.linearise(h)
    logs = jacobian.log_gradient_norms(small_cell.W_hh, slope, g)
    assert logs.shape == (T + 1,)
    for k in range(1, T + 1):
        dh_out = np.zeros((k, 4))
        dh_out[-1] = g
        _, _, dh = bptt.backward(small_cell, dh_out, x[T - k :], h[T - k :], a[T - k :])
        assert np.exp(logs[k]) == pytest.approx(np.linalg.norm(dh), rel=1e-12)
    assert np.exp(logs[0]) == pytest.approx(np.linalg.norm(g), rel=1e-14)


def test_the_order_and_the_transposes_matter(rng):
    """For one step the gradient is W_hh^T (slope g), not W_hh (slope g) and not slope (W_hh^T g)."""
    W, slope, g = rng.normal(size=(4, 4)), rng.uniform(0.1, 1, (1, 4)), rng.normal(size=4)
    length = np.exp(jacobian.log_gradient_norms(W, slope, g)[1])
    assert length == pytest.approx(np.linalg.norm(W.T @ (slope[0] * g)), rel=1e-14)
    assert length != pytest.approx(np.linalg.norm(W @ (slope[0] * g)), rel=0.01)
    assert length != pytest.approx(np.linalg.norm(slope[0] * (W.T @ g)), rel=0.01)


def test_many_gradients_and_many_paths_go_at_once(rng):
    """Leading axes of g and batch axes of the slopes broadcast; each entry is what it is alone."""
    W, slope, g = rng.normal(size=(5, 5)), rng.uniform(size=(7, 2, 5)), rng.normal(size=(3, 1, 5))
    together = jacobian.log_gradient_norms(W, slope, g)
    assert together.shape == (8, 3, 2)
    for i in range(3):
        for j in range(2):
            alone = jacobian.log_gradient_norms(W, slope[:, j], g[i, 0])
            assert_allclose(together[:, i, j], alone, rtol=1e-12)


def test_product_norms_are_the_largest_singular_values(rng):
    """At every lag, of the product formed plainly; batches included."""
    W, slope = rng.normal(size=(5, 5)), rng.uniform(size=(6, 2, 5))
    logs = jacobian.log_product_norms(W, slope)
    assert logs.shape == (7, 2)
    for j in range(2):
        for k in range(7):
            values = np.linalg.svd(product(W, slope[6 - k :, j]), compute_uv=False)
            assert np.exp(logs[k, j]) == pytest.approx(values[0], rel=1e-12)


# Long products


def test_a_factor_of_the_matrix_may_stand_in_the_slopes(rng):
    """diag(r slope) W = diag(slope) (r W): one call serves all radii."""
    W, slope, g = rng.normal(size=(5, 5)), rng.uniform(size=(6, 5)), rng.normal(size=5)
    for r in (0.5, 2.0):
        assert_allclose(
            jacobian.log_gradient_norms(W, r * slope, g), jacobian.log_gradient_norms(r * W, slope, g)
        )


def test_nothing_underflows_and_nothing_overflows():
    """1,000 steps of e^-3 end at -3000, and of e^3 at 3000, though neither is a floating-point number."""
    W, slope, g = np.eye(3), np.ones((1000, 3)), np.array([1.0, 0, 0])
    for log_factor in (-3.0, 3.0):
        J = np.exp(log_factor) * W
        k = log_factor * np.arange(1001)
        assert_allclose(jacobian.log_gradient_norms(J, slope, g), k, rtol=1e-12)
        assert_allclose(jacobian.log_product_norms(J, slope), k, rtol=1e-12)
    assert np.exp(-3000.0) == 0


def test_a_zero_gradient_is_minus_infinity_without_a_warning():
    """A delay line of three units holds two steps; the third leaves nothing."""
    logs = jacobian.log_gradient_norms(np.eye(3, k=-1), np.ones((4, 3)), [0.0, 0, 1])
    assert logs.tolist() == [0, 0, 0, -np.inf, -np.inf]
    assert jacobian.log_product_norms(np.eye(3, k=-1), np.ones((4, 3))).tolist() == logs.tolist()


def test_singular_values_of_a_long_product_agree_with_whole_numbers(rng):
    """All four, the smallest over a hundred powers of ten below the largest, against exact arithmetic.

    The coefficients of J^T J's characteristic polynomial (Faddeev and LeVerrier) are products of the
    largest squares, and of nothing else worth a digit once the squares are that far apart.
    """
    T = 300
    W, slope = rng.integers(-40, 40, (4, 4)), rng.integers(1, 17, (T, 4))  # 16 stands for 1
    logs = jacobian.log_singular_values(W / 16, slope / 16, 4, rng)
    J, one = np.eye(4, dtype=int).astype(object), np.eye(4, dtype=int).astype(object)
    for slope_t in slope.astype(object):
        J = slope_t[:, None] * (W.astype(object) @ J)
    squares, M, coefficient, exact = J.T @ J, 0 * one, 1, []
    for k in range(1, 5):
        M = squares @ M + coefficient * one
        before, coefficient = coefficient, -np.trace(squares @ M) // k
        exact.append((math.log(abs(coefficient)) - math.log(abs(before))) / 2 - T * math.log(256))
    assert exact[0] - exact[-1] > 230  # e^230 = 10^100
    assert_allclose(logs, exact, atol=1e-7)
    assert_allclose(jacobian.log_singular_values(W / 16, slope / 16, 2, rng), exact[:2], atol=1e-7)
    assert jacobian.log_product_norms(W / 16, slope / 16)[-1] == pytest.approx(exact[0], abs=1e-9)


def test_singular_values_that_do_not_settle_are_not_returned(rng):
    """Values 1 and 1.0000001 would need a million turns for nine digits; the error says so."""
    W = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ np.diag([1.001, 1, 0.5])
    with pytest.raises(ArithmeticError, match=r"3 largest .* did not settle"):
        jacobian.log_singular_values(W, np.ones((1, 3)), 3, rng, tolerance=1e-15)


# Exponents


def test_exponents_of_a_constant_product_are_the_logs_of_its_eigenvalues(rng):
    """One matrix over and over: log |eigenvalue|, in order, each complex pair twice."""
    W = np.zeros((5, 5))
    W[0, 0], W[3, 3], W[4, 4] = 1.5, 0.3, 0.01
    W[1:3, 1:3] = 0.8 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    S = rng.normal(size=(5, 5))
    found = jacobian.lyapunov_exponents(S @ W @ np.linalg.inv(S), np.ones((4000, 5)), 5, rng, skip=200)
    assert_allclose(found, np.log([1.5, 0.8, 0.8, 0.3, 0.01]), atol=2e-3)
    assert found.sum() == pytest.approx(np.log(1.5 * 0.64 * 0.3 * 0.01), abs=1e-9)


def test_exponents_add_up_to_the_mean_log_determinant(rng):
    """All H together: the growth of volume, which is the determinant's."""
    W, slope = rng.normal(size=(6, 6)), rng.uniform(0.1, 1, (50, 6))
    found = jacobian.lyapunov_exponents(W, slope, 6, rng)
    mean = np.mean([np.linalg.slogdet(J)[1] for J in jacobian.step_jacobians(W, slope)])
    assert found.sum() == pytest.approx(mean, abs=1e-12)
    assert (np.diff(found) <= 0).all()


def test_the_leading_exponent_is_the_growth_of_two_close_paths(rng):
    """Two runs of a driven cell from neighbouring states part, or meet, at the rate of the exponent."""
    W = initialise.with_spectral_radius(initialise.gaussian(rng, 40), 1.3)
    cell = VanillaCell(rng.normal(size=(40, 2)), W, np.zeros(40))
    x = 0.4 * rng.normal(size=(130, 2))
    h, slope = states(cell, x, np.zeros(40))
    near, _ = bptt.unroll(cell, x, 1e-6 * rng.normal(size=40))
    log_gap = np.log(np.linalg.norm(near - h, axis=-1))
    (found,) = jacobian.lyapunov_exponents(W, slope[:120], 1, rng, skip=20)
    assert -0.3 < found < -0.05
    assert (log_gap[120] - log_gap[20]) / 100 == pytest.approx(found, abs=0.02)


def test_exponents_of_a_batch_are_those_of_its_paths(rng):
    """A batch axis gives what each path gives alone."""
    W, slope = rng.normal(size=(4, 4)), rng.uniform(size=(30, 3, 4))
    together = jacobian.lyapunov_exponents(W, slope, 2, np.random.default_rng(1), skip=5)
    assert together.shape == (3, 2)
    for j in range(3):
        alone = jacobian.lyapunov_exponents(W, slope[:, j], 2, np.random.default_rng(1), skip=5)
        assert_allclose(together[j], alone, rtol=1e-10)


# The bound, and three things that are not one


@settings(deadline=None)
@given(
    H=st.integers(1, 12),
    T=st.integers(1, 80),
    gain=st.floats(0.01, 20),
    input_strength=st.floats(0, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_bound_is_never_violated(H, T, gain, input_strength, seed):
    """No gradient and no product grows faster than (largest slope times sigma_max)^k, up to rounding."""
    rng = np.random.default_rng(seed)
    W = initialise.gaussian(rng, H, gain)
    cell = VanillaCell(input_strength * rng.normal(size=(H, 2)), W, rng.normal(size=H))
    _, slope = states(cell, rng.normal(size=(T, 2)), rng.normal(size=H))
    bound = jacobian.log_bound(W, slope)
    rounding = 1e-12 * (1 + np.arange(T + 1))
    g = rng.normal(size=(3, H))
    gradients = jacobian.log_gradient_norms(W, slope, g) - np.log(np.linalg.norm(g, axis=-1))
    assert (jacobian.log_product_norms(W, slope) <= bound + rounding).all()
    assert (gradients.T <= bound + rounding).all()


def test_the_bound_is_k_times_one_rate():
    """Largest slope of all steps times the largest singular value, k times; a path of a batch has its own."""
    W, slope = np.diag([3.0, -5]), np.array([[[0.1, 0.2], [1, 0]], [[0.4, 0.3], [0, 0.5]]])
    bound = jacobian.log_bound(W, slope)
    assert_allclose(bound, np.outer([0, 1, 2], np.log([2, 5])), atol=1e-14)


def test_the_bound_is_reached_by_a_rotation():
    """Without the tanh (slope 1) an orthogonal matrix loses nothing: bound and measurement are 0."""
    Q = initialise.orthogonal(np.random.default_rng(1), 8)
    assert_allclose(jacobian.log_bound(Q, np.ones((50, 8))), 0, atol=1e-12)
    assert_allclose(jacobian.log_product_norms(Q, np.ones((50, 8))), 0, atol=1e-12)


def test_a_matrix_of_radius_zero_holds_99_steps():
    """A delay line of 100 units: every eigenvalue 0, norm 1 through lag 99, nothing at lag 100."""
    W = np.eye(100, k=-1)
    logs = jacobian.log_product_norms(W, np.ones((100, 100)))
    assert initialise.spectral_radius(W) == 0
    assert_allclose(logs[:100], 0, atol=1e-14)
    assert logs[100] == -np.inf


def test_a_cell_of_radius_zero_explodes():
    """rho(W_hh) = 0, but the slopes at the fixed point (0, 1/2) make a Jacobian of radius 2."""
    W, b = np.array([[8.0, 8], [-8, -8]]), np.array([-4, 4 + np.arctanh(0.5)])
    h = np.array([0, 0.5])
    assert_allclose(np.tanh(W @ h + b), h, atol=1e-15)
    slope = np.tile(1 - h**2, (100, 1))
    assert initialise.spectral_radius(W) < 1e-6
    assert initialise.spectral_radius(jacobian.step_jacobians(W, slope)[0]) == pytest.approx(2)
    growth = np.diff(jacobian.log_product_norms(W, slope))
    assert_allclose(growth[1:], np.log(2), atol=1e-12)


def test_non_normality_runs_from_symmetric_to_nilpotent(rng):
    """0 for symmetric, orthogonal and rotation-like matrices, 1 for a delay line, between for others."""
    A = rng.normal(size=(6, 6))
    for normal in (A + A.T, A - A.T, initialise.orthogonal(rng, 6), np.eye(6)):
        assert jacobian.non_normality(normal) == pytest.approx(0, abs=1e-6)
    assert jacobian.non_normality(np.eye(6, k=-1)) == 1
    assert 0.2 < jacobian.non_normality(A) < 0.95
    assert jacobian.non_normality(np.array([[1.0, 2], [0, 1]])) == pytest.approx(np.sqrt(4 / 6))
    assert jacobian.non_normality(1e-200 * A) == pytest.approx(jacobian.non_normality(A))
    assert np.isnan(jacobian.non_normality(np.zeros((2, 2))))


# What cannot be done

W, SLOPE, RNG = np.eye(3), np.ones((4, 3)), np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jacobian.step_jacobians(np.ones((2, 3)), SLOPE), ValueError, r"W_hh .*\(2, 3\)"),
        (lambda: jacobian.log_bound(W, np.ones((4, 2))), ValueError, r"slope .*\(4, 2\)"),
        (lambda: jacobian.log_bound(W, np.ones((0, 3))), ValueError, r"T at least 1.*\(0, 3\)"),
        (lambda: jacobian.log_bound(W, np.ones(3)), ValueError, r"slope .*\(3,\)"),
        (lambda: jacobian.log_product_norms(W, SLOPE * np.nan), ValueError, "slope must be finite"),
        (lambda: jacobian.log_product_norms(W + np.inf, SLOPE), ValueError, "W_hh must be finite"),
        (lambda: jacobian.log_bound(W.astype(bool), SLOPE), TypeError, "W_hh .*dtype bool"),
        (lambda: jacobian.log_gradient_norms(W, SLOPE, np.ones(2)), ValueError, r"g .*3 .*\(2,\)"),
        (lambda: jacobian.lyapunov_exponents(W, SLOPE, 0, RNG), ValueError, "n .*1 to 3, got 0"),
        (lambda: jacobian.lyapunov_exponents(W, SLOPE, 4, RNG), ValueError, "n .*1 to 3, got 4"),
        (lambda: jacobian.lyapunov_exponents(W, SLOPE, 1, 7), TypeError, "rng .*got int"),
        (lambda: jacobian.lyapunov_exponents(W, SLOPE, 1, RNG, 4), ValueError, "skip .*0 to 3.*got 4"),
        (lambda: jacobian.log_singular_values(W, SLOPE[:, None], 1, RNG), ValueError, r"\(4, 1, 3\)"),
        (lambda: jacobian.non_normality(np.ones(3)), ValueError, r"W must have shape"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    """The argument is named, with what it got and what it needs."""
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("skip", [0.5, True, np.True_, -1, 4])
def test_half_a_step_is_not_skipped(skip):
    """skip = 0.5 counted 4 steps and divided by 3.5."""
    with pytest.raises((TypeError, ValueError), match="skip must be"):
        jacobian.lyapunov_exponents(W, SLOPE, 1, RNG, skip)


def test_steps_and_vectors_are_counted_with_every_kind_of_integer(integer):
    first = jacobian.lyapunov_exponents(W, SLOPE, integer(2), np.random.default_rng(1), integer(1))
    assert np.array_equal(first, jacobian.lyapunov_exponents(W, SLOPE, 2, np.random.default_rng(1), 1))
    values = jacobian.log_singular_values(W, SLOPE, integer(1), np.random.default_rng(1))
    assert np.array_equal(values, jacobian.log_singular_values(W, SLOPE, 1, np.random.default_rng(1)))


@pytest.mark.parametrize("size", [0, 1e-100, 1e-50, 1e50, 1e100])
@pytest.mark.parametrize("slope", [0, 1e-100, 1, 1e100])
def test_no_finite_product_gives_nan_or_a_warning(size, slope):
    """Warnings are errors here; a zero is -inf, and everything scales as it should."""
    scaled, slopes, g = size * W / np.abs(W).max(), slope * np.ones_like(SLOPE), np.full(len(W), 1e300)
    for found in (
        jacobian.log_gradient_norms(scaled, slopes, g),
        jacobian.log_product_norms(scaled, slopes),
        jacobian.log_bound(scaled, slopes),
        jacobian.lyapunov_exponents(scaled, slopes, 1, np.random.default_rng(0)),
        jacobian.log_singular_values(scaled, slopes, 1, np.random.default_rng(0)),
    ):
        assert not np.isnan(found).any()
        assert (found < np.inf).all()
        assert np.isfinite(found[1:]).all() == bool(size and slope) or len(found) == 1
    for bad in (1e200, 1e-200):
        with pytest.raises(ValueError, match="W_hh must have a largest entry from 1e-100 to 1e100, or 0"):
            jacobian.log_product_norms(bad * W, SLOPE)
    assert jacobian.non_normality(1e-300 * W) == pytest.approx(jacobian.non_normality(W))
    assert jacobian.non_normality(1e307 * W) == pytest.approx(jacobian.non_normality(W))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match=r"g must have .* finite entries on its last axis"):
        jacobian.log_gradient_norms(W, SLOPE, np.full(len(W), bad))


@pytest.mark.parametrize("what", [3.0, np.ones(3), np.ones((2, 3)), np.ones((0, 0))])
def test_what_is_no_matrix_has_no_departure_from_normality(what):
    with pytest.raises(ValueError, match=r"W must have shape \(H, H\) with H at least 1"):
        jacobian.non_normality(what)

"""The gradient check checks: right on functions with known derivatives, and honest about error."""

import numpy as np
import pytest

from ch5.engine import gradcheck


def f(x, A):
    return (np.exp(x) @ A @ np.tanh(x)).sum()


def df(x, A):
    return [
        np.exp(x) * (A @ np.tanh(x)) + (A.T @ np.exp(x)) / np.cosh(x) ** 2,
        np.outer(np.exp(x), np.tanh(x)),
    ]


@pytest.mark.parametrize(
    ("method", "error"), [(gradcheck.complex_step, 1e-14), (gradcheck.central_difference, 1e-7)]
)
def test_both_methods_find_known_derivatives(rng, method, error):
    x, A = rng.normal(size=3), rng.normal(size=(3, 3))
    for analytic, numeric in zip(df(x, A), method(f, x, A), strict=True):
        assert gradcheck.relative_error(analytic, numeric) < error


def test_the_complex_step_does_not_cancel_where_differences_do():
    """The derivative of x^3 at 1e-8 is 3e-16: a difference over 1e-6 misses it, the complex step does not."""
    (numeric,) = gradcheck.complex_step(lambda x: x**3, 1e-8)
    assert gradcheck.relative_error(3e-16, numeric) < 1e-12
    (rough,) = gradcheck.central_difference(lambda x: x**3, 1e-8)
    assert gradcheck.relative_error(3e-16, rough) > 0.1


def test_the_points_are_left_as_they_were(rng):
    x, A = rng.normal(size=3), rng.normal(size=(3, 3))
    kept = x.copy(), A.copy()
    gradcheck.complex_step(f, x, A)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(A, kept[1])


def test_the_relative_error_of_small_gradients_is_not_softened():
    """A wrong gradient of size 1e-9 is as wrong as one of size 1."""
    assert gradcheck.relative_error([2e-9], [1e-9]) == pytest.approx(1)
    assert gradcheck.relative_error([1e-9], [0.0]) == np.inf
    assert gradcheck.relative_error([0.0], [0.0]) == 0


def test_arrays_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"analytic must have numeric's shape \(2,\), got \(3,\)"):
        gradcheck.relative_error(np.ones(3), np.ones(2))


@pytest.mark.parametrize("k", [5e-324, 1e-300, 1e-200, 1e-160, 1.0, 1e150, 1e160, 1e307])
@pytest.mark.parametrize(
    ("analytic", "numeric"), [([7.0, 0], [1.0, 0]), ([-1.0, 2], [1.0, 2]), ([3.0], [3.0])]
)
def test_the_relative_error_does_not_depend_on_a_common_factor(analytic, numeric, k):
    """Where squares underflow or overflow it is what it is at 1; and so it is for complex numbers."""
    analytic, numeric = np.array(analytic), np.array(numeric)
    exact = np.linalg.norm(analytic - numeric) / np.linalg.norm(numeric)
    for unit in (k, 1j * k, -k):
        assert gradcheck.relative_error(unit * analytic, unit * numeric) == pytest.approx(exact, rel=1e-14)


def test_the_relative_error_of_float32_is_worked_out_in_float64():
    """The squares of 1e-25 and of 1e25 are no float32."""
    for size in (1e-25, 1e25, 1e-44):
        unit = np.float32(size)
        assert gradcheck.relative_error([7 * unit], [unit]) == pytest.approx(6, rel=1e-6)
    assert gradcheck.relative_error([2e160], [1e160]) == 1
    assert gradcheck.relative_error([1.7e308], [-1.7e308]) == 2
    assert gradcheck.relative_error([1e-300], [1e300]) == 1
    assert gradcheck.relative_error([1e10], [1e-300]) == np.inf
    assert gradcheck.relative_error([1e10], [1e-290]) == pytest.approx(1e300)
    assert gradcheck.relative_error([], []) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, complex(0, np.nan)])
def test_what_is_not_finite_has_no_relative_error(bad):
    """It is refused by name, on either side."""
    with pytest.raises(ValueError, match="analytic must be finite, got 1 NaN or infinite entries of 2"):
        gradcheck.relative_error([1, bad], [1, 2])
    with pytest.raises(ValueError, match="numeric must be finite"):
        gradcheck.relative_error([1, 2], [1, bad])


@pytest.mark.parametrize(
    "drops",
    [
        lambda x, y: np.linalg.norm(x) + y.sum(),
        lambda x, y: np.abs(x).sum() + y.sum(),
        lambda x, y: (x.real**2).sum() * y[0],
        lambda x, y: (x * x.conj()).sum() + y.sum(),
        lambda x, y: (x + np.abs(x)).sum() + y.sum(),  # half of the slope is right
        lambda x, y: np.linalg.norm(x),
    ],
)
def test_a_function_that_drops_the_imaginary_part_is_found_out(rng, drops):
    """The complex step of a norm is zero everywhere: no derivative."""
    with pytest.raises(ValueError, match=r"drops the imaginary part of arrays\[0\].*use central_difference"):
        gradcheck.complex_step(drops, rng.normal(size=20), rng.normal(size=2))
    (of_norm, _) = gradcheck.central_difference(drops, x := rng.normal(size=20), rng.normal(size=2))
    assert of_norm.shape == x.shape


@pytest.mark.parametrize("gain", [0.3, 1.0, 8.0])
def test_a_function_of_long_reach_is_not_taken_for_one_that_drops_it(rng, gain):
    """Slopes of 1e-60, of 1e40, chaos, a constant: where differences fail the complex step is believed."""
    W = gain * rng.normal(size=(6, 6))

    def last(h, unused):
        for _ in range(80):
            h = np.tanh(W @ h)
        return h.sum()

    for h in (np.zeros(6), rng.normal(size=6)):
        _, of_unused = gradcheck.complex_step(last, h, np.ones(2))
        assert not of_unused.any()
    assert gradcheck.complex_step(lambda x: 3.0, np.ones(2))[0].tolist() == [0, 0]


@pytest.mark.parametrize("method", [gradcheck.complex_step, gradcheck.central_difference])
@pytest.mark.parametrize(
    ("function", "x", "error", "message"),
    [
        (np.tanh, np.ones(3), ValueError, r"f must return one number, got an array of shape \(3,\)"),
        (lambda x: x[:1], np.ones(3), ValueError, r"f must return one number, got an array of shape \(1,\)"),
        (lambda x: None, np.ones(3), TypeError, "f must return a number, got object None"),
        (lambda x: np.nan, 1.0, ValueError, "f must be finite at the arrays"),
        (np.sum, [1, np.inf], ValueError, "arrays must be finite, got 1 NaN or infinite entries of 2"),
        (np.sum, [1j], TypeError, "arrays must be real, got dtype complex128"),
    ],
)
def test_what_is_no_function_to_one_number_is_refused(method, function, x, error, message):
    with pytest.raises(error, match=message):
        method(function, x)
    with pytest.raises(ValueError, match="step must be a finite number above 0, got 0"):
        method(np.sum, 1.0, step=0)


def test_a_function_that_is_complex_at_real_arrays_is_refused():
    with pytest.raises(ValueError, match="f must be a real number at real arrays, got"):
        gradcheck.complex_step(lambda x: (1 + 2j) * x, 1.0)


def test_differences_are_not_lost_beside_large_entries():
    """At 1e12 a nudge of 1e-6 changes nothing; a millionth of the entry does."""
    (slope,) = gradcheck.central_difference(lambda x: x**2, 1e12)
    assert gradcheck.relative_error(slope, 2e12) < 1e-6

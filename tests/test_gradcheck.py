"""The gradient check checks: right on functions with known derivatives, and honest about error."""

import numpy as np
import pytest

from ch5 import gradcheck


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

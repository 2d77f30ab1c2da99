"""The gradient check checks: right on functions with known derivatives, and honest about error."""

import re

import numpy as np
import pytest

from ch5.engine import gradcheck
from ch5.networks.cell import VanillaCell


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


def vanilla(rng):
    """A cell of 4 units and 3 inputs, its weights of order one."""
    return VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=4))


def test_the_check_of_a_cell_is_a_table_with_a_row_an_array(rng):
    """Each weight, s_0, and x where it holds vectors; the gradient's norm is that of the complex step."""
    cell = vanilla(rng)
    found = gradcheck.check_cell(cell, rng.normal(size=(12, 3)))
    assert [(row.array, row.shape) for row in found] == [
        *((name, array.shape) for name, array in cell.arrays().items()),
        ("s_0", (4,)),
        ("x", (12, 3)),
    ]
    assert all(row.error < 1e-12 and row.norm > 0 for row in found)
    assert str(found).splitlines()[0].split() == ["array", "shape", "gradient", "relative", "error"]
    assert [line.split()[0] for line in str(found).splitlines()[1:]] == [row.array for row in found]
    assert [row.array for row in gradcheck.check_cell(cell, rng.integers(3, size=12))][-1] == "s_0"


def test_a_wrong_gradient_is_named_with_what_it_is_and_should_be(rng):
    class Half(VanillaCell):
        def weight_gradients(self, da, x, h, out=None):
            gradient, dx = super().weight_gradients(da, x, h)
            gradient.W_hh[2, 1] /= 2
            return gradient, dx

    with pytest.raises(AssertionError, match=r"Half, batch \(\): the gradient of W_hh is off") as caught:
        gradcheck.check_cell(Half(*vanilla(rng)), rng.normal(size=(12, 3)))
    said = re.search(r"entry \(2, 1\) is (\S+) and should be (\S+)$", str(caught.value))
    assert 2 * float(said[1]) == pytest.approx(float(said[2]), rel=1e-5)


class FlatInput(VanillaCell):
    def weight_gradients(self, da, x, h, out=None):
        gradient, dx = super().weight_gradients(da, x, h, out)
        return gradient, dx.sum(axis=0)


class NotANumber(VanillaCell):
    def step_vjp(self, dh_t, slope_t, out=None):
        da_t, dh_prev = super().step_vjp(dh_t, slope_t, out)
        return da_t, dh_prev * np.nan


class OnlyContiguous(VanillaCell):
    def linearise(self, h, residuals=None):
        return super().linearise(h) if h.flags.c_contiguous else np.ones_like(h[1:])


class OnlyOneSequence(VanillaCell):
    def linearise(self, h, residuals=None):
        return super().linearise(h) if h.ndim == 2 else np.ones_like(h[1:])


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        (FlatInput, r"the gradient of x must have shape \(12, 3\), got \(3,\)"),
        (NotANumber, r"the gradient of W_xh is off by a relative inf: entry \(0, 0\) is nan and should"),
        (OnlyContiguous, r"batch \(\): the gradient of W_xh is off"),
        (OnlyOneSequence, r"batch \(3,\): the gradient of W_xh is off"),
    ],
)
def test_a_slip_of_a_cell_is_found_at_the_shape_where_it_happens(slip, message, rng):
    with pytest.raises(AssertionError, match=message):
        gradcheck.check_cell(slip(*vanilla(rng)), rng.normal(size=(12, 3)))


class WritesToX(VanillaCell):
    def weight_gradients(self, da, x, h, out=None):
        found = super().weight_gradients(da, x, h, out)
        x += 1
        return found


class WritesToTheStates(VanillaCell):
    def weight_gradients(self, da, x, h, out=None):
        found = super().weight_gradients(da, x, h, out)
        h[:-1] = h[1:]
        return found


class WritesToItsWeights(VanillaCell):
    def weight_gradients(self, da, x, h, out=None):
        found = super().weight_gradients(da, x, h, out)
        self.b[:] = 0
        return found


@pytest.mark.parametrize(
    ("slip", "name"), [(WritesToX, "x"), (WritesToTheStates, "the states"), (WritesToItsWeights, "b")]
)
def test_a_cell_that_changes_what_it_was_given_to_read_is_found_out(slip, name, rng):
    with pytest.raises(AssertionError, match=f"{slip.__name__} changed {name}, which it was given to read"):
        gradcheck.check_cell(slip(*vanilla(rng)), rng.normal(size=(12, 3)))


def test_a_check_that_could_not_fail_is_refused(rng):
    """Too few steps for a recurrence, weights of zero, an array without effect, weights in float32."""
    cell, x = vanilla(rng), rng.normal(size=(12, 3))
    for bad in (x[:2], x[None], rng.integers(3, size=(12, 2)), np.float64(1.0)):
        with pytest.raises(ValueError, match=r"x must be one sequence, .* of 3 steps or more, got \("):
            gradcheck.check_cell(cell, bad)
    with pytest.raises(ValueError, match="W_hh must not be all zero, which hides mistakes"):
        gradcheck.check_cell(VanillaCell(cell.W_xh, 0 * cell.W_hh, cell.b), x)
    with pytest.raises(ValueError, match="W_xh has no effect on the states here"):
        gradcheck.check_cell(cell, 0 * x)
    with pytest.raises(TypeError, match="cell must have float64 weights, got float32"):
        gradcheck.check_cell(cell.astype(np.float32), x)


def test_the_check_leaves_cell_and_input_as_they_were(rng):
    cell, x = vanilla(rng), rng.normal(size=(12, 3))
    kept = cell.vector(), x.copy()
    first = gradcheck.check_cell(cell, x)
    assert gradcheck.check_cell(cell, x) == first
    np.testing.assert_array_equal(cell.vector(), kept[0])
    np.testing.assert_array_equal(x, kept[1])

"""The optimisers do what their papers say, and clipping does what its name says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ch5.engine.optimise import SGD, Adam, clip_by_norm, clip_by_value

OPTIMISERS = [lambda: SGD(0.1), lambda: Adam(0.1)]
vectors = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6))


def adam_of_one_number(gradients, rate, beta_1, beta_2, epsilon):
    """The algorithm of the paper, line by line, for one parameter that starts at 0."""
    theta = m = v = 0.0
    for k, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**k)
        v_hat = v / (1 - beta_2**k)
        theta -= rate * m_hat / (math.sqrt(v_hat) + epsilon)
    return theta


# The steps


def test_sgd_steps_down_the_gradient():
    """theta - rate g, by hand."""
    theta = np.array([1.0, -2.0])
    SGD(0.5).update(theta, np.array([2.0, -6.0]))
    assert theta.tolist() == [0.0, 1.0]


@given(
    gradients=arrays(np.float64, (7, 3), elements=st.floats(-100, 100)),
    rate=st.floats(1e-4, 1),
    beta_1=st.floats(0, 0.99),
    beta_2=st.floats(0.1, 0.9999),
    epsilon=st.sampled_from([1e-8, 1e-3, 1.0]),
)
def test_adam_follows_its_paper(gradients, rate, beta_1, beta_2, epsilon):
    """Seven updates of three parameters agree with the paper's algorithm run on one number at a time."""
    theta, adam = np.zeros(3), Adam(rate, beta_1, beta_2, epsilon)
    for gradient in gradients.copy():
        adam.update(theta, gradient)
    expected = [adam_of_one_number(map(float, g), rate, beta_1, beta_2, epsilon) for g in gradients.T]
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-13)


def test_the_first_step_of_adam_is_the_rate(rng):
    """With the bias corrected, update 1 moves every entry by the rate, against the gradient's sign."""
    gradient = rng.standard_normal(50) * 10.0 ** rng.integers(-3, 4, 50)
    theta = np.zeros(50)
    Adam(0.01).update(theta, gradient.copy())
    np.testing.assert_allclose(theta, -0.01 * np.sign(gradient), rtol=2e-3)
    assert abs(theta[abs(gradient) > 1] / 0.01).min() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_quadratic_is_minimised(optimiser):
    """On the bowl 1/2 |theta - c|^2 every start ends at c."""
    c, theta, walk = np.array([1.0, -2.0, 3.0]), np.zeros(3), optimiser()
    for _ in range(1500):
        walk.update(theta, theta - c)
    np.testing.assert_allclose(theta, c, atol=1e-6)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_update_is_in_place_and_keeps_the_dtype(optimiser):
    """Views of theta see the step, float32 stays float32; what the gradient held is now the last step."""
    theta, gradient = np.ones(4, np.float32), np.full(4, 0.5, np.float32)
    view, walk = theta[1:3], optimiser()
    walk.update(theta, gradient.copy())
    before = theta.copy()
    walk.update(theta, gradient)
    assert (view < 0.95).all()
    assert theta.dtype == np.float32
    assert all(array.dtype == np.float32 for name, array in walk.state().items() if name != "k")
    np.testing.assert_array_equal(theta, before - gradient)


# State


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stop", [0, 1, 5])
def test_a_restored_optimiser_goes_on_bit_for_bit(rng, optimiser, dtype, stop):
    """Stopped after any update and taken up by a new object, the walk ends at the same bits."""
    gradients = rng.standard_normal((9, 6)).astype(dtype)
    alone, first, second, third = (optimiser() for _ in range(4))
    theta_alone, theta = np.ones(6, dtype), np.ones(6, dtype)
    for gradient in gradients.copy():
        alone.update(theta_alone, gradient)
    for gradient in gradients[:stop].copy():
        first.update(theta, gradient)
    state = first.state()
    first.update(theta.copy(), gradients[0].copy())  # what the first one does now must not count,
    second.restore(state)
    third.restore(state)
    third.update(theta.copy(), gradients[0].copy())  # nor what another one does with the same state
    for gradient in gradients[stop:]:
        second.update(theta, gradient)
    assert theta.tobytes() == theta_alone.tobytes()


def test_settings_are_printed_and_state_is_not():
    """An optimiser's text names its settings alone, so that it can tell one run from another."""
    adam = Adam(0.01, beta_2=0.99)
    before = repr(adam)
    adam.update(np.zeros(2), np.ones(2))
    assert repr(adam) == before == "Adam(learning_rate=0.01, beta_1=0.9, beta_2=0.99, epsilon=1e-08)"
    assert repr(SGD(0.5)) == "SGD(learning_rate=0.5)"


def test_a_foreign_state_is_refused():
    """Adam cannot go on from SGD's state, nor SGD from Adam's; a refusal changes nothing."""
    adam, ones = Adam(0.1), np.ones(2)
    adam.update(np.zeros(2), ones)
    before = adam.state()
    bad = [
        ({}, r"state must be Adam's, with the entries \['M', 'V', 'k'\], got the entries \[\]"),
        ({"k": np.array(1.5), "M": ones, "V": ones}, r"state\['k'\] must be a whole number"),
        ({"k": np.array(-1), "M": ones, "V": ones}, r"state\['k'\] must be a whole number"),
        (
            {"k": np.array(1), "M": ones, "V": np.ones(3)},
            r"one shape .* got \(2,\) float64 and \(3,\) float64",
        ),
        ({"k": np.array(1), "M": np.array([1, 1]), "V": np.array([1, 1])}, "must be floats"),
        ({"k": np.array(1), "M": ones * np.nan, "V": ones}, "must be finite"),
        ({"k": np.array(1), "M": ones, "V": -ones}, "at least 0"),
    ]
    for state, message in bad:
        with pytest.raises(ValueError, match=message):
            adam.restore(state)
    assert {name: array.tolist() for name, array in adam.state().items()} == {
        name: array.tolist() for name, array in before.items()
    }
    with pytest.raises(ValueError, match=r"state must be SGD's, with the entries \[\]"):
        SGD(0.1).restore(adam.state())


def test_adam_stays_with_its_vector():
    """A state of two parameters fits no vector of three, and a state in float64 none in float32."""
    adam = Adam(0.1)
    adam.update(np.zeros(2), np.ones(2))
    with pytest.raises(ValueError, match=r"has been updating, shape \(2,\) .* got shape \(3,\)"):
        adam.update(np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"dtype float64, got shape \(2,\) and dtype float32"):
        adam.update(np.zeros(2, np.float32), np.ones(2, np.float32))


# Clipping


@given(gradient=vectors, limit=st.floats(1e-3, 1e3))
def test_clip_by_norm_keeps_the_direction(gradient, limit):
    """The clipped gradient is one number in (0, 1] times the gradient, of norm at most the limit."""
    clipped = gradient.copy()
    norm = clip_by_norm(clipped, limit)
    assert norm == pytest.approx(math.hypot(*gradient), rel=1e-12)
    if norm <= limit:
        assert np.array_equal(clipped, gradient)
    else:
        np.testing.assert_allclose(clipped, limit / norm * gradient, rtol=1e-14)
        assert math.hypot(*clipped) == pytest.approx(limit, rel=1e-12)


def test_clip_by_value_bends_the_direction():
    """A gradient (30, 1) clipped at 1 by value turns by 43 degrees; clipped by norm it does not turn."""
    gradient = np.array([30.0, 1.0])
    by_norm, by_value = gradient.copy(), gradient.copy()
    clip_by_norm(by_norm, 1.0)
    clip_by_value(by_value, 1.0)
    assert by_value.tolist() == [1.0, 1.0]
    degrees = [math.degrees(math.atan2(g[1], g[0])) for g in (gradient, by_norm, by_value)]
    assert degrees == pytest.approx([1.909152, 1.909152, 45.0], abs=1e-5)


@given(gradient=vectors, limit=st.floats(1e-3, 1e3))
def test_clip_by_value_bounds_every_entry(gradient, limit):
    """Entry by entry: the nearest number between -limit and limit."""
    clipped = gradient.copy()
    clip_by_value(clipped, limit)
    assert clipped.tolist() == [min(max(g, -limit), limit) for g in gradient.tolist()]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_norm_that_is_not_finite_is_returned_and_nothing_is_clipped(bad):
    """The gradient stays as it was, for the caller to see; scaling would have made NaN of infinity."""
    gradient = np.array([1.0, bad, 9.0])
    norm = clip_by_norm(gradient, 0.5)
    assert not math.isfinite(norm)
    np.testing.assert_array_equal(gradient, [1.0, bad, 9.0])


def test_clip_by_value_keeps_nan_and_bounds_infinity():
    """NaN must not pass for a clipped number."""
    gradient = np.array([np.nan, np.inf, -np.inf, 0.1])
    clip_by_value(gradient, 0.5)
    np.testing.assert_array_equal(gradient, [np.nan, 0.5, -0.5, 0.1])


def test_a_large_float32_gradient_is_clipped_like_any_other():
    """Its squares overflow in float32, its norm does not; and it stays float32."""
    gradient = np.array([3e25, 4e25], np.float32)
    assert clip_by_norm(gradient, 5.0) == pytest.approx(5e25, rel=1e-6)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, [3, 4], rtol=1e-6)


def test_a_small_float32_gradient_has_its_norm():
    """Its squares are below the smallest number of float32, its norm is not."""
    gradient = np.array([3e-30, 4e-30], np.float32)
    assert clip_by_norm(gradient, 5.0) == pytest.approx(5e-30, rel=1e-6)


def test_an_infinite_limit_never_clips():
    """The norm is still returned."""
    gradient = np.array([3e9, 4e9])
    assert clip_by_norm(gradient, math.inf) == pytest.approx(5e9)
    assert gradient.tolist() == [3e9, 4e9]


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0), "learning_rate must be a finite number above 0, got 0"),
        (lambda: SGD(-0.1), "learning_rate must be a finite number above 0, got -0.1"),
        (lambda: SGD(math.nan), "learning_rate must be a finite number above 0, got nan"),
        (lambda: Adam(math.inf), "learning_rate must be a finite number above 0, got inf"),
        (lambda: Adam(0.1, beta_1=1.0), r"beta_1 must be at least 0 and below 1, got 1\.0"),
        (lambda: Adam(0.1, beta_2=-0.1), r"beta_2 must be at least 0 and below 1, got -0\.1"),
        (lambda: Adam(0.1, epsilon=0), "epsilon must be a finite number above 0, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    """The setting is named, with what it got and what it needs."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("value", ["0.1", None, True, 1j, [0.1]])
def test_a_setting_that_is_no_number_is_refused(value):
    """By its name, before anything is computed."""
    for name, make in [("learning_rate", SGD), ("learning_rate", Adam), ("beta_1", lambda v: Adam(0.1, v))]:
        with pytest.raises(TypeError, match=f"{name} must be a number, got"):
            make(value)
    for clip in (clip_by_norm, clip_by_value):
        with pytest.raises(TypeError, match="limit must be a number, got"):
            clip(np.ones(2), value)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int8, np.uint8])
def test_a_number_of_any_type_works_as_the_float_it_is(rng, kind):
    """A float64 scalar has NumPy compute in float64 where a float of Python's does not, and an unsigned one wraps."""
    one, other = (rng.standard_normal(9).astype(np.float32) for _ in range(2))
    for make in (SGD, Adam):
        assert make(kind(2)) == make(2.0)
        theta, same = one.copy(), one.copy()
        for _ in range(3):
            make(kind(2)).update(theta, other.copy())
            make(2.0).update(same, other.copy())
        assert theta.tobytes() == same.tobytes()
    for clip in (clip_by_norm, clip_by_value):
        clipped, same = 5 * one, 5 * one
        clip(clipped, kind(2))
        clip(same, 2.0)
        assert clipped.tobytes() == same.tobytes()


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize("limit", [0, -1, math.nan])
def test_a_limit_must_be_positive(clip, limit):
    """A limit of 0 would stop training without a word."""
    with pytest.raises(ValueError, match=f"limit must be above 0, got {limit}"):
        clip(np.ones(2), limit)


@pytest.mark.parametrize(
    "use",
    [
        SGD(0.1).update,
        Adam(0.1).update,
        lambda theta, g: clip_by_norm(g, 1),
        lambda theta, g: clip_by_value(g, 1),
    ],
)
@pytest.mark.parametrize(
    ("gradient", "error", "message"),
    [
        ([1.0, 2.0], TypeError, "gradient must be an array of floats, .* got list"),
        (np.array([1, 2]), TypeError, "got dtype int64"),
        (np.array([1j, 2]), TypeError, "got dtype complex128"),
        (np.ones(2, np.float16), TypeError, "gradient must be float32 or float64: .* got float16"),
        (np.ones((2, 1)), ValueError, r"gradient must be one flat vector \(P,\), got shape \(2, 1\)"),
    ],
)
def test_a_gradient_is_a_flat_vector_of_floats(use, gradient, error, message):
    """Lists, integers, complex numbers and matrices are named and refused."""
    with pytest.raises(error, match=message):
        use(np.zeros(2), gradient)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("gradient", [np.ones(3), np.ones(1), np.ones(2, np.float32)])
def test_a_gradient_has_the_shape_and_dtype_of_theta(optimiser, gradient):
    """Nothing is broadcast: one number for all weights is no gradient."""
    theta = np.zeros(2)
    with pytest.raises(ValueError, match="gradient must have theta's shape and dtype"):
        optimiser().update(theta, gradient)
    assert not theta.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clip_by_value_takes_its_limit_as_any_kind_of_number(integer, dtype):
    """Minus an unsigned 2 is 254, which would set every entry to 2 or more; a limit beyond float32 changes nothing."""
    for limit in (integer(2), np.float32(2), 2, 2.0):
        gradient = np.array([-9.0, -1, 0, 1, 9, np.inf], dtype)
        clip_by_value(gradient, limit)
        assert gradient.tolist() == [-2, -1, 0, 1, 2, 2]
    for limit in (1e300, np.float64(1e300), np.inf):
        gradient = np.array([-3e38, 1, 3e38], dtype)
        clip_by_value(gradient, limit)
        assert gradient.tolist() == np.array([-3e38, 1, 3e38], dtype).tolist()

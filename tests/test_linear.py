"""The linear map: one product for all positions, and its gradient a sum over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.engine import linear

batches = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@given(batch=batches, seed=st.integers(0, 99))
def test_the_map_is_the_same_at_every_position(batch, seed):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(4, 3)), rng.normal(size=(*batch, 3))
    y = linear.apply(W, x)
    for index in np.ndindex(batch):
        np.testing.assert_allclose(y[index], [sum(W[n, m] * x[index][m] for m in range(3)) for n in range(4)])


@given(batch=batches, seed=st.integers(0, 99))
def test_the_weight_gradient_is_the_sum_of_outer_products(batch, seed):
    rng = np.random.default_rng(seed)
    dy, x = rng.normal(size=(*batch, 4)), rng.normal(size=(*batch, 3))
    total = np.zeros((4, 3))
    for index in np.ndindex(batch):
        total += np.outer(dy[index], x[index])
    np.testing.assert_allclose(linear.weight_gradient(dy, x, 3), total, atol=1e-14)


def test_an_id_stands_for_its_one_hot_vector(rng):
    W, ids, dy = rng.normal(size=(4, 6)), np.array([[0, 5], [2, 2]]), rng.normal(size=(2, 2, 4))
    vectors = linear.one_hot(ids, 6)
    assert vectors.sum() == 4
    assert vectors[0, 1, 5] == 1
    np.testing.assert_array_equal(linear.apply(W, ids), linear.apply(W, vectors))
    np.testing.assert_array_equal(linear.weight_gradient(dy, ids, 6), linear.weight_gradient(dy, vectors, 6))


@pytest.mark.parametrize("bad", [[-1, 2], [0, 6]])
def test_ids_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="x must hold ids from 0 to 5, got"):
        linear.as_input("x", bad, 6, float)
    with pytest.raises(ValueError, match="x must hold ids from 0 to 5, got"):
        linear.one_hot(np.array(bad), 6)


def test_an_id_of_any_integer_type_has_its_one(integer):
    np.testing.assert_array_equal(linear.one_hot(np.array([2, 0], integer), 3), [[0, 0, 1], [1, 0, 0]])


def test_vectors_of_the_wrong_width_are_refused():
    with pytest.raises(
        ValueError, match=r"or vectors with 6 entries on the last axis, got float64 of shape \(2, 5\)"
    ):
        linear.as_input("x", np.ones((2, 5)), 6, float)


@pytest.mark.parametrize("bad", [[True, False], [None, 1.0], ["a"]])
def test_input_that_does_not_hold_numbers_is_refused(bad):
    with pytest.raises(TypeError, match="x must hold real or complex numbers"):
        linear.as_input("x", bad, 2, float)


def test_real_input_takes_the_dtype_of_the_weights():
    assert linear.as_input("x", np.ones(2), 2, np.float32).dtype == np.float32
    assert linear.as_input("x", np.ones(2), 2, complex).dtype == complex


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_an_id_out_of_range_is_refused_whatever_the_integers(dtype):
    """Also where a negative id, read without its sign, would be smaller than the width."""
    ids = np.array([[0, 3], [1, 2]], dtype)
    assert linear.as_input("x", ids, 4, float).tolist() == ids.tolist()
    with pytest.raises(ValueError, match="x must hold ids from 0 to 2, got 0 to 3"):
        linear.as_input("x", ids, 3, float)
    wrong = ids.copy()
    wrong[0, 0] = np.iinfo(dtype).min or np.iinfo(dtype).max
    with pytest.raises(
        ValueError, match=f"x must hold ids from 0 to 199, got {wrong.min()} to {wrong.max()}"
    ):
        linear.as_input("x", wrong, 200, float)


def test_a_place_that_is_given_is_written_and_returned(rng):
    """With vectors and with ids, bias and all; the numbers are those of a new array."""
    W, b, dy = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(5, 2, 4))
    for x in (rng.normal(size=(5, 2, 3)), rng.integers(3, size=(5, 2))):
        y, dW = np.empty((5, 2, 4)), np.empty((4, 3))
        assert linear.apply(W, x, b, y) is y
        np.testing.assert_array_equal(y, linear.apply(W, x) + b)
        assert linear.weight_gradient(dy, x, 3, dW) is dW
        np.testing.assert_array_equal(dW, linear.weight_gradient(dy, x, 3))


def test_a_place_that_would_be_copied_is_refused(rng):
    """Written into a copy, the result would be lost without a word."""
    y = np.zeros((2, 5, 4)).swapaxes(0, 1)
    with pytest.raises(ValueError, match=r"out must be contiguous, got strides .* for shape \(5, 2, 4\)"):
        linear.apply(rng.normal(size=(4, 3)), rng.normal(size=(5, 2, 3)), out=y)


@pytest.mark.parametrize("x", [np.array([[0, 2], [1, 1]]), np.ones((2, 2, 3))], ids=["ids", "vectors"])
def test_a_result_goes_to_an_array_of_its_shape_and_of_a_dtype_that_can_hold_it(x, rng):
    """A wider one is filled; another shape, or whole numbers, raise and name it."""
    W = rng.normal(size=(4, 3))
    wider = np.empty((2, 2, 4), complex)
    assert linear.apply(W, x, out=wider) is wider
    np.testing.assert_array_equal(wider, linear.apply(W, x))
    with pytest.raises(ValueError, match=r"out must have shape \(2, 2, 4\), got \(4, 4\)"):
        linear.apply(W, x, out=np.empty((4, 4)))
    with pytest.raises(TypeError, match="same_kind"):
        linear.apply(W, x, out=np.empty((2, 2, 4), int))

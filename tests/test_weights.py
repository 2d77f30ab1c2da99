"""Weights: declared shapes are enforced, gradients add, vectors and views agree."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.engine.weights import Weights, aligned, as_numbers, shape
from ch5.networks.cell import VanillaCell
from ch5.networks.mlp import MLP, Layer


@dataclass(frozen=True)
class Pair(Weights):
    A: np.ndarray = shape("N", "M")
    v: np.ndarray = shape("M")


@dataclass(frozen=True)
class Three(Weights):
    W: np.ndarray = shape("3", "N", "M")
    v: np.ndarray = shape("M")


def test_a_wrong_shape_names_the_field_what_it_got_and_what_it_needs():
    with pytest.raises(
        ValueError, match=r"VanillaCell\.W_hh must have shape \(H, H\) with H = 4, got \(4, 5\)"
    ):
        VanillaCell(np.ones((4, 3)), np.ones((4, 5)), np.ones(4))
    with pytest.raises(ValueError, match=r"VanillaCell\.b must have shape \(H\) with H = 4, got \(4, 1\)"):
        VanillaCell(np.ones((4, 3)), np.ones((4, 4)), np.ones((4, 1)))


def test_a_declared_number_is_a_fixed_size():
    """Three matrices of one shape are taken, two or four are refused; M is still the same size everywhere."""
    assert Three(np.ones((3, 2, 5)), np.ones(5)).size == 35
    for wrong in (2, 4):
        message = rf"Three\.W must have shape \(3, N, M\), got \({wrong}, 2, 5\)"
        with pytest.raises(ValueError, match=message):
            Three(np.ones((wrong, 2, 5)), np.ones(5))
    with pytest.raises(ValueError, match=r"Three\.v must have shape \(M\) with M = 5, got \(3,\)"):
        Three(np.ones((3, 2, 5)), np.ones(3))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match=r"Pair\.A must be finite, got 1 NaN or infinite"):
        Pair([[1.0, bad]], [1.0, 2.0])


@pytest.mark.parametrize("bad", [[True, False], ["a", "b"], [None, 1]])
def test_weights_that_are_not_numbers_are_refused(bad):
    with pytest.raises(TypeError, match=r"Pair\.v must hold real or complex numbers, got dtype"):
        Pair([[1.0, 2.0]], bad)


def test_all_arrays_get_one_dtype_and_float32_alone_stays_float32():
    assert Pair(np.ones((1, 2), np.float32), np.ones(2, np.float32)).dtype == np.float32
    mixed = Pair(np.ones((1, 2), np.float32), np.ones(2, complex))
    assert mixed.A.dtype == mixed.v.dtype == complex
    assert Pair([[1, 2]], [3, 4]).dtype == np.float64


def test_complex_numbers_are_refused_where_real_ones_are_needed():
    with pytest.raises(TypeError, match="x is complex but the weights are float64"):
        as_numbers("x", [1j], np.float64)


def test_the_sum_of_two_gradients_is_taken_array_by_array(rng):
    a, b = (Pair(rng.normal(size=(2, 3)), rng.normal(size=3)) for _ in range(2))
    total = a + b
    assert type(total) is Pair
    np.testing.assert_array_equal(total.A, a.A + b.A)
    np.testing.assert_array_equal(total.v, a.v + b.v)


def test_weights_of_different_types_do_not_add(small_cell):
    with pytest.raises(TypeError, match="unsupported operand"):
        small_cell + Pair([[1.0]], [1.0])


@given(n=st.integers(1, 5), m=st.integers(1, 5), seed=st.integers(0, 99))
def test_with_vector_undoes_vector(n, m, seed):
    rng = np.random.default_rng(seed)
    weights = Pair(rng.normal(size=(n, m)), rng.normal(size=m))
    again = weights.with_vector(weights.vector())
    assert weights.size == n * m + m
    np.testing.assert_array_equal(again.A, weights.A)
    np.testing.assert_array_equal(again.v, weights.v)


def test_views_change_with_the_vector_and_the_original_does_not():
    original = Pair(np.ones((2, 2)), np.ones(2))
    theta = original.vector()
    views = original.with_vector(theta)
    theta += 1
    assert (views.A == 2).all()
    assert (views.v == 2).all()
    assert (original.A == 1).all()
    assert (original.v == 1).all()


def test_a_blank_has_the_shapes_and_shares_no_memory(small_model):
    blank = small_model.empty()
    assert type(blank) is type(small_model)
    for (name, new), (_, old) in zip(blank.arrays().items(), small_model.arrays().items(), strict=True):
        assert (new.shape, new.dtype) == (old.shape, old.dtype), name
        assert not np.shares_memory(new, old), name
    assert len({id(array.base) for array in blank.arrays().values()}) == 1  # one vector for all


@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
@pytest.mark.parametrize("size", [(3,), (5, 7), (2, 3, 4)])
def test_an_aligned_array_begins_where_a_cache_line_does(size, dtype):
    """Of the shape and dtype asked for, contiguous, and all of it can be written."""
    array = aligned(size, dtype)
    assert (array.shape, array.dtype, array.flags.c_contiguous) == (size, dtype, True)
    assert array.ctypes.data % 64 == 0
    array[:] = 1
    assert array.sum() == array.size


def test_vectors_and_columns_are_aligned(small_cell):
    """The vector that training holds, the place of its gradient, and the matrices of the recurrence."""
    for array in (small_cell.vector(), small_cell.empty().W_xh, small_cell.column_major().W_hh):
        assert array.ctypes.data % 64 == 0


def test_by_columns_changes_the_order_in_memory_and_nothing_else():
    weights = Three(np.arange(24.0).reshape(3, 2, 4), np.ones(4))
    laid = weights.column_major()
    assert type(laid) is Three
    for new, old in zip(laid, weights, strict=True):
        np.testing.assert_array_equal(new, old)
    assert all(matrix.T.flags.c_contiguous for matrix in laid.W)
    assert not any(matrix.T.flags.c_contiguous for matrix in weights.W)


def test_a_vector_of_the_wrong_length_is_refused(small_cell):
    with pytest.raises(ValueError, match=r"vector must have shape \(32,\), got \(31,\)"):
        small_cell.with_vector(np.zeros(31))


def test_nested_weights_are_named_by_dotted_paths_in_field_order(small_model):
    assert list(small_model.arrays()) == [
        "cell.W_xh",
        "cell.W_hh",
        "cell.b",
        "readout.W_hy",
        "readout.b_y",
    ]
    layers = MLP((Layer(np.ones((2, 3)), np.ones(2)), Layer(np.ones((1, 2)), np.ones(1))))
    assert list(layers.arrays()) == ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b"]
    assert layers.with_vector(np.arange(11.0)).layers[1].b == [10.0]

"""The claims of the chapter, one or more tests each, named after the claim. The page of claims lists them."""

import numpy as np
import pytest

from ch5 import bptt, scalar
from ch5.cell import VanillaCell
from ch5.gradcheck import relative_error
from ch5.mlp import MLP, Layer


@pytest.mark.parametrize("T", [1, 12, 40])
def test_c1_the_unrolled_cell_is_an_mlp_with_tied_layers(small_cell, rng, T):
    """A T-layer MLP that is shown x_t at layer t, all layers being one, gives the cell's states."""
    layer = Layer(np.hstack([small_cell.W_xh, small_cell.W_hh]), small_cell.b)
    x, h_0 = rng.normal(size=(T, 3)), rng.normal(size=4)
    h, _ = bptt.unroll(small_cell, x, h_0)
    assert relative_error(MLP((layer,) * T).forward(h_0, x), h) < 1e-12


def test_c1_untied_the_parameter_count_grows_with_T(small_cell):
    layer = Layer(np.hstack([small_cell.W_xh, small_cell.W_hh]), small_cell.b)
    assert [MLP((layer,) * T).size for T in (1, 2, 40)] == [small_cell.size * T for T in (1, 2, 40)]


def test_c1_the_tied_gradient_is_the_sum_of_the_untied_ones(small_cell, rng):
    layer = Layer(np.hstack([small_cell.W_xh, small_cell.W_hh]), small_cell.b)
    x, h_0, dh_T = rng.normal(size=(12, 3)), rng.normal(size=4), rng.normal(size=4)
    mlp = MLP((layer,) * 12)
    copies, _ = mlp.backward(mlp.forward(h_0, x), dh_T, x)
    h, a = bptt.unroll(small_cell, x, h_0)
    dh_out = np.zeros((12, 4))
    dh_out[-1] = dh_T
    tied, _, _ = bptt.backward(small_cell, x, h, a, dh_out)
    summed = sum(copies.layers[1:], start=copies.layers[0])
    assert relative_error(np.hstack([tied.W_xh, tied.W_hh]), summed.W) < 1e-12
    assert relative_error(tied.b, summed.b) < 1e-12


def test_c1_the_cell_on_lists_and_the_cell_on_arrays_agree(rng):
    """States, loss-free gradients of every weight and dh_0, by two programs that share no line."""
    cell = VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=4))
    x, h_0, dh_out = rng.normal(size=(12, 3)), rng.normal(size=4), rng.normal(size=(12, 4))
    h, a = bptt.unroll(cell, x, h_0)
    gradient, _, dh_0 = bptt.backward(cell, x, h, a, dh_out)
    lists = tuple(array.tolist() for array in cell)
    hs = scalar.forward(lists, x.tolist(), h_0.tolist())
    d_lists, dh_0_list = scalar.backward(lists, x.tolist(), hs, dh_out.tolist())
    for array, listed in zip([h, *gradient, dh_0], [hs, *d_lists, dh_0_list], strict=True):
        assert relative_error(array, listed) < 1e-12


def test_c2_one_object_runs_any_length_with_the_same_parameters(small_cell, rng):
    """The count is that of the shapes, H D + H H + H, before and after lengths 5 and 500."""
    before = small_cell.vector()
    for T in (5, 500):
        assert bptt.unroll(small_cell, rng.normal(size=(T, 3)))[0].shape == (T + 1, 4)
    np.testing.assert_array_equal(small_cell.vector(), before)
    assert small_cell.size == 4 * 3 + 4 * 4 + 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_c2_cut_anywhere_and_carried_the_future_is_the_same_bit_for_bit(rng, dtype):
    """A text of characters, cut at every place; started from zero instead, the next state differs."""
    H, D = 24, 9
    weights = rng.normal(size=(H, D)), rng.normal(size=(H, H)) / 5, rng.normal(size=H)
    cell = VanillaCell(*(array.astype(dtype) for array in weights))
    ids = rng.integers(D, size=60)
    whole, _ = bptt.unroll(cell, ids)
    for cut in range(1, 60):
        first, _ = bptt.unroll(cell, ids[:cut])
        rest, _ = bptt.unroll(cell, ids[cut:], first[-1])
        np.testing.assert_array_equal(rest, whole[cut:])
        forgotten, _ = bptt.unroll(cell, ids[cut:])
        assert not np.array_equal(forgotten[1], whole[cut + 1])

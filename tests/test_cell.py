"""The cell: what one step computes, and that the same weights serve every step."""

import math

import numpy as np
import pytest

from ch5.engine import bptt
from ch5.networks.cell import VanillaCell


def test_a_step_is_the_equation_written_with_sums(small_cell, rng):
    """h_t = tanh(W_xh x_t + W_hh h_{t-1} + b), entry by entry, with nothing but math.tanh and sums."""
    x, h_0 = rng.normal(size=(2, 3)), rng.normal(size=4)
    h, _ = bptt.unroll(small_cell, x, h_0)
    for t in (1, 2):
        for i in range(4):
            a = sum(small_cell.W_xh[i, j] * x[t - 1, j] for j in range(3)) + small_cell.b[i]
            a += sum(small_cell.W_hh[i, j] * h[t - 1, j] for j in range(4))
            assert math.isclose(h[t, i], math.tanh(a), rel_tol=1e-13)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_every_sequence_of_a_batch_is_run_as_if_alone(small_cell, rng, batch):
    x, h_0 = rng.normal(size=(6, *batch, 3)), rng.normal(size=(*batch, 4))
    h, _ = bptt.unroll(small_cell, x, h_0)
    assert h.shape == (7, *batch, 4)
    for index in np.ndindex(batch):
        alone, _ = bptt.unroll(small_cell, x[(slice(None), *index)], h_0[index])
        np.testing.assert_allclose(h[(slice(None), *index)], alone, atol=1e-14)


def test_an_id_drives_the_cell_as_its_one_hot_vector_does(small_cell):
    ids = np.array([2, 0, 1, 1])
    np.testing.assert_allclose(small_cell.drive(ids), small_cell.drive(np.eye(3)[ids]), atol=1e-15)


def test_a_slope_is_the_derivative_of_tanh(small_cell, rng):
    """By the complex step on math: tanh'(a) = Im tanh(a + i e) / e."""
    x = rng.normal(size=(5, 3))
    h, _ = bptt.unroll(small_cell, x)
    a_full = small_cell.drive(x) + h[:-1] @ small_cell.W_hh.T
    np.testing.assert_allclose(small_cell.linearise(h), np.tanh(a_full + 1e-30j).imag / 1e-30, rtol=1e-12)


def test_float32_weights_keep_everything_float32(small_cell):
    cell = VanillaCell(*(array.astype(np.float32) for array in small_cell))
    h, a = bptt.unroll(cell, np.ones((5, 3)))
    gradient, dx, dh_0 = bptt.backward(cell, np.ones((5, 4)), np.ones((5, 3)), h, a)
    assert {array.dtype.name for array in (h, a, *gradient, dx, dh_0)} == {"float32"}


def test_the_parameter_count_is_derived_and_does_not_depend_on_the_length(small_cell, rng):
    """One object runs length 5 and length 500; H D + H H + H weights serve both."""
    for T in (5, 500):
        assert bptt.unroll(small_cell, rng.normal(size=(T, 3)))[0].shape == (T + 1, 4)
        assert small_cell.size == 4 * 3 + 4 * 4 + 4

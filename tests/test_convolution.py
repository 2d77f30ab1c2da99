"""The convolution along time: right outputs, right gradients, and a padding that has a name."""

import numpy as np
import pytest

from ch5.engine import gradcheck, linear
from ch5.networks.convolution import Convolution

BATCHES = [(), (3,), (2, 3)]
N, K, D, T = 2, 4, 3, 12


@pytest.fixture
def conv(rng):
    return Convolution(rng.normal(size=(N, K, D)), rng.normal(size=N))


def by_loops(W, b, x, past):
    """The definition, one number at a time: y_t[n] = b[n] + sum over k, d of W[n, k, d] x_{t-k}[d]."""
    line = np.concatenate([past, x])
    y = np.zeros((len(x), *x.shape[1:-1], len(b)), np.result_type(W, x))
    for index in np.ndindex(*y.shape):
        t, *batch, n = index
        y[index] = b[n]
        for k in range(W.shape[1]):
            for d in range(W.shape[2]):
                y[index] += W[n, k, d] * line[(t + W.shape[1] - 1 - k, *batch, d)]
    return y


@pytest.mark.parametrize("batch", BATCHES)
def test_the_output_is_the_definition_written_as_a_loop(rng, conv, batch):
    x, past = rng.normal(size=(T, *batch, D)), rng.normal(size=(K - 1, *batch, D))
    np.testing.assert_allclose(conv.forward(x, past), by_loops(*conv, x, past), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("batch", BATCHES)
def test_every_gradient_agrees_with_the_complex_step(rng, conv, batch):
    """For the weights, the input and the padding, to a relative 1e-12."""
    x, past = rng.normal(size=(T, *batch, D)), rng.normal(size=(K - 1, *batch, D))
    R = rng.normal(size=(T, *batch, N))
    gradient, dx, dpast = conv.backward(R, x, past)
    numeric = gradcheck.complex_step(lambda W, b, *v: (R * by_loops(W, b, *v)).sum(), *conv, x, past)
    for analytic, by_number in zip([*gradient, dx, dpast], numeric, strict=True):
        assert gradcheck.relative_error(analytic, by_number) < 1e-12


@pytest.mark.parametrize("batch", BATCHES)
def test_each_position_adds_its_own_outer_product_to_the_weights_gradient(rng, conv, batch):
    """Contribution t is the whole gradient of a loss that only output t enters; their sum is dW."""
    x, dy = rng.normal(size=(T, *batch, D)), rng.normal(size=(T, *batch, N))
    contributions = conv.contributions(dy, x)
    assert contributions.shape == (T, N, K, D)
    for t in range(T):
        alone = np.zeros_like(dy)
        alone[t] = dy[t]
        (dW,) = gradcheck.complex_step(
            lambda W, alone=alone: (alone * by_loops(W, conv.b, x, np.zeros((K - 1, *batch, D)))).sum(),
            conv.W,
        )
        np.testing.assert_allclose(contributions[t], dW, rtol=1e-12, atol=1e-13)
    assert gradcheck.relative_error(contributions.sum(axis=0), conv.backward(dy, x)[0].W) < 1e-12


def test_without_a_past_it_pads_with_zero_vectors(rng, conv):
    x = rng.normal(size=(T, D))
    np.testing.assert_array_equal(conv.forward(x), conv.forward(x, np.zeros((K - 1, D))))


def test_the_last_inputs_carried_over_are_all_the_past_it_needs(rng, conv):
    """Cut anywhere and carry K - 1 inputs: the outputs are those of the whole ('valid' is the same cut)."""
    x = rng.normal(size=(T, D))
    whole = conv.forward(x)
    for cut in range(K - 1, T):
        rest = conv.forward(x[cut:], past=x[cut - K + 1 : cut])
        np.testing.assert_allclose(rest, whole[cut:], rtol=1e-13, atol=1e-13)


def test_an_id_stands_for_its_one_hot_vector_and_the_default_padding_for_none(rng, conv):
    ids, pad = np.array([0, 2, 2, 1, 0]), np.array([1, 1, 1])
    vectors = linear.one_hot(ids, D)
    np.testing.assert_array_equal(conv.forward(ids), conv.forward(vectors, np.zeros((K - 1, D))))
    np.testing.assert_array_equal(conv.forward(ids, pad), conv.forward(vectors, linear.one_hot(pad, D)))
    assert not np.allclose(conv.forward(ids)[0], conv.forward(ids, pad)[0])


def test_a_kernel_of_one_is_the_linear_map(rng):
    conv, x = Convolution(rng.normal(size=(N, 1, D)), np.zeros(N)), rng.normal(size=(T, D))
    np.testing.assert_array_equal(conv.forward(x), linear.apply(conv.W[:, 0], x))


def test_a_sequence_shorter_than_the_kernel_is_padded_like_any_other(rng, conv):
    x, past = rng.normal(size=(2, D)), rng.normal(size=(K - 1, D))
    np.testing.assert_allclose(conv.forward(x, past), by_loops(*conv, x, past), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.forward(np.ones((T, D + 1))), f"vectors with {D} entries on the last axis"),
        (lambda c: c.forward([0, D]), f"x must hold ids from 0 to {D - 1}, got 0 to {D}"),
        (lambda c: c.forward(np.ones((0, D))), "x must have at least one step"),
        (lambda c: c.forward(np.ones((T, D)), np.ones((K, D))), r"past must stand for vectors of shape \(3, 3\)"),
        (lambda c: c.backward(np.ones((T, D)), np.ones((T, D))), r"dy must have shape \(12, 2\), got \(12, 3\)"),
        (lambda c: c.contributions(np.ones(T), np.ones((T, D))), r"dy must have shape \(12, 2\), got \(12,\)"),
        (lambda c: Convolution(c.W, np.ones(N + 1)), r"Convolution\.b must have shape \(N\) with N = 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(conv, call, message):
    with pytest.raises(ValueError, match=message):
        call(conv)


@pytest.mark.parametrize("size", [(0, 2, 3), (2, 0, 3), (2, 2, 0)])
def test_a_convolution_of_nothing_is_refused(size):
    """Without a kernel nothing stood to be stacked."""
    with pytest.raises(ValueError, match=r"Convolution\.W must have at least one entry, got"):
        Convolution(np.ones(size), np.ones(size[0]))


def test_ids_of_every_kind_of_integer_are_the_same_vectors(conv, integer):
    ids, dy = np.array([0, 2, 1, 1, 2]), np.ones((5, N))
    assert np.array_equal(
        conv.forward(ids.astype(integer), ids[:3].astype(integer)), conv.forward(ids, ids[:3])
    )
    assert np.array_equal(conv.backward(dy, ids.astype(integer))[0].W, conv.backward(dy, ids)[0].W)

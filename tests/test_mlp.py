"""The multilayer perceptron: right gradients, and the unrolled cell is one of them (C1 is in test_claims)."""

import itertools

import numpy as np
import pytest

from ch5.engine import gradcheck
from ch5.networks.mlp import MLP, Layer


def stack(rng, widths, side=0):
    """Layers of these widths, each also seeing a side input of `side` entries."""
    pairs = itertools.pairwise(widths)
    return MLP(tuple(Layer(rng.normal(size=(n, side + m)), rng.normal(size=n)) for m, n in pairs))


def rebuilt(vectors):
    return MLP(tuple(Layer(W, b) for W, b in zip(vectors[::2], vectors[1::2], strict=True)))


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("side", [0, 2])
def test_every_gradient_agrees_with_the_complex_step(rng, batch, side):
    mlp, h_0 = stack(rng, [3, 4, 2, 5], side), rng.normal(size=(*batch, 3))
    x = rng.normal(size=(3, *batch, side)) if side else None
    R = rng.normal(size=(*batch, 5))
    gradient, dh_0 = mlp.backward(R, x, mlp.forward(h_0, x))
    numeric = gradcheck.complex_step(
        lambda *v: (R * rebuilt(v[:-1]).forward(v[-1], x)[-1]).sum(),
        *mlp.arrays().values(),
        h_0,
    )
    for analytic, by_number in zip([*gradient.arrays().values(), dh_0], numeric, strict=True):
        assert gradcheck.relative_error(analytic, by_number) < 1e-12


def test_a_stack_without_layers_is_refused():
    with pytest.raises(ValueError, match="layers must be a tuple of at least one Layer"):
        MLP(())


def test_input_that_does_not_fit_is_refused(rng):
    mlp = stack(rng, [3, 4, 2])
    with pytest.raises(ValueError, match="vectors with 3 entries on the last axis"):
        mlp.forward(np.ones(4))
    with pytest.raises(ValueError, match="x must have one side input a layer, 2, got 1"):
        mlp.forward(np.ones(3), np.ones((1, 2)))


def test_whole_numbers_are_numbers_and_no_ids(rng, integer):
    """h_0 = [1, 0, 2] looked up three columns; side inputs of whole numbers stay what they are."""
    mlp, h_0, x = stack(rng, [3, 4, 2], 1), np.array([1, 0, 2]), np.array([[3], [1]])
    found = mlp.forward(h_0.astype(integer), x.astype(integer))
    assert all(map(np.array_equal, found, mlp.forward(h_0.astype(float), x.astype(float))))
    with pytest.raises(TypeError, match="h_0 must hold real or complex numbers, got dtype bool"):
        mlp.forward(h_0 == 1, x)


@pytest.mark.parametrize(
    ("h", "dy", "x"),
    [(3, (2,), 2), (3, (1, 2), 2), (3, (7, 2, 2), 2), (2, (7, 2), 2), (3, (7, 2), 1)],
    ids=["no batch", "a batch of one", "an axis too many", "a layer short", "a side input short"],
)
def test_the_backward_pass_wants_what_the_forward_pass_gave(rng, h, dy, x):
    """dy (N,) was spread over the whole batch."""
    mlp, side = stack(rng, [3, 4, 2], 1), np.ones((2, 7, 1))
    states = mlp.forward(np.ones((7, 3)), side)
    with pytest.raises(ValueError, match=r"(h|x) must"):
        mlp.backward(np.ones(dy), side[:x], states[:h])

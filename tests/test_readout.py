"""The readout: logits, softmax and cross-entropy, and their gradients."""

import math

import numpy as np
import pytest

from ch5.engine import gradcheck
from ch5.networks import readout
from ch5.networks.readout import Readout, TanhReadout


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_every_gradient_agrees_with_the_complex_step(rng, batch):
    layer, h, targets = (
        Readout(rng.normal(size=(5, 4)), rng.normal(size=5)),
        rng.normal(size=(*batch, 4)),
        rng.integers(5, size=batch),
    )
    _, dlogits = readout.cross_entropy(layer.logits(h), targets)
    gradient, dh = layer.backward(dlogits, h)
    numeric = gradcheck.complex_step(
        lambda W, b, h: readout.cross_entropy(Readout(W, b).logits(h), targets)[0].sum(),
        *layer,
        h,
    )
    for analytic, by_number in zip([*gradient, dh], numeric, strict=True):
        assert gradcheck.relative_error(analytic, by_number) < 1e-12


def test_the_loss_is_minus_the_log_of_the_chance_of_the_target():
    losses, _ = readout.cross_entropy(np.log([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]), np.array([0, 2]))
    np.testing.assert_allclose(losses, [-math.log(0.5), -math.log(0.7)])


def test_equal_logits_cost_log_V():
    losses, _ = readout.cross_entropy(np.zeros((4, 69)), np.arange(4))
    np.testing.assert_allclose(losses, math.log(69))


def test_the_order_of_logits_in_memory_makes_no_difference(rng):
    logits, targets = rng.normal(size=(3, 2, 5)), rng.integers(5, size=(3, 2))
    by_row, by_column = (readout.cross_entropy(x, targets) for x in (logits, np.asfortranarray(logits)))
    for one, other in zip(by_row, by_column, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-15)


def test_huge_logits_neither_overflow_nor_lose_the_loss():
    losses, dlogits = readout.cross_entropy(np.array([1e4, 0.0]), np.array(1))
    assert losses == 1e4
    np.testing.assert_allclose(dlogits, [1, -1])
    np.testing.assert_allclose(readout.softmax(np.array([1e4, 1e4])), [0.5, 0.5])


def test_probabilities_sum_to_one(rng):
    np.testing.assert_allclose(readout.softmax(rng.normal(size=(3, 7), scale=30)).sum(axis=-1), 1)


def test_the_logits_are_left_as_they_were(rng):
    logits = rng.normal(size=(3, 5))
    kept = logits.copy()
    readout.cross_entropy(logits, np.array([0, 1, 2]))
    np.testing.assert_array_equal(logits, kept)


@pytest.mark.parametrize(
    "targets", [np.zeros(2, int), np.zeros(3), np.array([0, 1, 5]), np.array([0, -1, 2])]
)
def test_targets_that_do_not_fit_are_refused(targets):
    with pytest.raises(ValueError, match="targets must"):
        readout.cross_entropy(np.zeros((3, 5)), targets)


def test_whole_numbers_are_states_like_any_others(rng):
    """They are no ids: the readout sees a state."""
    layer = Readout(rng.normal(size=(5, 3)), rng.normal(size=5))
    np.testing.assert_array_equal(layer.logits(np.array([1, 0, 2])), layer.logits(np.array([1.0, 0.0, 2.0])))


def test_the_gradients_through_a_layer_agree_with_the_complex_step(rng):
    """Every weight and the state, to 1e-12, over two leading axes."""
    through = TanhReadout.initialise(rng, 5, 3, 4)
    s, R = rng.normal(size=(6, 2, 4)), rng.normal(size=(6, 2, 5))
    gradient, ds = through.backward(R, s)

    def loss(theta, s):
        return (R * through.with_vector(theta).logits(s)).sum()

    numeric = gradcheck.complex_step(loss, through.vector(), s)
    for analytic, exact in zip((gradient.vector(), ds), numeric, strict=True):
        assert gradcheck.relative_error(analytic, exact) < 1e-12


def test_a_readout_says_what_it_reads_and_gives(rng):
    through = TanhReadout.initialise(rng, 5, 3, 4)
    assert (through.reads, through.gives) == (4, 5)
    assert (through.readout.reads, through.readout.gives) == (3, 5)

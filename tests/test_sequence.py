"""The character model: right gradients, a state that can be carried, sampling that can be compared."""

import numpy as np
import pytest

from ch5.engine import gradcheck
from ch5.networks import sequence
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel


@pytest.mark.parametrize("batch", [(), (3,)])
def test_every_gradient_agrees_with_the_complex_step(small_model, rng, batch):
    text = rng.integers(5, size=(13, *batch))
    pair, s_0 = (text[:-1], text[1:]), rng.normal(size=(*batch, 4))
    _, gradient = small_model.loss_and_gradient(pair, s_0)

    def loss(theta):
        return small_model.with_vector(theta).loss_and_gradient(pair, s_0)[0]

    (numeric,) = gradcheck.complex_step(loss, small_model.vector())
    assert gradcheck.relative_error(gradient.vector(), numeric) < 1e-12


def test_the_loss_of_a_batch_is_the_mean_of_the_losses(small_model, rng):
    inputs, targets = rng.integers(5, size=(2, 7, 3))
    losses, _ = small_model.losses(inputs, targets)
    assert losses.shape == (7, 3)
    assert small_model.loss_and_gradient((inputs, targets))[0] == pytest.approx(losses.mean())


def test_a_text_cut_anywhere_and_carried_on_costs_the_same_bit_for_bit(small_model, rng):
    """C2: the state is all that the future needs of the past."""
    inputs, targets = rng.integers(5, size=(2, 40))
    whole, last = small_model.losses(inputs, targets)
    for cut in (1, 17, 39):
        first, s = small_model.losses(inputs[:cut], targets[:cut])
        rest, end = small_model.losses(inputs[cut:], targets[cut:], s)
        np.testing.assert_array_equal(end, last)
        np.testing.assert_allclose(np.concatenate([first, rest]), whole, rtol=1e-13)


def test_sampling_follows_the_chances_of_the_model(small_model):
    """The first id after a prompt comes as often as the softmax says: 4,000 draws, within 5 standard errors."""
    prompt = np.array([1, 4])
    rng = np.random.default_rng(0)
    first = [sequence.sample(small_model, prompt, 1, 1.0, rng)[0] for _ in range(4000)]
    logits = [small_model.losses(prompt, np.array([0, k]))[0][-1] for k in range(5)]
    probabilities = np.exp(-np.array(logits))
    error = np.sqrt(probabilities * (1 - probabilities) / 4000)
    assert (np.abs(np.bincount(first, minlength=5) / 4000 - probabilities) < 5 * error).all()


def test_temperature_zero_takes_the_likeliest_id(small_model, rng):
    """Each id drawn is the one whose loss is least, given all before it; no random number matters."""
    drawn = sequence.sample(small_model, [2], 20, 0, rng)
    text = np.concatenate([[2], drawn])
    for t in range(20):
        costs = [small_model.losses(text[: t + 1], np.append(text[1 : t + 1], k))[0][-1] for k in range(5)]
        assert drawn[t] == np.argmin(costs)


def test_a_tiny_temperature_is_the_limit_zero_and_a_huge_one_is_uniform(small_model):
    tiny = sequence.sample(small_model, [2], 50, 1e-300, np.random.default_rng(1))
    np.testing.assert_array_equal(tiny, sequence.sample(small_model, [2], 50, 0, np.random.default_rng(1)))
    huge = sequence.sample(small_model, [2], 5000, 1e9, np.random.default_rng(1))
    assert (np.abs(np.bincount(huge) / 5000 - 0.2) < 5 * np.sqrt(0.16 / 5000)).all()


def test_one_random_number_an_id_whatever_the_temperature(small_model):
    after = []
    for temperature in (0, 0.5, 1.0):
        rng = np.random.default_rng(3)
        sequence.sample(small_model, [0], 30, temperature, rng)
        after.append(rng.random())
    assert after[0] == after[1] == after[2]


@pytest.mark.parametrize("temperature", [-0.1, np.nan, np.inf])
def test_a_temperature_below_zero_or_not_finite_is_refused(small_model, rng, temperature):
    with pytest.raises(ValueError, match="temperature must be a finite number of at least 0"):
        sequence.sample(small_model, [0], 1, temperature, rng)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [([], "prompt must"), ([5], "prompt must hold ids from 0 to 4"), ([[0]], "prompt must")],
)
def test_a_prompt_that_cannot_be_read_is_refused(small_model, rng, prompt, message):
    with pytest.raises(ValueError, match=message):
        sequence.sample(small_model, np.array(prompt, int), 1, 1.0, rng)


def test_a_readout_that_does_not_fit_the_cell_is_refused(small_model):
    with pytest.raises(ValueError, match="readout"):
        SequenceModel(small_model.cell, Readout(np.ones((5, 6)), np.ones(5)))

"""How the second experiment reads: every window once, the state handed on, the gradient right, the rate as said."""

import numpy as np
import pytest

from ch5.engine.optimise import Adam
from ch5.networks.sequence import SequenceModel
from ch5.networks.stream import CHARACTERS, Annealed, Reader, Windows


@pytest.mark.parametrize("carried", [True, False])
@pytest.mark.parametrize("length", [8, 32, 128])
def test_an_epoch_reads_every_place_at_most_once_and_nearly_all_of_them(rng, carried, length):
    """Targets are one character ahead; what is left over is less than a window in each stream and two at the end."""
    windows = Windows.of(np.arange(9000), length, 2, carried, rng)
    for k in (0, len(windows) // 2):
        inputs, targets, goes_on = windows[k]
        assert inputs.shape == (length, CHARACTERS // length)
        assert not goes_on
        np.testing.assert_array_equal(targets, inputs + 1)
    for epoch in (range(len(windows) // 2), range(len(windows) // 2, len(windows))):
        read = np.concatenate([windows[k][0].ravel() for k in epoch])
        assert len(np.unique(read)) == len(read) > 9000 - CHARACTERS - 2 * length


def test_carried_windows_go_on_where_those_before_them_ended(rng):
    windows = Windows.of(np.arange(9000), 32, 3, True, rng)
    for k in range(1, len(windows)):
        _, targets, _ = windows[k - 1]
        inputs, _, goes_on = windows[k]
        assert goes_on == (k % (len(windows) // 3) != 0)
        if goes_on:
            np.testing.assert_array_equal(inputs[0], targets[-1])


def test_windows_that_are_not_carried_are_shuffled_anew_every_epoch(rng):
    windows = Windows.of(np.arange(9000), 32, 2, False, rng)
    assert not windows.goes_on.any()
    first, second = np.split(windows.starts, 2)
    assert not np.array_equal(np.argsort(first.ravel()), np.arange(first.size))
    assert not np.array_equal(np.argsort(first.ravel()), np.argsort(second.ravel()))


def batch(rng, goes_on):
    text = rng.integers(5, size=(13, 3))
    return text[:-1], text[1:], np.array(goes_on)


def test_a_reader_starts_from_the_last_state_where_the_text_goes_on(small_model, rng):
    """The loss and the gradient of the second batch are those of the model from the state after the first."""
    reader = Reader(small_model, 0.0, rng)
    first, second = batch(rng, False), batch(rng, True)
    reader.loss_and_gradient(first)
    _, s = small_model.losses(*first[:2])
    for s_0, goes_on in ((s, True), (None, False)):
        loss, gradient = reader.loss_and_gradient((*second[:2], np.array(goes_on)))
        wanted, exact = small_model.loss_and_gradient(second[:2], s_0)
        assert loss == pytest.approx(wanted)
        np.testing.assert_allclose(gradient.vector(), exact.vector(), rtol=1e-12)


def test_with_dropout_the_gradient_is_that_of_differences(small_model, rng):
    """Along a random direction, the same units left out each time."""
    data, direction = batch(rng, False), rng.normal(size=small_model.size)

    def reader(shift):
        model = small_model.with_vector(small_model.vector() + shift * direction)
        return Reader(model, 0.4, np.random.default_rng(1)).loss_and_gradient(data)

    numeric = (reader(1e-5)[0] - reader(-1e-5)[0]) / 2e-5
    assert reader(0)[1].vector() @ direction == pytest.approx(numeric, rel=1e-7)
    assert isinstance(reader(0)[1], SequenceModel)
    place = Reader(small_model.empty(), 0.4, rng)
    again = Reader(small_model, 0.4, np.random.default_rng(1)).loss_and_gradient(data, out=place)[1]
    assert again is place.model
    np.testing.assert_array_equal(again.vector(), reader(0)[1].vector())
    assert abs(reader(0)[0] - small_model.loss_and_gradient(data[:2])[0]) > 1e-3


def test_the_rate_falls_along_half_a_cosine(rng):
    """Beside an Adam that is given each update's rate; without decay they agree, with it the weights shrink as well."""
    theta = rng.normal(size=7)
    one, other, shrunk = theta.copy(), theta.copy(), theta.copy()
    annealed, decaying = Annealed(0.1, updates=4), Annealed(0.1, updates=4, decay=0.5)
    adam = Adam(1)
    for rate in 0.1 * np.array([1, (1 + np.sqrt(0.5)) / 2, 0.5, (1 - np.sqrt(0.5)) / 2]):
        gradient = rng.normal(size=7)
        before = other.copy()
        adam.learning_rate = rate
        adam.update(other, gradient.copy())
        annealed.update(one, gradient.copy())
        decaying.update(shrunk, gradient)
        np.testing.assert_allclose(one, other, rtol=1e-12)
        if rate == 0.1:
            np.testing.assert_allclose(shrunk, other * (1 - 0.05), rtol=1e-12)
        assert not np.array_equal(before, other)


def test_where_the_rate_is_does_not_change_the_settings(rng):
    """They tell one run from another, so the rate of the moment is no setting."""
    annealed = Annealed(0.1, updates=4)
    before = repr(annealed)
    annealed.update(np.zeros(2), np.ones(2))
    annealed.update(np.zeros(2), np.ones(2))
    assert repr(annealed) == before


def test_a_reader_draws_from_a_generator_of_its_own(small_model, rng):
    """What others draw meanwhile changes no loss, and it takes nothing from them."""
    ours = np.random.default_rng(1)
    one, other = (Reader(small_model, 0.4, np.random.default_rng(1) if k else ours) for k in range(2))
    data = batch(rng, False)
    for _ in range(3):
        ours.random(7)
        assert one.loss_and_gradient(data)[0] == other.loss_and_gradient(data)[0]
    assert ours.random() == np.random.default_rng(1).random(22)[-1]


def test_a_reader_goes_on_from_its_state_bit_for_bit(small_model, rng):
    data = [batch(rng, k % 3 > 0) for k in range(8)]
    for stop in (0, 1, 5):
        one, other = (Reader(small_model, 0.4, np.random.default_rng(k)) for k in range(2))
        for some in data[:stop]:
            one.loss_and_gradient(some)
        kept = one.state()
        after = [one.loss_and_gradient(some)[0] for some in data[stop:]]
        other.restore(kept)
        assert [other.loss_and_gradient(some)[0] for some in data[stop:]] == after


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: Windows.of(np.arange(9000), 32, 0, True, rng), "epochs must be at least 1, got 0"),
        (lambda rng: Windows.of(np.arange(9000), 0, 1, True, rng), "length must be at least 1, got 0"),
        (
            lambda rng: Windows.of(np.arange(9000), 513, 1, True, rng),
            "length must be from 1 to 512 .* got 513",
        ),
        (lambda rng: Windows.of(np.arange(544), 32, 1, True, rng), "ids must hold at least 545 .* got 544"),
        (lambda rng: Annealed(0.1, updates=0), "updates must be at least 1, got 0"),
        (lambda rng: Annealed(0.1, decay=-1), "decay must be .* got -1"),
        (lambda rng: Reader(None, 1.0, rng), r"dropout must be at least 0 and below 1, got 1\.0"),
    ],
)
def test_settings_without_meaning_are_refused(rng, make, message):
    with pytest.raises(ValueError, match=message):
        make(rng)
    assert len(Windows.of(np.arange(545), 32, 1, True, rng)) == 1

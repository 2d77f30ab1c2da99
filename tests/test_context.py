"""How far back a model looks, against models of which it is known and against plain loops."""

import numpy as np
import pytest

from ch5.analysis import context
from ch5.engine import bptt
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel


@pytest.fixture
def text(rng):
    return rng.integers(5, size=700)


@pytest.fixture
def forgetful(rng):
    """A model whose cell has W_hh = 0: it sees the last character and no other."""
    cell = VanillaCell(rng.normal(size=(4, 5)), np.zeros((4, 4)), rng.normal(size=4))
    return SequenceModel(cell, Readout(rng.normal(size=(5, 4)), np.zeros(5)))


def test_losses_in_pieces_are_those_of_reading_on(small_model, text):
    """One pass over the whole text from a zero state, for a model that has forgotten 128 characters ago."""
    cell = small_model.cell
    model = SequenceModel(VanillaCell(cell.W_xh, cell.W_hh / 5, cell.b), small_model.readout)
    whole, _ = model.losses(text[:-1], text[1:])
    for pieces in (1, 7, 40):
        found = context.losses_from(model, text, 300, pieces)
        assert found.shape == (pieces, 400 // pieces)
        np.testing.assert_allclose(found.ravel(), whole[299 : 299 + found.size], rtol=1e-12)


def test_losses_given_k_are_those_of_reading_k_characters(small_model, text):
    places = np.array([50, 51, 300])
    for k in (1, 6, 50):
        each = [small_model.losses(text[p - k : p], text[p - k + 1 : p + 1])[0][-1] for p in places]
        np.testing.assert_allclose(context.losses_given(small_model, text, places, k), each, rtol=1e-12)


def test_from_the_state_before_them_k_characters_cost_what_all_of_them_do(small_model, text):
    places = np.array([60, 200])
    s_0 = np.stack([bptt.unroll(small_model.cell, text[p - 50 : p - 9])[0][-1] for p in places])
    found = context.losses_given(small_model, text, places, 9, s_0)
    np.testing.assert_allclose(found, context.losses_given(small_model, text, places, 50), rtol=1e-12)


def test_a_model_without_recurrence_needs_one_character(forgetful, text):
    places = np.arange(100, 200)
    one = context.losses_given(forgetful, text, places, 1)
    np.testing.assert_allclose(context.losses_given(forgetful, text, places, 30), one, rtol=1e-12)


def test_the_gradient_is_that_of_differences(small_model, text):
    """|d loss_t / d h_{t-k}| by the complex step in the state k characters before, for k = 0, 1, 7."""
    place, H = 400, 4
    logs = context.log_gradient_norms(small_model, text, np.array([place]), 7)[0][:, 0]
    norms = {}
    for k in (0, 1, 7):
        h = bptt.unroll(small_model.cell, text[place - 7 - context.BEFORE : place - k])[0][-1]

        def loss(h, k=k):
            arrays = small_model.astype(complex)
            s = h
            if k:
                s = bptt.unroll(arrays.cell, text[place - k : place], h)[0][-1]
            logits = arrays.readout.logits(s)
            return np.log(np.exp(logits).sum()) - logits[text[place]]

        slope = [np.imag(loss(h + 1e-30j * np.eye(H)[i])) / 1e-30 for i in range(H)]
        norms[k] = np.linalg.norm(slope)
    np.testing.assert_allclose(np.exp(logs[[1, 7]]), [norms[1] / norms[0], norms[7] / norms[0]], rtol=1e-10)


def test_without_recurrence_no_gradient_reaches_the_state_before(forgetful, text):
    logs, _ = context.log_gradient_norms(forgetful, text, np.arange(200, 210), 5)
    assert (logs[0] == 0).all()
    assert (logs[1:] == np.log(context.NOTHING)).all()


def test_looking_back_finds_that_a_model_with_little_recurrence_needs_little(forgetful, rng):
    """W_hh = 1e-4 times the identity: a second character changes nothing, a gradient shrinks as much a step."""
    cell = forgetful.cell
    model = SequenceModel(VanillaCell(cell.W_xh, 1e-4 * np.eye(4), cell.b), forgetful.readout)
    found = context.look_back(model, rng.integers(5, size=3000), 700)
    assert np.abs(found["excess"]).max() < 1e-3
    assert (np.diff(found["gradient"][1][:50]) < np.log(1e-4)).all()
    assert found["radius"] == pytest.approx(1e-4)
    assert found["exponent"] < np.log(1e-4)
    assert 0 < found["slope"] < 1


def test_what_has_too_little_text_before_it_is_refused(small_model, text):
    with pytest.raises(ValueError, match="first must be from 129 to 668, got 128"):
        context.losses_from(small_model, text, 128)
    with pytest.raises(ValueError, match="k must be from 1 to 9, the first of the places, got 10"):
        context.losses_given(small_model, text, np.array([9, 50]), 10)
    with pytest.raises(ValueError, match="lags must be at most 22 for the first of the places, got 23"):
        context.log_gradient_norms(small_model, text, np.array([150]), 23)


def test_what_is_needed_is_the_first_of_the_grid_from_which_on_it_suffices():
    """GIVEN begins 1, 2, 3, 4, 6; an early dip does not count, and where nothing suffices the last is given."""
    excess = np.zeros(len(context.GIVEN))
    assert context.length(excess, 0.01) == 1
    excess[[0, 1, 3]] = 0.5
    assert context.length(excess, 0.01) == 6
    assert context.length(excess + 1, 0.01) == context.GIVEN[-1]


def test_a_gradient_has_faded_where_it_first_falls_below_the_share():
    """And where it never does, past the last lag."""
    assert context.decay_lag(np.log([1, 1.2, 0.5, 0.009, 0.02]), 0.01) == 3
    assert context.decay_lag(np.log([1, 1.2, 0.5]), 0.01) == 3


@pytest.mark.parametrize("kind", ["int16", "uint16", "int32", "uint32", "uint64"])
def test_places_and_ids_of_every_kind_of_integer_give_the_same(small_model, text, kind):
    """Places that are unsigned became floats, or wrapped, when something was taken off."""
    places, n = np.arange(300, 310), np.dtype(kind).type
    for f, k in ((context.losses_given, 9), (context.log_gradient_norms, 5)):
        found = f(small_model, text.astype(kind), places.astype(kind), n(k))
        assert np.array_equal(found[0], f(small_model, text, places, k)[0])
    found = context.losses_from(small_model, text.astype(kind), n(300), n(7))
    assert np.array_equal(found, context.losses_from(small_model, text, 300, 7))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, t: context.losses_given(m, t, [100, 700], 5), ValueError, "places must be from 0 to 699"),
        (
            lambda m, t: context.losses_given(m, t, [-1], 1),
            ValueError,
            "places must be from 0 to 699, got -1",
        ),
        (lambda m, t: context.losses_given(m, t, [], 1), ValueError, "places must be whole numbers"),
        (lambda m, t: context.losses_given(m, t, [50.0], 1), ValueError, "places must be whole numbers"),
        (lambda m, t: context.losses_given(m, t, [50], 1.5), TypeError, "k must be a whole number, got 1.5"),
        (
            lambda m, t: context.losses_given(m, t + 0.5, [50], 1),
            TypeError,
            "ids must be an array of integers",
        ),
        (lambda m, t: context.losses_from(m, t, 300, 0), ValueError, "pieces must be at least 1, got 0"),
        (lambda m, t: context.excess(m, t, [300]), ValueError, "places must be at least 8"),
        (lambda m, t: context.look_back(m, t, 600), ValueError, "ids must go on for 300 characters"),
        (
            lambda m, t: context.length(np.full(12, np.nan), 0.1),
            ValueError,
            "excess must be 12 numbers",
        ),
        (lambda m, t: context.length(np.ones(5), 0.1), ValueError, "excess must be 12 numbers"),
        (lambda m, t: context.decay_lag([0, -1], 0), ValueError, "to above 0, got shape"),
        (lambda m, t: context.decay_lag([0, np.nan], 0.1), ValueError, "logs must be numbers"),
    ],
)
def test_places_lags_and_shares_that_are_none_are_refused(small_model, text, call, error, message):
    with pytest.raises(error, match=message):
        call(small_model, text)

"""The baselines of both experiments: the table again by other code on a slice, and a fixed window that learns."""

import bz2
import gzip
import lzma
from collections import Counter

import numpy as np
import pytest

from ch5.data import text
from ch5.engine import gradcheck
from ch5.experiments import baselines, original
from ch5.experiments.baselines import FixedWindow, Places
from ch5.networks.mlp import MLP, Layer
from ch5.networks.readout import Readout


def counted_with_dictionaries(head, whole, V, order):
    """The losses of a Witten-Bell model of `head` on every character of `whole`, with dictionaries of strings."""
    grams, contexts, kinds = Counter(), Counter(), Counter()
    for k in range(order + 1):
        for t in range(k, len(head)):
            context, gram = head[t - k : t], head[t - k : t + 1]
            kinds[context, k] += gram not in grams
            grams[gram] += 1
            contexts[context, k] += 1
    losses = []
    for t, c in enumerate(whole):
        p = 1 / V
        for k in range(min(order, t) + 1):
            context = whole[t - k : t]
            if n := contexts[context, k]:
                p = (grams[context + c] + kinds[context, k] * p) / (n + kinds[context, k])
        losses.append(-np.log(p))
    return np.array(losses)


def test_the_table_is_that_of_other_code_on_a_slice():
    """6,000 characters to count and 1,000 more: every order, the uniform chance and the three compressors."""
    whole = text.alice()[20_000:27_000]
    vocabulary = text.Vocabulary.of(whole)
    rows = baselines.counted(vocabulary, vocabulary.encode(whole), 6000)
    for order in range(6):
        losses = counted_with_dictionaries(whole[:6000], whole, len(vocabulary), order)
        np.testing.assert_allclose(rows[f"order {order}"], [losses[:6000].mean(), losses[6000:].mean()])
    assert rows["uniform"] == (np.log(len(vocabulary)),) * 2
    for name, compress in {
        "gzip": lambda data: gzip.compress(data, 9, mtime=0),
        "bzip2": lambda data: bz2.compress(data, 9),
        "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
    }.items():
        sizes = [8 * len(compress(part.encode())) * np.log(2) for part in (whole[:6000], whole)]
        np.testing.assert_allclose(rows[name], [sizes[0] / 6000, (sizes[1] - sizes[0]) / 1000])
    assert len(rows) == 10


def test_what_is_held_out_of_the_opening_follows_it():
    vocabulary, ids, first = baselines.texts("opening")
    assert vocabulary.decode(ids) == text.alice()[:40_000]
    assert (first, len(vocabulary)) == (30_000, 69)
    np.testing.assert_array_equal(ids[:first], original.opening()[1])


@pytest.fixture
def small_window(rng):
    """Three characters of five seen, four hidden units."""
    mlp = MLP((Layer(rng.normal(size=(4, 15)), rng.normal(size=4)),))
    return FixedWindow(mlp, Readout(rng.normal(size=(5, 4)), rng.normal(size=5)))


def test_the_gradient_of_a_fixed_window_agrees_with_the_complex_step(small_window, rng):
    data = rng.integers(5, size=(6, 3)), rng.integers(5, size=6)
    loss, gradient = small_window.loss_and_gradient(data)
    assert loss == pytest.approx(small_window.losses(*data).mean())
    (numeric,) = gradcheck.complex_step(
        lambda theta: small_window.with_vector(theta).loss_and_gradient(data)[0], small_window.vector()
    )
    assert gradcheck.relative_error(gradient.vector(), numeric) < 1e-12


def test_a_fixed_window_sees_the_characters_before_each_place_in_order(rng):
    """And its mean loss over many places is the mean of the losses."""
    ids = rng.integers(5, size=9000)
    contexts, targets = Places(ids, 3, np.array([[3, 7], [50, 51]]))[1]
    np.testing.assert_array_equal(contexts, [ids[47:50], ids[48:51]])
    np.testing.assert_array_equal(targets, ids[50:52])


def test_the_mean_over_many_places_is_the_mean_of_all(small_window, rng):
    places = Places(rng.integers(5, size=9003), 3, np.arange(3, 9003))
    losses = small_window.losses(*places[slice(None)])
    assert baselines.mean_loss(small_window, places) == pytest.approx(losses.mean())


@pytest.mark.parametrize(("on", "parameters"), [("opening", 13_061), ("whole", 102_728)])
def test_the_fixed_window_has_about_as_many_parameters(on, parameters):
    run = baselines.fixed_window(on, 1, **baselines.SETTINGS)
    assert abs(run.model.size / parameters - 1) < 0.02
    assert run.batches.places.max() < baselines.texts(on)[2]


def test_the_row_of_a_fixed_window_is_its_best_epoch():
    """Four hidden units for two epochs: the losses are those of places that training read, and of those that follow."""
    settings = baselines.SETTINGS | {"sizes": {"opening": [2, 4]}, "epochs": {"opening": 2}}
    found = baselines.measure(model="window", on="opening", seed=1, **settings)
    run = baselines.fixed_window("opening", 1, **settings)
    for _ in run:
        pass
    _, ids, first = baselines.texts("opening")
    contexts = np.stack([ids[first - 2 : -2], ids[first - 1 : -1]], axis=1)
    assert found["held_out"] == pytest.approx(run.model.losses(contexts, ids[first:]).mean(), rel=1e-5)
    assert 2.5 < found["held_out"] < 3.5
    assert abs(found["train"] - found["held_out"]) < 0.2

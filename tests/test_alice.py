"""The second experiment: what is written is the network's, and what is measured is what is said."""

from itertools import pairwise

import numpy as np
import pytest

from ch5.analysis import context, text_statistics
from ch5.data import text
from ch5.experiments import alice
from ch5.networks import sequence


def test_written_texts_are_samples(small_model):
    """One text alone is the one that `sequence.sample` draws with the same numbers."""
    for temperature in (0.5, 1.0):
        pieces = alice.write(small_model, np.array([1, 4]), temperature, (40, 1), np.random.default_rng(3))
        drawn = sequence.sample(small_model, [1, 4], 72, temperature, np.random.default_rng(3))
        np.testing.assert_array_equal(pieces[:, 0], drawn[32:])


def test_texts_side_by_side_differ_and_follow_the_chances(small_model):
    """The share of each character over 300 texts, within 5 standard errors of that over other 300."""
    one, two = (
        alice.write(small_model, np.array([2]), 1.0, (1, 3000), np.random.default_rng(s)) for s in (1, 2)
    )
    p, q = (np.bincount(texts.ravel(), minlength=5) / 3000 for texts in (one, two))
    assert (np.abs(p - q) < 5 * np.sqrt(2 * p * (1 - p) / 3000) + 1e-12).all()
    assert len(np.unique(one)) > 1


def test_the_tail_is_a_tenth_of_the_book_and_no_window_reaches_it():
    vocabulary, ids, first = alice.book()
    assert len(ids) == len(text.alice())
    assert (len(ids) - first) == round(0.1 * len(ids))
    run = alice.training(1, **alice.SETTINGS)
    assert run.batches.starts.max() + run.batches.length < first
    assert vocabulary.decode(ids[:first]) == text.alice()[:first]


@pytest.fixture(scope="module")
def short_run():
    """32 units, two epochs, measured closely."""
    settings = alice.EXPERIMENT.settings | {"hidden": 32, "epochs": 2, "stages": (0, 100)}
    return alice.measure(variant="main", seed=1, **settings)


def test_the_network_writes_at_each_stage_and_at_the_end(short_run):
    updates = [stage["update"] for stage in short_run["stages"]]
    assert updates[:2] == [0, 100]
    assert updates[2] == 2 * 260
    assert abs(short_run["stages"][0]["held_out"] - np.log(72)) < 0.2
    assert short_run["stages"][2]["held_out"] == pytest.approx(short_run["held_out"][-1])
    assert {len(stage["text"]) for stage in short_run["stages"]} == {200}


def test_the_first_losses_and_the_loss_of_the_tail_are_those_of_a_run_made_here(short_run):
    """Trained again with a plain loop over the same run."""
    settings = alice.SETTINGS | {"hidden": 32, "epochs": 2}
    run = alice.training(1, **settings)
    for _ in run:
        pass
    np.testing.assert_allclose(short_run["early"], run.losses[:20], rtol=1e-12)
    _, ids, first = alice.book()
    losses, _ = run.model.model.losses(ids[first - 1 : -1], ids[first:])  # in one go, from a zero state
    assert short_run["held_out"][-1] == pytest.approx(losses.mean(), abs=0.005)
    assert short_run["train"] == pytest.approx(
        context.losses_from(run.model.model, ids[:first], 5000).mean(), abs=0.005
    )


def test_the_weights_are_those_after_the_last_epoch_whatever_the_tail_says(monkeypatch):
    """Told that the tail's loss rises from epoch to epoch, the loss in training is still that of the last weights."""
    asked = []

    def rising(model, *_, **__):
        asked.append(model.vector().copy())
        return np.array([float(len(asked))])

    monkeypatch.setattr(context, "losses_from", rising)
    settings = alice.TRIALS.settings | {"hidden": 8, "epochs": 2, "variants": {"x": {}}}
    found = alice.measure(variant="x", seed=1, **settings)
    assert (found["held_out"], found["train"]) == ([1, 2], 3)
    assert (asked[0] != asked[1]).any()
    np.testing.assert_array_equal(asked[1], asked[2])


def test_a_trial_is_measured_without_writing():
    settings = alice.TRIALS.settings | {"hidden": 8, "epochs": 1, "variants": {"x": {"window": 128}}}
    found = alice.measure(variant="x", seed=1, **settings)
    assert found.keys() == {"parameters", "early", "loss", "held_out", "train"}
    assert found["parameters"] == 8 * (72 + 8 + 1) + 72 * (8 + 1)


def test_a_boundary_is_the_first_update_from_which_on_the_intervals_part():
    """Above 1 ± 0.5: 1.4 ± 0.1 is not, 2 ± 0.4 is, and what is so once and later is not does not count."""
    limit = text_statistics.Estimate(1.0, 0.5)

    def stages(*values):
        return [
            {"update": 10 * k, "statistics": {"x": [value, 0.4]}, "text": ""}
            for k, value in enumerate(values)
        ]

    assert alice.first_update(stages(1.8, 2.0, 3.0), "x", "above", limit) == 10
    assert alice.first_update(stages(2.0, 1.8, 3.0), "x", "above", limit) == 20
    assert alice.first_update(stages(2.0, 3.0, 1.0), "x", "above", limit) is None
    assert alice.first_update(stages(1.0, 0.05, 0.0), "x", "below", limit) == 10


def test_where_nothing_was_counted_there_is_no_boundary_and_no_dot():
    """A stage whose text has nothing of it: it counts as not yet there, and its value is not a number."""
    pairs = ([0.0, 0.1], [2.0, 0.1], None, [2.0, 0.1])
    stages = [{"update": k, "statistics": {"x": pair}} for k, pair in enumerate(pairs)]
    assert alice.first_update(stages, "x", "above", text_statistics.Estimate(1.0, 0.5)) == 3
    found = alice.course([{"stages": stages}], "x")
    assert found.shape == (1, 4, 2)
    np.testing.assert_array_equal(np.isnan(found[0, :, 0]), [False, False, True, False])


def test_the_references_stand_in_the_order_that_they_must():
    """Of each order's Markov text more words are real than of the order before; a shuffle is order 0."""
    found = alice.references()
    for length in ("3-4", "5+"):
        shares = [found[f"order {k}"][f"real words {length}"] for k in range(6)]
        assert all(a.high < b.low for a, b in pairwise(shares[1:]))
    assert abs(found["shuffle"]["alternation"].value - found["order 0"]["alternation"].value) < 0.02
    assert found["uniform"]["characters"].low > 0.5
    assert found["book"]["recurrence"].low > found["order 5"]["recurrence"].high


def test_a_loop_is_found_by_its_length():
    assert alice.loop_length("so it began" + "and the " * 20) == 8
    assert alice.loop_length("x" * 50) == 1
    assert alice.loop_length("no loop here, not even a short one") is None
    assert alice.loop_length("abc" * 20 + "d") is None

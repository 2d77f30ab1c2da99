"""What is recorded of the texts by stage and temperature is what the second experiment's network writes."""

import numpy as np
import pytest

from ch5.analysis import text_statistics
from ch5.experiments import alice, alice_samples, record

SAMPLES = record.load(alice_samples.EXPERIMENT)


def test_at_temperature_one_it_is_the_second_experiment():
    """The same updates; the intervals of every statistic overlap, for the two records may be of two machines."""
    whole = record.load(alice.EXPERIMENT)
    for seed in alice.SEEDS:
        (other,), (found,) = whole.where(variant="main", seed=seed), SAMPLES.where(seed=seed)
        assert [stage["update"] for stage in found["stages"]] == [
            stage["update"] for stage in other["stages"]
        ]
        for here, there in zip(found["stages"], other["stages"], strict=True):
            at_one = here["temperatures"]["1.0"]
            for name, estimate in at_one["statistics"].items():
                if estimate is None or there["statistics"][name] is None:
                    assert estimate == there["statistics"][name]
                else:
                    (value, half), (other_value, other_half) = estimate, there["statistics"][name]
                    assert abs(value - other_value) <= half + other_half


def test_the_first_stages_are_those_of_a_run_made_here():
    """Ten updates, made again: the same text at every temperature, and statistics well within their intervals. In
    float32, one or two of 65,536 draws fall otherwise on another processor."""
    vocabulary, ids, first = alice.book()
    book, run = text_statistics.Book.of(vocabulary, ids[:first]), alice.training(1, **alice.SETTINGS)
    _, recorded, *_ = SAMPLES.where(seed=1)[0]["stages"]
    for update in run:
        if update.number == recorded["update"]:
            break
    for temperature in alice_samples.TEMPERATURES:
        found = alice_samples.written(run.model.model, vocabulary, book, temperature)
        there = recorded["temperatures"][str(temperature)]
        assert found["text"] == there["text"]
        for name, estimate in found["statistics"].items():
            if there["statistics"][name] is None:
                assert estimate is None
            else:
                value, half = there["statistics"][name]
                np.testing.assert_allclose(estimate, (value, half), rtol=0, atol=half / 5 + 1e-4)


def test_what_has_no_value_is_none():
    """In a text of one letter no word comes to an end."""
    vocabulary, ids, _ = alice.book()
    pieces = np.full((50, 8), vocabulary.encode("e")[0])
    found = text_statistics.where_counted(
        pieces, text_statistics.Book.of(vocabulary, ids), alice_samples.STATISTICS
    )
    assert tuple(found) == alice_samples.STATISTICS
    assert found["recurrence"] is None
    assert found["spacing"] is None
    assert found["characters"].value == pytest.approx(1 - (ids == vocabulary.encode("e")[0]).mean())

"""The scrubber carries what was recorded: texts, real words, tracks and sentences."""

import numpy as np
import pytest

from ch5.analysis import text_statistics
from ch5.book.lab import arc as scrubber
from ch5.experiments import alice, alice_samples, record

RESULTS = record.load(alice_samples.EXPERIMENT).results


@pytest.fixture(scope="module")
def references():
    return alice.references()


@pytest.fixture(scope="module")
def figure(references):
    return scrubber.Arc(RESULTS, references).figure


def test_the_texts_are_the_first_seed_s(figure):
    """At each moment and temperature."""
    for t in ("0.25", "0.5", "0.8", "1.0"):
        for u, stage in enumerate(RESULTS[0]["stages"]):
            assert figure["texts"][t][u] == stage["temperatures"][t]["text"]
    assert figure["updates"] == [stage["update"] for stage in RESULTS[0]["stages"]]


def test_marked_words_are_the_book_s(figure):
    """Each stands in the part that is trained on; of the text's words of three letters or more no other does."""
    vocabulary, ids, first = alice.book()
    book = set(text_statistics.WORD.findall(vocabulary.decode(ids[:first]).lower()))
    marked = set(figure["words"])
    assert "alice" in marked or "said" in marked
    for texts in figure["texts"].values():
        for word in text_statistics.WORD.findall(" ".join(texts).lower()):
            assert (word in marked) == (word in book and len(word) >= 3)


def test_a_track_runs_from_random_characters_to_the_book(figure, references):
    """Its ends and marks are the references', its values lowest, mean and highest of three seeds."""
    assert [row["label"] for row in figure["rows"]] == [label for _, label, _ in scrubber.ROWS]
    for row, (statistic, _, book) in zip(figure["rows"], scrubber.ROWS, strict=True):
        assert row["low"] == references["uniform"][statistic].value
        assert row["high"] == references[book][statistic].value
        assert row["marks"][2] == [2, references["order 2"][statistic].value]
        seeds = [r["stages"][-1]["temperatures"]["0.8"]["statistics"][statistic][0] for r in RESULTS]
        np.testing.assert_allclose(row["values"]["0.8"][-1], [min(seeds), np.mean(seeds), max(seeds)])


def test_the_sentence_says_where_the_words_stand(figure, references):
    """At the end and temperature 1 between orders 2 and 3, as the page's measurement has it; at first at order 0."""
    assert "no more than in Markov text of order 0" in figure["readings"]["1.0"][0]
    assert "more than in Markov text of order 2, fewer than of order 3" in figure["readings"]["1.0"][-1]
    share = np.mean(
        [r["stages"][-1]["temperatures"]["1.0"]["statistics"]["real words 3-4"][0] for r in RESULTS]
    )
    assert f"{share:.0%} are real" in figure["readings"]["1.0"][-1]


def test_what_no_text_has_is_said(references):
    """No word of three or four letters in any seed: no value, and a sentence."""
    stage = {
        "temperatures": {"1.0": {"text": "e e", "statistics": {name: None for name, *_ in scrubber.ROWS}}}
    }
    figure = scrubber.Arc([{"stages": [{"update": 0} | stage]}], references).figure
    assert figure["rows"][0]["values"]["1.0"] == [None]
    assert figure["readings"]["1.0"] == ["It has no word of three or four letters."]
    assert repr(scrubber.Arc(RESULTS, references)) == "Arc(0.25, 0.5, 0.8, 1.0)"

"""Do the samples drift, and is that the gradient's doing? (C15) Long words that return, counted among real words alone

The statistic is `text_statistics.recurrence_of`: of a thousand pairs of long words, how many more are the same within a
piece than across two. Two in three of a network's long words are inventions, or four in five at a lower rate, which
hardly ever return; with them in the count even the book would pass for a text that drifts. So only pairs of two words
of the book count.

    alone    512 characters that the network writes after "Alice ", each fed back
    led      from each sentence that begins in a piece of the book, what the network writes after reading the 128
             characters before it, to the end of its own sentence; then the next sentence of the book is read
    book     the head of the book in pieces of 512 characters; thinned: each long word stays with a probability, the
             same for all, or one for each, so that it is at most as frequent as in what the network writes alone

If the network drifted because it reads its own text instead of the book's, the text led by the book would not drift.

A result    share, of the long words written alone those that the book has; alone, led: the statistic and its half
            width; pairs (2,), how many pairs within pieces there are to count; power, of 100 books thinned evenly to
            the share those whose interval lies above 0, own power, of 100 thinned to the network's own words; own,
            the mean over these; held_out, the loss on the tail; early (20,), the first losses
Names       the networks are those of `experiments.alice` after the last update, trained anew: weights are not recorded.
Takes       Nine minutes of one core.
Read        book/chapters/07_measured.ipynb     Tested   tests/test_drift.py
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from ch5.analysis import context, ngram, text_statistics
from ch5.analysis.text_statistics import WORD, Book, Estimate, recurrence_of
from ch5.data import text
from ch5.engine import bptt
from ch5.engine.weights import Array
from ch5.experiments import alice
from ch5.experiments.record import Experiment
from ch5.networks import readout
from ch5.networks.sequence import SequenceModel

LENGTH, PIECES = 512, 520
READ, LONGEST = 128, 200  # characters read before a sentence, and written at most
OPENS = re.compile(r"(?<=[.!?])['\"’”)]*\s+")  # what stands between two sentences
ENDS = ".!?"
DRAWS = 100


def book() -> tuple[Book, list[str]]:
    """What is counted as a word, and the head of the book in pieces of 512 characters."""
    vocabulary, ids, first = alice.book()
    return Book.of(vocabulary, ids[:first]), texts(text_statistics.pieces_of(ids[:first], LENGTH), vocabulary)


def texts(pieces: Array, vocabulary: text.Vocabulary) -> list[str]:
    """(T, B) ids as B texts."""
    return [vocabulary.decode(piece) for piece in pieces.T]


def long_words(written: list[str]) -> list[list[str]]:
    """The words of at least five letters of each text."""
    return [[word for word in WORD.findall(one.lower()) if len(word) >= 5] for one in written]


def share_of_real(written: list[str], words: frozenset[str]) -> float:
    """The share of long words that are real."""
    return float(np.mean([word in words for found in long_words(written) for word in found]))


def pairs(written: list[str], words: frozenset[str]) -> int:
    """How many pairs of real long words stand within one text."""
    counts = [sum(word in words for word in found) for found in long_words(written)]
    return sum(n * (n - 1) // 2 for n in counts)


def thinned(written: list[str], stays: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    """The long words of each text, each kept with its probability."""
    return [" ".join(w for w in found if rng.random() < stays.get(w, 0)) for found in long_words(written)]


def like(written: list[str], other: list[str]) -> dict[str, float]:
    """For each long word the probability to keep it with which it is as frequent as in the other's texts, at most 1."""
    ours, theirs = (Counter(chain(*long_words(texts))) for texts in (written, other))
    longer = sum(map(len, written)) / sum(map(len, other))
    return {word: min(1.0, theirs[word] * longer / n) for word, n in ours.items()}


def power(stays: Mapping[str, float], draws: int, seed: int = 0) -> tuple[float, float]:
    """Of so many books thinned so, those in which the return of words is told from none, and the mean statistic."""
    rng, (reference, pieces) = np.random.default_rng(seed), book()
    found = [recurrence_of(thinned(pieces, stays, rng), reference.words) for _ in range(draws)]
    return float(np.mean([one.low > 0 for one in found])), float(np.mean([one.value for one in found]))


def sentences(ids: text.Ids, vocabulary: text.Vocabulary) -> list[list[int]]:
    """For each piece of 512 characters where its sentences begin in the text, those with 128 characters before them."""
    starts = np.array([m.end() for m in OPENS.finditer(vocabulary.decode(ids))])
    starts = starts[starts >= READ]
    return [starts[starts // LENGTH == k].tolist() for k in range(len(ids) // LENGTH)]


def led(
    model: SequenceModel, ids: text.Ids, vocabulary: text.Vocabulary, rng: np.random.Generator
) -> list[str]:
    """For each piece the sentences that the network writes where the book's begin, one after another."""
    places = sentences(ids, vocabulary)
    written = iter(continued(model, ids, np.concatenate(places).astype(int), rng).T)
    return [" ".join(_sentence(vocabulary.decode(next(written))) for _ in found) for found in places]


def continued(model: SequenceModel, ids: text.Ids, starts: Array, rng: np.random.Generator) -> Array:
    """What the network writes at each place (P,) after the 128 characters before it: (200, P) ids."""
    s = bptt.unroll(model.cell, ids[starts - READ + np.arange(READ)[:, None]])[0][-1]
    drawn = np.empty((LONGEST, len(starts)), int)
    for here in drawn:
        cumulative = readout.softmax(model.readout.logits(s)).cumsum(axis=1)
        u = rng.random(len(starts))[:, None] * cumulative[:, -1:]
        here[:] = np.minimum((cumulative <= u).sum(axis=1), cumulative.shape[1] - 1)
        s, _ = model.cell.step(model.cell.drive(here[None])[0], s)
    return drawn


def _sentence(written: str) -> str:
    """The text to its first full stop, exclamation or question mark."""
    ends = [k for k, character in enumerate(written) if character in ENDS]
    return written[: ends[0] + 1] if ends else written


@cache
def references(seed: int = 0) -> dict[str, Estimate]:
    """The statistic of the book, of one book shuffled word by word, and of its Markov texts of orders 2 to 5."""
    vocabulary, ids, first = alice.book()
    rng, (reference, pieces) = np.random.default_rng(seed), book()
    words = rng.permutation([word for found in long_words(pieces) for word in found])
    ends = np.cumsum([len(found) for found in long_words(pieces)])[:-1]
    written = {"book": pieces, "words shuffled": [" ".join(part) for part in np.split(words, ends)]}
    for order in (2, 3, 4, 5):
        drawn = ngram.markov_text(ids[:first], len(vocabulary), order, (LENGTH, PIECES), rng)
        written[f"order {order}"] = texts(drawn, vocabulary)
    return {name: recurrence_of(one, reference.words) for name, one in written.items()}


def together(estimates: Any) -> Estimate:
    """The mean of independent estimates, (n, 2) values and half widths."""
    values, halves = np.transpose(np.asarray(estimates, float))
    return Estimate(float(values.mean()), float(np.sqrt(np.sum(halves**2)) / len(halves)))


def measure(*, variant: str, seed: int, variants: Any, draws: int, **settings: Any) -> dict[str, Any]:
    """Train, let it write alone and led by the book, and count."""
    vocabulary, ids, first = alice.book()
    run = alice.training(seed, **settings | variants[variant])
    for _ in run:
        pass
    model, (reference, pieces), rng = run.model.model, book(), np.random.default_rng(seed)
    drawn = alice.write(model, vocabulary.encode("Alice "), 1.0, (LENGTH, PIECES), rng)
    alone, guided = texts(drawn, vocabulary), led(model, ids[:first], vocabulary, rng)
    share = share_of_real(alone, reference.words)
    of_own, mean = power(like(pieces, alone), draws, seed)
    return {
        "early": run.losses[:20],
        "held_out": context.losses_from(model, ids, first).mean(),
        "share": share,
        "alone": recurrence_of(alone, reference.words),
        "led": recurrence_of(guided, reference.words),
        "all words": recurrence_of(alone),
        "pairs": [pairs(alone, reference.words), pairs(guided, reference.words)],
        "power": power(dict.fromkeys(reference.words, share), draws, seed)[0],
        "own power": of_own,
        "own": mean,
        "sample": guided[1][:200],
    }


# At its own rate, and with windows of 32 and of 8 at a rate at which both learn.
NETWORKS = (("main", alice.SETTINGS["rate"]), ("main", 0.002), ("short", 0.002))
EXPERIMENT = Experiment(
    "drift",
    measure,
    {name: value for name, value in alice.SETTINGS.items() if name != "rate"}
    | {"variants": {n: alice.VARIANTS[n] for n in ("main", "short")}, "draws": DRAWS},
    [{"variant": v, "rate": rate, "seed": seed} for v, rate in NETWORKS for seed in alice.SEEDS],
)

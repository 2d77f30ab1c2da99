"""What the second experiment's network writes while it learns, at every stage and every temperature.

The run is that of `ch5.experiments.alice`, with its stages. There it writes at temperature 1, and at the others only
at the end; here at all of them all the way, for the figure in which a reader goes through the stages.

Names    a statistic is one of `ch5.analysis.text_statistics`; None where the text has nothing of what it counts,
         no long word, say
Read     book/chapters/06_alice.ipynb     Tested   tests/test_alice_samples.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.analysis import text_statistics
from ch5.data.text import Ids, Vocabulary
from ch5.experiments import alice
from ch5.experiments.record import Experiment
from ch5.networks.sequence import SequenceModel

TEMPERATURES = (*alice.TEMPERATURES, 1.0)
CHARACTERS = 200  # of the first text, which is shown
Statistic = Callable[[Ids, text_statistics.Book], text_statistics.Estimate]
STATISTICS: dict[str, Statistic] = {
    "characters": text_statistics.characters,
    "alternation": lambda pieces, book: text_statistics.alternation(pieces, book.vocabulary),
    "spacing": text_statistics.spacing,
    "real words 3-4": lambda pieces, book: text_statistics.real_words(pieces, book, "3-4"),
    "real words 5+": lambda pieces, book: text_statistics.real_words(pieces, book, "5+"),
    "recurrence": lambda pieces, book: text_statistics.recurrence(pieces, book.vocabulary),
}


def statistics(pieces: Ids, book: text_statistics.Book) -> dict[str, text_statistics.Estimate | None]:
    """Each statistic of the pieces (T, B), or None."""

    def value(statistic: Statistic) -> text_statistics.Estimate | None:
        try:
            return statistic(pieces, book)
        except ValueError:  # nothing was counted
            return None

    return {name: value(statistic) for name, statistic in STATISTICS.items()}


def written(
    model: SequenceModel, vocabulary: Vocabulary, book: text_statistics.Book, temperature: float
) -> dict[str, Any]:
    """What the network writes now: its statistics, and the beginning of the first text."""
    prompt, rng = vocabulary.encode("Alice "), np.random.default_rng(0)
    pieces = alice.write(model, prompt, temperature, alice.PIECES, rng)
    return {"statistics": statistics(pieces, book), "text": vocabulary.decode(pieces[:CHARACTERS, 0])}


def measure(*, seed: int, stages: Any, temperatures: Any, **settings: Any) -> dict[str, Any]:
    """What is written at each stage and at the end, by temperature."""
    vocabulary, ids, first = alice.book()
    book = text_statistics.Book.of(vocabulary, ids[:first])
    run = alice.training(seed, **settings)
    found = []

    def at(number: int) -> None:
        if number in stages or number == len(run):
            by_temperature = {str(t): written(run.model.model, vocabulary, book, t) for t in temperatures}
            found.append({"update": number, "temperatures": by_temperature})

    at(0)
    for update in run:
        at(update.number)
    return {"stages": found}


EXPERIMENT = Experiment(
    "alice_samples",
    measure,
    alice.SETTINGS | {"stages": alice.STAGES, "temperatures": TEMPERATURES},
    [{"seed": seed} for seed in alice.SEEDS],
)

"""What the second experiment's network writes while it learns, at every stage and every temperature.

The run is that of `ch5.experiments.alice`, with its stages. There it writes at temperature 1, and at the others only
at the end; here at all of them all the way, for the figure in which a reader goes through the stages.

Names    a statistic is one of `ch5.analysis.text_statistics`; None where the text has nothing of what it counts,
         no long word, say
Read     book/chapters/06_alice.ipynb     Tested   tests/test_alice_samples.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.analysis import text_statistics
from ch5.data.text import Vocabulary
from ch5.experiments import alice
from ch5.experiments.record import Experiment
from ch5.networks.sequence import SequenceModel

TEMPERATURES = (*alice.TEMPERATURES, 1.0)
CHARACTERS = 200  # of the first text, which is shown
STATISTICS = ("characters", "alternation", "spacing", "real words 3-4", "real words 5+", "recurrence")


def written(
    model: SequenceModel, vocabulary: Vocabulary, book: text_statistics.Book, temperature: float
) -> dict[str, Any]:
    """What the network writes now: its statistics, and the beginning of the first text."""
    prompt, rng = vocabulary.encode("Alice "), np.random.default_rng(0)
    pieces = alice.write(model, prompt, temperature, alice.PIECES, rng)
    return {
        "statistics": text_statistics.where_counted(pieces, book, STATISTICS),
        "text": vocabulary.decode(pieces[:CHARACTERS, 0]),
    }


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

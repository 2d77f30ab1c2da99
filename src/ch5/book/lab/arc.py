"""The scrubber: what a network writes while it learns, moment by moment, and how far that is from the book.

A statistic stands on a track from what random characters have of it to what the book has; the marks on it are Markov
texts by their order.

Names    a row is a statistic: label, low and high (random characters, the book), marks, and by temperature and moment
         the lowest, mean and highest value over the seeds, None where a text has nothing of what is counted
Read     book/chapters/06_alice.ipynb     Tested   tests/test_lab_arc.py, tests/browser/test_training.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from ch5.analysis import text_statistics
from ch5.book import lab, sliders
from ch5.experiments import alice

# Statistic, label, the text that is the book's end of the track.
ROWS = (
    ("characters", "Characters, off by", "tail"),
    ("alternation", "Vowels alternate", "tail"),
    ("spacing", "Spacing, off by", "tail"),
    ("real words 3-4", "Real words, 3–4 letters", "tail"),
    ("real words 5+", "Real words, 5 or more", "tail"),
    ("recurrence", "Long words come back", "book"),
)
ORDERS = range(5)
LENGTH = 3  # letters of a word that is marked, at least: shorter ones come by luck


class Arc(anywidget.AnyWidget):
    """The slider over the moments, a choice of temperatures, the text and the tracks."""

    _esm = sliders.source("draw.js") + lab.source("parts.js") + lab.source("arc.js")
    _css = sliders.source("slider.css") + lab.source("lab.css")
    figure = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        results: Sequence[Mapping[str, Any]],
        references: Mapping[str, Mapping[str, text_statistics.Estimate]],
    ) -> None:
        """results are those of `ch5.experiments.alice_samples`, one a seed; the texts shown are the first's.

        references are those of `alice.references`.
        """
        stages = [result["stages"] for result in results]
        temperatures = list(stages[0][0]["temperatures"])
        texts = {t: [stage["temperatures"][t]["text"] for stage in stages[0]] for t in temperatures}
        super().__init__(
            figure={
                "updates": [stage["update"] for stage in stages[0]],
                "epochs": alice.SETTINGS["epochs"],
                "temperatures": temperatures,
                "texts": texts,
                "words": real_words([text for column in texts.values() for text in column]),
                "rows": [row(*named, stages, references) for named in ROWS],
                "readings": {
                    t: [reading(stages, t, u, references) for u in range(len(stages[0]))]
                    for t in temperatures
                },
            }
        )

    def __repr__(self) -> str:
        """The same on every run: notebooks compare it."""
        return f"Arc({', '.join(self.figure['temperatures'])})"


def real_words(texts: Sequence[str]) -> list[str]:
    """The words of at least LENGTH letters in the texts that occur in the part of the book that is trained on."""
    vocabulary, ids, first = alice.book()
    known = text_statistics.Book.of(vocabulary, ids[:first]).words
    found = {word for text in texts for word in text_statistics.WORD.findall(text.lower())}
    return sorted(word for word in found & known if len(word) >= LENGTH)


def values(stages: Sequence[Any], statistic: str, temperature: str, moment: int) -> list[float]:
    """The statistic of every seed that has one, at a moment."""
    found = [stage[moment]["temperatures"][temperature]["statistics"][statistic] for stage in stages]
    return [estimate[0] for estimate in found if estimate is not None]


def row(
    statistic: str, label: str, book: str, stages: Sequence[Any], references: Mapping[str, Any]
) -> dict[str, Any]:
    """One track."""

    def spread(found: list[float]) -> list[float] | None:
        return [min(found), float(np.mean(found)), max(found)] if found else None

    return {
        "label": label,
        "low": references["uniform"][statistic].value,
        "high": references[book][statistic].value,
        "marks": [[k, references[f"order {k}"][statistic].value] for k in ORDERS],
        "values": {
            t: [spread(values(stages, statistic, t, u)) for u in range(len(stages[0]))]
            for t in stages[0][0]["temperatures"]
        },
    }


def reading(stages: Sequence[Any], temperature: str, moment: int, references: Mapping[str, Any]) -> str:
    """Between which Markov texts the words of three and four letters stand, as a sentence."""
    found = values(stages, "real words 3-4", temperature, moment)
    if not found:
        return "It has no word of three or four letters."
    share, marks = np.mean(found), [references[f"order {k}"]["real words 3-4"].value for k in ORDERS]
    below = [k for k in ORDERS if marks[k] <= share]
    says = f"Of the words of three and four letters {share:.0%} are real: "
    if not below:
        return f"{says}no more than in Markov text of order 0."
    if below[-1] == ORDERS[-1]:
        return f"{says}as many as in Markov text of order {ORDERS[-1]}."
    return f"{says}more than in Markov text of order {below[-1]}, fewer than of order {below[-1] + 1}."

"""The exercises of notebook 06: one loss in three units, windows counted, probabilities at a temperature.

Read     book/chapters/06_alice.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_units(answer: Any) -> None:
    """Check bits per character and perplexity, given nats per character."""

    def units(nats: float) -> tuple[float, float]:
        """Give a loss of `nats` nats per character as bits per character and as a perplexity."""
        return nats / np.log(2), np.exp(nats)

    def multiplied(nats: float) -> tuple[float, float]:
        """A nat is more than a bit, so the number of bits is the larger one: divide by log 2."""
        return nats * np.log(2), np.exp(nats)

    def power_of_two(nats: float) -> tuple[float, float]:
        """2 is raised to the power of the nats here; nats belong to the base e."""
        return nats / np.log(2), 2**nats

    bugs = [multiplied, power_of_two]
    check(answer, units, [(2.0,), (np.log(69),), (0.0,)], bugs, gives=["bits", "perplexity"])


def check_windows(answer: Any) -> None:
    """Check the number of windows that a text gives."""

    def windows(characters: int, steps: int) -> int:
        """Count the windows of `steps` inputs in a text, not overlapping,
        each input with its next character."""
        return (characters - 1) // steps

    def no_target(characters: int, steps: int) -> int:
        """The last character of the text has no next one, so it cannot be an input."""
        return characters // steps

    def overlapping(characters: int, steps: int) -> int:
        """These windows overlap: one begins at every character."""
        return characters - steps

    def target_in_window(characters: int, steps: int) -> int:
        """A window takes steps + 1 characters here. The next window may begin with this one's last target."""
        return characters // (steps + 1)

    bugs = [no_target, overlapping, target_in_window]
    check(answer, windows, [(64, 32), (30_000, 32), (33, 32), (100, 7)], bugs, gives=["the count"])


def check_chances(answer: Any) -> None:
    """Check the probabilities from which a sample is drawn."""

    def probabilities(logits: Array, temperature: float) -> Array:
        """Give each character's probability (V,) at a temperature above 0,
        or at 0, where the likeliest is certain."""
        if temperature == 0:
            return (np.arange(len(logits)) == logits.argmax()).astype(float)
        p = np.exp((logits - logits.max()) / temperature)
        return p / p.sum()

    def multiplied(logits: Array, temperature: float) -> Array:
        """The logits are multiplied by the temperature here; a low temperature must sharpen, so divide."""
        p = np.exp((logits - logits.max()) * temperature)
        return p / p.sum()

    def ignored(logits: Array, temperature: float) -> Array:
        """The temperature changes nothing here."""
        return probabilities(logits, 1.0)

    def not_normalised(logits: Array, temperature: float) -> Array:
        """The probabilities do not add up to 1."""
        return np.exp(logits / max(temperature, 1e-300))

    def after_softmax(logits: Array, temperature: float) -> Array:
        """The probabilities are divided by the temperature here; it belongs to the logits, before the softmax."""
        return probabilities(logits, 1.0) / max(temperature, 1e-300)

    logits = np.array([0.5, -1.0, 2.0, 0.1])
    cases = [(logits, 0.5), (logits, 2.0), (logits, 0), (1000 * logits, 1.0)]
    check(
        answer,
        probabilities,
        cases,
        [multiplied, ignored, not_normalised, after_softmax],
        gives=["the probabilities"],
    )

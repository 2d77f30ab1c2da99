"""The figure with sliders of the page on linear recurrence: a ring of eigenvalues, and what it holds of an input.

    h_t = λ h_{t-1} + x_t, unit by unit; of an input k steps old the mean of the units holds the mean of Re λ^k

Shapes   moduli (M,)   spreads (P,)   eigenvalues (M, P, units) complex   kernel (M, P, lags)
Names    All eigenvalues have one modulus; their phases lie at equal distances from minus to plus the spread.
Read     book/chapters/11_linear.ipynb     Tested   tests/test_sliders_linear.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.book.sliders import Slider, axis, control, series
from ch5.book.sliders.jacobian import power
from ch5.engine.weights import Array

MODULI = np.round(np.append(np.arange(0.5, 0.9, 0.05), np.arange(0.9, 1.0501, 0.01)), 2)
SPREADS = np.linspace(0, 1, 11)  # in units of π
UNITS = 24
LAGS = np.arange(0, 101, 2)
START = (0.95, 0.2)

# (modulus, spread), label, sentence. tests/test_sliders_linear.py asserts what the sentences say.
PLACES = (
    (
        (0.5, 0.0),
        "Dies in a dozen steps",
        "The modulus is the rate, exactly: each step halves every unit's gradient, and after ten steps less than a "
        "thousandth is left. No slope and no input can change that.",
    ),
    (
        (0.99, 0.0),
        "Written to hold",
        "0.99 to the power of 100 is more than a third. The price was chosen before any training.",
    ),
    (
        (1.0, 1.0),
        "A clock",
        "Modulus one, phases all around: no unit forgets, yet together they answer only at lags 0, 46 and "
        "92; at the other lags shown their phases cancel. A readout that weights them otherwise can answer at "
        "other lags.",
    ),
    (
        (1.05, 0.0),
        "Grows",
        "Above one it grows, for every input alike: more than a hundred times over 100 steps, and nothing saturates.",
    ),
)


@dataclass(frozen=True)
class Rings:
    """What the figure shows at every modulus and spread."""

    eigenvalues: Array
    kernel: Array


def measure() -> Rings:
    """The eigenvalues, and the kernel of a readout that averages the units."""
    phases = np.pi * np.outer(SPREADS, np.linspace(-1, 1, UNITS))
    eigenvalues = MODULI[:, None, None] * np.exp(1j * phases)
    return Rings(eigenvalues, (eigenvalues[..., None] ** LAGS).real.mean(axis=2))


def nearest(modulus: float, spread: float) -> list[int]:
    """The stops nearest to a modulus and a spread."""
    return [int(np.abs(MODULI - modulus).argmin()), int(np.abs(SPREADS - spread).argmin())]


def ring(rings: Rings) -> Slider:
    """The figure with its two sliders."""
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 73))[None, None]
    decades = (LAGS * np.log10(MODULI)[:, None])[:, None]
    sizes = np.log10(np.maximum(np.abs(rings.kernel), 1e-17))
    lags, ticks = LAGS[None, None], {k: str(k) for k in (0, 25, 50, 75, 100)}
    return Slider(
        {
            "title": "Modulus and phases of the eigenvalues against what is kept of an input",
            "controls": [
                control("modulus of λ", "other", [f"{m:.2f}" for m in MODULI], nearest(1, 0)[:1]),
                control("phases, up to", "other", [f"{s:.1f} π" for s in SPREADS]),
            ],
            "panels": [
                {
                    "title": "Eigenvalues λ",
                    "description": "Eigenvalues in the complex plane, with the unit circle.",
                    "square": True,
                    "x": axis("real part", -1.15, 1.15, {-1: "−1", 0: "0", 1: "1"}),
                    "y": axis("", -1.15, 1.15, {-1: "−i", 0: "0", 1: "i"}),
                    "series": [
                        series("line", "ink", circle.real, circle.imag, thin=True),
                        series("dots", "other", rings.eigenvalues.real, rings.eigenvalues.imag),
                    ],
                },
                {
                    "title": "Mean of Re λᵏ",
                    "description": "What the mean of the units still holds of an input, against its age in steps.",
                    "x": axis("age k (steps)", -1, 101, ticks),
                    "y": axis("", -1.1, 1.1, {-1: "−1", 0: "0", 1: "1"}),
                    "series": [
                        series("line", "ink", np.array([[[0, 100]]]), np.array([[[0, 0]]]), thin=True),
                        series("line", "state", lags, np.clip(rings.kernel, -1.1, 1.1)),
                    ],
                },
                {
                    "title": "Gradient, k steps back",
                    "description": "Length of the gradient against lag on a logarithmic axis: of every unit, which is "
                    "the modulus to the power of k, and of the mean of the units.",
                    "x": axis("lag k (steps)", -1, 101, ticks),
                    "y": axis("", -17, 3, {0: "1"} | {k: power(k)[6:] for k in (-16, -12, -8, -4)}),
                    "series": [
                        series("dots", "gradient", lags, np.maximum(sizes, -17), label="mean"),
                        series(
                            "line",
                            "ink",
                            lags,
                            np.maximum(decades, -17),
                            label="|λ|ᵏ",
                            thin=True,
                        ),
                    ],
                },
            ],
            "readings": [[_reading(m, s) for s in SPREADS] for m in MODULI],
            "meanings": [[_meaning(m, s) for s in SPREADS] for m in MODULI],
            "places": [
                {"label": label, "position": nearest(*where), "sentence": sentence}
                for where, label, sentence in PLACES
            ],
            "start": nearest(*START),
        }
    )


def _meaning(modulus: float, spread: float) -> str:
    """What the modulus does, and what the phases do, at one position."""
    if modulus < 1:
        half = np.log(0.5) / np.log(modulus)
        left = f"Every unit has lost half of an input after {half:.0f} step{'s' if round(half) > 1 else ''}"
    else:
        left = "No unit forgets" if modulus == 1 else "What a unit holds grows without bound"
    together = (
        "all stay in phase"
        if spread == 0
        else "the units drift out of phase, and their mean mostly holds less than each of them"
    )
    return f"{left}; {together}."


def _reading(modulus: float, spread: float) -> str:
    """The numbers at one position, as a sentence."""
    left = power(LAGS[-1] * np.log10(modulus))
    return (
        f"Modulus {modulus:.2f}, phases up to {spread:.1f} π: a step multiplies every unit's gradient "
        f"by {modulus:.2f}. After {LAGS[-1]} steps it is {left} times as long."
    )

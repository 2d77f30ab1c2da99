"""The figure with a slider of page 5: how firmly a latch holds against what it leaves of the gradient.

    h_t = tanh(w h_{t-1})        rests at ±h* with h* = tanh(w h*); a step leaves w (1 - h*^2)

Read     book/chapters/05_memory.ipynb     Tested   tests/test_sliders_latch.py
"""

from __future__ import annotations

import numpy as np

from ch5.analysis import latch
from ch5.book.sliders import Slider, control
from ch5.book.sliders.jacobian import SUPERSCRIPT

STRENGTHS = np.linspace(0.5, 6, 56)
STEPS = np.arange(0, 101, 2)
H = np.linspace(-1, 1, 81)
START = 1.2

# strength, label, sentence. tests/test_sliders_latch.py asserts what the sentences say.
PLACES = (
    (
        0.8,
        "Forgets",
        "Below one the only fixed point is zero: whatever the state was, it fades, and of the gradient less than a "
        "billionth is left after a hundred steps.",
    ),
    (
        1.0,
        "On the edge",
        "The gradient at rest is kept whole. But nothing is held: zero is the only fixed point, and the least push "
        "moves the state.",
    ),
    (
        1.2,
        "Holds a little",
        "Two stable fixed points, and a push of a tenth is enough to go from one to the other. Of the gradient less "
        "than 10⁻¹⁵ is left after a hundred steps.",
    ),
    (
        3.0,
        "Holds firmly",
        "It withstands a push of one, as large as the state itself. A single step leaves less than a twentieth of the "
        "gradient.",
    ),
)


def nearest(w: float) -> list[int]:
    """The stop nearest to a strength."""
    return [int(np.abs(STRENGTHS - w).argmin())]


def strength() -> Slider:
    """The figure with its slider."""
    rest, w = latch.fixed_point(STRENGTHS)[:, None], STRENGTHS[:, None]
    firm = latch.withstands(STRENGTHS)
    left = STEPS * np.log10(latch.slope(STRENGTHS))[:, None]
    edges = np.array([[-1.0, 1.0]])
    rests = np.concatenate([-rest, rest], axis=1)
    unit = {"range": [-1.05, 1.05], "ticks": [(-1, "−1"), (0, "0"), (1, "1")]}
    return Slider(
        {
            "title": "The strength of a latch against what it leaves of a gradient",
            "controls": [control("strength w", "state", [f"{v:.1f}" for v in STRENGTHS], nearest(1))],
            "panels": [
                {
                    "title": "The map",
                    "description": "tanh(w h) against h, the diagonal, and dots where they meet: stable rests and, in "
                    "another colour, the unstable one at zero.",
                    "square": True,
                    "x": {"label": "h before", **unit},
                    "y": {"label": "h after", **unit},
                    "series": [
                        {"kind": "line", "colour": "ink", "x": edges, "y": edges, "thin": True},
                        {"kind": "line", "colour": "state", "x": H[None], "y": np.tanh(w * H)},
                        {"kind": "dots", "colour": "other", "x": np.zeros((1, 1)), "y": np.zeros((1, 1))},
                        {"kind": "dots", "colour": "state", "x": rests, "y": rests},
                    ],
                },
                {
                    "title": "Push withstood",
                    "description": "The largest steady push that leaves a latch on its side, by its strength: zero "
                    "up to one, then rising; a dot at the strength chosen.",
                    "x": {
                        "label": "strength w",
                        "range": [0.4, 6.1],
                        "ticks": [(v, str(v)) for v in (1, 3, 5)],
                    },
                    "y": {"label": "", "range": [-0.2, 4.2], "ticks": [(v, str(v)) for v in (0, 2, 4)]},
                    "series": [
                        {"kind": "line", "colour": "state", "x": STRENGTHS[None], "y": firm[None]},
                        {"kind": "dots", "colour": "state", "x": w, "y": firm[:, None]},
                    ],
                },
                {
                    "title": "What is left of the gradient, k steps back",
                    "description": "w (1 - h*^2) to the power of k against k, on a logarithmic axis: a falling line.",
                    "x": {
                        "label": "k (steps)",
                        "range": [-2, 102],
                        "ticks": [(k, str(k)) for k in (0, 50, 100)],
                    },
                    "y": {
                        "label": "",
                        "range": [-42, 2],
                        "ticks": [(k, _power(k)) for k in (0, -10, -20, -30, -40)],
                    },
                    "series": [{"kind": "line", "colour": "gradient", "x": STEPS[None], "y": left}],
                },
            ],
            "readings": [_reading(v) for v in STRENGTHS],
            "meanings": [_meaning(v) for v in STRENGTHS],
            "places": [
                {"label": label, "position": nearest(where), "sentence": sentence}
                for where, label, sentence in PLACES
            ],
            "start": nearest(START),
        }
    )


def _meaning(w: float) -> str:
    """What it holds and what it costs, at one strength."""
    if w <= 1:
        return "Up to one it holds nothing: from any state it comes to rest at zero."
    firm, slope = float(latch.withstands(w)), float(latch.slope(w))
    steps = int(np.ceil(2 / -np.log10(slope)))
    return (
        f"It stays on its side against a steady push of up to {firm:.2f}, and less than a hundredth "
        f"of the gradient is left after {steps} step{'s' * (steps > 1)}."
    )


def _reading(w: float) -> str:
    """The numbers at one strength, as a sentence."""
    rest, firm, slope = (float(f(w)) for f in (latch.fixed_point, latch.withstands, latch.slope))
    held = f"rests at ±{rest:.3f} and withstands a push of {firm:.2f}" if w > 1 else "rests at zero alone"
    return (
        f"w = {w:.1f}: the latch {held}. A step leaves {slope:.2g} of the gradient, a hundred steps "
        f"{_power(round(100 * np.log10(slope)))}."
    )


def _power(log: float) -> str:
    """10 to this whole power."""
    return f"10{str(log).translate(SUPERSCRIPT)}" if log else "1"

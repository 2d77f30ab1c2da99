"""The figure with a slider on truncation: the window against what is left of the gradient at each lag.

    pairs    an output t and a use of the weights at step u <= t are kept where both lie in one window of n steps
    share    of the pairs at lag k in a long text, windows of n keep (n - k)/n

Shapes   whole (runs, STEPS)   cosine, ratio (runs, windows)
Names    kept is the share of the pairs at each lag, counted over STEPS; whole is each lag's share of the gradient,
         cosine and ratio are the truncated gradient's to the full one, as recorded by `ch5.experiments.ablation`.
Read     book/chapters/deeper_truncation.ipynb     Tested   tests/test_sliders_truncation.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ch5.book.sliders import Slider, axis, control, series
from ch5.engine.weights import Array
from ch5.experiments.ablation import WINDOWS

STEPS = 64  # that the truncated gradients were recorded on
LAGS = np.arange(16)  # that are drawn
NEAR = 32  # steps of the triangle that are drawn: of all, small windows could not be seen
START = 8


def kept(n: int) -> Array:
    """The share of the pairs at lag k = 0 ... STEPS - 1 that windows of n steps keep."""
    t, u = np.ogrid[:STEPS, :STEPS]
    same = t // n == u // n
    return np.array([same.diagonal(-k).mean() for k in range(STEPS)])


def nearest(n: int) -> list[int]:
    """The stop nearest to a window."""
    return [int(np.abs(np.array(WINDOWS) - n).argmin())]


def window(runs: Sequence[Mapping[str, Any]]) -> Slider:
    """The figure with its slider, for trained networks as `ablation` records them."""
    n = np.array(WINDOWS)[:, None]
    shares = np.array([kept(size)[LAGS] for size in WINDOWS])
    whole = np.array([run["after"]["shares"] for run in runs])[:, LAGS]
    step = np.repeat(np.arange(STEPS), 2)
    edge = step + np.tile([0, 1], STEPS)  # both sides of every step
    end = (step // n + 1) * n  # of its window
    steps, ticks = {0: "1", NEAR: str(NEAR)}, {k: str(k) for k in (0, 5, 10, 15)}
    ends, cut = np.array([[0, STEPS]]), np.array([[1, 1, 0, 0]])
    upto = (n - 0.5) * [0, 1, 1, 0] + [0, 0, 0, LAGS[-1] + 1]
    return Slider(
        {
            "title": "The window of truncation against what is left of the gradient",
            "controls": [control("window n (steps)", "gradient", [str(size) for size in WINDOWS])],
            "panels": [
                {
                    "title": "Pairs kept",
                    "description": f"Uses at step u across, outputs t down, of {NEAR} steps: the lower triangle, "
                    "and in it the blocks that windows keep, with a dashed diagonal n steps below the main one.",
                    "square": True,
                    "x": axis("step u (output t down)", 0, NEAR, steps),
                    "y": axis("", NEAR, 0, steps),
                    "series": [
                        series("band", "input", edge[None], step[None], top=0 * edge[None] + STEPS),
                        series("band", "gradient", edge[None], step[None], top=end),
                        series("line", "gradient", edge[None], end, thin=True),
                        series("line", "gradient", edge[None], step[None], thin=True),
                        series("line", "ink", ends, n + ends, dashed=True, thin=True),
                    ],
                },
                {
                    "title": "Share of pairs kept",
                    "description": "Against lag: dots fall from one at lag 0 to zero at lag n, along the line "
                    "(n - k)/n; a dashed line stays at one up to there.",
                    "x": axis("lag k (line: (n−k)/n)", -0.7, LAGS[-1] + 0.7, ticks),
                    "y": axis("", -0.06, 1.06, {0: "0", 0.5: "50 %", 1: "100 %"}),
                    "series": [
                        series("line", "ink", LAGS[None], np.maximum(1 - LAGS / n, 0), thin=True),
                        series("line", "ink", upto, cut, dashed=True, thin=True),
                        series("dots", "gradient", LAGS[None], shares),
                    ],
                },
                {
                    "title": "Share of the gradient",
                    "description": "Against lag: bars, what windows leave, and dots with a band over networks, the "
                    "whole, which is largest at lags 0 and 1 and next to nothing from lag 8 on.",
                    "x": axis("lag k (bars: what is left, dots: the whole)", -0.7, LAGS[-1] + 0.7, ticks),
                    "y": axis("", -0.06, 0.66, {0: "0", 0.2: "20 %", 0.4: "40 %", 0.6: "60 %"}),
                    "series": [
                        series(
                            "band", "ink", LAGS[None], whole.min(axis=0)[None], top=whole.max(axis=0)[None]
                        ),
                        series(
                            "bars",
                            "gradient",
                            np.arange(len(LAGS) + 1)[None] - 0.5,
                            shares * whole.mean(axis=0),
                        ),
                        series("dots", "ink", LAGS[None], whole.mean(axis=0)[None]),
                    ],
                },
            ],
            "readings": [_reading(runs, i) for i in range(len(WINDOWS))],
            "meanings": [_meaning(size) for size in WINDOWS],
            "places": [],
            "start": nearest(START),
        }
    )


def _meaning(n: int) -> str:
    """Which pairs are kept, at one window."""
    if n >= STEPS:
        return f"One window holds all {STEPS} steps: nothing is cut."
    pairs, every = STEPS * (n + 1) // 2, STEPS * (STEPS + 1) // 2
    return (
        f"Windows of {n} keep {pairs:,} of {every:,} pairs: all at lag 0, {100 * kept(n)[1]:.0f} % at lag 1, "
        f"none from lag {n} on."
    )


def _reading(runs: Sequence[Mapping[str, Any]], i: int) -> str:
    """What was measured at one window, as a sentence."""
    carried = [run["truncated"]["state carried"] for run in runs]
    cosine, ratio = (_range([of[what][i] for of in carried]) for what in ("cosine", "ratio"))
    return (
        f"In {len(runs)} trained networks, the state carried, what is left has a cosine of {cosine} to the whole "
        f"gradient and {ratio} of its length."
    )


def _range(found: Sequence[float]) -> str:
    """From lowest to highest, two decimals."""
    return " to ".join(dict.fromkeys(f"{f(found):.2f}" for f in (min, max)))

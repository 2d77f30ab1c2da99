"""The figure with a slider of page 10: point at a row of the attention weights, and see what that step looks at.

    weights    A_ts over the keys s = 1 ... t, for the query t pointed at
    gradient   |dy_t/dx_s|, the length of the derivative of that row's output

Shapes   x (T, B, D)   weights, lengths (rows, B, T)
Names    A row has t keys; in arrays of T it repeats its last one. Every tenth query has a row, and the last: T is one
         more than a multiple of ten. Medians over the B sequences, bands from the 5th to the 95th percentile.
Read     book/chapters/10_attention.ipynb     Tested   tests/test_sliders_attention.py
"""

from __future__ import annotations

import numpy as np

from ch5.book.sliders import Slider, axis, control, series
from ch5.book.sliders.jacobian import power
from ch5.engine.weights import Array
from ch5.networks.attention import sensitivity
from ch5.networks.block import RecallByAttention

EVERY = 10  # steps from a row to the next
FLOOR = -5.0  # decimal logarithm; below what is drawn


def measure(model: RecallByAttention, x: Array) -> tuple[Array, Array]:
    """Weights and lengths at every row. Raises ValueError where the last query would have none."""
    T = len(x)
    if T % EVERY != 1:
        raise ValueError(f"x must have one step more than a multiple of {EVERY}, got {T}")
    u = x @ model.W_xu.T + model.positions(T)[:, None]
    A = model.attention.forward(u)[1].A
    weights, lengths = [], []
    for t in range(1, T + 1, EVERY):
        own = np.minimum(np.arange(T), t - 1)
        weights.append(A[:, t - 1, own])
        lengths.append([sensitivity(model.attention, one[:t])[own] for one in u.swapaxes(0, 1)])
    return np.array(weights), np.array(lengths)


def row(before: tuple[Array, Array], after: tuple[Array, Array]) -> Slider:
    """The figure with its slider, of one model before and after training, each as measured."""
    rows, _, T = after[0].shape
    t = 1 + EVERY * np.arange(rows)[:, None]
    keys = np.minimum(np.arange(T) + 1, t)
    found, ends = looked_at(after[0]), np.array([[1, T]])
    (_, start, _), (_, first, _) = map(_logs, before)
    (low, weight, high), (shortest, length, longest) = map(_logs, after)
    steps = axis("key s", 1 - 0.02 * T, 1.02 * T, {s: str(s) for s in (1, T // 2, T)})
    return Slider(
        {
            "title": "A row of the attention weights, before and after training",
            "controls": [control("query t (row)", "state", [str(step) for step in t[:, 0]])],
            "panels": [
                {
                    "title": "Largest weight",
                    "description": "Keys across, queries down: below the diagonal a dot in each row, at the key with "
                    "the largest weight after training, and a line along the row pointed at.",
                    "square": True,
                    "x": steps,
                    "y": axis("", 1.02 * T, 1 - 0.02 * T, {1: "t = 1", T: str(T)}),
                    "series": [
                        series("line", "ink", ends, ends, thin=True),
                        series("line", "state", np.append(0 * t + 1, t, axis=1), np.append(t, t, axis=1)),
                        series("dots", "other", found[None], t.T),
                    ],
                },
                {
                    "title": "Gradient",
                    "description": "Length of the derivative of the row's output with respect to each step, on a log "
                    "scale, before training (grey) and after.",
                    "x": steps,
                    "y": axis("", -4, 1.6, {k: power(k)[6:] for k in (-4, -2)} | {0: "1"}),
                    "series": [
                        series("band", "gradient", keys, shortest, top=longest),
                        series("dots", "input", keys, first),
                        series("dots", "gradient", keys, length),
                    ],
                },
                {
                    "title": "Attention weights of the row",
                    "description": "Weight of each key on a log scale, before training (grey) and after; a square "
                    "marks the largest after training.",
                    "x": steps,
                    "y": axis("", -4, 0.2, {k: power(k)[6:] for k in (-4, -2)} | {0: "1"}),
                    "series": [
                        series("band", "state", keys, low, top=high),
                        series("dots", "input", keys, start, label="before"),
                        series("dots", "state", keys, weight, label="after"),
                        series(
                            "squares",
                            "other",
                            found[:, None],
                            np.take_along_axis(weight, found[:, None] - 1, 1),
                        ),
                    ],
                },
            ],
            "readings": [_reading(after[0][i], EVERY * i + 1, found[i]) for i in range(rows)],
            "meanings": [_meaning(EVERY * i + 1, found[i], T) for i in range(rows)],
            "places": [],
            "start": [rows - 1],
        }
    )


def looked_at(weights: Array) -> Array:
    """The key, from 1, with the largest weight of each row, in the median over the sequences: (rows,)."""
    return 1 + np.median(weights, axis=1).argmax(axis=-1)


def _logs(found: Array) -> Array:
    """The 5th, 50th and 95th in a hundred sequences, as decimal logarithms to two places: (3, rows, T)."""
    return np.round(np.maximum(np.log10(np.quantile(found, (0.05, 0.5, 0.95), axis=1) + 1e-9), FLOOR), 2)


def _meaning(t: int, s: int, T: int) -> str:
    """What it means, at one row."""
    if t == 1:
        return "The first step has nothing to look at but itself."
    if t == T:
        return f"The last row, from which the answer is read: it looks {t - s} steps back."
    return "Training asked nothing of this row: the answer is read from the last. The same weights make it."


def _reading(weights: Array, t: int, s: int) -> str:
    """The largest weight at one row, as a sentence."""
    largest = (weights[:, :t].argmax(axis=1) == s - 1).sum()
    return (
        f"Row {t}: key {s} has the largest weight, {np.median(weights[:, s - 1]):.2f} in the median sequence, and has "
        f"it in {largest} of {len(weights)}. Equal weights would be {1 / t:.2g}."
    )

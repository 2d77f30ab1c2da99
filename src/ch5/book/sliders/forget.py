"""The figure with a slider of notebook 08: the forget bias against what is left of a gradient.

    along the cell state    f_T f_{T-1} ... f_{T-k+1} g, entry by entry, for a gradient g at c_T
    by every path           what of g has come to c_{T-k}

Shapes   ids (T, runs), T at least 100   biases (B,)   gates (B, bins)   mean (B,)
         along, total (B, lags, 3)   vanilla (lags, 3)
Names    An LSTM with initial weights reads a text; from stop to stop only the bias of its forget gate changes. A
         vanilla cell with initial weights reads the same. Norms are relative to lag 0, as decimal logarithms: the
         lowest, the median and the highest run. gates are shares of units, steps and runs; mean is the mean gate.
Read     book/chapters/08_gates.ipynb     Tested   tests/test_sliders_forget.py
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ch5.analysis.contributions import gradient_at_lag
from ch5.book.sliders import Slider, axis, control, series
from ch5.book.sliders.jacobian import power
from ch5.data.text import Ids
from ch5.engine import bptt
from ch5.engine.weights import Array
from ch5.networks import gated
from ch5.networks.cell import VanillaCell

BIASES = np.linspace(-1, 5, 31)
LAGS = np.arange(0, 101, 5)
EDGES = np.linspace(0, 1, 21)  # of the bins of the gates
START = 1.0
HIDDEN = 64

# bias, label, sentence. A label leaves what becomes of the gradient to be predicted; tests/test_sliders_forget.py
# asserts what the sentences say.
PLACES = (
    (
        0.0,
        "Bias 0",
        "A gate of one half, and the path along the cell state loses half at every step. After a hundred it keeps less "
        "than the vanilla cell does, which has no gates.",
    ),
    (
        1.0,
        "Bias 1",
        "After 20 steps less than a hundredth is left along the cell state, and by every path less than a twentieth; "
        "after a hundred, by every path less than 10⁻⁴. The vanilla cell is down to that after 20.",
    ),
    (
        3.0,
        "Bias 3",
        "After a hundred steps a hundredth or two is left along the cell state. But it is not the only path: by all of "
        "them together more than a third arrives.",
    ),
    (
        5.0,
        "Bias 5",
        "Now about half is left along the cell state after a hundred steps, and by every path together the gradient "
        "has grown. An open gate lets it pass; nothing here holds it to its length.",
    ),
)


@dataclass(frozen=True)
class Measured:
    """What the figure shows at every bias."""

    biases: Array
    gates: Array
    mean: Array
    along: Array
    total: Array
    vanilla: Array


def measure(ids: Ids, V: int, rng: np.random.Generator, biases: Array = BIASES) -> Measured:
    """Read ids (T, runs) below V at every bias, and follow a gradient back from the last step in each run."""
    N, H = LAGS[-1], HIDDEN
    g = rng.normal(size=(ids.shape[1], H))
    g /= np.linalg.norm(g, axis=-1, keepdims=True)
    at_c = np.concatenate([np.zeros_like(g), g], axis=-1)
    lstm = gated.LSTM.initialise(rng, H, V, 0.0)
    found = []
    for bias in biases:
        b = lstm.b.copy()
        b[2] = bias
        cell = replace(lstm, b=b)
        s, residuals = bptt.unroll(cell, ids)
        keep = cell.keep(residuals)[-N:]
        every_path = gradient_at_lag(cell, at_c, s[-N - 1 :], residuals[-N:])[..., H:]
        shares = np.histogram(keep, EDGES)[0] / keep.size
        found.append((shares, keep.mean(), _logs(gated.gate_product(keep) * g), _logs(every_path)))
    vanilla = VanillaCell.initialise(rng, H, V)
    h, residuals = bptt.unroll(vanilla, ids)
    beside = gradient_at_lag(vanilla, g, h[-N - 1 :], residuals[-N:])
    gates, mean, along, total = map(np.stack, zip(*found, strict=True))
    return Measured(biases, gates, mean, along, total, _logs(beside))


def _logs(gradients: Array) -> Array:
    """Log norms at LAGS, the lowest, the median and the highest run: (100 + 1, runs, H) -> (lags, 3)."""
    logs = np.log10(np.linalg.norm(gradients[LAGS], axis=-1))
    return np.stack([logs.min(axis=1), np.median(logs, axis=1), logs.max(axis=1)], axis=-1)


def nearest(m: Measured, bias: float) -> list[int]:
    """The stop nearest to a bias."""
    return [int(np.abs(m.biases - bias).argmin())]


def forget_bias(measured: Measured) -> Slider:
    """The figure with its slider."""
    m = measured
    share = 1 / (1 + np.exp(-m.biases))[:, None]  # σ(bias)
    lags, ends = LAGS[None], LAGS[None, [0, -1]]
    (low, along, high), (lowest, total, highest) = np.moveaxis(m.along, -1, 0), np.moveaxis(m.total, -1, 0)
    return Slider(
        {
            "title": "Forget bias against the length of a gradient",
            "controls": [control("forget bias", "gate", [_signed(bias) for bias in m.biases])],
            "panels": [
                {
                    "title": "Forget gates",
                    "description": "Histogram of the forget gates over units, steps and runs, with a line at the "
                    "logistic function of the bias.",
                    "x": axis("gate (line: σ(bias))", 0, 1, {0: "0", 0.5: "½", 1: "1"}),
                    "y": axis("", 0, 1, {0: "0", 0.5: "50 %", 1: "100 %"}),
                    "series": [
                        series("bars", "gate", EDGES[None], m.gates),
                        series("line", "ink", share * [1, 1], np.array([[0, 1]])),
                    ],
                },
                {
                    "title": "Length of the gradient, k steps back",
                    "description": "Gradient norm against lag on a logarithmic axis: along the cell state alone, by "
                    "every path, the logistic function of the bias to the power of k, and a vanilla cell.",
                    "x": axis("lag k (steps)", -2, 102, {k: str(k) for k in (0, 50, 100)}),
                    "y": axis("", -32, 3, {0: "1"} | {k: power(k)[6:] for k in (-30, -20, -10)}),
                    "series": [
                        series("band", "other", lags, m.vanilla[None, :, 0], top=m.vanilla[None, :, 2]),
                        series("band", "gradient", lags, lowest, top=highest),
                        series("band", "gate", lags, low, top=high),
                        series("line", "ink", ends, np.log10(share) * ends, label="σ(bias)ᵏ", thin=True),
                        series("line", "other", lags, m.vanilla[None, :, 1], label="vanilla", dashed=True),
                        series("line", "gradient", lags, total, label="every path"),
                        series("dots", "gate", lags, along, label="cell state"),
                    ],
                },
            ],
            "readings": [_reading(m, i) for i in range(len(m.biases))],
            "meanings": [_meaning(m, i) for i in range(len(m.biases))],
            "places": [
                {"label": label, "position": nearest(m, where), "sentence": sentence}
                for where, label, sentence in PLACES
            ],
            "start": nearest(m, START),
        }
    )


def _meaning(m: Measured, i: int) -> str:
    """How long each path keeps a hundredth of the gradient, at one bias."""
    kept = [LAGS[max((logs[i, :, 1] >= -2).sum() - 1, 0)] for logs in (m.along, m.total)]
    alone, every = (f"{lag} steps{' and more' if lag == LAGS[-1] else ''}" for lag in kept)
    return (
        f"At least a hundredth of the gradient survives {alone} along the cell state, {every} by every path."
    )


def _reading(m: Measured, i: int) -> str:
    """The numbers at one bias, as a sentence."""
    along, total, vanilla = (
        power(median) for median in (m.along[i, -1, 1], m.total[i, -1, 1], m.vanilla[-1, 1])
    )
    return (
        f"Forget bias {_signed(m.biases[i])}: the gates are {m.mean[i]:.2f} on average. After {LAGS[-1]} steps the "
        f"gradient is {along} times as long along the cell state, {total} times by every path, and {vanilla} times in "
        "the vanilla cell."
    )


def _signed(bias: float) -> str:
    """One decimal, with a minus that screen readers know."""
    return f"{bias:z.1f}".replace("-", "−")

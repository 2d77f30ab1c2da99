"""Memory built by hand: weights that hold a symbol, and what holding costs the gradient

    latch        h_t = tanh(w h_{t-1} + push_t)     w > 1: two stable states ±h* with h* = tanh(w h*)
    delay line   h_t = (x_t, h_{t-1} shifted by one place), almost linear

Shapes   a latch for K symbols has H = K; a delay line of lag L has H = K (L + 1)
Names    slope is w (1 - h*^2): what one step leaves of a small change, forwards, and of the gradient, backwards.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_latch.py

The latch starts at 0, where the least push decides its side; from then on a push must be larger than
`withstands(w)` to turn it over. So the first symbol is stored, and equally loud ones after it are not.
The delay line forgets nothing for L steps and everything after: all eigenvalues of its W_hh are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ch5.engine.weights import as_numbers, as_size
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

Floats = npt.NDArray[np.float64]


def latch(symbols: int, w: float = 6.0, push: float = 1.5) -> SequenceModel:
    """One latch a symbol: each step pushes its symbol's by +push and the others by -push."""
    one = np.eye(as_size("symbols", symbols, 2))
    cell = VanillaCell(2 * push * one, w * one, np.full(symbols, -push))
    return SequenceModel(cell, Readout(one, np.zeros(symbols)))


def delay_line(symbols: int, lag: int, size: float = 0.1) -> SequenceModel:
    """A place for each of the last lag + 1 inputs; each step moves all by one, the last place is read out.

    `size` is what a symbol is scaled to; the smaller it is, the less the tanh bends it on its way.
    """
    symbols, lag = as_size("symbols", symbols, 2), as_size("lag", lag, 0)
    H = symbols * (lag + 1)
    first, last = np.eye(H, symbols), np.eye(symbols, H, k=H - symbols)
    return SequenceModel(
        VanillaCell(size * first, np.eye(H, k=-symbols), np.zeros(H)), Readout(last, np.zeros(symbols))
    )


def fixed_point(w: Any) -> Floats:
    """The largest h with h = tanh(w h), for each w: 0 up to w = 1, then h* > 0.

    By Newton's method from h = 1, above the fixed point, where h - tanh(w h) is convex: no step goes too far.
    """
    w = _weights(w)
    h = np.ones_like(w)
    for _ in range(100):
        bent = np.tanh(w * h)
        h -= (h - bent) / np.where(w > 1, 1 - w * (1 - bent**2), 1)
    return np.where(w > 1, h, 0.0)


def slope(w: Any) -> Floats:
    """w (1 - h*^2) at the fixed point, for each w: below 1 except at w = 1, where it is 1."""
    w = _weights(w)
    return np.exp(_log_slope(w))


def withstands(w: Any) -> Floats:
    """The largest steady push against which a latch of each w holds its side: 0 up to w = 1.

    At the turning point of h -> w h - artanh(h), where h^2 = 1 - 1/w, the stable state and the unstable one meet.
    """
    w = np.maximum(_weights(w), 1)
    h = np.sqrt((w - 1) / w)
    return np.maximum(w * h - np.log1p(h) - np.log(w) / 2, 0)  # artanh(h), for an h that rounds to 1 as well


def table(w: Any, steps: int = 100) -> dict[str, Floats]:
    """For each w: fixed point, slope, the log10 of its power after `steps` steps, and the push it withstands."""
    w, steps = _weights(w), as_size("steps", steps, 0)
    return {
        "w": w,
        "h*": fixed_point(w),
        "slope": slope(w),
        f"log10 slope^{steps}": steps * _log_slope(w) / np.log(10),
        "withstands": withstands(w),
    }


def _log_slope(w: Floats) -> Floats:
    """log w - 2 log cosh(w h*), which neither overflows nor, as 1 - h*^2 would, cancels."""
    u = w * fixed_point(w)
    return np.log(w) + 2 * (np.log(2) - u - np.log1p(np.exp(-2 * u)))


def _weights(w: Any) -> Floats:
    w = as_numbers("w", w, np.float64)
    if not ((w > 0) & (w <= 1e100)).all():
        raise ValueError(f"w must be finite and above 0, at most 1e100, got {w}")
    return w

"""A clock made of modes: what a linear readout of complex modes recalls, at a lag that is known and at one that is not

    every symbol drives modes λ_1 ... λ_m of its own; a readout of them answers w_k = sum over j of Re(c_j λ_j^k)
    to a symbol that is k steps old, and the symbol with the largest sum wins

Shapes   eigenvalues (m,) complex   lags (L,), each as likely   w (longest lag + 1,)
Names    the task is the hard one of `ch5.experiments.horizon` without noise: the first of lag + 1 symbols is asked for.
Read     book/chapters/11_linear.ipynb     Tested   tests/test_clock.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.engine.weights import Array, as_size


def answer(eigenvalues: Array, lags: Any, symbols: int) -> Array:
    """The response w to a symbol's age that errs least, in squares, over symbols drawn at random.

    It wants 1 of the first symbol and 0 of every later one. Raises ValueError for a lag below 1.
    """
    lags = [as_size("lags", lag) for lag in lags]
    k = np.arange(max(lags) + 1)[:, None]
    modes = np.concatenate([(eigenvalues**k).real, (eigenvalues**k).imag], axis=1)
    first = modes[lags]
    spread = (1 - 1 / symbols) / symbols  # the variance of "this step shows this symbol"
    later = sum((modes[:lag].T @ modes[:lag] for lag in lags), np.zeros((modes.shape[1],) * 2))
    squares = spread * (later + first.T @ first) + 1e-10 * np.eye(len(later))
    return modes @ np.linalg.solve(squares, spread * first.sum(axis=0))


def accuracy(w: Array, lags: Any, symbols: int, rng: np.random.Generator, sequences: int = 2000) -> float:
    """How often the largest sum is the first symbol's, by drawing sequences."""
    right = 0
    for lag in rng.choice(lags, sequences):
        shown = rng.integers(symbols, size=lag + 1)
        sums = np.bincount(shown, weights=w[lag::-1], minlength=symbols)
        right += int(sums.argmax() == shown[0])
    return right / sequences

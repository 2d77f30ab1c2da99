"""What one linear layer whose gates see the input alone keeps of the order of two symbols

    h_t = f(x_t) h_{t-1} + u(x_t), unit by unit, reads a b w or b a w:
    the gap      h(a b w) - h(b a w)  =  product of f over w  times  (h(a b) - h(b a))

    A gate f < 1 for a symbol that w holds again and again forgets the gap, by the product of its values. A gate that is
    1 for a and b adds: h(a b) = u(a) + u(b) = h(b a), there is no gap. So a long w leaves a readout of bounded slope
    nothing to tell them by. With |f| > 1, f = -1 or f complex on the unit circle the gap need not shrink.

Shapes   f, u (V, N): gate and write of every symbol, real or complex      word (T,) ids      h (N,)
Read     book/chapters/11_linear.ipynb     Tested   tests/test_word_order.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.engine.linear import as_input
from ch5.engine.weights import Array


def last_state(f: Array, u: Array, word: Any) -> Array:
    """The state after a word, from zero: (V, N), (V, N), (T,) -> (N,)."""
    h = np.zeros_like(u[0])
    for k in as_input("word", word, len(u), None):
        h = f[k] * h + u[k]
    return h


def gap(f: Array, u: Array, a: int, b: int, w: Any) -> Array:
    """h(a b w) - h(b a w): (N,)."""
    return last_state(f, u, [a, b, *w]) - last_state(f, u, [b, a, *w])

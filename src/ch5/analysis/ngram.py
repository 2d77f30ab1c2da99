"""Character n-grams: how likely the next character is after the k before it, counted in a text

    P_k(c | u) = (n(uc) + d(u) P_{k-1}(c | u')) / (n(u) + d(u))       after k characters u
    P_-1(c)    = 1 / V

n(u) counts where u occurs with a character after it, d(u) how many different characters come after it, and u' is u
without its first character: Witten and Bell's interpolation. What was never seen costs a share d(u) of the probability.

Names    the ORDER of a model or of Markov text is the number k of characters it looks back on: order 0 looks at none
         (a unigram), order 2 at two (a trigram). V is the number of characters, N the length of the text.
Shapes   ids (N,)   losses (N,) in nats   contexts (M, k)   probabilities (M, V)
Read     book/chapters/07_measured.ipynb     Tested   tests/test_ngram.py     Source   [Witten1991], [Shannon1948]
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import NamedTuple

import numpy as np

from ch5.engine.linear import as_input
from ch5.engine.weights import Array, as_size


class Counts(NamedTuple):
    """What follows the contexts of one length: sorted codes of contexts and of contexts with their next character."""

    contexts: Array  # codes of the distinct contexts u, sorted
    n: Array  # n(u) of each
    d: Array  # d(u) of each
    grams: Array  # codes of the distinct uc, sorted
    n_gram: Array  # n(uc) of each


class NGram:
    """The counts of all contexts of length 0 to `order` in the text `ids` (N,) of V characters."""

    def __init__(self, ids: Array, V: int, order: int) -> None:
        ids = _text(ids, V, order)
        self.V, self.order = V, order = int(V), int(order)
        self.counts = [_counted(ids, V, k) for k in range(order + 1)]

    def losses(self, ids: Array) -> Array:
        """-log of each character's probability given up to `order` characters before it: (N,) -> (N,), in nats.

        The first character is predicted from nothing, the second from one character, and so on.
        """
        return self.losses_by_order(ids)[-1]

    def losses_by_order(self, ids: Array) -> Array:
        """The losses of all orders from 0 to `order`: (N,) -> (order + 1, N)."""
        ids = _text(ids, self.V, 0)
        p = np.full((self.order + 2, len(ids)), 1 / self.V)
        for k, counts in enumerate(self.counts):
            p[k + 1] = p[k]
            if k < len(ids):
                codes = _codes(ids, self.V, k)
                p[k + 1, k:] = _refined(p[k, k:], counts, codes, codes * self.V + ids[k:])
        return -np.log(p[1:])

    def probabilities(self, contexts: Array) -> Array:
        """Every character's probability after contexts of at least `order` characters: (M, k) -> (M, V)."""
        contexts = np.asarray(contexts)
        if contexts.dtype.kind not in "iu" or contexts.ndim != 2 or contexts.shape[1] < self.order:
            raise ValueError(
                f"contexts must have shape (M, {self.order} or more) and hold ids, "
                f"got {contexts.dtype} of shape {contexts.shape}"
            )
        contexts = as_input("contexts", contexts, self.V, None)
        p = np.full((len(contexts), self.V), 1 / self.V)
        for k, counts in enumerate(self.counts):
            codes = np.zeros((len(contexts), 1), np.int64)
            for column in contexts[:, contexts.shape[1] - k :].T:
                codes = codes * self.V + column[:, None]
            p = _refined(p, counts, np.broadcast_to(codes, p.shape), codes * self.V + np.arange(self.V))
        return p


def markov_text(ids: Array, V: int, order: int, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Text in which every character follows the `order` before it as often as in `ids`: (T, B), B texts side by side.

    Each starts at a random place of ids. Then, again and again, one of the places where the last `order` characters
    stand is taken at random, and the character after it is copied. The end of ids is joined to its beginning, so
    that something comes after every context.
    """
    ids, V, order = _text(ids, V, order), int(V), int(order)
    T, B = as_size("shape[0]", shape[0], 0), as_size("shape[1]", shape[1], 0)
    joined = np.concatenate([ids[len(ids) - order :], ids])
    _, context, size = np.unique(_codes(joined, V, order), return_inverse=True, return_counts=True)
    places = np.argsort(context, kind="stable")  # the places of each context, one context after the other
    first = np.cumsum(size) - size
    at = rng.integers(len(ids), size=B)
    drawn = np.empty((T, B), ids.dtype)
    for t in range(T):
        here = context[at]
        at = places[first[here] + rng.integers(size[here])]
        drawn[t] = ids[at]
        at = (at + 1) % len(ids)
    return drawn


def compressed_bits(text: str) -> dict[str, int]:
    """The size in bits of what three compressors of the standard library make of the text, at their best setting."""
    data = text.encode()
    return {
        "gzip": 8 * len(gzip.compress(data, 9, mtime=0)),
        "bzip2": 8 * len(bz2.compress(data, 9)),
        "xz": 8 * len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
    }


def _counted(ids: Array, V: int, k: int) -> Counts:
    codes = _codes(ids, V, k)
    grams, n_gram = np.unique(codes * V + ids[k:], return_counts=True)
    contexts, first, d = np.unique(grams // V, return_index=True, return_counts=True)
    return Counts(contexts, np.add.reduceat(n_gram, first), d, grams, n_gram)


def _refined(p: Array, counts: Counts, contexts: Array, grams: Array) -> Array:
    """P_k from p = P_{k-1}: the one line of the model. Where the context is new, p stays."""
    n = _look_up(contexts, counts.contexts, counts.n)
    d = _look_up(contexts, counts.contexts, counts.d)
    with np.errstate(invalid="ignore"):
        return np.where(n > 0, (_look_up(grams, counts.grams, counts.n_gram) + d * p) / (n + d), p)


def _look_up(codes: Array, known: Array, values: Array) -> Array:
    """The value of each code, 0 where it is not known."""
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[at] == codes, values[at], 0)


def _codes(ids: Array, V: int, k: int) -> Array:
    """The k characters before each place from the k-th on, read as a number in base V: (N,) -> (N - k,)."""
    codes = np.zeros(len(ids) - k, np.int64)
    for i in range(k):
        codes = codes * V + ids[i : len(ids) - k + i]
    return codes


def _text(ids: Array, V: int, order: int) -> Array:
    """ids checked: whole numbers from 0 to V - 1, more of them than the order, their codes within 63 bits."""
    V, order, ids = as_size("V", V), as_size("order", order, 0), np.asarray(ids)
    if V > 1 and (order >= 63 or V ** (order + 1) >= 2**63):  # 2 ** (2**63) would take for ever
        raise ValueError(
            f"order must be smaller for {V} characters, got {order}: {V}^{order + 1} passes 2^63"
        )
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or len(ids) <= order:
        raise ValueError(
            f"ids must be more than {order} ids in one row, got {ids.dtype} of shape {ids.shape}"
        )
    return as_input("ids", ids, V, None)

"""The exercises of notebook 10: one causal head, the backward pass through its softmax, where two bills are equal.

Read     book/chapters/10_attention.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_attend(answer: Any) -> None:
    """Check one causal head."""

    def attend(q: Array, k: Array, v: Array) -> Array:
        """Give the outputs (T, H) of one causal head from its queries, keys and values, all
        (T, H): y_t is the sum over s of A_ts v_s, and A_ts the softmax over s = 1 ... t of
        q_t · k_s / sqrt(H)."""
        return _head(q, k, v)

    def unmasked(q: Array, k: Array, v: Array) -> Array:
        """The future is seen: a step may look at itself and at what came before it."""
        return _weights(_scores(q, k)) @ v

    def not_itself(q: Array, k: Array, v: Array) -> Array:
        """A step may look at itself too; here it sees only what came before it."""
        scores = np.where(np.tri(len(q), k=-1, dtype=bool), _scores(q, k), -np.inf)
        scores[0, 0] = 0  # the first step has nothing else
        return _weights(scores) @ v

    def masked_after(q: Array, k: Array, v: Array) -> Array:
        """The weights of a row no longer add up to one: mask the scores, before the softmax, with -inf."""
        return np.tril(_weights(_scores(q, k))) @ v

    def zero_scores(q: Array, k: Array, v: Array) -> Array:
        """A score of 0 still has a weight, for e^0 is 1; the future's score must be -inf."""
        return _weights(np.tril(_scores(q, k))) @ v

    def no_scale(q: Array, k: Array, v: Array) -> Array:
        """The scores are not divided by the square root of H."""
        return _head(q * np.sqrt(q.shape[1]), k, v)

    def over_queries(q: Array, k: Array, v: Array) -> Array:
        """The softmax goes over the wrong axis: each row, one query's weights of all keys, must add up to one."""
        scores = np.where(np.tri(len(q), dtype=bool), _scores(q, k), -np.inf)
        return _weights(scores.T).T @ v

    bugs = [unmasked, not_itself, masked_after, zero_scores, no_scale, over_queries]
    rng = np.random.default_rng(5)
    check(answer, attend, [tuple(rng.normal(size=(3, T, 4))) for T in (9, 2)], bugs, gives=["y"])


def check_through_softmax(answer: Any) -> None:
    """Check the backward pass from the attention weights to the scores."""

    def through_softmax(dA: Array, A: Array) -> Array:
        """Give dS (n, T), the gradient with respect to the scores, from dA and A (n, T). Each row
        of A is the softmax of that row of S: raising one score takes from all the others."""
        return A * (dA - (A * dA).sum(axis=1, keepdims=True))

    def alone(dA: Array, A: Array) -> Array:
        """This raises one weight and takes nothing from the others: the weights would no longer add up to one."""
        return A * dA

    def sigmoids(dA: Array, A: Array) -> Array:
        """A (1 - A) is a weight's slope with respect to its own score; to the others it is -A_s A_r, not zero."""
        return A * (1 - A) * dA

    def over_rows(dA: Array, A: Array) -> Array:
        """The sum runs over the queries; it belongs to one query, over its keys."""
        return A * (dA - (A * dA).sum(axis=0, keepdims=True))

    def whole_sum(dA: Array, A: Array) -> Array:
        """One sum over all entries is subtracted; each row has its own."""
        return A * (dA - (A * dA).sum())

    def plain_mean(dA: Array, A: Array) -> Array:
        """The mean of dA is subtracted; it must be weighted by the attention weights."""
        return A * (dA - dA.mean(axis=1, keepdims=True))

    bugs = [alone, sigmoids, over_rows, whole_sum, plain_mean]
    rng = np.random.default_rng(5)
    cases = [(rng.normal(size=(n, T)), _weights(rng.normal(size=(n, T)))) for n, T in ((5, 7), (1, 3))]
    check(answer, through_softmax, cases, bugs, gives=["dS"])


def check_break_even(answer: Any) -> None:
    """Check where an LSTM and a head do as many multiplications."""

    def break_even(D: int, H: int) -> float:
        """Give the length T at which a head, 3 T H D + 2 T^2 H multiplications, costs as much
        as an LSTM, whose four slots each cost the vanilla cell's T H (D + H). Shorter
        sequences are cheaper for the head."""
        return (D + 4 * H) / 2

    def orders(D: int, H: int) -> float:
        """This compares the orders alone, T^2 H against T H^2; the factors and the other products count as well."""
        return H

    def one_slot(D: int, H: int) -> float:
        """This is the vanilla cell's bill; an LSTM has four slots."""
        return (H - 2 * D) / 2

    def no_projections(D: int, H: int) -> float:
        """The head's products for queries, keys and values, 3 T H D, are missing."""
        return 2 * (D + H)

    def not_halved(D: int, H: int) -> float:
        """There are two products of T by T: the scores, and the attention weights times the values."""
        return D + 4 * H

    bugs = [orders, one_slot, no_projections, not_halved]
    check(answer, break_even, [(8, 32), (64, 64), (512, 256)], bugs, gives=["T"])


def _scores(q: Array, k: Array) -> Array:
    return q @ k.T / np.sqrt(q.shape[1])


def _weights(scores: Array) -> Array:
    A = np.exp(scores - scores.max(axis=1, keepdims=True))
    return A / A.sum(axis=1, keepdims=True)


def _head(q: Array, k: Array, v: Array) -> Array:
    return _weights(np.where(np.tri(len(q), dtype=bool), _scores(q, k), -np.inf)) @ v

"""The exercises on backpropagation through time: the backward pass, the sum over time as one product, windows put
together again, and what they keep (both on the page on truncation).

Read     book/chapters/03_bptt.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array

Result = tuple[Array, Array]
Backward = Callable[[Array, Array, Array], Result]


def backward(dh_out: Array, h: Array, W_hh: Array) -> Result:
    """Give da (T, H), the gradient at what goes into each tanh, and dh_0 (H,).
    dh_out (T, H) is what the loss gives at the outputs, h (T+1, H) are the states, h[0] is h_0."""
    da, dh = np.empty_like(dh_out), np.zeros(len(W_hh))
    for t in range(len(dh_out), 0, -1):
        da[t - 1] = (dh_out[t - 1] + dh) * (1 - h[t] ** 2)
        dh = W_hh.T @ da[t - 1]
    return da, dh


def check_backward(answer: Any) -> None:
    """Check backpropagation through time, from the outputs' gradients to da and dh_0."""

    def no_future(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """The future is missing from the merge: dh of step t + 1 has to be added."""
        da = dh_out * (1 - h[1:] ** 2)
        return da, W_hh.T @ da[0]

    def no_output(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """The merge takes the output at the last step only; every step adds its own."""
        last = np.arange(len(dh_out))[:, None] == len(dh_out) - 1
        return backward(dh_out * last, h, W_hh)

    def no_slope(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """The slope of the tanh, 1 - h^2, is missing."""
        return backward(dh_out, 0 * h, W_hh)

    def early_slope(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """The slope is taken at the state before: step t goes through 1 - h[t]^2."""
        return backward(dh_out, np.roll(h, 1, axis=0), W_hh)

    def transposed(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """W_hh stands for its transpose: forward it is W_hh h, backward W_hh^T da."""
        return backward(dh_out, h, W_hh.T)

    def forward_in_time(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """The loop runs from the first step to the last; the future is not known then."""
        da, dh = np.empty_like(dh_out), np.zeros(len(W_hh))
        for t in range(1, len(dh_out) + 1):
            da[t - 1] = (dh_out[t - 1] + dh) * (1 - h[t] ** 2)
            dh = W_hh.T @ da[t - 1]
        return da, dh

    def one_short(dh_out: Array, h: Array, W_hh: Array) -> Result:
        """dh_0 is still to be sent through step 1: this is dh_1."""
        da, _ = backward(dh_out, h, W_hh)
        return da, da[0] / (1 - h[1] ** 2)

    bugs = [no_future, no_output, no_slope, early_slope, transposed, forward_in_time, one_short]
    check(answer, backward, [_walk(12), _walk(1)], bugs, gives=["da", "dh_0"])


def check_contract(answer: Any) -> None:
    """Check the gradient of W_hh, the sum over steps and batch."""

    def contract(da: Array, h: Array) -> Array:
        """Give dW_hh (H, H), summed over all steps and the whole batch, as one matrix product.
        da (T, B, H) is the gradient at what goes into each tanh, h (T+1, B, H) are the states."""
        return np.einsum("tbi,tbj->ij", da, h[:-1])

    def first_step(da: Array, h: Array) -> Array:
        """This is what step 1 adds: the last one visited has overwritten the others (= for +=)."""
        return contract(da[:1], h[:2])

    def last_step(da: Array, h: Array) -> Array:
        """This is what step T adds; the other steps are missing."""
        return contract(da[-1:], h[-2:])

    def own_state(da: Array, h: Array) -> Array:
        """Each step is paired with its own state; W_hh multiplied the state before it."""
        return np.einsum("tbi,tbj->ij", da, h[1:])

    def last_state_for_first(da: Array, h: Array) -> Array:
        """Step 1 is paired with the last state; it started from h_0."""
        return contract(da, np.concatenate([h[-1:], h[1:]]))

    def transposed(da: Array, h: Array) -> Array:
        """Rows and columns are swapped: entry i, j of dW_hh is da_i times h_j."""
        return contract(da, h).T

    def batch_mean(da: Array, h: Array) -> Array:
        """This is the mean over the batch; the sum is asked for."""
        return contract(da, h) / da.shape[1]

    def time_mean(da: Array, h: Array) -> Array:
        """This is the mean over the steps; the sum is asked for."""
        return contract(da, h) / len(da)

    bugs = [first_step, last_step, own_state, last_state_for_first, transposed, batch_mean, time_mean]
    check(answer, contract, [_steps(12, 3), _steps(2, 1)], bugs, gives=["dW_hh"])


def check_stitch(answer: Any) -> None:
    """Check that the gradient is handed from each window to the one before it."""

    def stitch(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """Give da (T, H) of a whole sequence that comes in pieces (dh_out, h), first to last;
        each h begins with the state that its piece started from.
        backward(dh_out, h, W_hh) gives da and dh_0 of one piece alone."""
        parts, dh = [], np.zeros(len(W_hh))
        for dh_out, h in reversed(pieces):
            da, dh = backward(np.vstack([dh_out[:-1], dh_out[-1] + dh]), h, W_hh)
            parts.append(da)
        return np.concatenate(parts[::-1])

    def truncated(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """This is truncated backpropagation: what a piece gives as dh_0 belongs to the piece before it."""
        return np.concatenate([backward(dh_out, h, W_hh)[0] for dh_out, h in pieces])

    def first_to_last(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """The pieces are taken first to last; the last has to come first, as the steps do."""
        parts, dh = [], np.zeros(len(W_hh))
        for dh_out, h in pieces:
            da, dh = backward(np.vstack([dh_out[:-1], dh_out[-1] + dh]), h, W_hh)
            parts.append(da)
        return np.concatenate(parts)

    def at_the_start(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """dh_0 is added at the first step of the piece before; it belongs to that piece's last state."""
        parts, dh = [], np.zeros(len(W_hh))
        for dh_out, h in reversed(pieces):
            da, dh = backward(np.vstack([dh_out[0] + dh, dh_out[1:]]), h, W_hh)
            parts.append(da)
        return np.concatenate(parts[::-1])

    def overwritten(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """dh_0 replaces the last output of the piece before; the two have to be added: the merge."""
        parts, dh = [], pieces[-1][0][-1]
        for dh_out, h in reversed(pieces):
            da, dh = backward(np.vstack([dh_out[:-1], dh]), h, W_hh)
            parts.append(da)
        return np.concatenate(parts[::-1])

    def last_piece_first(pieces: list[Result], W_hh: Array, backward: Backward) -> Array:
        """The parts are right, but the last piece stands first."""
        cuts = np.cumsum([len(dh_out) for dh_out, _ in pieces])[:-1]
        return np.concatenate(np.split(stitch(pieces, W_hh, backward), cuts)[::-1])

    bugs = [truncated, first_to_last, at_the_start, overwritten, last_piece_first]
    check(answer, stitch, [_pieces(4, 2, 5), _pieces(3)], bugs, gives=["da"])


def check_pairs(answer: Any) -> None:
    """Check the count of the terms that truncation leaves."""

    def pairs(T: int, n: int) -> int:
        """Count the pairs of an output t and a use of the weights at step u <= t that lie
        in one window, for T steps in windows of n; the last window may be shorter."""
        return sum(t % n + 1 for t in range(T))

    def all_of_them(T: int, n: int) -> int:
        """These are the pairs of the full gradient; windows leave fewer."""
        return T * (T + 1) // 2

    def no_diagonal(T: int, n: int) -> int:
        """The pairs with u = t are missing: the step's own use of the weights."""
        return pairs(T, n) - T

    def both_ways(T: int, n: int) -> int:
        """Pairs with u > t are counted here; an output says nothing of a later step."""
        return 2 * pairs(T, n) - T

    def whole_windows(T: int, n: int) -> int:
        """The last window, when it is shorter than n, is not counted."""
        return pairs(T - T % n, n)

    def filled_up(T: int, n: int) -> int:
        """The last window is counted as if it had n steps; it has only what is left of T."""
        return pairs(T + -T % n, n)

    def steps_back(T: int, n: int) -> int:
        """This is the costlier scheme, n steps back from every output; a window is cut at its start."""
        return sum(min(t + 1, n) for t in range(T))

    bugs = [all_of_them, no_diagonal, both_ways, whole_windows, filled_up, steps_back]
    check(answer, pairs, [(12, 4), (14, 4), (3, 2)], bugs, gives=["the count"])


def _walk(T: int) -> tuple[Array, ...]:
    """dh_out, h and W_hh of a cell with H = 4 over T steps."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(T, 4)), np.tanh(rng.normal(size=(T + 1, 4))), rng.normal(size=(4, 4))


def _steps(T: int, B: int) -> tuple[Array, ...]:
    """da and h of a cell with H = 4 over T steps, for a batch of B."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(T, B, 4)), np.tanh(rng.normal(size=(T + 1, B, 4)))


def _pieces(*lengths: int) -> tuple[list[Result], Array, Backward]:
    """A sequence in pieces of these lengths, each with its dh_out and h; W_hh; and a right `backward`."""
    dh_out, h, W_hh = _walk(sum(lengths))
    ends = np.cumsum(lengths)
    pieces = [(dh_out[end - n : end], h[end - n : end + 1]) for n, end in zip(lengths, ends, strict=True)]
    return pieces, W_hh, backward

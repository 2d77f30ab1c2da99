"""The exercises of notebook 01: one step for a batch, a count of parameters, a state that is carried.

Read     book/chapters/01_cell.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array

Step = Callable[[Array, Array], Array]


def check_step(answer: Any) -> None:
    """Check one step for a whole batch."""

    def step(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """Give the next states h_t (B, H) of a batch from inputs x_t (B, D) and states h_prev (B, H)."""
        return np.tanh(x_t @ W_xh.T + h_prev @ W_hh.T + b)

    def no_recurrence(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """The state before is not used: nothing is recurrent here."""
        return np.tanh(x_t @ W_xh.T + b)

    def no_tanh(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """The tanh is missing."""
        return x_t @ W_xh.T + h_prev @ W_hh.T + b

    def half_a_tanh(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """The tanh goes around the whole sum, W_hh h_prev included."""
        return np.tanh(x_t @ W_xh.T + b) + h_prev @ W_hh.T

    def no_bias(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """The bias b is missing."""
        return np.tanh(x_t @ W_xh.T + h_prev @ W_hh.T)

    def transposed(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """W_hh stands for its transpose: for states in rows, W_hh h is h @ W_hh.T."""
        return np.tanh(x_t @ W_xh.T + h_prev @ W_hh + b)

    bugs = [no_recurrence, no_tanh, half_a_tanh, no_bias, transposed]
    check(answer, step, [_batch(5), _batch(1)], bugs, gives=["h_t"])


def check_parameters(answer: Any) -> None:
    """Check the count of a cell's weights."""

    def parameters(D: int, H: int, T: int) -> int:
        """Count the weights of a cell with D inputs and H units that reads T steps."""
        return H * (D + H + 1)

    def untied(D: int, H: int, T: int) -> int:
        """Every step has weights of its own here; the cell has one set for all steps."""
        return T * H * (D + H + 1)

    def no_bias(D: int, H: int, T: int) -> int:
        """The bias b is not counted."""
        return H * (D + H)

    def one_number_for_b(D: int, H: int, T: int) -> int:
        """The bias b is counted as one number; it is one for each unit."""
        return H * (D + H) + 1

    def two_biases(D: int, H: int, T: int) -> int:
        """There are two biases here; this cell has one."""
        return H * (D + H + 2)

    def no_W_hh(D: int, H: int, T: int) -> int:
        """W_hh is not counted."""
        return H * (D + 1)

    def no_W_xh(D: int, H: int, T: int) -> int:
        """W_xh is not counted."""
        return H * (H + 1)

    bugs = [untied, no_bias, one_number_for_b, two_biases, no_W_hh, no_W_xh]
    check(answer, parameters, [(69, 64, 32), (3, 4, 12), (1, 1, 1)], bugs, gives=["the count"])


def check_carry(answer: Any) -> None:
    """Check that pieces of a sequence, read one after another, are read as one sequence."""

    def read(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """Give all states h_1 ... h_T (T, H) of one sequence that comes in pieces, each (steps, D).
        step(x_t, h_prev) gives h_t, and the first state is h_0."""
        states, h = [], h_0
        for x_t in np.concatenate(pieces):
            h = step(x_t, h)
            states.append(h)
        return np.array(states)

    def reset(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """Every piece starts again from h_0: the state is not carried over."""
        return np.concatenate([read([piece], h_0, step) for piece in pieces])

    def zeroed(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """Every piece but the first starts from zero: the state is not carried over."""
        return np.concatenate([read([p], h_0 * (i == 0), step) for i, p in enumerate(pieces)])

    def no_recurrence(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """Every step starts from h_0: the state is never carried."""
        return np.array([step(x_t, h_0) for x_t in np.concatenate(pieces)])

    def no_start(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """The first state here is zero instead of h_0."""
        return read(pieces, 0 * h_0, step)

    def only_the_last(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """This is the last state; all of them are asked for."""
        return read(pieces, h_0, step)[-1]

    def only_the_ends(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """These are the states at the end of each piece; all of them are asked for."""
        return read(pieces, h_0, step)[np.cumsum([len(piece) for piece in pieces]) - 1]

    def with_h_0(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """h_0 stands first here; h_1 to h_T are asked for."""
        return np.concatenate([[h_0], read(pieces, h_0, step)])

    def one_too_early(pieces: list[Array], h_0: Array, step: Step) -> Array:
        """These are h_0 to h_(T-1); h_1 to h_T are asked for."""
        return with_h_0(pieces, h_0, step)[:-1]

    bugs = [reset, zeroed, no_recurrence, no_start]
    bugs += [only_the_last, only_the_ends, with_h_0, one_too_early]
    check(answer, read, [_pieces(4, 1, 7), _pieces(5)], bugs, gives=["the states"])


def _batch(B: int) -> tuple[Array, ...]:
    """x_t, h_prev, W_xh, W_hh, b of a cell with D = 3 and H = 4."""
    rng = np.random.default_rng(5)
    return tuple(rng.normal(size=size) for size in [(B, 3), (B, 4), (4, 3), (4, 4), (4,)])


def _pieces(*lengths: int) -> tuple[list[Array], Array, Step]:
    """Pieces of these lengths, h_0, and the step of a cell with D = 3 and H = 4."""
    rng = np.random.default_rng(5)
    W_xh, W_hh, h_0 = rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=4)

    def step(x_t: Array, h_prev: Array) -> Array:
        return np.tanh(W_xh @ x_t + W_hh @ h_prev)

    return [rng.normal(size=(steps, 3)) for steps in lengths], h_0, step

"""The exercises of notebooks 08 and 09: one step of an LSTM, the path along its cell state, the bias for a
memory, and the width that gates leave.

Read     book/chapters/08_gates.ipynb, 09_gates_trained.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array

Result = tuple[Array, Array]


def sigma(z: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


def step(z: Array, c_prev: Array) -> Result:
    """Give h_t and c_t, both (H,), of one step of an LSTM. z (4, H) is what goes into
    the slots g, i, f, o, drive and recurrent product together; c_prev (H,) is the cell
    state before."""
    c = sigma(z[2]) * c_prev + sigma(z[1]) * np.tanh(z[0])
    return sigma(z[3]) * np.tanh(c), c


def check_step(answer: Any) -> None:
    """Check one step, from what goes into the slots to h_t and c_t."""

    def no_tanh(z: Array, c_prev: Array) -> Result:
        """The cell state is output without its tanh: h = o tanh(c)."""
        c = step(z, c_prev)[1]
        return sigma(z[3]) * c, c

    def old_cell_state(z: Array, c_prev: Array) -> Result:
        """h is made of the cell state before; it reads the new one."""
        return sigma(z[3]) * np.tanh(c_prev), step(z, c_prev)[1]

    def swapped(z: Array, c_prev: Array) -> Result:
        """Input and forget gate are exchanged: f keeps what was, i lets in what is new."""
        return step(z[[0, 2, 1, 3]], c_prev)

    def candidate_squashed_as_a_gate(z: Array, c_prev: Array) -> Result:
        """g is no gate: it may be negative, and its function is tanh."""
        c = sigma(z[2]) * c_prev + sigma(z[1]) * sigma(z[0])
        return sigma(z[3]) * np.tanh(c), c

    def coupled(z: Array, c_prev: Array) -> Result:
        """1 - f stands for the input gate, which has weights of its own."""
        f = sigma(z[2])
        c = f * c_prev + (1 - f) * np.tanh(z[0])
        return sigma(z[3]) * np.tanh(c), c

    def no_forget_gate(z: Array, c_prev: Array) -> Result:
        """The cell state is kept whole: the forget gate is missing."""
        c = c_prev + sigma(z[1]) * np.tanh(z[0])
        return sigma(z[3]) * np.tanh(c), c

    rng = np.random.default_rng(5)
    cases = [(rng.normal(size=(4, H)), rng.normal(size=H)) for H in (5, 1)]
    bugs = [no_tanh, old_cell_state, swapped, candidate_squashed_as_a_gate, coupled, no_forget_gate]
    check(answer, step, cases, bugs, gives=["h_t", "c_t"])


def check_along(answer: Any) -> None:
    """Check the derivative along the cell state alone."""

    def along_the_cell_state(f: Array, s: int, t: int) -> Array:
        """Give ∂⁺c_t/∂⁺c_s, s at most t, as its diagonal (H,). f (T, H) are the forget
        gates; f[t-1] is f_t."""
        return np.prod(f[s:t], axis=0)

    def one_early(f: Array, s: int, t: int) -> Array:
        """One step early: f_s was used to make c_s; the first gate after c_s is f_(s+1)."""
        return np.prod(f[max(s - 1, 0) : t - 1], axis=0)

    def one_more(f: Array, s: int, t: int) -> Array:
        """One factor too many: from c_s to c_t there are t - s gates."""
        return np.prod(f[max(s - 1, 0) : t], axis=0)

    def summed(f: Array, s: int, t: int) -> Array:
        """The gates are added; along a path derivatives are multiplied."""
        return np.sum(f[s:t], axis=0)

    def over_units(f: Array, s: int, t: int) -> Array:
        """The product runs over the units as well; each unit keeps its own path."""
        return np.full(f.shape[1], np.prod(f[s:t]))

    def all_steps(f: Array, s: int, t: int) -> Array:
        """The product runs over the whole sequence, not from c_s to c_t."""
        return np.prod(f, axis=0)

    f = np.random.default_rng(5).uniform(0.5, 1, (12, 3))
    bugs = [one_early, one_more, summed, over_units, all_steps]
    cases = [(f, 3, 9), (f, 0, 12), (f, 4, 4)]
    check(answer, along_the_cell_state, cases, bugs, gives=["the diagonal"])


def check_bias(answer: Any) -> None:
    """Check the forget bias that keeps a given share of the gradient over a given lag."""

    def forget_bias(share: float, lag: int) -> float:
        """Give the forget bias at which the cell state alone passes on this share of a
        gradient over `lag` steps, when nothing but the bias goes into the forget gate."""
        f = share ** (1 / lag)
        return np.log(f / (1 - f))

    def the_gate(share: float, lag: int) -> float:
        """This is the gate f; the bias is what goes into it: f = σ(bias)."""
        return share ** (1 / lag)

    def one_step(share: float, lag: int) -> float:
        """This passes the share over one step; over the lag it is raised to that power."""
        return np.log(share / (1 - share))

    def linear(share: float, lag: int) -> float:
        """The loss of the lag is divided by its steps; gates multiply, so take the root."""
        f = 1 - (1 - share) / lag
        return np.log(f / (1 - f))

    def negative(share: float, lag: int) -> float:
        """The wrong way round: this is the bias of a gate that forgets as much as it should keep."""
        return -forget_bias(share, lag)

    cases = [(0.5, 50), (0.9, 10), (0.8, 1)]
    check(answer, forget_bias, cases, [the_gate, one_step, linear, negative], gives=["the bias"])


def check_width(answer: Any) -> None:
    """Check how many units an LSTM may have with so many parameters."""

    def width(parameters: int, D: int) -> int:
        """Give the largest number of units of an LSTM that has at most so many parameters,
        for inputs of D entries. Each of its four slots has a W_xh, a W_hh and a bias."""
        return largest(lambda H: 4 * H * (D + H + 1), parameters)

    def largest(size: Any, parameters: int) -> int:
        return max(H for H in range(parameters) if size(H) <= parameters)

    def one_slot(parameters: int, D: int) -> int:
        """This is the width of a vanilla cell: an LSTM has four slots."""
        return largest(lambda H: H * (D + H + 1), parameters)

    def quarter(parameters: int, D: int) -> int:
        """A quarter of a vanilla cell's units is too few: four slots are four times H^2, so H about halves."""
        return one_slot(parameters, D) // 4

    def no_bias(parameters: int, D: int) -> int:
        """The biases are not counted, H in each slot."""
        return largest(lambda H: 4 * H * (D + H), parameters)

    def no_input(parameters: int, D: int) -> int:
        """The matrices from the input, (H, D) in each slot, are not counted."""
        return largest(lambda H: 4 * H * (H + 1), parameters)

    bugs = [one_slot, quarter, no_bias, no_input]
    check(answer, width, [(1312, 8), (768, 4), (4 * 20 * 31, 10)], bugs, gives=["the number of units"])

"""The exercises of notebook 02: a convolution, the gradient of its input, the state in which a cell rests.

Read     book/chapters/02_sharing.ipynb     Tested   tests/test_exercises.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.book.exercises import check
from ch5.engine.weights import Array


def check_convolution(answer: Any) -> None:
    """Check a causal convolution with zeros before the first input."""

    def convolve(x: Array, W: Array, b: Array) -> Array:
        """Give all outputs y_t = sum over k of W_k x_{t-k} + b, as (T, N), from inputs x (T, D),
        W (N, K, D) with W_k = W[:, k], and b (N,). What stands before x_1 is zero."""
        y = np.tile(b, (len(x), 1))
        for k in range(W.shape[1]):
            y[k:] += x[: len(x) - k] @ W[:, k].T
        return y

    def the_future(x: Array, W: Array, b: Array) -> Array:
        """This is y_t = sum over k of W_k x_{t+k} + b: it looks ahead instead of back."""
        return convolve(x[::-1], W, b)[::-1]

    def reversed_kernel(x: Array, W: Array, b: Array) -> Array:
        """The kernel is reversed: W_0 should meet x_t, and W_{K-1} the oldest input."""
        return convolve(x, W[:, ::-1], b)

    def one_too_early(x: Array, W: Array, b: Array) -> Array:
        """W_0 meets x_{t-1} here; it should meet x_t."""
        return convolve(np.concatenate([0 * x[:1], x[:-1]]), W, b)

    def only_whole_windows(x: Array, W: Array, b: Array) -> Array:
        """These are the outputs whose window is complete; all T of them are asked for, with zeros before x_1."""
        return convolve(x, W, b)[W.shape[1] - 1 :]

    def around_the_corner(x: Array, W: Array, b: Array) -> Array:
        """The end of the sequence stands before its start here (as np.roll does it); zeros should."""
        return np.sum([np.roll(x, k, axis=0) @ W[:, k].T for k in range(W.shape[1])], axis=0) + b

    def no_bias(x: Array, W: Array, b: Array) -> Array:
        """The bias b is missing."""
        return convolve(x, W, 0 * b)

    def a_bias_each_time(x: Array, W: Array, b: Array) -> Array:
        """The bias is added once for every k; it belongs to the output, so it is added once."""
        return convolve(x, W, W.shape[1] * b)

    def only_the_last_k(x: Array, W: Array, b: Array) -> Array:
        """Only W_{K-1} is used: is there an = where += should be?"""
        last = np.zeros_like(W)
        last[:, -1] = W[:, -1]
        return convolve(x, last, b)

    bugs = [the_future, reversed_kernel, one_too_early, only_whole_windows, around_the_corner]
    bugs += [no_bias, a_bias_each_time, only_the_last_k]
    check(answer, convolve, [_convolution(9), _convolution(2)], bugs, gives=["y"])


def check_input_gradient(answer: Any) -> None:
    """Check dx of a causal convolution."""

    def input_gradient(dy: Array, W: Array) -> Array:
        """Give dx (T, D), the gradient with respect to the inputs, from dy (T, N) and
        W (N, K, D), W_k = W[:, k].
        The input x_t stood in y_t, y_{t+1}, ... up to y_{t+K-1}, as far as there are outputs."""
        dx = np.zeros((len(dy), W.shape[2]))
        for k in range(W.shape[1]):
            dx[: len(dy) - k] += dy[k:] @ W[:, k]
        return dx

    def only_its_own_output(dy: Array, W: Array) -> Array:
        """Only y_t is asked here; x_t also stood in the outputs after it."""
        return dy @ W[:, 0]

    def forward_again(dy: Array, W: Array) -> Array:
        """This sums W_k^T dy_{t-k}, looking back as the forward pass does; the backward pass looks ahead."""
        return input_gradient(dy[::-1], W)[::-1]

    def overwritten(dy: Array, W: Array) -> Array:
        """Each k overwrites what the one before gave: an = stands where += should."""
        dx = np.zeros((len(dy), W.shape[2]))
        for k in range(W.shape[1]):
            dx[: len(dy) - k] = dy[k:] @ W[:, k]
        return dx

    def reversed_kernel(dy: Array, W: Array) -> Array:
        """The kernel is reversed: W_k belongs to y_{t+k}."""
        return input_gradient(dy, W[:, ::-1])

    def around_the_corner(dy: Array, W: Array) -> Array:
        """The last inputs get gradient from the first outputs (as np.roll does it); they should get less, not that."""
        return np.sum([np.roll(dy, -k, axis=0) @ W[:, k] for k in range(W.shape[1])], axis=0)

    bugs = [only_its_own_output, forward_again, overwritten, reversed_kernel, around_the_corner]
    rng = np.random.default_rng(5)
    cases = [(rng.normal(size=(T, 2)), rng.normal(size=(2, 3, 4))) for T in (9, 4)]
    check(answer, input_gradient, cases, bugs, gives=["dx"])


def check_rest(answer: Any) -> None:
    """Check the state in which a cell waits."""

    def rest(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """Give the state (H,) in which the cell stays while it reads `padding` (D,):
        h = tanh(W_xh padding + W_hh h + b)."""
        h = np.zeros(len(b))
        for _ in range(1000):
            h = np.tanh(W_xh @ padding + W_hh @ h + b)
        return h

    def zero(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """Zero is where the cell starts; with this bias and this padding it does not stay there."""
        return np.zeros(len(b))

    def one_step(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """This is the state after one step from zero; the next step moves it on."""
        return np.tanh(W_xh @ padding + b)

    def no_padding(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """This is where the cell rests when it reads zeros; the padding is missing."""
        return rest(0 * padding, W_xh, W_hh, b)

    def no_bias(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """The bias b is missing."""
        return rest(padding, W_xh, W_hh, 0 * b)

    def linear(padding: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
        """This solves h = W_xh padding + W_hh h + b: the tanh is missing."""
        return np.linalg.solve(np.eye(len(b)) - W_hh, W_xh @ padding + b)

    bugs = [zero, one_step, no_padding, no_bias, linear]
    check(answer, rest, [_cell(4), _cell(7)], bugs, gives=["h"])


def _convolution(T: int) -> tuple[Array, ...]:
    """x, W, b of a convolution with N = 2, K = 3 and D = 4."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(T, 4)), rng.normal(size=(2, 3, 4)), rng.normal(size=2)


def _cell(H: int) -> tuple[Array, ...]:
    """padding, W_xh, W_hh, b of a cell with D = 3 that comes to rest: its W_hh has a norm of 0.8."""
    rng = np.random.default_rng(5)
    W_hh = rng.normal(size=(H, H))
    W_hh *= 0.8 / np.linalg.norm(W_hh, 2)
    return rng.normal(size=3), rng.normal(size=(H, 3)), W_hh, rng.normal(size=H)

"""The convolution along time: y_t = W_0 x_t + W_1 x_{t-1} + ... + W_{K-1} x_{t-K+1} + b

    window   w_t = [x_t; x_{t-1}; ...; x_{t-K+1}]      what output t sees
    forward  y_t = W w_t + b                           one set of weights slid along the axis
    backward dW = sum over t of dy_t w_t^T             one product over all windows
             dx_t = sum over k of W_k^T dy_{t+k}       x_t stood in K windows

Shapes   x (T, ..., D), or ids (T, ...)   y (T, ..., N)   W (N, K, D), W[:, k] is W_k   b (N,)
         past (K-1, ..., D): what stands before x_1, latest last; zero vectors if not given
Names    dX is dL/dX and has X's shape; the gradient of a Convolution is again a Convolution.
Read     book/chapters/02_sharing.ipynb     Tested   tests/test_convolution.py
Source   [LeCun1989], and [Waibel1989] for the axis of time

It is causal: y_t sees nothing later than x_t. `past` is to it what h_0 is to a recurrent cell. For one-hot
input the zero vector stands for no character; to pad with a character, give its ids as `past`. The
outputs that need no padding (called 'valid') are y[K-1:], or forward(x[K-1:], past=x[:K-1]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.engine import linear
from ch5.engine.weights import Array, Weights, as_numbers, holds_ids, shape


@dataclass(frozen=True)
class Convolution(Weights):
    """The weights of one convolution; the same object serves every position."""

    W: Array = shape("N", "K", "D")  # W[:, k] maps x_{t-k} to y_t
    b: Array = shape("N")

    def windows(self, x: Any, past: Any = None) -> Array:
        """What each output sees, x_t first: (T, ..., D) or ids (T, ...) -> (T, ..., K, D)."""
        K = self.W.shape[1]
        x = self._vectors("x", x)
        if x.ndim < 2 or len(x) == 0:
            raise ValueError(f"x must have at least one step on its first axis, got shape {x.shape}")
        before = (K - 1, *x.shape[1:])
        past = np.zeros(before, x.dtype) if past is None else self._vectors("past", past)
        if past.shape != before:
            raise ValueError(f"past must stand for vectors of shape {before}, got {past.shape}")
        line = np.concatenate([past, x])
        return np.stack([line[K - 1 - k : len(line) - k] for k in range(K)], axis=-2)

    def forward(self, x: Any, past: Any = None) -> Array:
        """Every output, in one product: (T, ..., D) or ids (T, ...) -> (T, ..., N)."""
        return linear.apply(self._flat(self.W), self._flat(self.windows(x, past)), self.b)

    def backward(self, dy: Any, x: Any, past: Any = None) -> tuple[Convolution, Array, Array]:
        """The weights' gradient, summed over positions and batch, dx (T, ..., D) and dpast (K-1, ..., D).

        Where x holds ids, dx is the gradient with respect to the one-hot vectors that they stand for.
        """
        windows = self.windows(x, past)
        dy = self._checked(dy, windows)
        N, K, D = self.W.shape
        dW = linear.weight_gradient(dy, self._flat(windows), K * D).reshape(N, K, D)
        gradient = Convolution.unchecked(dW, dy.reshape(-1, N).sum(axis=0))
        dwindows = linear.apply(self._flat(self.W).T, dy).reshape(windows.shape)
        dline = np.zeros((len(dy) + K - 1, *dy.shape[1:-1], D), dy.dtype)
        for k in range(K):
            dline[K - 1 - k : len(dline) - k] += dwindows[..., k, :]  # x_t stood in K windows
        return gradient, dline[K - 1 :], dline[: K - 1]

    def contributions(self, dy: Any, x: Any, past: Any = None) -> Array:
        """What each position adds to dW, summed over the batch: (T, N, K, D); their sum over T is dW."""
        windows = self.windows(x, past)
        dy = self._checked(dy, windows)
        dy, windows = dy.reshape(len(dy), -1, dy.shape[-1]), windows.reshape(len(dy), -1, *self.W.shape[1:])
        return np.einsum("tbn,tbkd->tnkd", dy, windows)

    def _vectors(self, name: str, x: Any) -> Array:
        """x as vectors of the weights' dtype, checked; ids become one-hot."""
        x = linear.as_input(name, x, self.W.shape[2], self.dtype)
        return linear.one_hot(x, self.W.shape[2], self.dtype) if holds_ids(x) else x

    def _flat(self, array: Array) -> Array:
        """(..., K, D) -> (..., K D)."""
        return array.reshape(*array.shape[:-2], -1)

    def _checked(self, dy: Any, windows: Array) -> Array:
        dy = as_numbers("dy", dy, self.dtype)
        needs = (*windows.shape[:-2], len(self.b))
        if dy.shape != needs:
            raise ValueError(f"dy must have shape {needs}, got {dy.shape}")
        return dy

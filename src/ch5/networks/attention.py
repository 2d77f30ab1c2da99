"""Causal self-attention, one head: every step looks at all steps up to it, and there is no state

    q_t, k_t, v_t = W_q x_t, W_k x_t, W_v x_t
    A_ts = softmax over s = 1 ... t of q_t · k_s / sqrt(H)       exactly 0 for s > t
    y_t  = sum over s of A_ts v_s                               from any step to any other: one hop

Shapes   x (T, ..., D), or ids (T, ...)   q, k, v, y (T, ..., H)   A (..., T, T)   W_q, W_k, W_v (H, D)
         where only the last n steps are asked for: q, y (n, ..., H), A (..., n, T)
Names    q, k, v are queries, keys and values; dX is dL/dX and has X's shape; a gradient is of its weights' type.
Read     book/chapters/10_attention.ipynb     Tested   tests/test_attention.py, benchmarks/test_against_torch.py
Source   [Vaswani2017], of which this keeps one head and the encoding of positions, and leaves out the residual
         paths, the normalisation, the MLP and W_o, which for one head is a second W_v

Nothing in these equations knows the order of the steps before t: permute them and y_t stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, as_numbers, as_size, holds_ids, shape
from ch5.networks import readout


class Residuals(NamedTuple):
    """What the backward pass needs of the forward pass."""

    q: Array  # (n, ..., H)
    k: Array  # (T, ..., H)
    v: Array  # (T, ..., H)
    A: Array  # (..., n, T), rows sum to 1


@dataclass(frozen=True)
class Attention(Weights):
    """The weights of one head; the same for every pair of steps."""

    W_q: Array = shape("H", "D")  # input to queries
    W_k: Array = shape("H", "D")  # input to keys
    W_v: Array = shape("H", "D")  # input to values

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int) -> Attention:
        """Initial weights uniform in ±1/sqrt(fan-in). float64."""
        H, D = as_size("H", H), as_size("D", D)
        return cls(*(initialise.uniform(rng, H, D) for _ in range(3)))

    def forward(self, x: Any, n: int | None = None) -> tuple[Array, Residuals]:
        """The last n outputs (all T), and what `backward` needs: (T, ..., D) -> (n, ..., H).

        Raises ValueError or TypeError for shapes and dtypes that do not fit, ids out of range, n not from 1 to T.
        """
        x = linear.as_input("x", x, self.W_q.shape[1], self.dtype)
        k, v = linear.apply(self.W_k, x), linear.apply(self.W_v, x)
        if k.ndim < 2 or len(k) == 0:
            raise ValueError(f"x must have at least one step on its first axis, got shape {x.shape}")
        T, n = len(x), len(x) if n is None else as_size("n", n, 1, len(x))
        q = linear.apply(self.W_q, x[T - n :])
        scores = _by_sequence(q) @ _by_sequence(k).swapaxes(-1, -2) * len(self.W_k) ** -0.5
        scores[..., ~np.tri(n, T, T - n, dtype=bool)] = -np.inf  # the future: weight zero
        A = readout.softmax(scores)
        return _by_step(A @ _by_sequence(v)), Residuals(q, k, v, A)

    def backward(
        self, dy: Array, x: Any, residuals: Residuals, out: Attention | None = None
    ) -> tuple[Attention, Array | None]:
        """The weights' gradient (in `out`, if given), and dx (None for ids), of a loss that gives dy (n, ..., H)."""
        if np.shape(dy) != residuals.q.shape:
            raise ValueError(f"dy must have shape {residuals.q.shape}, got {np.shape(dy)}")
        x = linear.as_input("x", x, self.W_q.shape[1], self.dtype)
        if (x.shape if holds_ids(x) else x.shape[:-1]) != residuals.k.shape[:-1]:
            raise ValueError(
                f"x must be what forward read, {residuals.k.shape[:-1]} ids or vectors, got shape {x.shape}"
            )
        q, k, v = map(_by_sequence, residuals[:3])
        A, dy = residuals.A, _by_sequence(as_numbers("dy", dy, self.dtype))
        dA = dy @ v.swapaxes(-1, -2)
        dscores = A * (dA - (A * dA).sum(axis=-1, keepdims=True)) * len(self.W_k) ** -0.5
        dq, dk = _by_step(dscores @ k), _by_step(dscores.swapaxes(-1, -2) @ q)
        dv = _by_step(A.swapaxes(-1, -2) @ dy)
        late, D = slice(len(x) - len(dq), None), self.W_q.shape[1]
        gradient = self.empty() if out is None else out
        linear.weight_gradient(dq, x[late], D, gradient.W_q)
        linear.weight_gradient(dk, x, D, gradient.W_k)
        linear.weight_gradient(dv, x, D, gradient.W_v)
        if holds_ids(x):
            return gradient, None
        dx = linear.apply(self.W_k.T, dk) + linear.apply(self.W_v.T, dv)
        dx[late] += linear.apply(self.W_q.T, dq)
        return gradient, dx


def positions(T: int, H: int) -> Array:
    """Where a step stands: sines and cosines of t, of periods from 2π to almost 20000π. (T, H), H even."""
    T, H = as_size("T", T), as_size("H", H, 2)
    if H % 2:
        raise ValueError(f"H must be even, for pairs of a sine and a cosine, got {H}")
    angles = np.arange(1, T + 1)[:, None] / 10000 ** (np.arange(0, H, 2) / H)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(T, H)


def sensitivity(attention: Attention, x: Array) -> Array:
    """How much the last output depends on each step, by gradients: |dy_T/dx_s| for s = 1 ... T, x (T, D) -> (T,)."""
    H, D = attention.W_v.shape
    x = as_numbers("x", x)
    if x.ndim != 2 or x.shape[1] != D:
        raise ValueError(f"x must be vectors of shape (T, {D}), got {x.shape}")
    copies = np.repeat(x[:, None], H, axis=1)  # copy j asks for entry j of y_T
    _, residuals = attention.forward(copies, 1)
    _, dx = attention.backward(np.eye(H)[None], copies, residuals)
    return np.linalg.norm(np.asarray(dx), axis=(1, 2))


class Bill(NamedTuple):
    """What a forward pass over a whole sequence costs."""

    operations: int  # multiplications, each with its addition, in all matrix products
    memory: int  # numbers held for the backward pass, the input not counted
    sequential: int  # matrix products of which each needs the one before


def bill_of_recurrence(T: int, D: int, H: int) -> Bill:
    """The vanilla cell's: T steps of work and of memory, and T steps that wait for one another."""
    T, D, H = _sizes(T, D, H)
    return Bill(T * H * (D + H), (T + 1) * H, T + 1)


def bill_of_attention(T: int, D: int, H: int) -> Bill:
    """One head's: every step against every step, masked ones included, in three rounds whatever T."""
    T, D, H = _sizes(T, D, H)
    return Bill(3 * T * H * D + 2 * T * T * H, 3 * T * H + T * T, 3)


def _sizes(T: int, D: int, H: int) -> tuple[int, int, int]:
    return as_size("T", T), as_size("D", D), as_size("H", H)


def _by_sequence(x: Array) -> Array:
    """(T, ..., N) -> (..., T, N), a view: one matrix a sequence."""
    return np.moveaxis(x, 0, -2)


def _by_step(x: Array) -> Array:
    """(..., T, N) -> (T, ..., N), a view."""
    return np.moveaxis(x, -2, 0)

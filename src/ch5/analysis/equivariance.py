"""What a shift does to a network: which inputs an output sees, and where the cell must wait to be shifted exactly.

    dependence    ||dy_t/dx_u|| for all t and u: one backward pass over a batch of copies, each of
                  which asks for one entry of one output
    shift error   ||f(delayed x)_{t+k} - f(x)_t||, the delay of k steps filled with a padding that is named
    fixed point   h* = tanh(W_xh padding + W_hh h* + b), found by letting the cell read padding

Shapes   x (T, ..., D) or ids (T, ...)   y (T, ..., N)   the norm of a matrix is Frobenius's
Names    a padding is one element of a sequence, a vector (D,) or an id; for one-hot input the zero vector
         stands for no character.
Read     book/chapters/02_sharing.ipynb     Tested   tests/test_equivariance.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ch5.engine import bptt
from ch5.engine.weights import Array, as_numbers, as_size

SETTLED, PATIENCE = 1e-14, 10_000


def dependence(backward: Callable[[Array, Array], Array], x: Array, width: int) -> Array:
    """How much each output depends on each input, by gradients: x (T, D) -> (T, T), outputs by inputs.

    backward(x, dy) gives dx for a batch, (T, B, D), (T, B, N) -> (T, B, D); N is the width of an output.
    """
    x = as_numbers("x", x)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must be vectors of shape (T, D), T at least 1, got {x.shape}")
    width = as_size("width", width)
    T, copies = len(x), len(x) * width
    dy = np.eye(copies).reshape(copies, T, width).swapaxes(0, 1)  # copy (t, n) asks for y_t[n]
    dx = backward(np.repeat(x[:, None], copies, axis=1), dy)
    return np.linalg.norm(dx.reshape(T, T, width, -1), axis=(2, 3)).T


def delayed(x: Array, k: int, padding: Any) -> Array:
    """x shifted by k steps, as long as before: `padding` comes in front, the last k elements drop out."""
    x, k = np.asarray(x), as_size("k", k, 0, len(x) - 1)
    if x.dtype.kind in "iu" and np.asarray(padding).dtype.kind not in "iu":
        raise TypeError(f"padding must be an id where x holds ids, got {padding!r}")
    shifted = np.empty_like(x)
    shifted[:k] = padding
    shifted[k:] = x[: len(x) - k]
    return shifted


def shift_errors(forward: Callable[[Array], Array], x: Array, k: int, padding: Any) -> Array:
    """How far the outputs for the delayed input are from the delayed outputs: norms, one a step, (T-k,)."""
    off = forward(delayed(x, k, padding))[k:] - forward(x)[: len(x) - k]
    return np.linalg.norm(off.reshape(len(off), -1), axis=1)


def fixed_point(cell: bptt.Cell, padding: Any) -> Array:
    """The state (S,) at which the cell comes to rest when it reads nothing but `padding`.

    It moves by less than 1e-14 a step. Raises ValueError if it still moves more after 10,000 steps: then
    the cell has no fixed point under this padding that is stable, or not one it reaches from zero.
    """
    some_steps = np.array([padding] * 100)
    s_0 = None
    for _ in range(0, PATIENCE, len(some_steps)):
        s, _ = bptt.unroll(cell, some_steps, s_0)
        s_0 = s[-1]
        moves = np.abs(s[-1] - s[-2]).max()
        if moves < SETTLED:
            return s_0
    raise ValueError(
        f"padding must bring the cell to rest, got one under which it still moves by {moves:.2g} "
        f"after {PATIENCE:,} steps"
    )


def side_by_side(x: Array) -> Array:
    """A whole sequence as one vector, for a network that reads it at once: (T, ..., D) -> (..., T D)."""
    return np.moveaxis(x, 0, -2).reshape(*x.shape[1:-1], -1)


def one_by_one(flat: Array, T: int) -> Array:
    """And back: (..., T D) -> (T, ..., D)."""
    if flat.shape[-1] % (T := as_size("T", T)):
        raise ValueError(f"flat must have a multiple of {T} entries on its last axis, got shape {flat.shape}")
    return np.moveaxis(flat.reshape(*flat.shape[:-1], T, -1), -2, 0)

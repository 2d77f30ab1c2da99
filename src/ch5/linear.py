"""The linear map y = W x along every leading axis at once, and the gradient of its shared weights.

    y = W x            for every position at once: one matrix product
    dx = W^T dy        likewise
    dW = sum dy x^T    over all positions, and that sum is again one matrix product

Shapes   W (N, M)   x (..., M), or ids (...) that name columns of W   y (..., N)   b (N,)
Names    dX is dL/dX and has X's shape
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_linear.py

An id k stands for the one-hot vector e_k, for which W e_k is column k: a look-up, no product.
Leading axes are flattened for the products: on stacks of small matrices NumPy is slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.weights import Array, as_numbers


def as_input(name: str, x: Any, width: int, dtype: Any) -> Array:
    """`x` checked: ids from 0 to width - 1 stay integers, vectors (..., width) are cast to `dtype`.

    Raises TypeError for bool, object or text arrays and ValueError for ids out of range or a wrong width.
    """
    x = np.asarray(x)
    if x.dtype.kind in "iu":
        ids = x.astype(np.int64, copy=False)
        # Read without its sign, a negative id is a very large one: one look for both ends.
        if ids.size and ids.view(np.uint64).max() >= width:
            raise ValueError(f"{name} must hold ids from 0 to {width - 1}, got {x.min()} to {x.max()}")
        return ids
    x = as_numbers(name, x, dtype)
    if x.ndim == 0 or x.shape[-1] != width:
        raise ValueError(f"{name} must have {width} entries on its last axis, got shape {x.shape}")
    return x


def apply(W: Array, x: Array, b: Array | None = None, y: Array | None = None) -> Array:
    """W x (+ b) for every leading index: (N, M), (..., M) or ids (...), (N,) -> (..., N).

    Ids are taken as `as_input` gives them, checked. The result is written into y, contiguous, where that is given.
    """
    if y is not None and not y.flags.c_contiguous:
        raise ValueError(f"y must be contiguous, got strides {y.strides} for shape {y.shape}")
    if x.dtype.kind in "iu":
        columns = W.T.copy()
        if b is not None:
            columns += b
        return np.take(columns, x, axis=0, out=y, mode="clip")  # mode "raise" would go by way of a copy of y
    flat = np.matmul(x.reshape(-1, x.shape[-1]), W.T, out=None if y is None else y.reshape(-1, len(W)))
    if b is not None:
        flat += b
    return flat.reshape(*x.shape[:-1], len(W)) if y is None else y


def weight_gradient(dy: Array, x: Array, width: int, dW: Array | None = None) -> Array:
    """dW = the sum over all positions of dy x^T: (..., N), (..., M) or ids (...) -> (N, M), M = width.

    It is written into dW where that is given.
    """
    if x.dtype.kind in "iu":
        x = one_hot(x, width, dy.dtype)
    return np.matmul(dy.reshape(-1, dy.shape[-1]).T, x.reshape(-1, width), out=dW)


def one_hot(ids: Array, width: int, dtype: Any = np.float64) -> Array:
    """The vectors that the ids stand for: ids (...) -> (..., width), zero but for a one at the id."""
    vectors = np.zeros((ids.size, width), dtype)
    vectors[np.arange(ids.size), ids.ravel()] = 1
    return vectors.reshape(*ids.shape, width)

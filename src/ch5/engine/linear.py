"""The linear map y = W x + b along every leading axis at once, and the gradient of its shared weights.

    y = W x + b        for every position at once: one matrix product
    dx = W^T dy        likewise
    dW = sum dy x^T    over all positions, and that sum is again one matrix product
    db = sum dy        likewise, with ones

Shapes   W (N, M)   x (..., M), or ids (...) that name columns of W   y (..., N)   b (N,)
Names    dX is dL/dX and has X's shape
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_linear.py

An id k stands for the one-hot vector e_k, for which W e_k is column k: a look-up, no product.
Leading axes are flattened for the products: on stacks of small matrices NumPy is slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.engine.weights import Array, as_numbers, holds_ids


def as_input(name: str, x: Any, width: int, dtype: Any) -> Array:
    """`x` checked: ids from 0 to width - 1 become the machine's own integers, vectors (..., width) get `dtype`.

    Raises TypeError for bool, object, text or masked arrays and ValueError for ids out of range or a wrong width.
    """
    if holds_ids(x) and not isinstance(x, np.ma.MaskedArray):
        ids = np.asarray(x).astype(np.int64, copy=False)
        # Read without its sign, a negative id is a very large one: one look for both ends. (`max` takes twice as long.)
        unsigned = ids.ravel().view(np.uint64)
        if ids.size and unsigned[unsigned.argmax()] >= width:
            raise ValueError(f"{name} must hold ids from 0 to {width - 1}, got {np.min(x)} to {np.max(x)}")
        return ids.astype(np.intp, copy=False)
    x = as_numbers(name, x, dtype)
    if x.ndim == 0 or x.shape[-1] != width:
        raise ValueError(
            f"{name} must hold whole-number ids, or vectors with {width} entries on the last axis, "
            f"got {x.dtype} of shape {x.shape}"
        )
    return x


def apply(W: Array, x: Any, b: Array | None = None, out: Array | None = None) -> Array:
    """W x (+ b) for every leading index: (N, M), (..., M) or ids (...), (N,) -> (..., N), in contiguous `out` if given.

    Raises as `as_input` does where x does not fit W.
    """
    if out is not None and not out.flags.c_contiguous:
        raise ValueError(f"out must be contiguous, got strides {out.strides} for shape {out.shape}")
    x = as_input("x", x, W.shape[1], W.dtype)
    steps = x.shape if holds_ids(x) else x.shape[:-1]
    if out is not None and out.shape != (*steps, len(W)):
        raise ValueError(f"out must have shape {(*steps, len(W))}, got {out.shape}")
    if holds_ids(x):
        columns = W.T.copy()
        if b is not None:
            columns += b
        if out is None or out.dtype == columns.dtype:
            return columns.take(x, axis=0, out=out, mode="clip")  # x is checked; "raise" would check again
        np.copyto(out, columns.take(x, axis=0, mode="clip"))
        return out
    y = np.matmul(_rows(x), W.T, out=None if out is None else _rows(out))
    if b is not None:
        y += b
    return y.reshape(*steps, len(W)) if out is None else out


def weight_gradient(dy: Array, x: Array, width: int, out: Array | None = None) -> Array:
    """dW = the sum over all positions of dy x^T: (..., N), (..., M) or ids (...) -> (N, M), M = width.

    Raises ValueError where dy and x do not stand at the same positions, or ids are out of range.
    """
    if holds_ids(x):
        x = one_hot(x, width, dy.dtype)
    if x.shape != (*dy.shape[:-1], width):
        raise ValueError(f"x must have shape {(*dy.shape[:-1], width)} to go with dy, got {x.shape}")
    return np.matmul(_rows(dy).T, _rows(x), out=out)


def bias_gradient(dy: Array) -> Array:
    """db = the sum over all positions of dy, as a product with ones, which is quicker than to sum: (..., N) -> (N,)."""
    dy = _rows(dy)
    return np.ones(len(dy), dy.dtype).dot(dy)


def backward(W: Array, dy: Array, x: Array, out: Array | None = None) -> tuple[Array, Array | None]:
    """The gradients with respect to W, summed over all positions, and to x; the latter is None where x holds ids.

    (N, M), (..., N), (..., M) or ids (...) -> (N, M), in `out` if that is given, and (..., M).
    """
    dW = weight_gradient(dy, x, W.shape[1], out)
    return dW, None if holds_ids(x) else (_rows(dy) @ W).reshape(x.shape)


def _rows(x: Array) -> Array:
    """All leading axes as one: (..., M) -> (N, M)."""
    return x.reshape(-1, x.shape[-1])


def one_hot(x: Any, width: int, dtype: Any = np.float64) -> Array:
    """The vectors that ids stand for: (...) -> (..., width), one at the id. ValueError for ids out of range."""
    ids = as_input("x", x, width, None)
    vectors = np.zeros((*ids.shape, width), dtype)
    vectors.reshape(-1)[np.arange(0, vectors.size, width) + ids.ravel()] = 1
    return vectors

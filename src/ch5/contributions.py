"""The gradient of the shared weights, taken apart: by step, by lag, and cut off by truncation.

    by step    dL/dW = sum over t of what step t adds, the states before it held fixed
    by lag     dL/dW = sum over k of G_k, which collects each output's effect on the weights k steps before it
    truncated  only those terms whose output and whose use of the weights fall into the same window

Shapes   x (T, ..., D) or ids (T, ...)   dh_out (T, ..., H)   s (T+1, ..., S)   G_0 ... G_{T-1}
Names    gradients are objects of the cell's own type; s and a are what `bptt.unroll` gave
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_contributions.py
Source   [Williams1990] for truncation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ch5 import bptt
from ch5.charlm import CharLM
from ch5.initialise import as_size
from ch5.readout import cross_entropy
from ch5.weights import Array, as_numbers


def at_outputs(model: CharLM, batch: tuple[Array, Array]) -> tuple[Array, Array, Array]:
    """s, a and dh_out of a model's mean loss on inputs and targets (T, ...): what `by_step` and `by_lag` need."""
    s, a = bptt.unroll(model.cell, batch[0])
    h = s[1:, ..., : model.readout.W_hy.shape[1]]
    losses, dlogits = cross_entropy(model.readout.logits(h), batch[1])
    return s, a, model.readout.backward(dlogits / losses.size, h)[1]


def by_step(cell: Any, x: Any, s: Array, a: Array, dh_out: Any) -> list[Any]:
    """What each step adds to the weights' gradient, first step first; T gradients that sum to it."""
    da, _ = bptt.walk_back(cell, s, a, dh_out)
    x = _read(cell, x, s)
    gradients = [cell.blank() for _ in range(len(da))]
    for t, gradient in enumerate(gradients):
        cell.contract(da[t : t + 1], x[t : t + 1], s[t : t + 2], gradient)
    return gradients


def by_lag(cell: Any, x: Any, s: Array, a: Array, dh_out: Array) -> list[Any]:
    """What each lag adds to the weights' gradient, lag 0 first; T gradients that sum to it.

    At lag k every output is sent back exactly k steps: no merge.
    """
    slope, axes = cell.linearise(a, s), s.ndim - 2
    x, dh_out, ds = _read(cell, x, s), as_numbers("dh_out", dh_out, s.dtype), np.zeros_like(s[1:])
    if dh_out.shape[:-1] != s[1:].shape[:-1] or not 0 < dh_out.shape[-1] <= s.shape[-1]:
        wanted = f"{s[1:].shape[:-1]} + (H,), H at most {s.shape[-1]}"
        raise ValueError(f"dh_out must have shape {wanted}, got {dh_out.shape}")
    ds[..., : dh_out.shape[-1]] = dh_out
    gradients = [cell.blank() for _ in range(len(a))]
    for gradient in gradients:
        da = slope.copy()
        for ds_t, da_t in zip(bptt.flat(ds, axes), bptt.flat(da, axes), strict=True):
            cell.step_back(ds_t, da_t)
        cell.contract(da, x, s, gradient)
        ds[:-1], ds[-1] = ds[1:], 0  # one step further back; nothing comes from beyond the end
    return gradients


def shares(parts: Sequence[Array], total: Array) -> Array:
    """Each part's share of the total: its projection on it. The shares of parts that sum to it sum to 1.

    Raises ValueError for a total of zero, of which nothing is a share, and for one that is nothing beside its parts.
    """
    size = np.abs(total).max(initial=0)  # squares of small gradients are no floats
    largest = max((np.abs(part).max(initial=0) for part in parts), default=0)
    if not 0 < size < np.inf or not largest / 1e100 <= size:
        raise ValueError(
            f"total must be finite and not zero, got a largest entry of {size}, of parts {largest}"
        )
    total = total / size
    return np.array([np.vdot(total, part / size) for part in parts]) / np.vdot(total, total)


def truncated(model: CharLM, batch: tuple[Array, Array], window: int, carry: bool = True) -> CharLM:
    """The gradient by truncated backpropagation: window after window of the inputs and targets (T, ...).

    The gradient stops where a window starts. The state goes on into the next one if `carry`, else it
    is zero there. Raises ValueError for a window below 1.
    """
    window, inputs, targets = as_size("window", window), *map(np.asarray, batch)
    if inputs.shape[:1] != targets.shape[:1] or inputs.size == 0:
        raise ValueError(f"batch must be as many inputs as targets, got {inputs.shape} and {targets.shape}")
    s_0, total = None, np.zeros(model.size)
    for start in range(0, len(inputs), window):
        part = inputs[start : start + window], targets[start : start + window]
        total += model.loss_and_gradient(part, s_0)[1].vector() * (len(part[0]) / len(inputs))
        if carry:
            _, s_0 = model.losses(*part, s_0)  # the number is carried, its history is not
    return model.with_vector(total)


def _read(cell: Any, x: Any, s: Array) -> Array:
    """x as the cell reads it, for the steps and batch of s."""
    x = np.asarray(x)
    x = x if x.dtype.kind in "iu" else as_numbers("x", x, s.dtype)
    if (x.shape if x.dtype.kind in "iu" else x.shape[:-1]) != (len(s) - 1, *s.shape[1:-1]):
        raise ValueError(
            f"x must go with s, {s.shape[1:-1]} at each of {len(s) - 1} steps, got shape {x.shape}"
        )
    cell.drive(x)  # refuses ids and widths that the cell does not have
    return x

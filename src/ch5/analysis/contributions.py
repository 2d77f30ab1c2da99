"""The gradient of the shared weights, taken apart: by step, by lag, and cut off by truncation.

    by step    dL/dW = sum over t of what step t adds, the states before it held fixed
    by lag     dL/dW = sum over k of G_k, which collects each output's effect on the weights k steps before it
    truncated  only those terms whose output and whose use of the weights fall into the same window

Shapes   x (T, ..., D) or ids (T, ...)   dh_out (T, ..., H)   s (T+1, ..., S)   G_0 ... G_{T-1}
Names    gradients are objects of the cell's own type; s and residuals are what `bptt.unroll` gave
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_contributions.py
Source   [Williams1990] for truncation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ch5.engine import bptt
from ch5.engine.bptt import Cell
from ch5.engine.weights import Array, as_numbers, as_size
from ch5.networks.readout import cross_entropy
from ch5.networks.sequence import SequenceModel


def at_outputs(model: SequenceModel, batch: tuple[Array, Array]) -> tuple[Array, Array, Array, Array]:
    """dh_out, x, s and residuals of a model's mean loss on x and targets (T, ...): for `by_step` and `by_lag`."""
    s, residuals = bptt.unroll(model.cell, batch[0])
    h = model.h(s)
    losses, dlogits = cross_entropy(model.readout.logits(h), batch[1])
    return model.readout.backward(dlogits / losses.size, h)[1], batch[0], s, residuals


def gradient_at_lag(cell: Cell, ds: Any, s: Array, residuals: Array) -> Array:
    """What a gradient ds (..., S) at the last state is k steps earlier, by every path, k = 0 ... T: (T+1, ..., S)."""
    gradients, axes = np.empty_like(s), s.ndim - 2
    gradients[0] = as_numbers("ds", ds, s.dtype)
    at_lag, local = (bptt.flat(array, axes) for array in (gradients, cell.linearise(s, residuals)))
    for k, local_t in enumerate(local[::-1]):
        _, at_lag[k + 1] = cell.step_vjp(at_lag[k], local_t)
    return gradients


def by_step(cell: Cell, dh_out: Any, x: Any, s: Array, residuals: Array) -> list[Any]:
    """What each step adds to the weights' gradient, first step first; T gradients that sum to it."""
    da, _ = bptt.recur_backward(cell, dh_out, s, residuals)
    x = bptt.read(x, s)
    return [cell.weight_gradients(da[t : t + 1], x[t : t + 1], s[t : t + 2])[0] for t in range(len(da))]


def by_lag(cell: Cell, dh_out: Array, x: Any, s: Array, residuals: Array) -> list[Any]:
    """What each lag adds to the weights' gradient, lag 0 first; T gradients that sum to it.

    At lag k every output is taken back exactly k steps: no merge.
    """
    axes, x, dh_out = s.ndim - 2, bptt.read(x, s), as_numbers("dh_out", dh_out, s.dtype)
    if dh_out.shape[:-1] != s[1:].shape[:-1] or not 0 < dh_out.shape[-1] <= s.shape[-1]:
        wanted = f"{s[1:].shape[:-1]} + (H,), H at most {s.shape[-1]}"
        raise ValueError(f"dh_out must have shape {wanted}, got {dh_out.shape}")
    ds = np.zeros_like(s[1:])
    ds[..., : dh_out.shape[-1]] = dh_out
    at_step, local = (bptt.flat(array, axes) for array in (ds, cell.linearise(s, residuals)))
    gradients = []
    for _ in range(len(x)):
        steps = [cell.step_vjp(ds_t, local_t) for ds_t, local_t in zip(at_step, local, strict=True)]
        da = np.stack([da_t for da_t, _ in steps])
        da = da.reshape(*da.shape[:-2], *s.shape[1:-1], da.shape[-1])
        gradients.append(cell.weight_gradients(da, x, s)[0])
        at_step[:-1] = [ds_prev for _, ds_prev in steps[1:]]  # one step further back
        at_step[-1] = 0  # nothing comes from beyond the end
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


def truncated(
    model: SequenceModel, batch: tuple[Array, Array], window: int, carry: bool = True
) -> SequenceModel:
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

"""The original run for many seeds at once: stacks of weights, one product for all runs where one would serve each

A run of 14,055 updates with one window each spends its time on calling NumPy, not on the products. Side by side the
calls are shared. Each run is that of `experiments.original` but for rounding, with a rate and a clip that may differ.

Shapes   R runs of P parameters each: theta, g (R, P)   W_xh (R, V, H), transposed, so that a character is a row
         W_hh (R, H, H)   b (R, H)   W_hy (R, V, H)   b_y (R, V)   x, targets (R, T)   h (T+1, R, H)
Names    losses (R,) are means; norms (R,) those of the whole gradients before clipping.
Read     book/chapters/deeper_clip.ipynb     Tested   tests/test_side_by_side.py
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ch5.engine import linear
from ch5.engine.weights import Array
from ch5.networks import readout
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel


class SideBySide:
    """Runs with weights of their own, float32, trained by plain SGD on batches of one window each."""

    def __init__(self, models: Sequence[SequenceModel[VanillaCell]]) -> None:
        H, V = models[0].cell.W_xh.shape
        shapes = ((V, H), (H, H), (H,), (V, H), (V,))
        self.theta = np.stack(
            [np.concatenate([m.cell.W_xh.T, *[*m.arrays().values()][1:]], axis=None) for m in models]
        )
        self.g = np.empty_like(self.theta)
        ends = np.cumsum([np.prod(shape) for shape in shapes])
        self.weights, self.gradient = (
            [
                part.reshape(len(models), *shape)
                for part, shape in zip(np.split(all_, ends[:-1], axis=1), shapes, strict=True)
            ]
            for all_ in (self.theta, self.g)
        )

    def model(self, r: int) -> SequenceModel[VanillaCell]:
        """The weights of one run, copied."""
        W_xh, W_hh, b, W_hy, b_y = (array[r].copy() for array in self.weights)
        return SequenceModel(VanillaCell(W_xh.T, W_hh, b), Readout(W_hy, b_y))

    def states(self, x: Array) -> Array:
        """h from zero states: ids (R, T) -> (T+1, R, H)."""
        W_xh, W_hh, b, _, _ = self.weights
        a = (W_xh[np.arange(len(x))[:, None], x] + b[:, None]).swapaxes(0, 1)
        h = np.zeros((a.shape[0] + 1, *a.shape[1:]), a.dtype)
        for t, a_t in enumerate(a):
            np.tanh(a_t + np.matmul(W_hh, h[t, ..., None])[..., 0], out=h[t + 1])
        return h

    def update(self, x: Array, targets: Array, rate: float | Array, limit: float) -> tuple[Array, Array]:
        """One update of every run on its own window: losses before it and norms of the gradients.

        rate is one for all or (R,); limit is that of the mean's gradient, infinite for no clip.
        """
        _, W_hh, _, W_hy, b_y = self.weights
        dW_xh, dW_hh, db, dW_hy, db_y = self.gradient
        h = self.states(x)
        outputs = h[1:].swapaxes(0, 1)
        logits = outputs @ W_hy.swapaxes(1, 2) + b_y[:, None]
        losses, dlogits = readout.cross_entropy(logits, targets)
        dlogits /= x.shape[1]
        dh_out = (dlogits @ W_hy).swapaxes(0, 1)
        da, dh = 1 - h[1:] ** 2, np.zeros_like(h[0])
        for t in reversed(range(len(da))):
            da[t] *= dh_out[t] + dh
            dh = np.matmul(da[t, :, None], W_hh)[:, 0]
        each = da.swapaxes(0, 1)  # (R, T, H)
        dW_xh[:] = linear.one_hot(x, dW_xh.shape[1], da.dtype).swapaxes(1, 2) @ each
        dW_hh[:] = each.swapaxes(1, 2) @ h[:-1].swapaxes(0, 1)
        db[:] = each.sum(axis=1)
        dW_hy[:] = dlogits.swapaxes(1, 2) @ outputs
        db_y[:] = dlogits.sum(axis=1)
        norms = np.sqrt(np.einsum("rp,rp->r", self.g, self.g, dtype=float))
        scale = rate * np.minimum(1, limit / norms)
        self.g *= scale.astype(self.g.dtype)[:, None]
        self.theta -= self.g
        return losses.mean(axis=1), norms

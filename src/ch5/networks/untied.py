"""The untied control, weights of its own at every step: h_t = tanh(W_xh^t x_t + W_hh^t h_{t-1} + b^t)

Shapes   x, targets (T, B) ids   h (T+1, B, H), h[0] = 0   W_xh (T, H, D)   W_hh (T, H, H)   b (T, H)
Names    step t has entry t - 1 of each stack; dX is dL/dX; the gradient of an UntiedModel is again an UntiedModel.
Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_untied.py

As an MLP with side inputs it is `ch5.networks.mlp`; here every step also has an output, and the steps stand in stacks,
so that their gradients are one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.engine import linear
from ch5.engine.weights import Array, Weights, shape
from ch5.networks import readout
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout


@dataclass(frozen=True)
class UntiedModel(Weights):
    """The cells of T steps, stacked, and one readout."""

    readout: Readout
    W_xh: Array = shape("T", "H", "D")
    W_hh: Array = shape("T", "H", "H")
    b: Array = shape("T", "H")

    @classmethod
    def of(cls, cells: list[VanillaCell], output: Readout) -> UntiedModel:
        """Step t runs cells[t - 1]."""
        return cls(output, *(np.stack(arrays) for arrays in zip(*cells, strict=True)))

    def states(self, x: Array) -> Array:
        """h from h_0 = 0: ids (T, B) -> (T+1, B, H). Raises ValueError for another number of steps."""
        if len(x) != len(self.b):
            raise ValueError(f"x must have one step a layer, {len(self.b)}, got {len(x)}")
        h = np.zeros((len(x) + 1, x.shape[1], self.b.shape[1]), self.dtype)
        for t, (W_xh, W_hh, b) in enumerate(zip(self.W_xh, self.W_hh, self.b, strict=True)):
            np.tanh(linear.apply(W_xh, x[t], b) + h[t] @ W_hh.T, out=h[t + 1])
        return h

    def losses(self, x: Array, targets: Array) -> Array:
        """The loss of every target, in nats: (T, B), (T, B) -> (T, B)."""
        return readout.cross_entropy(self.readout.logits(self.states(x)[1:]), targets)[0]

    def loss_and_gradient(
        self, batch: tuple[Array, Array], out: UntiedModel | None = None
    ) -> tuple[float, UntiedModel]:
        """The mean loss of a batch (x, targets) and its gradient (in `out`, if given)."""
        gradient = self.empty() if out is None else out
        x, targets = batch
        h = self.states(x)
        losses, dlogits = readout.cross_entropy(self.readout.logits(h[1:]), targets)
        dlogits /= losses.size
        _, dh_out = self.readout.backward(dlogits, h[1:], gradient.readout)
        da, dh = 1 - h[1:] ** 2, np.zeros_like(h[0])
        for t in reversed(range(len(x))):
            da[t] *= dh_out[t] + dh
            dh = da[t] @ self.W_hh[t]
        each = da.swapaxes(1, 2)  # every step's own sum over the batch; over steps nothing is summed
        np.matmul(each, linear.one_hot(x, self.W_xh.shape[-1], self.dtype), out=gradient.W_xh)
        np.matmul(each, h[:-1], out=gradient.W_hh)
        da.sum(axis=1, out=gradient.b)
        return losses.mean(), gradient

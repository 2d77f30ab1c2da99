"""The multilayer perceptron, each layer with weights of its own: h_l = tanh(W_l [x_l; h_{l-1}] + b_l)

Shapes   h_0 (..., M)   x (L, ..., D), one side input a layer, or none   h_l (..., N_l)   W_l (N_l, D + N_{l-1})
Names    dX is dL/dX and has X's shape; the gradient of an MLP is again an MLP.
Read     book/chapters/01_cell.ipynb     Tested   tests/test_mlp.py     Source   [Rumelhart1986]

Without side inputs this is the textbook network. With them, and with one layer [W_xh W_hh], b repeated,
it is the recurrent cell unrolled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.engine import linear
from ch5.engine.weights import Array, Weights, as_numbers, shape


@dataclass(frozen=True)
class Layer(Weights):
    """One layer: W (N, M) and b (N,)."""

    W: Array = shape("N", "M")
    b: Array = shape("N")


@dataclass(frozen=True)
class MLP(Weights):
    """A stack of layers, first to last. Raises ValueError where it has none."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers or not all(isinstance(layer, Layer) for layer in self.layers):
            raise ValueError(f"layers must be a tuple of at least one Layer, got {self.layers!r}")

    def forward(self, h_0: Array, x: Array | None = None) -> list[Array]:
        """Every layer's output, h[0] = h_0 first: (..., M), (L, ..., D) -> L + 1 arrays (..., N_l)."""
        h = [as_numbers("h_0", h_0, self.layers[0].dtype)]  # whole numbers are numbers here, no ids
        x = self._side_inputs(x)
        for i, layer in enumerate(self.layers):
            joined = as_numbers("the layer's input", _join(x, h, i), layer.dtype)
            h.append(np.tanh(linear.apply(layer.W, joined, layer.b)))
        return h

    def backward(
        self, dy: Array, x: Array | None, h: list[Array], out: MLP | None = None
    ) -> tuple[MLP, Array]:
        """The layers' gradients (in `out`, if given) and dh_0: dy at the last output, side inputs x or None, h as
        `forward` gave them."""
        gradient, dh, x = self.empty() if out is None else out, dy, self._side_inputs(x)
        if len(h) != len(self.layers) + 1 or np.shape(dy) != np.shape(h[-1]):
            needs = f"h must be {len(self.layers) + 1} arrays and dy have the last one's shape"
            raise ValueError(
                f"{needs}, got {len(h)} arrays, the last {np.shape(h[-1:])[1:]}, and {np.shape(dy)}"
            )
        for i, layer in reversed(list(enumerate(self.layers))):
            da = dh * (1 - h[i + 1] ** 2)
            d_layer = gradient.layers[i]
            linear.weight_gradient(da, _join(x, h, i), layer.W.shape[1], d_layer.W)
            d_layer.b[:] = linear.bias_gradient(da)
            dh = linear.apply(layer.W.T, da)[..., -h[i].shape[-1] :]
        return gradient, dh

    def _side_inputs(self, x: Array | None) -> Array | None:
        """x checked: numbers, one array a layer."""
        if x is None:
            return None
        x = as_numbers("x", x, self.layers[0].dtype)
        if len(x) != len(self.layers):
            raise ValueError(f"x must have one side input a layer, {len(self.layers)}, got {len(x)}")
        return x


def _join(x: Array | None, h: list[Array], i: int) -> Array:
    """What layer i sees: its side input, if it has one, above the output of the layer before."""
    return h[i] if x is None else np.concatenate([x[i], h[i]], axis=-1)

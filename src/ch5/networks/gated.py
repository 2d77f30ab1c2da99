"""Gated cells: the LSTM with a forget gate, and the GRU

    LSTM    g, i, f, o = tanh, σ, σ, σ of W_xh x_t + W_hh h_{t-1} + b       four slots, in this order
            c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
    GRU     r, z = σ, σ of W_xh x_t + W_hh h_{t-1} + b       q = W_hh h_{t-1} + b       slots n, r, z, q
            n = tanh(W_xh x_t + b + r q)        h_t = z h_{t-1} + (1 - z) n

Shapes   x (T, ..., D), or ids (T, ...)   s (T+1, ..., S): h and c side by side, S = 2H, for the LSTM; h, S = H, for
         the GRU   b (4, H)   W_xh (4, H, D), W_hh (4, H, H) for the LSTM; (3, H, D) for n, r, z and (3, H, H) for
         r, z, q in the GRU   a, residuals (T, 4, ..., H): the drives and the values of the slots
Names    products of gates are taken entry by entry; σ(z) = (1 + tanh(z/2))/2; dX is dL/dX and has X's shape.
Read     book/chapters/08_gates.ipynb     Tested   tests/test_gated.py, benchmarks/test_against_torch.py
Source   [Hochreiter1997], the forget gate [Gers2000]; [Cho2014] for the GRU, whose reset gate acts here after the
         recurrent product, as in PyTorch and unlike the paper
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, holds_ids, shape


@dataclass(frozen=True)
class LSTM(Weights):
    """The weights of a long short-term memory, one matrix a slot: g, i, f, o."""

    W_xh: Array = shape("4", "H", "D")  # input to slots
    W_hh: Array = shape("4", "H", "H")  # hidden to slots
    b: Array = shape("4", "H")

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int, forget_bias: float = 1.0) -> LSTM:
        """Initial weights uniform in ±1/sqrt(fan-in); biases zero but for the forget gate's. float64."""
        return cls(_uniform(rng, 4, H, D), _uniform(rng, 4, H, H), _third(H, forget_bias))

    @property
    def state_size(self) -> int:
        """The width of the state: h and c, 2H."""
        return 2 * self.b.shape[1]

    @property
    def drive_shape(self) -> tuple[int, int]:
        """Four slots of H."""
        return self.b.shape

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """What the input adds to every slot, all steps at once: (T, ..., D) or ids (T, ...) -> (T, 4, ..., H)."""
        return _drives(self.W_xh, x, self.b, out)

    def step(self, a_t: Array, s_prev: Array, out: Array | None = None) -> tuple[Array, Array]:
        """One step, s_t, and its slots' values: (4, B, H), (B, 2H) -> (B, 2H), (4, B, H)."""
        h_prev, c_prev = _halves(s_prev)
        slots = np.matmul(h_prev, self.W_hh.swapaxes(1, 2))
        slots += a_t
        g, i, f, o = slots
        np.tanh(g, out=g)
        _sigmoid(slots[1:])
        c = f * c_prev + i * g
        s_t = np.empty_like(s_prev) if out is None else out
        h_t, c_t = _halves(s_t)
        c_t[:] = c
        h_t[:] = o * np.tanh(c)
        return s_t, slots

    def linearise(self, s: Array, slots: Array) -> Array:
        """The local derivatives at every step: c_t by the drives of g, i, f; h_t by that of o;
        h_t by c_t; c_t by c_{t-1}, which is f. (T+1, ..., 2H), (T, 4, ..., H) -> (T, 6, ..., H)."""
        (g, i, f, o), (_, c) = slots.swapaxes(0, 1), _halves(s)
        tanh_c = np.tanh(c[1:])
        local = np.empty((6, *g.shape), s.dtype)
        local[0] = i * (1 - g * g)
        local[1] = g * i * (1 - i)
        local[2] = c[:-1] * f * (1 - f)
        local[3] = tanh_c * o * (1 - o)
        local[4] = o * (1 - tanh_c * tanh_c)
        local[5] = f
        return local.swapaxes(0, 1)

    def step_vjp(self, ds_t: Array, local_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """Back through one step, da_t and ds_prev: (B, 2H), (6, B, H) -> (4, B, H), (B, 2H)."""
        dh, dc = _halves(ds_t)
        dc = dc + local_t[4] * dh  # the cell state's own future + what it outputs
        da_t = np.empty_like(local_t[:4]) if out is None else out
        np.multiply(local_t[:3], dc, out=da_t[:3])
        np.multiply(local_t[3], dh, out=da_t[3])
        ds_prev = np.empty_like(ds_t)
        dh_prev, dc_prev = _halves(ds_prev)
        _sum_of_products(da_t, self.W_hh, out=dh_prev)
        np.multiply(dc, local_t[5], out=dc_prev)
        return da_t, ds_prev

    def weight_gradients(
        self, da: Array, x: Array, s: Array, out: LSTM | None = None
    ) -> tuple[LSTM, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        _weight_gradients(da, x, gradient.W_xh)
        _weight_gradients(da, _halves(s[:-1])[0], gradient.W_hh)
        gradient.b[:] = [linear.bias_gradient(da_k) for da_k in da.swapaxes(0, 1)]
        return gradient, _dx(self.W_xh, da, x)

    def keep(self, slots: Array) -> Array:
        """The forget gates, ∂⁺c_t/∂⁺c_{t-1} = diag(f_t), of the residuals: (T, 4, ..., H) -> (T, ..., H)."""
        return slots[:, 2]


@dataclass(frozen=True)
class GRU(Weights):
    """The weights of a gated recurrent unit; b in the order n, r, z, q, W_xh its first three, W_hh its last three."""

    W_xh: Array = shape("3", "H", "D")  # input to n, r, z
    W_hh: Array = shape("3", "H", "H")  # hidden to r, z, q
    b: Array = shape("4", "H")

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int, forget_bias: float = 1.0) -> GRU:
        """Initial weights uniform in ±1/sqrt(fan-in); biases zero but for that of z, which keeps. float64."""
        return cls(_uniform(rng, 3, H, D), _uniform(rng, 3, H, H), _third(H, forget_bias))

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return self.b.shape[1]

    @property
    def drive_shape(self) -> tuple[int, int]:
        """Four slots of H."""
        return self.b.shape

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """What input and biases add to every slot, all steps at once: (T, ..., D) or ids -> (T, 4, ..., H)."""
        return _drives(self.W_xh, x, self.b, out)

    def step(self, a_t: Array, h_prev: Array, out: Array | None = None) -> tuple[Array, Array]:
        """One step, h_t, and the values of its slots: (4, B, H), (B, H) -> (B, H), (4, B, H)."""
        slots = np.empty_like(a_t)
        n, r, z, q = slots
        np.add(a_t[1:], np.matmul(h_prev, self.W_hh.swapaxes(1, 2)), out=slots[1:])
        _sigmoid(slots[1:3])
        np.tanh(a_t[0] + r * q, out=n)
        return np.add(n, z * (h_prev - n), out=out), slots

    def linearise(self, h: Array, slots: Array) -> Array:
        """The local derivatives of h_t by the drives of n, r, z, q and by h_{t-1} past them, which is z, at every
        step: (T+1, ..., H), (T, 4, ..., H) -> (T, 5, ..., H)."""
        n, r, z, q = slots.swapaxes(0, 1)
        local = np.empty((5, *n.shape), h.dtype)
        np.multiply(1 - z, 1 - n * n, out=local[0])
        np.multiply(local[0], r, out=local[3])
        np.multiply(local[3], q * (1 - r), out=local[1])
        np.multiply(h[:-1] - n, z * (1 - z), out=local[2])
        local[4] = z
        return local.swapaxes(0, 1)

    def step_vjp(self, dh_t: Array, local_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """Back through one step, da_t and dh_prev: (B, H), (5, B, H) -> (4, B, H), (B, H)."""
        da_t = np.multiply(local_t[:4], dh_t, out=out)
        return da_t, _sum_of_products(da_t[1:], self.W_hh) + local_t[4] * dh_t

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: GRU | None = None
    ) -> tuple[GRU, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        _weight_gradients(da[:, :3], x, gradient.W_xh)
        _weight_gradients(da[:, 1:], h[:-1], gradient.W_hh)
        gradient.b[:] = [linear.bias_gradient(da_k) for da_k in da.swapaxes(0, 1)]
        return gradient, _dx(self.W_xh, da[:, :3], x)

    def keep(self, slots: Array) -> Array:
        """The update gates z, what part of h_{t-1} stays, of the residuals: (T, 4, ..., H) -> (T, ..., H)."""
        return slots[:, 2]


def gate_product(gates: Array) -> Array:
    """What k successive gates let through, latest first: gate_T ... gate_{T-k+1}, k = 0 ... T.

    Of the LSTM's forget gates it is ∂⁺c_T/∂⁺c_{T-k}, entry by entry. (T, ..., H) -> (T+1, ..., H).
    """
    return np.cumprod(np.concatenate([np.ones_like(gates[:1]), gates[::-1]]), axis=0)


def _drives(W_xh: Array, x: Array, b: Array, out: Array | None) -> Array:
    """W x + b for every slot; where there is no W, b alone: (slots, H, D), (T, ..., D) or ids -> (T, 4, ..., H)."""
    x = linear.as_input("x", x, W_xh.shape[-1], b.dtype)
    if out is None:
        steps = x.shape if holds_ids(x) else x.shape[:-1]
        out = np.empty((len(b), *steps, b.shape[1]), b.dtype).swapaxes(0, 1)  # each slot an array of its own
    if len(a := out.swapaxes(0, 1)) != len(b):
        raise ValueError(f"out must hold {len(b)} slots, got {len(a)}")
    for a_k, W_k, b_k in zip(a, W_xh, b, strict=False):
        linear.apply(W_k, x, b_k, a_k)
    for k in range(len(W_xh), len(b)):
        a[k] = b[k]
    return out


def _weight_gradients(da: Array, x: Array, dW: Array) -> None:
    """Every slot's weight gradient, written into dW (slots, H, M): (T, slots, ..., H), (T, ..., M) or ids."""
    if holds_ids(x):
        x = linear.one_hot(x, dW.shape[-1], da.dtype)
    for da_k, dW_k in zip(da.swapaxes(0, 1), dW, strict=True):
        linear.weight_gradient(da_k, x, dW.shape[-1], dW_k)


def _dx(W_xh: Array, da: Array, x: Array) -> Array | None:
    """What all slots together give to the input, None where that holds ids: (T, slots, ..., H) -> (T, ..., D)."""
    return None if holds_ids(x) else _sum_of_products(_by_slot(da), W_xh).reshape(x.shape)


def _sum_of_products(da: Array, W: Array, out: Array | None = None) -> Array:
    """da W summed over the slots, as one product, slots side by side: (slots, B, H), (slots, H, M) -> (B, M)."""
    side_by_side = da.swapaxes(0, 1).reshape(da.shape[1], len(da) * da.shape[2])
    return np.matmul(side_by_side, W.reshape(-1, W.shape[-1]), out=out)


def _by_slot(da: Array) -> Array:
    """(T, slots, ..., H) -> (slots, T B, H), a view where each slot is an array of its own."""
    return da.swapaxes(0, 1).reshape(da.shape[1], -1, da.shape[-1])


def _halves(s: Array) -> tuple[Array, Array]:
    """h and c of the state: (..., 2H) -> (..., H), (..., H)."""
    H = s.shape[-1] // 2
    return s[..., :H], s[..., H:]


def _sigmoid(z: Array) -> None:
    """σ(z) = (1 + tanh(z/2))/2, in place."""
    z *= 0.5
    np.tanh(z, out=z)
    z += 1
    z *= 0.5


def _uniform(rng: np.random.Generator, slots: int, n_out: int, n_in: int) -> Array:
    return initialise.uniform(rng, slots * n_out, n_in).reshape(slots, n_out, n_in)


def _third(H: int, bias: float) -> Array:
    """Biases (4, H), zero but in the third slot."""
    b = np.zeros((4, H))
    b[2] = bias
    return b

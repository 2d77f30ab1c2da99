"""Gated cells: the LSTM with a forget gate, and the GRU

    LSTM    g, i, f, o = tanh, σ, σ, σ of W_xh x_t + W_hh h_{t-1} + b       four slots, in this order
            c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
    GRU     r, z = σ, σ of W_xh x_t + W_hh h_{t-1} + b       q = W_hh h_{t-1} + b       slots n, r, z, q
            n = tanh(W_xh x_t + b + r q)        h_t = z h_{t-1} + (1 - z) n

Shapes   x (T, ..., D), or ids (T, ...)   s (T+1, ..., S): h and c side by side, S = 2H, for the LSTM; h, S = H, for
         the GRU   b (4, H)   W_xh (4, H, D), W_hh (4, H, H) for the LSTM; (3, H, D) for n, r, z and (3, H, H) for
         r, z, q in the GRU   a (T, 4, ..., H): the drives, turned by each step into the values of its slots
Names    products of gates are taken entry by entry; σ(z) = (1 + tanh(z/2))/2; dX is dL/dX and has X's shape.
Read     book/chapters/07_gates.ipynb     Tested   tests/test_gated.py, benchmarks/test_against_torch.py
Source   [Hochreiter1997], the forget gate [Gers2000]; [Cho2014] for the GRU, whose reset gate acts here after the
         recurrent product, as in PyTorch and unlike the paper
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5 import initialise, linear
from ch5.bptt import Cell, flat
from ch5.weights import Array, Weights, as_numbers, shape


@dataclass(frozen=True)
class LSTM(Weights):
    """The weights of a long short-term memory, one matrix a slot: g, i, f, o."""

    W_xh: Array = shape("4", "H", "D")  # input to slots
    W_hh: Array = shape("4", "H", "H")  # hidden to slots
    b: Array = shape("4", "H")

    @property
    def state_size(self) -> int:
        """The width of the state: h and c, 2H."""
        return 2 * self.b.shape[1]

    def drive(self, x: Array, room: Array | None = None) -> Array:
        """What the input adds to every slot, all steps at once: (T, ..., D) or ids (T, ...) -> (T, 4, ..., H)."""
        x = linear.as_input("x", x, self.W_xh.shape[2], self.dtype)
        return _drives(self.W_xh, self.b, x)

    def step(self, a_t: Array, s_prev: Array, s_t: Array) -> None:
        """One step, written into s_t (B, 2H); a_t (4, B, H) becomes the gates' values."""
        (h_prev, c_prev), (h_t, c_t) = _halves(s_prev), _halves(s_t)
        a_t += np.matmul(h_prev, self.W_hh.swapaxes(1, 2))
        g, i, f, o = a_t
        np.tanh(g, out=g)
        _sigmoid(a_t[1:])
        c = f * c_prev + i * g
        c_t[:] = c
        np.multiply(o, np.tanh(c), out=h_t)

    def linearise(self, a: Array, s: Array) -> Array:
        """The local derivatives at every step: of g, i, f by c; of o by h; of c by h; and f. (T, 6, ..., H)."""
        g, i, f, o = a.swapaxes(0, 1)
        _, c = _halves(s)
        tanh_c = np.tanh(c[1:])
        slope = _slots(6, a)
        dg, di, df, do, through_h, keep = slope
        for y, d in ((g, dg), (tanh_c, through_h)):  # of a tanh: 1 - y^2
            np.multiply(y, y, out=d)
            np.subtract(1, d, out=d)
        for y, d in ((i, di), (f, df), (o, do)):  # of a σ: y (1 - y)
            np.subtract(1, y, out=d)
            d *= y
        for factor, d in ((i, dg), (g, di), (c[:-1], df), (tanh_c, do), (o, through_h)):
            d *= factor
        keep[:] = f
        return slope.swapaxes(0, 1)

    def step_back(self, ds_t: Array, slope_t: Array) -> None:
        """The gradient through one step, in place: slope_t (6, B, H) now begins with da_t, ds_t becomes ds_prev."""
        dh, dc_t = _halves(ds_t)
        by_c, (by_h, through_h, f) = slope_t[:3], slope_t[3:]
        dc = dc_t + through_h * dh  # the cell state's own future + what it puts out
        by_c *= dc
        by_h *= dh
        np.multiply(dc, f, out=dc_t)
        np.matmul(slope_t[:4], self.W_hh).sum(axis=0, out=dh)

    def contract(self, da: Array, x: Array, s: Array, gradient: LSTM) -> Array | None:
        """The shared weights' gradient, summed over steps and batch; returns dx (None for ids)."""
        da = _by_slot(da[:, :4])
        _contract(da, x, gradient.W_xh)
        _contract(da, _halves(s)[0][:-1], gradient.W_hh)
        da.sum(axis=1, out=gradient.b)
        return None if x.dtype.kind in "iu" else (da @ self.W_xh).sum(axis=0).reshape(x.shape)

    def keep(self, a: Array) -> Array:
        """The forget gates, ∂⁺c_t/∂⁺c_{t-1} = diag(f_t), of what `unroll` gave: (T, 4, ..., H) -> (T, ..., H)."""
        return a[:, 2]


@dataclass(frozen=True)
class GRU(Weights):
    """The weights of a gated recurrent unit; b in the order n, r, z, q, W_xh its first three, W_hh its last three."""

    W_xh: Array = shape("3", "H", "D")  # input to n, r, z
    W_hh: Array = shape("3", "H", "H")  # hidden to r, z, q
    b: Array = shape("4", "H")

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return self.b.shape[1]

    def drive(self, x: Array, room: Array | None = None) -> Array:
        """What input and biases add to every slot, all steps at once: (T, ..., D) or ids -> (T, 4, ..., H)."""
        x = linear.as_input("x", x, self.W_xh.shape[2], self.dtype)
        return _drives(self.W_xh, self.b, x)

    def step(self, a_t: Array, h_prev: Array, h_t: Array) -> None:
        """One step, written into h_t (B, H); a_t (4, B, H) becomes the slots' values."""
        n, r, z, q = a_t
        a_t[1:] += np.matmul(h_prev, self.W_hh.swapaxes(1, 2))
        _sigmoid(a_t[1:3])
        n += r * q
        np.tanh(n, out=n)
        np.subtract(h_prev, n, out=h_t)
        h_t *= z
        h_t += n

    def linearise(self, a: Array, h: Array) -> Array:
        """The local derivatives of n, r, z, q and of h_{t-1} by h_t, at every step: (T, 5, ..., H)."""
        n, r, z, q = a.swapaxes(0, 1)
        slope = _slots(5, a)
        dn, dr, dz, dq, keep = slope
        np.multiply(n, n, out=dn)
        np.subtract(1, dn, out=dn)
        dn *= 1 - z
        np.multiply(dn, r, out=dq)
        for y, d, factor in ((r, dr, dn * q), (z, dz, h[:-1] - n)):  # of a σ: y (1 - y)
            np.subtract(1, y, out=d)
            d *= y
            d *= factor
        keep[:] = z
        return slope.swapaxes(0, 1)

    def step_back(self, dh_t: Array, slope_t: Array) -> None:
        """The gradient through one step, in place: slope_t (5, B, H) now begins with da_t, dh_t becomes dh_prev."""
        slope_t *= dh_t
        np.matmul(slope_t[1:4], self.W_hh).sum(axis=0, out=dh_t)
        dh_t += slope_t[4]

    def contract(self, da: Array, x: Array, h: Array, gradient: GRU) -> Array | None:
        """The shared weights' gradient, summed over steps and batch; returns dx (None for ids)."""
        da = _by_slot(da[:, :4])
        _contract(da[:3], x, gradient.W_xh)
        _contract(da[1:], h[:-1], gradient.W_hh)
        da.sum(axis=1, out=gradient.b)
        return None if x.dtype.kind in "iu" else (da[:3] @ self.W_xh).sum(axis=0).reshape(x.shape)

    def keep(self, a: Array) -> Array:
        """The update gates z of what `unroll` gave, the share of h_{t-1} that stays: (T, 4, ..., H) -> (T, ..., H)."""
        return a[:, 2]


def first_lstm(rng: np.random.Generator, H: int, D: int, forget_bias: float) -> LSTM:
    """First weights: uniform in ±1/sqrt(fan-in); biases zero but for the forget gate's. float64."""
    W_xh, W_hh = initialise.uniform(rng, 4 * H, D), initialise.uniform(rng, 4 * H, H)
    return LSTM(W_xh.reshape(4, H, D), W_hh.reshape(4, H, H), _third(H, forget_bias))


def first_gru(rng: np.random.Generator, H: int, D: int, forget_bias: float) -> GRU:
    """First weights: uniform in ±1/sqrt(fan-in); biases zero but for that of z, which keeps. float64."""
    W_xh, W_hh = initialise.uniform(rng, 3 * H, D), initialise.uniform(rng, 3 * H, H)
    return GRU(W_xh.reshape(3, H, D), W_hh.reshape(3, H, H), _third(H, forget_bias))


def kept(keep: Array) -> Array:
    """How much of the last state comes, gates alone, from k steps earlier: keep_T ... keep_{T-k+1}, k = 0 ... T.

    Along the cell state this is ∂⁺c_T/∂⁺c_{T-k}, entry by entry. (T, ..., H) -> (T+1, ..., H).
    """
    return np.cumprod(np.concatenate([np.ones_like(keep[:1]), keep[::-1]]), axis=0)


def sent_back(cell: Cell[Any], s: Array, a: Array, ds: Array) -> Array:
    """What a gradient ds (..., S) at the last state is k steps earlier, by every path, k = 0 ... T: (T+1, ..., S)."""
    gradients = np.empty_like(s)
    gradients[0] = as_numbers("ds", ds, s.dtype)
    ds_back, slope = (flat(array, s.ndim - 2) for array in (gradients, cell.linearise(a, s)))
    for k, slope_t in enumerate(slope[::-1]):
        ds_back[k + 1] = ds_back[k]
        cell.step_back(ds_back[k + 1], slope_t)
    return gradients


def _drives(W_xh: Array, b: Array, x: Array) -> Array:
    """W x + b for every slot, each an array of its own in memory; where there is no W, b alone: (T, slots, ..., H)."""
    batch = x.shape if x.dtype.kind in "iu" else x.shape[:-1]
    a = np.empty((len(b), *batch, b.shape[1]), b.dtype)
    for slot, W in enumerate(W_xh):
        linear.apply(W, x, b[slot], a[slot])
    for slot in range(len(W_xh), len(b)):
        a[slot] = b[slot]
    return a.swapaxes(0, 1)


def _contract(da: Array, x: Array, dW: Array) -> None:
    """Every slot's weight gradient, written into dW (slots, H, M): da (slots, T B, H), x (T, ..., M) or ids."""
    if x.dtype.kind in "iu":
        x = linear.one_hot(x, dW.shape[-1], da.dtype)
    for da_k, dW_k in zip(da, dW, strict=True):
        linear.weight_gradient(da_k, x, dW.shape[-1], dW_k)


def _by_slot(array: Array) -> Array:
    """(T, slots, ..., H) -> (slots, T B, H), a view of what `_slots` made."""
    return array.swapaxes(0, 1).reshape(array.shape[1], -1, array.shape[-1])


def _slots(n: int, a: Array) -> Array:
    """Room for n slots, each an array (T, ..., H) of its own in memory, beside a (T, slots, ..., H)."""
    return np.empty((n, len(a), *a.shape[2:]), a.dtype)


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


def _third(H: int, forget_bias: float) -> Array:
    """Biases (4, H), zero but in the third slot."""
    b = np.zeros((4, H))
    b[2] = forget_bias
    return b

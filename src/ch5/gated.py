"""Gated cells: the LSTM with a forget gate, and the GRU

    LSTM    g, i, f, o = tanh, σ, σ, σ of W_xh x_t + W_hh h_{t-1} + b       four slots, in this order
            c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
    GRU     r, z = σ, σ of W_xh x_t + W_hh h_{t-1} + b       q = W_hh h_{t-1} + b       slots n, r, z, q
            n = tanh(W_xh x_t + b + r q)        h_t = z h_{t-1} + (1 - z) n

Shapes   x (T, ..., D), or ids (T, ...)   s (T+1, ..., S): h and c side by side, S = 2H, for the LSTM; h, S = H, for
         the GRU   b (4, H)   W_xh (4, H, D), W_hh (4, H, H) for the LSTM; (3, H, D) for n, r, z and (3, H, H) for
         r, z, q in the GRU   a (T, ..., 4H): the drives, turned by each step into the values of its slots
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
from ch5.bptt import Cell
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

    def drive(self, x: Array) -> Array:
        """What the input adds to every slot, for all steps at once: (T, ..., D) or ids (T, ...) -> (T, ..., 4H)."""
        x = linear.as_input("x", x, self.W_xh.shape[2], self.dtype)
        a = linear.apply(_stacked(self.W_xh), x)
        a += self.b.ravel()
        return a

    def step(self, a_t: Array, s_prev: Array, s_t: Array) -> None:
        """One step, written into s_t (B, 2H); a_t (B, 4H) becomes the gates' values."""
        g, i, f, o = self._slots(a_t)
        (h_prev, c_prev), (h_t, c_t) = self._slots(s_prev), self._slots(s_t)
        a_t += h_prev @ _stacked(self.W_hh).T
        np.tanh(g, out=g)
        _sigmoid(a_t[:, g.shape[1] :])
        np.multiply(f, c_prev, out=c_t)
        c_t += np.multiply(i, g, out=h_t)
        np.tanh(c_t, out=h_t)
        h_t *= o

    def linearise(self, a: Array, s: Array) -> Array:
        """The local derivatives at every step: of g, i, f by c; of o by h; of c by h; and f. (T, ..., 6H)."""
        g, i, f, o = self._slots(a)
        _, c = self._slots(s)
        tanh_c = np.tanh(c[1:])
        slope = np.empty((*a.shape[:-1], 6 * g.shape[-1]), a.dtype)
        dg, di, df, do, through_h, keep = self._slots(slope)
        for y, d in ((g, dg), (tanh_c, through_h)):  # of a tanh: 1 - y^2
            np.multiply(y, y, out=d)
            np.subtract(1, d, out=d)
        for y, d in ((i, di), (f, df), (o, do)):  # of a σ: y (1 - y)
            np.subtract(1, y, out=d)
            d *= y
        for factor, d in ((i, dg), (g, di), (c[:-1], df), (tanh_c, do), (o, through_h)):
            d *= factor
        keep[:] = f
        return slope

    def step_back(self, ds_t: Array, slope_t: Array) -> None:
        """The gradient through one step, in place: slope_t (B, 6H) begins with da_t (B, 4H), ds_t becomes ds_prev."""
        dh, dc = self._slots(ds_t)
        *by_c, by_h, through_h, f = self._slots(slope_t)
        through_h *= dh
        dc += through_h  # the cell state's own future + what it puts out
        for slope in by_c:
            slope *= dc
        by_h *= dh
        dc *= f
        np.matmul(slope_t[:, : self.b.size], _stacked(self.W_hh), out=dh)

    def contract(self, da: Array, x: Array, s: Array) -> tuple[LSTM, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        h, _ = self._slots(s)
        gradient = LSTM.unchecked(
            linear.weight_gradient(da, x, self.W_xh.shape[2]).reshape(self.W_xh.shape),
            linear.weight_gradient(da, h[:-1], h.shape[-1]).reshape(self.W_hh.shape),
            da.reshape(-1, self.b.size).sum(axis=0).reshape(self.b.shape),
        )
        return gradient, None if x.dtype.kind in "iu" else linear.apply(_stacked(self.W_xh).T, da)

    def keep(self, a: Array) -> Array:
        """The forget gates, ∂⁺c_t/∂⁺c_{t-1} = diag(f_t), of what `unroll` gave: (T, ..., 4H) -> (T, ..., H)."""
        return self._slots(a)[2]

    def _slots(self, array: Array) -> list[Array]:
        return _slots(array, self.b.shape[1])


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

    def drive(self, x: Array) -> Array:
        """What input and biases add to every slot, for all steps at once: (T, ..., D) or ids -> (T, ..., 4H)."""
        x = linear.as_input("x", x, self.W_xh.shape[2], self.dtype)
        from_x = linear.apply(_stacked(self.W_xh), x)
        a = np.empty((*from_x.shape[:-1], self.b.size), from_x.dtype)
        a[:] = self.b.ravel()
        a[..., : from_x.shape[-1]] += from_x
        return a

    def step(self, a_t: Array, h_prev: Array, h_t: Array) -> None:
        """One step, written into h_t (B, H); a_t (B, 4H) becomes the slots' values."""
        n, r, z, q = self._slots(a_t)
        H = n.shape[1]
        a_t[:, H:] += h_prev @ _stacked(self.W_hh).T
        _sigmoid(a_t[:, H : 3 * H])
        n += r * q
        np.tanh(n, out=n)
        np.subtract(h_prev, n, out=h_t)
        h_t *= z
        h_t += n

    def linearise(self, a: Array, h: Array) -> Array:
        """The local derivatives of n, r, z, q and of h_{t-1} by h_t, at every step: (T, ..., 5H)."""
        n, r, z, q = self._slots(a)
        slope = np.empty((*a.shape[:-1], 5 * n.shape[-1]), a.dtype)
        dn, dr, dz, dq, keep = self._slots(slope)
        np.multiply(n, n, out=dn)
        np.subtract(1, dn, out=dn)
        dn *= 1 - z
        np.multiply(dn, r, out=dq)
        for y, d, factor in ((r, dr, dn * q), (z, dz, h[:-1] - n)):  # of a σ: y (1 - y)
            np.subtract(1, y, out=d)
            d *= y
            d *= factor
        keep[:] = z
        return slope

    def step_back(self, dh_t: Array, slope_t: Array) -> None:
        """The gradient through one step, in place: slope_t (B, 5H) begins with da_t (B, 4H), dh_t becomes dh_prev."""
        for slope in self._slots(slope_t):
            slope *= dh_t
        *_, past = self._slots(slope_t)
        H = self.b.shape[1]
        np.dot(slope_t[:, H : 4 * H], _stacked(self.W_hh), out=dh_t)
        dh_t += past

    def contract(self, da: Array, x: Array, h: Array) -> tuple[GRU, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        H = self.b.shape[1]
        from_x, from_h = da[..., : 3 * H], da[..., H:]
        gradient = GRU.unchecked(
            linear.weight_gradient(from_x, x, self.W_xh.shape[2]).reshape(self.W_xh.shape),
            linear.weight_gradient(from_h, h[:-1], H).reshape(self.W_hh.shape),
            da.reshape(-1, self.b.size).sum(axis=0).reshape(self.b.shape),
        )
        return gradient, None if x.dtype.kind in "iu" else linear.apply(_stacked(self.W_xh).T, from_x)

    def keep(self, a: Array) -> Array:
        """The update gates z of what `unroll` gave, the share of h_{t-1} that stays: (T, ..., 4H) -> (T, ..., H)."""
        return self._slots(a)[2]

    def _slots(self, array: Array) -> list[Array]:
        return _slots(array, self.b.shape[1])


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
    flat, slope = gradients.reshape(len(s), -1, s.shape[-1]), cell.linearise(a, s)
    for k, slope_t in enumerate(slope.reshape(len(a), -1, slope.shape[-1])[::-1]):
        flat[k + 1] = flat[k]
        cell.step_back(flat[k + 1], slope_t)
    return gradients


def _slots(array: Array, H: int) -> list[Array]:
    """Views of width H, side by side on the last axis."""
    return [array[..., k : k + H] for k in range(0, array.shape[-1], H)]


def _stacked(W: Array) -> Array:
    """The matrices of all slots as one, a view: (slots, H, M) -> (slots H, M)."""
    return W.reshape(-1, W.shape[2])


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

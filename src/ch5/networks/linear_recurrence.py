"""Cells that are linear in their state: the linear recurrent unit, and the one whose gates see the input alone

    LRU       h_t = λ h_{t-1} + γ B x_t         λ = exp(-exp(ν) + iθ), B and h complex: |λ| < 1 whatever ν is
    MinGRU    h_t = f_t h_{t-1} + (1 - f_t) g_t     f_t = σ(W_f x_t + b_f),  g_t = W_g x_t + b_g
    so        dh_t/dh_{t-k} = λ^k, and f_t f_{t-1} ... f_{t-k+1}: numbers, one a unit, and no matrix

Shapes   x (T, ..., D), or ids (T, ...)   s (T+1, ..., S): S = 2N for the LRU, real parts and imaginary parts side by
         side; h, S = H, for MinGRU   ν, θ, γ (N,)   W_xh (2, N, D), B's two parts; (2, H, D) for f, g   b (2, H)
Names    products are taken entry by entry; σ(z) = (1 + tanh(z/2))/2; dX is dL/dX and has X's shape.
Read     book/chapters/11_linear.ipynb     Tested   tests/test_linear_recurrence.py
Source   [Orvieto2023] for the LRU and its initial weights, [Feng2024] for MinGRU (whose z is 1 - f)

Complex numbers are pairs of real ones, so that the complex step, which needs the imaginary part for itself, can check
every gradient. Both are cells of `ch5.engine.bptt`; by `ch5.engine.scan` their steps need not wait for one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, as_size, shape
from ch5.networks.attention import Bill


@dataclass(frozen=True)
class LRU(Weights):
    """The weights of a linear recurrent unit. What it outputs is its whole state, 2N numbers."""

    nu: Array = shape("N")  # log of -log |λ|
    theta: Array = shape("N")  # the phase of λ
    gamma: Array = shape("N")  # what an input counts beside the state
    W_xh: Array = shape("2", "N", "D")  # input to real and to imaginary parts

    @classmethod
    def initialise(
        cls,
        rng: np.random.Generator,
        N: int,
        D: int,
        low: float = 0.9,
        high: float = 0.999,
        phase: float = np.pi,
    ) -> LRU:
        """λ uniform over the area of the ring low <= |λ| <= high, phases from 0 to `phase`; γ = sqrt(1 - |λ|²), so
        that white input gives states of one size whatever |λ| is; B Gaussian of variance 1/(2D). float64.

        Raises ValueError unless 0 < low < high < 1.
        """
        if not 0 < low < high < 1:
            raise ValueError(f"low and high must satisfy 0 < low < high < 1, got {low} and {high}")
        squared = rng.uniform(low**2, high**2, as_size("N", N))
        B = rng.normal(0, np.sqrt(0.5 / as_size("D", D)), (2, N, D))
        return cls(np.log(-np.log(squared) / 2), rng.uniform(0, phase, N), np.sqrt(1 - squared), B)

    @property
    def state_size(self) -> int:
        """The width of the state: 2N."""
        return 2 * len(self.nu)

    @property
    def drive_shape(self) -> tuple[int]:
        """One drive for each real and each imaginary part."""
        return (self.state_size,)

    @property
    def eigenvalues(self) -> Array:
        """λ, the real parts and then the imaginary parts: (2N,)."""
        modulus = np.exp(-np.exp(self.nu))
        return np.concatenate([modulus * np.cos(self.theta), modulus * np.sin(self.theta)])

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """γ B x, what the input adds, for all steps at once: (T, ..., D) or ids (T, ...) -> (T, ..., 2N)."""
        return linear.apply(_stacked(self.gamma[:, None] * self.W_xh), x, out=out)

    def step(self, a_t: Array, s_prev: Array, out: Array | None = None) -> tuple[Array, None]:
        """One step, s_t: (B, 2N), (B, 2N) -> (B, 2N)."""
        return np.add(self.times(self.eigenvalues, s_prev), a_t, out=out), None

    def linearise(self, s: Array, residuals: Array | None = None) -> Array:
        """λ, at every step the same: (T+1, ..., 2N) -> (T, ..., 2N)."""
        return np.broadcast_to(self.eigenvalues, s[1:].shape)

    def step_vjp(self, ds_t: Array, lambda_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """The gradient back through one step, da_t and ds_prev: (B, 2N), (B, 2N) -> (B, 2N), (B, 2N)."""
        return np.add(ds_t, 0, out=out), self.times(self.adjoint(lambda_t), ds_t)

    def weight_gradients(
        self, da: Array, x: Array, s: Array, out: LRU | None = None
    ) -> tuple[LRU, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        D = self.W_xh.shape[2]
        dW, dx = linear.backward(_stacked(self.gamma[:, None] * self.W_xh), da, x)
        dW = dW.reshape(2, -1, D)
        np.multiply(dW, self.gamma[:, None], out=gradient.W_xh)
        np.sum(dW * self.W_xh, axis=(0, 2), out=gradient.gamma)
        # dL/dλ as a pair, the sum over steps of the conjugate of h_{t-1} times da_t; then λ by its modulus and phase
        pairs = self.times(self.adjoint(s[:-1]), da).reshape(-1, 2, len(self.nu)).sum(axis=0)
        along, across = self.times(self.adjoint(self.eigenvalues), pairs.ravel()).reshape(2, -1)
        np.multiply(along, -np.exp(self.nu), out=gradient.nu)
        gradient.theta[:] = across
        return gradient, dx

    def factors(self, a: Array) -> tuple[Array, Array]:
        """λ, with axes of length one for the batch, and the drive: (T, ..., 2N) -> (T, 1, ..., 2N), (T, ..., 2N)."""
        return np.broadcast_to(self.eigenvalues, (len(a), *[1] * (a.ndim - 2), a.shape[-1])), a

    @staticmethod
    def times(f: Array, h: Array) -> Array:
        """The complex product of pairs: (..., 2N), (..., 2N) -> (..., 2N)."""
        (a, b), (c, d) = _halves(f), _halves(h)
        return np.concatenate([a * c - b * d, a * d + b * c], axis=-1)

    @staticmethod
    def adjoint(f: Array) -> Array:
        """The complex conjugate of pairs: (..., 2N) -> (..., 2N)."""
        a, b = _halves(f)
        return np.concatenate([a, -b], axis=-1)


@dataclass(frozen=True)
class MinGRU(Weights):
    """The weights of the smallest gated cell that a scan can run: its gates do not see the state."""

    W_xh: Array = shape("2", "H", "D")  # input to f, the gate, and to g, what is written
    b: Array = shape("2", "H")

    @classmethod
    def initialise(cls, rng: np.random.Generator, H: int, D: int, forget_bias: float = 1.0) -> MinGRU:
        """Initial weights uniform in ±1/sqrt(fan-in); biases zero but for the gate's. float64."""
        W = initialise.uniform(rng, 2 * as_size("H", H), D).reshape(2, H, D)
        return cls(W, np.stack([np.full(H, float(forget_bias)), np.zeros(H)]))

    @property
    def state_size(self) -> int:
        """The width of the state: H."""
        return self.b.shape[1]

    @property
    def drive_shape(self) -> tuple[int]:
        """The drives of f and g side by side: 2H."""
        return (self.b.size,)

    def drive(self, x: Array, out: Array | None = None) -> Array:
        """What goes into f and g, for all steps at once: (T, ..., D) or ids (T, ...) -> (T, ..., 2H)."""
        return linear.apply(_stacked(self.W_xh), x, self.b.ravel(), out)

    def step(self, a_t: Array, h_prev: Array, out: Array | None = None) -> tuple[Array, Array]:
        """One step, h_t, and its residuals f and g: (B, 2H), (B, H) -> (B, H), (B, 2H)."""
        f, g = _gates(a_t)
        return np.add(f * h_prev, (1 - f) * g, out=out), np.concatenate([f, g], axis=-1)

    def linearise(self, h: Array, residuals: Array) -> Array:
        """The local derivatives of h_t: by the drives of f and g, and by h_{t-1}: (T, ..., 2H) -> (T, ..., 3H)."""
        f, g = _halves(residuals)
        return np.concatenate([(h[:-1] - g) * f * (1 - f), 1 - f, f], axis=-1)

    def step_vjp(self, dh_t: Array, local_t: Array, out: Array | None = None) -> tuple[Array, Array]:
        """The gradient back through one step, da_t and dh_prev: (B, H), (B, 3H) -> (B, 2H), (B, H)."""
        by_f, by_g, f = np.split(local_t, 3, axis=-1)
        return np.concatenate([dh_t * by_f, dh_t * by_g], axis=-1, out=out), dh_t * f

    def weight_gradients(
        self, da: Array, x: Array, h: Array, out: MinGRU | None = None
    ) -> tuple[MinGRU, Array | None]:
        """The shared weights' gradient, summed over steps and batch, and dx (None for ids)."""
        gradient = self.empty() if out is None else out
        dW, dx = linear.backward(_stacked(self.W_xh), da, x)
        gradient.W_xh[:] = dW.reshape(self.W_xh.shape)
        gradient.b[:] = linear.bias_gradient(da).reshape(self.b.shape)
        return gradient, dx

    def factors(self, a: Array) -> tuple[Array, Array]:
        """f and (1 - f) g: (T, ..., 2H) -> (T, ..., H) both."""
        f, g = _gates(a)
        return f, (1 - f) * g

    @staticmethod
    def times(f: Array, h: Array) -> Array:
        """The product, entry by entry: (..., H), (..., H) -> (..., H)."""
        return f * h

    @staticmethod
    def adjoint(f: Array) -> Array:
        """The same factors: (..., H) -> (..., H)."""
        return f


def kernel(cell: LRU, T: int) -> Array:
    """λ^k for k = 0 ... T-1, what a state k steps on still holds of an input: pairs (T, 2N)."""
    k = np.arange(as_size("T", T))[:, None]
    modulus = np.exp(-k * np.exp(cell.nu))
    return np.concatenate([modulus * np.cos(k * cell.theta), modulus * np.sin(k * cell.theta)], axis=-1)


def convolve(kernel: Array, u: Array) -> Array:
    """h_t = sum over k of kernel_k u_{t-k}, pairs entry by entry, by the Fourier transform: (T, 2N), (T, ..., 2N)."""
    T, axes = len(u), (len(u), *[1] * (u.ndim - 2), -1)
    a, b = (np.fft.fft(re + 1j * im, 2 * T, axis=0) for re, im in (_halves(kernel.reshape(axes)), _halves(u)))
    h = np.fft.ifft(a * b, axis=0)[:T]
    return np.concatenate([h.real, h.imag], axis=-1)


def bill(T: int, D: int, N: int, rounds: int | None = None) -> Bill:
    """The LRU's, all T steps: one after another, or joined in so many `rounds` of a scan.

    A complex product is four real ones. A round that joins steps d apart has T - d products of factors and as many
    of states.
    """
    T, D, N = as_size("T", T), as_size("D", D), as_size("N", N)
    if rounds is None:
        return Bill(2 * T * N * D + 4 * T * N, 2 * (T + 1) * N, T + 1)
    joined = sum(T - 2**k for k in range(rounds))
    return Bill(2 * T * N * D + 8 * joined * N, 2 * (T + 1) * N, rounds + 1)


def _gates(a: Array) -> tuple[Array, Array]:
    """f and g of their drives: (..., 2H) -> (..., H), (..., H)."""
    a_f, g = _halves(a)
    return 0.5 + 0.5 * np.tanh(0.5 * a_f), g


def _halves(pair: Array) -> tuple[Array, Array]:
    N = pair.shape[-1] // 2
    return pair[..., :N], pair[..., N:]


def _stacked(W: Array) -> Array:
    """Both parts' rows in one matrix: (2, N, D) -> (2N, D)."""
    return W.reshape(-1, W.shape[-1])

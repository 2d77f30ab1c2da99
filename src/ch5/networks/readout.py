"""What is read off the state: logits = W_hy h + b_y, softmax, and the cross-entropy in nats

    loss = -log softmax(logits)[target],     d loss / d logits = softmax(logits) - one_hot(target)

Shapes   h (..., H)   logits (..., V)   targets (...) ids   losses (...)   W_hy (V, H)   b_y (V,)   C (M, S)   d (M,)
Names    dX is dL/dX and has X's shape; the gradient of a Readout is again a Readout.
Read     book/chapters/03_bptt.ipynb     Tested   tests/test_readout.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.weights import Array, Weights, as_numbers, holds_ids, shape


class AnyReadout(Protocol):
    """What a sequence model needs of its readout; `ch5.engine.weights` has the rest."""

    @property
    def reads(self) -> int: ...
    @property
    def gives(self) -> int: ...
    def logits(self, s: Array, /) -> Array: ...
    def backward(self, dlogits: Array, s: Array, /, out: Any = None) -> tuple[Any, Array]: ...


@dataclass(frozen=True)
class Readout(Weights):
    """The linear map from state to logits, the same at every step."""

    W_hy: Array = shape("V", "H")  # hidden to output
    b_y: Array = shape("V")

    @classmethod
    def initialise(cls, rng: np.random.Generator, V: int, H: int) -> Readout:
        """Initial weights uniform in ±1/sqrt(fan-in), biases zero. float64."""
        return cls(initialise.uniform(rng, V, H), np.zeros(V))

    @property
    def reads(self) -> int:
        """How many entries of the state it sees: H."""
        return self.W_hy.shape[1]

    @property
    def gives(self) -> int:
        """How many logits it gives: V."""
        return len(self.b_y)

    def logits(self, h: Array) -> Array:
        """(..., H) -> (..., V); in memory each of the V entries stands together for all positions."""
        h = as_numbers("h", h, self.dtype)
        if h.shape[-1] != self.W_hy.shape[1]:
            raise ValueError(
                f"h must have {self.W_hy.shape[1]} entries on its last axis, got shape {h.shape}"
            )
        logits = self.W_hy @ h.reshape(-1, h.shape[-1]).T
        logits += self.b_y[:, None]
        return logits.T.reshape(*h.shape[:-1], len(self.b_y))

    def backward(self, dlogits: Array, h: Array, out: Readout | None = None) -> tuple[Readout, Array]:
        """The weights' gradient, summed over all positions (in `out`, if given), and dh (..., H)."""
        gradient, dlogits = self.empty() if out is None else out, as_numbers("dlogits", dlogits, self.dtype)
        linear.weight_gradient(dlogits, h, h.shape[-1], gradient.W_hy)
        gradient.b_y[:] = linear.bias_gradient(dlogits)
        return gradient, linear.apply(self.W_hy.T, dlogits)


@dataclass(frozen=True)
class TanhReadout(Weights):
    """A layer of tanh units between a state that is linear in its past and the readout: W_hy tanh(C s + d) + b_y."""

    readout: Readout
    C: Array = shape("M", "S")  # state to layer; of a complex state, the real part of any complex map
    d: Array = shape("M")

    @classmethod
    def initialise(cls, rng: np.random.Generator, V: int, M: int, S: int) -> TanhReadout:
        """Initial weights uniform in ±1/sqrt(fan-in), biases zero. float64."""
        return cls(Readout.initialise(rng, V, M), initialise.uniform(rng, M, S), np.zeros(M))

    @property
    def reads(self) -> int:
        """How many entries of the state it sees: S."""
        return self.C.shape[1]

    @property
    def gives(self) -> int:
        """How many logits it gives: V."""
        return self.readout.gives

    def layer(self, s: Array) -> Array:
        """tanh(C s + d): (..., S) -> (..., M)."""
        return np.tanh(linear.apply(self.C, as_numbers("s", s, self.dtype), self.d))

    def logits(self, s: Array) -> Array:
        """(..., S) -> (..., V)."""
        return self.readout.logits(self.layer(s))

    def backward(self, dlogits: Array, s: Array, out: TanhReadout | None = None) -> tuple[TanhReadout, Array]:
        """The weights' gradient, summed over all positions (in `out`, if given), and ds (..., S)."""
        gradient, y = self.empty() if out is None else out, self.layer(s)
        _, dy = self.readout.backward(dlogits, y, gradient.readout)
        da = dy * (1 - y**2)
        linear.weight_gradient(da, s, self.reads, gradient.C)
        gradient.d[:] = linear.bias_gradient(da)
        return gradient, linear.apply(self.C.T, da)


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis; the largest logit is taken off first, so nothing overflows."""
    p = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    """Each position's loss (...) in nats, and its derivative with respect to its own logits (..., V).

    Raises ValueError where targets do not have the shape of the positions or are not ids from 0 to V - 1.
    """
    targets = linear.as_input("targets", targets, logits.shape[-1], None)
    if not holds_ids(targets) or targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets must be ids of shape {logits.shape[:-1]}, got {targets.dtype} {targets.shape}"
        )
    columns = logits.reshape(-1, logits.shape[-1]).T  # as `Readout.logits` leaves them in memory
    target = np.arange(targets.size) + targets.size * targets.ravel()  # its place among the entries of p
    p = np.subtract(columns, columns.real.max(axis=0), order="C")  # so that all of p in a row is a view
    at_target = p.take(target)
    np.exp(p, out=p)
    total = p.sum(axis=0)
    losses = np.log(total) - at_target
    p /= total
    p.reshape(-1)[target] -= 1
    return losses.reshape(targets.shape), p.T.reshape(logits.shape)


def loss(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Each position's loss (...) and its derivative with respect to its outputs (..., V).

    For targets that are ids (...) the cross-entropy in nats, for numbers (..., V) the squared error.
    """
    if holds_ids(targets):
        return cross_entropy(outputs, targets)
    targets = as_numbers("targets", targets, outputs.dtype)
    if targets.shape != outputs.shape:
        raise ValueError(
            f"targets must be ids {outputs.shape[:-1]} or numbers of shape {outputs.shape}, got shape {targets.shape}"
        )
    off = outputs - targets
    return (off**2).sum(axis=-1), 2 * off

"""From a gradient to new weights, in place, on one flat vector.

    SGD     theta <- theta - rate g
    Adam    M <- beta_1 M + g        m^ = M (1 - beta_1) / (1 - beta_1^k)       at update k
            V <- beta_2 V + g^2      v^ = V (1 - beta_2) / (1 - beta_2^k)
            theta <- theta - rate m^ / (sqrt(v^) + epsilon)

Shapes   theta, gradient, M, V (P,), P being the number of parameters; all of one dtype, float32 or float64
Names    g is the gradient of the mean loss; an optimiser's `state` is what a checkpoint must hold.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_optimise.py
Source   [Kingma2015] for Adam, [Pascanu2013] for clipping by norm
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.floating]
State = dict[str, npt.NDArray[Any]]


class Optimiser(Protocol):
    """What changes the weights, in place, and uses the gradient up.

    Its state before the first update is empty or zero.
    """

    def update(self, theta: Vector, gradient: Vector) -> None: ...
    def state(self) -> State: ...
    def restore(self, state: State) -> None: ...


@dataclass
class SGD:
    """Stochastic gradient descent: a step of learning_rate times the gradient, downhill."""

    learning_rate: float

    def __post_init__(self) -> None:
        self.learning_rate = _positive("learning_rate", self.learning_rate)

    def update(self, theta: Vector, gradient: Vector) -> None:
        """Change theta (P,) in place. The gradient (P,) is overwritten: it becomes the step."""
        _check_pair(theta, gradient)
        gradient *= self.learning_rate
        theta -= gradient

    def state(self) -> State:
        """Nothing: the next step depends on the weights and the gradient alone."""
        return {}

    def restore(self, state: State) -> None:
        """Take up a state that `state` gave: an empty one."""
        _check_names("SGD", state, set())


@dataclass
class Adam:
    """Steps of about learning_rate in every direction, whatever the size of the gradient there."""

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        self.learning_rate = _positive("learning_rate", self.learning_rate)
        self.beta_1 = _share("beta_1", self.beta_1)
        self.beta_2 = _share("beta_2", self.beta_2)
        self.epsilon = _positive("epsilon", self.epsilon)
        self._k = 0  # updates so far
        self._M = self._V = np.zeros(0)  # both (P,) from the first update on

    def rate(self, k: int) -> float:
        """The rate of update k, the first being k = 1: always the same here, for others to vary."""
        return self.learning_rate

    def update(self, theta: Vector, gradient: Vector) -> None:
        """Change theta (P,) in place. The gradient (P,) is overwritten: it becomes the step."""
        _check_pair(theta, gradient)
        if self._k == 0:
            self._M, self._V = np.zeros_like(theta), np.zeros_like(theta)
        elif (self._M.shape, self._M.dtype) != (theta.shape, theta.dtype):
            raise ValueError(
                f"theta must be the vector that this Adam has been updating, shape {self._M.shape} and dtype "
                f"{self._M.dtype}, got shape {theta.shape} and dtype {theta.dtype}"
            )
        self._k += 1
        M, V = self._M, self._V

        M *= self.beta_1
        M += gradient

        V *= self.beta_2
        np.square(gradient, out=gradient)
        V += gradient

        # m^ and v^ are M and V times a number: it goes into the rate and epsilon, which saves two passes.
        to_m = (1 - self.beta_1) / (1 - self.beta_1**self._k)
        root = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**self._k))
        step = np.sqrt(V, out=gradient)
        step += self.epsilon / root
        np.divide(M, step, out=step)
        step *= self.rate(self._k) * to_m / root
        theta -= step

    def state(self) -> State:
        """Copies of k (), M (P,) and V (P,); before the first update M and V are empty."""
        return {"k": np.array(self._k), "M": self._M.copy(), "V": self._V.copy()}

    def restore(self, state: State) -> None:
        """Take up a state that `state` gave: the next updates are the same, bit for bit."""
        _check_names("Adam", state, {"k", "M", "V"})
        k, M, V = (np.asarray(state[name]) for name in "kMV")
        if k.dtype.kind not in "iu" or k.ndim != 0 or k < 0:
            raise ValueError(f"state['k'] must be a whole number of at least 0, got {k!r}")
        if M.dtype.kind != "f" or M.ndim != 1 or (M.shape, M.dtype) != (V.shape, V.dtype):
            raise ValueError(
                "state['M'] and state['V'] must be floats of one shape (P,) and one dtype, "
                f"got {M.shape} {M.dtype} and {V.shape} {V.dtype}"
            )
        if not (np.isfinite(M).all() and np.isfinite(V).all() and (V >= 0).all()):
            raise ValueError("state['M'] and state['V'] must be finite and state['V'] at least 0 everywhere")
        self._k, self._M, self._V = int(k), M.copy(), V.copy()


def clip_by_norm(gradient: Vector, limit: float) -> float:
    """Shorten the gradient (P,) in place to the norm `limit` if it is longer; its direction stays.

    Returns the norm before. Where that is NaN or infinite no direction is left to keep: the gradient
    stays as it is, and the caller decides by the norm returned. `limit` may be infinite: never clip.
    """
    _check_vector("gradient", gradient)
    limit = _limit(limit)
    with np.errstate(over="ignore", under="ignore"):
        norm = math.sqrt(gradient.dot(gradient))
    if not 1e-15 < norm < np.inf:  # float32 squares overflow at 2e19, and lose digits below 1e-19
        norm = float(np.linalg.norm(gradient.astype(np.float64, copy=False)))
    if limit < norm < np.inf:
        gradient *= limit / norm
    return norm


def clip_by_value(gradient: Vector, limit: float) -> None:
    """Clip every entry of the gradient (P,) in place to ±limit. This bends the direction; NaN stays NaN."""
    _check_vector("gradient", gradient)
    limit = _limit(limit)
    with np.errstate(over="ignore"):  # a limit beyond float32 is none
        np.clip(gradient, -limit, limit, out=gradient)


def as_number(name: str, value: Any) -> float:
    """`value` as Python's float, so that it works on float32 alike whatever type it came in."""
    if type(value) is float:  # first, for this is asked at every update
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def _positive(name: str, value: Any) -> float:
    if not 0 < as_number(name, value) < np.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value}")
    return float(value)


def _share(name: str, value: Any) -> float:
    if not 0 <= as_number(name, value) < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
    return float(value)


def _limit(value: Any) -> float:
    limit = as_number("limit", value)
    if not limit > 0:
        raise ValueError(f"limit must be above 0, got {value}")
    return limit


def _check_vector(name: str, vector: Vector) -> None:
    if not isinstance(vector, np.ndarray) or vector.dtype.kind != "f":
        got = f"dtype {vector.dtype}" if isinstance(vector, np.ndarray) else type(vector).__name__
        raise TypeError(f"{name} must be an array of floats, for it is changed in place, got {got}")
    if vector.itemsize == 2:
        raise TypeError(f"{name} must be float32 or float64: squares of float16 overflow at 256, got float16")
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one flat vector (P,), got shape {vector.shape}")


def _check_pair(theta: Vector, gradient: Vector) -> None:
    _check_vector("theta", theta)
    _check_vector("gradient", gradient)
    if (gradient.shape, gradient.dtype) != (theta.shape, theta.dtype):
        raise ValueError(
            f"gradient must have theta's shape and dtype, {theta.shape} {theta.dtype}, "
            f"got {gradient.shape} {gradient.dtype}"
        )


def _check_names(optimiser: str, state: State, names: set[str]) -> None:
    if set(state) != names:
        raise ValueError(
            f"state must be {optimiser}'s, with the entries {sorted(names)}, got the entries {sorted(state)}"
        )

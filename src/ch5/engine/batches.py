"""Batches of windows: what an update is given, in an order that is drawn before training starts

Shapes   inputs, targets (T, N): N windows of T steps; a batch is two arrays (T, B); order (updates, B)
Read     book/chapters/06_alice.ipynb     Tested   tests/test_batches.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ch5.engine.weights import Array, as_size


class Batches(Protocol):
    """A sequence of batches, one an update, each what the model's `loss_and_gradient` takes; the k-th is always it."""

    def __len__(self) -> int: ...
    def __getitem__(self, k: int, /) -> Any: ...


@dataclass(frozen=True)
class Shuffled:
    """Batches of windows: the k-th holds columns order[k] of inputs and targets.

    Raises ValueError where inputs and targets do not hold the same steps and windows, where one of them is empty,
    or where the order is not one of column numbers (updates, B) from 0 to N - 1.
    """

    inputs: Array
    targets: Array
    order: Array

    def __post_init__(self) -> None:
        for name in ("inputs", "targets", "order"):
            if isinstance(value := getattr(self, name), np.ma.MaskedArray):
                raise TypeError(
                    f"{name} must be a plain array, got a masked one: no loss here knows of masks"
                )
            object.__setattr__(self, name, np.asarray(value))
        windows, order = self.inputs.shape[:2], self.order
        if self.inputs.ndim < 2 or 0 in windows:
            raise ValueError(
                f"inputs must be (T, N) with at least one step and window, got {self.inputs.shape}"
            )
        if self.targets.shape[:2] != windows:
            raise ValueError(
                f"targets must have the {windows} of the inputs, (T, N), got {self.targets.shape}"
            )
        if order.ndim != 2 or order.dtype.kind not in "iu" or order.size == 0:
            raise ValueError(
                "order must hold whole numbers (updates, B), at least one update and window, "
                f"got {order.dtype} {order.shape}"
            )
        if not 0 <= order.min() <= order.max() < windows[1]:
            raise ValueError(
                f"order must name windows from 0 to {windows[1] - 1}, got {order.min()} to {order.max()}"
            )

    @classmethod
    def epochs(
        cls, inputs: Array, targets: Array, epochs: int, batch: int, rng: np.random.Generator
    ) -> Shuffled:
        """Every epoch goes once through all N windows in a new order (less a remainder that fills no batch)."""
        shape = np.shape(inputs)
        if len(shape) < 2:
            raise ValueError(f"inputs must be windows (T, N), got shape {shape}")
        n, epochs, batch = shape[1], as_size("epochs", epochs), as_size("batch", batch)
        if batch > n:
            raise ValueError(f"batch must be at most the number of windows, {n}, got {batch}")
        used = n - n % batch
        order = [rng.permutation(n)[:used].reshape(-1, batch) for _ in range(epochs)]
        return cls(inputs, targets, np.concatenate(order))

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, k: int) -> tuple[Array, Array]:
        return self.inputs[:, self.order[k]], self.targets[:, self.order[k]]

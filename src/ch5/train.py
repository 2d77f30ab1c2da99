"""Training: take a batch, get loss and gradient, clip, update; report, save, resume

Names    model is any Weights with `loss_and_gradient(batch, out=place) -> loss, gradient`; norm is the Euclidean
         norm of the whole gradient before clipping; an update is one batch's worth of training.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_train.py

Everything random (first weights, order of the batches) is drawn before training starts, so a run is a
list of batches and a vector of weights, and can be stopped after any update and taken up again.
"""

from __future__ import annotations

import hashlib
import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ch5.optimise import clip_by_norm
from ch5.weights import Array


class Batches(Protocol):
    """A sequence of batches, one an update, each what the model's `loss_and_gradient` takes."""

    def __len__(self) -> int: ...
    def __getitem__(self, k: int, /) -> Any: ...


class Optimiser(Protocol):
    """What changes the weights, in place, and uses the gradient up; see `ch5.optimise`."""

    def update(self, theta: Array, gradient: Array) -> None: ...
    def state(self) -> dict[str, Array]: ...
    def restore(self, state: dict[str, Array]) -> None: ...


class Update(NamedTuple):
    """The report of one update: its number from 1, the loss before it, the gradient's norm before clipping."""

    number: int
    loss: float
    norm: float


@dataclass(frozen=True)
class Shuffled:
    """Batches of windows: the k-th holds columns order[k] of inputs and targets.

    Shapes: inputs, targets (T, N); order (updates, B) of column numbers; a batch is two arrays (T, B).
    """

    inputs: Array
    targets: Array
    order: Array

    @classmethod
    def epochs(
        cls, inputs: Array, targets: Array, epochs: int, batch: int, rng: np.random.Generator
    ) -> Shuffled:
        """Every epoch goes once through all N windows in a new order (less a remainder that fills no batch)."""
        n = inputs.shape[1]
        if not 1 <= batch <= n:
            raise ValueError(f"batch must be from 1 to the number of windows, {n}, got {batch}")
        used = n - n % batch
        order = [rng.permutation(n)[:used].reshape(-1, batch) for _ in range(epochs)]
        return cls(inputs, targets, np.concatenate(order))

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, k: int) -> tuple[Array, Array]:
        return self.inputs[:, self.order[k]], self.targets[:, self.order[k]]


def keep_memory() -> None:
    """Let freed arrays of up to 32 MB stay with the process, for the next update will want them again.

    glibc takes the size of a freed block as a hint of what to keep. Without it every update has the
    system hand out, and clear, all its pages anew. Elsewhere this does nothing.
    """
    np.empty(2**25 - 2**16, np.uint8)


class Training:
    """One training run. Iterate over it to train; it yields an `Update` after every update.

    `model` holds the weights of the moment (views that every update changes), `losses` and `norms` (updates,)
    what was reported so far and NaN beyond, `done` how many updates have been made.
    `clip` is the largest norm of the gradient that an update may use, None for no limit. It is compared
    with the gradient of the *mean* loss; a limit on the sum over T steps is T times as large.
    """

    def __init__(self, model: Any, batches: Batches, optimiser: Optimiser, clip: float | None = None) -> None:
        if len(batches) == 0:
            raise ValueError("batches must hold at least one batch, got none")
        keep_memory()
        self._theta = model.vector()
        self.model = model.with_vector(self._theta)
        self._g = model.vector()
        self._g[:] = np.nan  # a model that writes elsewhere is stopped at once
        self._gradient = model.with_vector(self._g)
        self.batches, self.optimiser, self.clip = batches, optimiser, clip
        self.losses = np.full(len(batches), np.nan)
        self.norms = np.full(len(batches), np.nan)
        self.done = 0
        self._identity = self._fingerprint()

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Update]:
        """Train to the end, one update a turn. Raises FloatingPointError, before the update that would
        spread it, when the loss or the gradient is no longer finite; `model` keeps the weights before it."""
        while self.done < len(self):
            loss, _ = self.model.loss_and_gradient(self.batches[self.done], out=self._gradient)
            norm = clip_by_norm(self._g, np.inf if self.clip is None else self.clip)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise FloatingPointError(
                    f"update {self.done + 1}: loss {loss}, gradient norm {norm}; training stopped"
                )
            self.optimiser.update(self._theta, self._g)
            self.losses[self.done], self.norms[self.done] = loss, norm
            self.done += 1
            yield Update(self.done, float(loss), float(norm))

    def checkpointed(self, path: str | os.PathLike[str], every: int = 1000) -> Iterator[Update]:
        """Train as iterating does, saving to `path` every so many updates and at the end.

        Where `path` exists, the run first takes up from there. Raises ValueError for `every` below 1.
        """
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        if Path(path).exists():
            self.resume(path)
        for update in self:
            if update.number % every == 0 or update.number == len(self):
                self.save(path)
            yield update

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run to `path` (.npz, no pickle): under a new name first, so that a kill leaves the old file."""
        path = Path(path)
        arrays = {f"optimiser.{name}": array for name, array in self.optimiser.state().items()}
        arrays |= {
            "theta": self._theta,
            "losses": self.losses,
            "norms": self.norms,
            "done": np.array(self.done),
        }
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        with open(unfinished, "wb") as file:
            np.savez(file, allow_pickle=False, identity=np.array(self._identity), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Take up the run saved at `path`. The weights are then, bit for bit, what they were.

        Raises ValueError, leaving both the file and this run as they are, when the file is not a whole checkpoint
        or one of another run (other model, first weights, batches, optimiser or clip).
        """
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                saved = {name: archive[name] for name in archive.files}
        except FileNotFoundError:
            raise
        except (zipfile.BadZipFile, ValueError, EOFError, KeyError, OSError, TypeError) as error:
            raise ValueError(
                f"{path} is not a whole checkpoint ({error}); move it away to start afresh"
            ) from error
        if str(saved.get("identity")) != self._identity:
            raise ValueError(f"{path} is the checkpoint of another run; name another file or move it away")
        self.optimiser.restore(
            {n.removeprefix("optimiser."): a for n, a in saved.items() if n.startswith("optimiser.")}
        )
        self._theta[:] = saved["theta"]
        self.losses[:], self.norms[:], self.done = (
            saved["losses"],
            saved["norms"],
            int(saved["done"]),
        )

    def _fingerprint(self) -> str:
        """What tells this run from another: settings, first weights, first and last batch."""
        digest = hashlib.sha256(
            repr((self.model.arrays().keys(), len(self), self.optimiser, self.clip)).encode()
        )
        for array in (self._theta, *self.batches[0], *self.batches[len(self) - 1]):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

"""Training: take a batch, get loss and gradient, clip, update; report, save, resume

Names    model has `loss_and_gradient(batch, out=place) -> loss, gradient`, `vector()` and `with_vector(vector)`, as
         Weights have; norm is the Euclidean norm of the whole gradient before clipping; an update is one batch's
         worth of training; state() is what the next update depends on beside weights and settings: arrays by name.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_train.py

The order of the batches is drawn before training starts, so a run is a list of batches, a vector of weights, and
what optimiser and model keep from one update to the next. It can be stopped after any update and taken up again.
"""

from __future__ import annotations

import copy
import json
import math
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ch5.engine import checkpoint
from ch5.engine.batches import Batches, Shuffled
from ch5.engine.files import Place
from ch5.engine.interrupts import held_back
from ch5.engine.optimise import Optimiser, as_number, clip_by_norm
from ch5.engine.weights import Array, as_size

__all__ = ["Batches", "Optimiser", "Shuffled", "Training", "Update", "keep_memory"]


class Update(NamedTuple):
    """The report of one update: its number from 1, the loss before it, the gradient's norm before clipping."""

    number: int
    loss: float
    norm: float


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

    Model and optimiser are copied: what is handed in stays as it was, and no two runs share it. A copy or pickle
    of a run goes on as the run does. Raises TypeError or ValueError for what cannot be trained.
    """

    def __init__(self, model: Any, batches: Batches, optimiser: Optimiser, clip: float | None = None) -> None:
        _check(model, batches, optimiser, clip)
        keep_memory()
        self.batches, self.optimiser = batches, copy.deepcopy(optimiser)
        self.clip = None if clip in (None, math.inf) else float(clip)
        self.losses, self.norms = np.full((2, len(batches)), np.nan)
        self.done = 0
        self._broken = False  # between the first change of an update and its last
        self._first = copy.deepcopy((model, optimiser))
        self._place(copy.deepcopy(model))
        self._identity = self._described(*self._parts())
        self._identity |= {"updates": str(len(self))} | checkpoint.describe("initial weights", self._theta)

    def _place(self, model: Any) -> None:
        """Lay the weights, and a gradient, in one vector each."""
        self._theta, self._g = model.vector(), model.vector()
        self.model, self._gradient = model.with_vector(self._theta), model.with_vector(self._g)
        self._model_keeps_state = checkpoint.keeps_state(model)
        if self._model_keeps_state:
            self.model.restore(model.state())
        self._g[:] = np.nan  # a model that writes elsewhere is stopped at once

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Update]:
        """Train to the end, one update a turn. Ctrl-C takes effect between updates.

        Raises FloatingPointError, before the update that would spread it, when the loss or the gradient is no longer
        finite; `model` keeps the weights before it. Raises ValueError for a batch without entries.
        """
        while self.done < len(self):
            yield held_back(self._update)

    def _update(self) -> Update:
        self._check_whole()
        k = self.done
        before = self.model.state() if self._model_keeps_state else None
        batch = self.batches[k]
        try:
            loss, _ = self.model.loss_and_gradient(batch, out=self._gradient)
            norm = clip_by_norm(self._g, math.inf if self.clip is None else self.clip)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise FloatingPointError(f"update {k + 1}: loss {loss}, gradient norm {norm}; stopped")
        except BaseException as error:
            if before is not None:
                self.model.restore(before)
            if isinstance(batch, tuple) and 0 in map(np.size, batch):
                said = f"batches[{k}] must hold at least one step and sequence"
                raise ValueError(f"{said}, got shapes {[*map(np.shape, batch)]}") from error
            raise
        self._broken = True
        self.optimiser.update(self._theta, self._g)
        self.losses[k], self.norms[k], self.done = loss, norm, k + 1
        self._broken = False
        return Update(k + 1, float(loss), float(norm))

    def checkpointed(self, path: Place, every: int = 1000) -> Iterator[Update]:
        """Train as iterating does, saving to `path` at once, every so many updates, at the end, and on Ctrl-C.

        Where `path` exists, the run first takes up from there. All that can go wrong with the file does so here,
        before the first update: see `save` and `resume`. Raises ValueError for `every` below 1.
        """
        as_size("every", every)
        if Path(path).exists():
            self.resume(path)
        if self.done < len(self):
            self.save(path)
        return self._saving(path, every)

    def _saving(self, path: Place, every: int) -> Iterator[Update]:
        first = self.done + 1
        try:
            for update in self:
                if update.number % every == 0 or update.number == len(self):
                    self.save(path)
                elif update.number == first:
                    self._check_held(*self._parts())
                yield update
        except KeyboardInterrupt:
            if not self._broken:
                self.save(path)
            raise

    def save(self, path: Place) -> None:
        """Write the run to `path` (.npz, no pickle): under a new name first, so that a kill leaves the old file.

        Raises OSError where it cannot be written, FloatingPointError where a weight is no longer finite, and TypeError
        or RuntimeError where the file would not hold all that the next update depends on.
        """
        self._check_held(*self._parts())
        if not np.isfinite(self._theta).all():
            raise FloatingPointError(f"update {self.done} left weights that are not finite: not saved")
        own = {"done": np.array(self.done), "identity": np.array(json.dumps(self._identity))}
        checkpoint.write(path, self._vectors() | own | checkpoint.states(self._parts()))

    def resume(self, path: Place) -> None:
        """Take up the run saved at `path`. The weights are then, bit for bit, what they were.

        Raises ValueError, leaving both the file and this run as they are, when the file is not a whole checkpoint
        or one of another run: other model, initial weights, batches, optimiser or clip. It says what differs.
        """
        saved = checkpoint.read(path)
        identity = json.loads(str(saved.get("identity", "{}")))
        if other := checkpoint.differences(identity, self._identity | self._described("batches", "clip")):
            said = "is the checkpoint of another run; name another file or move it away"
            raise ValueError(f"{path} {said}. {other}")
        try:
            for name, place in self._vectors().items():
                if (saved[name].shape, saved[name].dtype) != (place.shape, place.dtype):
                    raise ValueError(f"{name} must be {place.shape} {place.dtype}, got {saved[name].shape}")
            if not 0 <= operator.index(saved["done"].item()) <= len(self):
                raise ValueError(f"done must be from 0 to {len(self)}, got {saved['done']}")
            optimiser = self._restored(saved)["optimiser"]  # what fails in copies changes nothing
            copy.deepcopy(optimiser).update(saved["theta"].copy(), np.zeros_like(self._theta))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not hold all of this run: {error}") from error
        held_back(lambda: self._take(saved, optimiser))

    def _take(self, saved: dict[str, Array], optimiser: Optimiser) -> None:
        for name, place in self._vectors().items():
            place[:] = saved[name]
        checkpoint.restore({"model": self.model}, saved)
        self.optimiser, self.done, self._broken = optimiser, saved["done"].item(), False

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: all but the vectors, whose views a pickle would cut."""
        self._check_held("model")
        return {n: value for n, value in vars(self).items() if n not in ("_theta", "_g", "_gradient")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.losses, self.norms = np.array((self.losses, self.norms))  # arrays of its own, where it may write
        self.optimiser.restore(self.optimiser.state())
        self._place(self.model)

    def __copy__(self) -> Training:
        return copy.deepcopy(self)

    def _vectors(self) -> dict[str, Array]:
        return {"theta": self._theta, "losses": self.losses, "norms": self.norms}

    def _parts(self) -> dict[str, Any]:
        """What an update depends on."""
        return {name: getattr(self, name) for name in ("model", "batches", "optimiser", "clip")}

    def _described(self, *parts: str) -> checkpoint.Description:
        return checkpoint.identity({name: getattr(self, name) for name in parts}, self._theta)

    def _restored(self, saved: dict[str, Array]) -> dict[str, Any]:
        """Model and optimiser as they would come back: as they were at first, with the states that were saved."""
        model, optimiser = self._first
        parts = {"model": model.with_vector(self._theta), "optimiser": copy.deepcopy(optimiser)}
        checkpoint.restore(parts, saved)
        return parts

    def _check_held(self, *parts: str) -> None:
        """Raises where a checkpoint would not hold all that the next update depends on: it is tried out."""
        self._check_whole()
        restored = checkpoint.identity(self._restored(checkpoint.states(self._parts())), self._theta)
        first = {name: what for name, what in self._identity.items() if name.startswith(("batches", "clip"))}
        checkpoint.check_held(first | restored, self._described(*parts), parts)

    def _check_whole(self) -> None:
        if self._broken:
            raise RuntimeError(f"update {self.done + 1} broke off half made; resume from a checkpoint")


def _check(model: Any, batches: Any, optimiser: Any, clip: Any) -> None:
    needs = {
        "model": (model, "loss_and_gradient", "vector", "with_vector"),
        "batches": (batches, "__len__", "__getitem__"),
        "optimiser": (optimiser, "update", "state", "restore"),
    }
    for name, (value, *methods) in needs.items():
        if isinstance(value, type) or not all(hasattr(value, method) for method in methods):
            got = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
            raise TypeError(f"{name} must be an object with {', '.join(methods)}, got {got}")
    if len(batches) == 0:
        raise ValueError("batches must hold at least one batch, got none")
    if (dtype := model.vector().dtype) not in (np.float32, np.float64):
        raise TypeError(f"model must have weights in float32 or float64 to be trained, got {dtype}")
    if any(np.any(array) for array in optimiser.state().values()):
        raise ValueError(
            "optimiser must be a new one, got one that has made updates and would go on from them"
        )
    if clip is not None and not as_number("clip", clip) > 0:
        raise ValueError(f"clip must be above 0, or None for no limit, got {clip}")

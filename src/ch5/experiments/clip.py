"""What a clip is for (C12): the original run at several learning rates, with three clips, 12 seeds each

    none          no clip
    outliers      a limit of 5 on the mean's gradient, three to five times the usual norm at rate 0.5
    every step    the original run's limit of 5/32, which nearly every gradient exceeds: the limit sets the step
    scheduled     no clip; in each epoch the mean effective rate that the clipped run of the same seed had there

The effective rate of an update is rate x min(1, limit / norm), what the gradient was in the end multiplied with.
A point is one clip and rate; its seeds are trained side by side. The path after a run is damaged depends on rounding.

    LOOKED     the arms whose weights are looked at every `EVERY` updates: spectral radius and mean slope along 20
               windows from a zero state; of the arm that breaks also the largest gradient norm since the last look
    CLOSELY    the runs at 0.5 without a clip again, every update looked at around the first damage of each
    CONTINUED  the same runs taken up again from their last weights, for some epochs, three ways

The first damage of a run is the first look from which on radius or slope stays outside the range of runs that do not
break: over all updates of the twelve with the clip at 0.5 and the twelve without one at 0.2.

A result    epochs (R, 15), the mean losses; first (R, 20), the first losses; norms, largest, clipped, effective
            (R, 15): by epoch the median and largest norm, the share clipped, the mean effective rate; radius, slope
            (R,) at the end; range, by name the lowest and highest over seeds (2, updates / EVERY); path, of the runs
            at 0.5 without a clip, by name (R, updates / EVERY)
Takes       Ten minutes of one core, and two each for what is taken up again and looked at closely.
Read        book/chapters/deeper_clip.ipynb     Tested   tests/test_clip.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ch5.data import text
from ch5.engine import bptt, initialise
from ch5.engine.batches import Shuffled
from ch5.engine.weights import Array
from ch5.experiments.original import CLIP, EPOCHS, RATE, STEPS, opening, original_run
from ch5.experiments.record import Experiment, Recorded
from ch5.experiments.side_by_side import SideBySide

LIMITS = {"none": np.inf, "outliers": 5.0, "every step": CLIP, "scheduled": np.inf}
CALLED = {
    "none": "no clip",
    "outliers": "clip for outliers",
    "every step": "clip at every step",
    "scheduled": "its schedule, no clip",
}
ARMS = (
    ("none", 0.5),
    ("every step", 0.5),
    ("none", 0.2),
    ("outliers", 0.5),
    ("scheduled", 0.5),
    ("none", 0.05),
    ("every step", 1.0),
    ("none", 0.3),
)
SEEDS = tuple(range(1, 13))
LOOKED = ARMS[:3]
EVERY = 10
WAYS = {
    "as before": (RATE, np.inf),
    "a tenth of the rate": (RATE / 10, np.inf),
    "with the clip": (RATE, CLIP),
}
LONGER = 5  # epochs
BROKEN = 2.5  # nats: a run whose last epoch loses more; with the original clip none does from epoch 6 on
FIRST_DAMAGE = (4780, 1460, 1750, 5680, 1040, 520, 4700, 730, 1050, 2180, 4150, 1310)  # updates, as recorded
BEFORE, AFTER = 20, 10  # updates looked at around it


class Runs:
    """The original runs of all seeds side by side: their weights, and their windows in each seed's own order."""

    def __init__(self, seeds: Sequence[int]) -> None:
        runs = [original_run(seed) for seed in seeds]
        self.side = SideBySide([run.model for run in runs])
        self.inputs, self.targets = text.windows(opening()[1], STEPS)
        orders = [run.batches.order[:, 0] for run in runs if isinstance(run.batches, Shuffled)]
        self.order = np.stack(orders).reshape(len(runs), EPOCHS, -1)

    def epoch(
        self, k: int, rate: float | Array, limit: float, looks: list[Any] | None
    ) -> tuple[Array, Array]:
        """Train through epoch k, looking at the weights where a list for it is given: losses, norms (updates, R)."""
        losses, norms = np.empty((2, self.order.shape[2], len(self.order)))
        for i, at in enumerate(self.order[:, k].T):
            losses[i], norms[i] = self.side.update(self.inputs[:, at].T, self.targets[:, at].T, rate, limit)
            done = k * len(norms) + i + 1
            if looks is not None and done % EVERY == 0:
                looks.append([*self.ends(), norms[max(0, i + 1 - EVERY) : i + 1].max(axis=0)])
        return losses, norms

    def ends(self) -> tuple[Array, Array]:
        """Every run's spectral radius, and its mean slope along 20 of the windows: (R,), (R,)."""
        _, W_hh, *_ = self.side.weights
        windows = self.inputs[:, ::47]
        each = [self.side.states(np.tile(window, (len(W_hh), 1)))[1:] for window in windows.T]
        slope = 1 - np.mean(np.square(each), axis=(0, 1, 3))
        return np.abs(np.linalg.eigvals(W_hh)).max(axis=-1), slope


def effective(norms: Array, rate: float | Array, limit: float) -> Array:
    """What each gradient was multiplied with: (updates, R) -> (updates, R)."""
    return rate * np.minimum(1, limit / norms)


def schedule(seeds: Sequence[int]) -> Array:
    """By epoch and seed the mean effective rate of the original run: (15, R)."""
    runs = Runs(seeds)
    norms = [runs.epoch(k, RATE, CLIP, None)[1] for k in range(EPOCHS)]
    return np.array([effective(n, RATE, CLIP).mean(axis=0) for n in norms])


def measure(clip: str, rate: float, seeds: Sequence[int], looked: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The runs of one arm, by epoch; what was seen of their weights where the arm is one of those looked at."""
    runs, limit = Runs(seeds), LIMITS[clip]
    rates = schedule(seeds) if clip == "scheduled" else [rate] * EPOCHS
    looks: list[Any] | None = [] if [clip, rate] in [list(arm) for arm in looked] else None
    found: dict[str, list[Array]] = {n: [] for n in ("epochs", "norms", "largest", "clipped", "effective")}
    for k, at in enumerate(rates):
        losses, norms = runs.epoch(k, at, limit, looks)
        if k == 0:
            first = losses[:20].T
        found["epochs"].append(losses.mean(axis=0))
        found["norms"].append(np.median(norms, axis=0))
        found["largest"].append(norms.max(axis=0))
        found["clipped"].append((norms > limit).mean(axis=0))
        found["effective"].append(effective(norms, at, limit).mean(axis=0))
    radius, slope = runs.ends()
    result = {name: np.transpose(rows) for name, rows in found.items()}
    result |= {"first": first, "radius": radius, "slope": slope}
    if looks is None:
        return result
    rows = np.moveaxis(np.array(looks), 0, 2).round(3)
    seen = dict(zip(("radius", "slope", "norm"), rows, strict=True))
    ranges = {name: [runs_.min(axis=0), runs_.max(axis=0)] for name, runs_ in seen.items()}
    return result | {"range": ranges} | ({"path": seen} if (clip, rate) == ("none", 0.5) else {})


def healthy(recorded: Recorded) -> dict[str, tuple[float, float]]:
    """The lowest and highest radius and slope that runs take which do not break, at any update."""
    ranges = [recorded.where(clip=clip, rate=rate)[0]["range"] for clip, rate in LOOKED[1:]]
    return {
        n: (float(np.min([r[n] for r in ranges])), float(np.max([r[n] for r in ranges])))
        for n in ("radius", "slope")
    }


def left_for_good(path: Array, low: Array | float, high: Array | float) -> Array:
    """The first look from which on a path stays outside, N where it ends inside: (R, N) -> (R,)."""
    inside = (path >= low) & (path <= high)
    return np.where(inside.any(axis=1), path.shape[1] - inside[:, ::-1].argmax(axis=1), 0)


def first_damage(recorded: Recorded) -> Array:
    """The number of the update at which each run's first damage is seen: (R,)."""
    path = recorded.where(clip="none", rate=RATE)[0]["path"]
    left = [left_for_good(np.array(path[name]), *ends) for name, ends in healthy(recorded).items()]
    return EVERY * (np.min(left, axis=0) + 1)


def first_broken(result: dict[str, Any]) -> Array:
    """The first epoch whose mean loss is above `BROKEN`, the very first apart: (R,); 16 where none is."""
    lost = np.array(result["epochs"])[:, 1:] > BROKEN
    return np.where(lost.any(axis=1), lost.argmax(axis=1) + 2, EPOCHS + 1)


def closely(rate: float, seeds: Sequence[int], at: Sequence[int], before: int, after: int) -> dict[str, Any]:
    """Each run from `before` updates before `at` to `after` after it: (R, before + after + 1) each.

    By name: radius and slope after each update, norm and loss before it.
    """
    runs, rows = (
        Runs(seeds),
        {n: np.zeros((len(seeds), before + after + 1)) for n in ("radius", "slope", "norm", "loss")},
    )
    for done, update in enumerate(runs.order.reshape(len(seeds), -1).T[: max(at) + after], 1):
        losses, norms = runs.side.update(runs.inputs[:, update].T, runs.targets[:, update].T, rate, np.inf)
        for r in np.flatnonzero(np.abs(done - np.array(at) + (before - after) / 2) <= (before + after) / 2):
            cell, column = runs.side.model(int(r)).cell, done - at[int(r)] + before
            h, _ = bptt.unroll(cell, runs.inputs[:, ::47])
            seen = initialise.spectral_radius(cell.W_hh), cell.linearise(h).mean(), norms[r], losses[r]
            for row, value in zip(rows.values(), seen, strict=True):
                row[r, column] = value
    return dict(rows)


def go_on(rate: float, seeds: Sequence[int], longer: int) -> dict[str, Any]:
    """The runs without a clip, then more epochs from where they ended, by each of WAYS.

    before, slope (R,): the last epoch's mean loss and the mean slope there; cell, readout (R,): the median norms of
    the two parts of the gradient over 100 windows. By way epochs (R, longer), and radius and slope (R,) at the end.
    """
    runs = Runs(seeds)
    for k in range(EPOCHS):
        losses, _ = runs.epoch(k, rate, np.inf, None)
    broken, parts = runs.side.theta.copy(), []
    for at in runs.order[:, 0, :100].T:
        runs.side.update(runs.inputs[:, at].T, runs.targets[:, at].T, 1.0, np.inf)
        parts.append([np.sqrt(sum((g.reshape(len(g), -1) ** 2).sum(axis=1) for g in part)) for part in
                      (runs.side.gradient[:3], runs.side.gradient[3:])])  # fmt: skip
        runs.side.theta[:] = broken
    cell, readout = np.median(parts, axis=0)
    found: dict[str, Any] = {
        "before": losses.mean(axis=0),
        "slope": runs.ends()[1],
        "cell": cell,
        "readout": readout,
    }
    found["ways"] = {}
    for name, (way_rate, limit) in WAYS.items():
        runs.side.theta[:] = broken
        means = [runs.epoch(k, way_rate, limit, None)[0].mean(axis=0) for k in range(longer)]
        radius, slope = runs.ends()
        found["ways"][name] = {"epochs": np.transpose(means), "radius": radius, "slope": slope}
    return found


EXPERIMENT = Experiment(
    "clip", measure, {"seeds": SEEDS, "looked": LOOKED}, [{"clip": clip, "rate": rate} for clip, rate in ARMS]
)
CLOSELY = Experiment(
    "clip_closely",
    closely,
    {"seeds": SEEDS, "at": FIRST_DAMAGE, "before": BEFORE, "after": AFTER},
    [{"rate": RATE}],
)
CONTINUED = Experiment("clip_continued", go_on, {"seeds": SEEDS, "longer": LONGER}, [{"rate": RATE}])

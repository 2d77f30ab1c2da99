"""The original run with one thing changed, in float64: what the reader's own runs in the lab are held against.

    radius    of the initial W_hh, which is scaled as a whole; None for the one that was drawn
    window    8 instead of 32: each window is cut into quarters, read in the same order, four times as many updates
    clip      None for none

Read     book/chapters/06_alice.ipynb     Tested   tests/test_original_changed.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.data import text
from ch5.engine import initialise
from ch5.engine.optimise import SGD
from ch5.engine.train import Shuffled, Training
from ch5.experiments import original
from ch5.experiments.record import Experiment

CHANGES: dict[str, dict[str, Any]] = {
    "windows of 8": {"window": 8},
    "radius 2.5": {"radius": 2.5},
    "no clip": {"clip": None},
}
SEEDS = (1, 2, 3, 4, 5)


def training(
    seed: int,
    radius: float | None = None,
    rate: float = original.RATE,
    window: int = original.STEPS,
    clip: float | None = original.CLIP,
) -> Training:
    """The run, from the float32 weights of the original, ready to be iterated over.

    Raises ValueError for a window that does not divide the original's 32 steps.
    """
    if window < 1 or original.STEPS % window:
        raise ValueError(f"window must divide {original.STEPS}, got {window}")
    run = original.original_run(seed)
    batches: Any = run.batches  # shuffled windows
    model = run.model.with_vector(run.model.vector().astype(np.float64))
    if radius is not None:
        model.cell.W_hh[:] *= radius / initialise.spectral_radius(model.cell.W_hh)
    _, ids = original.opening()
    parts = original.STEPS // window
    order = (parts * batches.order + np.arange(parts)).reshape(-1, 1)
    return Training(model, Shuffled(*text.windows(ids, window), order), SGD(rate), clip)


def measure(*, change: str, seed: int, changes: Any) -> dict[str, Any]:
    """Each epoch's mean loss, and the radius of W_hh at the end."""
    run = training(seed, **changes[change])
    for _ in run:
        pass
    radius = initialise.spectral_radius(run.model.cell.W_hh)
    return {"epochs": run.losses.reshape(original.EPOCHS, -1).mean(axis=1), "radius": radius}


EXPERIMENT = Experiment(
    "original_changed",
    measure,
    {"changes": CHANGES},
    [{"change": change, "seed": seed} for change in CHANGES for seed in SEEDS],
)

"""The lab: the original run, trained by the reader on the page, in JavaScript, with no kernel.

    cell.js   the cell's forward and backward pass and the update, beside `ch5.networks.scalar` its third version
    run.js    a run of it, in a Worker: order of windows, what is measured at which update
    lab.js    the panel of controls, with its parts in parts.js, engine.js, panels.js and lab.css

What a page cannot draw it is given, when the panel is near: for the seed the initial weights, the order of the windows
and the spectral radius of W_hh (scaling by a radius computed elsewhere would not give the same weights).

Names    a seed's bytes are seed and radius float64, weights float32 in the order of the model's arrays, order uint16
Read     book/chapters/06_alice.ipynb     Tested   tests/test_lab.py, tests/browser/test_training.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from ch5.book import sliders
from ch5.engine import initialise
from ch5.engine.train import Training
from ch5.engine.weights import Array
from ch5.experiments import original

FOLDER = Path(__file__).parent
SEEDS = (1, 2, 3, 4, 5)
RADII = np.linspace(0.1, 2.5, 49)
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
WINDOWS = (8, 32)  # the shorter are quarters of the longer, in the same order
LAGS = 40
# Axes of the loss: their top, and their ticks.
TOPS = [
    [4.5, [2, 3, 4]],
    [8, [2, 4, 6]],
    [16, [4, 8, 12]],
    [40, [10, 20, 30]],
    [100, [25, 50, 75]],
    [1000, [250, 500, 750]],
]
PROMPT, TEMPERATURE, CHARACTERS = "Alice ", 0.8, 200  # what the network writes

HINT = "Change one thing and train again: the previous run stays as a dashed line."
# Label, what differs from the original run, sentence. tests/test_lab.py asserts what the sentences say.
PLACES: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "The original run",
        {},
        "Fifteen epochs bring it to about two nats, and a trigram still wins. All the while the gradient falls to a "
        "hundredth within 20 steps.",
    ),
    (
        "Windows of 8",
        {"window": 8},
        "No gradient goes back more than eight steps; there are four times as many updates. The loss ends no higher.",
    ),
    (
        "Radius 2.5",
        {"radius": 2.5},
        "A chaotic start: the gradient grows with the lag. The loss falls all the same, but after fifteen epochs it is "
        "still more than a tenth of a nat behind the original run's.",
    ),
    (
        "No clip",
        {"clip": "off"},
        "The steps are about eleven times as long. Within seven epochs what was learned is undone, and the loss stays "
        "above that of the first epoch; the recurrent matrix is left with more than ten times its initial radius.",
    ),
)


def source(name: str) -> str:
    """The text of one of the files of JavaScript."""
    return (FOLDER / name).read_text("utf-8")


def radius_of(run: Training) -> float:
    """The spectral radius of W_hh, in float64."""
    return initialise.spectral_radius(run.model.cell.W_hh.astype(float))


def given(seed: int) -> bytes:
    """What the page needs of a seed: the radius of W_hh, the initial weights, the window of each update."""
    run = original.original_run(seed)
    batches: Any = run.batches  # shuffled windows
    weights = np.concatenate([array.ravel() for array in run.model.arrays().values()])
    parts = (
        np.array([seed, radius_of(run)], "<f8"),
        weights.astype("<f4"),
        batches.order.astype("<u2"),
    )
    return b"".join(part.tobytes() for part in parts)


class Lab(anywidget.AnyWidget):
    """The control panel. `seed` is the reader's choice, 0 until the panel is near; `given` is what goes with it."""

    _esm = sliders.source("draw.js") + "".join(map(source, ("parts.js", "engine.js", "panels.js", "lab.js")))
    _css = sliders.source("slider.css") + source("lab.css")
    code = traitlets.Unicode().tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    given = traitlets.Bytes().tag(sync=True)

    def __init__(self, seeds: Array, levels: Mapping[str, float]) -> None:
        """seeds (S, E) are recorded losses by epoch, levels what other models lose on the same text, by name (nats).

        Raises ValueError where seeds do not have the run's number of epochs.
        """
        seeds = np.asarray(seeds)
        if seeds.ndim != 2 or seeds.shape[1] != original.EPOCHS:
            raise ValueError(f"seeds must have shape (S, {original.EPOCHS}), got {seeds.shape}")
        vocabulary, ids = original.opening()
        figure = {
            "text": vocabulary.decode(ids),
            "vocabulary": vocabulary.characters,
            "hidden": original.HIDDEN,
            "epochs": original.EPOCHS,
            "prompt": PROMPT,
            "temperature": TEMPERATURE,
            "u": np.random.default_rng(0).random(CHARACTERS).tolist(),
            "seeds": list(SEEDS),
            "own": [radius_of(original.original_run(seed)) for seed in SEEDS],
            "radii": RADII.round(2).tolist(),
            "rates": list(RATES),
            "rate": original.RATE,
            "windows": list(WINDOWS),
            "clip": original.CLIP,
            "lags": list(range(LAGS + 1)),
            "tops": TOPS,
            "places": [{"label": a, "settings": b, "sentence": c} for a, b, c in PLACES],
            "hint": HINT,
            "low": seeds.min(axis=0).tolist(),
            "high": seeds.max(axis=0).tolist(),
            "published": [[epoch, loss] for epoch, loss in original.PUBLISHED.items()],
            "levels": [[name, float(level)] for name, level in levels.items()],
        }
        code = source("cell.js") + source("run.js")
        super().__init__(code=code, figure=figure)

    @traitlets.observe("seed")
    def _hand_over(self, change: Any) -> None:
        """With a kernel the page asks Python for a seed; without one it loads a file of the site."""
        self.given = given(change["new"])

    def __repr__(self) -> str:
        """The same on every run: notebooks compare it."""
        return "Lab(the original run)"

"""What training does to slopes, spectrum and gradients, and what happens when the clip is taken out.

The original run (see `ch5.experiments.original`) three ways: as it is; without its clip; and from first
matrices W_hh scaled to a given spectral radius. Along the way: how far gradients reach; spikes, the windows
whose gradient is `FAR` times as long as usual; and the event, the first spike whose loss after its own
update is worse than that of guessing.

Read     book/chapters/07_measured.ipynb     Tested   tests/test_price.py
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from ch5.analysis import jacobian
from ch5.engine import bptt, initialise
from ch5.engine.optimise import SGD
from ch5.engine.train import Training
from ch5.engine.weights import Array
from ch5.experiments.original import CLIP, EPOCHS, RATE, epoch_means, opening, original_run
from ch5.experiments.record import Experiment
from ch5.networks.cell import VanillaCell
from ch5.networks.sequence import SequenceModel

LAGS, ENDS, READ = 60, 40, 2000  # lags looked at, ends they are counted from, characters read
FAR, USUAL = 20, 1000  # how far above the median of the last `USUAL` norms
BEFORE, AFTER = 40, 80  # updates kept around an event
BINS = np.linspace(0, 1, 21)
LOOKED = (1, 2, 3, 5, 8, 10, 15)  # epochs after which the network is looked at
NOTHING = -700.0  # stands for the log of 0, which JSON cannot hold


def profile(cell: VanillaCell, ids: Array, rng: np.random.Generator) -> dict[str, Any]:
    """One network on the first READ characters, the state carried: spectrum, slopes, and gradients by lag.

    `lags` (3, LAGS + 1) are the quartiles of log |dh_{t-k}| over ends t and random unit vectors dh_t.
    """
    h, _ = bptt.unroll(cell, ids[:READ])
    slope = cell.linearise(h).astype(float)
    ends = np.linspace(LAGS + 40, READ, ENDS).astype(int)
    windows = np.stack([slope[end - LAGS : end] for end in ends], axis=1)
    g = rng.standard_normal((4, ENDS, len(cell.b)))
    lags = jacobian.log_gradient_norms(cell.W_hh, windows, g / np.linalg.norm(g, axis=-1, keepdims=True))
    (exponent,) = jacobian.lyapunov_exponents(cell.W_hh, slope, 1, rng, skip=100)
    return {
        "radius": initialise.spectral_radius(cell.W_hh),
        "sigma_max": np.linalg.norm(cell.W_hh, 2),
        "non_normality": jacobian.non_normality(cell.W_hh),
        "slope": slope.mean(),
        "largest_slope": slope.max(),
        "histogram": np.histogram(slope, BINS)[0] / slope.size,
        "exponent": max(exponent, NOTHING),
        "lags": np.quantile(np.maximum(lags, NOTHING).reshape(LAGS + 1, -1), [0.25, 0.5, 0.75], axis=1),
    }


def prepared(seed: int, clip: bool, radius: float | None) -> Training:
    """The original run of this seed, without its clip or with W_hh scaled to a radius if asked."""
    run = original_run(seed, clip=CLIP if clip else None)
    if radius is None:
        return run
    cell, readout = run.model
    W_hh = initialise.with_spectral_radius(cell.W_hh, radius).astype(cell.W_hh.dtype)
    first = SequenceModel(VanillaCell(cell.W_xh, W_hh, cell.b), readout)
    return Training(first, run.batches, SGD(RATE), run.clip)


def moment(run: Training, number: int, before: Array, after: Array) -> dict[str, Any]:
    """Update `number` of a run, from the weights `before` (P,) to `after`, looked at on its own window.

    `loss` and `norm` are those before it; `grown` is the log of the largest singular value that a product
    of Jacobians ending at the window's last step has, over all lags. The rest is what it left behind.
    """
    old, new, batch = run.model.with_vector(before), run.model.with_vector(after), run.batches[number - 1]
    h, _ = bptt.unroll(old.cell, batch[0][:, 0])
    products = jacobian.log_product_norms(old.cell.W_hh, old.cell.linearise(h))
    h, _ = bptt.unroll(new.cell, batch[0])
    return {
        "update": number,
        "loss": run.losses[number - 1],
        "norm": run.norms[number - 1],
        "grown": products.max(),
        "after": new.losses(*batch)[0].mean(),
        "radius": initialise.spectral_radius(new.cell.W_hh),
        "slope": new.cell.linearise(h).mean(),
    }


def value_limit(g: Array, length: float) -> float:
    """The limit at which clipping g (P,) by value leaves a vector of this length, shorter than g."""
    if not 0 < length < np.linalg.norm(g):
        raise ValueError(f"length must be above 0 and below {np.linalg.norm(g):.3g}, got {length}")
    low, high = 0.0, float(np.abs(g).max())
    for _ in range(60):
        middle = (low + high) / 2
        longer = np.linalg.norm(np.clip(g, -middle, middle)) > length
        low, high = (low, middle) if longer else (middle, high)
    return high


def angle(a: Array, b: Array) -> float:
    """The angle between two vectors (P,), in degrees; from their difference, so that 0 comes out as 0."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def measure(seed: int, clip: bool, radius: float | None) -> dict[str, Any]:
    """All 15 epochs of one run: losses, profiles by epoch, the spikes, and the updates around what broke it.

    `spikes` are the updates with a norm `FAR` times the usual, the first 50 of them. `event` is the number
    of the first that also ends worse than guessing, None where there is none. `around` are the updates
    around it, or around the first spike where there is no event.
    """
    run = prepared(seed, clip, radius)
    rng = np.random.default_rng([seed, 1])
    vocabulary, ids = opening()
    epoch = len(run) // EPOCHS
    profiles = {0: profile(run.model.cell, ids, rng)}
    spikes: list[dict[str, Any]] = []
    event, around = None, []
    recent: deque[tuple[int, Array, Array]] = deque(maxlen=BEFORE + 1)
    last = 0  # the last update to be added to `around`
    after = run.model.vector()
    for number, _, norm in run:
        before, after = after, run.model.vector()
        recent.append((number, before, after))
        if number <= last:
            around.append(moment(run, *recent[-1]))
        usual = np.median(run.norms[max(0, number - 1 - USUAL) : number - 1]) if number > 100 else np.inf
        if norm > FAR * usual:
            spike = moment(run, *recent[-1]) | {"usual": usual}
            spikes = [*spikes, spike][:50]
            breaks = event is None and spike["after"] > np.log(len(vocabulary))
            if breaks or len(spikes) == 1:
                event = number if breaks else None
                around = [moment(run, *update) for update in recent]
                last = number + AFTER
        if number % epoch == 0 and number // epoch in LOOKED:
            profiles[number // epoch] = profile(run.model.cell, ids, rng)
    for k in set(profiles) - {0, EPOCHS}:
        del profiles[k]["lags"]  # of use at first and at last
    return {
        "epochs": epoch_means(run.losses),
        "first": run.losses[:20],
        "first_norms": run.norms[:20],
        "norms": np.median(run.norms.reshape(EPOCHS, -1), axis=1),
        "clipped": (run.norms > CLIP).reshape(EPOCHS, -1).mean(axis=1),
        "event": event,
        "spikes": spikes,
        "around": {name: [one[name] for one in around] for name in (around[0] if around else ())},
        "profiles": {str(k): found for k, found in profiles.items()},
    }


EXPERIMENT = Experiment(
    "price",
    measure,
    {},
    [{"seed": seed, "clip": False, "radius": None} for seed in range(1, 13)]
    + [{"seed": seed, "clip": True, "radius": None} for seed in range(1, 13)]
    + [
        {"seed": seed, "clip": True, "radius": radius}
        for radius in (0.3, 1.0, 1.3, 1.6)
        for seed in (1, 2, 3)
    ],
)

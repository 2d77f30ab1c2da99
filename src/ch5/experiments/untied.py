"""Is the price for sharing, or for composition? (C19) The cell beside a network with weights of its own at every step

Both read *Alice* in windows of 32 characters from a zero state and predict the next character through one readout, the
same for all steps. Tied, one W_xh, W_hh and b serve the 32 steps; untied, each step has its own, drawn independently
in the same way. Every other thing is the same: text, batches, Adam, its rate, clip, number of updates.

    gain     W_hh Gaussian of standard deviation gain/sqrt(H), or "uniform" in ±1/sqrt(H), which has gain 0.58;
             W_xh and readout uniform by fan-in, biases zero
    product  J_t = diag(1 - h_t^2) W_hh^t along windows of the held-out tail

A result     for tied and untied: loss, on the tail by the network trained, loss_by_step (32,); parameters; early
             (20,), the first losses; and, at the "first" weights and the "last":
             lags (3, 33)  quartiles of log |dh_{32-k}| over windows and random unit vectors dh_32
             exponent      its mean growth per step from lag 4 to lag 28: the steps near either end are left out
             product       the mean log of the largest singular value of dh_32/dh_0
             slope         the mean slope; radius, of every step's W_hh the mean spectral radius
Takes        Five minutes of one core.
Read         book/chapters/04_jacobian.ipynb     Tested   tests/test_untied.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.analysis import jacobian
from ch5.data.text import Ids
from ch5.engine import initialise
from ch5.engine.optimise import Adam
from ch5.engine.train import Training
from ch5.engine.weights import Array
from ch5.experiments import alice
from ch5.experiments.record import Experiment
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel
from ch5.networks.untied import UntiedModel

STEPS, WINDOWS = 32, 64
INNER = (4, 28)  # the lags between which the exponent is taken
SEEDS = range(1, 11)
GAINS = ("uniform", 1.0, 1.5, 2.5)
SETTINGS = {"hidden": 64, "updates": 300, "batch": 32, "rate": 0.005, "clip": 1.0}
Model = SequenceModel[VanillaCell] | UntiedModel


@dataclass(frozen=True)
class Anywhere:
    """Windows of 33 characters that begin anywhere in a text; batch k is drawn from (seed, k)."""

    ids: Ids
    seed: int
    updates: int
    batch: int

    def __len__(self) -> int:
        return self.updates

    def __getitem__(self, k: int) -> tuple[Array, Array]:
        starts = np.random.default_rng([self.seed, k]).integers(len(self.ids) - STEPS, size=self.batch)
        window = self.ids[starts + np.arange(STEPS + 1)[:, None]]
        return window[:-1], window[1:]


def models(gain: float | str, seed: int, hidden: int) -> dict[str, Any]:
    """The two at their initial weights, float32; the tied cell is the untied network's first."""
    rng, V = np.random.default_rng(seed), len(alice.book()[0])
    cells = []
    for _ in range(STEPS):
        W_hh = (
            initialise.uniform(rng, hidden, hidden)
            if gain == "uniform"
            else initialise.gaussian(rng, hidden, float(gain))
        )
        cells.append(VanillaCell(initialise.uniform(rng, hidden, V), W_hh, np.zeros(hidden)))
    output = Readout.initialise(rng, V, hidden)
    tied, untied = SequenceModel(cells[0], output), UntiedModel.of(cells, output)
    return {"tied": tied.astype(np.float32), "untied": untied.astype(np.float32)}


def tail() -> tuple[Ids, Ids]:
    """Inputs and targets of 64 windows spread over the held-out tail: (32, 64) each."""
    _, ids, first = alice.book()
    starts = np.linspace(first, len(ids) - STEPS - 1, WINDOWS).astype(int)
    window = ids[starts + np.arange(STEPS + 1)[:, None]]
    return window[:-1], window[1:]


def matrices_and_slopes(model: Model, x: Ids) -> tuple[Array, Array]:
    """W_hh at every step and the slopes along the windows: (32, H, H), (32, B, H), float64."""
    if isinstance(model, UntiedModel):
        W_hh, h = model.W_hh, model.states(x)
    else:
        W_hh = np.broadcast_to(model.cell.W_hh, (STEPS, *model.cell.W_hh.shape))
        h = np.zeros((STEPS + 1, x.shape[1], len(model.cell.b)))
        for t in range(STEPS):
            h[t + 1], _ = model.cell.step(model.cell.drive(x[t]), h[t])
    return W_hh.astype(float), 1 - h[1:].astype(float) ** 2


def profile(model: Model, seed: int) -> dict[str, Any]:
    """The product of Jacobians along the tail's windows."""
    W_hh, slope = matrices_and_slopes(model, tail()[0])
    g = np.random.default_rng([seed, 1]).standard_normal((4, *slope.shape[1:]))
    logs = jacobian.log_gradient_norms(W_hh, slope, g / np.linalg.norm(g, axis=-1, keepdims=True))
    early, late = INNER
    return {
        "lags": np.quantile(logs.reshape(STEPS + 1, -1), [0.25, 0.5, 0.75], axis=1),
        "exponent": (logs[late] - logs[early]).mean() / (late - early),
        "product": jacobian.log_product_norms(W_hh, slope[:, ::8])[-1].mean(),
        "slope": slope.mean(),
        "radius": np.abs(np.linalg.eigvals(W_hh)).max(axis=-1).mean(),
    }


def measure(
    gain: float | str, seed: int, hidden: int, updates: int, batch: int, rate: float, clip: float
) -> dict[str, Any]:
    """Both networks: before training, trained on the same batches, after."""
    _, ids, first = alice.book()
    found = {}
    for name, model in models(gain, seed, hidden).items():
        run = Training(model, Anywhere(ids[:first], seed, updates, batch), Adam(rate), clip)
        before = profile(model, seed)
        for _ in run:
            pass
        losses = run.model.losses(*tail())
        losses = losses[0] if name == "tied" else losses
        found[name] = {
            "parameters": model.size,
            "early": run.losses[:20],
            "loss": losses.mean(),
            "loss_by_step": losses.mean(axis=1),
            "first": before,
            "last": profile(run.model, seed),
        }
    return found


def mean_and_half(values: Any) -> tuple[float, float]:
    """The mean of numbers, one a seed, and half the width of its 95 % interval by Student's t for 10 of them."""
    values = np.asarray(values, float)
    if values.shape != (len(SEEDS),):
        raise ValueError(f"values must be {len(SEEDS)} numbers, one a seed, got shape {values.shape}")
    return float(values.mean()), float(2.262 * values.std(ddof=1) / np.sqrt(len(SEEDS)))


EXPERIMENT = Experiment(
    "untied", measure, SETTINGS, [{"gain": gain, "seed": seed} for gain in GAINS for seed in SEEDS]
)

"""The second experiment with three parts (C17, C20): what is chosen is chosen on one, what is reported is of another

    training    the first eight tenths of *Alice*
    validation  the ninth: it chooses each network's learning rate and the epoch whose weights are kept
    test        the last, the tail of `experiments.alice`: read once, by the networks that are kept

    vanilla, lstm, gru      as in `experiments.gates_alice`, a linear readout
    lru, min gru            linear in their state, read through a layer of tanh units as in `linear_horizon`

All have as many parameters as the vanilla cell of 256 units, or a few hundred fewer, and make as many updates, on the
windows of `experiments.alice`, the state carried. Gates that keep start with a bias of one, the LRU's eigenvalues on
the ring 0.9 <= |λ| <= 0.999.

PILOT       every network at its learning rates of GRID, each twice the one before, on one seed of its own; the
            vanilla cell also at 0.006, which had done well on the test part in `experiments.gates_alice`
EXPERIMENT  three other seeds, at the rate of least validation loss there, which lies inside the network's grid

Both together take about three quarters of an hour on one core.

A result    parameters; early (20,), the first losses; loss and validation (epochs,), after each epoch; of the epoch
            that is kept train and test, which the pilot does not read
Read        book/chapters/09_gates_trained.ipynb, 11_linear.ipynb     Tested   tests/test_alice_validated.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.analysis import context
from ch5.data.text import Ids, split
from ch5.engine.train import Training
from ch5.experiments import alice, gates_alice
from ch5.experiments.record import Experiment
from ch5.networks import stream
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import GRU, LSTM
from ch5.networks.linear_recurrence import LRU, MinGRU
from ch5.networks.readout import Readout, TanhReadout
from ch5.networks.sequence import SequenceModel

GATED: dict[str, type[LSTM] | type[GRU] | type[MinGRU]] = {"lstm": LSTM, "gru": GRU, "min gru": MinGRU}
MODELS = ("vanilla", "lstm", "gru", "lru", "min gru")
SETTINGS: dict[str, Any] = {
    "units": {
        "vanilla": alice.SETTINGS["hidden"],
        **gates_alice.SETTINGS["hidden"],
        "lru": 128,
        "min gru": 200,
    },
    "layer": {"lru": 254, "min gru": 269},
    "forget_bias": 1.0,
    **{name: alice.SETTINGS[name] for name in ("window", "epochs", "clip")},
}
GRID = {
    "vanilla": (0.002, 0.004, 0.006, 0.008, 0.016),
    "lstm": (0.004, 0.008, 0.016, 0.032, 0.064, 0.128),
    **dict.fromkeys(("gru", "lru"), (0.002, 0.004, 0.008, 0.016, 0.032)),
    "min gru": (0.002, 0.004, 0.008, 0.016, 0.032, 0.064),
}
PILOT_SEED, SEEDS = 100, (1, 2, 3)


def parts() -> tuple[Ids, int, int]:
    """The text as ids, where its validation part begins, and where its test part does."""
    _, ids, test = alice.book()
    return ids, test - len(split(ids)[1]), test


def make(
    model: str,
    units: dict[str, int],
    layer: dict[str, int],
    forget_bias: float,
    rng: np.random.Generator,
    V: int,
) -> SequenceModel:
    """A network by its name, with its initial weights, float32."""
    H = units[model]
    if model in GATED:
        cell: Any = GATED[model].initialise(rng, H, V, forget_bias)
    else:
        cell = (LRU if model == "lru" else VanillaCell).initialise(rng, H, V)
    read: Readout | TanhReadout
    if model in layer:
        read = TanhReadout.initialise(rng, V, layer[model], cell.state_size)
    else:
        read = Readout.initialise(rng, V, H)
    return SequenceModel(cell, read).astype(np.float32)


def training(model: str, seed: int, units: Any, layer: Any, forget_bias: float, **settings: Any) -> Training:
    """A run that is ready to train on the training part; `training.model.model` is the network."""
    rng = np.random.default_rng(seed)
    ids, validation, _ = parts()
    network = make(model, units, layer, forget_bias, rng, ids.max() + 1)
    return stream.training(network, ids[:validation], rng, **settings)


def train(model: str, seed: int, **settings: Any) -> tuple[SequenceModel, dict[str, Any]]:
    """The network of the epoch that does best on the validation part, and the losses on the way."""
    ids, begins, test = parts()
    run = training(model, seed, **settings)
    kept, validation = run.model.model, []
    for update in run:
        if update.number % (len(run) // settings["epochs"]) == 0:
            validation.append(context.losses_from(run.model.model, ids[:test], begins).mean())
            if validation[-1] == min(validation):
                kept = kept.with_vector(run.model.vector())
    return kept, {
        "parameters": kept.size,
        "early": run.losses[:20],
        "loss": run.losses.reshape(settings["epochs"], -1).mean(axis=1),
        "validation": validation,
    }


def tune(*, model: str, seed: int, **settings: Any) -> dict[str, Any]:
    """One run of the pilot: nothing is read beyond the validation part."""
    return train(model, seed, **settings)[1]


def measure(*, model: str, seed: int, **settings: Any) -> dict[str, Any]:
    """One run, and what the network that is kept loses on the training part and on the test part."""
    kept, result = train(model, seed, **settings)
    ids, begins, test = parts()
    return result | {
        "train": context.losses_from(kept, ids[:begins], context.BEFORE + 1, pieces=128).mean(),
        "test": context.losses_from(kept, ids, test).mean(),
    }


PILOT = Experiment(
    "alice_validated_rates",
    tune,
    SETTINGS,
    [{"model": model, "rate": rate, "seed": PILOT_SEED} for model in MODELS for rate in GRID[model]],
)
RATES = {"vanilla": 0.006, "lstm": 0.064, "gru": 0.008, "lru": 0.016, "min gru": 0.016}
EXPERIMENT = Experiment(
    "alice_validated",
    measure,
    SETTINGS,
    [{"model": model, "rate": RATES[model], "seed": seed} for seed in SEEDS for model in MODELS],
)

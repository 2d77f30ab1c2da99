"""The second experiment again, with gates (C17): an LSTM and a GRU on the whole of *Alice*, at three rates

Text, windows and updates are those of `experiments.alice`; the networks have as many parameters as its 256 units, or
a few hundred fewer, so they are narrower; the vanilla network is trained beside them, its result without the gates.
Initial weights are uniform by fan-in, biases zero but for the gate that keeps, whose bias is one. The rate of 0.002
was not tuned, and no cell is best at it; RATES are two higher ones. A pilot on another seed, of one run each, ended at
1.59, 1.50 and 1.50 nats with an LSTM at rates 0.006, 0.015 and 0.03, 1.48 and 1.49 with a GRU at the first two, 1.53
and 2.66 with the vanilla network.

A result    parameters; early (20,), the first losses; loss and held_out (epochs,); train, on the head
            excess and half (2, GIVEN), as `context.look_back` gives them for the vanilla cell
            gradient (3, LAGS + 1): quartiles of log |d loss_t / d s_{t-k}| - log |d loss_t / d s_t|, s being h and c
            kept (4, LAGS + 1): of the products of k gates that keep, over units and places, these QUANTILES
            keep (4,): of one gate; near_one: the share of gates above 0.9
Names       all but early and loss are of the epoch that does best on the tail (early stopping), which flatters all
            three alike; `experiments.alice_validated` chooses on a part of its own
Read        book/chapters/09_gates_trained.ipynb     Tested   tests/test_gates_alice.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.analysis import context
from ch5.data.text import Ids
from ch5.engine.train import Training
from ch5.experiments import alice
from ch5.experiments.record import Experiment
from ch5.networks import stream
from ch5.networks.gated import GRU, LSTM, gate_product
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

CELLS: dict[str, type[LSTM] | type[GRU]] = {"lstm": LSTM, "gru": GRU}
SETTINGS: dict[str, Any] = {
    "hidden": {"lstm": 121, "gru": 142},
    "forget_bias": 1.0,
    "rate": 0.002,
    **{name: alice.SETTINGS[name] for name in ("window", "epochs", "clip")},
}
NETWORKS = (*CELLS, "vanilla")
QUANTILES = (0.25, 0.5, 0.75, 0.95)


def training(
    cell: str, seed: int, hidden: Any, forget_bias: float, window: int, epochs: int, rate: float, clip: float
) -> Training:
    """A run that is ready to train; `training.model.model` is the network. float32."""
    if cell == "vanilla":
        return alice.training(
            seed, **alice.SETTINGS | {"window": window, "epochs": epochs, "rate": rate, "clip": clip}
        )
    rng = np.random.default_rng(seed)
    vocabulary, ids, first = alice.book()
    V, H = len(vocabulary), hidden[cell]
    output = Readout.initialise(rng, V, H)
    model = SequenceModel(CELLS[cell].initialise(rng, H, V, forget_bias), output).astype(np.float32)
    return stream.training(model, ids[:first], rng, window=window, epochs=epochs, rate=rate, clip=clip)


def measure(*, cell: str, seed: int, **settings: Any) -> dict[str, Any]:
    """Train, with the loss on the tail at every epoch's end; then look back."""
    _, ids, first = alice.book()
    run = training(cell, seed, **settings)
    model, held_out = run.model.model, []
    for update in run:
        if update.number % (len(run) // settings["epochs"]) == 0:
            held_out.append(context.losses_from(run.model.model, ids, first).mean())
            if held_out[-1] == min(held_out):
                model = model.with_vector(run.model.vector())
    return {
        "parameters": model.size,
        "early": run.losses[:20],
        "loss": run.losses.reshape(settings["epochs"], -1).mean(axis=1),
        "held_out": held_out,
        "train": context.losses_from(model, ids[:first], context.BEFORE + 1, pieces=128).mean(),
        **(context.look_back if cell == "vanilla" else look_back)(model, ids, first),
    }


def look_back(model: SequenceModel[LSTM | GRU], ids: Ids, first: int) -> dict[str, Any]:
    """What the model loses when given less, its gradient and its gates."""
    places = np.arange(first + 192, len(ids), 7)  # those of `context.look_back`
    logs, residuals = context.log_gradient_norms(model, ids, places[::8], context.LAGS)
    keep = model.cell.keep(residuals)
    return {
        **context.excess(model, ids, places),
        "gradient": np.quantile(logs, [0.25, 0.5, 0.75], axis=1),
        "kept": np.quantile(gate_product(keep), QUANTILES, axis=(1, 2)),
        "keep": np.quantile(keep, QUANTILES),
        "near_one": (keep > 0.9).mean(),
    }


EXPERIMENT = Experiment(
    "gates_alice",
    measure,
    SETTINGS,
    [{"cell": cell, "seed": seed} for cell in NETWORKS for seed in alice.SEEDS],
)
# The same at higher rates.
RATES = Experiment(
    "gates_alice_rates",
    measure,
    {name: value for name, value in SETTINGS.items() if name != "rate"},
    [
        {"cell": cell, "rate": rate, "seed": seed}
        for rate in (0.006, 0.015)
        for cell in NETWORKS
        for seed in alice.SEEDS
    ],
)

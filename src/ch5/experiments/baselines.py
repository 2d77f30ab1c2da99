"""What else can be made of the same text (C16): n-grams, compressors, a network that sees a fixed window

Every row has two losses in nats per character: on the text that it was made from, and on what follows it in the book.

    opening    the first 30,000 characters, those of the original run; the next 10,000 are held out
    whole      the first nine tenths of the book; the rest is held out

A compressor's held-out figure is what its output grows by when the held-out text is appended. The fixed window is
an MLP with about as many parameters as the cell's network, at a learning rate of its own that was not tuned. Of it the
epoch that does best on the held-out text is kept, which flatters it; the cell's networks have their last weights.

Shapes   contexts (B, n) ids, n characters before each target   targets (B,)
Read     book/chapters/07_measured.ipynb     Tested   tests/test_baselines.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.analysis import context, ngram
from ch5.data import text
from ch5.engine import initialise, linear
from ch5.engine.train import Training
from ch5.engine.weights import Array, Weights
from ch5.experiments import alice, original
from ch5.experiments.record import Experiment
from ch5.networks import readout
from ch5.networks.mlp import MLP, Layer
from ch5.networks.readout import Readout
from ch5.networks.stream import Annealed

HIGHEST_ORDER = 5
SETTINGS: dict[str, Any] = {
    "sizes": {"opening": [4, 37], "whole": [8, 158]},  # characters seen, hidden units
    "epochs": {"opening": 40, "whole": 12},
    "batch": {"opening": 256, "whole": 512},
    "rate": 0.002,
    "clip": 1.0,
}


def texts(name: str) -> tuple[text.Vocabulary, text.Ids, int]:
    """The vocabulary, the ids of what is trained on and what is held out, and where the latter begins."""
    if name == "whole":
        return alice.book()
    vocabulary, ids = original.opening()
    return vocabulary, vocabulary.encode(text.alice()[: len(ids) + 10_000]), len(ids)


def counted(vocabulary: text.Vocabulary, ids: text.Ids, first: int) -> dict[str, tuple[float, float]]:
    """The rows that need no training, by name: losses on ids[:first] and on ids[first:], in nats per character."""
    V, rows = len(vocabulary), {"uniform": (np.log(len(vocabulary)),) * 2}
    for order, losses in enumerate(ngram.NGram(ids[:first], V, HIGHEST_ORDER).losses_by_order(ids)):
        rows[f"order {order}"] = losses[:first].mean(), losses[first:].mean()
    head = ngram.compressed_bits(vocabulary.decode(ids[:first]))
    whole = ngram.compressed_bits(vocabulary.decode(ids))
    for name, bits in head.items():
        nats = np.log(2) * np.array([bits / first, (whole[name] - bits) / (len(ids) - first)])
        rows[name] = nats[0], nats[1]
    return rows


@dataclass(frozen=True)
class FixedWindow(Weights):
    """An MLP that sees the last n characters, each place with weights of its own, and predicts the next."""

    mlp: MLP
    readout: Readout

    def losses(self, contexts: Array, targets: Array) -> Array:
        """Each target's loss: (B, n), (B,) -> (B,), in nats."""
        return readout.cross_entropy(self.readout.logits(self._h(contexts)[-1]), targets)[0]

    def loss_and_gradient(
        self, batch: tuple[Array, Array], out: FixedWindow | None = None
    ) -> tuple[float, FixedWindow]:
        """The mean loss of contexts and targets, and its gradient (in `out`, if given)."""
        gradient = self.empty() if out is None else out
        contexts, targets = batch
        h = self._h(contexts)
        losses, dlogits = readout.cross_entropy(self.readout.logits(h[-1]), targets)
        dlogits /= losses.size
        _, dh = self.readout.backward(dlogits, h[-1], gradient.readout)
        self.mlp.backward(dh, None, h, gradient.mlp)
        return losses.mean(), gradient

    def _h(self, contexts: Array) -> list[Array]:
        V = len(self.readout.b_y)
        return self.mlp.forward(linear.one_hot(contexts, V, self.dtype).reshape(len(contexts), -1))


@dataclass(frozen=True)
class Places:
    """Places in a text, (updates, B) or (P,): the characters before each, and itself."""

    ids: text.Ids
    n: int
    places: Array

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, k: int | slice) -> tuple[Array, Array]:
        at = self.places[k]
        return self.ids[at[:, None] + np.arange(-self.n, 0)], self.ids[at]


def fixed_window(
    name: str, seed: int, sizes: Any, epochs: Any, batch: Any, rate: float, clip: float
) -> Training:
    """A run that is ready to train; weights uniform by fan-in, biases zero, float32."""
    rng = np.random.default_rng(seed)
    vocabulary, ids, first = texts(name)
    (n, hidden), V = sizes[name], len(vocabulary)
    layer = Layer(initialise.uniform(rng, hidden, n * V), np.zeros(hidden))
    model = FixedWindow(MLP((layer,)), Readout.initialise(rng, V, hidden)).astype(np.float32)
    used = (first - n) // batch[name] * batch[name]
    order = [
        rng.permutation(np.arange(n, first))[:used].reshape(-1, batch[name]) for _ in range(epochs[name])
    ]
    batches = Places(ids, n, np.concatenate(order))
    return Training(model, batches, Annealed(rate, updates=len(batches)), clip)


def mean_loss(model: FixedWindow, places: Places) -> float:
    """The mean loss at all the places (P,), 4,096 at a time: one-hot vectors are long."""
    some = [places[slice(k, k + 4096)] for k in range(0, len(places), 4096)]
    return float(np.concatenate([model.losses(*batch) for batch in some]).mean())


def measure(*, model: str, on: str, seed: int, **settings: Any) -> dict[str, Any]:
    """One row: the losses of the fixed window, or of the original run's network, which is also asked to look back."""
    _, ids, first = texts(on)
    if model == "original":
        run = original.original_run(seed)
        for _ in run:
            pass
        losses = {
            "train": context.losses_from(run.model, ids[:first], context.BEFORE + 1).mean(),
            "held_out": context.losses_from(run.model, ids, first).mean(),
        }
        return losses | {"parameters": run.model.size} | context.look_back(run.model, ids, first)
    run = fixed_window(on, seed, **settings)
    n, _ = settings["sizes"][on]
    parts = np.split(np.arange(n, len(ids)), [first - n])  # the places to train on, and those held out
    an_epoch, found = len(run) // settings["epochs"][on], []
    for update in run:
        if update.number % an_epoch == 0:
            found.append([mean_loss(run.model, Places(ids, n, part)) for part in parts])
    best = min(found, key=lambda pair: pair[1])
    return {"train": best[0], "held_out": best[1], "parameters": run.model.size, "early": run.losses[:20]}


def mean_pair(results: list[dict[str, Any]]) -> tuple[float, float]:
    """The means over seeds of the losses on the text seen and on new text, after the last epoch if it has several."""
    pairs = [(result["train"], np.ravel(result["held_out"])[-1]) for result in results]
    seen, new = np.mean(pairs, axis=0)
    return float(seen), float(new)


EXPERIMENT = Experiment(
    "alice_baselines",
    measure,
    SETTINGS,
    [
        {"model": model, "on": on, "seed": seed}
        for model, on in (("original", "opening"), ("window", "opening"), ("window", "whole"))
        for seed in alice.SEEDS
    ],
)

"""What the prior buys (C5): a pattern trained at some positions and met at others.

Every sequence holds the marks "ab" or "ba" at one position, among random letters that never form another
"ab". Has "ab" just ended? asks every step. A sequence with "ab" has a twin with "ba" in its place and
nothing else changed, so neither the number of letters nor what surrounds the marks gives the answer away,
and chance is exactly 1/2. Every letter stands at every position in training; only "ab" does not.

    both ends    trained where "ab" starts at 0, 1, 7 or 8; 3, 4 and 5 are unseen
    start only   trained at 0 to 3; 5 to 8 are unseen
    everywhere   trained at all nine: the control that the MLP can learn the task
    last step    trained as "both ends", but only the last step is asked, and it is asked: has "ab" occurred?

A position counts as unseen if no seen pattern uses either of its two slots. Training length is 10; the cell
also runs at 50.

Shapes   x (T, B) ids of letters   answers (T, B), or (1, B) where only the last step is asked
Read     book/chapters/02_sharing.ipynb     Tested   tests/test_prior.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.engine import initialise, linear
from ch5.engine.optimise import Adam
from ch5.engine.train import Training
from ch5.engine.weights import Array, Weights
from ch5.experiments.record import Experiment
from ch5.networks import readout
from ch5.networks.cell import VanillaCell
from ch5.networks.mlp import MLP, Layer
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

LETTERS, LENGTH, LONG = "abcd", 10, 50
SETTINGS = {"hidden_cell": 16, "hidden_mlp": 64, "updates": 500, "batch": 64, "rate": 0.01, "clip": 1.0}
SEEN = {
    "both ends": (0, 1, 7, 8),
    "start only": (0, 1, 2, 3),
    "everywhere": tuple(range(LENGTH - 1)),
    "last step": (0, 1, 7, 8),
}


def unseen(condition: str) -> list[int]:
    """The positions at length 10 whose two slots no seen pattern uses."""
    used = {p + slot for p in SEEN[condition] for slot in (0, 1)}
    return [p for p in range(LENGTH - 1) if used.isdisjoint((p, p + 1))]


def twins(rng: np.random.Generator, length: int, position: Array) -> Array:
    """Sequences with "ab" at `position` (B,) and nowhere else, then their twins with "ba" there: (length, 2B) ids."""
    B = np.arange(len(position))
    x = rng.integers(0, len(LETTERS), (length, len(B)))
    while True:
        x[position, B], x[position + 1, B] = 0, 1
        twin = x.copy()
        twin[position, B], twin[position + 1, B] = 1, 0
        bad = (just_ended(x).sum(axis=0) > 1) | just_ended(twin).any(axis=0)
        if not bad.any():
            return np.concatenate([x, twin], axis=1)
        x[:, bad] = rng.integers(0, len(LETTERS), (length, bad.sum()))


def just_ended(x: Array) -> Array:
    """1 where "ab" ends at this step: ids (T, B) -> (T, B)."""
    ends = np.zeros_like(x)
    ends[1:] = (x[:-1] == 0) & (x[1:] == 1)
    return ends


def answers(x: Array, condition: str) -> Array:
    """What is asked: at every step (T, B), or at the last step alone (1, B)."""
    ends = just_ended(x)
    return ends.max(axis=0, keepdims=True) if condition == "last step" else ends


@dataclass(frozen=True)
class Stream:
    """Fresh sequences, one batch an update; batch k is drawn from (seed, k)."""

    condition: str
    seed: int
    updates: int
    batch: int

    def __len__(self) -> int:
        return self.updates

    def __getitem__(self, k: int) -> tuple[Array, Array]:
        rng = np.random.default_rng([self.seed, k])
        x = twins(rng, LENGTH, rng.choice(SEEN[self.condition], self.batch // 2))
        return x, answers(x, self.condition)


@dataclass(frozen=True)
class Flattened(Weights):
    """The MLP reads the whole sequence at once; every position, in and out, has weights of its own."""

    mlp: MLP
    readout: Readout

    def outputs(self, x: Array) -> Array:
        """(T, B) -> (A, B, 2), A being the number of answers it was made for."""
        return self._by_step(self.readout.logits(self._h(x)[-1]))

    def loss_and_gradient(
        self, batch: tuple[Array, Array], out: Flattened | None = None
    ) -> tuple[float, Flattened]:
        """The mean loss over the answers asked for and its gradient (in `out`, if given)."""
        gradient = self.empty() if out is None else out
        x, asked = batch
        h = self._h(x)
        losses, dlogits = readout.cross_entropy(self._by_step(self.readout.logits(h[-1])), asked)
        dlogits /= losses.size
        side_by_side = dlogits.swapaxes(0, 1).reshape(len(h[-1]), -1)
        _, dh = self.readout.backward(side_by_side, h[-1], gradient.readout)
        self.mlp.backward(dh, None, h, gradient.mlp)
        return losses.mean(), gradient

    def _h(self, x: Array) -> list[Array]:
        return self.mlp.forward(linear.one_hot(x.T, len(LETTERS), self.dtype).reshape(x.shape[1], -1))

    def _by_step(self, logits: Array) -> Array:
        return logits.reshape(len(logits), -1, 2).swapaxes(0, 1)


def models(condition: str, hidden_cell: int, hidden_mlp: int, rng: np.random.Generator) -> dict[str, Any]:
    """The cell and the MLP with initial weights uniform in ±1/sqrt(fan-in) and zero biases, in float32."""

    def weights(n_out: int, n_in: int) -> tuple[Array, Array]:
        return initialise.uniform(rng, n_out, n_in).astype(np.float32), np.zeros(n_out, np.float32)

    V, N = len(LETTERS), 1 if condition == "last step" else LENGTH
    W_hh, b = weights(hidden_cell, hidden_cell)
    cell = VanillaCell(weights(hidden_cell, V)[0], W_hh, b)
    mlp = MLP((Layer(*weights(hidden_mlp, LENGTH * V)),))
    return {
        "cell": SequenceModel(cell, Readout(*weights(2, hidden_cell))),
        "mlp": Flattened(mlp, Readout(*weights(2 * N, hidden_mlp))),
    }


def accuracy(model: Any, condition: str, length: int, seed: int, pairs: int = 200) -> Array:
    """The share of right answers about "ab" or "ba" starting at each position 0 ... length - 2, on fresh twins."""
    right = np.empty(length - 1)
    for p in range(length - 1):
        x = twins(np.random.default_rng([seed, length, p]), length, np.full(pairs, p))
        step = -1 if condition == "last step" else p + 1
        right[p] = (model.outputs(x)[step].argmax(axis=-1) == answers(x, condition)[step]).mean()
    return right


def run(
    condition: str,
    seed: int,
    hidden_cell: int,
    hidden_mlp: int,
    updates: int,
    batch: int,
    rate: float,
    clip: float,
) -> dict[str, Any]:
    """Train the cell and the MLP on the same batches and test them at every position."""
    found: dict[str, Any] = {}
    for name, model in models(condition, hidden_cell, hidden_mlp, np.random.default_rng(seed)).items():
        training = Training(model, Stream(condition, seed, updates, batch), Adam(rate), clip)
        for _ in training:
            pass
        found[name] = {
            "early_losses": training.losses[:10],
            "last_loss": training.losses[-50:].mean(),
            "accuracy": accuracy(training.model, condition, LENGTH, seed + 1000),
        }
        if name == "cell":
            found[name]["accuracy_long"] = accuracy(training.model, condition, LONG, seed + 1000, 100)
    return found


EXPERIMENT = Experiment(
    "prior",
    run,
    SETTINGS,
    [{"condition": condition, "seed": seed} for condition in SEEN for seed in range(20)],
)

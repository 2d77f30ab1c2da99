"""The second experiment: a cell of 256 units on the whole of *Alice*, and what it writes while it learns.

The head of the book is read in windows of 32 characters, 16 of them an update, each going on where the one before it
ended: the state is carried, the gradient is not. Adam, at a rate that falls to zero along half a cosine. The rate it
starts from is the one that `experiments.alice_validated` chose for this network in its pilot, on a part of the head.
The last tenth of the book is held out: the weights are those after the last epoch. It chose nothing, but it had shown
0.006 to be a rate worth trying.

    main     as said               short    windows of 8 instead of 32, 64 an update
    reset    each window starts from a zero state, in a new order every epoch

EXPERIMENT  all three at the rate chosen for `main`, at which `short` saturates in two seeds of three
SLOWER      all three at a third of it, which was not tuned and at which none does
TRIALS      other settings at the rate chosen for `main`, one seed each

Names    ids[:first] is the head, ids[first:] the tail; a variant or a trial is the settings with a few changed.
Read     book/chapters/07_measured.ipynb     Tested   tests/test_alice.py
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ch5.analysis import context, ngram, text_statistics
from ch5.data import text
from ch5.engine import bptt
from ch5.engine.train import Training
from ch5.experiments.record import Experiment
from ch5.networks import readout, sequence, stream
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

SETTINGS: dict[str, Any] = {
    "hidden": 256,
    "window": 32,
    "carried": True,
    "epochs": 12,
    "rate": 0.006,
    "clip": 1.0,
    "dropout": 0.0,
    "decay": 0.0,
}
VARIANTS: dict[str, dict[str, Any]] = {"main": {}, "short": {"window": 8}, "reset": {"carried": False}}
TRIED: dict[str, dict[str, Any]] = {
    "128 units": {"hidden": 128},
    "384 units": {"hidden": 384},
    "dropout 0.1": {"dropout": 0.1},
    "dropout 0.2, 24 epochs": {"dropout": 0.2, "epochs": 24},
    "weight decay 0.1": {"decay": 0.1},
    "windows of 128": {"window": 128},
}
SEEDS = (1, 2, 3)
# Updates after which the network writes; it does once more at the end.
STAGES = (0, 10, 30, 60, 100, 200, 400, 800, 1600)
TEMPERATURES = (0.25, 0.5, 0.8)  # beside 1, which is the network itself
PIECES = (512, 128)  # what the network writes: characters, side by side


def book() -> tuple[text.Vocabulary, text.Ids, int]:
    """The vocabulary, the whole text as ids (148459,), and where its held-out tail begins."""
    characters = text.alice()
    vocabulary = text.Vocabulary.of(characters)
    ids = vocabulary.encode(characters)
    return vocabulary, ids, len(text.split(ids)[0])


def training(seed: int, hidden: int, **settings: Any) -> Training:
    """A run that is ready to train; `training.model.model` is the network. Weights uniform by fan-in, float32."""
    rng = np.random.default_rng(seed)
    vocabulary, ids, first = book()
    V = len(vocabulary)
    cell = VanillaCell.initialise(rng, hidden, V)
    model = SequenceModel(cell, Readout.initialise(rng, V, hidden)).astype(np.float32)
    return stream.training(model, ids[:first], rng, **settings)


def write(
    model: SequenceModel,
    prompt: text.Ids,
    temperature: float,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> text.Ids:
    """Texts side by side, after the prompt and 32 more characters, which are left out: (T, B)."""
    s = bptt.unroll(model.cell, np.repeat(prompt[:, None], shape[1], axis=1))[0][-1]
    drawn = np.empty((32 + shape[0], shape[1]), int)
    for here in drawn:
        cumulative = readout.softmax(model.readout.logits(s) / temperature).cumsum(axis=1)
        u = rng.random(shape[1])[:, None] * cumulative[:, -1:]
        here[:] = np.minimum((cumulative <= u).sum(axis=1), cumulative.shape[1] - 1)
        s, _ = model.cell.step(model.cell.drive(here[None])[0], s)
    return drawn[32:]


def stage(
    model: SequenceModel,
    vocabulary: text.Vocabulary,
    reference: text_statistics.Book,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """What the network writes now: every statistic with its interval, and the beginning of the first piece.

    A statistic is None where the text has nothing of what it counts.
    """
    pieces = write(model, vocabulary.encode("Alice "), temperature, PIECES, np.random.default_rng(0))
    return {
        "statistics": text_statistics.where_counted(pieces, reference),
        "text": vocabulary.decode(pieces[:200, 0]),
    }


def measure(
    *, variant: str, seed: int, variants: Any, stages: Any, closely: bool, **settings: Any
) -> dict[str, Any]:
    """Train, with the loss on the tail at every epoch's end; closely: write at every stage, look back at the end."""
    vocabulary, ids, first = book()
    reference = text_statistics.Book.of(vocabulary, ids[:first])
    settings = settings | variants[variant]
    run = training(seed, **settings)
    an_epoch = len(run) // settings["epochs"]
    stages = [*stages, len(run)] if closely else []
    held_out, found = [], []

    def seen(number: int) -> None:
        if number in stages:
            loss = context.losses_from(run.model.model, ids, first).mean()
            found.append({"update": number, "held_out": loss} | stage(run.model.model, vocabulary, reference))

    seen(0)
    for update in run:
        seen(update.number)
        if update.number % an_epoch == 0:
            held_out.append(context.losses_from(run.model.model, ids, first).mean())
    model = run.model.model
    result = {
        "parameters": model.size,
        "early": run.losses[:20],
        "loss": run.losses.reshape(settings["epochs"], -1).mean(axis=1),
        "held_out": held_out,
        "train": context.losses_from(model, ids[:first], context.BEFORE + 1, pieces=128).mean(),
    }
    if not closely:
        return result
    cooler = {str(T): stage(model, vocabulary, reference, T) for T in TEMPERATURES}
    greedy = sequence.sample(model, vocabulary.encode("Alice "), 2000, 0, np.random.default_rng(0))
    more = {"stages": found, "temperatures": cooler, "greedy": vocabulary.decode(greedy)}
    return result | more | context.look_back(model, ids, first)


@cache
def references(seed: int = 0) -> dict[str, dict[str, text_statistics.Estimate]]:
    """The statistics of texts to compare with, by name: the held-out tail and the whole of the book in pieces, and, as
    long as what the network writes, uniform characters, a shuffle of the head and its Markov texts of orders 0 to 5."""
    vocabulary, ids, first = book()
    reference, rng = text_statistics.Book.of(vocabulary, ids[:first]), np.random.default_rng(seed)
    V, head = len(vocabulary), ids[:first]
    texts = {
        "tail": text_statistics.pieces_of(ids[first:], PIECES[0]),
        "book": text_statistics.pieces_of(ids, PIECES[0]),
        "uniform": rng.integers(V, size=PIECES),
        "shuffle": rng.permutation(head)[: PIECES[0] * PIECES[1]].reshape(PIECES),
    }
    texts |= {f"order {k}": ngram.markov_text(head, V, k, PIECES, rng) for k in range(6)}
    return {name: text_statistics.measure(pieces, reference) for name, pieces in texts.items()}


def first_update(
    stages: list[dict[str, Any]], statistic: str, side: str, limit: text_statistics.Estimate
) -> int | None:
    """The first update from which on the statistic's interval lies wholly "above" or "below" that of `limit`.

    From then on it stays so at every later stage. None where it does not at the last.
    """
    since = None
    for recorded in reversed(stages):
        if recorded["statistics"][statistic] is None:
            break
        found = text_statistics.Estimate(*recorded["statistics"][statistic])
        if not (found.low > limit.high if side == "above" else found.high < limit.low):
            break
        since = recorded["update"]
    return since


def course(results: list[dict[str, Any]], statistic: str) -> np.ndarray:
    """A statistic along training: value and half width at every stage of every result, (S, U, 2), NaN for None."""
    nothing = (np.nan, np.nan)
    return np.array(
        [[stage["statistics"][statistic] or nothing for stage in result["stages"]] for result in results]
    )


def loop_length(written: str) -> int | None:
    """The number of characters after which the second half of a text repeats itself to its end; None if it does not."""
    half = written[len(written) // 2 :]
    return next((p for p in range(1, len(half) // 2) if half[p:] == half[:-p]), None)


CLOSELY: dict[str, Any] = {"variants": VARIANTS, "stages": STAGES, "closely": True}
POINTS = [{"variant": variant, "seed": seed} for variant in VARIANTS for seed in SEEDS]
EXPERIMENT = Experiment("alice", measure, SETTINGS | CLOSELY, POINTS)
SLOWER = Experiment("alice_slower", measure, SETTINGS | CLOSELY | {"rate": 0.002}, POINTS)
TRIALS = Experiment(
    "alice_trials",
    measure,
    SETTINGS | {"variants": TRIED, "stages": (), "closely": False},
    [{"variant": variant, "seed": 1} for variant in TRIED],
)

"""A network on a text of the reader's own: train it, stop and go on at any moment, let its checkpoint write

As `experiments.alice`: windows of 32 characters, the state carried, Adam at a rate that falls to zero, the text's last
tenth held out. Beside the loss there stands that of the best n-gram on the same characters. The weights are those
after the last update.

A checkpoint says what its weights are for, as JSON in `model.about`: the settings, which text, and its characters.

Names    checkpoint is the path of a file (.npz); settings are cell, hidden, epochs, rate and seed.
Read     README.md     Tested   tests/test_own_text.py
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from ch5.analysis import context, ngram
from ch5.data import text
from ch5.engine import checkpoint as checkpoints
from ch5.engine.files import Place
from ch5.engine.interrupts import held_back
from ch5.engine.train import Training
from ch5.networks import stream
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import GRU, LSTM
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel, sample

CELLS: dict[str, Any] = {"vanilla": VanillaCell, "lstm": LSTM, "gru": GRU}
SHORTEST = 700  # characters: the head then holds one update's, the tail 32 to be measured on
STAGES = {m * 10**e for m in (1, 3) for e in range(1, 9)}  # updates after which the network writes
EVERY = 100  # updates between two checkpoints


class OwnText(NamedTuple):
    """A run that is ready to train or to go on, and what it is measured on."""

    run: Training
    vocabulary: text.Vocabulary
    ids: text.Ids
    first: int  # where the held-out tail begins
    reference: str  # the best n-gram's loss, in words


def network(cell: str, hidden: int, V: int, rng: np.random.Generator) -> SequenceModel:
    """Weights uniform by fan-in, float32."""
    readout = Readout.initialise(rng, V, hidden)
    return SequenceModel(CELLS[cell].initialise(rng, hidden, V), readout).astype(np.float32)


def prepared(path: Place, checkpoint: Place, **settings: Any) -> OwnText:
    """The run on the text at `path`. Raises OSError or ValueError for a text or a checkpoint that cannot be used."""
    characters = text.load(Path(path))
    if len(characters) < SHORTEST:
        raise ValueError(
            f"path must be a text of at least {SHORTEST} characters, some to train on and some to hold out, "
            f"got {path}, which has {len(characters)}"
        )
    vocabulary = text.Vocabulary.of(characters)
    digest = sha256(characters.encode()).hexdigest()[:16]
    said = {"text": f"{len(characters)} characters, sha256 {digest}", "characters": vocabulary.characters}
    about = settings | said
    if Path(checkpoint).exists():
        was, now = _settings(read(checkpoint)[0]), _settings(about)
        if other := checkpoints.differences(was, now):
            said_so = "is the checkpoint of another run; name another by --checkpoint or move it away"
            raise ValueError(f"{checkpoint} {said_so}. {other}")
    ids = vocabulary.encode(characters)
    first = len(text.split(ids)[0])
    rng, V = np.random.default_rng(settings["seed"]), len(vocabulary)
    run = stream.training(
        network(settings["cell"], settings["hidden"], V, rng),
        ids[:first],
        rng,
        window=32,
        epochs=settings["epochs"],
        rate=settings["rate"],
        clip=1.0,
        about=json.dumps(about),
    )
    pieces = _pieces(ids, first)
    highest = max(k for k in range(6) if V == 1 or V ** (k + 1) < 2**63)
    measured = slice(first, first + (len(ids) - first) // pieces * pieces)
    losses = ngram.NGram(ids[:first], V, highest).losses_by_order(ids)[:, measured].mean(axis=1)
    reference = f"n-gram of order {losses.argmin()}: {losses.min():.3f}"
    return OwnText(run, vocabulary, ids, first, reference)


def train(own: OwnText, checkpoint: Place) -> None:
    """Train to the end, from where the checkpoint stands. Ctrl-C leaves one that stands where the run does."""
    run, updates = own.run, own.run.checkpointed(checkpoint, EVERY)
    try:
        with tqdm(updates, total=len(run), initial=run.done, unit="update", disable=None) as bar:
            for update in bar:
                bar.set_postfix_str(f"loss {update.loss:.3f}", refresh=False)
                if update.number in STAGES and update.number < len(run):
                    bar.write(measured(own))
    except KeyboardInterrupt:
        held_back(lambda: run.save(checkpoint))  # it may have come while the network wrote
        raise
    print(measured(own))


def measured(own: OwnText) -> str:
    """The loss on the tail in nats per character, beside the n-gram's, and what the network writes."""
    model, done = own.run.model.model, own.run.done
    loss = context.losses_from(model, own.ids, own.first, _pieces(own.ids, own.first)).mean()
    head = f"update {done} of {len(own.run)}: {loss:.3f} nats per character held out ({own.reference})"
    return f"{head}\n{_indented(write(model, own.vocabulary, None, 1.0, 200, 0))}\n"


def read(checkpoint: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a checkpoint says its weights are for, and its arrays. Raises OSError or ValueError where it does not."""
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f"checkpoint must be a file that training has made, got {checkpoint}")
    saved = checkpoints.read(checkpoint)
    try:
        about = json.loads(str(saved["model.about"]))
        return {
            name: about[name] for name in ("cell", "hidden", "epochs", "rate", "seed", "text", "characters")
        }, saved
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{checkpoint} does not say which text it is of: it comes from another program"
        ) from error


def load(checkpoint: Place) -> tuple[SequenceModel, text.Vocabulary]:
    """The network of a checkpoint, from that file alone."""
    about, saved = read(checkpoint)
    vocabulary = text.Vocabulary(about["characters"])
    model = network(about["cell"], about["hidden"], len(vocabulary), np.random.default_rng())
    return model.with_vector(saved["theta"]), vocabulary


def write(
    model: SequenceModel,
    vocabulary: text.Vocabulary,
    prompt: str | None,
    temperature: float,
    length: int,
    seed: int,
) -> str:
    """The prompt and `length` characters after it. Without a prompt, those after the vocabulary's first character.

    Raises ValueError for an empty prompt, one with unknown characters, a negative temperature or length.
    """
    read_first = vocabulary.encode(vocabulary.characters[0] if prompt is None else prompt)
    drawn = sample(model, read_first, length, temperature, np.random.default_rng(seed))
    return (prompt or "") + vocabulary.decode(drawn)


def _settings(about: dict[str, Any]) -> checkpoints.Description:
    """All but the characters, in words."""
    return {name: str(value) for name, value in about.items() if name != "characters"}


def _pieces(ids: text.Ids, first: int) -> int:
    """In how many pieces the tail is read: of about 512 characters, so that a long one takes no more memory."""
    return max(32, (len(ids) - first) // 512)


def _indented(written: str) -> str:
    return "\n".join(f"    {line}" for line in written.split("\n"))

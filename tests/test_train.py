"""Training: reports, stops when it must, and survives being killed at any moment."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ch5 import gated
from ch5.block import RecallByAttention
from ch5.cell import VanillaCell
from ch5.experiments import baselines, prior
from ch5.mlp import MLP, Layer
from ch5.optimise import SGD, Adam
from ch5.readout import Readout
from ch5.recall import RecallTask
from ch5.sequence import SequenceModel
from ch5.train import Shuffled, Training

RUN = """
import sys, numpy as np
from ch5.cell import VanillaCell
from ch5.sequence import SequenceModel
from ch5.optimise import Adam
from ch5.readout import Readout
from ch5.train import Shuffled, Training

def training(updates=600):
    rng = np.random.default_rng(8)
    cell = VanillaCell(rng.normal(size=(16, 9)), rng.normal(size=(16, 16)) / 4, np.zeros(16))
    text = rng.integers(9, size=(11, 60))
    batches = Shuffled(text[:-1], text[1:], rng.integers(60, size=(updates, 4)))
    return Training(SequenceModel(cell, Readout(rng.normal(size=(9, 16)), np.zeros(9))), batches, Adam(0.01), clip=1.0)

if __name__ == "__main__":
    for update in training().checkpointed(sys.argv[1], every=7):
        print(update.number, flush=True)
"""


@pytest.fixture(scope="module")
def run():
    """The run of the script above, as a function that starts it anew."""
    names = {"__name__": "run"}
    exec(RUN, names)
    return names["training"]


def finish(training):
    for _ in training:
        pass
    return training.model.vector()


def test_the_loss_falls_and_every_update_is_reported(run):
    training = run()
    reports = list(training)
    assert [report.number for report in reports] == list(range(1, 601))
    np.testing.assert_array_equal([report.loss for report in reports], training.losses)
    np.testing.assert_array_equal([report.norm for report in reports], training.norms)
    assert training.losses[-50:].mean() < training.losses[:50].mean() - 0.5


def test_the_model_handed_in_is_left_as_it_was_and_the_model_of_the_run_changes(run):
    first = run()
    kept = first.model.vector()
    finish(first)
    np.testing.assert_array_equal(run().model.vector(), kept)
    assert not np.array_equal(first.model.vector(), kept)


def test_a_step_of_sgd_is_taken_on_the_clipped_gradient(small_model, rng):
    """Computed here again: theta - rate * g * min(1, clip / norm(g))."""
    inputs, targets = rng.integers(5, size=(2, 8, 1))
    g = small_model.loss_and_gradient((inputs, targets))[1].vector()
    clip = np.linalg.norm(g) / 3
    training = Training(small_model, [(inputs, targets)], SGD(0.5), clip=clip)
    (report,) = training
    assert report.norm == pytest.approx(np.linalg.norm(g))
    np.testing.assert_allclose(training.model.vector(), small_model.vector() - 0.5 * g / 3, rtol=1e-12)


def test_killed_at_random_moments_and_resumed_ends_with_the_same_weights_bit_for_bit(run, tmp_path, rng):
    """SIGKILL after a random number of reports, five times over, then run to the end."""
    path, script = tmp_path / "run.npz", tmp_path / "run.py"
    script.write_text(RUN)
    for stop in rng.integers(20, 120, size=5):
        process = subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE, text=True)
        for _ in range(stop):
            process.stdout.readline()
        time.sleep(rng.random() * 0.003)
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.communicate()
    assert 20 < np.load(path)["done"] < 600
    resumed = run()
    for _ in resumed.checkpointed(path):
        pass
    left_alone = run()
    np.testing.assert_array_equal(resumed.model.vector(), finish(left_alone))
    np.testing.assert_array_equal(resumed.losses, left_alone.losses)


def test_a_save_that_is_cut_short_leaves_the_old_checkpoint(run, tmp_path, monkeypatch):
    training, path = run(), tmp_path / "run.npz"
    next(iter(training))
    training.save(path)
    before = path.read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        training.save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"not a checkpoint",
        lambda b: b[:200] + b[260:],
    ],
)
def test_a_truncated_or_foreign_file_is_refused_and_left_untouched(run, tmp_path, damage):
    training, path = run(), tmp_path / "run.npz"
    next(iter(training))
    training.save(path)
    path.write_bytes(damage(path.read_bytes()))
    before, weights = path.read_bytes(), training.model.vector()
    with pytest.raises(ValueError, match=r"run\.npz is not a whole checkpoint"):
        next(training.checkpointed(path))
    assert path.read_bytes() == before
    np.testing.assert_array_equal(training.model.vector(), weights)


def test_a_file_of_one_array_is_refused(run, tmp_path):
    with open(tmp_path / "run.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"run\.npz is not a whole checkpoint"):
        run().resume(tmp_path / "run.npz")


def test_another_file_of_arrays_is_refused(run, tmp_path):
    path = tmp_path / "run.npz"
    np.savez(path, theta=np.zeros(3))
    with pytest.raises(ValueError, match=r"run\.npz is the checkpoint of another run"):
        run().resume(path)


@pytest.mark.parametrize("change", ["clip", "optimiser", "batches", "weights"])
def test_the_checkpoint_of_another_run_is_refused(run, tmp_path, change):
    training, path = run(), tmp_path / "run.npz"
    training.save(path)
    model, batches, optimiser, clip = (
        training.model,
        training.batches,
        training.optimiser,
        training.clip,
    )
    if change == "clip":
        clip = None
    elif change == "optimiser":
        optimiser = Adam(0.02)
    elif change == "batches":
        batches = Shuffled(batches.inputs, batches.targets, batches.order[::-1])
    else:
        model = model + model
    with pytest.raises(ValueError, match="is the checkpoint of another run"):
        Training(model, batches, optimiser, clip).resume(path)


def trained_models(rng):
    """One of every kind that is trained in this book, with a batch."""
    ids, readout = rng.integers(5, size=(2, 6, 3)), Readout(rng.normal(size=(5, 4)), np.zeros(5))
    vanilla = VanillaCell(rng.normal(size=(4, 5)), rng.normal(size=(4, 4)), np.zeros(4))
    cells = [vanilla, gated.LSTM.initialise(rng, 4, 5, 1.0), gated.GRU.initialise(rng, 4, 5, 1.0)]
    task = RecallTask(lag=5, symbols=5)
    for cell in cells:
        yield SequenceModel(cell, readout), tuple(ids)
        yield SequenceModel(cell, readout), task.batch(rng, 3)
    yield RecallByAttention.initialise(rng, 4, 5, 5), task.batch(rng, 3)
    window = baselines.FixedWindow(MLP((Layer(rng.normal(size=(4, 15)), np.zeros(4)),)), readout)
    yield window, (rng.integers(5, size=(6, 3)), rng.integers(5, size=6))
    for model in prior.models("last step", 4, 4, rng).values():
        x = prior.twins(rng, prior.LENGTH, rng.choice(prior.SEEN["last step"], 2))
        yield model, (x, prior.answers(x, "last step"))


def test_every_model_writes_its_gradient_where_it_is_told(rng):
    """All of it, over whatever stood there, and the same numbers as without a place."""
    for model, batch in trained_models(rng):
        place = model.with_vector(np.full(model.size, np.nan, model.dtype))
        loss, gradient = model.loss_and_gradient(batch, out=place)
        expected_loss, expected = model.loss_and_gradient(batch)
        assert gradient is place
        assert loss == expected_loss
        np.testing.assert_array_equal(place.vector(), expected.vector())


def test_a_model_that_ignores_the_place_of_its_gradient_is_stopped(small_model, rng):
    """Before the first update, so that no weight moves by what happened to stand in memory."""

    class Deaf(SequenceModel):
        def loss_and_gradient(self, batch, out=None):
            return super().loss_and_gradient(batch)

    batches = [tuple(rng.integers(5, size=(2, 6, 1)))]
    training = Training(Deaf(*small_model), batches, SGD(0.1))
    with pytest.raises(FloatingPointError, match=r"update 1: loss .*, gradient norm nan"):
        next(iter(training))
    np.testing.assert_array_equal(training.model.vector(), small_model.vector())


def test_a_loss_that_is_no_longer_finite_stops_training_before_it_spreads(small_model, tmp_path, rng):
    """The weights and the checkpoint are those before the update that failed."""

    class Breaking:
        calls = 0

        def __init__(self, model):
            self.model = model

        def vector(self):
            return self.model.vector()

        def arrays(self):
            return self.model.arrays()

        def with_vector(self, theta):
            return Breaking(self.model.with_vector(theta))

        def loss_and_gradient(self, batch, out):
            Breaking.calls += 1
            loss, gradient = self.model.loss_and_gradient(batch, out=out.model)
            return (np.nan if Breaking.calls == 4 else loss), gradient

    batches = [tuple(rng.integers(5, size=(2, 6, 1))) for _ in range(8)]
    training, path = Training(Breaking(small_model), batches, SGD(0.1)), tmp_path / "run.npz"
    with pytest.raises(FloatingPointError, match="update 4: loss nan"):
        list(training.checkpointed(path, every=1))
    reference = Training(small_model, batches, SGD(0.1))
    for report in reference:
        if report.number == 3:
            break
    assert training.done == np.load(path)["done"] == 3
    np.testing.assert_array_equal(np.load(path)["theta"], reference.model.vector())
    np.testing.assert_array_equal(training.model.vector(), reference.model.vector())


def test_without_a_clip_a_large_loss_goes_on(small_model, rng):
    batches = [tuple(rng.integers(5, size=(2, 6, 1))) for _ in range(30)]
    training = Training(small_model, batches, SGD(300.0))
    assert len(list(training)) == 30
    assert training.losses.max() > 10 * np.log(5)


def test_an_epoch_sees_every_window_once_in_a_new_order(rng):
    inputs = np.arange(20).reshape(2, 10)
    batches = Shuffled.epochs(inputs, inputs, epochs=2, batch=5, rng=rng)
    seen = [np.concatenate([batches[k][0][0] for k in ks]) for ks in ((0, 1), (2, 3))]
    assert len(batches) == 4
    assert batches[0][0].shape == (2, 5)
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(10))
    assert list(seen[0]) != list(seen[1])


@pytest.mark.parametrize("batch", [0, 11])
def test_a_batch_that_the_windows_cannot_fill_is_refused(rng, batch):
    with pytest.raises(ValueError, match="batch must be from 1 to the number of windows, 10"):
        Shuffled.epochs(np.zeros((2, 10), int), np.zeros((2, 10), int), 1, batch, rng)

"""Training: reports, stops when it must, and survives being killed at any moment."""

import copy
import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import joblib
import numpy as np
import pytest

from ch5.data.recall import RecallTask
from ch5.engine import checkpoint
from ch5.engine.optimise import SGD, Adam
from ch5.engine.train import Shuffled, Training
from ch5.experiments import alice, baselines, prior
from ch5.networks import gated
from ch5.networks.block import RecallByAttention
from ch5.networks.cell import VanillaCell
from ch5.networks.mlp import MLP, Layer
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel
from ch5.networks.stream import Annealed, Reader

RUN = """
import sys, numpy as np
from ch5.networks.cell import VanillaCell
from ch5.networks.sequence import SequenceModel
from ch5.engine.optimise import Adam
from ch5.networks.readout import Readout
from ch5.engine.train import Shuffled, Training

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
    assert set(os.listdir(tmp_path)) == {"run.npz", "run.py"}, "what a kill left of a save is removed"


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
    with pytest.raises(ValueError, match=r"run\.npz is not a whole checkpoint"):
        run().resume(path)


@pytest.mark.parametrize(
    "change", ["clip", "optimiser", "batches", "weights", "one number of the data", "size"]
)
def test_the_checkpoint_of_another_run_is_refused_and_what_differs_is_said(run, tmp_path, change):
    training, path = run(), tmp_path / "run.npz"
    training.save(path)
    model, batches, optimiser, clip = (
        training.model,
        training.batches,
        training.optimiser,
        training.clip,
    )
    says = "batches.order was int64"
    if change == "clip":
        clip, says = None, "clip was 1 and is now None$"
    elif change == "optimiser":
        optimiser, says = Adam(0.02), r"optimiser.learning_rate was 0\.01 and is now 0\.02$"
    elif change == "batches":
        batches = Shuffled(batches.inputs, batches.targets, batches.order[::-1])
    elif (
        change == "one number of the data"
    ):  # in the middle, which neither the first nor the last batch shows
        targets = batches.targets.copy()
        targets[5, 30] = (targets[5, 30] + 1) % 9
        batches, says = Shuffled(batches.inputs, targets, batches.order), "batches.targets was int64"
    elif change == "size":
        batches = Shuffled(batches.inputs, batches.targets, batches.order[:-1])
        says = "updates was 600 and is now 599"
    else:
        model, says = model + model, "initial weights was float64"
    other = Training(model, batches, optimiser, clip)
    weights = other.model.vector()
    with pytest.raises(ValueError, match=f"is the checkpoint of another run; .*{says}"):
        other.resume(path)
    np.testing.assert_array_equal(other.model.vector(), weights)


def test_equal_settings_of_other_types_are_the_same_run(run, tmp_path):
    """clip=1, 1.0 and np.float64(1) are one, and so is a rate given as np.float64: to the last bit of the weights."""
    one = run()
    others = (1, np.float64(1), np.int8(1)), (np.float64(0.01), 0.01, np.float64(0.01))
    list(one.checkpointed(tmp_path / "run.npz"))
    for clip, rate in zip(*others, strict=True):
        first = run()
        other = Training(first.model, first.batches, Adam(rate), clip)
        finish(other)
        np.testing.assert_array_equal(other.model.vector(), one.model.vector())
        Training(first.model, first.batches, Adam(rate), clip).resume(tmp_path / "run.npz")
    infinite, none = (Training(first.model, first.batches, SGD(np.float32(0.5)), c) for c in (np.inf, None))
    none.save(tmp_path / "none.npz")
    infinite.resume(tmp_path / "none.npz")


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

        def loss_and_gradient(self, batch, out):  # fails once, so it keeps a count that no weight knows
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


def same(one, other):
    """The same bits in weights, losses, norms, and in what model and optimiser keep."""
    np.testing.assert_array_equal(one.model.vector(), other.model.vector())
    np.testing.assert_array_equal(one.losses, other.losses)
    np.testing.assert_array_equal(one.norms, other.norms)
    kept, others = (checkpoint.states(run._parts()) for run in (one, other))
    assert kept.keys() == others.keys()
    for name, array in kept.items():
        np.testing.assert_array_equal(array, others[name])


def advance(training, updates):
    for _, _ in zip(range(updates), training, strict=False):
        pass
    return training


# All that the next update depends on


def small_runs(rng):
    """Every model with an optimiser, on a few batches; and readers, which carry a state and drop units, with all."""
    optimisers = [lambda: SGD(0.1), lambda: Adam(0.01), lambda: Annealed(0.01, updates=12, decay=0.1)]
    for n, (model, (x, targets)) in enumerate(trained_models(rng)):
        batches = [(np.roll(x, k, axis=1), np.roll(targets, k, axis=-1)) for k in range(5)]
        yield lambda m=model, b=batches, o=optimisers[n % 3]: Training(m, b, o(), 1.0)
    texts = rng.integers(5, size=(6, 7, 3))
    batches = [(ids[:-1], ids[1:], np.array(k % 4 > 0)) for k, ids in enumerate(texts)]
    readout = Readout(rng.normal(size=(5, 4)), np.zeros(5))
    for cell in (
        VanillaCell(rng.normal(size=(4, 5)), rng.normal(size=(4, 4)), np.zeros(4)),
        gated.LSTM.initialise(rng, 4, 5),
    ):
        for optimiser in optimisers:
            reader = Reader(SequenceModel(cell, readout), 0.3, np.random.default_rng(2))
            yield lambda r=reader, b=batches, o=optimiser: Training(r, b, o(), 1.0)


def test_every_model_and_optimiser_goes_on_bit_for_bit_from_a_checkpoint_a_copy_and_a_pickle(rng, tmp_path):
    """Stopped before the first update, and in the middle of a text that is carried on."""
    path = tmp_path / "run.npz"
    for make in small_runs(rng):
        alone = make()
        finish(alone)
        for stop in (0, 3):
            stopped = advance(make(), stop)
            stopped.save(path)
            resumed, changed = make(), advance(make(), 2)
            resumed.resume(path)
            changed.resume(path)
            copies = [copy.copy(stopped), copy.deepcopy(stopped), pickle.loads(pickle.dumps(stopped))]
            for run in (resumed, changed, *copies, stopped):
                finish(run)
                same(run, alone)


def test_the_second_experiment_resumed_is_the_one_left_alone(tmp_path):
    """60 updates of a reader of Alice, with dropout, and 30 that are saved, taken up in another run, and 30 more."""
    settings = alice.SETTINGS | {"hidden": 16, "epochs": 1, "dropout": 0.2}
    alone, first, second = (alice.training(1, **settings) for _ in range(3))
    advance(alone, 60)
    advance(first, 30).save(tmp_path / "run.npz")
    second.resume(tmp_path / "run.npz")
    same(advance(second, 30), alone)


def test_two_runs_share_nothing(small_model, rng):
    """Made from one model, one optimiser, one generator, and trained in turns, they are what each is alone."""
    texts = rng.integers(5, size=(12, 7, 3))
    batches = [(ids[:-1], ids[1:], np.array(k % 5 > 0)) for k, ids in enumerate(texts)]
    reader, adam = Reader(small_model, 0.3, np.random.default_rng(2)), Adam(0.01)
    alone = Training(reader, batches, Adam(0.01))
    finish(alone)
    one, other = Training(reader, batches, adam), Training(reader, batches, adam)
    for _ in zip(one, other, strict=True):
        pass
    same(one, alone)
    same(other, alone)
    assert adam.state()["k"] == 0


def test_an_optimiser_that_has_made_updates_is_refused(small_model, rng):
    batches = [tuple(rng.integers(5, size=(2, 6, 1)))]
    training = Training(small_model, batches, Adam(0.1))
    finish(training)
    with pytest.raises(ValueError, match="optimiser must be a new one, got one that has made updates"):
        Training(small_model, batches, training.optimiser)


class Forgetful(SequenceModel):
    """A model that keeps a count beside its weights, and says nothing of it."""

    def loss_and_gradient(self, batch, out=None):
        vars(self)["count"] = vars(self).get("count", 0) + 1
        return super().loss_and_gradient(batch, out=out)


@dataclass
class Drawn:
    """Batches that a generator draws when they are asked for."""

    rng: np.random.Generator

    def __len__(self):
        return 9

    def __getitem__(self, k):
        return tuple(self.rng.integers(5, size=(2, 6, 1)))


@pytest.mark.parametrize("what", ["model", "batches", "optimiser", "clip", "data"])
def test_what_changes_while_training_and_is_in_no_state_cannot_be_saved(small_model, tmp_path, rng, what):
    """It would be another run after resuming. The first save after the first update says so, and names it."""
    batches = [rng.integers(5, size=(2, 6, 1)) for _ in range(9)]
    model = Forgetful(*small_model) if what == "model" else small_model
    training = Training(model, Drawn(rng) if what == "batches" else batches, Adam(0.1), 1.0)
    updates = training.checkpointed(tmp_path / "run.npz", every=2)
    names = {"optimiser": "optimiser.learning_rate", "clip": "clip", "data": "batches"}
    names |= {"model": "model.count", "batches": "batches.rng"}

    def meddle():
        for _ in updates:
            if what == "optimiser":
                training.optimiser.learning_rate *= 0.9
            elif what == "clip":
                training.clip = 0.5
            elif what == "data":
                batches[8][0, 0] += 1

    with pytest.raises(TypeError, match=f"no settings and data that change .*: {names[what]} was"):
        meddle()
    assert training.done <= 2
    assert np.load(tmp_path / "run.npz")["done"] == 0


class Momentum:
    """An optimiser of the reader's, no dataclass; it tells its velocity and, if `all`, its rate."""

    def __init__(self, rate, all):
        self.rate, self.all, self.v = rate, all, np.zeros(0)

    def update(self, theta, gradient):
        self.v = gradient.copy() if self.v.size == 0 else 0.9 * self.v + gradient
        self.rate *= 0.99
        theta -= self.rate * self.v

    def state(self):
        return {"v": self.v} | ({"change": np.array(self.rate - 0.1)} if self.all else {})

    def restore(self, state):
        self.v = state["v"].copy()
        if self.all:
            self.rate = 0.1 + float(state["change"])


def test_a_state_that_leaves_something_out_is_found_by_trying_it(small_model, rng, tmp_path):
    """Whatever kind of object keeps it; a state that holds all goes on bit for bit."""
    batches = [tuple(rng.integers(5, size=(2, 6, 1))) for _ in range(9)]
    with pytest.raises(TypeError, match=r"optimiser\.rate was 0\.1 and is now 0\.099"):
        list(Training(small_model, batches, Momentum(0.1, False)).checkpointed(tmp_path / "run.npz"))
    (tmp_path / "run.npz").unlink()
    alone, first, second = (Training(small_model, batches, Momentum(0.1, True)) for _ in range(3))
    finish(alone)
    advance(first.checkpointed(tmp_path / "run.npz", every=1), 4)
    list(second.checkpointed(tmp_path / "run.npz"))
    np.testing.assert_allclose(second.model.vector(), alone.model.vector(), rtol=1e-14)


def test_a_run_that_was_changed_by_hand_resumes_as_it_was_saved(run, tmp_path):
    """The rate comes back; other batches or another clip put in its place are another run."""
    training, alone = advance(run(), 5), run()
    training.save(tmp_path / "run.npz")
    training.optimiser.learning_rate = 3.0
    training.resume(tmp_path / "run.npz")
    finish(training)
    finish(alone)
    same(training, alone)
    for name, value in (("clip", 2.0), ("batches", alone.batches.order[:, :1].tolist())):
        changed = run()
        setattr(changed, name, value)
        with pytest.raises(ValueError, match=f"another run; .*{name}"):
            changed.resume(tmp_path / "run.npz")


def test_what_cannot_be_looked_into_is_trained_but_not_saved(small_model, tmp_path, rng):
    """A file, a generator of Python's, a lambda: who knows whether it is the same one later."""

    class Mapped(Drawn):
        how = None

    for opaque in (lambda ids: ids, (k for k in range(3)), open(__file__)):
        batches = Mapped(rng)
        batches.how = opaque
        training = Training(small_model, batches, SGD(0.1))
        with pytest.raises(TypeError, match=r"batches\.how must be data"):
            training.checkpointed(tmp_path / "run.npz")
        assert len(list(training)) == 9
    opaque.close()


def test_a_copy_of_a_model_that_keeps_more_than_it_says_is_refused(small_model, rng):
    training = Training(Forgetful(*small_model), [tuple(rng.integers(5, size=(2, 6, 1)))] * 3, SGD(0.1))
    advance(training, 1)
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"model\.count was not there and is now 1"):
            make(training)


def test_a_run_sent_to_a_worker_learns_there(run):
    """joblib maps large arrays into the worker, where nobody may write; here every array is large."""
    alone = run()
    finish(alone)
    with joblib.parallel_config(backend="loky", max_nbytes=1, mmap_mode="r"):
        (there,) = joblib.Parallel(n_jobs=2)([joblib.delayed(finish)(advance(run(), 5))])
    np.testing.assert_array_equal(there, alone.model.vector())


# Interrupts


@pytest.mark.skipif(os.name != "posix", reason="sends itself signals")
def test_interrupted_at_random_moments_it_goes_on_as_if_left_alone(rng):
    """An alarm that interrupts as Ctrl-C does, some hundreds of times, with the readers' states and Adam's moments."""
    was = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    interrupts = 0
    try:
        for make in list(small_runs(rng))[-6:]:
            alone = make()
            finish(alone)
            for _ in range(30):
                training = make()
                while training.done < len(training):
                    try:
                        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 3e-3))
                        finish(training)
                        signal.setitimer(
                            signal.ITIMER_REAL, 0
                        )  # here, where an alarm just before it is caught
                    except KeyboardInterrupt:
                        interrupts += 1
                same(training, alone)
    finally:
        signal.signal(signal.SIGALRM, was)
    assert interrupts > 50


@pytest.mark.skipif(os.name != "posix", reason="sends a process signals")
def test_ctrl_c_saves_where_the_run_stands_and_the_next_goes_on_from_there(run, tmp_path, rng):
    """SIGINT ten times at random moments, to a process that would save every 10,000 updates."""
    path, script, done = tmp_path / "run.npz", tmp_path / "run.py", 0
    script.write_text(RUN.replace("every=7", "every=10_000"))
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, script, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        process.stdout.readline()  # the first update is made, or the run had been made to its end before
        time.sleep(rng.random() * 0.02)
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert np.load(path)["done"] >= done
        done = int(np.load(path)["done"])
    resumed, alone = run(), run()
    for _ in resumed.checkpointed(path):
        pass
    finish(alone)
    same(resumed, alone)
    assert set(os.listdir(tmp_path)) == {"run.npz", "run.py"}


def test_an_update_that_breaks_off_half_made_is_not_gone_on_from(run, tmp_path):
    """What is no interrupt can still break an optimiser in its middle; a checkpoint makes the run whole again."""

    class Failing(Adam):
        left = 2

        def update(self, theta, gradient):
            super().update(theta, gradient)
            Failing.left -= 1
            if Failing.left == -1:
                raise MemoryError

    first = run()
    make = lambda: Training(first.model, first.batches, Failing(0.01), 1.0)  # noqa: E731
    training, path = make(), tmp_path / "run.npz"
    advance(training, 2).save(path)
    with pytest.raises(MemoryError):
        next(iter(training))
    for use in (lambda: next(iter(training)), lambda: training.save(path), lambda: copy.copy(training)):
        with pytest.raises(RuntimeError, match="update 3 broke off half made"):
            use()
    training.resume(path)
    assert training.done == 2


def test_a_reader_that_fails_in_a_batch_is_as_before_it(small_model, rng):
    """The state and the generator go back; the same batch made right gives what it would have given at first."""
    batches = [(*rng.integers(5, size=(2, 6, 3)), np.array(k > 0)) for k in range(4)]
    spoilt = [*batches]
    spoilt[2] = (batches[2][0], batches[2][1] + 90, batches[2][2])
    alone, training = (
        Training(Reader(small_model, 0.3, np.random.default_rng(2)), b, Adam(0.01)) for b in (batches, spoilt)
    )
    finish(alone)
    with pytest.raises(ValueError, match="targets must hold ids"):
        finish(training)
    training.batches = batches
    finish(training)
    same(training, alone)


# Files


def test_what_is_wrong_with_the_folder_is_said_before_the_first_update(run, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken").mkdir()
    for name, error, message in [
        ("none/run.npz", FileNotFoundError, r"there is no folder .*none: make it first.*none/run\.npz"),
        ("file/run.npz", NotADirectoryError, r"file/run\.npz"),
        ("taken", IsADirectoryError, "taken"),
    ]:
        training = run()
        with pytest.raises(error, match=message):
            training.checkpointed(tmp_path / name)
        assert training.done == 0
    assert {path.name for path in tmp_path.iterdir()} == {"file", "taken"}


def test_a_folder_where_nothing_can_be_written_is_named_before_the_first_update(run, tmp_path, monkeypatch):
    """Also when the checkpoint is there already, and is read. (No mode of a folder would keep root out.)"""
    list(zip(range(3), run().checkpointed(tmp_path / "run.npz", every=1), strict=False))

    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(PermissionError, match=r"cannot be written: Permission denied: .*run\.npz'"):
        run().checkpointed(tmp_path / "run.npz")
    assert os.listdir(tmp_path) == ["run.npz"]


def test_a_link_to_a_checkpoint_stays_a_link(run, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run.npz").symlink_to(tmp_path / "disk" / "run.npz")
    advance(run().checkpointed(tmp_path / "run.npz", every=1), 3)
    assert (tmp_path / "run.npz").is_symlink()
    assert np.load(tmp_path / "disk" / "run.npz")["done"] == 3
    assert os.listdir(tmp_path / "disk") == ["run.npz"]


def forged(path, **changes):
    """A checkpoint with some arrays changed, or left out, whose checksum fits."""
    arrays = checkpoint.read(path) | changes
    checkpoint.write(path, {name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"theta": np.zeros(3)}, "theta must be .* float64, got .3,."),
        ({"theta": None}, "theta"),
        ({"losses": None}, "losses"),
        ({"norms": np.zeros(1)}, "norms must be"),
        ({"done": None}, "done"),
        ({"done": np.array(601)}, "done must be from 0 to 600, got 601"),
        ({"done": np.array(-1)}, "done must be from 0 to 600"),
        ({"done": np.array(1.5)}, "integer"),
        ({"optimiser.M": None}, "entries"),
        ({"optimiser.M": np.zeros(3), "optimiser.V": np.zeros(3)}, "theta must be the vector"),
        ({"optimiser.k": np.array("x")}, "whole number"),
    ],
)
def test_all_is_checked_before_anything_is_assigned(run, tmp_path, changes, message):
    training, path = advance(run(), 4), tmp_path / "run.npz"
    training.save(path)
    forged(path, **changes)
    other = advance(run(), 2)
    before = copy.deepcopy(other)
    with pytest.raises(ValueError, match=f"run.npz does not hold all of this run: .*{message}"):
        other.resume(path)
    same(other, before)
    assert other.done == 2
    finish(other)
    finish(before)
    same(other, before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.s": np.zeros((3, 9), np.float32)}, "s must be"),
        ({"model.rng": None}, "rng"),
        ({"model.rng": np.array("{")}, ""),
    ],
)
def test_the_state_of_a_reader_is_checked_as_well(tmp_path, changes, message):
    settings = alice.SETTINGS | {"hidden": 16, "epochs": 1, "dropout": 0.2}
    training, other = (advance(alice.training(1, **settings), 2) for _ in range(2))
    training.save(tmp_path / "run.npz")
    forged(tmp_path / "run.npz", **changes)
    with pytest.raises(ValueError, match=f"does not hold all of this run: .*{message}"):
        other.resume(tmp_path / "run.npz")
    same(advance(other, 3), advance(training, 3))


def test_weights_that_are_no_longer_finite_leave_the_last_good_checkpoint(small_model, tmp_path, rng):
    class Bursting(SGD):
        def update(self, theta, gradient):
            theta += np.inf

    batches = [tuple(rng.integers(5, size=(2, 6, 1)))] * 3
    training = Training(small_model, batches, Bursting(0.1))
    with pytest.raises(FloatingPointError, match="update 1 left weights that are not finite"):
        list(training.checkpointed(tmp_path / "run.npz", every=1))
    assert np.load(tmp_path / "run.npz")["done"] == 0


# What is refused


@pytest.mark.parametrize("optimiser", [SGD(0.1), Adam(0.1)])
def test_float16_is_refused(small_model, optimiser):
    """Its squares overflow at 256: the loss came out infinite, and Adam's weights NaN after two updates."""
    model = small_model.with_vector(small_model.vector().astype(np.float16))
    with pytest.raises(TypeError, match=r"model must have weights in float32 or float64 .* got float16"):
        Training(model, [0], optimiser)


@pytest.mark.parametrize("shape", [(6, 0), (0, 3)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_batch_of_nothing_is_refused(small_model, shape):
    """Its mean loss is no number."""
    training = Training(small_model, [(np.zeros(shape, int), np.zeros(shape, int))], SGD(0.1))
    with pytest.raises(ValueError, match=r"batches\[0\] must hold at least one step and sequence"):
        list(training)
    np.testing.assert_array_equal(training.model.vector(), small_model.vector())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": 3}, TypeError, "model must be an object with loss_and_gradient, .* got int"),
        ({"model": SequenceModel}, TypeError, "model must be .* got the class SequenceModel"),
        ({"batches": iter([1])}, TypeError, "batches must be .* got list_iterator"),
        ({"batches": []}, ValueError, "batches must hold at least one batch, got none"),
        ({"optimiser": Adam}, TypeError, "optimiser must be .* got the class Adam"),
        ({"optimiser": 0.1}, TypeError, "optimiser must be .* got float"),
        ({"clip": 0}, ValueError, "clip must be above 0, or None for no limit, got 0"),
        ({"clip": -1.0}, ValueError, "clip must be above 0"),
        ({"clip": np.nan}, ValueError, "clip must be above 0"),
        ({"clip": "1"}, TypeError, "clip must be a number, got '1'"),
        ({"clip": True}, TypeError, "clip must be a number, got True"),
    ],
)
def test_what_cannot_be_trained_is_named_at_once(small_model, changes, error, message):
    with pytest.raises(error, match=message):
        Training(**({"model": small_model, "batches": [0], "optimiser": SGD(0.1), "clip": 1.0} | changes))


@pytest.mark.parametrize(
    ("every", "error"), [(0, ValueError), (-3, ValueError), (1.5, TypeError), ("7", TypeError)]
)
def test_every_is_a_whole_number_of_updates(run, tmp_path, every, error):
    with pytest.raises(error, match="every must be"):
        run().checkpointed(tmp_path / "run.npz", every=every)
    assert not list(tmp_path.iterdir())

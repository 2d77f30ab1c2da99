"""The lab: its cell in JavaScript is NumPy's, what it measures is what the book measures, its sentences are so."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from py_mini_racer import MiniRacer

from ch5.analysis import context, jacobian
from ch5.book import lab
from ch5.engine import bptt, gradcheck, initialise
from ch5.experiments import baselines, original, original_changed, record
from ch5.networks import sequence

V8 = """
const bufferOf = bytes => Uint8Array.from(bytes).buffer;
const taskOf = task =>
  ({ ...task, given: bufferOf(task.given), ids: Uint8Array.from(task.ids), limit: task.limit ?? Infinity });
"""
PROMPT = "Alice "


@pytest.fixture(scope="module")
def ids():
    return original.opening()[1]


@pytest.fixture(scope="module")
def v8():
    """A V8 with the lab's code in it."""
    with MiniRacer() as v8:
        v8.eval(f"{lab.source('cell.js')}\n{lab.source('run.js')}\n{V8}")
        yield v8


def call(v8, code, **values):
    """What an expression gives, with these names for values. No piece of this takes seconds, unless V8 hangs."""
    names, given = ", ".join(values), ", ".join(map(json.dumps, values.values()))
    return json.loads(v8.eval(f"JSON.stringify((({names}) => {code})({given}))", timeout_sec=60))


def task(ids, seed=1, radius=None, rate=original.RATE, window=32, clip=original.CLIP):
    """What the page asks of a run with these settings."""
    vocabulary, _ = original.opening()
    return {
        "given": list(lab.given(seed)),
        "ids": ids.tolist(),
        "H": original.HIDDEN,
        "V": len(vocabulary),
        "epochs": original.EPOCHS,
        "radius": radius,
        "rate": rate,
        "window": window,
        "limit": clip,
        "prompt": vocabulary.encode(PROMPT).tolist(),
        "temperature": lab.TEMPERATURE,
        "u": np.random.default_rng(0).random(lab.CHARACTERS).tolist(),
    }


def start(v8, **settings):
    """Begin a run in V8."""
    call(v8, "{ globalThis.run = begin(taskOf(task)); return null; }", task=task(**settings))


def train(v8, updates):
    """Go on to so many updates, in slices."""
    for number in range(0, updates, 100):
        call(
            v8, "{ while (run.seen.done < to) updateOnce(run); return null; }", to=min(number + 100, updates)
        )


# The cell


def test_the_first_epoch_is_numpy_s(v8, ids):
    """At the original settings: each of the first 50 losses to 1e-12, and the epoch's mean to 1e-9."""
    start(v8, ids=ids)
    train(v8, 937)
    reference = original_changed.training(1)
    for update in reference:
        if update.number == 937:
            break
    first, epochs = call(v8, "[run.seen.first, run.seen.epochs]")
    assert_allclose(first, reference.losses[:50], rtol=0, atol=1e-12)
    assert_allclose(epochs, [reference.losses[:937].mean()], rtol=0, atol=1e-9)


SETTINGS = [
    *({"radius": radius} for radius in (0.1, 1.0, 1.5, 2.5)),
    *({"rate": rate} for rate in (lab.RATES[0], lab.RATES[-1])),
    {"window": 8},
    {"clip": None},
    {"radius": 2.5, "rate": 5.0, "window": 8, "clip": None, "seed": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_single_updates_are_numpy_s(v8, ids, settings):
    """From the weights that NumPy has before updates 1, 100 and 900: loss to 1e-12, gradient to 1e-9 of its length,
    and the weights after it."""
    reference = original_changed.training(**{"seed": 1} | settings)
    start(v8, ids=ids, **settings)
    before = reference.model.vector()
    assert_allclose(call(v8, "Array.from(run.net.vector)"), before, rtol=1e-12)
    updates = {}
    for update in reference:
        if update.number in (1, 100, 900):
            updates[update.number] = before, update, reference.model.vector()
        before = reference.model.vector()
        if update.number == 900:
            break
    for number, (before, update, after) in updates.items():
        code = """{
          run.net.vector.set(theta); run.seen.done = number - 1; run.seen.losses.length = 0;
          updateOnce(run);
          return [run.seen.losses.at(-1), Array.from(run.d.vector), Array.from(run.net.vector)];
        }"""
        loss, gradient, weights = call(v8, code, theta=before.tolist(), number=number)
        assert loss == pytest.approx(update.loss, abs=1e-12)
        _, there = reference.model.with_vector(before).loss_and_gradient(reference.batches[number - 1])
        assert gradcheck.relative_error(np.array(gradient), there.vector()) < 1e-9
        assert np.linalg.norm(gradient) == pytest.approx(update.norm, rel=1e-9)
        assert_allclose(weights, after, rtol=0, atol=1e-9 * max(1, np.abs(after - before).max()))


def permuted(run, rng):
    """The same run with its hidden units in another order: in exact numbers the same losses."""
    order, model = rng.permutation(original.HIDDEN), run.model
    for name, array in (("W_xh", model.cell.W_xh), ("W_hh", model.cell.W_hh), ("b", model.cell.b)):
        array[:] = array[order][:, order] if name == "W_hh" else array[order]
    model.readout.W_hy[:] = model.readout.W_hy[:, order]
    return run


@pytest.mark.parametrize(
    ("settings", "epochs", "apart"),
    [({}, 1, False), ({"radius": 1.5}, 1, False), ({"radius": 2.5}, 1, True), ({"clip": None}, 2, True)],
    ids=str,
)
def test_where_two_runs_of_numpy_disagree(settings, epochs, apart, rng):
    """With hidden units permuted the first loss agrees to 1e-12. At radius 2.5, and without the clip, the last epoch's
    mean does not to a hundredth: rounding decides the path, so there only single updates can be compared."""
    updates = epochs * 937
    runs = [original_changed.training(1, **settings), permuted(original_changed.training(1, **settings), rng)]
    for run in runs:
        for update in run:
            if update.number == updates:
                break
    one, other = (run.losses[:updates] for run in runs)
    assert one[0] == pytest.approx(other[0], abs=1e-12)
    difference = abs(one[-937:].mean() - other[-937:].mean())
    assert difference > 0.01 if apart else difference < 1e-9


def test_an_update_that_is_no_number_ends_the_run(v8, ids):
    """The weights stay as they were, and the run is broken; so it is reported, and it rests."""
    start(v8, ids=ids)
    code = """{
      run.net.W_hy.fill(1e308); run.until = Infinity; const before = run.net.vector.slice();
      updateOnce(run);
      return [run.seen.broken, run.seen.done, run.net.vector.every((w, k) => w === before[k])];
    }"""
    assert call(v8, code) == [True, 0, True]


# What it measures


@pytest.fixture
def network(v8, ids):
    """The network after 100 updates, here and in V8."""
    run = original_changed.training(1)
    for update in run:
        if update.number == 100:
            break
    start(v8, ids=ids)
    train(v8, 100)
    return run.model


def test_the_sample_is_the_book_s(v8, network):
    """The text is the one that `sequence.sample` draws with the same numbers."""
    vocabulary, _ = original.opening()
    rng = np.random.default_rng(0)
    drawn = sequence.sample(network, vocabulary.encode(PROMPT), lab.CHARACTERS, lab.TEMPERATURE, rng)
    assert measured(v8)["text"] == drawn.tolist()


def measured(v8):
    return call(
        v8, "{ for (const m = measure(run);;) { const { value, done } = m.next(); if (done) return value; } }"
    )


def test_the_gradient_by_lag_is_the_book_s(v8, network, ids):
    """Each place's norms by lag are those of `context.log_gradient_norms`; their median is what is drawn."""
    places = 100 + np.floor(np.arange(1, 17) * 300 / 16).astype(int)
    h, residuals = bptt.unroll(network.cell, ids[:400])
    slope = network.cell.linearise(h, residuals)
    logs = []
    for t in places:
        y = network.readout.logits(h[t])
        dy = np.exp(y - y.max()) / np.exp(y - y.max()).sum()
        dy[ids[t]] -= 1
        found = jacobian.log_gradient_norms(
            network.cell.W_hh, slope[t - lab.LAGS : t], dy @ network.readout.W_hy
        )
        logs.append((found - found[0]) / np.log(10))
    quartiles = np.sort(logs, axis=0)[[3, 7, 11]]
    assert_allclose(measured(v8)["gradient"], quartiles, atol=1e-9)
    longer = context.log_gradient_norms(network, ids, places[-1:], lab.LAGS)[0] / np.log(10)
    assert_allclose(logs[-1], longer[:, 0], atol=1e-6)  # which begins its reading later


def test_radius_slope_and_exponent_are_the_book_s(v8, network, ids, rng):
    """The radius to 1 %, the mean slope to 1e-12, the exponent to a hundredth."""
    found = measured(v8)
    h, residuals = bptt.unroll(network.cell, ids[:400])
    slope = network.cell.linearise(h, residuals)
    assert found["update"] == 100
    assert found["radius"] == pytest.approx(initialise.spectral_radius(network.cell.W_hh), rel=0.01)
    assert found["slope"] == pytest.approx(slope.mean(), abs=1e-12)
    exponent = jacobian.lyapunov_exponents(network.cell.W_hh, slope, 1, rng, skip=100)[0]
    assert found["exponent"] == pytest.approx(exponent, abs=0.01)


def test_it_goes_as_far_as_it_is_told(v8, ids):
    """At rest it has measured where it stands; each stop on the way is measured once, and nothing is trained twice.
    After its last update it rests, however far it is told to go."""
    start(v8, ids=ids)
    code = """{
      run.seen.total = 32;
      const steps = work(run), updates = [];
      const rest = until => {
        run.until = until;
        for (let found; (found = steps.next().value) !== "rest";) if (found) updates.push(found.update);
        return run.seen.done;
      };
      return [[rest(0), rest(1), rest(1), rest(30), rest(0), rest(Infinity)], updates];
    }"""
    assert call(v8, code) == [[0, 1, 1, 30, 30, 32], [0, 1, 10, 14, 20, 28, 30, 32]]


# What it is given


def test_a_seed_s_bytes_are_the_run_s():
    """Seed, radius, weights and windows, as `run.js` reads them."""
    given, run = lab.given(3), original.original_run(3)
    weights = run.model.vector()
    seed, radius = np.frombuffer(given, "<f8", 2)
    assert seed == 3
    assert radius == initialise.spectral_radius(run.model.cell.W_hh.astype(float))
    np.testing.assert_array_equal(np.frombuffer(given, "<f4", len(weights), 16), weights)
    np.testing.assert_array_equal(
        np.frombuffer(given, "<u2", offset=16 + 4 * len(weights)), run.batches.order[:, 0]
    )


SEEDS = np.array([result["epochs"] for result in record.load(original.EXPERIMENT).results])


def test_with_a_kernel_a_seed_is_handed_over():
    """The widget's bytes follow its seed: none at first, as they would make the page heavy before it is read. What a
    slider says of each seed's own radius is there from the start."""
    widget = lab.Lab(SEEDS, {"uniform": 4.2})
    assert widget.given == b""
    for seed, own in zip(lab.SEEDS, widget.figure["own"], strict=True):
        widget.seed = seed
        assert widget.given == lab.given(seed)
        assert own == np.frombuffer(widget.given, "<f8", 2)[1]
    assert repr(widget) == "Lab(the original run)"


def test_seeds_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"seeds must have shape \(S, 15\), got \(10, 14\)"):
        lab.Lab(SEEDS[:, :14], {})


# What its sentences say

PLACES = {label: sentence for label, _, sentence in lab.PLACES}
CHANGED = record.load(original_changed.EXPERIMENT)


def changed(change):
    return np.array([result["epochs"] for result in CHANGED.where(change=change)])


def test_the_original_run_ends_at_two_nats_and_its_gradient_is_short(v8, network, ids):
    """About two nats, more than order 2 loses; a hundredth within 20 steps at the start, on the way and at the end."""
    assert "about two nats" in PLACES["The original run"]
    assert (np.abs(SEEDS[:, -1] - 2) < 0.1).all()
    rows = baselines.counted(*baselines.texts("opening"))
    assert rows["order 2"][0] < SEEDS[:, -1].min() - 0.1
    on_the_way = measured(v8)["gradient"][1]
    start(v8, ids=ids)
    at_the_start = measured(v8)["gradient"][1]
    assert on_the_way[20] < -2
    assert at_the_start[20] < -2
    for result in record.load(baselines.EXPERIMENT).where(model="original"):
        assert result["gradient"][1][20] < np.log(0.01)


def test_windows_of_8_end_no_higher():
    """In each of five seeds, after as many epochs."""
    assert "no higher" in PLACES["Windows of 8"]
    assert (changed("windows of 8")[:, -1] <= SEEDS[:5, -1]).all()


def test_radius_2_5_begins_chaotically_and_stays_behind(v8, ids):
    """At first the gradient grows with the lag, in each of five seeds; at the end the loss is a tenth of a nat off."""
    for seed in lab.SEEDS:
        start(v8, ids=ids, seed=seed, radius=2.5)
        found = measured(v8)
        assert found["exponent"] > 0
        assert found["gradient"][1][lab.LAGS] > 0
    losses = changed("radius 2.5")
    assert (np.diff(losses, axis=1) < 0).all()
    assert (losses[:, -1] > SEEDS[:5, -1] + 0.1).all()


def test_without_the_clip_a_run_is_undone():
    """Within seven epochs the loss is above the first epoch's, and stays there; W_hh has ten times its radius."""
    losses = changed("no clip")
    assert (losses[:, 6:] > losses[:, :1]).all()
    for seed, result in zip(lab.SEEDS, CHANGED.where(change="no clip"), strict=True):
        assert result["radius"] > 10 * np.frombuffer(lab.given(seed), "<f8", 2)[1]


def test_every_place_is_one_of_the_changes():
    """A place sets what the recorded runs change, in the panel's words."""
    settings = [place for _, place, _ in lab.PLACES if place]
    assert settings == [{"window": 8}, {"radius": 2.5}, {"clip": "off"}]
    assert [change for change, *_ in map(list, map(dict.items, original_changed.CHANGES.values()))] == [
        ("window", 8),
        ("radius", 2.5),
        ("clip", None),
    ]

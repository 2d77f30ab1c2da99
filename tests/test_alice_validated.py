"""Alice in three parts: what chooses is not what is reported, and the networks are of one size."""

from itertools import islice

import numpy as np
import pytest

from ch5.analysis import context
from ch5.experiments import alice, alice_validated, record
from ch5.networks.stream import Reader

SETTINGS, MODELS = alice_validated.SETTINGS, alice_validated.MODELS
SMALL = SETTINGS | {
    "units": dict.fromkeys(MODELS, 6),
    "layer": dict.fromkeys(SETTINGS["layer"], 8),
    "epochs": 2,
    "rate": 0.02,
}
EACH = pytest.mark.parametrize("model", MODELS)


def test_the_text_has_three_parts_and_the_last_is_the_tail_of_the_other_records():
    ids, validation, test = alice_validated.parts()
    _, whole, tail = alice.book()
    np.testing.assert_array_equal(ids, whole)
    assert test == tail
    assert len(ids) - test == test - validation == round(len(ids) / 10)


@EACH
def test_parameters_and_updates_are_those_of_the_vanilla_network(model):
    """At most as many parameters, at least 99 of 100; as many updates, the same windows, all in the training part."""
    vanilla = alice_validated.training("vanilla", 1, rate=0.01, **SETTINGS)
    run = alice_validated.training(model, 1, rate=0.01, **SETTINGS)
    assert 0.99 * vanilla.model.model.size <= run.model.model.size <= vanilla.model.model.size
    assert len(run) == len(vanilla)
    np.testing.assert_array_equal(run.batches.goes_on, vanilla.batches.goes_on)
    ids, validation, _ = alice_validated.parts()
    np.testing.assert_array_equal(run.batches.ids, ids[:validation])
    assert validation - 1000 < run.batches.starts.max() + SETTINGS["window"] < validation
    assert (run.clip, run.model.model.dtype) == (alice.SETTINGS["clip"], np.float32)


def test_the_vanilla_network_is_that_of_the_first_record():
    """The same initial weights, to the last bit; only the text that it reads is shorter."""
    run = alice_validated.training("vanilla", 3, rate=0.002, **SETTINGS)
    first = alice.training(3, **alice.SETTINGS)
    np.testing.assert_array_equal(run.model.vector(), first.model.vector())


def test_a_quarter_of_the_lstm_s_learning_rate_did_nearly_as_well_in_the_pilot():
    """Within 0.01 nats, one run each: it need not have ten times the vanilla network's."""
    pilot, rate = record.load(alice_validated.PILOT), alice_validated.RATES["lstm"]
    at_quarter, at_its_rate = (
        min(pilot.where(model="lstm", rate=one)[0]["validation"]) for one in (rate / 4, rate)
    )
    assert rate > 10 * alice_validated.RATES["vanilla"]
    assert at_its_rate < at_quarter < at_its_rate + 0.01


def test_the_second_experiment_has_the_learning_rate_that_was_chosen_here():
    """That of the least validation loss of the pilot, whose runs read nothing of the tail."""
    grid = alice_validated.GRID["vanilla"]
    runs = [record.load(alice_validated.PILOT).where(model="vanilla", rate=rate)[0] for rate in grid]
    least = [run["validation"][-1] for run in runs]
    assert grid[np.argmin(least)] == alice_validated.RATES["vanilla"] == alice.SETTINGS["rate"]
    assert 0 < np.argmin(least) < len(grid) - 1
    for run in runs[1:4]:
        assert min(run["validation"]) == run["validation"][-1]  # so the last epoch's weights would be kept


@pytest.mark.parametrize("model", ["lru", "min gru"])
def test_the_state_of_a_linear_cell_is_carried_from_window_to_window(model):
    """Two windows in turn lose what they lose as one text, in float64."""
    settings = {name: SMALL[name] for name in ("units", "layer", "forget_bias")}
    rng = np.random.default_rng(5)
    network = alice_validated.make(model, rng=rng, V=72, **settings).astype(np.float64)
    network = network.with_vector(network.vector() + 0.1 * rng.normal(size=network.size))
    ids = rng.integers(72, size=(21, 3))
    as_one, _ = network.losses(ids[:20], ids[1:])
    reader = Reader(network, 0.0, rng)
    reader.loss_and_gradient((ids[:10], ids[1:11], False))
    carried, _ = reader.loss_and_gradient((ids[10:20], ids[11:], True))
    alone, _ = reader.loss_and_gradient((ids[10:20], ids[11:], False))
    assert carried == pytest.approx(as_one[10:].mean(), rel=1e-12)
    assert abs(carried - alone) > 1e-4


@pytest.mark.parametrize("model", ["vanilla", "lru"])
def test_what_is_reported_is_of_the_epoch_that_the_validation_part_chooses(model, monkeypatch):
    """Losses that fall and then rise there: the weights after the first epoch are kept, and read the last part."""
    ids, validation, test = alice_validated.parts()
    run = alice_validated.training(model, 1, **SMALL)
    for _ in islice(run, len(run) // 2):
        pass
    expected = context.losses_from(run.model.model, ids, test).mean()
    read, losses_from = [], context.losses_from

    def rising(network, ids, first, **pieces):
        read.append((len(ids), first))
        found = losses_from(network, ids, first, **pieces)
        return found + len(read) if len(ids) == test else found

    monkeypatch.setattr(context, "losses_from", rising)
    found = alice_validated.measure(model=model, seed=1, **SMALL)
    assert read == 2 * [(test, validation)] + [(validation, context.BEFORE + 1), (len(ids), test)]
    assert found["test"] == pytest.approx(expected, rel=1e-6)


def test_nothing_is_chosen_on_the_test_part(monkeypatch):
    """With another text there all is the same but the test loss."""
    then = alice_validated.measure(model="gru", seed=1, **SMALL)
    ids, validation, test = alice_validated.parts()
    other = np.concatenate([ids[:test], ids[test:][::-1]])
    monkeypatch.setattr(alice_validated, "parts", lambda: (other, validation, test))
    now = alice_validated.measure(model="gru", seed=1, **SMALL)
    for name in ("early", "loss", "validation", "train"):
        np.testing.assert_array_equal(now[name], then[name])
    assert now["test"] > then["test"] + 0.1


@EACH
def test_the_learning_rate_is_the_best_on_the_validation_part_and_inside_the_grid(model):
    """Of at least five rates, each at most twice the one before; the pilot's seed is none of those reported."""
    grid, rate = alice_validated.GRID[model], alice_validated.RATES[model]
    pilot = record.load(alice_validated.PILOT)
    ends = [min(pilot.where(model=model, rate=tried)[0]["validation"]) for tried in grid]
    assert len(grid) >= 5
    assert 1 < np.divide(grid[1:], grid[:-1]).min() <= np.divide(grid[1:], grid[:-1]).max() <= 2
    assert grid[int(np.argmin(ends))] == rate
    assert min(grid) < rate < max(grid)
    assert alice_validated.PILOT_SEED not in alice_validated.SEEDS


def test_the_pilot_has_no_test_loss():
    assert not any("test" in result for result in record.load(alice_validated.PILOT).results)


@EACH
def test_the_record_is_well_formed(model):
    """Losses of every epoch; those of the three parts in the order that learning gives them; one size."""
    for result in record.load(alice_validated.EXPERIMENT).where(model=model):
        assert len(result["loss"]) == len(result["validation"]) == SETTINGS["epochs"]
        assert result["early"][0] == pytest.approx(np.log(72), abs=0.05)
        assert 1 < result["train"] < result["test"] < 2
        assert result["train"] < min(result["validation"])
        assert 102_000 < result["parameters"] <= 102_728


@EACH
def test_what_was_recorded_comes_out_again(model):
    """The first three losses of a recorded run, and of the pilot's at the same rate; in float32 rounding grows fast."""
    for experiment, seed in (
        (alice_validated.EXPERIMENT, alice_validated.SEEDS[-1]),
        (alice_validated.PILOT, alice_validated.PILOT_SEED),
    ):
        rate = alice_validated.RATES[model]
        (then,) = record.load(experiment).where(model=model, rate=rate, seed=seed)
        run = alice_validated.training(model, seed, rate=rate, **SETTINGS)
        now = [update.loss for update in islice(run, 3)]
        np.testing.assert_allclose(now, then["early"][:3], rtol=1e-3)

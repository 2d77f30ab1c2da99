"""Gates on Alice: the budget is the vanilla network's, and what is measured is what is said."""

from itertools import islice

import numpy as np
import pytest

from ch5.analysis import context
from ch5.engine import gradcheck, initialise
from ch5.experiments import alice, gates_alice, record
from ch5.networks.gated import GRU, LSTM
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel
from ch5.networks.stream import Reader

SMALL = gates_alice.SETTINGS | {"hidden": {"lstm": 12, "gru": 12}, "epochs": 2}
CELLS = pytest.mark.parametrize("kind", [LSTM, GRU])


def small_model(kind, V=72, H=6):
    """Weights of order one, float64."""
    rng = np.random.default_rng(5)
    model = SequenceModel(
        kind.initialise(rng, H, V, 1.0), Readout(initialise.uniform(rng, V, H), np.zeros(V))
    )
    return model.with_vector(model.vector() * 2)


def test_parameters_and_updates_are_those_of_the_vanilla_network():
    """At most as many parameters, at least 99 of 100; the same text, windows, rate, clip and number of updates."""
    vanilla = gates_alice.training("vanilla", 1, **gates_alice.SETTINGS)
    for cell in gates_alice.CELLS:
        run = gates_alice.training(cell, 1, **gates_alice.SETTINGS)
        assert 0.99 * vanilla.model.model.size <= run.model.model.size <= vanilla.model.model.size
        assert len(run) == len(vanilla)
        assert run.batches.starts.shape == vanilla.batches.starts.shape
        assert (run.optimiser.learning_rate, run.clip) == (vanilla.optimiser.learning_rate, vanilla.clip)
        np.testing.assert_array_equal(run.batches.goes_on, vanilla.batches.goes_on)
        assert run.model.model.dtype == np.float32


@CELLS
def test_the_state_is_carried_where_the_text_goes_on_and_nowhere_else(kind):
    """Two windows in turn lose what they lose as one text; a window that does not go on starts from zero."""
    model, ids = small_model(kind), np.random.default_rng(6).integers(72, size=(21, 3))
    as_one, _ = model.losses(ids[:20], ids[1:])
    alone, _ = model.losses(ids[10:20], ids[11:])
    reader = Reader(model, 0.0, np.random.default_rng(7))
    first, _ = reader.loss_and_gradient((ids[:10], ids[1:11], False))
    second, gradient = reader.loss_and_gradient((ids[10:20], ids[11:], True))
    again, _ = reader.loss_and_gradient((ids[10:20], ids[11:], False))
    assert first == pytest.approx(as_one[:10].mean(), rel=1e-12)
    assert second == pytest.approx(as_one[10:].mean(), rel=1e-12)
    assert again == pytest.approx(alone.mean(), rel=1e-12)
    assert abs(again - second) > 1e-4
    carried = model.losses(ids[:10], ids[1:11])[1]
    expected = model.loss_and_gradient((ids[10:20], ids[11:]), carried)[1]
    np.testing.assert_array_equal(gradient.vector(), expected.vector())


@CELLS
def test_the_gradient_is_the_change_of_the_loss_by_an_earlier_state(kind):
    """By central differences, ten characters back, at three places; and gates that lie between zero and one."""
    model, (_, ids, first) = small_model(kind), alice.book()
    places = np.array([first + 300, first + 777, first + 1000])
    logs, residuals = context.log_gradient_norms(model, ids, places, context.LAGS)
    keep = model.cell.keep(residuals)
    assert logs.shape == (context.LAGS + 1, 3)
    assert keep.shape == (context.LAGS, 3, 6)
    assert 0 < keep.min() < keep.max() < 1
    np.testing.assert_array_equal(logs[0], 0)
    for j, p in enumerate(places):
        norms = []
        for k in (0, 10):
            start = p - context.LAGS - context.BEFORE
            _, s = model.losses(ids[start : p - k, None], ids[start + 1 : p - k + 1, None])

            def loss(s, p=p, k=k):
                if k:
                    return model.losses(ids[p - k : p, None], ids[p - k + 1 : p + 1, None], s)[0][-1, 0]
                logits = model.readout.logits(s[:, :6])[0]
                return np.log(np.exp(logits).sum()) - logits[ids[p]]

            (ds,) = gradcheck.central_difference(loss, s)
            norms.append(np.linalg.norm(ds))
        assert logs[10, j] == pytest.approx(np.log(norms[1] / norms[0]), abs=1e-5)


@pytest.fixture(scope="module", params=gates_alice.CELLS)
def small_run(request):
    """Twelve units, two epochs: what was measured, and the network of the same run made here with a plain loop."""
    run = gates_alice.training(request.param, 1, **SMALL)
    for _ in run:
        pass
    return gates_alice.measure(cell=request.param, seed=1, **SMALL), run


def test_the_losses_are_those_of_a_run_made_here(small_run):
    """That of the tail read in one go, from a zero state."""
    found, run = small_run
    _, ids, first = alice.book()
    losses, _ = run.model.model.losses(ids[first - 1 : -1], ids[first:])
    assert found["held_out"][-1] == pytest.approx(losses.mean(), abs=0.005)
    np.testing.assert_allclose(found["early"], run.losses[:20], rtol=1e-12)
    np.testing.assert_allclose(found["loss"], run.losses.reshape(2, -1).mean(axis=1))


def test_what_is_lost_with_less_is_counted_from_the_losses_of_windows(small_run):
    """Given three characters, from a zero state: by reading windows of three and of a hundred before each place."""
    found, run = small_run
    assert found["held_out"][1] < found["held_out"][0]  # so the last weights are the ones kept
    model, (_, ids, first) = run.model.model, alice.book()
    places = np.arange(first + 192, len(ids), 7)
    given = []
    for k in (3, 100):
        at = places - k + np.arange(k)[:, None]
        given.append(model.losses(ids[at], ids[at + 1])[0][-1])
    assert found["excess"][0, context.GIVEN.index(3)] == pytest.approx((given[0] - given[1]).mean(), rel=1e-4)
    assert found["excess"].shape == found["half"].shape == (2, len(context.GIVEN))
    assert found["gradient"].shape == (3, context.LAGS + 1)
    assert found["kept"].shape == (len(gates_alice.QUANTILES), context.LAGS + 1)
    np.testing.assert_allclose(found["kept"][:, 1], found["keep"], atol=0.03)


@pytest.fixture(scope="module")
def recorded():
    return record.load(gates_alice.EXPERIMENT)


def test_at_another_rate_only_the_rate_is_another():
    """With the settings of the first record, all but the rate; and the vanilla run is that of its own experiment."""
    assert gates_alice.RATES.settings | {"rate": 0.002} == gates_alice.EXPERIMENT.settings
    for point in gates_alice.RATES.points:
        assert point["rate"] > gates_alice.SETTINGS["rate"]
    settings = gates_alice.RATES.settings
    run = gates_alice.training("vanilla", 1, rate=0.006, **settings)
    other = alice.training(1, **alice.SETTINGS | {"rate": 0.006})
    assert run.optimiser.learning_rate == other.optimiser.learning_rate == 0.006
    np.testing.assert_array_equal(run.model.vector(), other.model.vector())
    np.testing.assert_array_equal(run.batches.starts, other.batches.starts)


@pytest.mark.parametrize("cell", ["lstm", "gru", "vanilla"])
def test_what_was_recorded_at_other_rates_comes_out_again(cell):
    """The first 20 losses of a recorded run at a rate of 0.006, to 1e-4; they are float32."""
    recorded = record.load(gates_alice.RATES)
    (then,) = recorded.where(cell=cell, rate=0.006, seed=1)
    run = gates_alice.training(cell, 1, rate=0.006, **recorded.settings)
    now = [update.loss for update in islice(run, 20)]
    np.testing.assert_allclose(now, then["early"], rtol=1e-4)


@pytest.mark.parametrize(("cell", "seed"), [("lstm", 1), ("gru", 3), ("vanilla", 2)])
def test_what_was_recorded_comes_out_again(cell, seed, recorded):
    """The first 20 losses of the recorded run, to 1e-4; they are float32."""
    (then,) = recorded.where(cell=cell, seed=seed)
    run = gates_alice.training(cell, seed, **gates_alice.SETTINGS)
    now = [update.loss for update in islice(run, 20)]
    np.testing.assert_allclose(now, then["early"], rtol=1e-4)

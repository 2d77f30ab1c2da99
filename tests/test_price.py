"""The experiment of C9, C10 and C12: what is measured of a network, and which update is the event."""

import numpy as np
import pytest

from ch5.engine import bptt, initialise
from ch5.engine.optimise import SGD
from ch5.engine.train import Training
from ch5.experiments import price
from ch5.experiments.original import original_run
from ch5.networks.cell import VanillaCell


def test_a_linear_cell_has_the_profile_of_its_matrix(rng):
    """At rest every slope is 1: gradients fall as 0.5^k, and so do bound, radius and exponent."""
    cell = VanillaCell(np.zeros((8, 3)), 0.5 * initialise.orthogonal(rng, 8), np.zeros(8))
    found = price.profile(cell, rng.integers(3, size=price.READ), rng)
    for name in ("radius", "sigma_max"):
        assert found[name] == pytest.approx(0.5)
    assert found["exponent"] == pytest.approx(np.log(0.5))
    assert found["non_normality"] == pytest.approx(0, abs=1e-6)
    assert found["slope"] == found["largest_slope"] == found["histogram"][-1] == 1
    np.testing.assert_allclose(found["lags"], [np.log(0.5) * np.arange(price.LAGS + 1)] * 3, atol=1e-9)


def test_a_saturated_cell_passes_nothing(rng):
    """Every slope is exactly 0, and the log of 0 is written as -700."""
    cell = VanillaCell(np.zeros((4, 3)), np.eye(4), np.full(4, 40.0))
    found = price.profile(cell, rng.integers(3, size=price.READ), rng)
    assert found["slope"] == 0
    assert found["exponent"] == price.NOTHING
    assert (found["lags"][:, 1:] == price.NOTHING).all()


@pytest.mark.parametrize("clip", [True, False])
def test_a_run_with_another_radius_differs_in_nothing_else(clip):
    """W_hh is scaled; all other initial weights, the batches, the rate and the clip are the original run's."""
    run, original = price.prepared(3, clip, 1.3), price.prepared(3, clip, None)
    assert initialise.spectral_radius(run.model.cell.W_hh) == pytest.approx(1.3, rel=1e-5)
    for name, array in original.model.arrays().items():
        same = np.array_equal(array, run.model.arrays()[name])
        assert same == (name != "cell.W_hh")
    assert np.array_equal(run.batches.order, original.batches.order)
    assert run.clip == original.clip == (5 / 32 if clip else None)
    assert run.optimiser == original.optimiser


def test_a_moment_holds_what_update_and_window_were():
    """Loss and norm before the update as training reports them; the loss after it on the same window."""
    run = price.prepared(1, True, None)
    updates = iter(run)
    for _ in range(4):
        next(updates)
    before, update = run.model.vector(), next(updates)
    found = price.moment(run, 5, before, run.model.vector())
    assert (found["update"], found["loss"], found["norm"]) == (5, update.loss, update.norm)
    assert found["after"] == pytest.approx(run.model.loss_and_gradient(run.batches[4])[0])
    assert found["after"] < found["loss"]
    assert 0.9 < found["slope"] < 1
    assert found["grown"] == pytest.approx(np.log(np.linalg.norm(np.eye(64), 2)), abs=0.2)


def test_grown_is_the_largest_product_that_ends_at_the_last_step():
    """At initial weights of radius 3 the product over a window grows; formed plainly, it is the same."""
    run = price.prepared(1, True, 3.0)
    first = run.model.vector()
    next(iter(run))
    found = price.moment(run, 1, first, run.model.vector())["grown"]
    cell, product, norms = run.model.with_vector(first).cell, np.eye(64), []
    h, _ = bptt.unroll(cell, run.batches[0][0][:, 0])
    for h_t in h[:0:-1].astype(float):
        product = product @ np.diag(1 - h_t**2) @ cell.W_hh
        norms.append(np.log(np.linalg.norm(product, 2)))
    assert found == pytest.approx(max(norms), rel=1e-4)
    assert found > 5


def test_the_event_is_the_first_spike_that_ends_worse_than_guessing(monkeypatch):
    """One epoch at ten times the rate: the spikes are 20 times the running median, and one is the event."""

    def violent(seed, clip, radius):
        run = original_run(seed, clip=None, epochs=1)
        return Training(run.model, run.batches, SGD(5.0))

    monkeypatch.setattr(price, "prepared", violent)
    monkeypatch.setattr(price, "EPOCHS", 1)
    for seed in range(1, 9):
        found = price.measure(seed, False, None)
        if found["event"] is not None:
            break
    assert found["spikes"]
    assert all(spike["norm"] > 20 * spike["usual"] for spike in found["spikes"])
    worse = [spike["update"] for spike in found["spikes"] if spike["after"] > np.log(69)]
    assert found["event"] == worse[0]
    around = found["around"]["update"]
    assert around == list(range(found["event"] - price.BEFORE, around[-1] + 1))
    assert around[-1] == min(found["event"] + price.AFTER, 937)
    assert set(found["profiles"]) == {"0", "1"}


def test_the_limit_by_value_gives_the_length_asked_for(rng):
    """Cut at that value, a gradient has that length; entries below stay as they are."""
    g = rng.standard_normal(500) ** 3
    limit = price.value_limit(g, 5.0)
    cut = np.clip(g, -limit, limit)
    assert np.linalg.norm(cut) == pytest.approx(5, rel=1e-9)
    assert 0 < np.count_nonzero(cut != g) < 500
    with pytest.raises(ValueError, match="length must be above 0 and below"):
        price.value_limit(g, 1e9)


def test_angles_known_by_hand():
    """The same direction, a right angle, 45 degrees, and the opposite."""
    one = np.array([1.0, 0])
    pairs = [(3 * one, 0), (np.array([0, 2.0]), 90), (np.array([1.0, 1]), 45), (-one, 180)]
    for other, degrees in pairs:
        assert price.angle(one, other) == pytest.approx(degrees, abs=1e-12)

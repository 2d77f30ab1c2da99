"""The experiment of C12: what is recorded of a run, and that it is the original run at another rate and clip."""

import numpy as np
import pytest

from ch5.engine import bptt, initialise
from ch5.experiments import clip, original


@pytest.fixture
def two_epochs(monkeypatch):
    """Runs of two epochs of 40 updates."""
    begin = clip.Runs.__init__

    def shorter(self, seeds):
        begin(self, seeds)
        self.order = self.order[:, :2, :40]

    monkeypatch.setattr(clip.Runs, "__init__", shorter)
    monkeypatch.setattr(clip, "EPOCHS", 2)
    monkeypatch.setattr(clip, "original_run", lambda seed: original.original_run(seed, epochs=2))


def test_the_effective_rate_by_hand():
    """A gradient of four times the limit is used at a quarter of the rate; a short one at the whole."""
    norms = np.array([[4.0], [0.5], [1.0]])
    assert clip.effective(norms, 0.5, 1.0).ravel().tolist() == [0.125, 0.5, 0.5]
    assert (clip.effective(norms, 0.5, np.inf) == 0.5).all()


def test_the_clips_differ_in_the_limit_alone(two_epochs):
    """Every arm begins at the same losses; the clip at every step fires always, that for outliers hardly ever."""
    found = {
        name: clip.measure(name, 0.5, (1, 2), ()) for name in ("none", "outliers", "every step", "scheduled")
    }
    first = [one["first"][:, 0] for one in found.values()]
    assert np.ptp(first, axis=0).max() < 1e-6
    assert found["every step"]["clipped"].min() > 0.9
    assert found["outliers"]["clipped"].max() < 0.1
    assert found["none"]["clipped"].max() == 0
    assert (found["none"]["effective"] == 0.5).all()
    np.testing.assert_allclose(found["scheduled"]["effective"], found["every step"]["effective"], rtol=1e-6)
    assert found["every step"]["effective"].max() < 0.3


def test_looks_are_ten_updates_apart(two_epochs):
    """Radius and slope as the library's own functions give them; the norm is the largest since the last look."""
    found = clip.measure("none", 0.5, (1, 2), [["none", 0.5]])
    assert {name: rows.shape for name, rows in found["path"].items()} == dict.fromkeys(
        ("radius", "slope", "norm"), (2, 8)
    )
    assert found["path"]["radius"][:, -1] == pytest.approx(found["radius"], abs=1e-3)
    assert found["path"]["slope"][:, -1] == pytest.approx(found["slope"], abs=1e-3)
    largest = found["path"]["norm"].reshape(2, 2, 4).max(axis=2)
    assert largest == pytest.approx(found["largest"], abs=1e-3)
    assert np.array_equal(found["range"]["radius"], np.sort(found["path"]["radius"], axis=0))


def test_ends_agree_with_the_library():
    runs = clip.Runs((3, 4))
    radius, slope = runs.ends()
    for r in (0, 1):
        cell = runs.side.model(r).cell
        h, _ = bptt.unroll(cell, runs.inputs[:, ::47])
        assert radius[r] == pytest.approx(initialise.spectral_radius(cell.W_hh), rel=1e-5)
        assert slope[r] == pytest.approx(cell.linearise(h).mean(), rel=1e-5)


def test_going_on_starts_from_the_same_weights_each_time(two_epochs, monkeypatch):
    """A rate of zero, in effect, changes nothing: the loss is that of the weights where the run ended."""
    monkeypatch.setattr(clip, "WAYS", {"stay": (1e-12, np.inf), "again": (1e-12, np.inf)})
    found = clip.go_on(0.5, (1, 2), 1)
    assert np.array_equal(found["ways"]["stay"]["epochs"], found["ways"]["again"]["epochs"])
    assert found["ways"]["stay"]["slope"] == pytest.approx(found["slope"])
    assert found["cell"].shape == found["readout"].shape == (2,)


def test_left_for_good_by_hand():
    """Out and in again does not count; out from the start does; inside at the end is not left."""
    path = np.array([[1, 9, 1, 9, 9], [9, 9, 9, 9, 9], [1, 9, 9, 9, 1], [1, 1, 1, 1, 9.0]])
    assert clip.left_for_good(path, 0, 5).tolist() == [3, 0, 5, 4]


def test_the_first_broken_epoch_by_hand():
    """The first epoch of a run does not count; a run that stays whole has none."""
    epochs = [[3, 3, 2] + [2] * 12, [3] + [2] * 13 + [3], [3] + [2] * 14]
    assert clip.first_broken({"epochs": epochs}).tolist() == [2, 15, 16]


def test_looked_at_closely_a_run_is_the_one_seen_from_afar(two_epochs):
    """The same radius and slope at the updates that both look at, and the largest of the same norms."""
    far = clip.measure("none", 0.5, (1, 2), [["none", 0.5]])["path"]
    near = clip.closely(0.5, (1, 2), (30, 50), 20, 10)
    for r, at in enumerate((30, 50)):
        for name in ("radius", "slope"):
            seen = near[name][r, 0::10]
            assert seen == pytest.approx(far[name][r, at // 10 - 3 : at // 10 + 1], abs=2e-3)
        assert near["norm"][r, 11:21].max() == pytest.approx(far["norm"][r, at // 10 - 1], abs=1e-3)

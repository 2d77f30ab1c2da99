"""The experiment on first forget biases: what it measures, and that one run now agrees with the record."""

import numpy as np
import pytest

from ch5.data.recall import RecallTask
from ch5.engine import bptt
from ch5.experiments import gates_opening, record
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import LSTM

SMALL = gates_opening.SETTINGS | {"budget": gates_opening.SETTINGS["budget"] | {"updates": 3, "test": 8}}


def sequences(rng):
    return RecallTask(100, symbols=8, distractors=1.0).batch(rng, 4)[0]


def test_with_gates_that_nothing_moves_the_path_is_the_power_of_the_gate(rng):
    """No recurrent matrix, no input to the gate: f = σ(2) at every step, and the path is all there is."""
    cell = LSTM.initialise(rng, 5, 8, 2.0)
    cell.W_hh[:] = 0
    cell.W_xh[2] = 0
    found = gates_opening.left(cell, sequences(rng), rng)
    f = 1 / (1 + np.exp(-2.0))
    fall = found["along"] - found["along"][0]
    np.testing.assert_allclose(fall, np.log10(f) * np.array(gates_opening.LAGS), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["total"], found["along"], rtol=1e-12)
    assert found["gate"] == pytest.approx(f)


def test_a_vanilla_cell_has_a_total_and_no_gates(small_cell, rng):
    """At lag 5 the length is that of the gradient which backward gives for a start five steps before the end."""
    x = rng.normal(size=(101, 1, 3))
    found = gates_opening.left(small_cell, x, np.random.default_rng(7))
    g = np.random.default_rng(7).normal(size=(1, 4)) / 2
    h, _ = bptt.unroll(small_cell, x)
    tail, dh_out = x[-5:], np.zeros((5, 1, 4))
    dh_out[-1] = g
    _, _, dh = bptt.backward(small_cell, dh_out, tail, *bptt.unroll(small_cell, tail, h[-6]))
    assert (found["along"], found["gate"]) == (None, None)
    assert found["total"][0] == pytest.approx(np.log10(np.linalg.norm(g)))
    assert found["total"][1] == pytest.approx(np.log10(np.linalg.norm(dh)))


def test_a_run_is_measured_before_and_after_on_the_same_sequences(rng):
    """Three updates change the weights a little, so the measure moves a little; its first entry is the gradient's."""
    for model in ("lstm 1", "vanilla"):
        found = gates_opening.measure(**SMALL, model=model, lag=5, seed=0)
        before, after = (np.array(found[when]["total"]) for when in ("before", "after"))
        assert before[0] == after[0]
        assert 0 < abs(before - after)[1:].max() < 1
        assert len(found["losses"]) == 3
        assert 0 <= found["accuracy"] <= 1


def test_the_record_begins_as_a_run_does_now():
    """The first three losses to 1e-5, and what is measured before training."""
    recorded = record.load(gates_opening.EXPERIMENT)
    for model in ("lstm 2", "vanilla"):
        point = {"model": model, "lag": 15, "seed": 3}
        now = gates_opening.measure(**SMALL, **point)
        (then,) = recorded.where(**point)
        np.testing.assert_allclose(now["losses"], then["losses"][:3], rtol=1e-5)
        np.testing.assert_allclose(now["before"]["total"], then["before"]["total"], rtol=1e-5, atol=1e-5)


def test_the_models_are_of_about_one_size():
    """An LSTM has at most the parameters of the vanilla cell, and at least nine tenths."""
    hidden = gates_opening.SETTINGS["hidden"]
    lstm = LSTM.initialise(np.random.default_rng(0), hidden["lstm"], 8, 0.0).size
    H = hidden["vanilla"]
    vanilla = VanillaCell(np.zeros((H, 8)), np.zeros((H, H)), np.zeros(H)).size
    readouts = [8 * (width + 1) for width in (hidden["lstm"], H)]
    assert 0.9 < (lstm + readouts[0]) / (vanilla + readouts[1]) <= 1

"""The slider of the ring: what its sentences say is so, and what it draws is what the cell does."""

import numpy as np
import pytest

from ch5.book.sliders import linear as sliders
from ch5.engine import bptt
from ch5.networks.linear_recurrence import LRU

PLACES = {label: where for where, label, _ in sliders.PLACES}


@pytest.fixture(scope="module")
def rings():
    return sliders.measure()


def kept(modulus, steps):
    """What a step at a time leaves of 1, nothing else."""
    left = 1.0
    for _ in range(steps):
        left *= modulus
    return left


def test_it_dies_in_a_dozen_steps():
    assert kept(PLACES["Dies in a dozen steps"][0], 10) < 1e-3


def test_it_is_written_to_hold():
    assert kept(PLACES["Written to hold"][0], 100) > 1 / 3


def test_it_grows():
    assert kept(PLACES["Grows"][0], 100) > 100


def test_a_clock_answers_at_once_and_another_readout_at_another_lag(rings):
    """The units keep all; their mean is one at lags 0, 46 and 92, else small; other weights answer at another lag."""
    i, j = sliders.nearest(*PLACES["A clock"])
    lam = rings.eigenvalues[i, j]
    assert np.allclose(np.abs(lam), 1)
    answers = np.isin(sliders.LAGS, (0, 46, 92))
    np.testing.assert_allclose(rings.kernel[i, j, answers], 1, atol=1e-9)
    assert np.abs(rings.kernel[i, j, ~answers]).max() < 0.05
    other = (lam[:, None] ** (sliders.LAGS - 16)).real.mean(axis=0)
    assert sliders.LAGS[other.argmax()] == 16


def test_the_kernel_is_the_response_of_the_cell(rings):
    """An impulse into the recurrent unit, averaged over the real parts."""
    i, j = sliders.nearest(0.9, 0.3)
    lam = rings.eigenvalues[i, j]
    W = np.stack([np.ones((len(lam), 1)), np.zeros((len(lam), 1))])
    cell = LRU(np.log(-np.log(np.abs(lam))), np.angle(lam), np.ones(len(lam)), W)
    x = np.zeros((101, 1))
    x[0] = 1
    s, _ = bptt.unroll(cell, x)
    np.testing.assert_allclose(s[1::2, : len(lam)].mean(axis=1), rings.kernel[i, j], atol=1e-12)


def test_every_position_can_be_drawn(rings):
    slider = sliders.ring(rings)
    assert slider.position == sliders.nearest(*sliders.START)
    i, j = slider.position
    assert len(slider.figure["readings"]) == len(sliders.MODULI)
    assert slider.figure["meanings"][i][0].startswith(
        "Every unit has lost half of an input after 14 steps; all stay in phase"
    )
    assert kept(0.95, 13) > 0.5 > kept(0.95, 14)
    assert "a step multiplies every unit's gradient by 0.95" in slider.figure["readings"][i][j]

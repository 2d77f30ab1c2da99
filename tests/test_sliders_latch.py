"""The slider of the latch: what its sentences say is so, and what it draws is the map and its product of slopes."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ch5.book.sliders import latch as sliders
from ch5.engine import bptt
from ch5.networks.cell import VanillaCell

PLACES = {label: where for where, label, _ in sliders.PLACES}


def after(w, h, steps=3000, push=0.0):
    """The state of a latch left to itself, or under a steady push: iterated, nothing else."""
    for _ in range(steps):
        h = np.tanh(w * h + push)
    return h


def passed(w, h, steps=100):
    """What is left of a gradient so many steps back, by bptt, at a latch that rests at h."""
    cell = VanillaCell(np.zeros((1, 1)), np.array([[w]]), np.zeros(1))
    x, dh = np.zeros((steps, 1)), np.zeros((steps, 1))
    dh[-1] = 1
    s, a = bptt.unroll(cell, x, np.array([h]))
    return bptt.backward(cell, dh, x, s, a)[2][0]


def test_below_one_it_forgets():
    """Every start ends at zero, and less than a billionth is left."""
    w = PLACES["Forgets"]
    assert abs(after(w, 1.0)) < 1e-12
    assert passed(w, 0.0) < 1e-9


def test_on_the_edge_the_gradient_is_kept_and_nothing_held():
    """All of it after a hundred steps; and a start at 1 fades, a small push moves it."""
    w = PLACES["On the edge"]
    assert passed(w, 0.0) == 1
    assert after(w, 1.0) < 0.03
    assert after(w, 1.0, push=-0.001) < -0.1


def test_a_little_above_one_it_holds_a_little():
    """It rests on either side; a push of a tenth turns it over; less than 1e-15 is left."""
    w = PLACES["Holds a little"]
    assert after(w, 0.1) > 0.5
    assert after(w, -0.1) < -0.5
    assert after(w, after(w, 1.0), push=-0.1) < 0
    assert passed(w, after(w, 1.0)) < 1e-15


def test_far_above_one_it_holds_firmly():
    """A steady push of one leaves its side, and a step leaves less than a twentieth."""
    w = PLACES["Holds firmly"]
    assert after(w, after(w, 1.0), push=-1.0) > 0.5
    assert passed(w, after(w, 1.0), steps=1) < 1 / 20


def test_every_place_is_a_stop():
    """The sentences' strengths are stops of the slider, not only near one."""
    for where in [*PLACES.values(), sliders.START]:
        assert np.abs(sliders.STRENGTHS - where).min() < 1e-9


@pytest.mark.parametrize("w", [0.5, 1.5, 3.0, 6.0])
def test_it_draws_the_map_its_rests_and_what_a_step_leaves(w):
    """Read from what is packed: the curve, its rests, the push that turns it over, the line of bptt."""
    slider, (i,) = sliders.strength(), sliders.nearest(w)
    numbers = np.frombuffer(slider.data, "<f4")

    def read(described):
        rows, points = described["shape"]
        array = numbers[described["start"] : described["start"] + rows * points].reshape(rows, points)
        return array[min(i, rows - 1)]

    (_, curve, _, rests), (_, dot), (line,) = (panel["series"] for panel in slider.figure["panels"])
    assert_allclose(read(curve["y"]), np.tanh(w * read(curve["x"])), atol=1e-6)
    rest = after(w, 1.0)
    assert_allclose(read(rests["x"]), [-rest, rest], atol=1e-6)
    firm = read(dot["y"])[0]
    assert read(dot["x"])[0] == pytest.approx(w)
    assert after(w, rest, push=0.02 - firm) > 0
    assert after(w, rest, push=-0.02 - firm) < 0
    assert read(line["x"])[10] == 20
    assert read(line["y"])[10] == pytest.approx(np.log10(passed(w, rest, 20)), rel=1e-5)


def test_the_reading_tells_the_numbers():
    """The sentence under the figure: where it rests, what it withstands, what a step and a hundred leave."""
    readings = sliders.strength().figure["readings"]
    assert readings[sliders.nearest(2.0)[0]] == (
        "w = 2.0: the latch rests at ±0.958 and withstands a push of 0.53. "
        "A step leaves 0.17 of the gradient, a hundred steps 10⁻⁷⁸."
    )
    assert readings[sliders.nearest(1.0)[0]].endswith(
        "rests at zero alone. A step leaves 1 of the gradient, a hundred steps 1."
    )


def test_between_the_places_too_it_says_what_holds_and_what_is_left():
    """Up to one nothing holds; above it, the push withstood and the steps to a hundredth, at every strength."""
    for w, text in zip(sliders.STRENGTHS, sliders.strength().figure["meanings"], strict=True):
        if w <= 1:
            assert "holds nothing" in text
            continue
        push, steps = re.search(r"up to (\S+), .* after (\d+) steps?\.$", text).groups()
        rest = after(w, 1.0)
        assert after(w, rest, push=0.02 - float(push)) > 0
        assert passed(w, rest, int(steps)) < 0.01
        assert int(steps) == 1 or passed(w, rest, int(steps) - 1) > 0.0099

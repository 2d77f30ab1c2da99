"""The figure with sliders: what its sentences say is so, what it packs can be read back, what it shows is measured."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from traitlets import TraitError

from ch5.book.sliders import Slider
from ch5.book.sliders import jacobian as sliders
from ch5.engine import bptt, initialise
from ch5.networks.cell import VanillaCell

LOWEST, MEDIAN, HIGHEST = range(3)
PLACES = {label: where for where, label, _ in sliders.PLACES}


@pytest.fixture(scope="module", params=[5, 6, 7])
def measured(request):
    """The places and their neighbourhood, for three matrices: the sentences are not about one."""
    rng = np.random.default_rng(request.param)
    radii, strengths = np.array([0.5, 1, 1.5, 2.5]), np.array([0, 0.1, 0.3, 1])
    return sliders.measure(initialise.gaussian(rng, 64), rng, radii, strengths)


def norms(measured, where, lag):
    """Lowest, median and highest length of the gradient at a place, as a factor."""
    return 10 ** measured.norms[*sliders.nearest(measured, *where), sliders.LAGS.tolist().index(lag)]


# What the sentences say


def test_it_dies_in_a_dozen_steps(measured):
    """Without input at radius a half: slopes of one, half of it lost per step, under a thousandth after twelve."""
    where = PLACES["Radius 0.5"]
    i, j = sliders.nearest(measured, *where)
    assert_allclose(measured.mean_slope[i, j], 1, atol=1e-12)
    assert_allclose(np.exp(measured.exponent[i, j]), 0.5, atol=0.01)
    assert norms(measured, where, 12)[HIGHEST] < 1e-3


def test_it_just_holds(measured):
    """Radius one: more than a twentieth left without input, less than a ten-thousandth with 0.3 of it."""
    radius, _ = where = PLACES["Radius 1"]
    assert norms(measured, where, 60)[MEDIAN] > 1 / 20
    assert norms(measured, (radius, 0.3), 60)[MEDIAN] < 1e-4


def test_above_one_it_still_dies(measured):
    """Radius 1.5 to the power of 60 is above ten billion; slopes below a half leave less than a ten-thousandth."""
    radius, _ = where = PLACES["Radius 1.5, input 1"]
    assert radius**60 > 1e10
    assert measured.mean_slope[*sliders.nearest(measured, *where)] < 0.5
    assert norms(measured, where, 60)[MEDIAN] < 1e-4


def test_it_grows(measured):
    """More than a thousandfold, with slopes below a half, and more than 10¹⁸ times less than the radius says."""
    radius, _ = where = PLACES["Radius 2.5, input 0.1"]
    assert norms(measured, where, 60)[MEDIAN] > 1e3
    assert measured.mean_slope[*sliders.nearest(measured, *where)] < 0.5
    assert radius**60 / norms(measured, where, 60)[MEDIAN] > 1e18


def test_a_label_names_the_settings_and_gives_nothing_away():
    """The page asks for a prediction under the buttons: they say radius and input, and nothing else."""
    for label, (radius, strength) in PLACES.items():
        assert label == f"Radius {radius:g}" + (f", input {strength:g}" if strength else "")


def test_every_place_is_a_stop(rng):
    """The sentences' radii and strengths are stops of the sliders, not only near one."""
    for where in [*PLACES.values(), sliders.START]:
        assert np.abs(sliders.RADII - where[0]).min() < 1e-9
        assert np.abs(sliders.STRENGTHS - where[1]).min() < 1e-9


# What the figure shows


def test_it_starts_without_input_and_radius_one_is_marked(measured):
    """The first thing a reader sees is the classic border; the mark stays where the radius is one."""
    slider = sliders.radius_and_input(measured)
    radius, strength = slider.figure["controls"]
    start = [control["values"][i] for control, i in zip((radius, strength), slider.position, strict=True)]
    assert start == ["1.00", "0.0"]
    assert [radius["values"][stop] for stop in radius["marks"]] == ["1.00"]
    assert strength["marks"] == []


def test_the_radius_is_exact(measured):
    """The largest eigenvalue has the size that the slider says."""
    assert_allclose(np.abs(measured.eigenvalues).max(axis=-1), measured.radii, rtol=1e-12)


def test_the_bound_lies_above_every_run(measured):
    """No run is above the dashed line, at any lag and position."""
    line = measured.bound[..., None] * sliders.LAGS / np.log(10)
    assert (measured.norms[..., HIGHEST] <= line + 1e-9).all()
    assert (np.diff(measured.norms, axis=-1) >= 0).all()


def test_the_norms_are_those_of_backpropagation():
    """The length 60 steps back is that of ds_0 when the gradient is injected at the last of 60 steps."""
    W, radius, strength = initialise.gaussian(np.random.default_rng(5), 16), 1.2, 0.6
    found = sliders.measure(W, np.random.default_rng(6), np.array([radius]), np.array([strength]))
    rng = np.random.default_rng(6)
    x = rng.normal(size=(sliders.SKIP + 60, 1, sliders.PATHS, 16))[:, 0]
    h_0, g = rng.normal(size=(1, sliders.PATHS, 16))[0], rng.normal(size=(sliders.PATHS, 16))
    W_hh = initialise.with_spectral_radius(W, radius)
    cell = VanillaCell(strength * np.eye(16), W_hh, np.zeros(16))
    h, _ = bptt.unroll(cell, x, h_0)
    late, a = bptt.unroll(cell, x[sliders.SKIP :], h[sliders.SKIP])
    dh_out = np.zeros((60, sliders.PATHS, 16))
    dh_out[-1] = g / np.linalg.norm(g, axis=-1, keepdims=True)
    _, _, ds_0 = bptt.backward(cell, dh_out, x[sliders.SKIP :], late, a)
    left = np.log10(np.linalg.norm(ds_0, axis=-1))
    assert_allclose(found.norms[0, 0, -1], [left.min(), np.median(left), left.max()], atol=1e-9)
    assert_allclose(found.norms[0, 0, 0], 0, atol=1e-12)
    slopes = 1 - late[1:] ** 2
    assert found.mean_slope[0, 0] == pytest.approx(slopes.mean())
    assert found.slopes[0, 0, 0] == pytest.approx((slopes < 0.1).mean())
    assert found.slopes[0, 0].sum() == pytest.approx(1)


def test_the_exponent_is_the_rate_of_the_runs(measured):
    """Over 60 steps the median run goes on average at about the rate of the exponent, wherever it is driven."""
    rate = measured.norms[:, -1, -1, MEDIAN] * np.log(10) / 60
    assert_allclose(measured.exponent[:, -1], rate, atol=0.06)


# What is handed to the front end


def read(slider, described, position):
    """The numbers that a description names, at a position, as the front end finds them."""
    numbers = np.frombuffer(slider.data, "<f4")
    size = int(np.prod(described["shape"]))
    array = numbers[described["start"] : described["start"] + size].reshape(described["shape"])
    return array[*(min(i, n - 1) for i, n in zip(position, array.shape, strict=False))]


def test_what_is_packed_can_be_read_back(measured):
    """Every series holds the measured numbers at every position, to the precision of 32 bits."""
    slider = sliders.radius_and_input(measured)
    eigenvalues, slopes, gradient = (panel["series"] for panel in slider.figure["panels"])
    for i, radius in enumerate(measured.radii):
        assert_allclose(read(slider, eigenvalues[1]["y"], (i, 0)), measured.eigenvalues[i].imag, atol=1e-6)
        for j in range(len(measured.strengths)):
            band, bound, power, exponent, dots = gradient
            low, median, high = measured.norms[i, j].T
            assert_allclose(read(slider, slopes[0]["y"], (i, j)), measured.slopes[i, j], atol=1e-6)
            assert_allclose(read(slider, dots["y"], (i, j)), median, atol=1e-5)
            assert_allclose(read(slider, band["y"], (i, j)), low, atol=1e-5)
            assert_allclose(read(slider, band["top"], (i, j)), high, atol=1e-5)
            for line, rate in ((bound, measured.bound), (exponent, measured.exponent)):
                assert_allclose(read(slider, line["y"], (i, j)), [0, 60 * rate[i, j] / np.log(10)], rtol=1e-6)
            assert_allclose(read(slider, power["y"], (i, j)), [0, 60 * np.log10(radius)], atol=1e-5)


def test_the_reading_tells_the_numbers(measured):
    """The sentence beside the figure holds slope, factor, exponent, bound and what is left."""
    i, j = where = sliders.nearest(measured, 1.5, 1)
    text = sliders.radius_and_input(measured).figure["readings"][i][j]
    assert text.startswith(f"Mean slope {measured.mean_slope[*where]:.2f}. ")
    assert f"by {np.exp(measured.exponent[*where]):.2f} (exponent −{-measured.exponent[*where]:.2f})" in text
    assert f"by {np.exp(measured.bound[*where]):.2f} at most (bound)." in text


def test_between_the_places_too_it_says_what_was_measured(measured):
    """At every position: when the gradient is down to a hundredth or up to a hundred, and what the slopes have to do
    with it. Without input below radius one they are one; above radius one they take more than it gives, or less."""
    meanings = sliders.radius_and_input(measured).figure["meanings"]
    for i, radius in enumerate(measured.radii):
        for j, strength in enumerate(measured.strengths):
            text, logs = meanings[i][j], measured.norms[i, j, :, MEDIAN]
            passed = abs(logs) >= 2
            assert passed.any() == ("about" in text and "steps" in text), text
            if passed.any():
                word = "down to a hundredth" if logs[passed][0] < 0 else "grown a hundredfold"
                steps = int(re.search(rf"{word} after about (\d+) steps", text)[1])
                assert abs(np.interp(steps, sliders.LAGS, abs(logs)) - 2) < 0.5
            if radius < 1 and strength == 0:
                assert text.endswith("The slopes are near one, and the radius is close to the rate.")
            if radius > 1 and measured.exponent[i, j] < -sliders.NEAR:
                assert f"though the radius is above one: slopes of {measured.mean_slope[i, j]:.2f}" in text
            if radius > 1 and measured.exponent[i, j] > sliders.NEAR:
                assert text.endswith("on average hold it back.")


@pytest.mark.parametrize(
    ("log", "text"),
    [(np.log10(0.29), "0.29"), (0, "1"), (np.log10(5.7e-6), "5.7 × 10⁻⁶"), (12.5, "3.2 × 10¹²")],
)
def test_a_power_of_ten_is_two_digits(log, text):
    """Near one as a number, far from it with an exponent."""
    assert sliders.power(log) == text


def test_a_slider_looks_the_same_on_every_run(measured):
    """Notebooks compare what an object prints: no address, no id."""
    assert repr(sliders.radius_and_input(measured)) == "Slider(spectral radius, input strength)"


# What cannot be drawn


def figure(**changes):
    """The smallest figure: one slider of two stops, one line."""
    control = {"label": "strength", "colour": "state", "values": ["0", "1"], "marks": []}
    axis = {"label": "k", "range": [0, 1], "ticks": []}
    line = {"kind": "line", "colour": "state", "x": np.zeros((1, 3)), "y": np.zeros((2, 3))}
    panel = {"title": "a", "description": "b", "x": axis, "y": axis, "series": [line]}
    words = {"readings": ["", ""], "meanings": ["", ""]}
    return (
        {"title": "t", "controls": [control], "panels": [panel], "places": [], "start": [0]} | words | changes
    )


def panels(**changes):
    panel = figure()["panels"][0]
    return [panel | {"series": [panel["series"][0] | changes]}]


def test_the_smallest_figure_is_taken():
    """One slider, one line: the front end is not made for two."""
    assert Slider(figure()).position == [0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"readings": [""]}, r"readings must have shape \(2,\), got \(1,\)"),
        ({"meanings": [["", ""]]}, r"meanings must have shape \(2,\), got \(1, 2\)"),
        ({"start": [2]}, r"stops below \[2\], got \[2\]"),
        ({"start": [0, 0]}, r"stops below \[2\], got \[0, 0\]"),
        ({"places": [{"label": "a", "position": [-1], "sentence": "b"}]}, r"stops below \[2\], got \[-1\]"),
        ({"panels": panels(y=np.zeros((3, 3)))}, r"shape \(2 or 1, points\), got \(3, 3\)"),
        ({"panels": panels(y=np.zeros(3))}, r"shape \(2 or 1, points\), got \(3,\)"),
        ({"panels": panels(y=np.full((2, 3), -np.inf))}, "must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    """The message says what was got and what is needed."""
    with pytest.raises(ValueError, match=message):
        Slider(figure(**changes))


@pytest.mark.parametrize("position", [[99], [2], [-1], [], [0, 0]])
def test_a_position_that_does_not_exist_is_refused(position):
    """When the figure stands, too: it keeps the position it had."""
    slider = Slider(figure())
    slider.position = [1]
    with pytest.raises(TraitError, match=r"stops below \[2\], got \["):
        slider.position = position
    assert slider.position == [1]


def test_a_front_end_cannot_set_a_position_that_does_not_exist():
    """What comes by the wire is checked like what comes from Python."""
    slider = Slider(figure())
    with pytest.raises(TraitError, match=r"stops below \[2\], got \[7\]"):
        slider.set_state({"position": [7]})
    assert slider.position == [0]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_series_may_be_given_as_lists(kind):
    """It is packed as an array is, and as strictly."""
    line = {"x": kind([kind([0, 1, 2])]), "y": kind([kind([0.5, 1, 2]), kind([3, 4, 5])])}
    slider, arrays = (
        Slider(figure(panels=panels(**{name: of(part) for name, part in line.items()})))
        for of in (kind, np.array)
    )
    assert slider.figure == arrays.figure
    assert slider.data == arrays.data
    assert read(slider, slider.figure["panels"][0]["series"][0]["y"], (1,)).tolist() == [3, 4, 5]


@pytest.mark.parametrize("wrong", [[["a", "b", "c"]], [[True, False, True]]])
def test_a_series_of_no_numbers_is_refused(wrong):
    with pytest.raises(TypeError, match="y must hold real or complex numbers"):
        Slider(figure(panels=panels(y=wrong)))


def test_a_series_of_lists_that_do_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2 or 1, points\), got \(3,\)"):
        Slider(figure(panels=panels(y=[0, 1, 2])))

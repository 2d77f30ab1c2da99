"""The slider of the forget bias: what its sentences say is so, and what it draws is the gates and the gradient."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ch5.book.sliders import forget as sliders
from ch5.data import text
from ch5.engine import bptt
from ch5.networks import gated

LOWEST, MEDIAN, HIGHEST = range(3)
PLACES = {label: where for where, label, _ in sliders.PLACES}
V = len(text.Vocabulary.of(text.alice()))


def reading(rng, runs=8, steps=120):
    """Pieces of Alice side by side, as ids (steps, runs)."""
    ids = text.Vocabulary.of(text.alice()).encode(text.alice())
    return ids[rng.integers(10_000, 140_000, runs) + np.arange(steps)[:, None]]


@pytest.fixture(scope="module", params=[5, 6, 7])
def measured(request):
    """The places, for three networks on other pieces: the sentences are not about one."""
    rng = np.random.default_rng(request.param)
    return sliders.measure(reading(rng), V, rng, np.array(list(PLACES.values())))


def left(measured, label, lag, which):
    """What is left after so many steps at a place, along the cell state and by every path, as factors."""
    (i,) = sliders.nearest(measured, PLACES[label])
    k = sliders.LAGS.tolist().index(lag)
    return 10 ** measured.along[i, k, which], 10 ** measured.total[i, k, which]


def vanilla(measured, lag, which):
    return 10 ** measured.vanilla[sliders.LAGS.tolist().index(lag), which]


# What the sentences say


def test_at_zero_the_path_loses_half_a_step_and_more_than_the_vanilla_cell(measured):
    """The geometric mean of a step is one half; every run keeps less along it than any vanilla run in all."""
    along, _ = left(measured, "Bias 0", 100, MEDIAN)
    assert along ** (1 / 100) == pytest.approx(0.5, abs=0.01)
    assert left(measured, "Bias 0", 100, HIGHEST)[0] < vanilla(measured, 100, LOWEST)


def test_a_usual_start_is_better_and_not_good(measured):
    """In every run: under a hundredth and a twentieth after 20 steps, under 1e-4 after 100; vanilla after 20."""
    along, total = left(measured, "Bias 1", 20, HIGHEST)
    assert along < 1 / 100
    assert total < 1 / 20
    assert left(measured, "Bias 1", 100, HIGHEST)[1] < 1e-4
    assert vanilla(measured, 20, HIGHEST) < 1e-4


def test_near_one_every_path_together_brings_most_of_it(measured):
    """From one to two hundredths along the cell state in every run, rounded; more than a third in all."""
    (low, arrives), (high, _) = (left(measured, "Bias 3", 100, which) for which in (LOWEST, HIGHEST))
    assert 0.005 < low <= high < 0.025
    assert arrives > 1 / 3


def test_all_but_open_it_grows(measured):
    """About half along the cell state, and more than at the start by every path, in every run."""
    (low, arrives), (high, _) = (left(measured, "Bias 5", 100, which) for which in (LOWEST, HIGHEST))
    assert 0.4 < low <= high < 0.6
    assert arrives > 1


def test_every_place_is_a_stop():
    """The sentences' biases are stops of the slider, not only near one."""
    for where in [*PLACES.values(), sliders.START]:
        assert np.abs(sliders.BIASES - where).min() < 1e-9


# What the figure shows


def test_the_norms_are_those_of_backpropagation():
    """By every path: central differences by the c of 20 steps before. Along the cell state: gates, multiplied."""
    ids, bias = reading(np.random.default_rng(1), runs=3, steps=110), 1.5
    found = sliders.measure(ids, V, np.random.default_rng(2), np.array([0.0, bias]))
    rng = np.random.default_rng(2)
    g = rng.normal(size=(3, sliders.HIDDEN))
    g /= np.linalg.norm(g, axis=-1, keepdims=True)
    cell = gated.LSTM.initialise(rng, sliders.HIDDEN, V, bias)
    H = sliders.HIDDEN
    s, _ = bptt.unroll(cell, ids[:-20])
    _, a = bptt.unroll(cell, ids[-20:], s[-1])

    def change(e):
        """g times c at the end when the c of 20 steps before moves by e."""
        moved = s[-1] + np.concatenate([np.zeros_like(e), e], axis=-1)
        return (bptt.unroll(cell, ids[-20:], moved)[0][-1][:, H:] * g).sum(axis=-1)

    gradient = [(change(step := 1e-5 * np.eye(H)[[j] * 3]) - change(-step)) / 2e-5 for j in range(H)]
    logs = np.log10(np.linalg.norm(gradient, axis=0))
    k = sliders.LAGS.tolist().index(20)
    assert_allclose(found.total[1, k], [logs.min(), np.median(logs), logs.max()], atol=1e-6)
    f = a[:, 2]
    logs = np.log10(np.linalg.norm(np.prod(f, axis=0) * g, axis=-1))
    assert_allclose(found.along[1, k], [logs.min(), np.median(logs), logs.max()], atol=1e-9)
    assert_allclose(found.total[:, 0], 0, atol=1e-12)


def test_the_gates_gather_round_the_logistic_function_of_the_bias(measured):
    """Their mean within a hundredth of it, their shares adding up to one."""
    assert_allclose(measured.mean, 1 / (1 + np.exp(-measured.biases)), atol=0.01)
    assert_allclose(measured.gates.sum(axis=-1), 1)
    middles = (sliders.EDGES[1:] + sliders.EDGES[:-1]) / 2
    assert_allclose(measured.gates @ middles, measured.mean, atol=0.025)


def test_it_draws_what_was_measured(measured):
    """Read from what is packed, as the front end reads it: every series at every bias."""
    slider = sliders.forget_bias(measured)
    numbers = np.frombuffer(slider.data, "<f4")

    def read(described, i):
        rows, points = described["shape"]
        array = numbers[described["start"] : described["start"] + rows * points].reshape(rows, points)
        return array[min(i, rows - 1)]

    gates, gradient = (panel["series"] for panel in slider.figure["panels"])
    lines = {series["label"]: series for series in gradient if "label" in series}
    around_vanilla, around_total, around_along = (one for one in gradient if one["kind"] == "band")
    for i, bias in enumerate(measured.biases):
        sigma = 1 / (1 + np.exp(-bias))
        assert_allclose(read(gates[0]["y"], i), measured.gates[i], atol=1e-6)
        assert_allclose(read(gates[1]["x"], i), sigma, rtol=1e-6)
        assert_allclose(read(lines["σ(bias)ᵏ"]["y"], i), [0, 100 * np.log10(sigma)], rtol=1e-6)
        for label, band, logs in (
            ("cell state", around_along, measured.along[i]),
            ("every path", around_total, measured.total[i]),
            ("vanilla", around_vanilla, measured.vanilla),
        ):
            assert_allclose(read(lines[label]["y"], i), logs[:, MEDIAN], atol=1e-5)
            assert_allclose(read(band["y"], i), logs[:, LOWEST], atol=1e-5)
            assert_allclose(read(band["top"], i), logs[:, HIGHEST], atol=1e-5)


def test_the_reading_tells_the_numbers():
    """The sentence under the figure: bias, mean gate, and what is left on either way and in the vanilla cell."""
    logs = np.zeros((1, len(sliders.LAGS), 3))
    m = sliders.Measured(
        np.array([-0.2]), np.zeros((1, 20)), np.array([0.45]), logs - 30.0, logs - 0.5, logs[0] - 21.3
    )
    assert sliders.forget_bias(m).figure["readings"] == [
        "Forget bias −0.2: the gates are 0.45 on average. After 100 steps the gradient is 1.0 × 10⁻³⁰ times as long "
        "along the cell state, 0.32 times by every path, and 5.0 × 10⁻²² times in the vanilla cell."
    ]


def test_between_the_places_too_it_says_how_long_a_hundredth_is_left(measured):
    """The lags named are the last at which the median keeps a hundredth, along the cell state and by every path."""
    for i, meaning in enumerate(sliders.forget_bias(measured).figure["meanings"]):
        named = [int(steps) for steps in re.findall(r"(\d+) steps", meaning)]
        for lag, logs in zip(
            named, (measured.along[i, :, MEDIAN], measured.total[i, :, MEDIAN]), strict=True
        ):
            k = sliders.LAGS.tolist().index(lag)
            assert logs[k] >= -2
            assert (logs[k + 1 :] < -2).all()


def test_every_stop_has_a_text_of_its_own():
    """What a screen reader says at each stop: the bias, from minus one to five, zero without a sign."""
    m = sliders.measure(reading(np.random.default_rng(1), 2), V, np.random.default_rng(2))
    (control,) = sliders.forget_bias(m).figure["controls"]
    assert control["values"][:6] == ["−1.0", "−0.8", "−0.6", "−0.4", "−0.2", "0.0"]
    assert control["values"][-1] == "5.0"
    assert len(set(control["values"])) == len(sliders.BIASES)

"""The slider of truncation: it draws the pairs that windows keep, and what was recorded of the gradient left."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from traitlets import TraitError

from ch5.book.sliders import truncation as sliders
from ch5.experiments import ablation, record


@pytest.fixture(scope="module")
def runs():
    return record.load(ablation.EXPERIMENT).where(task="alice", merge="both sources")


def inside(n, steps=sliders.STEPS):
    """The pairs (t, u) of one window, counted one by one."""
    return {(t, u) for t in range(steps) for u in range(t + 1) if t // n == u // n}


def read(slider, described, i):
    """The numbers of one series at one stop, from what is packed."""
    rows, points = described["shape"]
    numbers = np.frombuffer(slider.data, "<f4")[described["start"] :][: rows * points]
    return numbers.reshape(rows, points)[min(i, rows - 1)]


@pytest.mark.parametrize("n", ablation.WINDOWS)
def test_it_draws_the_pairs_that_are_counted_one_by_one(n, runs):
    """The blocks hold the pairs of one window and no other; at each lag the dot is their share."""
    slider, (i,) = sliders.window(runs), sliders.nearest(n)
    (_, block, _, _, back), (line, dashed, dots), _ = (panel["series"] for panel in slider.figure["panels"])
    x, low, high = (read(slider, block[key], i) for key in ("x", "y", "top"))
    drawn = {
        (t, int(x[2 * u])) for u in range(sliders.STEPS) for t in range(int(low[2 * u]), int(high[2 * u]))
    }
    assert drawn == inside(n)
    by_lag = [sum(t - u == k for t, u in drawn) / (sliders.STEPS - k) for k in sliders.LAGS]
    assert_allclose(read(slider, dots["y"], i), by_lag, atol=1e-6)
    assert_allclose(read(slider, line["y"], i), np.maximum(n - sliders.LAGS, 0) / n, atol=1e-6)
    assert_allclose(read(slider, back["y"], i) - read(slider, back["x"], i), n)
    assert_allclose(read(slider, dashed["x"], i)[1:3], n - 0.5)


def test_in_a_long_text_the_share_is_the_line():
    """Over a thousand windows, (n - k)/n of the pairs at lag k, to the edge of the text."""
    n, steps = 4, 4000
    for k in range(n):
        assert sum(u % n < n - k for u in range(steps - k)) / (steps - k) == pytest.approx(
            (n - k) / n, abs=1e-3
        )


@pytest.mark.parametrize("n", ablation.WINDOWS)
def test_the_bars_sum_to_what_was_measured(n, runs):
    """The lags' shares, each by the pairs kept, sum to the truncated gradient's share of the whole: in the mean of
    20 networks to a hundredth, in each to three. Nothing but counting went into the bars."""
    slider, (i,) = sliders.window(runs), sliders.nearest(n)
    band, bars, dots = slider.figure["panels"][2]["series"]
    carried = [run["truncated"]["state carried"] for run in runs]
    measured = np.array([of["cosine"][i] * of["ratio"][i] for of in carried])
    counted = np.array([run["after"]["shares"] for run in runs]) @ sliders.kept(n)
    assert np.abs(counted - measured).max() < 0.03
    assert read(slider, bars["y"], i).sum() == pytest.approx(measured.mean(), abs=0.02)
    low, high, mean = read(slider, band["y"], i), read(slider, band["top"], i), read(slider, dots["y"], i)
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert mean.sum() == pytest.approx(1, abs=0.001)
    assert (np.abs(mean[8:]) < 0.01).all()  # next to nothing, says the panel


@pytest.mark.parametrize("position", [[-1], [len(ablation.WINDOWS)], [0, 0]])
def test_a_window_that_is_not_there_is_refused(position, runs):
    slider = sliders.window(runs)
    with pytest.raises(TraitError, match="a position must have stops below"):
        slider.position = position
    assert slider.position == sliders.nearest(sliders.START)

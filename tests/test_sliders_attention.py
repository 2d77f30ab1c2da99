"""The slider over the rows: it draws what the head computes, marks the largest weight and says which it is."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from traitlets import TraitError

from ch5.book.sliders import attention as sliders
from ch5.networks.block import RecallByAttention

T, B, H, D = 21, 5, 4, 3
ROWS = [1, 11, 21]


@pytest.fixture(scope="module")
def models():
    """Two blocks, the second with weights of order one: its rows are not level."""
    small = RecallByAttention.initialise(np.random.default_rng(5), H, D, 2)
    return small, small.with_vector(np.random.default_rng(6).normal(size=small.size))


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(7).normal(size=(T, B, D))


@pytest.fixture(scope="module")
def slider(models, x):
    return sliders.row(*(sliders.measure(model, x) for model in models))


def by_hand(model, x, t):
    """Row t of one sequence, pair by pair."""
    head = model.attention
    u = [model.W_xu @ x[s] + model.positions(T)[s] for s in range(t)]
    scores = [(head.W_q @ u[-1]) @ (head.W_k @ one) / np.sqrt(H) for one in u]
    return np.exp(scores) / np.exp(scores).sum()


def gradient(model, x, t):
    """The derivative of output t with respect to every step, from the backward pass of the whole sequence."""
    u = x @ model.W_xu.T + model.positions(T)
    found = []
    for j in range(H):
        dy = np.zeros((T, H))
        dy[t - 1, j] = 1
        found.append(model.attention.backward(dy, u, model.attention.forward(u)[1])[1])
    return np.linalg.norm(found, axis=(0, 2))


def logs(found):
    """Decimal logarithms, none below the floor of what is drawn."""
    return np.maximum(np.log10(found), sliders.FLOOR)


def read(slider, described, i):
    """The numbers of one series at one stop, from what is packed."""
    rows, points = described["shape"]
    numbers = np.frombuffer(slider.data, "<f4")[described["start"] :][: rows * points]
    return numbers.reshape(rows, points)[min(i, rows - 1)]


@pytest.mark.parametrize(("i", "t"), list(enumerate(ROWS)))
def test_it_draws_the_row_that_the_head_computes(i, t, models, x, slider):
    """Before and after training, the median weights and lengths of gradient on t keys, to half a hundredth of a
    decade; the band is of the second."""
    _, lengths, weights = (panel["series"] for panel in slider.figure["panels"])
    for panel, of in ((weights, by_hand), (lengths, gradient)):
        for drawn, model in zip(panel[1:3], models, strict=True):
            rows = np.array([of(model, x[:, b], t)[:t] for b in range(B)])
            assert_allclose(read(slider, drawn["x"], i)[:t], np.arange(1, t + 1))
            assert (read(slider, drawn["x"], i)[t:] == t).all()
            assert_allclose(read(slider, drawn["y"], i)[:t], logs(np.median(rows, axis=0)), atol=0.0051)
        for edge, q in (("y", 0.05), ("top", 0.95)):
            band = read(slider, panel[0][edge], i)[:t]
            assert_allclose(band, logs(np.quantile(rows, q, axis=0)), atol=0.0051)


@pytest.mark.parametrize(("i", "t"), list(enumerate(ROWS)))
def test_it_marks_the_largest_weight_and_says_which_it_is(i, t, models, x, slider):
    """The square, the dot of the overview and the sentence name one key; the line lies on the row, up to itself."""
    (_, line, dots), _, (*_, square) = (panel["series"] for panel in slider.figure["panels"])
    rows = np.array([by_hand(models[1], x[:, b], t) for b in range(B)])
    key = 1 + np.median(rows, axis=0).argmax()
    assert read(slider, square["x"], i) == read(slider, dots["x"], i)[i] == key
    assert read(slider, square["y"], i) == pytest.approx(np.log10(np.median(rows, axis=0).max()), abs=0.0051)
    assert read(slider, line["x"], i).tolist() == [1, t]
    assert read(slider, line["y"], i).tolist() == [t, t]
    said = re.fullmatch(
        r"Row (\d+): key (\d+) has the largest weight, (\S+) in the median sequence, and has it in (\d+) of 5. "
        r"Equal weights would be (\S+)\.",
        slider.figure["readings"][i],
    )
    assert [int(said[1]), int(said[2]), int(said[4])] == [t, key, (rows.argmax(axis=1) + 1 == key).sum()]
    assert float(said[3]) == pytest.approx(np.median(rows[:, key - 1]), abs=0.0051)
    assert float(said[5]) == pytest.approx(1 / t, rel=0.05)


def test_it_starts_at_the_row_from_which_the_answer_is_read(slider):
    """The last; its sentence says how far back the key lies, that of the others that training asked nothing of them."""
    assert slider.position == [len(ROWS) - 1]
    key = int(re.search(r"key (\d+)", slider.figure["readings"][-1])[1])
    assert slider.figure["meanings"][-1].endswith(f"looks {T - key} steps back.")
    assert "asked nothing of this row" in slider.figure["meanings"][1]


@pytest.mark.parametrize("position", [[-1], [len(ROWS)], [0, 0]])
def test_a_row_that_is_not_there_is_refused(position, slider):
    with pytest.raises(TraitError, match="a position must have stops below"):
        slider.position = position
    assert slider.position == [len(ROWS) - 1]


def test_a_length_whose_last_query_has_no_row_is_refused(models, x):
    with pytest.raises(ValueError, match=r"x must have one step more than a multiple of 10, got 20"):
        sliders.measure(models[0], x[1:])

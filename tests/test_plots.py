"""The figures' style is the book's own, on every machine."""

import io
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from ch5.book import plots
from ch5.book.plots import alice, attention, controls

PHONE = 358  # pixels of a column on a telephone 390 wide

DRAW = """
import hashlib, io
import numpy as np
import matplotlib.pyplot as plt
from ch5.book import plots
from ch5.book.plots import sharing
plots.use_style()
figure = sharing.dependence({"cell": np.tri(5) + 0.1, "none": np.eye(5)})
plt.figure().gca().set(title="Loss $h_t$", xlabel="steps", ylabel="nats")
for number in plt.get_fignums():
    picture = io.BytesIO()
    plt.figure(number).savefig(picture, format="png", metadata={"Software": None})
    print(hashlib.sha256(picture.getvalue()).hexdigest())
"""
FOREIGN = {
    "LaTeX": "text.usetex: True",
    "fonts": "font.family: serif\nfont.size: 23\nmathtext.fontset: cm",
    "sizes": "savefig.dpi: 40\nfigure.dpi: 40\nsavefig.bbox: tight\nsavefig.transparent: True",
    "lines": "lines.linestyle: --\naxes.prop_cycle: cycler(color=['k'])\naxes.xmargin: 0.4\nxtick.top: True",
    "a backend": "backend: module://none_such\ninteractive: True",
}


def pictures(**settings):
    """The hashes of two figures that another Python draws."""
    environment = os.environ | {"MPLBACKEND": "agg"} | settings
    done = subprocess.run([sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def usual():
    return pictures()


@pytest.mark.parametrize("named", FOREIGN)
def test_a_reader_s_matplotlibrc_changes_nothing(named, usual, tmp_path):
    """LaTeX, fonts, sizes, lines, a backend: the same pixels."""
    (tmp_path / "matplotlibrc").write_text(FOREIGN[named])
    assert len(usual) == 2
    assert pictures(MATPLOTLIBRC=str(tmp_path / "matplotlibrc")) == usual


def saved(figure):
    """The pixels of a figure as a notebook draws it."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", bbox_inches="tight")
    return matplotlib.image.imread(io.BytesIO(picture.getvalue()))


@pytest.fixture
def styled():
    plots.use_style()
    figure, axes = plt.subplots()
    yield figure, axes
    plt.close(figure)
    plt.rcdefaults()


def test_no_type_is_smaller_than_eleven_pixels_on_a_telephone(styled):
    """The style's sizes, at the width a phone shows; and no figure sets a size of its own."""
    figure, _ = styled
    shown = PHONE / saved(figure).shape[1] * figure.dpi / 72  # pixels a point
    sizes = [
        size for name, size in plt.rcParams.items() if re.search(r"(font|title|label)size$|^font.size", name)
    ]
    assert {size for size in sizes if isinstance(size, float)} == {11.0}
    assert 11 * shown >= 11
    for module in Path(plots.__file__).parent.glob("*.py"):
        assert not re.search(r"fontsize|labelsize=", module.read_text("utf-8")), module.name


def test_nothing_is_painted_behind_a_figure(styled):
    """The page shows through: outside and inside the axes nothing is opaque but ink."""
    figure, axes = styled
    axes.axis("off")
    assert saved(figure)[..., 3].max() == 0


def test_names_beside_lines_do_not_cover_one_another(styled):
    """Four lines that end within a point of one another: their names are 13 points apart, in their order."""
    figure, axes = styled
    axes.set(xlim=(0, 1), ylim=(0, 1))
    ends = {name: (1.0, 0.5 + 0.001 * k, plots.INK) for k, name in enumerate("dacb")}
    plots.label_ends(axes, ends)
    figure.draw_without_rendering()
    at = [text.get_window_extent().y0 * 72 / figure.dpi for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == list("dacb")
    assert all(above - below > 12 for below, above in pairwise(at))


def test_only_the_last_seed_of_the_arc_is_hollow(styled):
    """Of three seeds the marks of the last are empty, those of the others filled, in all four statistics."""
    names, rows = ["a", "b", "c", "long words again"], 10
    course = np.stack([np.linspace(0, 1, rows), np.zeros(rows)], axis=-1)
    figure = alice.arc(
        range(rows),
        ["text"] * rows,
        {n: np.stack([course] * 3) for n in names},
        {n: {"book": 1} for n in names},
    )
    marks = [line.get_markerfacecolor() for line in figure.axes[1].lines if line.get_marker() in list("sov^")]
    plt.close(figure)
    assert [fill == "none" for fill in marks] == [False, False, True] * 4


def test_a_shared_label_stands_under_the_middle_of_the_panels(styled):
    """Tick labels at the left push the panels; the label follows them."""
    figure, panels = plt.subplots(1, 2, figsize=plots.TEXT_WIDTH)
    panels[0].set_yticks([0, 1], ["a long tick label", ""])
    figure.supylabel("loss")
    label = figure.supxlabel("lag", x=plots.panels_middle(figure))
    figure.draw_without_rendering()
    boxes = [axes.get_window_extent() for axes in panels]
    ink = label.get_window_extent()
    assert abs(ink.x0 + ink.x1 - boxes[0].x0 - boxes[1].x1) < 4
    assert ink.x0 + ink.x1 > figure.bbox.width + 40
    plt.close(figure)


def test_gradients_that_stay_are_named_at_their_ends_and_those_that_fall_at_the_floor(styled):
    """Two lines that end a fifth of a power apart, two that leave: no name covers another."""
    steps = np.arange(400.0)
    slopes = {"attention": 0, "LSTM, bias 3": -0.0005, "LSTM, bias 1": -0.06, "vanilla": -0.2}
    figure = attention.by_distance({name: 10 ** (slope * steps)[None] for name, slope in slopes.items()})
    figure.draw_without_rendering()
    names = {text.get_text(): text for text in figure.axes[0].texts}
    boxes = [text.get_window_extent() for text in names.values()]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert names["attention"].xy == (400, 0)
    assert [names[name].xy[1] for name in list(slopes)[2:]] == [-17, -17]
    plt.close(figure)


def test_a_legend_shows_a_cross_where_all_runs_are_broken(styled):
    """Its own mark would be one that is drawn nowhere."""
    losses, broken = np.array([2.0, 3.0]), np.array([False, True])
    arms = {"some": [(0.1, losses, broken)], "all": [(0.3, losses, broken | True)]}
    figure = controls.rate_by_clip(arms, 4.2)
    marks = [line.get_marker() for line in figure.axes[1].get_legend().get_lines()]
    plt.close(figure)
    assert marks == ["o", "x"]

"""The figures of the book: each draws what it is given and computes nothing.

One submodule a notebook. Colour means the same everywhere, and line or marker tells it again:
state and forward pass blue, gradient and backward pass vermilion, input and text grey, gates green.
Theory is a thin line, a bound is dashed, what was measured is marks with a band. A name stands beside its line.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# From the colour-blind-safe cycle of Okabe and Ito.
STATE = "#0072B2"
GRADIENT = "#D55E00"
INPUT = "#5F6B73"
GATE = "#007F5F"
INK = "#222222"  # theory, bounds, controls
OTHER = "#A0527F"  # a fifth thing, where a figure has one

TEXT_WIDTH = (4.8, 3.0)
LAG = "lag $k$ (steps)"
POWER = "gradient (power of ten)"


def use_style() -> None:
    """Set the book's figure style for the rest of the session, over Matplotlib's defaults: no matplotlibrc counts."""
    matplotlib.rcdefaults()
    plt.style.use(Path(__file__).with_name("book.mplstyle"))


def label_line(axes: Axes, x: float, y: float, text: str, color: str, **where: Any) -> None:
    """Write a line's name beside the line, at the point (x, y), in the line's colour."""
    options: dict[str, Any] = {"va": "center", "ha": "left", "xytext": (5, 0)} | where
    axes.annotate(text, (x, y), textcoords="offset points", color=color, **options)


def label_ends(
    axes: Axes, ends: Mapping[str, tuple[float, float, str]], away: float = 7, **where: Any
) -> None:
    """Write the names of lines beside their ends (x, y) in their colours, moved apart where one would cover another.

    The limits of the axes have to be set before. `away` is how far to the right, in points.
    """
    named = sorted(ends, key=lambda name: ends[name][1])
    point = 72 / axes.figure.dpi
    ideal = np.array([point * axes.transData.transform(ends[name][:2])[1] for name in named])
    at = ideal.copy()
    for _ in range(100):
        for i in range(len(at) - 1):
            push = max(0, 13 - (at[i + 1] - at[i])) / 2
            at[i], at[i + 1] = at[i] - push, at[i + 1] + push
    for name, up in zip(named, at - ideal, strict=True):
        x, y, color = ends[name]
        label_line(axes, x, y, name, color, xytext=(away, up), **where)


def panels_middle(figure: Figure) -> float:
    """Where the middle of the panels is, across: a shared label centred on the picture would stand left of it.

    The labels at the sides, which push the panels, have to be set before.
    """
    figure.draw_without_rendering()  # places the panels
    boxes = [axes.get_position() for axes in figure.axes]
    return (min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2


def share_of_success(panels: Sequence[Axes], tasks: Iterable[str]) -> None:
    """Axes for the share of runs that succeed, one panel a task, over one axis of lags; a thin line at one half."""
    for axes, task in zip(panels, tasks, strict=True):
        axes.axhline(0.5, color=INK, linewidth=0.7, zorder=1)
        axes.set(title=task, ylim=(-0.06, 1.09), xscale="log")
        axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    ticks = [2, 5, 10, 20, 50, 100, 200, 500]
    panels[0].figure.supylabel("share of runs that succeed")
    panels[-1].set_xticks(ticks, [str(tick) for tick in ticks])
    panels[-1].minorticks_off()
    panels[-1].set_xlabel("lag (steps)")

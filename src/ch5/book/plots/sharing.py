"""The figures of notebook 02: accuracy by position, what depends on what, errors of a shift."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from ch5.book.plots import GRADIENT, INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def by_position(cell: Array, mlp: Array, cell_long: Array, seen: Sequence[int]) -> Figure:
    """Accuracy (seeds, positions) of both networks at the training length, and of the cell at a longer one."""
    figure, (top, bottom) = plt.subplots(2, figsize=(TEXT_WIDTH[0], 4.6), sharey=True)
    _positions(top, cell, seen, STATE, "o-", "cell")
    _positions(top, mlp, seen, OTHER, "s--", "MLP")
    _positions(bottom, cell_long, seen, STATE, "o-", "cell")
    length, longer = cell.shape[1] + 1, cell_long.shape[1] + 1
    top.set(title=f"length {length}, as in training", xticks=range(length - 1))
    bottom.set(title=f"length {longer}", xlabel="letters before the pattern (shaded: seen in training)")
    return figure


def _positions(axes: Axes, accuracy: Array, seen: Sequence[int], color: str, line: str, name: str) -> None:
    """One network's accuracy: the mean over seeds, and a band from the worst to the best seed."""
    at, mean = np.arange(accuracy.shape[1]), accuracy.mean(axis=0)
    if not axes.patches:
        for p in seen:
            axes.axvspan(p - 0.5, p + 0.5, color=INPUT, alpha=0.2, linewidth=0)
        axes.axhline(0.5, color=INK, linewidth=0.7)
        axes.annotate("chance", (1, 0.5), xycoords=("axes fraction", "data"), xytext=(-2, -4),
                      textcoords="offset points", ha="right", va="top")  # fmt: skip
    axes.fill_between(at, accuracy.min(axis=0), accuracy.max(axis=0), color=color, alpha=0.25, linewidth=0)
    axes.plot(at, mean, line, color=color, markersize=4)
    free = 2 * len(at) // 3  # where no band ends
    label_line(axes, free, mean[free], name, color, ha="center", xytext=(0, -11))
    axes.set(ylim=(0.4, 1.04), xlim=(-0.5, len(at) - 0.5), ylabel="accuracy")


def dependence(norms: Mapping[str, Array]) -> Figure:
    """For each network the matrix of norms (T, T), outputs down and inputs across; zero is left blank."""
    figure, panels = plt.subplots(
        1, len(norms), figsize=(TEXT_WIDTH[0], 2.1 if len(norms) > 2 else 2.5), sharey=True
    )
    highest = max(matrix.max() for matrix in norms.values())
    scale = LogNorm(highest / 1e4, highest, clip=True)
    colours = LinearSegmentedColormap.from_list("gradient", ["#fbe3d3", GRADIENT, "#5a2300"])
    paint = colours.with_extremes(bad=(0, 0, 0, 0))
    for axes, (name, matrix) in zip(panels, norms.items(), strict=True):
        T = len(matrix)
        image = axes.imshow(
            np.ma.masked_equal(matrix, 0), norm=scale, cmap=paint, extent=(0.5, T + 0.5, T + 0.5, 0.5)
        )
        axes.set(title=name, xlabel="input $u$", xticks=[1, T], yticks=[1, T])
        axes.grid(visible=False)
        axes.spines[:].set_visible(True)
    panels[0].set_ylabel("output $t$")
    figure.colorbar(
        image, ax=panels, label=r"$\|\partial y_t/\partial x_u\|$", shrink=0.75, pad=0.02, extend="min"
    )
    return figure

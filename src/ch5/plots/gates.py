"""The figures of notebook 07: what is left of a gradient along the gates and by every path."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ch5.plots import GATE, GRADIENT, OTHER, TEXT_WIDTH, label_line
from ch5.weights import Array

MARKERS = dict(zip(range(4), "osv^", strict=True))  # one a forget bias


def by_lag(
    along: Mapping[int, Array], theory: Mapping[int, Array], total: Mapping[int, Array], vanilla: Array
) -> Figure:
    """By forget bias the norms (seeds, lags + 1): along the gates, with the theory (lags + 1,), and in total."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 5.6))
    for bias, norms in along.items():
        _band(top, norms, GATE, MARKERS[bias], f"bias {bias}")
        top.plot(np.log10(theory[bias]), color="black", linewidth=0.8)
    for bias, norms in total.items():
        _band(bottom, norms, GRADIENT, MARKERS[bias], f"bias {bias}", up=6 * (bias - 2.5) if bias > 1 else 0)
    for axes in (top, bottom):
        _band(axes, vanilla, OTHER, "D", "vanilla")
    top.set(title="along the cell state alone", ylabel="power of ten")
    bottom.set(title="by every path", ylabel="power of ten", xlabel="lag k (steps)", ylim=(-32, 3))
    return figure


def ablated(total: Mapping[str, Array], along: Array) -> Figure:
    """Norms (seeds, lags + 1) with slots cut off from the state before, and along the gates alone."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    for (name, norms), marker, up in zip(total.items(), "osv", (7, -7, -8), strict=True):
        _band(axes, norms, GRADIENT, marker, name, up)
    _band(axes, along, GATE, "^", "the path", 6)
    axes.set(xlabel="lag k (steps)", ylabel="power of ten")
    return figure


def trained(left: Mapping[int, Mapping[str, Mapping[str, Array]]], lags: Sequence[int]) -> Figure:
    """By lag trained at, kind and moment: log10 norms (2, seeds, lags), by the path and in total."""
    columns = len(next(iter(left.values())))
    figure, panels = plt.subplots(len(left), columns, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.6))
    for row, (lag, of_kind) in zip(panels, left.items(), strict=True):
        row[0].set_ylabel(f"trained at lag {lag}\npower of ten")
        for axes, (kind, moments) in zip(row, of_kind.items(), strict=True):
            for which, color in enumerate((OTHER,) if kind == "vanilla" else (GATE, GRADIENT)):
                axes.plot(lags, np.median(moments["before"][which], axis=0), ":", color=color, linewidth=1.8)
                axes.plot(lags, moments["after"][which].T, color=color, linewidth=0.8)
    for axes, kind in zip(panels[0], next(iter(left.values())), strict=True):
        axes.set_title(kind, loc="center")
    panels[0, 0].set_xticks([0, 100])
    figure.supxlabel("lag k (steps)", fontsize=11, color="#222222")
    return figure


def _band(axes: Axes, norms: Array, color: str, marker: str, name: str, up: float = 0) -> None:
    """The median over seeds with a band from lowest to highest, named at its end."""
    powers = np.log10(norms)
    middle = np.median(powers, axis=0)
    axes.fill_between(
        np.arange(len(middle)), powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.2, linewidth=0
    )
    axes.plot(middle, color=color, marker=marker, markevery=10, markersize=4, linewidth=1.2)
    label_line(axes, len(middle) - 1, middle[-1], name, color, xytext=(5, up))

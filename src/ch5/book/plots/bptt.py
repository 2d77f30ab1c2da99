"""The figures on backpropagation through time: contributions by step, half a merge, lags; and on truncation."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ch5.book.plots import GRADIENT, INK, INPUT, LAG, OTHER, STATE, TEXT_WIDTH, label_ends, label_line
from ch5.engine.weights import Array


def contributions(rows: Mapping[str, tuple[Array, Array]]) -> Figure:
    """For each network what every position adds (T, N, M) as small maps, and their sum (N, M) as the last."""
    T = len(next(iter(rows.values()))[0])
    figure, panels = plt.subplots(len(rows), T + 1, figsize=(TEXT_WIDTH[0], 0.9 * len(rows)))
    for line, (name, (parts, total)) in zip(panels, rows.items(), strict=True):
        largest = max(np.abs(parts).max(), np.abs(total).max())
        for k, (axes, part) in enumerate(zip(line, [*parts, total], strict=True)):
            axes.imshow(part, vmin=-largest, vmax=largest)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(True)
            if k == T:
                axes.set_title("sum")
                axes.spines[:].set(edgecolor=GRADIENT, linewidth=2)
            else:
                axes.set_title(f"{k + 1}")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def curves(panels: Mapping[str, tuple[Mapping[str, Array], str, float]], every: int) -> Figure:
    """For each task the losses (seeds, points) of every merge, a label for chance, and its loss."""
    figure, axes = plt.subplots(len(panels), sharex=True, figsize=(TEXT_WIDTH[0], 2.9 * len(panels)))
    styles = [(STATE, "-"), (GRADIENT, "--"), (OTHER, "-."), (INPUT, ":")]
    for panel, (task, (losses, name, level)) in zip(axes, panels.items(), strict=True):
        ends = {name: (every * next(iter(losses.values())).shape[1], level, INK)}
        for (merge, runs), (color, line) in zip(losses.items(), styles, strict=True):
            updates = every * np.arange(1, runs.shape[1] + 1)
            _band(panel, updates, runs, color, line)
            ends[merge] = updates[-1], runs[:, -1].mean(), color
        panel.hlines(level, 0, updates[-1], color=INK, linewidth=0.8)
        panel.set(title=task, ylabel="loss (nats per step)")
        label_ends(panel, ends)
    axes[-1].set_xlabel("update")
    figure.align_ylabels()
    return figure


def lags(shares: Mapping[str, Array]) -> Figure:
    """The share of each lag (seeds, lags) in the gradient, one line for each stage of training."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    for (stage, runs), (color, line), at in zip(
        shares.items(), [(INPUT, "s--"), (GRADIENT, "o-")], (0, 2), strict=True
    ):
        _band(axes, np.arange(runs.shape[1]), runs, color, line)
        label_line(axes, at, runs[:, at].mean(), stage, color, xytext=(10, 4))
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set(xlabel=LAG, ylabel="share of the gradient")
    return figure


def pairs(kept: Mapping[str, Array]) -> Figure:
    """Which outputs t tell which steps u: matrices (T, T) of ones and zeros, outputs down, steps across."""
    figure, panels = plt.subplots(1, len(kept), figsize=(TEXT_WIDTH[0], 2.1), sharey=True)
    for axes, (name, matrix) in zip(panels, kept.items(), strict=True):
        T = len(matrix)
        axes.imshow(matrix, cmap=ListedColormap(["none", GRADIENT]), extent=(0.5, T + 0.5, T + 0.5, 0.5))
        axes.hlines(np.arange(1.5, T), 0.5, T + 0.5, color="#cccccc", linewidth=0.5)
        axes.vlines(np.arange(1.5, T), 0.5, T + 0.5, color="#cccccc", linewidth=0.5)
        axes.grid(visible=False)
        axes.spines[:].set_visible(True)
        axes.set(title=name, xlabel="step $u$", xticks=[1, T], yticks=[1, T])
    panels[0].set_ylabel("output $t$")
    return figure


def truncation(windows: Sequence[int], cosines: Mapping[str, Array], ratios: Mapping[str, Array]) -> Figure:
    """Cosine and ratio of norms (seeds, windows) to the full gradient, state carried and state reset."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.8))
    for axes, measured, name in (
        (top, cosines, "cosine to the full gradient"),
        (bottom, ratios, "its norm / the full norm"),
    ):
        for runs, (color, line) in zip(measured.values(), [(GRADIENT, "o-"), (INPUT, "s--")], strict=True):
            _band(axes, np.array(windows), runs, color, line)
        axes.axhline(1, color=INK, linewidth=0.8)
        axes.set(ylabel=name)
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    carried, reset = cosines
    label_line(top, windows[1], 1, carried, GRADIENT, xytext=(0, 9))
    label_line(top, windows[1], cosines[reset][:, 1].mean(), reset, INPUT, xytext=(8, -12))
    top.set_ylim(top=1.2)
    bottom.set_xscale("log", base=2)
    bottom.set(xlabel="window (steps)", xticks=windows, xticklabels=windows)
    bottom.xaxis.set_minor_formatter(NullFormatter())
    return figure


def _band(axes: Axes, x: Array, runs: Array, color: str, line: str) -> None:
    """The mean over seeds as a line, and a band from the lowest to the highest."""
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(x, runs.mean(axis=0), line, color=color, markersize=4)

"""The figures of page 4, and those of page 7 on training: gradients by lag, errors of a shift, slopes, the clip."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ch5.book.plots import (
    GATE,
    GRADIENT,
    INK,
    INPUT,
    LAG,
    OTHER,
    POWER,
    STATE,
    TEXT_WIDTH,
    label_ends,
    label_line,
    panels_middle,
)
from ch5.engine.weights import Array


def with_and_without(clipped: Array, free: Array, guessing: float) -> Figure:
    """Mean loss by epoch (seeds, epochs) with the clip and without it, and the loss of guessing."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    epochs = np.arange(1, clipped.shape[1] + 1)
    axes.plot(epochs, free.T, color=GRADIENT, linewidth=0.7, alpha=0.45)
    _band(axes, epochs, free, GRADIENT, "s-")
    _band(axes, epochs, clipped, STATE, "o-")
    axes.axhline(guessing, color=INK, linewidth=0.8)
    axes.set(xlabel="epoch", ylabel="loss (nats per character)")
    axes.set_ylim(bottom=1.5)
    ends = {"no clip": (free, GRADIENT), "clip": (clipped, STATE)}
    found = {name: (epochs[-1], np.median(runs[:, -1]), color) for name, (runs, color) in ends.items()}
    label_ends(axes, found)
    label_line(axes, 1, guessing, r"$\log V$", INK, xycoords=("axes fraction", "data"))
    return figure


def radius_zero(delay: Array, cell: Array) -> Figure:
    """Logs of the product's norm by lag for two matrices of radius 0; -inf is not drawn."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    for logs, color, marker in ((delay, STATE, "o"), (cell, GRADIENT, "s")):
        lags = np.arange(len(logs))
        axes.plot(lags[:101:4], logs[:101:4] / np.log(10), marker, color=color, markersize=3.5)
    held = np.isfinite(delay).sum() - 1
    axes.axvline(held, color=STATE, linewidth=0.8, linestyle=":")
    label_line(axes, 30, cell[30] / np.log(10), "two units at a fixed point", GRADIENT, xytext=(8, -12))
    label_line(axes, 30, 0, "delay line of 100 units", STATE, xytext=(0, 10))
    axes.set(xlabel=LAG, ylabel="largest gradient (power of ten)", ylim=(-4, 32))
    return figure


def against_lag(panels: Mapping[str, Mapping[str, Array]]) -> Figure:
    """For each network natural logs by lag: `bound`, `radius`, `exponent` (K+1,), `measured` (3, K+1) quartiles."""
    rows = (len(panels) + 1) // 2
    figure, grid = plt.subplots(rows, 2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 0.6 + 2.1 * rows))
    for axes, (title, lines) in zip(grid.flat, panels.items(), strict=True):
        scaled = {name: values / np.log(10) for name, values in lines.items()}
        lags = np.arange(len(scaled["bound"]))
        axes.plot(lags, scaled["bound"], "--", color=INK, linewidth=1.2)
        axes.plot(lags, scaled["radius"], "-.", color=OTHER, linewidth=1.2)
        axes.plot(lags, scaled["exponent"], color=GRADIENT, linewidth=1)
        low, median, high = scaled["measured"]
        axes.fill_between(lags, low, high, color=GRADIENT, alpha=0.25, linewidth=0)
        axes.plot(lags[::3], median[::3], "o", color=GRADIENT, markersize=3)
        axes.set(title=title, ylim=(-20, 22))
    third = len(lags) // 2  # in the last but one of four panels, or the last of two, the lines are far apart
    axes = grid.flat[-2 if rows > 1 else -1]
    steep = np.flatnonzero(axes.lines[0].get_ydata() < 18)[-1]  # where the bound is still in sight
    label_line(axes, steep, axes.lines[0].get_ydata()[steep], "bound", INK, ha="right", xytext=(-10, 3))
    between = 5 * len(lags) // 6
    y = np.mean([line.get_ydata()[between] for line in axes.lines[1:3]])
    label_line(axes, between, y, "radius$^k$", OTHER, ha="center", xytext=(0, 0))
    free = 10 * np.floor((axes.lines[2].get_ydata()[third] - 6) / 10) + 5  # between two lines of the grid
    label_line(axes, 0, free, "measured,\nand exponent", GRADIENT, xytext=(4, 0), linespacing=1)
    figure.supylabel(POWER)
    figure.supxlabel(LAG, x=panels_middle(figure))
    return figure


def slopes(edges: Array, shares: Mapping[str, Array]) -> Figure:
    """For each of four stages the share of slopes in each bin (seeds, bins), two panels in a row.

    The first, before training, has a scale of its own, the other three have one.
    """
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(TEXT_WIDTH[0], 3.4))
    width = np.diff(edges)
    for axes, (stage, runs) in zip(panels.flat, shares.items(), strict=True):
        axes.bar(edges[:-1], runs.mean(axis=0), width, align="edge", color=STATE, alpha=0.75)
        middle = edges[:-1] + width / 2
        low, high = runs.min(axis=0), runs.max(axis=0)
        axes.vlines(middle, low, high, color=INK, linewidth=1)
        axes.set(title=stage)
    before, *after = (runs.max() for runs in shares.values())
    for axes, top in zip(panels.flat, [before] + 3 * [max(after)], strict=True):
        axes.set_ylim(0, 1.1 * top)
    figure.supylabel("share of units and steps")
    figure.supxlabel("slope of the tanh, $1 - h_t^2$", x=panels_middle(figure))
    return figure


def around(offset: Array, rows: Mapping[str, Array], shown: int, guessing: float) -> Figure:
    """Quantities (seeds, updates) around each seed's event at offset 0; one seed drawn in full, the others thin."""
    figure, panels = plt.subplots(len(rows), sharex=True, figsize=(TEXT_WIDTH[0], 6.0))
    colors = (INPUT, GRADIENT, OTHER, STATE)
    for axes, (name, values), color in zip(panels, rows.items(), colors, strict=True):
        axes.plot(offset, values.T, color=color, linewidth=0.6, alpha=0.35)
        axes.plot(offset, values[shown], "o-", color=color, markersize=2.5, linewidth=1.2)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle=":", zorder=1)
        axes.set_ylabel(name)
    panels[0].axhline(guessing, color=INK, linewidth=0.8)
    panels[0].set_ylim(0, 4 * guessing)
    label_line(panels[0], 1, guessing, r"$\log V$", INK, xycoords=("axes fraction", "data"))
    panels[1].set_yscale("log")
    panels[2].set_yscale("log")
    panels[-1].set_xlabel("updates after the event")
    figure.align_ylabels()
    return figure


def angles(by_norm: Array, by_value: Array) -> Figure:
    """Angles in degrees between each gradient and what either clip leaves of it, sorted: (gradients,) each."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    share = np.linspace(0, 1, len(by_norm))
    for name, found, color, line in (
        ("by norm", by_norm, GATE, "-"),
        ("by value, to the same length", by_value, GRADIENT, "--"),
    ):
        axes.plot(share, np.sort(found), line, color=color, linewidth=2.2)
        label_line(axes, 0.3, np.median(found), name, color, xytext=(0, 10 if found.max() < 1 else -14))
    axes.set(xlabel="share of gradients with a smaller angle", ylabel="angle (degrees)")
    axes.set_ylim(bottom=-3)
    return figure


def by_radius(panels: Mapping[str, Mapping[float, Array]]) -> Figure:
    """For each of two moments of training, by initial radius, the median log gradient (seeds, K+1) by lag.

    A panel for each radius, so that what training made equal is seen beside what differed before.
    """
    moments = list(panels)
    radii = list(panels[moments[0]])
    figure, grid = plt.subplots(
        2, (len(radii) + 1) // 2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 3.5)
    )
    for axes, radius in zip(grid.flat, radii, strict=True):
        for moment, color, line in zip(moments, (INPUT, GRADIENT), ("--", "-"), strict=True):
            powers = panels[moment][radius] / np.log(10)
            lags = np.arange(powers.shape[1])
            axes.fill_between(
                lags, powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.25, linewidth=0
            )
            axes.plot(lags, np.median(powers, axis=0), line, color=color)
        axes.set(title=f"initial radius {radius:g}", ylim=(-14, 4))
    for moment, color, place in zip(moments, (INPUT, GRADIENT), ((-6, 13), (-4, -14)), strict=True):
        middle = np.median(panels[moment][radii[1]], axis=0) / np.log(10)
        at = len(middle) // 4 if color == INPUT else 3 * len(middle) // 4
        label_line(
            grid.flat[1],
            at,
            middle[at],
            moment,
            color,
            xytext=place,
            ha="left" if color == INPUT else "right",
        )
    figure.supylabel(POWER)
    figure.supxlabel(LAG, x=panels_middle(figure))
    return figure


def shift(errors: Mapping[str, Array], products: Mapping[str, Array]) -> Figure:
    """For each cell the error of a shift (T,) and the norm of the Jacobian product (T,), on log scales."""
    figure, panels = plt.subplots(len(errors), sharex=True, figsize=(TEXT_WIDTH[0], 5.2))
    for axes, (name, error), product in zip(panels, errors.items(), products.values(), strict=True):
        steps = np.arange(1, len(error) + 1)
        axes.semilogy(steps, product, "--", color=GRADIENT)
        axes.semilogy(steps, error, "o-", color=STATE, markersize=2.5, linewidth=1)
        axes.set(title=name, ylabel="norm")
        axes.margins(y=0.1)
        at, falls = len(steps) // 2, product[-1] < product[0]
        side = {"ha": "left", "xytext": (8, 10)} if falls else {"ha": "right", "xytext": (-8, 8)}
        label_line(axes, at, product[at], "Jacobian product", GRADIENT, **side)
        side = {"ha": "right", "xytext": (-8, -8)} if falls else {"ha": "left", "xytext": (0, 11)}
        label_line(axes, at, error[at], "error of the shift", STATE, **side)
    panels[-1].set_xlabel("steps after the padding ended")
    figure.align_ylabels()
    return figure


def _band(axes: Axes, x: Array, runs: Array, color: str, line: str) -> None:
    """The median over seeds as a line, and a band from the lowest to the highest."""
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(x, np.median(runs, axis=0), line, color=color, markersize=4)

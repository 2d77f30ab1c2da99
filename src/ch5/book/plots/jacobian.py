"""The figures of page 4, and those of page 7 on training: gradients by lag, errors of a shift, slopes, the clip."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def with_and_without(clipped: Array, free: Array, guessing: float) -> Figure:
    """Mean loss by epoch (seeds, epochs) with the clip and without it, and the loss of guessing."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    epochs = np.arange(1, clipped.shape[1] + 1)
    axes.plot(epochs, free.T, color=GRADIENT, linewidth=0.7, alpha=0.45)
    _band(axes, epochs, free, GRADIENT, "s-")
    _band(axes, epochs, clipped, STATE, "o-")
    axes.axhline(guessing, color="black", linewidth=0.8)
    label_line(axes, 1, guessing, "equal probabilities, log V", "black", xytext=(0, 7))
    label_line(axes, epochs[-1], np.median(free[:, -1]), "no clip", GRADIENT, xytext=(-52, 12))
    label_line(axes, epochs[-1], np.median(clipped[:, -1]), "with the clip", STATE, xytext=(-78, -14))
    axes.set(xlabel="epoch", ylabel="loss (nats per character)")
    axes.set_ylim(bottom=1.5)
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
    axes.set(xlabel="lag k (steps)", ylabel="largest gradient (power of ten)", ylim=(-4, 32))
    return figure


def against_lag(panels: Mapping[str, Mapping[str, Array]]) -> Figure:
    """For each network natural logs by lag: `bound`, `radius`, `exponent` (K+1,), `measured` (3, K+1) quartiles."""
    rows = (len(panels) + 1) // 2
    figure, grid = plt.subplots(rows, 2, sharex=True, figsize=(TEXT_WIDTH[0], 0.4 + 2.2 * rows))
    for axes, (title, lines) in zip(grid.flat, panels.items(), strict=True):
        scaled = {name: values / np.log(10) for name, values in lines.items()}
        lags = np.arange(len(scaled["bound"]))
        axes.plot(lags, scaled["bound"], "--", color=INK, linewidth=1.2, label="bound")
        axes.plot(lags, scaled["radius"], "-.", color=OTHER, linewidth=1, label="radius$^k$")
        axes.plot(lags, scaled["exponent"], color=GRADIENT, linewidth=1, label="exponent")
        low, median, high = scaled["measured"]
        axes.fill_between(lags, low, high, color=GRADIENT, alpha=0.25, linewidth=0)
        axes.plot(lags[::3], median[::3], "o", color=GRADIENT, markersize=3, label="measured")
        axes.set(title=title)
    figure.legend(*grid.flat[0].get_legend_handles_labels(), fontsize=10, ncols=4, loc="outside upper center")
    figure.supxlabel("lag k (steps)", fontsize=11)
    figure.supylabel("length (power of ten)", fontsize=11)
    return figure


def slopes(edges: Array, shares: Mapping[str, Array]) -> Figure:
    """For each of four stages the share of slopes in each bin (seeds, bins), two panels in a row."""
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(TEXT_WIDTH[0], 3.6))
    width = np.diff(edges)
    for axes, (stage, runs) in zip(panels.flat, shares.items(), strict=True):
        axes.bar(edges[:-1], runs.mean(axis=0), width, align="edge", color=STATE, alpha=0.75)
        middle = edges[:-1] + width / 2
        low, high = runs.min(axis=0), runs.max(axis=0)
        axes.vlines(middle, low, high, color=INK, linewidth=1)
        axes.set(title=stage, ylim=(0, 1.1 * high.max()))
    figure.supxlabel("slope of the tanh", fontsize=11)
    figure.supylabel("share", fontsize=11)
    return figure


def trained(epochs: Array, rows: Mapping[str, tuple[Array, float | None]]) -> Figure:
    """Quantities by epoch (seeds, epochs), one panel each, with a level to compare with."""
    figure, panels = plt.subplots(len(rows), sharex=True, figsize=(TEXT_WIDTH[0], 1.75 * len(rows)))
    for axes, (name, (runs, level)) in zip(panels, rows.items(), strict=True):
        _band(axes, epochs, runs, GRADIENT if "exponent" in name else STATE, "o-")
        if level is not None:
            axes.axhline(level, color="black", linewidth=0.8)
        axes.set_ylabel(name)
    panels[-1].set_xlabel("epoch")
    return figure


def around(offset: Array, rows: Mapping[str, Array], shown: int, guessing: float) -> Figure:
    """Quantities (seeds, updates) around each seed's event at offset 0; one seed drawn in full, the others thin."""
    figure, panels = plt.subplots(len(rows), sharex=True, figsize=(TEXT_WIDTH[0], 5.8))
    colors = (INPUT, GRADIENT, OTHER, STATE)
    for axes, (name, values), color in zip(panels, rows.items(), colors, strict=True):
        axes.plot(offset, values.T, color=color, linewidth=0.6, alpha=0.35)
        axes.plot(offset, values[shown], "o-", color=color, markersize=2.5, linewidth=1.2)
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set_ylabel(name)
    panels[0].axhline(guessing, color="black", linewidth=0.8)
    panels[0].set_ylim(0, 4 * guessing)
    panels[0].annotate("log V", (offset[0], guessing), xytext=(0, 3), textcoords="offset points", fontsize=9)
    panels[1].set_yscale("log")
    panels[2].set_yscale("log")
    panels[-1].set_xlabel("updates after the event")
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
        label_line(axes, 0.35, np.median(found), name, color, xytext=(0, 12))
    axes.set(xlabel="share of gradients with a smaller angle", ylabel="angle (degrees)")
    axes.set_ylim(bottom=-3)
    return figure


def by_radius(panels: Mapping[str, Mapping[float, Array]]) -> Figure:
    """For each moment of training, by initial radius, the median log gradient (seeds, K+1) by lag."""
    figure, axes = plt.subplots(1, len(panels), sharey=True, figsize=(TEXT_WIDTH[0], 3.0))
    styles = list(zip((INPUT, STATE, GATE, OTHER, GRADIENT), "osv^D", strict=True))
    for panel, (title, found) in zip(axes, panels.items(), strict=True):
        for (radius, runs), (color, marker) in zip(found.items(), styles, strict=False):
            lags = np.arange(runs.shape[1])
            powers = runs / np.log(10)
            panel.fill_between(lags, powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.2)
            panel.plot(lags, np.median(powers, axis=0), color=color, marker=marker, markevery=6,
                       markersize=4, linewidth=1.2, label=f"{radius:.1f}")  # fmt: skip
        panel.set(title=title, xlabel="lag k (steps)")
    axes[0].set_ylabel("length (power of ten)")
    axes[1].legend(title="initial radius", fontsize=10, ncols=2, loc="lower left")
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
    return figure


def _band(axes: Axes, x: Array, runs: Array, color: str, line: str) -> None:
    """The median over seeds as a line, and a band from the lowest to the highest."""
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(x, np.median(runs, axis=0), line, color=color, markersize=4)

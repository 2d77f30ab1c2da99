"""The figures of pages 6 and 7: losses by epoch, beside other models, the arc, and how far back a network looks."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ch5.book.plots import GATE, INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_ends, label_line
from ch5.engine.weights import Array

LOSS = "loss (nats per character)"
NAMES_AT: tuple[tuple[int, dict[str, Any]], ...] = (  # of the statistics: at which row, and where
    (0, {"xytext": (52, 0)}),
    (4, {"ha": "right", "xytext": (-17, 4)}),
    (6, {"xytext": (12, 0)}),
    (2, {"rotation": 90, "ha": "right", "xytext": (-6, 0)}),
)


def losses(
    epochs: Array, seeds: Array, live: Array, published: Mapping[int, float], levels: Mapping[str, float]
) -> Figure:
    """Mean loss by epoch: (E,) epochs, (S, E) of the recorded seeds, (E,) of the live run, published points
    by epoch, and named levels to compare with (nats)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.6))
    for name, level in levels.items():
        axes.axhline(level, color=INPUT, linewidth=1)
        label_line(axes, epochs[-1] + 0.4, level, name, INPUT, va="bottom", ha="right", xytext=(0, 2))
    axes.fill_between(epochs, seeds.min(axis=0), seeds.max(axis=0), color=STATE, alpha=0.25, linewidth=0)
    axes.plot(epochs, live, "o", color=STATE, markersize=4)
    axes.plot(*zip(*published.items(), strict=True), "s", color=OTHER, markerfacecolor="none", markersize=8)
    label_line(axes, epochs[1], live[1], "this run and ten seeds", STATE, xytext=(8, 6))
    at = sorted(published)[1]
    label_line(axes, at, published[at], "published", OTHER, xytext=(0, 15), ha="center")
    axes.set(xlabel="epoch", ylabel=LOSS, xticks=np.arange(1, epochs[-1] + 1, 2))
    return figure


def held_out(epochs: Array, curves: Mapping[str, Array], train: Array, levels: Mapping[str, float]) -> Figure:
    """Losses on held-out text by epoch: (S, E) for each named network, a band over its seeds; the training loss of
    the first, (S, E), dashed; and the levels of other models (nats), listed at the right with their values."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.5))
    right = epochs[-1] + 0.6
    ends = {f"{level:.2f}  {name}": (right, level, INPUT) for name, level in levels.items()}
    for (name, found), color, marker in zip(curves.items(), (STATE, OTHER), "os", strict=False):
        mean = found.mean(axis=0)
        axes.fill_between(epochs, found.min(axis=0), found.max(axis=0), color=color, alpha=0.25, linewidth=0)
        axes.plot(epochs, mean, marker, color=color, markersize=4)
        label_line(axes, epochs[1], mean[1], name, color, xytext=(8, 6))
        ends[f"{mean.min():.2f}  this network"] = right, mean.min(), color
    axes.plot(epochs, train.mean(axis=0), "--", color=STATE, linewidth=1)
    label_line(axes, epochs[0], train[:, 0].mean(), "in training", STATE, xytext=(8, 0))
    axes.set(xlabel="epoch", ylabel=LOSS, xticks=epochs[1::2], xlim=(0.4, right))
    axes.set_ylim(axes.get_ylim())  # as it is now, whatever is drawn for the list
    for x, y, color in ends.values():
        axes.plot(x, y, "o", color=color, markersize=5 if color == INPUT else 7, clip_on=False)
    axes.hlines(list(levels.values()), 0.4, right, color=INPUT, linewidth=0.6, alpha=0.5)
    label_ends(
        axes,
        ends,
        away=22,
        arrowprops={
            "arrowstyle": "-",
            "color": INPUT,
            "linewidth": 0.6,
            "shrinkA": 2,
            "shrinkB": 4,
            "relpos": (0, 0.5),
        },
    )
    return figure


def written(updates: Sequence[int], samples: Sequence[str], held_out: Array, log_V: float) -> Figure:
    """Training goes down: by update a sample, and beside it the loss on held-out text (S, U), between equal
    probabilities and what it falls to (nats)."""
    figure, (words, loss) = plt.subplots(
        1, 2, figsize=(TEXT_WIDTH[0], 3.6), sharey=True, width_ratios=[2.2, 1]
    )
    rows = _samples(words, updates, samples)
    loss.plot(held_out.T, rows, "o", color=STATE, markersize=4, alpha=0.6)
    for row, found in zip(rows, held_out.mean(axis=0), strict=True):
        side = 1 if found < 0.75 * log_V else -1
        label_line(
            loss, found, row, f"{found:.1f}", STATE, xytext=(6 * side, 0), ha="left" if side > 0 else "right"
        )
    loss.axvline(log_V, color=INPUT, linewidth=1)
    loss.annotate(
        r"$\log V$", (log_V, 1), xycoords=("data", "axes fraction"), color=INPUT, ha="center", va="bottom"
    )
    loss.set(xlabel="loss (nats)", xlim=(1, log_V + 0.2), xticks=[2, 4])
    loss.tick_params(axis="y", length=0)
    return figure


def arc(
    updates: Sequence[int],
    samples: Sequence[str],
    statistics: Mapping[str, Array],
    references: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Training goes down: by update a sample at the left, and to its right every statistic on one scale, from 0, the
    network's own before training, to 1, the book's.

    statistics holds (S, U, 2) values and half widths of S seeds, the last drawn hollow; references the values of
    other texts by mark, the book's last; the marks of Markov text between are named at the foot.
    """
    figure, (words, course) = plt.subplots(
        1, 2, figsize=(TEXT_WIDTH[0], 4.3), sharey=True, width_ratios=[1, 1.9]
    )
    rows = _samples(words, updates, samples)
    course.axvline(0, color=INPUT, linewidth=1)
    course.axvline(1, color=INPUT, linewidth=2)
    looks = zip((INPUT, STATE, GATE, OTHER), "sov^", NAMES_AT, strict=True)
    for (name, found), (color, marker, (at, place)) in zip(statistics.items(), looks, strict=True):
        start, book = found[:, 0, 0].mean(), references[name]["book"]
        scaled = (found[..., 0] - start) / (book - start)
        widths = found[..., 1] / abs(book - start)
        fills = [color] * (len(found) - 1) + ["none"]
        shifts = np.linspace(-0.15, 0.15, len(found))
        for shift, seed, width, fill in zip(shifts, scaled, widths, fills, strict=True):
            course.errorbar(
                seed, rows + shift, xerr=width, fmt=marker, color=color, markersize=4, linewidth=0.8,
                markerfacecolor=fill, markeredgewidth=0.8,
            )  # fmt: skip
        middle = np.median(scaled, axis=0)
        course.plot(middle, rows, color=color)
        lines = name if "rotation" in place else name.replace(" ", "\n", 1)
        label_line(course, middle[at], at, lines, color, linespacing=1, **place)
        for mark, value in references[name].items():
            x = (value - start) / (book - start)
            if 0.05 < x < 1:
                top = np.interp(x, np.maximum.accumulate(middle), rows)  # where the network passes it
                course.vlines(x, top, rows[-1] + 0.6, color=color, linewidth=1, linestyle=":")
                course.annotate(mark, (x, 0), xycoords=("data", "axes fraction"), color=color, ha="center",
                                va="top", xytext=(0, -3), textcoords="offset points")  # fmt: skip
    course.set(xlim=(-0.12, 1.12), xticks=[])
    for x, name in ((0, "start"), (1, "book")):
        course.annotate(
            name, (x, 1), xycoords=("data", "axes fraction"), color=INPUT, ha="center", va="bottom"
        )
    course.set_xlabel("0 to 5: Markov text, by order", labelpad=16)
    return figure


def _samples(axes: Axes, updates: Sequence[int], samples: Sequence[str]) -> Array:
    """What was written after each update, from top to bottom; gives the rows."""
    rows = np.arange(len(updates))
    for row, sample in zip(rows, samples, strict=True):
        axes.text(0.03, float(row), sample, family="monospace", va="center", parse_math=False)
    axes.set(xlim=(0, 1), xticks=[], yticks=rows, yticklabels=[f"{u:,}" for u in updates], ylabel="updates")
    axes.set_ylim(rows[-1] + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return rows


def looking_back(
    given: Array,
    excess: Mapping[str, Array],
    lags: Array,
    gradient: Mapping[str, Array],
    marks: Mapping[str, float],
) -> Figure:
    """Above, the loss beyond that of a long context, (S, K) by characters given; below, quartiles (S, 3, L) of the log
    gradient norm by lag; for each named network, over the same axis. marks are places to be named."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.4))
    looks = list(zip((STATE, OTHER, INPUT), "os^", ("-", "--", ":"), strict=True))
    for losses, (color, marker, line) in zip(excess.values(), looks, strict=False):
        shown = np.clip(losses, 1e-3, None)
        top.fill_between(given, shown.min(axis=0), shown.max(axis=0), color=color, alpha=0.2, linewidth=0)
        top.plot(given, shown.mean(axis=0), marker + line, color=color, markersize=4, linewidth=1)
    for (name, logs), (color, marker, line) in zip(gradient.items(), looks, strict=False):
        low, middle, high = np.exp(logs.mean(axis=0))
        bottom.fill_between(lags[1:], low[1:], high[1:], color=color, alpha=0.2, linewidth=0)
        bottom.plot(lags[1:], middle[1:], line, color=color)
        bottom.plot([], [], marker + line, color=color, markersize=4, label=name)
    for name, lag in marks.items():
        for axes in (top, bottom):
            axes.axvline(lag, color=INK, linewidth=0.8)
        top.annotate(name, (lag, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                     textcoords="offset points", ha="center", va="bottom")  # fmt: skip
    top.axhline(0.01, color=INK, linewidth=0.7, linestyle="--")
    bottom.axhline(0.01, color=INK, linewidth=0.7, linestyle="--")
    top.set(yscale="log", ylim=(9e-4, 4), ylabel="nats beyond 100 given")
    bottom.set(
        xscale="log", yscale="log", ylim=(1e-7, 3), xlabel="characters back $k$", ylabel="gradient, relative"
    )
    ticks = [1, 2, 4, 8, 16, 32, 64]
    bottom.set_xticks(ticks, map(str, ticks))
    bottom.minorticks_off()
    top.minorticks_off()
    bottom.legend(loc="lower left", borderpad=0)
    return figure

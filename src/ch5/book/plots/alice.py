"""The figures of pages 6 and 7: losses by epoch, the arc, and how far back a network looks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GRADIENT, INPUT, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def losses(
    epochs: Array, seeds: Array, live: Array, published: Mapping[int, float], levels: Mapping[str, float]
) -> Figure:
    """Mean loss by epoch: (E,) epochs, (S, E) of the recorded seeds, (E,) of the live run, published points
    by epoch, and named levels to compare with (nats)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.6))
    for name, level in levels.items():
        axes.axhline(level, color=INPUT, linewidth=1)
        axes.text(epochs[-1] + 0.4, level, name, color=INPUT, va="bottom", ha="right")
    axes.fill_between(epochs, seeds.min(axis=0), seeds.max(axis=0), color=STATE, alpha=0.25, linewidth=0)
    axes.plot(epochs, live, "o", color=STATE, markersize=4)
    axes.plot(*zip(*published.items(), strict=True), "s", color=OTHER, markerfacecolor="none", markersize=8)
    label_line(axes, epochs[2], live[2], "this run, and all seeds", STATE, xytext=(8, 9))
    last = max(published)
    label_line(axes, last, published[last], "published", OTHER, xytext=(0, 14), ha="right")
    axes.set(xlabel="epoch", ylabel="loss (nats per character)", xticks=np.arange(1, epochs[-1] + 1, 2))
    return figure


def held_out(epochs: Array, curves: Mapping[str, Array], train: Array, levels: Mapping[str, float]) -> Figure:
    """Losses on held-out text by epoch: (S, E) for each named network, a band over its seeds; the training loss of
    the first, (S, E), dashed; and the levels of other models (nats)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.8))
    for name, level in levels.items():
        axes.axhline(level, color=INPUT, linewidth=1)
        axes.text(epochs[0] - 0.4, level, name, color=INPUT, va="top", ha="left")
    sides = ((5, (4, 10)), (9, (-14, -10)))  # the epoch at which a name stands, and where
    for (name, losses), color, marker, (at, place) in zip(
        curves.items(), (STATE, OTHER), "os", sides, strict=False
    ):
        axes.fill_between(
            epochs, losses.min(axis=0), losses.max(axis=0), color=color, alpha=0.25, linewidth=0
        )
        axes.plot(epochs, losses.mean(axis=0), marker, color=color, markersize=4)
        label_line(axes, epochs[at], losses[:, at].mean(), name, color, xytext=place)
    axes.plot(epochs, train.mean(axis=0), "--", color=STATE, linewidth=1)
    label_line(axes, epochs[1], train[:, 1].mean(), "in training", STATE, xytext=(0, 12))
    axes.set(xlabel="epoch", ylabel="loss (nats per character)", xticks=epochs[1::2])
    return figure


def arc(
    updates: Sequence[int],
    samples: Sequence[str],
    statistics: Mapping[str, Array],
    references: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Training goes down: by update a sample at the left, and to its right a panel for each statistic.

    statistics holds (S, U, 2) values and half widths of S seeds; references the values of other texts, by mark.
    """
    rows = np.arange(len(updates))
    widths = [2.9] + [1.0] * len(statistics)
    figure, (words, *panels) = plt.subplots(
        1, len(widths), figsize=(TEXT_WIDTH[0], 5.6), sharey=True, width_ratios=widths
    )
    for row, sample in zip(rows, samples, strict=True):
        words.text(0.03, row, sample, family="monospace", va="center", parse_math=False)
    words.set(
        xlim=(0, 1),
        xticks=[],
        yticks=rows,
        yticklabels=updates,
        ylabel="updates",
        ylim=(rows[-1] + 0.6, -0.6),
    )
    words.grid(visible=False)
    words.spines[:].set_visible(False)
    for axes, (name, found) in zip(panels, statistics.items(), strict=True):
        for k, (mark, value) in enumerate(references[name].items()):
            axes.axvline(value, color=INPUT, linewidth=2 if mark == "book" else 0.8, zorder=1)
            axes.text(value, -0.65 - 0.42 * (k % 2), mark, color=INPUT, ha="center", va="bottom")
        for shift, seed in zip(np.linspace(-0.2, 0.2, len(found)), found, strict=True):
            axes.errorbar(
                seed[:, 0], rows + shift, xerr=seed[:, 1], fmt="o", color=STATE, markersize=2, linewidth=1
            )
        axes.set_xlabel(name.replace(" ", "\n", 1))
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.12)
    return figure


def looking_back(
    given: Array,
    excess: Mapping[str, Array],
    lags: Array,
    gradient: Mapping[str, Array],
    marks: Mapping[str, float],
) -> Figure:
    """Above, the loss beyond that of a long context, (S, K) by characters given; below, quartiles (S, 3, L) of the log
    gradient norm by lag; for each named network, over the same axis. marks are places to be named."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.8))
    styles = list(zip((STATE, OTHER, INPUT), "os^", strict=True))
    for (name, losses), (color, marker) in zip(excess.items(), styles, strict=False):
        shown = np.clip(losses, 1e-3, None)
        top.fill_between(given, shown.min(axis=0), shown.max(axis=0), color=color, alpha=0.2, linewidth=0)
        top.plot(
            given, shown.mean(axis=0), marker + "-", color=color, markersize=4, linewidth=0.8, label=name
        )
    for (name, logs), color, line in zip(
        gradient.items(), (GRADIENT, OTHER, INPUT), ("-", "--", ":"), strict=False
    ):
        low, middle, high = np.exp(logs.mean(axis=0))
        bottom.fill_between(lags, low, high, color=color, alpha=0.2, linewidth=0)
        bottom.plot(lags, middle, line, color=color, label=name)
    for name, lag in marks.items():
        for axes in (top, bottom):
            axes.axvline(lag, color="black", linewidth=0.8)
        top.annotate(name, (lag, 1), xycoords=("data", "axes fraction"), xytext=(3, -3),
                     textcoords="offset points", va="top")  # fmt: skip
    top.set(yscale="log", ylim=(9e-4, 4), ylabel="loss beyond (nats)")
    bottom.set(
        xscale="log", yscale="log", ylim=(1e-7, 3), xlabel="characters back", ylabel="gradient, relative"
    )
    ticks = [1, 2, 4, 8, 16, 32, 64]
    bottom.set_xticks(ticks, map(str, ticks))
    bottom.minorticks_off()
    top.legend(loc="lower left")
    bottom.legend(loc="lower left")
    return figure

"""The figures of notebook 06: the loss along the original run."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.plots import INPUT, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.weights import Array


def losses(
    epochs: Array, seeds: Array, live: Array, published: Mapping[int, float], levels: Mapping[str, float]
) -> Figure:
    """Mean loss by epoch: (E,) epochs, (S, E) of the recorded seeds, (E,) of the live run, published points
    by epoch, and named levels to compare with (nats)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.6))
    for name, level in levels.items():
        axes.axhline(level, color=INPUT, linewidth=1)
        axes.text(epochs[-1] + 0.4, level, name, color=INPUT, va="bottom", ha="right", fontsize=10)
    axes.fill_between(epochs, seeds.min(axis=0), seeds.max(axis=0), color=STATE, alpha=0.25, linewidth=0)
    axes.plot(epochs, live, "o", color=STATE, markersize=4)
    axes.plot(*zip(*published.items(), strict=True), "s", color=OTHER, markerfacecolor="none", markersize=8)
    label_line(axes, epochs[2], live[2], "this run, and all seeds", STATE, xytext=(8, 9))
    last = max(published)
    label_line(axes, last, published[last], "published", OTHER, xytext=(0, 14), ha="right")
    axes.set(xlabel="epoch", ylabel="loss (nats a character)", xticks=np.arange(1, epochs[-1] + 1, 2))
    return figure

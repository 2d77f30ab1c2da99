"""The figures of the page on linear recurrence: success by lag, a clock of modes, loop and scan by the clock."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array

LOOKS = {"lru": (STATE, "o"), "min gru": (GATE, "s")}


def success(
    lags: Mapping[str, Mapping[str, Sequence[int]]], rates: Mapping[str, Mapping[str, Array]]
) -> Figure:
    """For each task a panel; for each model the rate of success, its low and its high end (3, lags), at its lags."""
    figure, panels = plt.subplots(1, len(lags), sharey=True, figsize=(TEXT_WIDTH[0], 3.2))
    for axes, (task, at) in zip(panels, lags.items(), strict=True):
        for model, (color, marker) in LOOKS.items():
            rate, low, high = rates[task][model]
            error = [np.maximum(rate - low, 0), np.maximum(high - rate, 0)]
            axes.errorbar(
                at[model], rate, error, color=color, marker=marker, markersize=5, linewidth=1.2, label=model
            )
        every = sorted({lag for of in at.values() for lag in of})
        axes.set(title=task, xlabel="lag (steps)", xscale="log", ylim=(-0.06, 1.06))
        axes.set_xticks(every, [str(lag) for lag in every], fontsize=9)
        axes.minorticks_off()
    panels[0].set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    panels[0].set_ylabel("success")
    panels[-1].legend(fontsize=9)
    return figure


def clock(modes: Sequence[int], accuracies: Mapping[str, Array], chance: float) -> Figure:
    """The accuracy of the best linear readout against the number of modes per symbol (modes,), fixed lag and drawn."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.2))
    for (name, accuracy), color, marker in zip(accuracies.items(), (STATE, GRADIENT), "os", strict=True):
        axes.plot(modes, accuracy, color=color, marker=marker, markersize=5, linewidth=1.2)
        label_line(axes, modes[-1], accuracy[-1], name, color)
    axes.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
    label_line(axes, modes[0], chance, "chance", INK, xytext=(8, 6))
    axes.set(xlabel="complex modes per symbol", ylabel="accuracy", ylim=(0, 1.05))
    axes.set_xticks(modes)
    return figure


def loop_and_scan(steps: Sequence[int], seconds: Mapping[str, Array]) -> Figure:
    """Seconds for all states of T steps, by the way to them: fastest and median (2, lengths)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.4))
    looks = ((STATE, "o"), (GRADIENT, "s"), (OTHER, "^"))
    for (name, (fastest, median)), (color, marker) in zip(seconds.items(), looks, strict=True):
        axes.fill_between(steps, fastest, median, color=color, alpha=0.2, linewidth=0)
        axes.plot(steps, fastest, color=color, marker=marker, markersize=5, linewidth=1.2)
        label_line(axes, steps[-1], fastest[-1], name, color)
    axes.set(xlabel="T (steps)", ylabel="seconds", xscale="log", yscale="log")
    axes.set_xticks(steps, [f"{T:,}" for T in steps], fontsize=9)
    axes.minorticks_off()
    return figure

"""The figures on recall: the backward pass cut, each model at its best, a warped clock."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, INPUT, OTHER, STATE, TEXT_WIDTH
from ch5.engine.weights import Array

LOOKS = {  # by the first word of a model's name
    "uniform": (OTHER, "D"),
    "orthogonal": (OTHER, "d"),
    "leaky": (INPUT, "X"),
    "lstm": (GATE, "o"),
    "gru": (STATE, "s"),
}
SAID = {"gru 1": "GRU", "lstm 1": "LSTM", "uniform": "vanilla, uniform", "orthogonal": "vanilla, orthogonal"}


def cut(
    right: Mapping[str, Mapping[int, Sequence[Array]]],
    fitted: Mapping[str, Mapping[int, Array]],
    chance: Mapping[str, float],
    names: Sequence[str],
    needed: float,
) -> Figure:
    """By task and lag the accuracies at the end (seeds,), for the cuts named; those of a fitted readout; chance."""
    figure, panels = plt.subplots(len(right), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 5.6))
    x = np.arange(len(names))
    for axes, (task, lags) in zip(panels, right.items(), strict=True):
        axes.axhline(needed, color=INK, linewidth=0.7, linestyle="--")
        axes.axhline(chance[task], color=INK, linewidth=0.7)
        for (lag, runs), marker, dx in zip(lags.items(), "os", (-0.05, 0.05), strict=False):
            middle = [np.median(of) for of in runs]
            low, high = [of.min() for of in runs], [of.max() for of in runs]
            axes.vlines(x + dx, low, high, color=GRADIENT, linewidth=1.2, alpha=0.5)
            line = "-" if marker == "o" else ":"
            axes.plot(x[:-1] + dx, middle[:-1], line, color=GRADIENT, linewidth=1.2)
            axes.plot(x + dx, middle, marker, color=GRADIENT, markersize=4.5, label=f"lag {lag}")
            axes.plot(dx, np.median(fitted[task][lag]), "*", color=STATE, markersize=8, fillstyle="none")
        axes.set(title=task, ylim=(0, 1.09))
        axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
        free = (0.88, 0.66 if chance[task] > 0.2 else 0.28)  # above the line of chance
        axes.legend(loc="center right", bbox_to_anchor=free, ncols=2, borderpad=0, handletextpad=0.1)
    panels[-1].set_xticks(x, [name.replace("-", "−") for name in names])
    figure.supylabel("share of right answers")
    panels[-1].set_xlabel("steps $k$ of the backward pass")
    return figure


def warped(updates: Mapping[str, Mapping[str, Array]]) -> Figure:
    """By clock and model the updates until each run succeeds (seeds,)."""
    figure, panels = plt.subplots(len(updates), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.8))
    for axes, (clock, models) in zip(panels, updates.items(), strict=True):
        for row, (model, runs) in enumerate(models.items()):
            color, marker = LOOKS[model.split()[0]]
            at = row + np.linspace(-0.25, 0.25, len(runs))
            axes.plot(runs, at, marker, color=color, markersize=3.5, alpha=0.7)
        axes.set(title=clock, xscale="log", xlim=(40, 1200), ylim=(len(models) - 0.4, -0.6))
        axes.set_yticks(range(len(models)), [SAID.get(model, model) for model in models])
        axes.tick_params(axis="y", length=0)
    ticks = [50, 100, 200, 500, 1000]
    panels[-1].set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    panels[-1].minorticks_off()
    panels[-1].set_xlabel("updates until a run succeeds")
    return figure

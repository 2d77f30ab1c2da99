"""The figures of the controls: tied against untied, what a clip is for, and the first damage."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import (
    GATE,
    GRADIENT,
    INK,
    LAG,
    OTHER,
    POWER,
    STATE,
    TEXT_WIDTH,
    label_line,
    panels_middle,
)
from ch5.engine.weights import Array


def tied_and_untied(panels: Mapping[str, Mapping[str, Mapping[str, Array]]]) -> Figure:
    """For each moment, by gain, the log gradient by lag (seeds, K+1) of the "tied" and the "untied" network.

    A row for each moment, a panel for each gain.
    """
    gains = list(next(iter(panels.values())))
    figure, grid = plt.subplots(
        len(panels), len(gains), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.4)
    )
    for row, (moment, by_gain) in zip(grid, panels.items(), strict=True):
        row[0].set_ylabel(moment)
        for axes, found in zip(row, by_gain.values(), strict=True):
            lags = np.arange(found["tied"].shape[1])
            for name, color, line in (("tied", GRADIENT, "-"), ("untied", INK, "--")):
                powers = found[name] / np.log(10)
                axes.fill_between(
                    lags, powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.15, linewidth=0
                )
                axes.plot(lags, powers.mean(axis=0), line, color=color, linewidth=1.4)
    for axes, gain in zip(grid[0], gains, strict=True):
        axes.set_title(gain if gain == "uniform" else f"gain {gain}", loc="center")
    apart = panels[list(panels)[-1]][gains[-2]]
    for name, color, place in (("tied", GRADIENT, {"ha": "right", "xytext": (-2, -14)}),
                               ("untied", INK, {"xytext": (-10, 16)})):  # fmt: skip
        at = apart[name].shape[1] // 2
        label_line(grid[-1, -2], at, apart[name][:, at].mean() / np.log(10), name, color, **place)
    grid[0, 0].set_xticks([0, 30])
    figure.supylabel(POWER)
    figure.supxlabel(LAG, x=panels_middle(figure))
    return figure


def rate_by_clip(arms: Mapping[str, Sequence[tuple[float, Array, Array]]], log_V: float) -> Figure:
    """By clip, at each mean effective rate: the last epoch's losses (R,), and which runs are broken (R,) bool.

    Clips that share a rate stand side by side.
    """
    figure, panels = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.8), height_ratios=(1, 1.4))
    rates = [rate for points in arms.values() for rate, *_ in points]
    looks = zip((GRADIENT, STATE, OTHER, GATE), "osv^", (0, -0.1, 0.1, 0.1), strict=True)
    for (name, points), (color, marker, aside) in zip(arms.items(), looks, strict=False):
        for rate, losses, broken in points:
            shared = sum(abs(np.log(other / rate)) < 0.1 for other in rates) > 1
            spread = rate * np.exp(shared * aside + np.linspace(-0.03, 0.03, len(losses)))
            panels[0].plot(spread[broken], losses[broken], "x", color=color, markersize=5)
            panels[1].plot(spread[~broken], losses[~broken], marker, color=color, markersize=4, alpha=0.7)
        sound = any(not broken.all() for *_, broken in points)
        panels[1].plot([], [], marker if sound else "x", color=color, label=name)
    panels[0].axhline(log_V, color=INK, linewidth=0.8)
    panels[0].annotate(r"$\log V$", (0.035, log_V), xytext=(0, 3), textcoords="offset points")
    panels[0].set_title("broken")
    panels[1].set(xscale="log", xlabel="mean effective learning rate", title="not broken", xlim=(0.033, 0.65))
    figure.supylabel("loss in epoch 15 (nats per character)")
    panels[1].set_xticks([0.05, 0.1, 0.2, 0.3, 0.5], ["0.05", "0.1", "0.2", "0.3", "0.5"])
    panels[1].minorticks_off()
    panels[1].legend(loc="upper center", ncols=2, columnspacing=1, handletextpad=0.2, borderpad=0)
    panels[1].set_ylim(1.86, 2.17)
    panels[1].set_yticks([1.9, 1.95, 2, 2.05])  # none behind the legend
    return figure


def close_to_damage(
    offset: Array, rows: Mapping[str, Array], healthy: Mapping[str, tuple[float, float]]
) -> Figure:
    """Radius, slope and the norm of the gradient, over the usual one, of each run (R, N) around its first damage at
    offset 0; in green the range of runs that do not break."""
    figure, panels = plt.subplots(len(rows), sharex=True, figsize=(TEXT_WIDTH[0], 5.0))
    for axes, (name, runs), color in zip(panels, rows.items(), (OTHER, STATE, GRADIENT), strict=True):
        if name in healthy:
            axes.axhspan(*healthy[name], color=GATE, alpha=0.15, linewidth=0)
        axes.plot(offset, runs.T, color=color, linewidth=0.6, alpha=0.5)
        axes.plot(offset, np.median(runs, axis=0), "o-", color=color, markersize=3, linewidth=1.5)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        axes.set_ylabel(name)
        if (runs > 5).any():
            axes.set_yscale("log")
    panels[-1].set_xlabel("updates after the damage is seen")
    return figure

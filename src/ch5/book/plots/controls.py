"""The figures of the controls: tied against untied, what a clip is for, and the first damage."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def tied_and_untied(panels: Mapping[str, Mapping[str, Mapping[str, Array]]]) -> Figure:
    """For each moment, by gain, the log gradient by lag (seeds, K+1) of the "tied" and the "untied" network."""
    figure, axes = plt.subplots(
        1, len(panels), sharey=True, figsize=(TEXT_WIDTH[0], 3.9), gridspec_kw={"wspace": 0.08}
    )
    for panel, (title, by_gain) in zip(axes, panels.items(), strict=True):
        for (gain, found), color in zip(by_gain.items(), (INPUT, STATE, GATE, OTHER), strict=True):
            lags = np.arange(found["tied"].shape[1])
            for name, line, marker in (("tied", "-", "o"), ("untied", "--", "^")):
                powers = found[name] / np.log(10)
                panel.fill_between(
                    lags, powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.12, linewidth=0
                )
                panel.plot(
                    lags, powers.mean(axis=0), line, color=color, marker=marker, markevery=8, markersize=4
                )
            if panel is axes[0]:
                label_line(panel, lags[-1], found["tied"][:, -1].mean() / np.log(10), gain, color, ha="right",
                           xytext=(0, 9 if found["tied"][:, -1].mean() > 0 else -13), fontsize=9)  # fmt: skip
        panel.set(title=title, xlabel="lag k (steps)")
    axes[0].set_ylabel("gradient (power of ten)")
    for name, line, marker in (("tied", "-", "o"), ("untied", "--", "^")):
        axes[1].plot([], [], line, marker=marker, color=INK, markersize=4, label=name)
    axes[1].legend(fontsize=9, loc="lower left")
    return figure


def rate_by_clip(arms: Mapping[str, Sequence[tuple[float, Array, Array]]], log_V: float) -> Figure:
    """By clip, at each mean effective rate: the last epoch's losses (R,), and which runs are broken (R,) bool."""
    figure, panels = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.4), height_ratios=(1, 1.3))
    for (name, points), color, marker in zip(
        arms.items(), (GRADIENT, STATE, OTHER, GATE), "osv^", strict=False
    ):
        for rate, losses, broken in points:
            spread = rate * np.exp(np.linspace(-0.05, 0.05, len(losses)))
            panels[0].plot(spread[broken], losses[broken], "x", color=color, markersize=5)
            panels[1].plot(spread[~broken], losses[~broken], marker, color=color, markersize=4, alpha=0.7)
        panels[1].plot([], [], marker, color=color, label=name)
    panels[1].plot([], [], "x", color=INK, label="broken")
    panels[0].axhline(log_V, color="black", linewidth=0.8)
    panels[0].annotate("log V", (0.035, log_V), xytext=(0, 3), textcoords="offset points", fontsize=9)
    panels[0].set(ylabel="loss, broken")
    panels[1].set(
        xscale="log", xlabel="mean effective rate", ylabel="loss in epoch 15 (nats)", xlim=(0.033, 0.65)
    )
    panels[1].set_xticks([0.05, 0.1, 0.2, 0.3, 0.5], ["0.05", "0.1", "0.2", "0.3", "0.5"])
    panels[1].minorticks_off()
    panels[1].legend(fontsize=9, loc="upper center", ncols=2)
    panels[1].set_ylim(1.86, 2.14)
    return figure


def close_to_damage(
    offset: Array, rows: Mapping[str, Array], healthy: Mapping[str, tuple[float, float]]
) -> Figure:
    """Radius, slope and the norm of the gradient, over the usual one, of each run (R, N) around its first damage at
    offset 0; in green the range of runs that do not break."""
    figure, panels = plt.subplots(len(rows), sharex=True, figsize=(TEXT_WIDTH[0], 5.2))
    for axes, (name, runs), color in zip(panels, rows.items(), (OTHER, STATE, GRADIENT), strict=True):
        if name in healthy:
            axes.axhspan(*healthy[name], color=GATE, alpha=0.15, linewidth=0)
        axes.plot(offset, runs.T, color=color, linewidth=0.6, alpha=0.5)
        axes.plot(offset, np.median(runs, axis=0), "o-", color=color, markersize=3, linewidth=1.5)
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set_ylabel(name)
        if (runs > 5).any():
            axes.set_yscale("log")
    panels[-1].set_xlabel("updates after the look at which the damage is seen")
    return figure

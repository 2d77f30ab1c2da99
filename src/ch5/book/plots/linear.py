"""The figures of the page on linear recurrence: a ring of eigenvalues, success by lag, modes, loop and scan."""

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
    STATE,
    TEXT_WIDTH,
    label_ends,
    label_line,
    panels_middle,
)
from ch5.engine.weights import Array

LOOKS = {  # where two marks meet, one is seen around the other
    "lru": (STATE, {"marker": "o", "markersize": 8, "fillstyle": "none"}, "LRU"),
    "min gru": (GATE, {"marker": "s", "markersize": 4.5}, "minGRU"),
}


def ring(eigenvalues: Array, lags: Array, kernel: Array) -> Figure:
    """Eigenvalues (units,) with the unit circle; the mean of Re λ^k (lags,); its size beside |λ|^k, for one modulus."""
    figure, (plane, response, sizes) = plt.subplots(1, 3, figsize=(TEXT_WIDTH[0], 2.2))
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 100))
    plane.plot(circle.real, circle.imag, color=INK, linewidth=0.8)
    plane.plot(eigenvalues.real, eigenvalues.imag, "o", color=OTHER, markersize=3)
    plane.set(title=r"eigenvalues $\lambda$", aspect="equal", xticks=(-1, 0, 1))
    plane.set_yticks([-1, 0, 1], ["−i", "0", "i"])
    response.axhline(0, color=INK, linewidth=0.8)
    response.plot(lags, kernel, color=STATE)
    response.set(title=r"mean of $\mathrm{Re}\,\lambda^k$", xlabel="age $k$ (steps)", ylim=(-1.1, 1.1))
    decay = np.abs(eigenvalues[0]) ** lags
    sizes.plot(lags, decay, color=INK, linewidth=0.8)
    sizes.plot(lags, np.abs(kernel), "o", color=GRADIENT, markersize=2.5)
    label_line(sizes, lags[len(lags) // 2], decay[len(lags) // 2], r"$|\lambda|^k$", INK, xytext=(2, 8))
    label_line(sizes, lags[0], np.abs(kernel).min(), "mean", GRADIENT, xytext=(0, 3))
    sizes.set(title="gradient", xlabel=LAG, yscale="log")
    sizes.set_yticks([1, 1e-2, 1e-4], ["1", "$10^{-2}$", "$10^{-4}$"])
    sizes.minorticks_off()
    return figure


def success(
    lags: Mapping[str, Mapping[str, Sequence[int]]], rates: Mapping[str, Mapping[str, Array]]
) -> Figure:
    """For each of three tasks a panel; for each model the rate of success, its low and high end (3, lags), by lag."""
    figure, panels = plt.subplots(
        1, len(lags), sharey=True, figsize=(TEXT_WIDTH[0], 3.0), width_ratios=[1.1, 1.1, 2.6]
    )
    for axes, (task, at) in zip(panels, lags.items(), strict=True):
        for model, (color, mark, name) in LOOKS.items():
            rate, low, high = rates[task][model]
            error = [np.maximum(rate - low, 0), np.maximum(high - rate, 0)]
            axes.errorbar(at[model], rate, error, color=color, linewidth=1.2, label=name, **mark)
        every = sorted({lag for of in at.values() for lag in of})
        axes.set(title=task, xscale="log", ylim=(-0.06, 1.06))
        axes.margins(x=0.2)
        axes.set_xticks(every, [str(lag) if lag != 15 else "" for lag in every])  # 15 would run into 20
        axes.minorticks_off()
    panels[0].set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    panels[0].set_ylabel("share of runs that succeed")
    figure.supxlabel("lag (steps)", x=panels_middle(figure))
    panels[0].legend(loc="lower left", borderpad=0.2, handlelength=1, handletextpad=0.4)
    return figure


def clock(modes: Sequence[int], accuracies: Mapping[str, Array], chance: float) -> Figure:
    """The accuracy of the best linear readout against the number of modes per symbol (modes,), fixed lag and drawn."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    for (name, accuracy), color, marker in zip(accuracies.items(), (STATE, GRADIENT), "os", strict=True):
        axes.plot(modes, accuracy, color=color, marker=marker, markersize=5, linewidth=1.2)
        label_line(axes, modes[-1], accuracy[-1], name, color, xytext=(8, 0))
    axes.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
    label_line(axes, modes[0], chance, "chance", INK, xytext=(8, 6))
    axes.set(xlabel="complex modes per symbol", ylabel="accuracy", ylim=(0, 1.05))
    axes.set_xticks(modes)
    return figure


def loop_and_scan(steps: Sequence[int], seconds: Mapping[str, Array]) -> Figure:
    """Seconds for all states of T steps, by the way to them: fastest and median (2, lengths)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.4))
    looks = ((STATE, "o"), (GRADIENT, "s"), (OTHER, "^"))
    for (fastest, median), (color, marker) in zip(seconds.values(), looks, strict=True):
        axes.fill_between(steps, fastest, median, color=color, alpha=0.2, linewidth=0)
        axes.plot(steps, fastest, color=color, marker=marker, markersize=5, linewidth=1.2)
    axes.set(xlabel="$T$ (steps)", ylabel="seconds", xscale="log", yscale="log")
    axes.set_xticks(steps[::2], [f"{T:,}" for T in steps[::2]])
    axes.minorticks_off()
    named = zip(seconds.items(), looks, strict=True)
    label_ends(axes, {name: (steps[-1], found[0][-1], color) for (name, found), (color, _) in named})
    return figure

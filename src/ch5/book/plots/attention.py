"""The figures of notebook 10: gradients by distance, what a trained block looks at, the two bills."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, OTHER, POWER, STATE, TEXT_WIDTH, label_ends, label_line
from ch5.book.plots.sharing import dependence as dependence
from ch5.engine.weights import Array

LOOKS = dict(zip(("attention", "LSTM, bias 3", "LSTM, bias 1", "vanilla"), "os^D", strict=True))
COLORS = {"attention": GRADIENT, "vanilla": OTHER}  # gates are green
MACHINES = {"recurrent": (STATE, "o"), "attention": (GRADIENT, "s")}


def by_distance(lengths: Mapping[str, Array]) -> Figure:
    """For each network the length of the gradient at each distance (seeds, distances), from one step on."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.4))
    axes.set(xlabel="distance (steps)", ylabel=POWER, ylim=(-18, 2), yticks=range(-15, 1, 5))
    ends = {}
    for name, norms in lengths.items():
        color = COLORS.get(name, GATE)
        low, middle, high = np.quantile(np.log10(norms), (0, 0.5, 1), axis=0)
        distance = np.arange(1, len(middle) + 1)
        axes.fill_between(distance, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(
            distance,
            middle,
            color=color,
            marker=LOOKS[name],
            markevery=(4, 40),
            markersize=4.5,
            linewidth=1.2,
        )
        at = np.flatnonzero(high > -17)[-1]
        if at + 1 < len(high):  # it leaves by the floor
            label_line(axes, distance[at], -17, name, color)
        else:
            ends[name] = distance[at], middle[at], color
    axes.set_xticks([1, 100, 200, 300, 400])
    label_ends(axes, ends)
    return figure


def looked_at(weights: Mapping[str, Array], lengths: Mapping[str, Array]) -> Figure:
    """By moment, attention weights and lengths of gradient (sequences, steps) at every step of the input."""
    figure, panels = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.2))
    for axes, of, color in zip(panels, (weights, lengths), (STATE, GRADIENT), strict=True):
        for (moment, rows), marker in zip(of.items(), "so", strict=True):
            low, middle, high = np.quantile(rows, (0.05, 0.5, 0.95), axis=0)
            step = np.arange(1, len(middle) + 1)
            axes.fill_between(step, low, high, color=color, alpha=0.25, linewidth=0)
            axes.plot(step, middle, marker, color=color, markersize=3.5, alpha=1 if marker == "o" else 0.45)
            side = {"xytext": (8, 0)} if marker == "o" else {"xytext": (0, 10), "ha": "center"}
            at = 0 if marker == "o" else len(step) // 2
            label_line(axes, step[at], middle[at], moment, color, **side)
        axes.set_yscale("log")
    panels[0].set(ylabel="attention weight $A_{Ts}$", ylim=(1e-4, 4))
    panels[1].set(ylabel="gradient", ylim=(1e-4, 40), xlabel="step $s$")
    for axes in panels:
        axes.minorticks_off()
    return figure


def bills(
    lengths: Array,
    operations: Mapping[str, Sequence[int]],
    kept: Mapping[str, Sequence[int]],
    measured: Array,
    seconds: Mapping[str, Array],
    peak: Mapping[str, Sequence[int]],
) -> Figure:
    """By network: multiplications and bytes kept at `lengths`; at those measured, seconds (2, m) and peak bytes."""
    figure, (work, time, memory) = plt.subplots(3, sharex=True, figsize=(TEXT_WIDTH[0], 5.2))
    for name, (color, marker) in MACHINES.items():
        work.plot(lengths, operations[name], color=color, linewidth=1.2)
        fastest, middle = seconds[name]
        time.fill_between(measured, fastest, middle, color=color, alpha=0.25, linewidth=0)
        time.plot(measured, fastest, marker, color=color)
        memory.plot(lengths, kept[name], color=color, linewidth=1.2)
        memory.plot(measured, peak[name], marker, color=color)
    work.set(title="multiplications, counted", ylabel="number")
    time.set(title="time, measured", ylabel="seconds")
    memory.set(title="memory, counted and measured", ylabel="bytes", xlabel="steps $T$")
    for axes in (work, time, memory):
        axes.set(xscale="log", yscale="log")
        axes.minorticks_off()
    for axes, at, values in ((work, lengths, operations), (time, measured, {n: of[0] for n, of in seconds.items()}),
                             (memory, lengths, kept)):  # fmt: skip
        label_ends(axes, {name: (at[-1], values[name][-1], MACHINES[name][0]) for name in MACHINES})
    memory.set_xticks(lengths[::3], [f"{T:,}" for T in lengths[::3]])
    figure.align_ylabels()
    return figure

"""The figures of page 5: success against lag, what a latch holds and passes, the gradient at the start."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_line, share_of_success
from ch5.engine.weights import Array

KINDS = ((STATE, "o"), (GATE, "s"), (OTHER, "^"), (INPUT, "D"))  # of initial weights, in their order


def success_by_lag(
    lags: Mapping[str, Sequence[int]],
    trained: Mapping[str, Mapping[str, Array]],
    searched: Mapping[str, Array],
    by_hand: Mapping[str, Array],
) -> Figure:
    """For each task: rate, low, high (3, lags) by initial weights; the rates of random search and of built weights."""
    figure, panels = plt.subplots(len(lags), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 7.2))
    for axes, (task, at) in zip(panels, lags.items(), strict=True):
        for (kind, (rate, low, high)), (color, marker) in zip(trained[task].items(), KINDS, strict=True):
            axes.fill_between(at, low, high, color=color, alpha=0.14, linewidth=0)
            axes.plot(at, rate, color=color, marker=marker, markersize=4.5, linewidth=1.2, label=kind)
        axes.plot(at, searched[task], "x:", color=INK, markersize=5, linewidth=1, label="random search")
        axes.plot(at, by_hand[task], color=INK, linewidth=4, zorder=1.9, label="built by hand")
    share_of_success(panels, lags)
    panels[0].legend(fontsize=9, loc="center left")
    return figure


def trade(
    h: Array, maps: Mapping[float, Array], rests: Mapping[float, float], left: Mapping[float, Array]
) -> Figure:
    """By strength w: the map (h,) with its rests at plus and minus `rests`; what k steps leave, as powers of ten."""
    figure, (where, passes) = plt.subplots(1, 2, figsize=(TEXT_WIDTH[0], 3.2))
    where.plot(h, h, color=INK, linewidth=0.8)
    for line, w in zip(("-", "--", "-.", ":"), maps, strict=True):
        where.plot(h, maps[w], line, color=STATE, linewidth=1.4)
        where.plot([-rests[w], rests[w]], [-rests[w], rests[w]], "o", color=STATE, markersize=5)
        passes.plot(left[w], line, color=GRADIENT, linewidth=1.4)
        k = np.flatnonzero(left[w] > -17)[-1]  # where the label has room
        label_line(passes, k, left[w][k], f"w = {w:g}", GRADIENT, fontsize=10)
    where.set(xlabel="$h_{t-1}$", ylabel="$h_t$", title="what it holds")
    passes.set(xlabel="k (steps)", ylabel="power of ten", title="what it passes back", ylim=(-20, 1))
    return figure


def success_by_gradient(
    decades: Mapping[str, Array], rates: Mapping[str, Array], kinds: Sequence[str]
) -> Figure:
    """For each task (kinds, lags): by how many powers of ten the first gradient is below one; the rate of success."""
    figure, panels = plt.subplots(len(rates), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 6.2))
    for axes, task in zip(panels, rates, strict=True):
        for kind, (color, marker), x, y in zip(kinds, KINDS, decades[task], rates[task], strict=True):
            axes.plot(x, y, marker, color=color, markersize=5.5, alpha=0.85, label=kind)
        axes.set(title=task, ylabel="success", xscale="log", ylim=(-0.06, 1.09))
        axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    ticks = [1, 2, 5, 10, 20, 50, 100]
    panels[-1].set_xticks(ticks, [f"$10^{{-{tick}}}$" for tick in ticks])
    panels[-1].minorticks_off()
    panels[-1].set_xlabel("gradient at step 1 before training")
    panels[-1].invert_xaxis()
    panels[0].legend(fontsize=9, loc="center left")
    return figure

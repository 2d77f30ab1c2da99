"""The figures of page 5: success against lag, what a latch holds and passes, the gradient at the start."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import (
    GRADIENT,
    INK,
    INPUT,
    LAG,
    OTHER,
    STATE,
    TEXT_WIDTH,
    label_line,
    share_of_success,
)
from ch5.engine.weights import Array

SAID = {"gaussian": "Gaussian"}
LOOKS: dict[str, dict[str, Any]] = {  # of initial weights
    "uniform": {"color": STATE, "marker": "o"},
    "orthogonal": {"color": OTHER, "marker": "^"},
    "gaussian": {"color": INPUT, "marker": "s", "fillstyle": "none"},
    "identity": {"color": INPUT, "marker": "D", "linestyle": "--"},
}
NAMES_AT: dict[str, tuple[int, dict[str, Any]]] = {  # in the middle panel: at which lag, and where
    "uniform": (1, {"ha": "right", "xytext": (-5, -9)}),
    "orthogonal": (-1, {}),
    "gaussian": (-1, {"xytext": (5, -3)}),
    "identity": (4, {"xytext": (0, 20)}),
}


def success_by_lag(
    lags: Mapping[str, Sequence[int]],
    trained: Mapping[str, Mapping[str, Array]],
    searched: Mapping[str, Array],
    by_hand: Mapping[str, Array],
) -> Figure:
    """For each task: rate, low, high (3, lags) by initial weights; the rates of random search and of built weights.

    Two kinds of initial weights have bands, the other two are thin and grey.
    """
    figure, panels = plt.subplots(len(lags), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 6.6))
    share_of_success(panels, lags)
    for axes, (task, at) in zip(panels, lags.items(), strict=True):
        axes.plot(at, by_hand[task], color=INK, linewidth=4, solid_capstyle="butt", zorder=3)
        axes.plot(at, searched[task], "x:", color=INK, markersize=5, linewidth=1)
        for kind, look in LOOKS.items():
            rate, low, high = trained[task][kind]
            thin = look["color"] == INPUT
            if not thin:
                axes.fill_between(at, low, high, color=look["color"], alpha=0.18, linewidth=0)
            axes.plot(at, rate, **look, markersize=3 if thin else 4.5, linewidth=1 if thin else 1.8)
    lines, at = trained["middle"], lags["middle"]  # the panel with room for every name
    for kind, (k, place) in NAMES_AT.items():
        label_line(panels[1], at[k], lines[kind][0][k], SAID.get(kind, kind), LOOKS[kind]["color"], **place)
    label_line(panels[1], at[-1], by_hand["middle"][-1], "built by hand", INK)
    label_line(panels[1], at[0], searched["middle"][0], "random search", INK, ha="right", xytext=(68, 9))
    for axes, task, k, side in ((panels[0], "easy", 3, "left"), (panels[2], "hard", 2, "right")):
        name_at = {"ha": side, "xytext": (4, 9) if side == "left" else (-5, -9)}
        label_line(axes, lags[task][k], trained[task]["uniform"][0][k], "uniform", STATE, **name_at)
    return figure


def trade(
    h: Array, maps: Mapping[float, Array], rests: Mapping[float, float], left: Mapping[float, Array]
) -> Figure:
    """By strength w: the map (h,) with its rests at plus and minus `rests`; what k steps leave, as powers of ten."""
    figure, (where, passes) = plt.subplots(1, 2, figsize=(TEXT_WIDTH[0], 3.0))
    where.plot(h, h, color=INK, linewidth=0.8)
    for line, w in zip(("-", "--", "-.", ":"), maps, strict=True):
        where.plot(h, maps[w], line, color=STATE, linewidth=1.4)
        where.plot([-rests[w], rests[w]], [-rests[w], rests[w]], "o", color=STATE, markersize=5)
        passes.plot(left[w], line, color=GRADIENT, linewidth=1.4)
        k = np.flatnonzero(left[w] > -17)[-1]  # where the label has room
        label_line(passes, k, left[w][k], f"${w:g}$", GRADIENT)
    where.set(xlabel="$h_{t-1}$", ylabel="$h_t$", title="what it holds", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    passes.set(xlabel=LAG, title="gradient it passes", ylabel="power of ten", ylim=(-20, 1.5))
    passes.set_xticks([0, 50, 100])
    label_line(passes, 100, 1.5, "$w =$", GRADIENT, va="bottom")
    return figure


def success_by_gradient(
    decades: Mapping[str, Array], rates: Mapping[str, Array], kinds: Sequence[str]
) -> Figure:
    """For each task (kinds, lags): by how many powers of ten the first gradient is below one; the rate of success."""
    figure, panels = plt.subplots(len(rates), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 5.8))
    for axes, task in zip(panels, rates, strict=True):
        for kind, x, y in zip(kinds, decades[task], rates[task], strict=True):
            look = LOOKS[kind] | {"linestyle": "none"}
            axes.plot(x, y, **look, markersize=5.5, alpha=0.85, label=SAID.get(kind, kind))
        axes.set(title=task, xscale="log", ylim=(-0.06, 1.09))
        axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    ticks = [1, 2, 5, 10, 20, 100]
    panels[-1].set_xticks(ticks, [f"$10^{{-{tick}}}$" for tick in ticks])
    panels[-1].minorticks_off()
    panels[-1].set_xlabel("gradient at step 1 before training")
    panels[-1].invert_xaxis()
    figure.supylabel("share of runs that succeed")
    panels[-1].legend(loc="upper left", handletextpad=0.1, borderpad=0)
    return figure

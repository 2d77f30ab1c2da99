"""The figures of notebooks 08 and 09: what is left of a gradient along the gates and by every path."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
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
    label_ends,
    label_line,
    panels_middle,
    share_of_success,
)
from ch5.engine.weights import Array

LOOKS = {  # of the networks that are compared
    "vanilla": (OTHER, "D", "-"),
    "vanilla, orthogonal": (OTHER, "d", ":"),
    "LSTM": (GATE, "o", "-"),
    "LSTM, bias 1": (GATE, "s", ":"),
    "LSTM, bias 3": (GATE, "^", "-"),
    "GRU": (STATE, "s", "-"),
    "GRU, bias 3": (STATE, "v", "-"),
    "attention": (GRADIENT, "P", "-"),
}
NAMES_AT: tuple[
    tuple[int, str, dict[str, Any]], ...
] = (  # of the networks in the panels of success: where there is room
    (0, "vanilla", {"ha": "right", "xytext": (-3, -10)}),
    (0, "LSTM, bias 1", {"xytext": (5, -16)}),
    (0, "LSTM, bias 3", {"xytext": (4, -13)}),
    (1, "vanilla, orthogonal", {}),
    (2, "GRU, bias 3", {"xytext": (8, 8)}),
)
MARKERS = dict(zip(range(4), "osv^", strict=True))  # one a forget bias


def by_lag(
    along: Mapping[int, Array], theory: Mapping[int, Array], total: Mapping[int, Array], vanilla: Array
) -> Figure:
    """By forget bias the norms (seeds, lags + 1): along the gates, with the theory (lags + 1,), and in total."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 5.2))
    top.set(title="along the cell state alone")
    bottom.set(title="by every path", xlabel=LAG, ylim=(-32, 4))
    for axes, of, color in ((top, along, GATE), (bottom, total, GRADIENT)):
        ends = {f"bias {bias}": _band(axes, norms, color, MARKERS[bias]) for bias, norms in of.items()}
        label_ends(axes, ends | {"vanilla": _band(axes, vanilla, OTHER, "D")})
    for line in theory.values():
        top.plot(np.log10(line), color=INK, linewidth=0.5, zorder=1)
    figure.supylabel(POWER)
    return figure


def ablated(total: Mapping[str, Array], along: Array) -> Figure:
    """Norms (seeds, lags + 1) with slots cut off from the state before, and along the gates alone."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    looks = zip(total.items(), "osv", ("-", "--", ":"), strict=True)
    ends = {name: _band(axes, norms, GRADIENT, *look) for (name, norms), *look in looks}
    axes.set(xlabel=LAG, ylabel=POWER)
    label_ends(axes, ends | {"the path": _band(axes, along, GATE, "^")})
    return figure


def trained(left: Mapping[int, Mapping[str, Mapping[str, Array]]], lags: Sequence[int]) -> Figure:
    """By lag trained at, kind and moment: log10 norms (2, seeds, lags), by the path and in total."""
    columns = len(next(iter(left.values())))
    figure, panels = plt.subplots(len(left), columns, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.6))
    for row, (lag, of_kind) in zip(panels, left.items(), strict=True):
        row[0].set_ylabel(f"trained at lag {lag}")
        for axes, (kind, moments) in zip(row, of_kind.items(), strict=True):
            for which, color in enumerate((OTHER,) if kind == "vanilla" else (GATE, GRADIENT)):
                axes.plot(lags, np.median(moments["before"][which], axis=0), ":", color=color, linewidth=1.8)
                axes.plot(lags, moments["after"][which].T, color=color, linewidth=0.8)
    for axes, kind in zip(panels[0], next(iter(left.values())), strict=True):
        axes.set_title(kind, loc="center")
    panels[0, 0].set_xticks([0, 50])
    figure.supylabel(POWER)
    figure.supxlabel(LAG, x=panels_middle(figure))
    return figure


def horizons(success: Mapping[str, Mapping[str, tuple[Sequence[int], Array, Array, Array]]]) -> Figure:
    """By task and network the lags, and the rate of success with its interval, low and high, at each."""
    figure, panels = plt.subplots(len(success), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 6.6))
    share_of_success(panels, success)
    for axes, networks in zip(panels, success.values(), strict=True):
        for name, (lags, rate, low, high) in networks.items():
            color, marker, line = LOOKS[name]
            axes.fill_between(lags, low, high, color=color, alpha=0.1, linewidth=0)
            axes.plot(lags, rate, line, color=color, marker=marker, markersize=4.5, linewidth=1.4)
    for row, name, place in NAMES_AT:
        lags, rate, *_ = list(success.values())[row][name]
        at = max(k for k in range(len(lags)) if rate[k] >= 0.5)  # the last lag at which half succeed
        label_line(panels[row], lags[at], rate[at], name.replace(", ", ",\n"), LOOKS[name][0], **place)
    return figure


def held_out(losses: Mapping[float, Mapping[str, Array]]) -> Figure:
    """By learning rate and network the loss on the tail after each epoch: (seeds, epochs)."""
    figure, panels = plt.subplots(1, len(losses), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 3.2))
    for axes, (rate, networks) in zip(panels, losses.items(), strict=True):
        for name, runs in networks.items():
            _seeds(axes, range(1, runs.shape[1] + 1), runs, name)
        axes.set(title=f"{rate:g}", ylim=(1.45, 2.4))
        axes.set_xticks([1, 6, 12])
    panels[-1].legend(loc="upper right", borderpad=0, handlelength=1)
    panels[0].set_ylabel("loss on held-out text (nats)")
    middle = panels_middle(figure)
    figure.supxlabel("epoch", x=middle)
    figure.suptitle("learning rate", x=middle)
    return figure


def context(given: Sequence[int], excess: Mapping[str, Array], fading: Mapping[str, Array]) -> Figure:
    """By network what k characters cost (seeds, given), shown from 0.001 up, and the gradient as powers of ten
    (seeds, lags)."""
    figure, (cost, fades) = plt.subplots(2, figsize=(TEXT_WIDTH[0], 5.6))
    for name in excess:
        _seeds(cost, given, np.clip(excess[name], 1e-3, None), name)
        _seeds(fades, range(fading[name].shape[1]), fading[name], name)
    cost.axhline(0.01, color=INK, linewidth=0.7, linestyle="--")
    cost.set(
        xscale="log", yscale="log", ylim=(9e-4, 4), xlabel="characters given", ylabel="nats beyond 100 given"
    )
    cost.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
    cost.minorticks_off()
    fades.set(xlabel="lag $k$ (characters)", ylabel=POWER)
    label_ends(
        fades,
        {name: (rows.shape[1] - 1, np.median(rows[:, -1]), LOOKS[name][0]) for name, rows in fading.items()},
    )
    figure.align_ylabels()
    return figure


def _seeds(axes: Axes, x: Sequence[int], runs: Array, name: str) -> None:
    """The median of runs (seeds, x) with a band from lowest to highest, in the looks of its network."""
    color, marker, line = LOOKS[name]
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    every = 8 if len(x) > 20 else 1
    axes.plot(
        x,
        np.median(runs, axis=0),
        line,
        color=color,
        marker=marker,
        markevery=every,
        markersize=4,
        linewidth=1.2,
        label=name,
    )


def _band(axes: Axes, norms: Array, color: str, marker: str, line: str = "-") -> tuple[float, float, str]:
    """The median over seeds with a band from lowest to highest; gives its end and its colour."""
    powers = np.log10(norms)
    middle = np.median(powers, axis=0)
    lags = np.arange(len(middle))
    axes.fill_between(lags, powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.2, linewidth=0)
    axes.plot(middle, line, color=color, marker=marker, markevery=10, markersize=4, linewidth=1.2)
    return lags[-1], middle[-1], color

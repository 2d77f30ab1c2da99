"""The figures of notebooks 08 and 09: what is left of a gradient along the gates and by every path."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, OTHER, STATE, TEXT_WIDTH, label_line, share_of_success
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
MARKERS = dict(zip(range(4), "osv^", strict=True))  # one a forget bias


def by_lag(
    along: Mapping[int, Array], theory: Mapping[int, Array], total: Mapping[int, Array], vanilla: Array
) -> Figure:
    """By forget bias the norms (seeds, lags + 1): along the gates, with the theory (lags + 1,), and in total."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 5.6))
    for bias, norms in along.items():
        _band(top, norms, GATE, MARKERS[bias], f"bias {bias}")
        top.plot(np.log10(theory[bias]), color="black", linewidth=0.8)
    for bias, norms in total.items():
        _band(bottom, norms, GRADIENT, MARKERS[bias], f"bias {bias}", up=6 * (bias - 2.5) if bias > 1 else 0)
    for axes in (top, bottom):
        _band(axes, vanilla, OTHER, "D", "vanilla")
    top.set(title="along the cell state alone", ylabel="power of ten")
    bottom.set(title="by every path", ylabel="power of ten", xlabel="lag k (steps)", ylim=(-32, 3))
    return figure


def ablated(total: Mapping[str, Array], along: Array) -> Figure:
    """Norms (seeds, lags + 1) with slots cut off from the state before, and along the gates alone."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    for (name, norms), marker, up in zip(total.items(), "osv", (7, -7, -8), strict=True):
        _band(axes, norms, GRADIENT, marker, name, up)
    _band(axes, along, GATE, "^", "the path", 6)
    axes.set(xlabel="lag k (steps)", ylabel="power of ten")
    return figure


def trained(left: Mapping[int, Mapping[str, Mapping[str, Array]]], lags: Sequence[int]) -> Figure:
    """By lag trained at, kind and moment: log10 norms (2, seeds, lags), by the path and in total."""
    columns = len(next(iter(left.values())))
    figure, panels = plt.subplots(len(left), columns, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.6))
    for row, (lag, of_kind) in zip(panels, left.items(), strict=True):
        row[0].set_ylabel(f"trained at lag {lag}\npower of ten")
        for axes, (kind, moments) in zip(row, of_kind.items(), strict=True):
            for which, color in enumerate((OTHER,) if kind == "vanilla" else (GATE, GRADIENT)):
                axes.plot(lags, np.median(moments["before"][which], axis=0), ":", color=color, linewidth=1.8)
                axes.plot(lags, moments["after"][which].T, color=color, linewidth=0.8)
    for axes, kind in zip(panels[0], next(iter(left.values())), strict=True):
        axes.set_title(kind, loc="center")
    panels[0, 0].set_xticks([0, 100])
    figure.supxlabel("lag k (steps)", fontsize=11, color="#222222")
    return figure


def horizons(success: Mapping[str, Mapping[str, tuple[Sequence[int], Array, Array, Array]]]) -> Figure:
    """By task and network the lags, and the rate of success with its interval, low and high, at each."""
    figure, panels = plt.subplots(len(success), sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 7.2))
    for axes, networks in zip(panels, success.values(), strict=True):
        for name, (lags, rate, low, high) in networks.items():
            color, marker, line = LOOKS[name]
            axes.fill_between(lags, low, high, color=color, alpha=0.1, linewidth=0)
            axes.plot(lags, rate, line, color=color, marker=marker, markersize=4.5, linewidth=1.2, label=name)
    share_of_success(panels, success)
    panels[0].legend(fontsize=9, loc="lower left", frameon=True, framealpha=1, edgecolor="none")
    return figure


def held_out(losses: Mapping[float, Mapping[str, Array]]) -> Figure:
    """By learning rate and network the loss on the tail after each epoch: (seeds, epochs)."""
    figure, panels = plt.subplots(1, len(losses), sharex=True, sharey=True, figsize=TEXT_WIDTH)
    for axes, (rate, networks) in zip(panels, losses.items(), strict=True):
        for name, runs in networks.items():
            _seeds(axes, range(1, runs.shape[1] + 1), runs, name)
        axes.set(title=f"learning rate {rate:g}", xlabel="epoch", ylim=(1.45, 2.4))
        axes.set_xticks([1, 6, 12])
    panels[0].set_ylabel("loss on the tail (nats)")
    panels[-1].legend(fontsize=9, loc="upper right")
    return figure


def context(given: Sequence[int], excess: Mapping[str, Array], fading: Mapping[str, Array]) -> Figure:
    """By network what k characters cost (seeds, given), and the gradient as powers of ten (seeds, lags)."""
    figure, (cost, fades) = plt.subplots(2, figsize=(TEXT_WIDTH[0], 6.0))
    for name in excess:
        _seeds(cost, given, excess[name], name)
        _seeds(fades, range(fading[name].shape[1]), fading[name], name)
    cost.axhline(0.01, color=INK, linewidth=0.7, linestyle="--")
    cost.set(
        xscale="log", yscale="log", ylim=(2e-3, 3), xlabel="characters given", ylabel="nats beyond 100 given"
    )
    cost.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
    cost.minorticks_off()
    fades.set(xlabel="lag k (characters)", ylabel="gradient (power of ten)")
    fades.legend(fontsize=9)
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


def _band(axes: Axes, norms: Array, color: str, marker: str, name: str, up: float = 0) -> None:
    """The median over seeds with a band from lowest to highest, named at its end."""
    powers = np.log10(norms)
    middle = np.median(powers, axis=0)
    axes.fill_between(
        np.arange(len(middle)), powers.min(axis=0), powers.max(axis=0), color=color, alpha=0.2, linewidth=0
    )
    axes.plot(middle, color=color, marker=marker, markevery=10, markersize=4, linewidth=1.2)
    label_line(axes, len(middle) - 1, middle[-1], name, color, xytext=(5, up))

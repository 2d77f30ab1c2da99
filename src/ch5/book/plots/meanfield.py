"""The figures of the page on mean field: the map of the exponent, and what finite networks make of it."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GATE, GRADIENT, INK, INPUT, STATE, TEXT_WIDTH, label_ends, label_line
from ch5.engine.weights import Array


def exponent_map(g: Array, sigma: Array, exponents: Array, gains: Array, points: Array) -> Figure:
    """Predicted exponents (S, G), the critical gains (S,) as a line, and simulated points (P, 3)."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 3.8))
    shown = axes.pcolormesh(g, sigma, exponents, vmin=-1, vmax=1, shading="gouraud", rasterized=True)
    axes.plot(gains, sigma, color=INK, linewidth=1.2)
    axes.scatter(points[:, 0], points[:, 1], 55, points[:, 2], vmin=-1, vmax=1, edgecolors=INK,
                 cmap=shown.get_cmap(), clip_on=False, zorder=3)  # fmt: skip
    axes.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    axes.annotate("shrinks", (1.08, 1.6))
    axes.annotate("grows", (3.3, 0.75))
    axes.set(
        xlabel="gain $g$", ylabel=r"input noise $\sigma$", xlim=(g.min(), g.max()), ylim=(0, sigma.max())
    )
    axes.set_yticks([0, 0.5, 1, 1.5, 2])
    axes.grid(visible=False)
    bar = figure.colorbar(shown, label="exponent (nats per step)", shrink=0.9, extend="min")
    bar.ax.set_ylim(top=0.5)  # no exponent is higher
    bar.set_ticks([-1, -0.5, 0, 0.5])
    return figure


def finite_size(
    sizes: Sequence[int], gaps: Array, g: Array, predicted: Array, quiet: Mapping[int, Array]
) -> Figure:
    """Above: |gap| to the prediction by H, (pairs, sizes), and a line 1/H. Below: quiet cells by gain, (seeds, g)."""
    figure, (top, bottom) = plt.subplots(2, figsize=(TEXT_WIDTH[0], 5.4))
    top.loglog(sizes, gaps.T, "o", color=STATE, markersize=3, alpha=0.4)
    middle = gaps.mean(axis=0)
    top.loglog(sizes, middle, "s-", color=STATE)
    top.loglog(sizes, middle[0] * sizes[0] / np.array(sizes), color=INK, linewidth=1)
    label_line(top, sizes[-1], middle[0] * sizes[0] / sizes[-1], "$1/H$", INK, xytext=(6, 0))
    top.axhline(0.01, color=INK, linestyle="--", linewidth=1)
    top.set(xlabel="units $H$", ylabel="gap (nats per step)", xticks=sizes)
    top.set_xticklabels(f"{H:,}" for H in sizes)
    top.minorticks_off()
    ends = {r"$H \to \infty$": (g[-1], predicted[-1], GRADIENT)}
    for (H, runs), color, marker in zip(quiet.items(), (INPUT, GATE), "s^", strict=True):
        bottom.fill_between(g, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
        bottom.plot(g, np.median(runs, axis=0), f"{marker}--", color=color, markersize=4)
        ends[f"$H = ${H:,}"] = g[-1], np.median(runs[:, -1]), color
    bottom.plot(g, predicted, color=GRADIENT, linewidth=1)
    bottom.axhline(0, color=INK, linewidth=0.8)
    bottom.set(
        xlabel="gain $g$, no noise", ylabel="exponent (nats per step)", xlim=(g[0] - 0.02, g[-1] + 0.05)
    )
    label_ends(bottom, ends)
    return figure

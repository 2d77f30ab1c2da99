"""The figures of notebook 01: states along a text, and parameters against length."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import OTHER, STATE, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def states(h: Array, text: str, distance: Array, changed: str) -> Figure:
    """h (T, H) along the characters of `text`, over the distance (T,) to a run with another first character."""
    figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(TEXT_WIDTH[0], 4.4), height_ratios=[3, 2])
    steps = np.arange(1, len(h) + 1)
    edges = (0.5, len(h) + 0.5, h.shape[1] + 0.5, 0.5)
    image = top.imshow(h.T, extent=edges, aspect="auto", vmin=-1, vmax=1)
    top.grid(visible=False)
    top.set(ylabel="unit", yticks=[1, h.shape[1]])
    figure.colorbar(image, ax=top, label="$h_t$", ticks=[-1, 0, 1], location="top", aspect=50, pad=0.02)
    bottom.semilogy(steps, distance, "o-", color=STATE, markersize=3, linewidth=1)
    bottom.set(xticks=steps, xticklabels=[c if c != " " else "␣" for c in text], ylabel="distance")
    bottom.tick_params(axis="x", length=0)
    bottom.set_xlabel(f"character read; distance to the run from {changed}")
    return figure


def parameters(lengths: Array, tied: Array, untied: Array) -> Figure:
    """Parameters (n,) against length (n,): one cell reused, and a layer for every step."""
    figure, axes = plt.subplots(figsize=TEXT_WIDTH)
    axes.loglog(lengths, untied, "s--", color=OTHER)
    axes.loglog(lengths, tied, "o-", color=STATE)
    label_line(
        axes,
        lengths[-2],
        untied[-2],
        "a layer for every step",
        OTHER,
        ha="right",
        xytext=(-8, 6),
    )
    label_line(axes, lengths[-2], tied[-2], "one cell, reused", STATE, ha="right", xytext=(0, 10))
    axes.set(xlabel="length $T$ of the sequence (steps)", ylabel="parameters")
    return figure

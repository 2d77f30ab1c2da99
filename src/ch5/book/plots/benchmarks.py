"""The figures of the benchmarks: what an update costs by T, H and B, and how far it is from its bound."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ch5.book.plots import INK, INPUT, OTHER, STATE, TEXT_WIDTH, label_ends
from ch5.engine.weights import Array

STYLES = {  # a contender's name, line and marker
    "ch5": ("this book", STATE, "o-"),
    "torch": ("PyTorch", OTHER, "s-."),
    "jax": ("JAX", INPUT, "^:"),
    "products": ("its products", INK, "--"),
}


def cost(sweeps: Mapping[str, tuple[Array, Mapping[str, Array]]]) -> Figure:
    """For each of T, H and B: the sizes (n,), and each contender's quartiles of the seconds an update takes (3, n)."""
    figure, panels = plt.subplots(len(sweeps), sharey=True, figsize=(TEXT_WIDTH[0], 7.2))
    for axes, (letter, (sizes, quartiles)) in zip(panels, sweeps.items(), strict=True):
        for contender, (name, color, style) in STYLES.items():
            low, middle, high = 1000 * quartiles[contender]
            axes.fill_between(sizes, low, high, color=color, alpha=0.14, linewidth=0)
            axes.plot(sizes, middle, style, color=color, label=name, linewidth=1.2)
        axes.set(xscale="log", yscale="log", xlabel=f"${letter}$", ylabel="an update (ms)")
        ticks = sizes[:: 1 + len(sizes) // 7]
        axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
        axes.minorticks_off()
    sizes, quartiles = next(iter(sweeps.values()))
    ends = {name: (sizes[-1], 1000 * quartiles[of][1][-1], color) for of, (name, color, _) in STYLES.items()}
    label_ends(panels[0], ends)
    return figure


def distance(sizes: Sequence[str], times: Mapping[str, Array], reach: Mapping[int, float]) -> Figure:
    """Each contender's time over that of the products, at each size (n,); `reach` by the number of the size."""
    figure, axes = plt.subplots(figsize=(TEXT_WIDTH[0], 0.9 + 0.33 * len(sizes)))
    axes.axvline(1, color=INK, linewidth=1, linestyle="--")
    for contender, over in times.items():
        name, color, style = STYLES[contender]
        axes.plot(over, range(len(sizes)), style[0], color=color, label=name, alpha=0.85)
    for k, limit in reach.items():
        axes.plot(limit, k, "|", color=INK, markersize=13, label="to be reached" if k == min(reach) else None)
    axes.set_yticks(range(len(sizes)), sizes)
    axes.invert_yaxis()
    ticks = [0.5, 1, 2, 5, 10, 20]
    axes.set(xscale="log", xlabel="time of an update over that of its products")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    figure.legend(loc="outside upper right", ncols=4, columnspacing=0.8, handletextpad=0.1)
    return figure

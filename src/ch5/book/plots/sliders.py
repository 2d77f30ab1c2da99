"""What stands still beside the sliders: the places worth a visit, in one figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GRADIENT, INK, OTHER, TEXT_WIDTH, label_line
from ch5.engine.weights import Array


def gradient_at_places(
    lags: Array, norms: Array, radius: Array, exponent: Array, bound: Array, titles: Sequence[str]
) -> Figure:
    """Decimal logarithms of gradient norms (4, lags, 3) against lag: lowest, median, highest.

    exponent and bound (4,) are natural logarithms, a step; radius (4,) is the factor of a step.
    """
    figure, grid = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(TEXT_WIDTH[0], 4.6))
    ends = np.array([0, lags[-1]])
    for i, axes in enumerate(grid.flat):
        axes.semilogy(ends, np.exp(bound[i] * ends), "--", color=INK, linewidth=1.2)
        axes.semilogy(ends, radius[i] ** ends, "-.", color=OTHER, linewidth=1)
        axes.semilogy(ends, np.exp(exponent[i] * ends), color=GRADIENT, linewidth=1)
        low, median, high = 10 ** norms[i].T
        axes.fill_between(lags, low, high, color=GRADIENT, alpha=0.25, linewidth=0)
        axes.semilogy(lags, median, "o", color=GRADIENT, markersize=2.5)
        axes.set(title=titles[i], ylim=(1e-17, 1e9), xlim=(-1, lags[-1] + 1))
        axes.set_yticks([1e-16, 1e-8, 1, 1e8])
    figure.supxlabel("lag k (steps)", fontsize=11)
    figure.supylabel("length of the gradient", fontsize=11)
    first, third = grid[0, 0], grid[1, 0]  # where the lines are far apart
    label_line(first, 30, np.exp(30 * bound[0]), "bound", INK, xytext=(0, 9))
    label_line(third, 40, radius[2] ** 40, "radiusᵏ", OTHER, xytext=(4, -9))
    label_line(third, 30, np.exp(30 * exponent[2]), "measured\nand exponent", GRADIENT, xytext=(-30, -22))
    return figure

"""What stands still beside the sliders: the places worth a visit, in one figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ch5.book.plots import GRADIENT, INK, LAG, OTHER, POWER, TEXT_WIDTH, label_line, panels_middle
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
        axes.plot(ends, bound[i] / np.log(10) * ends, "--", color=INK, linewidth=1.2)
        axes.plot(ends, np.log10(radius[i]) * ends, "-.", color=OTHER, linewidth=1.2)
        axes.plot(ends, exponent[i] / np.log(10) * ends, color=GRADIENT, linewidth=1)
        low, median, high = norms[i].T
        axes.fill_between(lags, low, high, color=GRADIENT, alpha=0.25, linewidth=0)
        axes.plot(lags, median, "o", color=GRADIENT, markersize=2.5)
        axes.set(title=titles[i], ylim=(-17, 9), xlim=(-1, lags[-1] + 1))
    figure.supylabel(POWER)
    figure.supxlabel(LAG, x=panels_middle(figure))
    first, third = grid[0, 0], grid[1, 0]  # where the lines are far apart
    label_line(first, 30, 30 * bound[0] / np.log(10), "bound", INK, xytext=(0, 9))
    label_line(third, 40, 40 * np.log10(radius[2]), "radius$^k$", OTHER, xytext=(6, -9))
    label_line(
        third, 30, 30 * exponent[2] / np.log(10), "measured,\nand exponent", GRADIENT, xytext=(-38, -19)
    )
    return figure

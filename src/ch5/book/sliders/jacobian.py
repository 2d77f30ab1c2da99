"""The chapter's figure with sliders: spectral radius and input strength against what becomes of a gradient.

    h_t = tanh(radius W h_{t-1} + strength noise_t)        W scaled to a spectral radius of exactly one

Shapes   W_hh (H, H)   radii (R,)   strengths (S,)   eigenvalues (R, H) complex   slopes (R, S, bins)
         norms (R, S, lags, 3)   mean_slope, bound, exponent (R, S)
Names    The noise is Gaussian, of deviation 1, independent for every unit and step. Norms are relative to
         lag 0, as decimal logarithms: the lowest, the median and the highest of PATHS runs. Bound and
         exponent are natural logarithms, per step. slopes are shares of units, steps and runs.
Read     book/chapters/04_jacobian.ipynb     Tested   tests/test_sliders.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ch5.analysis import jacobian
from ch5.book.sliders import Slider, axis, control, series
from ch5.engine import bptt, initialise
from ch5.engine.weights import Array
from ch5.networks.cell import VanillaCell

RADII = np.linspace(0.1, 2.5, 49)
STRENGTHS = np.array([0, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2])
PATHS = 8  # runs with other noise, another first state and another gradient at the end
SKIP = 100  # steps before the first that counts
LAGS = np.arange(0, 61, 3)
EDGES = np.linspace(0, 1, 11)  # of the bins of the slopes
START = (1.0, 0.0)
NEAR = 0.02  # nats per step between two rates that are called close
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# (radius, strength), label, sentence. A label names the settings and leaves what becomes of the gradient to be
# predicted; tests/test_sliders.py asserts that, and what the sentences say.
PLACES = (
    (
        (0.5, 0.0),
        "Radius 0.5",
        "Without input the state rests at zero, every slope is one, and the radius is the rate: each step "
        "halves the gradient, and after twelve less than a thousandth is left.",
    ),
    (
        (1.0, 0.0),
        "Radius 1",
        "Radius one and no input: after 60 steps more than a twentieth of the gradient is left. Set the input "
        "to 0.3, the radius as it is: less than a ten-thousandth.",
    ),
    (
        (1.5, 1.0),
        "Radius 1.5, input 1",
        "The radius to the power of 60 is more than ten billion. But the input holds the slopes below a half "
        "on average, and after 60 steps less than a ten-thousandth is left.",
    ),
    (
        (2.5, 0.1),
        "Radius 2.5, input 0.1",
        "It grows, more than a thousandfold over 60 steps. The state moves by itself and holds the slopes below "
        "a half on average: the radius to the power of 60 is more than 10¹⁸ times that growth.",
    ),
)


@dataclass(frozen=True)
class Measured:
    """What the figure shows at every radius and strength."""

    radii: Array
    strengths: Array
    eigenvalues: Array
    slopes: Array
    mean_slope: Array
    norms: Array
    bound: Array
    exponent: Array


def measure(
    W_hh: Array, rng: np.random.Generator, radii: Array = RADII, strengths: Array = STRENGTHS
) -> Measured:
    """Run the cell at every radius and strength, all strengths at once, the same noise at every radius."""
    W = initialise.with_spectral_radius(W_hh, 1)
    H, T = len(W), SKIP + LAGS[-1]
    x = strengths[:, None, None] * rng.normal(size=(T, 1, PATHS, H))
    h_0 = rng.normal(size=(len(strengths), PATHS, H))
    g = rng.normal(size=(PATHS, H))
    g /= np.linalg.norm(g, axis=-1, keepdims=True)
    at_radii, scaled = [], []
    for radius in radii:
        cell = VanillaCell(np.eye(H), radius * W, np.zeros(H))
        h, _ = bptt.unroll(cell, x, h_0)
        slope = cell.linearise(h)
        late = slope[SKIP:]
        logs = jacobian.log_gradient_norms(cell.W_hh, late, g)[LAGS] / np.log(10)
        spread = np.stack([logs.min(axis=-1), np.median(logs, axis=-1), logs.max(axis=-1)])
        shares = [np.histogram(late[:, j], EDGES)[0] / late[:, j].size for j in range(len(strengths))]
        a_step = jacobian.log_bound(cell.W_hh, late)[1].max(axis=-1)
        at_radii.append((shares, late.mean(axis=(0, 2, 3)), spread.T, a_step))
        scaled.append(radius * slope[:, :, :2])
    # Two runs of all radii in one call: the radius multiplies the slopes instead of the matrix.
    leading = jacobian.lyapunov_exponents(W, np.stack(scaled, axis=1), 1, rng, skip=SKIP // 2)
    slopes, mean_slope, norms, bound = map(np.stack, zip(*at_radii, strict=True))
    eigenvalues = np.outer(radii, np.linalg.eigvals(W))
    exponent = leading.mean(axis=(-1, -2))
    return Measured(radii, strengths, eigenvalues, slopes, mean_slope, norms, bound, exponent)


def nearest(m: Measured, radius: float, strength: float) -> list[int]:
    """The stops nearest to a radius and a strength."""
    return [int(np.abs(m.radii - radius).argmin()), int(np.abs(m.strengths - strength).argmin())]


def radius_and_input(measured: Measured) -> Slider:
    """The figure with its two sliders."""
    m = measured
    radius = m.radii[:, None, None]
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 73))[None, None]
    eigenvalues = m.eigenvalues[:, None]
    ends = np.array([0, LAGS[-1]])[None, None]
    decades = ends / np.log(10)
    low, median, high = np.moveaxis(m.norms, -1, 0)
    edge = 1.04 * m.radii.max()
    marks = [i for i, r in enumerate(m.radii) if np.isclose(r, 1)]
    everywhere = [[(i, j) for j in range(len(m.strengths))] for i in range(len(m.radii))]
    return Slider(
        {
            "title": "Spectral radius and input strength against the length of a gradient",
            "controls": [
                control("spectral radius", "other", [f"{r:.2f}" for r in m.radii], marks),
                control("input strength", "input", [f"{s:.1f}" for s in m.strengths]),
            ],
            "panels": [
                {
                    "title": "Eigenvalues",
                    "description": "Eigenvalues of the matrix in the complex plane, with the unit circle.",
                    "square": True,
                    "x": axis("real part", -edge, edge, {-2: "−2", -1: "−1", 0: "0", 1: "1", 2: "2"}),
                    "y": axis("", -edge, edge, {-2: "−2i", -1: "−i", 0: "0", 1: "i", 2: "2i"}),
                    "series": [
                        series("line", "ink", circle.real, circle.imag, thin=True),
                        series("dots", "other", eigenvalues.real, eigenvalues.imag),
                    ],
                },
                {
                    "title": "Slopes of the tanh",
                    "description": "Histogram of the slopes over units, steps and runs, with a line at their mean.",
                    "x": axis("slope (line: mean)", 0, 1, {0: "0", 0.5: "½", 1: "1"}),
                    "y": axis("", 0, 1, {0: "0", 0.5: "50 %", 1: "100 %"}),
                    "series": [
                        series("bars", "state", EDGES[None, None], m.slopes),
                        series("line", "ink", m.mean_slope[..., None] * [1, 1], np.array([[[0, 1]]])),
                    ],
                },
                {
                    "title": "Length of the gradient, k steps back",
                    "description": "Gradient norm against lag on a logarithmic axis: the bound, the radius to the "
                    "power of k, the exponent's line, and the measured median with the range of the runs.",
                    "x": axis("lag k (steps)", -1, 61, {k: str(k) for k in (0, 20, 40, 60)}),
                    "y": axis("", -17, 9, {0: "1"} | {k: power(k)[6:] for k in (-16, -12, -8, -4, 4, 8)}),
                    "series": [
                        series("band", "gradient", LAGS[None, None], low, top=high),
                        series("line", "ink", ends, m.bound[..., None] * decades, label="bound", dashed=True),
                        series("line", "other", ends, np.log(radius) * decades, label="radiusᵏ", thin=True),
                        series(
                            "line",
                            "gradient",
                            ends,
                            m.exponent[..., None] * decades,
                            label="exponent",
                            thin=True,
                        ),
                        series("dots", "gradient", LAGS[None, None], median, label="measured"),
                    ],
                },
            ],
            "readings": [[_reading(m, *where) for where in row] for row in everywhere],
            "meanings": [[_meaning(m, *where) for where in row] for row in everywhere],
            "places": [
                {"label": label, "position": nearest(m, *where), "sentence": sentence}
                for where, label, sentence in PLACES
            ],
            "start": nearest(m, *START),
        }
    )


def _meaning(m: Measured, i: int, j: int) -> str:
    """What becomes of the gradient at one position, and why."""
    median, radius, exponent = m.norms[i, j, :, 1], m.radii[i], m.exponent[i, j]
    if median.min() <= -2:
        fate = f"The gradient is down to a hundredth after about {_first(-median)} steps"
    elif median.max() >= 2:
        fate = f"The gradient has grown a hundredfold after about {_first(median)} steps"
    elif abs(exponent) < NEAR / 2:
        fate = "The gradient hardly shrinks or grows"
    else:
        fate = f"The gradient {'shrinks' if exponent < 0 else 'grows'} slowly"
    slopes = f"slopes of {m.mean_slope[i, j]:.2f} on average"
    if abs(np.log(radius) - exponent) < NEAR:
        return f"{fate}. The slopes are near one, and the radius is close to the rate."
    if radius < 1 - NEAR:
        return f"{fate}. The radius alone would shorten it; with {slopes} it goes faster."
    if radius < 1 + NEAR:
        return f"{fate}. The radius alone would hold it; {slopes} shorten it."
    if abs(exponent) < NEAR / 2:
        return f"{fate}: {slopes} take about what the radius gives."
    if exponent < 0:
        return f"{fate}, though the radius is above one: {slopes} take more than the radius gives."
    return f"{fate}. By the radius alone it would grow faster; {slopes} hold it back."


def _first(logs: Array) -> int:
    """About the lag at which decimal logarithms at LAGS first reach 2."""
    k = int(np.flatnonzero(logs >= 2)[0])
    return round(float(np.interp(2, logs[k - 1 : k + 1], LAGS[k - 1 : k + 1])))


def _reading(m: Measured, i: int, j: int) -> str:
    """The numbers at one position."""
    rate = f"{m.exponent[i, j]:+z.2f}".replace("-", "−")  # z: no minus before a zero
    return (
        f"Mean slope {m.mean_slope[i, j]:.2f}. In the long run a step multiplies the gradient by "
        f"{np.exp(m.exponent[i, j]):.2f} (exponent {rate}), and by {np.exp(m.bound[i, j]):.2f} at most (bound). "
        f"After {LAGS[-1]} steps it is {power(m.norms[i, j, -1, 1])} times as long."
    )


def power(log: float) -> str:
    """10 to this power, in two digits: 0.29, or 5.7 × 10⁻⁶."""
    if -2 < log < 2:
        return f"{10**log:.2g}"
    digits, power = f"{10**log:.1e}".split("e")
    return f"{digits} × 10{str(int(power)).translate(SUPERSCRIPT)}"

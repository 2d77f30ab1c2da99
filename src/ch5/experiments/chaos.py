"""Large random cells against the mean-field prediction: exponents over gain and noise, at four sizes.

One point is one matrix. It serves every pair (g, sigma) at once, all under the same noise, so pairs can be
compared on the same draw; seeds are independent.

Read     book/chapters/deeper_meanfield.ipynb     Tested   tests/test_chaos.py
"""

from typing import Any

import numpy as np

from ch5.analysis import meanfield
from ch5.engine import initialise
from ch5.experiments.record import Experiment

# The pairs at which prediction and simulation are compared, and those without noise near gain 1, where
# finite cells fail the prediction.
STRONG = [
    *((g, 0.5) for g in (1.0, 1.5, 2.0, 3.0, 4.0)),
    *((g, 1.0) for g in (0.7, 1.5, 2.0, 3.0, 4.0)),
    *((g, 2.0) for g in (1.0, 2.0, 3.0, 4.0)),
    *((g, 0.2) for g in (2.0, 3.0)),
    *((g, 0.0) for g in (2.0, 2.5, 3.0)),
]
QUIET = [(g, 0.0) for g in (0.5, 0.7, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.5)]
SEEDS = {125: 40, 250: 40, 500: 20, 1000: 10}


def measure(H: int, seed: int, pairs: list[list[float]], steps: int) -> dict[str, Any]:
    """The simulated exponents of one matrix of gain 1 at all pairs, and its spectral radius."""
    rng = np.random.default_rng([H, seed])
    W = initialise.gaussian(rng, H)
    g, sigma = np.transpose(pairs)
    found = meanfield.simulated_exponents(W.astype(np.float32), g, sigma, steps, rng)
    return {"exponents": found, "radius": initialise.spectral_radius(W)}


EXPERIMENT = Experiment(
    "chaos",
    measure,
    {"pairs": [list(pair) for pair in STRONG + QUIET], "steps": 2000},
    [{"H": H, "seed": seed} for H, n in SEEDS.items() for seed in range(n)],
)

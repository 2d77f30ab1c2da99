"""The experiment of C11: what one point measures, and that the pairs are those that the claim asks for."""

import numpy as np
import pytest

from ch5.analysis import meanfield
from ch5.engine import initialise
from ch5.experiments import chaos


def test_a_point_is_one_matrix_of_gain_one_at_all_pairs():
    """Its radius is that of the matrix drawn; its exponents lie near the prediction."""
    pairs = [[0.7, 1.0], [3.0, 0.5]]
    found = chaos.measure(H=200, seed=3, pairs=pairs, steps=400)
    W = initialise.gaussian(np.random.default_rng([200, 3]), 200)
    assert found["radius"] == pytest.approx(np.abs(np.linalg.eigvals(W)).max())
    np.testing.assert_allclose(found["exponents"], meanfield.exponent(*np.transpose(pairs)), atol=0.04)


def test_the_strong_pairs_are_noisy_or_of_high_gain():
    """At least 12 of them, each with sigma of at least 0.5 or g of at least 1.5; the quiet ones have no noise."""
    assert len(set(chaos.STRONG)) >= 12
    assert all(sigma >= 0.5 or g >= 1.5 for g, sigma in chaos.STRONG)
    assert all(sigma == 0 for _, sigma in chaos.QUIET)
    assert min(chaos.SEEDS.values()) >= 10

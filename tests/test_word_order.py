"""One linear layer with gates in [0, 1] loses the order of two symbols, in both its cases; each escape keeps it."""

import numpy as np
import pytest

from ch5.analysis.word_order import gap, last_state

V, N = 4, 6
A, B = 0, 1


@pytest.fixture
def w(rng):
    """A long word that holds every symbol many times."""
    return rng.integers(V, size=400)


def test_the_gap_is_the_product_of_the_gates_over_the_word(rng):
    f, u, w = rng.uniform(size=(V, N)), rng.normal(size=(V, N)), rng.integers(V, size=9)
    wanted = np.prod(f[w], axis=0) * gap(f, u, A, B, [])
    np.testing.assert_allclose(gap(f, u, A, B, w), wanted, rtol=1e-10, atol=1e-15)


def test_a_gate_below_one_forgets_the_order(rng, w):
    """One symbol at which f < 1 is enough, whatever the others do."""
    f, u = np.ones((V, N)), rng.normal(size=(V, N))
    f[rng.integers(V, size=N), np.arange(N)] = 0.9
    assert np.abs(gap(f, u, A, B, w)).max() < 0.9**50


def test_a_gate_of_one_throughout_adds_and_does_not_see_the_order(rng, w):
    f, u = np.ones((V, N)), rng.integers(-5, 5, size=(V, N)).astype(float)
    assert not gap(f, u, A, B, w).any()


def test_the_gate_of_one_that_is_also_the_write_never_writes(w):
    """In h = f h + (1 - f) g."""
    f, g = np.ones((V, N)), np.ones((V, N))
    assert not last_state(f, (1 - f) * g, w).any()


def test_a_factor_above_one_keeps_the_first_symbol_without_bound(rng):
    """λ = 3 and digits -1 and 1: the first outweighs all that follow; and the state leaves every bound."""
    f, u = np.full((2, 1), 3.0), np.array([[-1.0], [1.0]])
    for first in (0, 1):
        for lag in (1, 10, 100, 500):
            h = last_state(f, u, [first, *rng.integers(2, size=lag)])
            assert (h[0] > 0) == bool(first)
            assert abs(h[0]) > 3.0**lag / 2


def test_a_negative_gate_keeps_the_gap(w):
    """A symbol that turns the sign: |f| is 1, the order stays for ever."""
    f, u = np.ones((V, 1)), np.zeros((V, 1))
    f[A], u[B] = -1, 1
    assert abs(gap(f, u, A, B, w[w != B])[0]) == 2


def test_a_complex_factor_on_the_circle_keeps_the_gap(rng, w):
    """A clock: it tells when, so the word must be as long as the one it was made for."""
    f, u = np.full((V, N), np.exp(0.3j)), rng.normal(size=(V, N)) + 0j
    wanted = np.abs(np.exp(0.3j) - 1) * np.abs(u[A] - u[B])
    np.testing.assert_allclose(np.abs(gap(f, u, A, B, w)), wanted, rtol=1e-9)


def test_two_layers_keep_the_first_symbol(rng):
    """The first knows that the word has begun; the gate of the second, in [0, 1], sees that, and writes only then."""
    for first in range(V):
        begun, held = 0.0, 0.0
        for k in (first, *rng.integers(V, size=1000)):
            begun = 0.5 * begun + 1
            f = 1 / (1 + np.exp(-200 * (begun - 1.25)))
            held = f * held + (1 - f) * k
        assert held == pytest.approx(first, abs=1e-12)

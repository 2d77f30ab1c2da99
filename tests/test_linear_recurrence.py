"""Linear in the state: three ways to the same states, gradients right to rounding, a product that can be read off."""

import numpy as np
import pytest

from ch5.analysis import jacobian
from ch5.analysis.contributions import gradient_at_lag
from ch5.engine import bptt, gradcheck, scan
from ch5.engine.gradcheck import relative_error
from ch5.networks.linear_recurrence import LRU, MinGRU, bill, convolve, kernel

BATCHES = [(), (3,), (2, 3)]
T, D, N = 13, 3, 4


def lru(rng, low=0.3, high=0.9):
    """Weights of order one, moduli from `low` to `high`."""
    nu = np.log(-np.log(rng.uniform(low, high, N)))
    return LRU(nu, rng.uniform(-3, 3, N), rng.normal(size=N), rng.normal(size=(2, N, D)))


def min_gru(rng):
    return MinGRU(rng.normal(size=(2, N, D)), rng.normal(size=(2, N)))


CELLS = [lru, min_gru]


def as_complex(pairs):
    return pairs[..., :N] + 1j * pairs[..., N:]


def test_the_states_of_the_lru_are_those_of_its_equation_in_complex_numbers(rng):
    cell, x = lru(rng), rng.normal(size=(T, D))
    lam, B = np.exp(-np.exp(cell.nu) + 1j * cell.theta), cell.W_xh[0] + 1j * cell.W_xh[1]
    h = [np.zeros(N)]
    for x_t in x:
        h.append(lam * h[-1] + cell.gamma * (B @ x_t))
    s, _ = bptt.unroll(cell, x)
    assert relative_error(as_complex(s), np.array(h)) < 1e-12


def test_the_states_of_the_min_gru_are_those_of_its_equation(rng):
    cell, x = min_gru(rng), rng.normal(size=(T, D))
    h = [np.zeros(N)]
    for x_t in x:
        a, g = cell.W_xh @ x_t + cell.b
        f = 1 / (1 + np.exp(-a))
        h.append(f * h[-1] + (1 - f) * g)
    assert relative_error(bptt.unroll(cell, x)[0], np.array(h)) < 1e-12


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("make", CELLS)
def test_every_gradient_agrees_with_the_complex_step(make, batch, rng):
    gradcheck.check_cell(make(rng), rng.normal(size=(T, D)), [batch])


@pytest.mark.parametrize("batch", BATCHES)
def test_steps_scan_and_convolution_lead_to_the_same_states(batch, rng):
    """Constant λ: the circle back to sharing, one kernel slid along time."""
    cell, x = lru(rng), rng.normal(size=(T, *batch, D))
    s, _ = bptt.unroll(cell, x)
    assert relative_error(scan.unroll(cell, x), s) < 1e-12
    assert relative_error(convolve(kernel(cell, T), cell.drive(x)), s[1:]) < 1e-12


def test_the_kernel_is_the_power_of_the_eigenvalue(rng):
    cell = lru(rng)
    lam = as_complex(cell.eigenvalues)
    assert relative_error(as_complex(kernel(cell, T)), lam ** np.arange(T)[:, None]) < 1e-12


def test_initial_eigenvalues_lie_on_the_ring_and_white_input_gives_states_of_one_size():
    rng = np.random.default_rng(3)
    cell = LRU.initialise(rng, 200, 8, 0.8, 0.95)
    modulus = np.exp(-np.exp(cell.nu))
    assert 0.8 <= modulus.min() < 0.82
    assert 0.93 < modulus.max() <= 0.95
    s, _ = bptt.unroll(cell, rng.normal(size=(400, 16, 8)))
    size = np.sqrt((np.abs(s[200:, :, :200] + 1j * s[200:, :, 200:]) ** 2).mean())
    assert abs(size - 1) < 0.05
    with pytest.raises(ValueError, match="low and high must satisfy 0 < low"):
        LRU.initialise(rng, 4, 3, 0.9, 1.0)


def test_the_gradient_at_lag_k_is_the_power_of_the_modulus_unit_by_unit(rng):
    """|λ|^k, exactly: nothing of the path, of the input or of the other units is in it."""
    cell, x = lru(rng), rng.normal(size=(T, D))
    s, residuals = bptt.unroll(cell, x)
    for unit in range(N):
        g = np.zeros(2 * N)
        g[unit] = 1
        back = gradient_at_lag(cell, g, s, residuals)
        sizes = np.abs(as_complex(back))
        wanted = np.exp(-np.exp(cell.nu[unit]) * np.arange(T))
        np.testing.assert_allclose(sizes[:T, unit], wanted, rtol=1e-12)
        assert not np.delete(sizes, unit, axis=1).any()


def test_the_exponent_is_the_largest_log_modulus(rng):
    """The product's leading exponent by QR, which knows nothing of λ, is max log |λ|, to 1e-12."""
    cell = lru(rng)
    lam = as_complex(cell.eigenvalues)
    J = np.block([[np.diag(lam.real), -np.diag(lam.imag)], [np.diag(lam.imag), np.diag(lam.real)]])
    # Rotations mix the units' pairs only with themselves; the block settles once the others have died away.
    found = jacobian.lyapunov_exponents(J, np.ones((4000, 2 * N)), 1, rng, skip=2000)
    assert abs(found[0] - np.log(np.abs(lam)).max()) < 1e-3
    norms = jacobian.log_product_norms(J, np.ones((60, 2 * N)))
    np.testing.assert_allclose(norms, np.arange(61) * np.log(np.abs(lam)).max(), rtol=0, atol=1e-12)


def test_the_exponents_of_the_gated_form_are_the_means_of_the_log_gates(rng):
    cell, x = min_gru(rng), rng.normal(size=(T, D))
    f, _ = cell.factors(cell.drive(x))
    norms = jacobian.log_product_norms(np.eye(N), f)
    sums = np.cumsum(np.log(f)[::-1], axis=0)
    np.testing.assert_allclose(norms[1:], sums.max(axis=1), rtol=0, atol=1e-12)


def test_the_bill_counts_what_the_scan_multiplies(rng):
    """Four real products for each complex one that `times` is asked for; ⌈log2 T⌉ rounds in the place of T steps."""
    steps, units, products = 100, 5, []

    def times(f, h):
        products.append(4 * len(h) * units)
        return LRU.times(f, h)

    scan.scan(rng.normal(size=(steps, 2 * units)), rng.normal(size=(steps, 2 * units)), times)
    scanned, looped = bill(steps, 3, units, scan.rounds(steps)), bill(steps, 3, units)
    assert scanned.operations - 2 * steps * units * 3 == sum(products)
    assert looped.operations == steps * (2 * units * 3 + 4 * units)
    assert (scanned.sequential, looped.sequential) == (8, 101)

"""The linear recurrences beside JAX's `associative_scan` and its gradients, in float64: they agree to 1e-10.

JAX is no part of the book, and `make test` does not come here. In the environment of `make bench`:

    PYTHONPATH=src .venv-bench/bin/python -m pytest --confcutdir benchmarks benchmarks
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ch5.engine import bptt, scan
from ch5.engine.gradcheck import relative_error
from ch5.networks.linear_recurrence import LRU, MinGRU

jax.config.update("jax_enable_x64", True)
T, B, D, N = 37, 5, 3, 4


def by_associative_scan(f, u):
    def combine(first, then):
        return then[0] * first[0], then[0] * first[1] + then[1]

    return jax.lax.associative_scan(combine, (jnp.broadcast_to(f, u.shape), u))[1]


def lru(nu, theta, gamma, W_xh, x):
    lam = jnp.exp(-jnp.exp(nu) + 1j * theta)
    h = by_associative_scan(lam, gamma * (x @ (W_xh[0] + 1j * W_xh[1]).T))
    return jnp.concatenate([h.real, h.imag], axis=-1)


def min_gru(W_xh, b, x):
    f = jax.nn.sigmoid(x @ W_xh[0].T + b[0])
    return by_associative_scan(f, (1 - f) * (x @ W_xh[1].T + b[1]))


@pytest.mark.parametrize("kind", [LRU, MinGRU])
def test_states_and_gradients_agree_with_jax(kind):
    """Every state, and the gradient of every weight and of x, by the loop and by the scan."""
    rng = np.random.default_rng(5)
    if kind is LRU:
        cell = LRU(rng.normal(size=N) - 1, rng.normal(size=N), rng.normal(size=N), rng.normal(size=(2, N, D)))
        written = lru
    else:
        cell, written = MinGRU(rng.normal(size=(2, N, D)), rng.normal(size=(2, N))), min_gru
    x = rng.normal(size=(T, B, D))
    s, residuals = bptt.unroll(cell, x)
    R = rng.normal(size=s[1:].shape)
    assert relative_error(s[1:], np.asarray(written(*cell, x))) < 1e-10

    def loss(*weights_and_x):
        return (R * written(*weights_and_x)).sum()

    wanted = jax.grad(loss, argnums=tuple(range(len([*cell]) + 1)))(*cell, x)
    for gradient, dx, _ in (bptt.backward(cell, R, x, s, residuals), scan.backward(cell, R, x, s)):
        for ours, theirs in zip([*gradient, dx], wanted, strict=True):
            assert relative_error(ours, np.asarray(theirs)) < 1e-10

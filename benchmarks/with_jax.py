"""JAX: one jitted update, `lax.scan` over the steps, gradient, clip and Adam in it, its buffers donated."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks import work


def vanilla(weights, h, a):
    h = jnp.tanh(a + h @ weights["W_hh"].T)
    return h, h


def lstm(weights, state, a):
    h, c = state
    g, i, f, o = jnp.split(a + h @ weights["W_hh"].T, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru(weights, h, a):
    n, r, z, q = jnp.split(a, 4, axis=1)
    from_h = jnp.split(h @ weights["W_hh"].T, 3, axis=1)
    r, z = jax.nn.sigmoid(r + from_h[0]), jax.nn.sigmoid(z + from_h[1])
    h = z * h + (1 - z) * jnp.tanh(n + r * (q + from_h[2]))
    return h, h


STEPS = {"vanilla": vanilla, "GRU": gru, "LSTM": lstm}


def mean_loss(cell, weights, inputs, targets):
    a = weights["W_xh"].T[inputs]
    if cell == "GRU":
        a = jnp.concatenate([a, jnp.zeros((*inputs.shape, weights["W_hh"].shape[1]))], axis=-1)
    h_0 = jnp.zeros((inputs.shape[1], weights["W_hh"].shape[1]))
    _, h = lax.scan(partial(STEPS[cell], weights), (h_0, h_0) if cell == "LSTM" else h_0, a + weights["b"])
    log_p = jax.nn.log_softmax(h @ weights["W_hy"].T + weights["b_y"])
    return -jnp.take_along_axis(log_p, targets[..., None], axis=-1).mean()


def adam(k, w, m, v, g, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    # 1 - beta^k, without the cancellation that float32 would suffer at the first updates
    m_, v_ = m / -jnp.expm1(k * math.log(0.9)), v / -jnp.expm1(k * math.log(0.999))
    return w - rate * m_ / (jnp.sqrt(v_) + 1e-8), m, v


@partial(jax.jit, static_argnames=("cell", "rate", "clip"), donate_argnames=("state",))
def update(state, inputs, targets, cell, rate, clip):
    k, weights, m, v = state
    loss, gradient = jax.value_and_grad(partial(mean_loss, cell))(weights, inputs, targets)
    norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(gradient)))
    short = jnp.minimum(1, clip / norm)
    moved = {
        name: adam(k + 1, weights[name], m[name], v[name], short * g, rate) for name, g in gradient.items()
    }
    weights, m, v = ({name: new[i] for name, new in moved.items()} for i in range(3))
    return loss, (k + 1, weights, m, v)


def training(cell, H, T, B, optimiser, rate, clip):
    assert optimiser == "Adam"
    (W_xh, W_hh, b), (W_hy, b_y) = work.initial_weights(cell, H)
    W_xh, W_hh = W_xh.reshape(-1, W_xh.shape[-1]), W_hh.reshape(-1, H)
    weights = {"W_xh": W_xh, "W_hh": W_hh, "b": b.ravel(), "W_hy": W_hy, "b_y": b_y}
    weights = jax.tree.map(jnp.array, weights)
    state = (0, weights, jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights))
    batches = [(jnp.array(x), jnp.array(y)) for x, y in work.batches(T, B)]
    done = 0

    def run(n):
        nonlocal done, state
        losses = []
        for _ in range(n):
            loss, state = update(state, *batches[done % work.BATCHES], cell, rate, clip)
            losses.append(loss)
            done += 1
        jax.block_until_ready(state)
        return [float(loss) for loss in losses]

    return run

"""The bound: the matrix products of an update and nothing else, written into arrays that are there already.

They are the engine's own: of the same shapes, slot by slot, W_hh column-major for the forward pass of a batch.
"""

import numpy as np

from benchmarks import work
from ch5.engine.weights import aligned

SLOTS = {"vanilla": (), "GRU": (3,), "LSTM": (4,)}


def training(cell, H, T, B, optimiser, rate, clip):
    rng, V, slots = np.random.default_rng(8), work.ids()[1], SLOTS[cell]

    def array(*shape):
        numbers = aligned(shape, np.float32)
        numbers[:] = rng.uniform(-0.1, 0.1, shape)
        return numbers

    W_hh, h, dh = array(*slots, H, H), array(T, B, H), array(T, *slots, B, H)
    forward = array(*slots, H, H) if B == 1 else array(*slots, H, H).swapaxes(-1, -2)
    a, da = array(T, *slots, B, H), array(*slots, T * B, H)
    by_step = np.moveaxis(da.reshape(*slots, T, B, H), len(slots), 0)
    W_hy, logits, dlogits, one_hot = array(V, H), array(V, T * B), array(V, T * B), array(T * B, V)
    flat_h, flat_dh, dW_hy = h.reshape(-1, H), array(T * B, H), array(V, H)
    dW_hh, dW_xh = array(*slots, H, H), array(*slots, H, V)
    product = np.matmul if slots else np.dot

    def run(n):
        for _ in range(n):
            for t in range(T):  # the recurrence
                product(h[t], forward.swapaxes(-1, -2), out=a[t])
            np.matmul(W_hy, flat_h.T, out=logits)  # the readout and its gradient
            np.matmul(dlogits, flat_h, out=dW_hy)
            np.matmul(dlogits.T, W_hy, out=flat_dh)
            for t in range(T):  # the backward pass
                product(by_step[t], W_hh, out=dh[t])
            np.matmul(da.swapaxes(-1, -2), flat_h, out=dW_hh)  # the contractions
            np.matmul(da.swapaxes(-1, -2), one_hot, out=dW_xh)

    return run

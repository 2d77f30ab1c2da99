"""The bound: the matrix products of an update and nothing else, written into arrays that are there already."""

import numpy as np

from benchmarks import work

SLOTS = {"vanilla": 1, "GRU": 3, "LSTM": 4}


def training(cell, H, T, B, optimiser, rate, clip):
    rng, V, G = np.random.default_rng(8), work.ids()[1], SLOTS[cell] * H

    def array(*shape):
        return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

    W_hh, h, a, dh = array(G, H), array(T, B, H), array(T, B, G), array(T, B, H)
    W_hy, logits, dlogits, one_hot = array(V, H), array(T * B, V), array(T * B, V), array(T * B, V)
    da, flat_h, dW_hh, dW_hy, dW_xh = array(T, B, G), h.reshape(-1, H), array(G, H), array(V, H), array(G, V)
    flat_da, flat_dh = da.reshape(-1, G), dh.reshape(-1, H)

    def run(n):
        for _ in range(n):
            for t in range(T):  # the recurrence
                np.matmul(h[t], W_hh.T, out=a[t])
            np.matmul(flat_h, W_hy.T, out=logits)  # the readout and its gradient
            np.matmul(dlogits.T, flat_h, out=dW_hy)
            np.matmul(dlogits, W_hy, out=flat_dh)
            for t in range(T):  # the way back
                np.matmul(da[t], W_hh, out=dh[t])
            np.matmul(flat_da.T, flat_h, out=dW_hh)  # the contractions
            np.matmul(flat_da.T, one_hot, out=dW_xh)

    return run

"""The original run in pure Python: ch5.networks.scalar, with the clip that its `train` does without."""

from math import sqrt

from benchmarks import work
from ch5.networks import scalar


def training(cell, H, T, B, optimiser, rate, clip):
    assert (cell, B, optimiser) == ("vanilla", 1, "SGD")
    model = work.initial_weights(cell, H)
    (W_xh, W_hh, b), (W_hy, b_y) = ([w.tolist() for w in part] for part in model)
    batches = [(x[:, 0].tolist(), y[:, 0].tolist()) for x, y in work.batches(T, B)]
    done = 0

    def run(n):
        nonlocal done
        losses = []
        for _ in range(n):
            inputs, targets = batches[done % work.BATCHES]
            xs = [scalar.one_hot(k, len(b_y)) for k in inputs]
            hs = scalar.forward((W_xh, W_hh, b), xs, [0.0] * H)
            L, (dW_hy, db_y), dh_out = scalar.loss((W_hy, b_y), hs, targets)
            (dW_xh, dW_hh, db), _ = scalar.backward((W_xh, W_hh, b), xs, hs, dh_out)
            rows, d_rows = [*W_xh, *W_hh, b, *W_hy, b_y], [*dW_xh, *dW_hh, db, *dW_hy, db_y]
            norm = sqrt(sum(dw * dw for d_row in d_rows for dw in d_row))
            step = rate * min(1.0, clip / norm)
            for row, d_row in zip(rows, d_rows, strict=True):
                row[:] = [w - step * dw for w, dw in zip(row, d_row, strict=True)]
            losses.append(L)
            done += 1
        return losses

    return run

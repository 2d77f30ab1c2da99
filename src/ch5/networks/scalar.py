"""A character network in pure Python: h_t = tanh(W_xh x_t + W_hh h_{t-1} + b), y_t = W_hy h_t + b_y

Shapes   lists: x_t [D]   h_t [H]   y_t [V]   W_xh [H][D]   W_hh [H][H]   b [H]   W_hy [V][H]   b_y [V]
Names    xs[t-1] is x_t, but hs[t] is h_t and hs[0] is h_0; dX is dL/dX and has X's shape.
Read     book/chapters/01_cell.ipynb     Tested   tests/test_scalar.py     Source   [Werbos1990]
"""

from math import exp, log, tanh


def step(cell: tuple, x: list, h: list) -> list:
    """One step of the cell (W_xh, W_hh, b): h_t from x_t and h_{t-1}."""
    W_xh, W_hh, b = cell
    return [tanh(a) for a in plus(times(W_xh, x), times(W_hh, h), b)]


def forward(cell: tuple, xs: list, h_0: list) -> list:
    """The same step at every t: h_0, h_1 ... h_T."""
    hs = [h_0]
    for x in xs:
        hs.append(step(cell, x, hs[-1]))
    return hs


def loss(readout: tuple, hs: list, targets: list) -> tuple:
    """L, the mean over T of -log p(target), in nats; (dW_hy, db_y); what L sends back to h_1 ... h_T."""
    (W_hy, b_y), T, L, dys = readout, len(targets), 0.0, []
    if T == 0 or not all(0 <= target < len(b_y) for target in targets):
        raise ValueError(f"targets must be at least one id, from 0 to {len(b_y) - 1}, got {targets}")
    for h, target in zip(hs[1:], targets, strict=True):
        y = plus(times(W_hy, h), b_y)
        log_sum = max(y) + log(sum(exp(y_k - max(y)) for y_k in y))  # p_k = exp(y_k - log_sum), the softmax
        L -= (y[target] - log_sum) / T
        dys.append([(exp(y_k - log_sum) - (k == target)) / T for k, y_k in enumerate(y)])
    return L, (sum_outer(dys, hs[1:]), plus(*dys)), [times(transposed(W_hy), dy) for dy in dys]


def backward(cell: tuple, xs: list, hs: list, dh_out: list) -> tuple:
    """Backpropagation through time: (dW_xh, dW_hh, db), and dh_0."""
    _, W_hh, _ = cell
    das: list = []
    dh = [0.0] * len(W_hh)
    for t in range(len(xs), 0, -1):
        dh = plus(dh_out[t - 1], dh)  # the merge: this step's output + the future
        da = [dh_i * (1 - h_i**2) for dh_i, h_i in zip(dh, hs[t], strict=True)]
        dh = times(transposed(W_hh), da)
        das = [da, *das]
    return (sum_outer(das, xs), sum_outer(das, hs[:-1]), plus(*das)), dh


def train(cell: tuple, readout: tuple, xs: list, targets: list, h_0: list, rate: float) -> float:
    """One step of gradient descent, in place; returns the loss before it."""
    (W_xh, W_hh, b), (W_hy, b_y), hs = cell, readout, forward(cell, xs, h_0)
    L, (dW_hy, db_y), dh_out = loss(readout, hs, targets)
    (dW_xh, dW_hh, db), _ = backward(cell, xs, hs, dh_out)
    for row, d_row in zip([*W_xh, *W_hh, b, *W_hy, b_y], [*dW_xh, *dW_hh, db, *dW_hy, db_y], strict=True):
        row[:] = [w - rate * dw for w, dw in zip(row, d_row, strict=True)]
    return L


def times(W: list, x: list) -> list:
    return [sum(w * x_j for w, x_j in zip(row, x, strict=True)) for row in W]


def plus(*vectors: list) -> list:
    return [sum(entries) for entries in zip(*vectors, strict=True)]


def transposed(W: list) -> list:
    return [list(column) for column in zip(*W, strict=True)]


def sum_outer(us: list, vs: list) -> list:
    """The outer products u_t v_t^T, summed over t: what every step shares gets a sum."""
    return [times(transposed(vs), u) for u in transposed(us)]


def one_hot(k: int, V: int) -> list:
    return [float(j == k) for j in range(V)]

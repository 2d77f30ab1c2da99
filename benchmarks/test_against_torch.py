"""LSTM, GRU and attention beside PyTorch's own layers, in float64: outputs and gradients agree to 1e-10.

PyTorch is no part of the book, and `make test` does not come here. In the environment of `make bench`:

    PYTHONPATH=src .venv-bench/bin/python -m pytest --confcutdir benchmarks benchmarks
"""

import numpy as np
import pytest
import torch

from ch5.engine import bptt
from ch5.engine.gradcheck import relative_error
from ch5.networks.attention import Attention
from ch5.networks.gated import GRU, LSTM

T, B, D, H = 40, 5, 7, 6
LSTM_SLOTS, TORCH_LSTM_SLOTS = "gifo", "ifgo"
GRU_INPUT, TORCH_GRU_INPUT = "nrz", "rzn"
GRU_HIDDEN = TORCH_GRU_HIDDEN = "rzq"  # what PyTorch calls n in the recurrent matrix is q here


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def stacked(W, ours, theirs):
    """Our matrices or biases, one a slot, in PyTorch's order, one below the other."""
    return torch.tensor(np.concatenate([W[ours.index(slot)] for slot in theirs]))


def unstacked(tensor, ours, theirs):
    """PyTorch's gradient as ours: one a slot, in our order."""
    parts = np.split(tensor.grad.numpy(), len(theirs))
    return np.array([parts[theirs.index(slot)] for slot in ours])


def fill(layer, **tensors):
    """Give the layer these weights."""
    for name, tensor in tensors.items():
        getattr(layer, name).data.copy_(tensor)
    return layer


def agree(ours, theirs):
    """Every array within a relative 1e-10."""
    for mine, other in zip(ours, theirs, strict=True):
        assert relative_error(mine, other.detach().numpy() if torch.is_tensor(other) else other) < 1e-10


def leaf(array):
    return torch.tensor(array, requires_grad=True)


def test_lstm_agrees_with_torch(rng):
    """Every h and the last c; the gradients of all weights, x, h_0 and c_0, for a loss on every h and the last c."""
    cell = LSTM(rng.normal(size=(4, H, D)), rng.normal(size=(4, H, H)), rng.normal(size=(4, H)))
    x, s_0, R = rng.normal(size=(T, B, D)), rng.normal(size=(B, 2 * H)), rng.normal(size=(T, B, 2 * H))
    R[:-1, :, H:] = 0
    s, a = bptt.unroll(cell, x, s_0)
    gradient, dx, ds_0 = bptt.backward(cell, R, x, s, a)

    order = LSTM_SLOTS, TORCH_LSTM_SLOTS
    layer = fill(
        torch.nn.LSTM(D, H, dtype=torch.float64),
        weight_ih_l0=stacked(cell.W_xh, *order),
        weight_hh_l0=stacked(cell.W_hh, *order),
        bias_ih_l0=stacked(cell.b, *order),
        bias_hh_l0=torch.zeros(4 * H),
    )
    x_, h_0, c_0 = leaf(x), leaf(s_0[None, :, :H]), leaf(s_0[None, :, H:])
    h, (_, c_T) = layer(x_, (h_0, c_0))
    ((h * torch.tensor(R[..., :H])).sum() + (c_T * torch.tensor(R[-1:, :, H:])).sum()).backward()

    agree([s[1:, :, :H], s[-1:, :, H:]], [h, c_T])
    agree([dx, ds_0[None, :, :H], ds_0[None, :, H:]], [x_.grad, h_0.grad, c_0.grad])
    theirs = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    agree(gradient, [unstacked(tensor, *order) for tensor in theirs])


def test_gru_agrees_with_torch(rng):
    """Every h; the gradients of all weights, x and h_0."""
    cell = GRU(rng.normal(size=(3, H, D)), rng.normal(size=(3, H, H)), rng.normal(size=(4, H)))
    x, h_0, R = rng.normal(size=(T, B, D)), rng.normal(size=(B, H)), rng.normal(size=(T, B, H))
    h, a = bptt.unroll(cell, x, h_0)
    gradient, dx, dh_0 = bptt.backward(cell, R, x, h, a)

    inner, outer = (GRU_INPUT, TORCH_GRU_INPUT), (GRU_HIDDEN, TORCH_GRU_HIDDEN)
    layer = fill(
        torch.nn.GRU(D, H, dtype=torch.float64),
        weight_ih_l0=stacked(cell.W_xh, *inner),
        weight_hh_l0=stacked(cell.W_hh, *outer),
        bias_ih_l0=stacked(cell.b[:3], *inner),
        bias_hh_l0=stacked(np.array([0 * cell.b[0], 0 * cell.b[0], cell.b[3]]), *outer),
    )
    x_, h_0_ = leaf(x), leaf(h_0[None])
    h_, _ = layer(x_, h_0_)
    (h_ * torch.tensor(R)).sum().backward()

    agree([h[1:], dx, dh_0[None]], [h_, x_.grad, h_0_.grad])
    b = np.append(unstacked(layer.bias_ih_l0, *inner), unstacked(layer.bias_hh_l0, *outer)[2:], axis=0)
    W_xh, W_hh = unstacked(layer.weight_ih_l0, *inner), unstacked(layer.weight_hh_l0, *outer)
    agree(gradient, [W_xh, W_hh, b])


def test_attention_agrees_with_torch(rng):
    """Outputs and attention weights; the gradients of the three maps and of x. Their output map is set to one."""
    head = Attention(*rng.normal(size=(3, H, H)))
    x, R = rng.normal(size=(T, B, H)), rng.normal(size=(T, B, H))
    y, residuals = head.forward(x)
    gradient, dx = head.backward(R, x, residuals)

    layer = fill(
        torch.nn.MultiheadAttention(H, 1, bias=False, dtype=torch.float64),
        in_proj_weight=torch.tensor(np.concatenate(list(head))),
    )
    layer.out_proj.weight.data.copy_(torch.eye(H))
    x_, future = leaf(x), torch.ones(T, T, dtype=torch.bool).triu(1)
    y_, A = layer(x_, x_, x_, attn_mask=future)
    (y_ * torch.tensor(R)).sum().backward()

    agree([y, residuals.A, dx], [y_, A, x_.grad])
    agree(gradient, np.split(layer.in_proj_weight.grad.numpy(), 3))

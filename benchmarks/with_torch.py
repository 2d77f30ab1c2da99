"""PyTorch, eager: nn.RNN, nn.GRU or nn.LSTM and nn.Linear, stock clipping and optimiser."""

import numpy as np
import torch
from torch import nn

from benchmarks import work

LAYERS = {"vanilla": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
# Their order of the slots, in ours: g i f o; n r z, and r z q in the recurrent matrix.
FROM_INPUT = {"vanilla": [0], "GRU": [1, 2, 0], "LSTM": [1, 2, 0, 3]}
FROM_STATE = {"vanilla": [0], "GRU": [0, 1, 2], "LSTM": [1, 2, 0, 3]}


def layers(cell, H):
    """The recurrent layer and the readout with our initial weights.

    Their second bias is redundant but for the GRU's candidate; the rest of it stays zero, as if it were not there.
    """
    model, V = work.initial_weights(cell, H), work.ids()[1]
    W_xh, W_hh, b = model.cell
    W_xh, W_hh, b = W_xh.reshape(-1, H, V), W_hh.reshape(-1, H, H), b.reshape(-1, H)
    layer, readout = LAYERS[cell](V, H), nn.Linear(H, V)
    second = np.zeros((len(W_hh), H), np.float32)
    if cell == "GRU":
        second[2] = b[3]
    given = {
        layer.weight_ih_l0: W_xh[FROM_INPUT[cell]].reshape(-1, V),
        layer.weight_hh_l0: W_hh[FROM_STATE[cell]].reshape(-1, H),
        layer.bias_ih_l0: b[FROM_INPUT[cell]].ravel(),
        layer.bias_hh_l0: second.ravel(),
        readout.weight: model.readout.W_hy,
        readout.bias: model.readout.b_y,
    }
    with torch.no_grad():
        for parameter, array in given.items():
            parameter.copy_(torch.tensor(array))
    if cell == "GRU":
        candidate = torch.arange(3 * H) >= 2 * H
        layer.bias_hh_l0.register_hook(lambda gradient: gradient * candidate)
    else:
        layer.bias_hh_l0.requires_grad_(False)
    return layer, readout


def training(cell, H, T, B, optimiser, rate, clip):
    layer, readout = layers(cell, H)
    V = readout.out_features
    parameters = [p for p in [*layer.parameters(), *readout.parameters()] if p.requires_grad]
    method = {"Adam": torch.optim.Adam, "SGD": torch.optim.SGD}[optimiser](parameters, lr=rate, fused=True)
    batches = [(torch.tensor(x), torch.tensor(y).flatten()) for x, y in work.batches(T, B)]
    one_hot, done = torch.eye(V), 0

    def run(n):
        nonlocal done
        losses = []
        for _ in range(n):
            inputs, targets = batches[done % work.BATCHES]
            method.zero_grad()
            h, _ = layer(one_hot[inputs])
            loss = nn.functional.cross_entropy(readout(h).view(-1, V), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, clip, foreach=True)
            method.step()
            losses.append(loss.detach())
            done += 1
        return torch.stack(losses).tolist()

    return run


def sampling(cell, H, length):
    layer, readout = layers(cell, H)
    step, one_hot = nn.RNNCell(readout.out_features, H), torch.eye(readout.out_features)
    step.load_state_dict({name.removesuffix("_l0"): p for name, p in layer.state_dict().items()})
    inputs, targets = (torch.tensor(ids) for ids in work.batches(T=100, B=1)[0])

    @torch.inference_mode()
    def run(n):
        for _ in range(n):
            h, k, drawn = torch.zeros(1, H), inputs[0], []
            for _ in range(length):
                h = step(one_hot[k], h)
                k = torch.multinomial(readout(h).softmax(1), 1)[0]
                drawn.append(k)
            torch.cat(drawn).tolist()
        h, losses = torch.zeros(1, H), []
        for k, target in zip(inputs, targets, strict=True):
            h = step(one_hot[k], h)
            losses.append(nn.functional.cross_entropy(readout(h), target).item())
        return losses

    return run

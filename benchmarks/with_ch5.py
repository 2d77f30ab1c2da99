"""The book's own engine, through its public loop."""

import tracemalloc
from itertools import islice

import numpy as np

from benchmarks import work
from ch5.engine.optimise import SGD, Adam
from ch5.engine.train import Training
from ch5.networks.sequence import sample


class Endless(list):
    """The batches over and over, as many as anyone will ask for."""

    def __len__(self):
        return 1_000_000

    def __getitem__(self, k):
        return super().__getitem__(k % work.BATCHES)


def training(cell, H, T, B, optimiser, rate, clip):
    method = {"Adam": Adam, "SGD": SGD}[optimiser](rate)
    updates = iter(Training(work.initial_weights(cell, H), Endless(work.batches(T, B)), method, clip))

    def run(n):
        return [update.loss for update in islice(updates, n)]

    return run


def sampling(cell, H, length):
    model, rng = work.initial_weights(cell, H), np.random.default_rng(10)
    inputs, targets = work.batches(T=100, B=1)[0]

    def run(n):
        for _ in range(n):
            sample(model, inputs[:1, 0], length, 1.0, rng)
        return list(model.losses(inputs, targets)[0][:, 0])

    return run


def memory(cell, H, T, B, optimiser, rate, clip):
    """The most that one update holds at once, in bytes, on top of weights and Adam's averages.

    The vector of the gradient is counted, though it stays from update to update.
    """
    run = training(cell, H, T, B, optimiser, rate, clip)
    run(2)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    run(1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - before + work.initial_weights(cell, H).vector().nbytes

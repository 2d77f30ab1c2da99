"""Weights, linear maps, backpropagation through time, gradient check, optimiser, training: what knows no network."""

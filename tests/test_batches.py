"""Windows in an order drawn before training: every one once an epoch, and nothing that does not fit together."""

import numpy as np
import pytest

from ch5.engine.batches import Shuffled


def test_an_epoch_sees_every_window_once_in_a_new_order(rng):
    inputs = np.arange(20).reshape(2, 10)
    batches = Shuffled.epochs(inputs, inputs, epochs=2, batch=5, rng=rng)
    seen = [np.concatenate([batches[k][0][0] for k in ks]) for ks in ((0, 1), (2, 3))]
    assert len(batches) == 4
    assert batches[0][0].shape == (2, 5)
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(10))
    assert list(seen[0]) != list(seen[1])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"batch": 0}, ValueError, "batch must be at least 1, got 0"),
        ({"batch": 11}, ValueError, "batch must be at most the number of windows, 10, got 11"),
        ({"batch": 2.0}, TypeError, r"batch must be a whole number, got 2\.0"),
        ({"batch": True}, TypeError, "batch must be a whole number, got True"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"epochs": -1}, ValueError, "epochs must be at least 1, got -1"),
        ({"epochs": 0.5}, TypeError, r"epochs must be a whole number, got 0\.5"),
        (
            {"targets": np.zeros((2, 11), int)},
            ValueError,
            r"targets must have the \(2, 10\) .* got \(2, 11\)",
        ),
        ({"targets": np.zeros((2, 9), int)}, ValueError, "targets must have"),
        ({"targets": np.zeros((3, 10), int)}, ValueError, "targets must have"),
        ({"targets": np.zeros(10, int)}, ValueError, "targets must have"),
        ({"inputs": np.zeros(10, int)}, ValueError, r"inputs must be windows \(T, N\), got shape \(10,\)"),
        ({"inputs": np.zeros((0, 10), int)}, ValueError, r"at least one step and window, got \(0, 10\)"),
        ({"inputs": np.ma.masked_array(np.zeros((2, 10)), False)}, TypeError, "inputs must be a plain array"),
    ],
)
def test_epochs_that_cannot_be_filled_are_refused(rng, changes, error, message):
    """More targets than inputs went unseen, and fewer were an IndexError in the middle of a run."""
    zeros = np.zeros((2, 10), int)
    with pytest.raises(error, match=message):
        Shuffled.epochs(
            **({"inputs": zeros, "targets": zeros, "epochs": 1, "batch": 5, "rng": rng} | changes)
        )


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.uint64])
def test_every_kind_of_whole_number_does(rng, kind):
    zeros = np.zeros((2, 10), int)
    assert len(Shuffled.epochs(zeros, zeros, kind(3), kind(5), rng)) == 6


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([[0, 10]], "order must name windows from 0 to 9, got 0 to 10"),
        ([[-1, 3]], "order must name windows from 0 to 9, got -1 to 3"),
        ([0, 1], r"order must hold whole numbers \(updates, B\), .* got int64 \(2,\)"),
        ([[0.0, 1.0]], "order must hold whole numbers"),
        (np.zeros((3, 0), int), "order must hold .* at least one update and window"),
        (np.zeros((0, 3), int), "order must hold .* at least one update and window"),
    ],
)
def test_an_order_names_windows_that_are_there(order, message):
    with pytest.raises(ValueError, match=message):
        Shuffled(np.zeros((2, 10), int), np.zeros((2, 10), int), order)

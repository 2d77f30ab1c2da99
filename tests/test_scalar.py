"""The pure-Python network agrees with central differences of its own loss, and with sums done by hand."""

import ast
import inspect
import math
import random
from copy import deepcopy

import pytest

from ch5.networks import scalar
from ch5.networks.scalar import backward, forward, loss, one_hot, step, sum_outer, times, train

T, D, H, V = 12, 3, 4, 5


def numbers(rng, *shape):
    """Nested lists of numbers of order one."""
    return [numbers(rng, *shape[1:]) for _ in range(shape[0])] if shape else rng.uniform(-1, 1)


class Network:
    """A small network on real-valued input, with weights of order one and h_0 not zero."""

    def __init__(self):
        rng = random.Random(7)
        self.cell = numbers(rng, H, D), numbers(rng, H, H), numbers(rng, H)
        self.readout = numbers(rng, V, H), numbers(rng, V)
        self.xs, self.h_0 = numbers(rng, T, D), numbers(rng, H)
        self.targets = [rng.randrange(V) for _ in range(T)]

    def loss(self):
        return loss(self.readout, forward(self.cell, self.xs, self.h_0), self.targets)[0]

    def gradients(self):
        """The arrays of the network and their analytic gradients, by name."""
        hs = forward(self.cell, self.xs, self.h_0)
        _, d_readout, dh_out = loss(self.readout, hs, self.targets)
        d_cell, dh_0 = backward(self.cell, self.xs, hs, dh_out)
        names = ["W_xh", "W_hh", "b", "W_hy", "b_y", "h_0"]
        arrays = [*self.cell, *self.readout, self.h_0]
        return dict(zip(names, zip(arrays, [*d_cell, *d_readout, dh_0], strict=True), strict=True))


@pytest.fixture
def network():
    return Network()


def entries(array):
    """Every innermost list of an array with every place in it."""
    rows = array if isinstance(array[0], list) else [array]
    return [(row, j) for row in rows for j in range(len(row))]


def misses(network):
    """The relative error of every gradient against central differences: norm(analytic - numeric) / norm(numeric)."""
    errors = {}
    for name, (array, gradient) in network.gradients().items():
        numeric = []
        for row, j in entries(array):
            value, losses = row[j], []
            for shift in (1e-5, -1e-5):
                row[j] = value + shift
                losses.append(network.loss())
            row[j] = value
            numeric.append((losses[0] - losses[1]) / 2e-5)
        analytic = [row[j] for row, j in entries(gradient)]
        errors[name] = math.dist(analytic, numeric) / math.hypot(*numeric)
    return errors


# The equations


def test_one_step_by_hand():
    """h_t = tanh(W_xh x_t + W_hh h_{t-1} + b) on two units, a real vector and a state that is not zero."""
    cell = [[1.0, 2.0], [0.0, -1.0]], [[0.5, 0.0], [1.0, -1.0]], [0.1, 0.2]
    h = step(cell, [0.3, -0.4], [0.2, 0.6])
    assert h == pytest.approx([math.tanh(0.3 - 0.8 + 0.1 + 0.1), math.tanh(0.4 + 0.2 - 0.6 + 0.2)], rel=1e-15)


def test_forward_repeats_the_step(network):
    """hs[0] is h_0, and hs[t] is the step applied t times."""
    hs = forward(network.cell, network.xs, network.h_0)
    assert len(hs) == T + 1
    h = network.h_0
    for t, x in enumerate(network.xs):
        assert hs[t] == h
        h = step(network.cell, x, h)
    assert hs[T] == h


def test_a_one_hot_vector_looks_up_a_column():
    """W one_hot(k) is column k of W."""
    W = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert [times(W, one_hot(k, 3)) for k in range(3)] == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]


def test_the_loss_of_equal_logits_is_log_v():
    """A readout of zeros knows nothing: log V nats per character, whatever comes."""
    hs = numbers(random.Random(1), 4, H)
    assert loss(([[0.0] * H] * V, [0.0] * V), hs, [0, 3, 4])[0] == pytest.approx(math.log(V), rel=1e-15)


def test_the_loss_is_the_mean_of_minus_log_p():
    """Two steps with probabilities known by hand: p = 1/4 and then p = 9/10, so the mean of log 4 and log 10/9."""
    readout = [[math.log(3.0)], [0.0]], [0.0, 0.0]
    L = loss(readout, [[9.9], [1.0], [2.0]], [1, 0])[0]
    assert L == pytest.approx((math.log(4) + math.log(10 / 9)) / 2, rel=1e-15)


def test_an_unlikely_target_has_a_finite_loss():
    """Where p underflows to 0 the loss is still the difference of the logits."""
    assert loss(([[1.0], [0.0]], [0.0, -800.0]), [[0.0], [0.0]], [1])[0] == pytest.approx(
        800 - math.log(1), rel=1e-3
    )


def test_sum_outer_is_a_sum_over_time():
    """u_1 v_1^T + u_2 v_2^T by hand."""
    assert sum_outer([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0, 2.0], [0.0, 5.0, 1.0]]) == [[1, 15, 5], [2, 20, 8]]


# The gradient


def test_every_gradient_agrees_with_central_differences(network):
    """Each weight and h_0, at T = 12, h_0 not zero, weights of order one: relative error below 1e-8, array by array."""
    errors = misses(network)
    assert set(errors) == {"W_xh", "W_hh", "b", "W_hy", "b_y", "h_0"}
    assert max(errors.values()) < 1e-8, errors


BUGS = {
    "the future dropped": ("plus(dh_out[t - 1], dh)", "dh_out[t - 1]"),
    "no slope": (" * (1 - h_i**2)", ""),
    "the slope of the step before": ("zip(dh, hs[t]", "zip(dh, hs[t - 1]"),
    "W for its transpose": ("times(transposed(W_hh), da)", "times(W_hh, da)"),
    "the last step for the sum": ("das = [da, *das]", "das = [*[[0.0] * len(da) for _ in das], da]"),
    "the state after for the state before": ("hs[:-1]", "hs[1:]"),
    "the last state for h_0": ("hs[:-1]", "[hs[-1], *hs[1:-1]]"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_each_classic_bug_in_the_backward_pass_is_caught(network, monkeypatch, bug):
    """Planted in the source of `backward`, it makes some gradient miss by more than a tenth."""
    right, wrong = BUGS[bug]
    source = inspect.getsource(backward)
    assert source.count(right) == 1
    namespace = dict(vars(scalar))
    exec(source.replace(right, wrong), namespace)
    monkeypatch.setitem(globals(), "backward", namespace["backward"])
    assert max(misses(network).values()) > 0.1


# Training


def test_a_training_step_goes_down_the_gradient(network):
    """Every weight w becomes w - rate dw, in place, and the loss before the step is returned."""
    before, gradients = network.loss(), deepcopy(network.gradients())
    L = train(network.cell, network.readout, network.xs, network.targets, network.h_0, 0.25)
    assert before == L
    for name, (array, _) in network.gradients().items():
        old, gradient = gradients[name]
        rate = 0 if name == "h_0" else 0.25
        new = [row[j] for row, j in entries(array)]
        expected = [
            a[j] - rate * g[j] for (a, j), (g, _) in zip(entries(old), entries(gradient), strict=True)
        ]
        assert new == pytest.approx(expected, rel=1e-14), name


def test_a_character_sequence_is_learned():
    """On 'abbc' over and over the network gets from log V to nearly 0: it needs its state, for b has two successors."""
    rng, ids = random.Random(3), [0, 1, 1, 2] * 4
    cell = numbers(rng, 8, 3), [[w / 3 for w in row] for row in numbers(rng, 8, 8)], [0.0] * 8
    readout = numbers(rng, 3, 8), [0.0] * 3
    xs = [one_hot(k, 3) for k in ids[:-1]]
    losses = [train(cell, readout, xs, ids[1:], [0.0] * 8, 0.5) for _ in range(300)]
    assert losses[0] > 0.8
    assert losses[-1] < 0.05


# The promise


def test_it_is_pure_python_in_under_80_lines():
    """Nothing but `math` is imported, and a reader sees the whole on one screen or two."""
    source = inspect.getsource(scalar)
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
    }
    assert imported == {"math", "exp", "log", "tanh"}
    assert len(source.splitlines()) < 80


def test_vectors_of_the_wrong_length_are_refused(network):
    """An x of D + 1 numbers, or a target too many, is an error and not a silent truncation."""
    with pytest.raises(ValueError, match="argument 2 is longer"):
        step(network.cell, [1.0] * (D + 1), network.h_0)
    with pytest.raises(ValueError, match="argument 2 is longer"):
        loss(network.readout, forward(network.cell, network.xs, network.h_0), [*network.targets, 0])


@pytest.mark.parametrize("targets", [[0, -1], [0, 3], []])
def test_ids_of_no_character_are_refused(targets):
    """-1 was read as the last character, and its chance pulled by none."""
    readout = ([[0.5], [0.25], [1.0]], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="targets must be at least one id, from 0 to 2, got"):
        scalar.loss(readout, [[0.0], [0.1], [0.2]][: len(targets) + 1], targets)


@pytest.mark.parametrize("size", [800.0, 1e6])
def test_large_logits_do_not_overflow(size):
    """exp(710) is no float; one logit by far the largest costs nothing, the others their distance."""
    readout = ([[0.0], [0.0]], [size, 0.0])
    assert scalar.loss(readout, [[0.0], [0.0]], [0])[0] == 0
    assert scalar.loss(readout, [[0.0], [0.0]], [1])[0] == size
    assert scalar.loss((readout[0], [-size, -size]), [[0.0], [0.0]], [1])[0] == pytest.approx(
        0.6931, abs=1e-4
    )

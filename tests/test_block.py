"""One block of attention takes the recall tasks as a recurrent model does, and its gradients are right."""

import numpy as np
import pytest

from ch5.data import recall
from ch5.data.recall import AddingTask, RecallTask
from ch5.engine import gradcheck
from ch5.engine.optimise import Adam
from ch5.networks.attention import Attention, positions
from ch5.networks.block import RecallByAttention, WithoutPositions
from ch5.networks.readout import Readout

H = 4


def block_of(kind, width, answers, rng):
    """A block whose weights are of order one."""
    head = Attention(*(rng.normal(size=(H, H)) for _ in range(3)))
    readout = Readout(rng.normal(size=(answers, H)), rng.normal(size=answers))
    return kind(head, readout, rng.normal(size=(H, width)))


TASKS = [RecallTask(lag=12, symbols=3, distractors=1.0, noise=0.1), AddingTask(steps=13)]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", [RecallByAttention, WithoutPositions])
def test_every_gradient_agrees_with_the_complex_step(kind, task, rng):
    """For ids and for numbers as targets; every weight's gradient, and the input's."""
    block = block_of(kind, task.width, task.answers, rng)
    x, targets = task.batch(rng, 3)
    _, gradient = block.loss_and_gradient((x, targets))

    def loss(*arrays):
        *head, W_hy, b_y, W_xu, x = arrays
        return kind(Attention(*head), Readout(W_hy, b_y), W_xu).loss_and_gradient((x, targets))[0]

    weights = block.arrays().values()
    *numeric, dx = gradcheck.complex_step(loss, *weights, x)
    assert type(gradient) is kind
    for analytic, exact in zip(gradient.arrays().values(), numeric, strict=True):
        assert gradcheck.relative_error(analytic, exact) < 1e-12
    assert gradcheck.relative_error(block.backward((x, targets))[2], dx) < 1e-12


def test_the_outputs_are_attention_over_marked_steps_read_at_the_last(rng):
    block = block_of(RecallByAttention, 3, 5, rng)
    x = rng.normal(size=(9, 2, 3))
    for b in range(2):
        u = x[:, b] @ block.W_xu.T + positions(9, H)
        y, _ = block.attention.forward(u)
        expected = block.readout.W_hy @ y[-1] + block.readout.b_y
        assert gradcheck.relative_error(block.outputs(x)[0, b], expected) < 1e-13


def test_ids_give_the_outputs_and_the_gradient_of_their_one_hot_vectors_and_no_dx(rng):
    block, ids, targets = (
        block_of(RecallByAttention, 3, 3, rng),
        rng.integers(3, size=(9, 2)),
        np.array([[0, 2]]),
    )
    of_ids, of_vectors = (block.loss_and_gradient((x, targets))[1] for x in (ids, np.eye(3)[ids]))
    assert gradcheck.relative_error(of_ids.vector(), of_vectors.vector()) < 1e-13
    assert block.backward((ids, targets))[2] is None


def trained(kind, task):
    """The accuracy on a fresh batch after 300 updates of Adam from the initial weights of seed 1."""
    rng = np.random.default_rng(1)
    block = kind(*RecallByAttention.initialise(rng, 16, task.width, task.answers))
    theta = block.vector()
    block, optimiser = block.with_vector(theta), Adam(0.01)
    for _ in range(300):
        optimiser.update(theta, block.loss_and_gradient(task.batch(rng, 32))[1].vector())
    x, targets = task.batch(rng, 500)
    return recall.accuracy(block.outputs(x), targets)


def test_trained_it_recalls_among_distractors_and_without_positions_it_cannot():
    """Every step shows a symbol as loud as the first: which came first is a matter of order alone."""
    task = RecallTask(lag=30, symbols=4, distractors=1.0, noise=0.1)
    assert trained(RecallByAttention, task) > 0.95
    assert trained(WithoutPositions, task) < 0.5


def test_initial_weights_are_uniform_by_fan_in_and_the_block_fits_its_task(rng):
    block = RecallByAttention.initialise(rng, 32, 8, 5)
    assert block.outputs(np.zeros((6, 3, 8))).shape == (1, 3, 5)
    for name, W in block.arrays().items():
        bound = 0 if name == "readout.b_y" else W.shape[-1] ** -0.5
        assert 0.9 * bound <= abs(W).max() <= bound


@pytest.mark.parametrize(
    ("attention", "readout", "message"),
    [
        ((H, 3), (2, H), r"attention\.W_q must have 4 columns, got shape \(4, 3\)"),
        ((H, H), (2, 3), r"readout\.W_hy must have 4 columns, got shape \(2, 3\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused(attention, readout, message):
    head = Attention(*np.ones((3, *attention)))
    with pytest.raises(ValueError, match=message):
        RecallByAttention(head, Readout(np.ones(readout), np.ones(readout[0])), np.ones((H, 5)))


@pytest.mark.parametrize(
    ("sizes", "letter"), [((0, 2, 2), "H"), ((2, 0, 2), "D"), ((2, 2, 0), "V"), ((2, 2.0, 2), "D")]
)
def test_initial_weights_say_which_size_is_none(rng, sizes, letter):
    with pytest.raises((TypeError, ValueError), match=f"{letter} must be"):
        RecallByAttention.initialise(rng, *sizes)


def test_initial_weights_take_every_kind_of_integer(integer):
    of_kind = RecallByAttention.initialise(np.random.default_rng(0), integer(16), integer(3), integer(4))
    assert np.array_equal(
        of_kind.vector(), RecallByAttention.initialise(np.random.default_rng(0), 16, 3, 4).vector()
    )

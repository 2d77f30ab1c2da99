"""The recall tasks say what they claim, their baselines are what they cost, and the model's gradients are right."""

import numpy as np
import pytest

from ch5.data import recall
from ch5.data.recall import AddingTask, CopyTask, RecallTask, WarpedTask
from ch5.engine import gradcheck
from ch5.networks import readout
from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel


def model(rng, width, answers, H=4):
    """A model whose weights are of order one."""
    cell = VanillaCell(rng.normal(size=(H, width)), rng.normal(size=(H, H)), rng.normal(size=H))
    return SequenceModel(cell, Readout(rng.normal(size=(answers, H)), rng.normal(size=answers)))


def test_the_first_step_shows_the_answer_and_no_other_step_knows_it(rng):
    """Each symbol comes first about equally often, and how often a later step repeats it is chance."""
    x, targets = RecallTask(lag=7, symbols=4, distractors=1.0).batch(rng, 20_000)
    assert x.shape == (8, 20_000, 4)
    assert targets.shape == (1, 20_000)
    np.testing.assert_array_equal(x[:1].argmax(axis=-1), targets)
    assert np.abs(np.bincount(targets[0]) / 20_000 - 1 / 4).max() < 0.02
    assert np.abs((x[1:].argmax(axis=-1) == targets).mean(axis=1) - 1 / 4).max() < 0.02


@pytest.mark.parametrize("loudness", [0.0, 0.3, 1.0])
def test_distractors_are_single_symbols_as_loud_as_asked(rng, loudness):
    x, _ = RecallTask(lag=5, symbols=3, distractors=loudness).batch(rng, 50)
    np.testing.assert_array_equal(np.sort(x[1:], axis=-1), np.broadcast_to([0, 0, loudness], (5, 50, 3)))
    np.testing.assert_array_equal(x[0].sum(axis=-1), 1)


def test_noise_has_the_standard_deviation_asked_for_at_every_step(rng):
    task = RecallTask(lag=3, symbols=2, noise=0.25)
    x, targets = task.batch(rng, 50_000)
    x[0, np.arange(50_000), targets[0]] -= 1
    np.testing.assert_allclose(x.std(axis=(1, 2)), 0.25, rtol=0.02)
    np.testing.assert_allclose(x.mean(axis=(1, 2)), 0, atol=0.005)


def test_a_constant_answer_is_right_once_in_so_many_symbols(rng):
    for symbols in (2, 8):
        task = RecallTask(lag=2, symbols=symbols)
        _, targets = task.batch(rng, 50_000)
        constant = np.eye(symbols)[np.full((1, 50_000), 1)]
        assert recall.accuracy(constant, targets) == pytest.approx(task.baseline, abs=0.01)


def test_two_numbers_are_marked_one_in_either_half_and_the_target_is_their_sum(rng):
    x, targets = AddingTask(steps=9).batch(rng, 400)
    assert x.shape == (9, 400, 2)
    assert x[..., 0].min() >= 0
    assert x[..., 0].max() <= 1
    np.testing.assert_array_equal(x[:4, :, 1].sum(axis=0), 1)
    np.testing.assert_array_equal(x[4:, :, 1].sum(axis=0), 1)
    for b in range(400):
        assert targets[0, b] == pytest.approx(sum(number for number, mark in x[:, b] if mark))


def test_always_answering_one_costs_a_sixth_in_the_adding_task(rng):
    """And no constant costs less; 1/6, not the 0.1767 that is often printed, which is 10 standard errors away."""
    task = AddingTask(steps=10)
    _, targets = task.batch(rng, 40_000)
    cost = {c: readout.loss(np.full((1, 40_000, 1), c), targets)[0].mean() for c in (0.9, 1.0, 1.1)}
    error = readout.loss(np.ones((1, 40_000, 1)), targets)[0].std() / 200
    assert task.baseline == 1 / 6
    assert abs(cost[1.0] - task.baseline) < 4 * error
    assert abs(cost[1.0] - 0.1767) > 8 * error
    assert cost[1.0] < min(cost[0.9], cost[1.1])


def test_copying_shows_ten_symbols_and_asks_for_them_after_the_signal(rng):
    inputs, targets = CopyTask(lag=5).batch(rng, 300)
    assert inputs.shape == targets.shape == (25, 300)
    np.testing.assert_array_equal(inputs[:10], targets[15:])
    np.testing.assert_array_equal(np.unique(inputs[:10]), np.arange(1, 9))
    np.testing.assert_array_equal(inputs[10:, 0], [0] * 4 + [9] + [0] * 10)
    assert (inputs[10:] == inputs[10:, :1]).all()
    assert (targets[:15] == 0).all()


def test_knowing_when_to_speak_but_not_what_costs_the_baseline_of_the_copy_task(rng):
    """A memoryless speaker: blank for sure up to the signal, one of eight after it. Its mean loss is exact."""
    task = CopyTask(lag=40)
    _, targets = task.batch(rng, 7)
    probabilities = np.zeros((60, 7, 9))
    probabilities[:50, :, 0], probabilities[50:, :, 1:] = 1, 1 / 8
    costs = -np.log(np.take_along_axis(probabilities, targets[..., None], axis=-1))
    assert costs.mean() == pytest.approx(task.baseline)


def test_a_character_model_reads_the_copy_task(rng):
    task = CopyTask(lag=3)
    cell = VanillaCell(rng.normal(size=(4, task.width)), rng.normal(size=(4, 4)), np.zeros(4))
    loss, _ = SequenceModel(
        cell, Readout(np.zeros((task.answers, 4)), np.zeros(task.answers))
    ).loss_and_gradient(task.batch(rng, 6))
    assert loss == pytest.approx(np.log(9))


@pytest.mark.parametrize(
    "task", [RecallTask(lag=12, symbols=3, distractors=1.0, noise=0.1), AddingTask(steps=13)]
)
def test_every_gradient_agrees_with_the_complex_step(rng, task):
    """For ids and for numbers as targets; the weights' gradient, and the input's."""
    net = model(rng, task.width, task.answers)
    x, targets = task.batch(rng, 3)
    _, gradient = net.loss_and_gradient((x, targets))

    def loss(theta, x):
        return net.with_vector(theta).loss_and_gradient((x, targets))[0]

    dtheta, dx = gradcheck.complex_step(loss, net.vector(), x)
    assert gradcheck.relative_error(gradient.vector(), dtheta) < 1e-12
    assert gradcheck.relative_error(net.backward((x, targets))[2], dx) < 1e-12


def test_the_same_generator_draws_the_same_batch_and_the_next_draw_differs():
    for task in (RecallTask(4, 3, 1.0, 0.1), AddingTask(6), CopyTask(2)):
        rng = np.random.default_rng(1)
        first, second = task.batch(rng, 5), task.batch(rng, 5)
        again = task.batch(np.random.default_rng(1), 5)
        np.testing.assert_array_equal(first[0], again[0])
        assert not np.array_equal(first[0], second[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RecallTask(lag=0), "lag must be at least 1, got 0"),
        (lambda: RecallTask(lag=1, symbols=1), "symbols must be at least 2, got 1"),
        (
            lambda: RecallTask(lag=1, distractors=-1),
            "distractors must be a finite number of at least 0, got -1",
        ),
        (lambda: RecallTask(lag=1, noise=np.nan), "noise must be a finite number of at least 0, got nan"),
        (lambda: AddingTask(steps=1), "steps must be at least 2, got 1"),
        (lambda: CopyTask(lag=0), "lag must be at least 1, got 0"),
        (
            lambda: CopyTask(lag=1).batch(np.random.default_rng(), 0),
            "size must be at least 1",
        ),
    ],
)
def test_a_task_that_cannot_be_set_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_targets_that_do_not_fit_the_outputs_are_refused(rng):
    net = model(rng, 2, 1)
    x, targets = AddingTask(steps=5).batch(rng, 3)
    with pytest.raises(
        ValueError, match=r"targets must be ids \(1, 3\) or numbers of shape \(1, 3, 1\), got shape \(1, 3\)"
    ):
        net.loss_and_gradient((x, targets[..., 0]))


def test_the_accuracy_is_of_one_target_a_sequence_and_answer(rng):
    """One axis too many would be held against every output, a batch of one against all: refused, and so is id -1."""
    outputs, targets = rng.normal(size=(2, 6, 3)), np.array([[0, 1, 2, 0, 1, 2]])
    right = np.mean([row.argmax() == target for row, target in zip(outputs[-1], targets[0], strict=True)])
    assert recall.accuracy(outputs, targets) == recall.accuracy(outputs.tolist(), targets.tolist()) == right
    wrong = (
        targets[0],
        targets[..., None],
        targets[:, :1],
        targets.astype(float),
        targets == 0,
        0,
        targets[:, :5],
    )
    for bad in (*wrong, np.zeros((3, 6), int)):
        with pytest.raises(ValueError, match=r"targets must be ids of shape \(A, 6\), A from 1 to 2, got"):
            recall.accuracy(outputs, bad)
    for outside in (targets - 1, targets + 1):
        with pytest.raises(ValueError, match="targets must hold ids from 0 to 2"):
            recall.accuracy(outputs, outside)
    for bad in (outputs[0], outputs[:, :0], outputs[..., None], outputs * np.nan):
        with pytest.raises(ValueError, match=r"outputs must be numbers of shape \(T, B, V\), B at least 1"):
            recall.accuracy(bad, targets)


def test_the_accuracy_takes_ids_of_every_kind(rng, integer):
    outputs, targets = rng.normal(size=(1, 200, 3)), rng.integers(3, size=(1, 200))
    assert recall.accuracy(outputs, targets.astype(integer)) == recall.accuracy(outputs, targets)


@pytest.mark.parametrize("task", [RecallTask, CopyTask])
def test_the_tasks_count_with_every_kind_of_integer(task, integer):
    """lag + 1 at np.int8(127) and lag + 20 at np.int8(120) would overflow."""
    top = min(np.iinfo(integer).max, 127)
    x, _ = task(integer(top)).batch(np.random.default_rng(0), 3)
    np.testing.assert_array_equal(x, task(top).batch(np.random.default_rng(0), 3)[0])


def test_a_lag_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="lag must be"):
        RecallTask(True)


def test_a_lag_drawn_for_every_sequence_begins_late_and_ends_with_the_others(rng):
    """Silence, then the symbol, then distractors as loud; lags from the shortest to the longest, each as likely."""
    task = RecallTask(30, symbols=4, distractors=1, shortest=10)
    x, first = task.batch(rng, 2000)
    begins = x.any(axis=-1).argmax(axis=0)
    assert x.shape == (31, 2000, 4)
    assert set(begins) == set(range(21))
    assert np.bincount(begins).min() > 60  # of about 95
    np.testing.assert_array_equal(x[begins, np.arange(2000)].argmax(axis=-1), first[0])
    for b, at in enumerate(begins[:50]):
        assert not x[:at, b].any()
        np.testing.assert_array_equal(x[at:, b].sum(axis=-1), 1)
    with pytest.raises(ValueError, match="shortest must be from 1 to 30, got 31"):
        RecallTask(30, shortest=31)


@pytest.mark.parametrize(("even", "lasts"), [(True, {8}), (False, set(range(1, 30)))])
def test_a_warped_input_stays_for_the_same_number_of_steps_or_for_a_random_one(even, lasts, rng):
    """Four inputs in 32 steps, neighbours never alike, so every change is seen; the answers are those asked for."""
    x, first = WarpedTask(4, 5, 8, even, asked=0).batch(rng, 20_000)
    assert x.shape == (32, 20_000, 5)
    shown = x.argmax(axis=-1)
    changes = np.diff(shown, axis=0) != 0
    np.testing.assert_array_equal(changes.sum(axis=0), 3)
    np.testing.assert_array_equal(shown[:1], first)
    starts = 1 + np.argwhere(changes.T)[:, 1].reshape(-1, 3)
    assert set(np.diff(starts, axis=1).ravel()) | set(starts[:, 0]) == lasts
    np.testing.assert_allclose([starts[:, 0].mean(), (32 - starts[:, 2]).mean()], 8, atol=0.15)


def test_every_way_to_fill_the_steps_is_as_likely(rng):
    """Three inputs in six steps: ten ways to place two changes."""
    shown = WarpedTask(3, 4, 2, False, 0).batch(rng, 50_000)[0].argmax(axis=-1)
    ways, counts = np.unique(np.diff(shown, axis=0) != 0, axis=1, return_counts=True)
    assert ways.shape == (5, 10)
    np.testing.assert_allclose(counts / 50_000, 0.1, atol=0.01)


def test_the_input_before_the_last_is_the_one_before_the_last_change(rng):
    x, before = WarpedTask(4, 5, 3, False, asked=-2).batch(rng, 500)
    for shown, answer in zip(x.argmax(axis=-1).T, before[0], strict=True):
        assert shown[shown != shown[-1]][-1] == answer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 4, 2, True, 0), "inputs must be at least 2, got 1"),
        ((4, 4, 0, True, 0), "stretch must be at least 1, got 0"),
        ((4, 4, 2, True, 4), "asked must be from -4 to 3, got 4"),
        ((4, 4, 2, True, 0, -1), "noise must be a finite number of at least 0, got -1"),
    ],
)
def test_a_warped_task_says_what_it_needs(arguments, message):
    with pytest.raises(ValueError, match=message):
        WarpedTask(*arguments)

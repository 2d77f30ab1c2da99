"""The horizon's instruments: intervals, the lag of half success, and runs that can be told from chance."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.data.recall import RecallTask
from ch5.engine import gradcheck
from ch5.experiments import horizon, record

BUDGET = horizon.SETTINGS["budget"]
SHORT = {**BUDGET, "updates": 100, "test": 64}
EASY = RecallTask(5, symbols=2, noise=0.1)
orthogonal = partial(horizon.vanilla, "orthogonal", 32)


@pytest.mark.parametrize(("successes", "runs"), [(0, 20), (1, 20), (10, 20), (20, 20), (3, 7)])
def test_the_ends_of_wilsons_interval_are_z_standard_errors_away_by_their_own_rate(successes, runs):
    """The equation that defines it: |p - rate| = z sqrt(p (1 - p) / n), solved here by neither formula nor table."""
    for p in map(float, horizon.wilson(successes, runs)):
        assert abs(p - successes / runs) == pytest.approx(
            1.96 * np.sqrt(max(p * (1 - p), 0) / runs), abs=1e-7
        )


def test_wilsons_interval_of_half_of_twenty_is_the_one_in_the_tables():
    low, high = horizon.wilson(10, 20)
    assert (round(float(low), 3), round(float(high), 3)) == (0.299, 0.701)


def test_the_horizon_lies_where_the_rate_crosses_one_half_on_a_log_scale():
    """All of 20 at lag 10, none at 1000: half way on a log scale is 100, and the interval surrounds it."""
    lag, low, high = horizon.horizon([10, 1000], [20, 0], 20)
    assert lag == pytest.approx(100)
    assert 10 < low < 100 < high < 1000


@pytest.mark.parametrize(
    ("successes", "expected"), [([20, 20, 20], np.inf), ([0, 0, 0], 0), ([20, 11, 20], np.inf)]
)
def test_a_horizon_outside_the_lags_measured_is_said_to_be_so(successes, expected):
    assert horizon.horizon([1, 10, 100], successes, 20).lag == expected


def test_the_interval_says_not_reached_where_the_data_cannot_tell():
    """Twelve of 20 at the longest lag: the rate is above one half, its lower end is not."""
    assert horizon.horizon([10, 100], [20, 12], 20)[::2] == (np.inf, np.inf)
    assert 10 < horizon.horizon([10, 100], [20, 12], 20).low < 100


@pytest.mark.parametrize("initial", horizon.INITIAL)
def test_every_kind_of_initial_weights_learns_to_recall_over_five_steps(initial):
    result = horizon.train(partial(horizon.vanilla, initial, 32), EASY, 0, BUDGET)
    assert result["success"]
    assert result["accuracy"] >= 0.95
    assert result["updates"] < BUDGET["updates"]
    assert result["losses"].shape == (20,)


@pytest.mark.parametrize(
    ("initial", "check"),
    [
        ("gaussian", lambda W: np.abs(np.linalg.eigvals(W)).max() == pytest.approx(1, rel=1e-5)),
        ("orthogonal", lambda W: np.allclose(W.T @ W, np.eye(32), atol=1e-5)),
        ("identity", lambda W: np.array_equal(W, np.eye(32))),
        ("uniform", lambda W: 0.95 / np.sqrt(32) < np.abs(W).max() <= 1 / np.sqrt(32) + 1e-7),
    ],
)
def test_the_initial_weights_are_what_their_name_says(rng, initial, check):
    model = horizon.vanilla(initial, 32, rng, 2, 2)
    assert check(model.cell.W_hh)
    assert model.dtype == np.float32
    assert not model.cell.b.any()


def test_what_cannot_be_learned_is_not_called_a_success():
    """Targets drawn apart from the input leave training, guessing and a constant answer at chance."""

    class Unrelated(RecallTask):
        def batch(self, rng, size, dtype=np.float64):
            x, targets = super().batch(rng, size, dtype)
            return x, rng.permuted(targets, axis=1)

    task = Unrelated(5, symbols=2)
    for measured in (horizon.train(orthogonal, task, 0, BUDGET), horizon.guess(orthogonal, task, 0, SHORT)):
        assert not measured["success"]
        assert 0.3 < measured["accuracy"] < 0.7
    assert horizon.constant(task, 0, BUDGET) == pytest.approx(0.5, abs=0.1)


def test_a_guess_is_counted_only_if_it_passes_the_test_set():
    """One bit over five steps is guessed; one of eight symbols among distractors is not."""
    found = horizon.guess(orthogonal, EASY, 0, BUDGET)
    assert found["success"]
    assert found["accuracy"] >= 0.95
    hard = horizon.guess(orthogonal, RecallTask(5, symbols=8, distractors=1.0, noise=0.1), 0, SHORT)
    assert not hard["success"]
    assert hard["updates"] == 100


def test_the_reach_is_the_change_of_the_loss_by_the_first_and_last_input():
    """By central differences, sequence by sequence."""
    model = horizon.vanilla("orthogonal", 8, np.random.default_rng(0), 2, 2)
    x, targets = RecallTask(6, noise=0.1).batch(np.random.default_rng(1), 3)
    first, last = horizon.input_gradient_norms(model, x, targets)
    double = model.astype(np.float64)
    norms = []
    for b in range(3):
        (dx,) = gradcheck.central_difference(
            lambda x, b=b: double.loss_and_gradient((x, targets[:, b : b + 1]))[0], x[:, b : b + 1]
        )
        norms.append(np.linalg.norm(dx[:, 0], axis=-1)[[0, -1]])
    np.testing.assert_allclose([first, last], np.mean(norms, axis=0), rtol=1e-6)


def test_the_reach_over_500_steps_is_small_but_not_lost():
    model = horizon.vanilla("uniform", 32, np.random.default_rng(0), 2, 2)
    first, last = horizon.input_gradient_norms(model, *RecallTask(500).batch(np.random.default_rng(1), 4))
    assert 0 < first < 1e-60 < 1e-2 < last


def test_a_run_is_the_same_every_time_and_no_two_updates_see_the_same_batch():
    first, second = (horizon.train(orthogonal, RecallTask(20, 4, 1.0), 3, SHORT) for _ in range(2))
    np.testing.assert_array_equal(first.pop("losses"), second.pop("losses"))
    assert first == second
    fresh = horizon.Fresh(EASY, seed=3, updates=4, size=8)
    seen = {fresh[k][0].tobytes() for k in range(4)} | {horizon.Fresh(EASY, 4, 4, 8)[0][0].tobytes()}
    assert len(seen) == 5


def test_any_model_with_outputs_and_gradients_can_be_measured():
    """The make decides: here a smaller cell of float64, which `train` knows nothing about."""

    def make(rng, width, answers):
        model = horizon.vanilla("orthogonal", 12, rng, width, answers)
        return model.astype(np.float64)

    assert horizon.train(make, EASY, 0, BUDGET)["success"]


@pytest.mark.parametrize(
    "point",
    [
        {"task": "easy", "lag": 20, "model": "orthogonal", "seed": 0},
        {"task": "middle", "lag": 10, "model": "gaussian", "seed": 0},
        {"task": "hard", "lag": 5, "model": "uniform", "seed": 0},
    ],
)
def test_what_was_recorded_comes_out_again(point):
    """Of the recorded run: the gradient before training and the first 20 losses to 1e-5, and the outcome."""
    (then,) = record.load(horizon.EXPERIMENT).where(**point)
    now = horizon.EXPERIMENT.measure(point)
    np.testing.assert_allclose(now["losses"], then["losses"], rtol=1e-5)
    np.testing.assert_allclose(now["gradient"]["first"], then["gradient"]["first"], rtol=1e-5)
    assert now["success"] == then["success"]


def test_wilsons_interval_ends_exactly_at_0_and_1(integer):
    """Where no run or every run succeeds; in float64 for every kind of integer, and the same from the other side."""
    for n in (1, 3, 7, 20, 100):
        low, high = horizon.wilson(integer(0), integer(n))
        assert (low, 1.96**2 / n / (1 + 1.96**2 / n)) == (0, pytest.approx(float(high), rel=1e-14))
        assert horizon.wilson(integer(n), integer(n)) == (pytest.approx(1 - high, rel=1e-14), 1)
        assert horizon.wilson(integer(1), integer(n)) == horizon.wilson(1, n)


@given(st.integers(1, 10**18), st.floats(0, 1), st.floats(1e-50, 1e50))
def test_wilsons_interval_holds_the_rate_and_stays_from_0_to_1(n, share, z):
    k = min(int(share * n), n)
    low, high = horizon.wilson(k, n, z)
    assert 0 <= low <= k / n + 1e-15
    assert k / n - 1e-15 <= high <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0), "runs must be at least 1"),
        ((1, np.nan), "runs must be at least 1"),
        ((3, 2), "successes must be from 0 to runs, 2, got 3"),
        (([1, -1], 2), "successes must be from 0 to runs"),
        ((1, 2, 0), "z must be above 0"),
    ],
)
def test_counts_that_are_none_have_no_interval(arguments, message):
    with pytest.raises(ValueError, match=message):
        horizon.wilson(*arguments)

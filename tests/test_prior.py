"""The experiment of C5: what its sequences hold, and what its two networks compute."""

import numpy as np
import pytest

from ch5.engine import gradcheck
from ch5.experiments import prior


def spelt(x):
    return ["".join(prior.LETTERS[i] for i in column) for column in x.T]


@pytest.mark.parametrize(("length", "position"), [(10, 0), (10, 4), (10, 8), (50, 30)])
def test_twins_differ_only_in_the_order_of_the_marks(rng, length, position):
    """Half of the sequences hold "ab" once, at the position asked for; their twins hold none."""
    x = prior.twins(rng, length, np.full(40, position))
    for with_ab, without in zip(spelt(x[:, :40]), spelt(x[:, 40:]), strict=True):
        assert with_ab.count("ab") == 1
        assert with_ab.index("ab") == position
        assert without.count("ab") == 0
        assert without == with_ab.replace("ab", "ba")


def test_training_holds_every_letter_everywhere_but_the_pattern_only_where_it_is_seen():
    """What the MLP lacks at an unseen position is the pattern, not its letters."""
    stream = prior.Stream("both ends", seed=1, updates=40, batch=64)
    x = np.concatenate([stream[k][0] for k in range(len(stream))], axis=1)
    shares = np.array([(x == letter).mean(axis=1) for letter in range(4)])
    assert shares.min() > 0.1
    starts = {text.index("ab") for text in spelt(x) if "ab" in text}
    assert starts == set(prior.SEEN["both ends"])


@pytest.mark.parametrize(
    ("condition", "positions"),
    [("both ends", [3, 4, 5]), ("start only", [5, 6, 7, 8]), ("everywhere", []), ("last step", [3, 4, 5])],
)
def test_unseen_positions_share_no_slot_with_a_seen_one(condition, positions):
    assert prior.unseen(condition) == positions


def test_the_question_is_whether_ab_ends_here_or_whether_it_ever_did():
    x = np.array([[0, 1, 0], [1, 0, 2], [2, 1, 1]])  # columns abc, bab, acb
    np.testing.assert_array_equal(prior.answers(x, "both ends"), [[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(prior.answers(x, "last step"), [[1, 1, 0]])


@pytest.mark.parametrize("condition", ["both ends", "last step"])
@pytest.mark.parametrize("name", ["cell", "mlp"])
def test_the_gradient_of_both_networks_agrees_with_the_complex_step(rng, condition, name):
    model = prior.models(condition, 3, 4, rng)[name]
    model = model.with_vector(rng.normal(size=model.size))  # weights of order one, in float64
    batch = prior.Stream(condition, seed=1, updates=1, batch=6)[0]
    gradient = model.loss_and_gradient(batch)[1]
    (numeric,) = gradcheck.complex_step(
        lambda v: model.with_vector(v).loss_and_gradient(batch)[0], model.vector()
    )
    assert gradcheck.relative_error(gradient.vector(), numeric) < 1e-12


@pytest.mark.parametrize("condition", ["both ends", "last step"])
@pytest.mark.parametrize("name", ["cell", "mlp"])
def test_the_loss_is_the_mean_negative_log_chance_of_the_answers(rng, condition, name):
    model = prior.models(condition, 3, 4, rng)[name]
    x, asked = prior.Stream(condition, seed=1, updates=1, batch=6)[0]
    logits = model.outputs(x)[-len(asked) :].astype(float)
    chance = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    wanted = -np.mean([np.log(chance[(*at, asked[at])]) for at in np.ndindex(asked.shape)])
    assert model.loss_and_gradient((x, asked))[0] == pytest.approx(wanted, rel=1e-5)


def test_accuracy_is_asked_about_the_marks_alone():
    """A model that knows the rule is right everywhere; one that always says no is right half the time."""

    class Knows:
        def outputs(self, x):
            return np.eye(2)[prior.just_ended(x)]

    class SaysNo:
        def outputs(self, x):
            return np.broadcast_to([1.0, 0.0], (*x.shape, 2))

    np.testing.assert_array_equal(prior.accuracy(Knows(), "both ends", 10, seed=1, pairs=20), np.ones(9))
    np.testing.assert_array_equal(
        prior.accuracy(SaysNo(), "both ends", 10, seed=1, pairs=20), np.full(9, 0.5)
    )


def test_a_run_is_the_same_twice_and_another_seed_is_another_run():
    settings = prior.SETTINGS | {"updates": 12}
    first, again, other = (prior.run("both ends", seed, **settings) for seed in (3, 3, 4))
    for name in ("cell", "mlp"):
        np.testing.assert_array_equal(first[name]["early_losses"], again[name]["early_losses"])
        assert not np.allclose(first[name]["early_losses"], other[name]["early_losses"])

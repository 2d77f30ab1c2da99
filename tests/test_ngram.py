"""The n-gram model against a recursion over strings, Markov text against the text that it comes from."""

from collections import Counter

import numpy as np
import pytest

from ch5.analysis import ngram
from ch5.data import text


@pytest.fixture(scope="module")
def opening():
    """The first 5,000 characters of Alice and their vocabulary."""
    characters = text.alice()[:5000]
    vocabulary = text.Vocabulary.of(characters)
    return vocabulary, characters, vocabulary.encode(characters)


def witten_bell(training, V, context, c):
    """P(c | context) by the definition, on strings: every count is a search through the text."""
    followers = [
        training[i + len(context)]
        for i in range(len(training) - len(context))
        if training.startswith(context, i)
    ]
    shorter = 1 / V if context == "" else witten_bell(training, V, context[1:], c)
    n, d = len(followers), len(set(followers))
    return shorter if n == 0 else (followers.count(c) + d * shorter) / (n + d)


@pytest.mark.parametrize("order", range(6))
def test_the_losses_are_those_of_the_definition_on_strings(opening, order):
    """All 60 characters of a stretch that training did not see, from the first, which has nothing before it."""
    vocabulary, characters, ids = opening
    training, unseen = characters[:900], characters[3000:3060]
    model = ngram.NGram(ids[:900], len(vocabulary), order)
    p = [
        witten_bell(training, len(vocabulary), unseen[max(0, t - order) : t], c) for t, c in enumerate(unseen)
    ]
    np.testing.assert_allclose(model.losses(ids[3000:3060]), -np.log(p), rtol=1e-12)
    longer = ngram.NGram(ids[:900], len(vocabulary), 5)
    np.testing.assert_allclose(longer.losses_by_order(ids[3000:3060])[order], -np.log(p), rtol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_chances_add_up_to_one_and_are_those_of_the_losses(opening, order):
    vocabulary, _, ids = opening
    model = ngram.NGram(ids[:900], len(vocabulary), order)
    contexts = np.lib.stride_tricks.sliding_window_view(ids[3000:3059], 5)  # longer than the order: cut to it
    probabilities = model.probabilities(contexts)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    at_next = probabilities[np.arange(len(contexts) - 1), ids[3005:3059]]
    np.testing.assert_allclose(model.losses(ids[3000:3059])[5:], -np.log(at_next), rtol=1e-12)


def test_a_longer_context_helps_until_it_is_seldom_seen_again(opening):
    """On 148,459 characters, the first nine tenths to count: the order that does best on the tail is 4."""
    vocabulary = text.Vocabulary.of(text.alice())
    train, held = text.split(vocabulary.encode(text.alice()))
    losses = ngram.NGram(train, len(vocabulary), 5).losses_by_order(held).mean(axis=1)
    assert np.argmin(losses) == 4
    assert (np.diff(losses[:5]) < 0).all(), losses


@pytest.mark.parametrize("order", [0, 1, 3])
def test_markov_text_has_the_transitions_of_its_source(opening, order):
    """Every string of order + 1 characters is one of the source, joined end to start, and as frequent as there."""
    vocabulary, characters, ids = opening
    drawn = ngram.markov_text(ids, len(vocabulary), order, (400, 100), np.random.default_rng(1))
    source = Counter((characters + characters[:order])[i : i + order + 1] for i in range(len(characters)))
    lines = [vocabulary.decode(column) for column in drawn.T]
    found = Counter(line[i : i + order + 1] for line in lines for i in range(400 - order))
    assert found.keys() <= source.keys()
    total = sum(found.values())
    for gram, count in source.most_common(20):
        share = count / len(characters)
        assert abs(found[gram] / total - share) < 6 * np.sqrt(4 * share / total), gram


def test_markov_text_of_a_high_order_copies_its_source(opening):
    """A context that stands at one place alone leaves no choice."""
    vocabulary, characters, ids = opening
    characters, ids = characters[:40], ids[:40]
    (drawn,) = ngram.markov_text(ids, len(vocabulary), 8, (200, 1), np.random.default_rng(1)).T
    assert vocabulary.decode(drawn) in characters * 7


def test_noise_does_not_get_smaller_and_repetition_does():
    """5,000 characters of 7 bits each, and 2,500 times the same two."""
    rng = np.random.default_rng(1)
    noise = "".join(map(chr, rng.integers(0, 128, 5000)))  # 7 bits per character
    for name, size in ngram.compressed_bits(noise).items():
        assert 7 * 5000 <= size < 8.7 * 5000, name
        assert ngram.compressed_bits("ab" * 2500)[name] < 1600, name


@pytest.mark.parametrize(
    ("order", "needs"), [(-1, "at least 0"), (1.5, "a whole number"), (True, "a whole number")]
)
def test_an_order_that_is_no_count_is_refused(order, needs):
    with pytest.raises((TypeError, ValueError), match=f"order must be {needs}, got"):
        ngram.NGram(np.arange(10), 10, order)


@pytest.mark.parametrize("order", [63, 2**31, 2**63, 2**70])
def test_a_huge_order_is_refused_at_once(order):
    """Its power need not be worked out for that; and one character alone has a context for every place."""
    with pytest.raises(ValueError, match=rf"order must be smaller for 2 characters, got {order}"):
        ngram.NGram(np.zeros(10, int), 2, order)
    with pytest.raises(ValueError, match=rf"ids must be more than {order} ids"):
        ngram.markov_text(np.zeros(10, int), 1, order, (2, 2), np.random.default_rng(0))


def test_counts_do_not_depend_on_the_kind_of_integer(integer):
    """100 characters to the power of 2 + 1 are no int8, nor are their codes."""
    rng = np.random.default_rng(0)
    ids = rng.integers(100, size=500)
    found = ngram.NGram(ids.astype(integer), integer(100), integer(2))
    wanted = ngram.NGram(ids, 100, 2)
    assert np.array_equal(found.losses(ids.astype(integer)), wanted.losses(ids))
    assert np.array_equal(
        found.probabilities(ids[:6].reshape(2, 3).astype(integer)),
        wanted.probabilities(ids[:6].reshape(2, 3)),
    )
    texts = [
        ngram.markov_text(i, V, k, shape, np.random.default_rng(1))
        for i, V, k, shape in (
            (ids.astype(integer), integer(100), integer(1), (integer(9), integer(3))),
            (ids, 100, 1, (9, 3)),
        )
    ]
    assert np.array_equal(*texts)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.probabilities([[0.7, 1.2, 2.0]]),
        lambda m: m.probabilities([[True, False, True]]),
        lambda m: m.losses([0.5, 1.0, 2.0]),
        lambda m: m.losses([True, False]),
        lambda m: m.losses("abc"),
        lambda m: m.losses(np.array(1)),
    ],
)
def test_what_is_no_id_is_refused_and_not_rounded(call):
    """probabilities took 0.7 for the id 0."""
    with pytest.raises(ValueError, match=r"(contexts|ids) must .* ids.*got (float64|bool|<U3|int64)"):
        call(ngram.NGram(np.arange(3), 3, 1))


def test_ids_that_are_too_few_or_out_of_range_are_refused():
    with pytest.raises(ValueError, match="ids must be more than 3 ids in one row"):
        ngram.NGram(np.arange(3), 10, 3)
    with pytest.raises(ValueError, match="ids must hold ids from 0 to 4, got 0 to 9"):
        ngram.NGram(np.arange(10), 5, 1)
    with pytest.raises(
        ValueError,
        match=r"contexts must have shape \(M, 2 or more\) and hold ids, got int64 of shape \(4, 1\)",
    ):
        ngram.NGram(np.arange(10), 10, 2).probabilities(np.zeros((4, 1), int))


def test_codes_that_would_not_fit_in_64_bits_are_refused():
    with pytest.raises(ValueError, match="order must be smaller for 1114112 characters, got 4"):
        ngram.NGram(np.arange(10), 1_114_112, 4)

"""The statistics of the arc: by hand on small texts, by theory on random ones, and their intervals by simulation."""

from itertools import combinations

import numpy as np
import pytest

from ch5.analysis import text_statistics
from ch5.analysis.intervals import NothingCounted
from ch5.analysis.text_statistics import Book, Estimate
from ch5.data.text import Vocabulary

VOCABULARY = Vocabulary.of(" 'Aabcdeghilnorstz.é\n")


def pieces(*texts):
    """Texts of one length, side by side."""
    return np.stack([VOCABULARY.encode(text) for text in texts], axis=1)


def book(text):
    return Book.of(VOCABULARY, VOCABULARY.encode(text))


def test_the_interval_of_a_mean_is_that_of_the_textbook(rng):
    """1.96 standard deviations over the square root of the number of pieces."""
    counts = np.stack([rng.normal(5, 2, 40), np.ones(40)], axis=1)
    found = text_statistics.jackknife(counts, lambda n: n[..., 0] / n[..., 1])
    assert found.value == pytest.approx(counts[:, 0].mean())
    assert found.half == pytest.approx(1.96 * counts[:, 0].std(ddof=1) / np.sqrt(40))
    assert (found.low, found.high) == (found.value - found.half, found.value + found.half)


def test_the_interval_of_a_share_holds_the_truth_19_times_in_20(rng):
    """500 times 60 pieces with shares of their own around 0.3: between 92 and 98 % of the intervals hold it."""
    held = 0
    for _ in range(500):
        p = rng.beta(3, 7, 60)
        counts = np.stack([rng.binomial(50, p), np.full(60, 50)], axis=1)
        found = text_statistics.jackknife(counts, lambda n: n[..., 0] / n[..., 1])
        held += found.low < 0.3 < found.high
    assert 0.92 < held / 500 < 0.98


def test_the_distance_of_characters_is_the_total_variation():
    """The book has a, b at 3/4, 1/4; the pieces together 1/2, 1/2."""
    assert text_statistics.characters(pieces("aabb", "bbaa"), book("aaab")).value == pytest.approx(0.25)
    assert text_statistics.characters(pieces("aaba", "aaab"), book("aaab")).value == pytest.approx(0)
    assert text_statistics.characters(pieces("cccc", "dddd"), book("aaab")).value == pytest.approx(1)


def test_alternation_counts_pairs_of_letters_of_which_one_is_a_vowel():
    """Pairs: An, ne alternate, ée does not, cd does not; those with a blank or a point do not count."""
    assert text_statistics.alternation(pieces("Ane ", ".én "), VOCABULARY).value == 1
    assert text_statistics.alternation(pieces("Ane cd", ". n ée"), VOCABULARY).value == pytest.approx(2 / 4)


def test_spacing_compares_the_lengths_between_white_space():
    """The book has lengths 1, 1, 2, 2 inside; the piece 2 and 2: half of it is elsewhere. The ends do not count."""
    reference = book("aaaa a b\nab cd eeee")
    assert text_statistics.spacing(pieces("a ab  cd aaa", "aaa cd\nab  a"), reference).value == pytest.approx(
        0.5
    )


def test_real_words_are_words_of_the_book_by_their_length():
    """Three and four letters: ate, the, gate are the book's, tac and hen are not. Longer: cat's, alone, not aalon."""
    reference = book("a cat's ate on the gate alone")
    text = pieces(
        "ice Ate tac cat's al", "a the gate hen aalon", "on a alone on a on a", "a ate on a alone a a"
    )
    assert text_statistics.real_words(text, reference, "3-4").value == pytest.approx(4 / 6)
    assert (
        text_statistics.real_words(text, reference, "5+").value == 1
    )  # aalon is cut by the end, as far as the piece can tell
    assert text_statistics.real_words(
        pieces("a aalon a", "a alone a"), reference, "5+"
    ).value == pytest.approx(1 / 2)


def test_without_words_no_share_of_them_is_real():
    assert text_statistics.real_words(pieces("...", "..."), book("a b"), "5+") == (0, 0)


def test_words_that_are_cut_by_an_end_do_not_count():
    text = pieces("nat cat dog nat", "nat cat dog nat")
    assert text_statistics.real_words(text, book("cat"), "3-4").value == 0.5


def markov_chain(rng, T, B):
    """A chain over a, b, c and the exact information of two of its characters 1, 2 and 5 apart."""
    P = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.3, 0.2, 0.5]])
    stationary = np.linalg.matrix_power(P, 200)[0]
    x = np.empty((T, B), int)
    x[0] = rng.choice(3, p=stationary, size=B)
    for t in range(1, T):
        x[t] = (P.cumsum(axis=1)[x[t - 1]] < rng.random(B)[:, None]).sum(axis=1)
    exact = {}
    for d in (1, 2, 5):
        joint = stationary[:, None] * np.linalg.matrix_power(P, d)
        exact[d] = (joint * np.log(joint / np.outer(stationary, stationary))).sum()
    return VOCABULARY.encode("abc")[x], exact


def test_the_information_of_a_markov_chain_is_the_exact_one(rng):
    """At distances 1, 2 and 5 within twice the interval, and the intervals are narrow."""
    text, exact = markov_chain(rng, 400, 200)
    for distance, truth in exact.items():
        found = text_statistics.information(text, VOCABULARY, [distance])
        assert abs(found.value - truth) < 2 * found.half, (distance, truth, found)
        assert found.half < 0.02
    found = text_statistics.information(text, VOCABULARY, [1, 2, 5])
    assert abs(found.value - np.mean(list(exact.values()))) < 2 * found.half


def test_independent_characters_have_no_information_though_a_plain_estimate_finds_some(rng):
    """17 classes of 2,000 pairs: the plain estimate is off by (17 - 1)^2 / 4,000, this one by less than a tenth."""
    values = []
    for _ in range(40):
        text = rng.integers(len(VOCABULARY), size=(101, 20))
        values.append(text_statistics.information(text, VOCABULARY, [1]).value)
    bias = 16**2 / 4000
    assert abs(np.mean(values)) < bias / 10
    assert np.std(values) < bias / 3


def test_a_text_of_period_two_tells_its_neighbour_all(rng):
    """a and b in turn, each piece beginning with either: log 2 at every distance."""
    text = pieces(*rng.choice(["ab" * 50, "ba" * 50], 400))
    for distance in (1, 2, 7):
        assert text_statistics.information(text, VOCABULARY, [distance]).value == pytest.approx(
            np.log(2), abs=0.01
        )


def test_repetition_counts_tens_that_have_stood_in_the_piece_before():
    """Of 16 places in "abcde" five times, all but the first five."""
    assert text_statistics.repetition(pieces("abcde" * 5, "abcde" * 5)).value == pytest.approx(11 / 16)
    assert text_statistics.repetition(pieces("abcdeghilnorstz", "zabcdeghilnorst")).value == 0


def test_recurrence_is_counted_over_pairs_of_long_words():
    """By going through all pairs of words of at least five letters, within pieces and across."""
    texts = ["alice ran to alice", "gates alice  gates", "nothin bests noths", "no  gates no alice"]
    long = [[w for w in text.split() if len(w) >= 5] for text in texts]
    within = [a == b for words in long for a, b in combinations(words, 2)]
    across = [a == b for one, two in combinations(long, 2) for a in one for b in two]
    wanted = 1000 * (np.mean(within) - np.mean(across))
    assert text_statistics.recurrence(pieces(*texts), VOCABULARY).value == pytest.approx(wanted)


def test_words_drawn_without_memory_do_not_recur(rng):
    words = np.array(["alice", "gates", "other", "stone", "shore"])
    texts = [" ".join(rng.choice(words, 20)) for _ in range(60)]
    found = text_statistics.recurrence(pieces(*texts), VOCABULARY)
    assert abs(found.value) < 2 * found.half
    assert found.half < 20  # of about 200 in 1,000 that are the same


def test_all_statistics_are_measured(rng):
    found = text_statistics.measure(
        rng.integers(len(VOCABULARY), size=(300, 50)), book("a cat on the gate alone")
    )
    assert all(
        isinstance(estimate, text_statistics.Estimate) and estimate.half >= 0 for estimate in found.values()
    )
    assert len(found) == 12


def test_a_text_is_cut_into_pieces_in_order():
    np.testing.assert_array_equal(
        text_statistics.pieces_of(np.arange(11), 4), [[0, 4], [1, 5], [2, 6], [3, 7]]
    )
    with pytest.raises(ValueError, match="length must be from 1 to 3, got 4"):
        text_statistics.pieces_of(np.arange(3), 4)


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(ValueError, match="counts must be of at least 2 pieces, got 1"):
        text_statistics.characters(pieces("ab"), book("ab"))
    with pytest.raises(ValueError, match="the text has nothing of what the statistic counts"):
        text_statistics.spacing(pieces("...", "..."), book("a b c d"))
    with pytest.raises(ValueError, match="distances must be from 1 to 2 in pieces of 3 characters"):
        text_statistics.information(pieces(*["abc"] * 9), VOCABULARY, [3])
    with pytest.raises(ValueError, match="pieces must be more than 4 side by side, got 2"):
        text_statistics.information(pieces("abc", "abc"), VOCABULARY, [1])


def test_what_a_text_has_nothing_of_has_no_value_and_the_rest_has():
    """In three full stops nothing stands between white space; characters are counted all the same."""
    dots, reference = pieces("...", "..."), book("a b c d.")
    found = text_statistics.where_counted(dots, reference, ("spacing", "characters"))
    assert found == {"spacing": None, "characters": text_statistics.characters(dots, reference)}
    with pytest.raises(NothingCounted):
        text_statistics.measure(dots, reference)
    with pytest.raises(ValueError, match="distances must be from 1 to 2"):  # that is not nothing counted
        text_statistics.where_counted(dots, reference, ("information 5",))


ABC, TEXT = Vocabulary("abc"), np.arange(60).reshape(15, 4) % 3
MEASURES = {
    "characters": lambda pieces: text_statistics.characters(pieces, Book.of(ABC, np.arange(9) % 3)),
    "alternation": lambda pieces: text_statistics.alternation(pieces, ABC),
    "spacing": lambda pieces: text_statistics.spacing(pieces, Book.of(ABC, np.arange(9) % 3)),
    "real words": lambda pieces: text_statistics.real_words(pieces, Book.of(ABC, np.arange(9) % 3), "3-4"),
    "information": lambda pieces: text_statistics.information(pieces, ABC, [1]),
    "recurrence": lambda pieces: text_statistics.recurrence(pieces, ABC),
    "where counted": lambda pieces: text_statistics.where_counted(pieces, Book.of(ABC, np.arange(9) % 3)),
    "measure": lambda pieces: text_statistics.measure(pieces, Book.of(ABC, np.arange(9) % 3)),
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
@pytest.mark.parametrize("wrong", [-1, 3, 2**31, 2**62])
def test_ids_of_no_character_are_refused_by_every_statistic(measure, wrong):
    """-1 counted as the last character, 2**62 asked for all memory there is."""
    pieces = TEXT.copy()
    pieces[3, 1] = wrong
    with pytest.raises(ValueError, match=rf"pieces must be ids below 3, got .*{wrong}"):
        measure(pieces)


@pytest.mark.parametrize(
    "measure", [*MEASURES.values(), text_statistics.repetition], ids=[*MEASURES, "repetition"]
)
@pytest.mark.parametrize(
    "pieces", [TEXT.astype(float), TEXT == 1, TEXT[:, 0], TEXT[:0], TEXT[:, :0], "abc", 0], ids=str
)
def test_what_are_no_pieces_is_refused_by_every_statistic(measure, pieces):
    with pytest.raises(ValueError, match=r"pieces must be ids \(T, B\), T at least 1"):
        measure(pieces)


def test_the_statistics_do_not_depend_on_the_kind_of_integer(rng, integer):
    """10 classes squared, times the pieces, are no uint8."""
    ids = rng.integers(len(VOCABULARY), size=(200, 6))
    reference = Book.of(VOCABULARY, ids[:, 0].astype(integer))
    found = [
        (
            text_statistics.characters(i, reference),
            text_statistics.alternation(i, VOCABULARY),
            text_statistics.repetition(i),
            text_statistics.spacing(i, reference),
            text_statistics.information(i, VOCABULARY, [d]),
            *text_statistics.pieces_of(i[:, 0], n).ravel(),
        )
        for i, d, n in ((ids.astype(integer), integer(20), integer(50)), (ids, 20, 50))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Book.of(ABC, np.zeros(0, int)), ValueError, "ids must hold at least one id, got none"),
        (lambda: text_statistics.information(TEXT, ABC, []), ValueError, "distances must be from 1 to 14"),
        (
            lambda: text_statistics.information(TEXT, ABC, [1.5]),
            TypeError,
            "distances must be a whole number",
        ),
        (
            lambda: text_statistics.repetition(TEXT[:9]),
            ValueError,
            r"\(T, B\), T at least 10, got int64 of shape \(9, 4\)",
        ),
        (
            lambda: text_statistics.pieces_of(TEXT[0], True),
            TypeError,
            "length must be a whole number, got True",
        ),
        (lambda: text_statistics.pieces_of(TEXT, 2), ValueError, r"ids must have shape \(T,\)"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_two_estimates_overlap_where_their_intervals_meet():
    """Either way round; with a gap between them they do not."""
    one, touching, apart = Estimate(1.0, 0.5), Estimate(2.0, 0.5), Estimate(2.0, 0.4)
    assert one.overlaps(touching)
    assert touching.overlaps(one)
    assert not one.overlaps(apart)
    assert not apart.overlaps(one)

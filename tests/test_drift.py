"""Long words that return, counted among real words alone: no floor, and enough pairs to tell (C15)."""

import numpy as np
import pytest

from ch5.analysis.text_statistics import recurrence_of
from ch5.experiments import alice, drift


@pytest.fixture(scope="module")
def head():
    return drift.book()


def invented(written, share, rng):
    """The long words, each replaced by one that never returns unless drawn to stay."""
    stays = iter(rng.random(sum(map(len, drift.long_words(written)))) < share)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        " ".join(word if next(stays) else "zq" + "".join(rng.choice(list(letters), 9)) for word in found)
        for found in drift.long_words(written)
    ]


def test_among_all_words_inventions_make_a_floor_and_among_real_ones_they_do_not(head):
    """The book with four in five long words invented: nearly 0 of all words, as much as before of real ones."""
    reference, pieces = head
    whole = recurrence_of(pieces, reference.words)
    assert whole.low > 4
    rng = np.random.default_rng(5)
    thin = [invented(pieces, 0.18, rng) for _ in range(3)]
    assert 0 < np.mean([recurrence_of(one).value for one in thin]) < 0.5
    for one in thin:
        kept = [" ".join(w for w in found if w in reference.words) for found in drift.long_words(one)]
        assert recurrence_of(one, reference.words) == recurrence_of(kept)
    even = dict.fromkeys(reference.words, 0.18)
    of_real = [recurrence_of(drift.thinned(pieces, even, rng), reference.words).value for _ in range(30)]
    assert np.mean(of_real) == pytest.approx(whole.value, abs=1.2)


def test_at_the_network_s_share_of_real_words_the_book_is_told_from_no_drift(head):
    """Even at the lower rate, 18 %: of 20 books thinned so, at least 17 intervals lie above 0; of quarters, fewer."""
    assert len(head[1]) == 260
    reference, pieces = head
    even = dict.fromkeys(reference.words, 0.18)
    found, mean = drift.power(even, 20)
    assert found >= 0.85
    assert mean == pytest.approx(recurrence_of(pieces, reference.words).value, abs=1.2)
    rng = np.random.default_rng(0)
    half = [recurrence_of(drift.thinned(pieces[::4], even, rng), reference.words) for _ in range(20)]
    assert np.mean([one.low > 0 for one in half]) < found


def test_a_book_is_thinned_to_the_frequencies_of_another_text(rng):
    """Ours is twice as long: of four roses one half stays, a garden that is rarer here stays, the rest goes."""
    ours, theirs = ["roses roses queen", "roses roses garden"], ["roses x garden y "]
    assert drift.like(ours, theirs) == pytest.approx(
        {"roses": 35 / 17 / 4, "garden": 1.0, "queen": 0.0}, rel=1e-12
    )
    found = drift.thinned(ours * 2000, drift.like(ours, theirs), rng)
    counts = [sum(one.split().count(word) for one in found) for word in ("roses", "garden", "queen")]
    assert counts[0] == pytest.approx(2000 * 35 / 17, rel=0.05)
    assert counts[1:] == [2000, 0]


def test_words_in_another_order_do_not_return(head):
    """Shuffled over the whole book, its long words are as often the same within a piece as across two."""
    found = drift.references()["words shuffled"]
    assert abs(found.value) < found.half + 0.3


def test_sentences_begin_where_they_begin():
    """After a full stop, a closing quote and white space; each belongs to the piece in which it stands."""
    vocabulary, ids, first = alice.book()
    found = drift.sentences(ids[:first], vocabulary)
    assert len(found) == 260
    written = vocabulary.decode(ids)
    starts = [start for piece in found for start in piece]
    assert len(starts) > 1000
    assert min(starts) >= drift.READ
    for start in starts:
        assert written[start - 1].isspace()
        assert written[:start].rstrip().rstrip("'\"’”)")[-1] in drift.ENDS
    assert all(start // 512 == k for k, piece in enumerate(found) for start in piece)


def test_a_sentence_is_led_by_the_book_and_by_nothing_else(rng):
    """Where the network cannot but copy its last character, that is the book's last before the sentence."""
    vocabulary, ids, first = alice.book()
    V = len(vocabulary)

    class Copies:
        """A cell whose state is the last character."""

        dtype, state_size, drive_shape = np.dtype(float), V, (V,)

        def drive(self, x, out=None):
            return np.eye(V)[x]

        def step(self, a_t, s_prev, out=None):
            if out is None:
                return a_t, None
            out[...] = a_t
            return out, None

        def column_major(self):
            return self

    class Model:
        cell = Copies()

        class readout:
            @staticmethod
            def logits(s):
                return 1000 * s

    starts = np.array([500, 900, 4000])
    found = drift.continued(Model, ids[:first], starts, rng)
    assert (found == ids[starts - 1]).all()


def test_estimates_together_by_hand():
    """Halves of 3 and 4, over two: 2.5."""
    assert drift.together([[1, 3], [2, 4]]) == (1.5, 2.5)


def test_a_sentence_ends_with_its_full_stop():
    assert drift._sentence("said Alice. And") == "said Alice."
    assert drift._sentence("without an end") == "without an end"

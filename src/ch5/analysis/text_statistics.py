"""How far a text is from the book, as a few numbers with intervals: the stages of learning to write

    characters     how far the frequencies of single characters are from the book's
    alternation    of two letters in a row, how often exactly one is a vowel
    spacing        how far the lengths of what stands between white space are from the book's
    real words     the share of words that the book has, by length
    information    mutual information of two characters d apart, I = sum p(x, y) log p(x, y) / (p(x) p(y)), in nats
    repetition     how often ten characters in a row have stood in the same piece before
    recurrence     of 1,000 pairs of long words in one piece, how many more are the same than of pairs in two pieces

How far is the total variation, half the sum of absolute differences: 0 for the same, 1 for nothing in common.
An Estimate is a value and half the width of its 95 % interval, by the jackknife over pieces: each left out in turn.

Shapes   pieces (T, B) ids: B pieces of a text, T characters each, side by side
Read     book/chapters/07_measured.ipynb     Tested   tests/test_text_statistics.py
Source   [Lin2017] for mutual information against distance
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, product

import numpy as np

from ch5.analysis.intervals import Estimate, NothingCounted, jackknife
from ch5.data.text import Ids, Vocabulary, checked_ids
from ch5.engine.weights import Array, as_size

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
LENGTHS = {"1-2": (1, 2), "3-4": (3, 4), "5+": (5, 1000)}  # letters of a word
LONGEST_GAP = 20
REPEATED = 10  # characters in a row
DISTANCES = {"2": (2,), "5": (5,), "10": (10,), "20-100": tuple(range(20, 101, 10))}
ROLLS = 4  # pairings of different pieces that tell the bias of the information


@dataclass(frozen=True)
class Book:
    """What the statistics are held against: a text's vocabulary, frequencies, gaps between white space, words."""

    vocabulary: Vocabulary
    frequencies: Array  # (V,), they add up to 1
    gaps: Array  # (LONGEST_GAP,), likewise
    words: frozenset[str]

    @classmethod
    def of(cls, vocabulary: Vocabulary, ids: Ids) -> Book:
        """The reference made of one text, (N,) ids, N at least 1."""
        if not (text := vocabulary.decode(ids)):
            raise ValueError("ids must hold at least one id, got none")
        counts = np.bincount(np.asarray(ids, np.int64), minlength=len(vocabulary))
        gaps = _gap_counts([text])[0]
        words = frozenset(WORD.findall(text.lower()))
        return cls(vocabulary, counts / counts.sum(), gaps / max(gaps.sum(), 1), words)


def characters(pieces: Ids, book: Book) -> Estimate:
    """How far the frequencies of single characters are from the book's."""
    pieces, B, V = _checked(pieces, book.vocabulary), np.shape(pieces)[1], len(book.vocabulary)
    counts = np.bincount((pieces + V * np.arange(B)).ravel(), minlength=B * V).reshape(B, V)
    return jackknife(counts, lambda n: _distance(n, book.frequencies))


def alternation(pieces: Ids, vocabulary: Vocabulary) -> Estimate:
    """Of all pairs of letters in a row, the share of which exactly one is a vowel."""
    pieces, classes = _checked(pieces, vocabulary), np.array([_class(c) for c in vocabulary.characters])
    letter, vowel = np.char.isalpha(classes)[pieces], np.isin(classes, list("aeiou"))[pieces]
    pair = letter[:-1] & letter[1:]
    return jackknife(np.stack([(pair & (vowel[:-1] != vowel[1:])).sum(0), pair.sum(0)], axis=1), _share)


def spacing(pieces: Ids, book: Book) -> Estimate:
    """How far the lengths of what stands between white space are from the book's."""
    return jackknife(_gap_counts(_texts(pieces, book.vocabulary)), lambda n: _distance(n, book.gaps))


def real_words(pieces: Ids, book: Book, length: str) -> Estimate:
    """The share of words of a length (a key of LENGTHS) that are the book's; those at a piece's ends are left out."""
    least, most = LENGTHS[length]
    found = [
        [m.group().lower() in book.words for m in WORD.finditer(text) if 0 < m.start() and m.end() < len(text)
         and least <= len(m.group()) <= most]
        for text in _texts(pieces, book.vocabulary)
    ]  # fmt: skip
    return jackknife(np.array([[sum(real), len(real)] for real in found]), _share)


def information(pieces: Ids, vocabulary: Vocabulary, distances: Sequence[int]) -> Estimate:
    """The mutual information of two characters so far apart, a mean over the distances, its bias taken out.

    Letters count without case and accent, white space as one class, all else as another. Finite samples make
    independent characters look dependent. By how much is measured on pairs that are independent, their characters
    taken from different pieces, and subtracted. The estimate may therefore come out a little below zero.
    """
    T, B = (pieces := _checked(pieces, vocabulary)).shape
    distances = [as_size("distances", d) for d in distances]
    if not distances or max(distances) >= T:
        raise ValueError(f"distances must be from 1 to {T - 1} in pieces of {T} characters, got {distances}")
    if B <= ROLLS:
        raise ValueError(f"pieces must be more than {ROLLS} side by side, got {B}")
    names, classes = np.unique([_class(c) for c in vocabulary.characters], return_inverse=True)
    K = len(names)
    x, first = classes[pieces], K * K * np.arange(B)  # a table of K x K counts a piece
    joint = np.empty((B, len(distances), 1 + ROLLS, K, K), np.int32)
    for (i, d), r in product(enumerate(distances), range(1 + ROLLS)):  # r = 0: both from the same piece
        codes = K * x[:-d] + np.roll(x[d:], r, axis=1) + first
        joint[:, i, r] = np.bincount(codes.ravel(), minlength=B * K * K).reshape(B, K, K)

    def corrected(n: Array) -> Array:
        found = _information(n).mean(axis=-2)
        return found[..., 0] - found[..., 1:].mean(axis=-1)

    return jackknife(joint, corrected)


def repetition(pieces: Ids) -> Estimate:
    """The share of places whose next ten characters have stood in the same piece before."""
    pieces = _checked(pieces, least=REPEATED)
    places, width = len(pieces) - REPEATED + 1, pieces.itemsize
    lines = [piece.tobytes() for piece in pieces.T]
    different = [
        len({line[i : i + width * REPEATED] for i in range(0, width * places, width)}) for line in lines
    ]
    return jackknife(np.array([[places - d, places] for d in different]), _share)


def recurrence(pieces: Ids, vocabulary: Vocabulary) -> Estimate:
    """How much oftener two words of at least five letters are the same if they stand in one piece than in two.

    In a thousand pairs. It is 0 where no word makes its own return likelier.
    """
    return recurrence_of(_texts(pieces, vocabulary))


def recurrence_of(texts: list[str], words: frozenset[str] | None = None) -> Estimate:
    """The same of texts of any lengths, of these words alone if they are given.

    A word that was invented hardly ever returns, and every pair with it counts as different: where many words are, the
    statistic of all words falls to a floor. Among the pairs of real words alone it keeps its size.
    """
    long = [
        [w for w in WORD.findall(t.lower()) if len(w) >= 5 and (words is None or w in words)] for t in texts
    ]
    place = {word: i for i, word in enumerate(dict.fromkeys(chain(*long)))}
    n = np.array([np.bincount([place[w] for w in found], minlength=len(place)) for found in long])
    within = np.stack([(n * (n - 1)).sum(axis=1), n.sum(axis=1) * (n.sum(axis=1) - 1)], axis=1)

    def excess(counts: Array) -> Array:
        same, pairs, n = counts[..., 0], counts[..., 1], counts[..., 2:]
        all_same, all_pairs = (n * (n - 1)).sum(axis=-1), n.sum(axis=-1) * (n.sum(axis=-1) - 1)
        return 1000 * (same / pairs - (all_same - same) / (all_pairs - pairs))

    return jackknife(np.concatenate([within, n], axis=1), excess)


def _information_in(pieces: Ids, book: Book, distances: Sequence[int]) -> Estimate:
    return information(pieces, book.vocabulary, distances)


STATISTICS: dict[str, Callable[[Ids, Book], Estimate]] = {
    "characters": characters,
    "alternation": lambda pieces, book: alternation(pieces, book.vocabulary),
    "spacing": spacing,
    **{f"real words {length}": partial(real_words, length=length) for length in LENGTHS},
    **{f"information {name}": partial(_information_in, distances=d) for name, d in DISTANCES.items()},
    "repetition": lambda pieces, book: repetition(pieces),
    "recurrence": lambda pieces, book: recurrence(pieces, book.vocabulary),
}


def measure(pieces: Ids, book: Book) -> dict[str, Estimate]:
    """All statistics by name. Raises NothingCounted where the text has nothing of what one of them counts."""
    return {name: statistic(pieces, book) for name, statistic in STATISTICS.items()}


def where_counted(
    pieces: Ids, book: Book, names: Iterable[str] = tuple(STATISTICS)
) -> dict[str, Estimate | None]:
    """These statistics by name, None where the text has nothing of what one of them counts."""
    found: dict[str, Estimate | None] = dict.fromkeys(names)
    for name in found:
        with suppress(NothingCounted):
            found[name] = STATISTICS[name](pieces, book)
    return found


def pieces_of(ids: Ids, length: int) -> Ids:
    """A text (N,) cut into pieces of `length` characters: (length, B), what is left over dropped."""
    length = as_size("length", length, 1, len(ids := checked_ids(ids)))
    return ids[: len(ids) // length * length].reshape(-1, length).T


def _checked(pieces: Ids, vocabulary: Vocabulary | None = None, least: int = 1) -> Ids:
    """pieces as ids of the vocabulary, int64: counting id -1 or 2**62 gives wrong counts, or asks for all memory."""
    pieces = np.asarray(pieces)
    if pieces.ndim != 2 or pieces.size == 0 or len(pieces) < least or pieces.dtype.kind not in "iu":
        needs = f"ids (T, B), T at least {least}"
        raise ValueError(f"pieces must be {needs}, got {pieces.dtype} of shape {pieces.shape}")
    if vocabulary is not None and not (0 <= pieces.min() <= pieces.max() < len(vocabulary)):
        raise ValueError(f"pieces must be ids below {len(vocabulary)}, got {pieces.min()} to {pieces.max()}")
    return pieces.astype(np.int64, copy=False)


def _texts(pieces: Ids, vocabulary: Vocabulary) -> list[str]:
    return [vocabulary.decode(column) for column in _checked(pieces, vocabulary).T]


def _gap_counts(texts: list[str]) -> Array:
    """How often each number of characters, 1 to LONGEST_GAP or more, stands between white space: (B, LONGEST_GAP)."""
    gaps = [[min(len(gap), LONGEST_GAP) for gap in text.split()[1:-1]] for text in texts]
    return np.array([np.bincount(found, minlength=LONGEST_GAP + 1)[1:] for found in gaps])


def _class(character: str) -> str:
    """A letter without case and accent; " " for white space, "." for all else."""
    if character.isspace():
        return " "
    return unicodedata.normalize("NFD", character.lower())[0] if character.isalpha() else "."


def _distance(counts: Array, shares: Array) -> Array:
    return np.abs(counts / counts.sum(axis=-1, keepdims=True) - shares).sum(axis=-1) / 2


def _share(counts: Array) -> Array:
    """The first count over the second, 0 where nothing was counted."""
    return counts[..., 0] / np.maximum(counts[..., 1], 1)


def _information(n: Array) -> Array:
    """H(x) + H(y) - H(x, y) of joint counts (..., K, K)."""
    return _entropy(n.sum(axis=-1)) + _entropy(n.sum(axis=-2)) - _entropy(n.reshape(*n.shape[:-2], -1))


def _entropy(n: Array) -> Array:
    """-sum p log p of counts (..., n), in nats."""
    p = n / n.sum(axis=-1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)

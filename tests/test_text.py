"""The corpus is the public file, and characters and ids are the same thing twice."""

import os
import re
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ch5.data import text as module
from ch5.data.text import Vocabulary, alice, load, split, windows

ALICE = Path(module.__file__).parent / "alice29.txt"


@pytest.fixture(scope="module")
def book():
    return alice()


# The corpus


def test_alice_is_the_public_file(book):
    """The packaged bytes are the Canterbury corpus's, and they normalise to 148,459 characters."""
    data = ALICE.read_bytes()
    assert len(data) == 152_089
    assert sha256(data).hexdigest() == "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"
    assert len(book) == 148_459
    lines = data[data.index(b"ALICE") : data.rindex(b"END") + 3].split(b"\r\n")
    assert book.split("\n") == [line.decode("ascii") for line in lines]


def test_alice_holds_no_trace_of_dos(book):
    """Neither carriage returns nor the end-of-file mark are left for the network to learn."""
    assert "\r" not in book
    assert "\x1a" not in book
    assert len(set(book)) == 72
    assert len(set(book[:30_000])) == 69


def test_a_changed_corpus_is_refused(tmp_path, monkeypatch):
    """A copy whose line ends were converted is named as such: numbers in the book would differ."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "alice29.txt").write_bytes(ALICE.read_bytes().replace(b"\r\n", b"\n"))
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=r"has changed: its sha256 is [0-9a-f]{64} \(148481 bytes\)"):
        alice()


# The reader's own text


def test_load_normalises_like_alice(book):
    """The same file through the front door gives the same text."""
    assert load(ALICE) == load(str(ALICE)) == book


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        (b"\xef\xbb\xbfwith a mark", "with a mark"),
        ("\n  caf\u00e9 \U0001f407\t\n".encode(), "caf\u00e9 \U0001f407"),
        (b"the end\r\n\x1a", "the end"),
    ],
)
def test_load_reads_what_editors_write(tmp_path, data, expected):
    """Line ends of three systems, a byte order mark, accents and surrounding space do no harm."""
    path = tmp_path / "own.txt"
    path.write_bytes(data)
    assert load(path) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty or all white space"),
        (b" \r\n\t\n\x1a", "empty or all white space"),
        (b"abc\x00def", "binary: NUL at byte 3"),
        (b"\x89PNG\r\n\x00\x00\x00\rIHDR" + bytes(range(256)), "binary: NUL at byte 6"),
        (b"a\x00b" * 50, "binary: NUL at byte 1"),
        ("Alice".encode("utf-16"), "UTF-16; convert it, .*iconv -f UTF-16 -t UTF-8"),
        (b"\xfe\xff" + "Alice".encode("utf-16-be"), "UTF-16; convert"),
        ("Alice".encode("utf-32"), "UTF-32; convert"),
        ("Alice in W".encode("utf-16-le"), "UTF-16LE; convert"),
        ("Alice in W".encode("utf-16-be"), "UTF-16BE; convert"),
        ("Alice in W".encode("utf-32-be"), "UTF-32BE; convert"),
        ("caf\u00e9".encode("latin-1"), r"not UTF-8 at byte 3 \(0xe9\)"),
        (b"\xef\xbb\xbfabc\xff", r"not UTF-8 at byte 6 \(0xff\)"),
    ],
)
def test_load_refuses_what_is_no_text(tmp_path, data, message):
    """An empty or binary file is refused, and the error says which file and at which byte."""
    path = tmp_path / "own.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"path must be .*own.txt.*{message}"):
        load(path)


def test_load_refuses_a_directory_and_a_missing_file(tmp_path):
    """Each is told apart, by name."""
    with pytest.raises(ValueError, match=re.escape(f"got the directory {tmp_path}")):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt, which does not exist"):
        load(tmp_path / "nowhere.txt")


# The vocabulary


@given(st.text(min_size=1))
def test_decode_undoes_encode(text):
    """Every text comes back from its ids, whatever it is written in."""
    vocabulary = Vocabulary.of(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@given(st.text(min_size=1))
def test_ids_are_places_in_the_sorted_vocabulary(text):
    """encode agrees with a search for each character, one by one."""
    vocabulary = Vocabulary.of(text)
    assert vocabulary.encode(text).tolist() == [vocabulary.characters.index(c) for c in text]


@given(st.lists(st.characters(), min_size=1).flatmap(lambda cs: st.tuples(st.just(cs), st.permutations(cs))))
def test_the_order_of_the_text_does_not_change_the_vocabulary(pair):
    """Two orders of the same characters give one vocabulary, sorted and without repeats."""
    first, second = ("".join(characters) for characters in pair)
    vocabulary = Vocabulary.of(first)
    assert vocabulary == Vocabulary.of(second)
    assert len(vocabulary) == len(set(first))
    assert all(a < b for a, b in zip(vocabulary.characters, vocabulary.characters[1:], strict=False))


def test_encoding_the_book_is_fast(book):
    """148,459 characters take a fraction of a second, the best of three."""
    vocabulary, seconds = Vocabulary.of(book), []
    for _ in range(3):
        start = time.perf_counter()
        vocabulary.encode(book)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.25


def test_an_unknown_character_is_named_with_its_place():
    """The error says which character, where, and what the vocabulary holds."""
    with pytest.raises(ValueError, match=r"text holds 'z' at position 2, .* the 2 characters .*: 'ab'"):
        Vocabulary("ab").encode("abz~")
    with pytest.raises(ValueError, match="text holds 'A' at position 0"):
        Vocabulary("ab").encode("A")


@pytest.mark.parametrize("ids", [[0, 1, 2], [0, 1, -1]])
def test_decode_refuses_ids_outside_the_vocabulary(ids):
    """An id of V or more has no character, and a negative one must not count from the end."""
    with pytest.raises(ValueError, match=f"ids must lie in 0 to 1, got {ids[2]} at position 2"):
        Vocabulary("ab").decode(np.array(ids))


@pytest.mark.parametrize(
    "ids", [np.array([0.0, 1.0]), np.array([True, False]), np.array([0, 1], dtype=object)]
)
@pytest.mark.parametrize(
    "use", [Vocabulary("ab").decode, lambda ids: windows(ids, 1), split], ids=["decode", "windows", "split"]
)
def test_ids_that_are_not_integers_are_refused(use, ids):
    """Floats, truth values and objects are no ids."""
    with pytest.raises(TypeError, match=f"ids must be an array of integers, got dtype {ids.dtype}"):
        use(ids)


def test_ids_of_another_shape_are_refused():
    """A matrix of ids is not a text."""
    with pytest.raises(ValueError, match=r"ids must have shape \(T,\), got \(2, 1\)"):
        Vocabulary("ab").decode(np.array([[0], [1]]))


@pytest.mark.parametrize("characters", ["ba", "aab"])
def test_a_vocabulary_must_be_sorted_and_distinct(characters):
    """Any other order would give ids that differ from run to run."""
    with pytest.raises(ValueError, match=f"characters must be sorted and distinct, got '{characters}'"):
        Vocabulary(characters)


def test_an_empty_vocabulary_is_refused():
    """A text without characters has no vocabulary."""
    with pytest.raises(ValueError, match="characters must hold at least one character"):
        Vocabulary("")
    with pytest.raises(ValueError, match="text must hold at least one character"):
        Vocabulary.of("")


# Windows and split


def test_the_original_run_has_937_windows():
    """30,000 characters in windows of 32 that do not overlap."""
    inputs, targets = windows(np.arange(30_000), 32)
    assert inputs.shape == targets.shape == (32, 937)


@given(length=st.integers(1, 40), extra=st.integers(1, 200))
def test_windows_reassemble_the_text(length, extra):
    """Laid end to end the inputs are the text, and the targets the text from its second character on."""
    ids = np.arange(length + extra) * 7 % 11
    inputs, targets = windows(ids, length)
    assert len(inputs) == len(targets) == length
    assert 0 <= len(ids) - 1 - inputs.size < length
    head = [int(i) for column in inputs.T for i in column]
    shifted = [int(i) for column in targets.T for i in column]
    assert head == ids[: inputs.size].tolist()
    assert shifted == ids[1 : 1 + inputs.size].tolist()


@pytest.mark.parametrize("length", [0, -1, 5, 6])
def test_a_window_longer_than_the_text_is_refused(length):
    """Five characters allow windows of four steps, for the last step needs a target."""
    with pytest.raises(ValueError, match=f"length must be (from 1 to 4 .*|at least 1, )got {length}"):
        windows(np.arange(5), length)
    assert windows(np.arange(5), 4)[0].shape == (4, 1)


@pytest.mark.parametrize("length", [2.0, True, "2"])
def test_a_length_that_is_no_whole_number_is_refused(length):
    """A window has a whole number of steps."""
    with pytest.raises(TypeError, match="length must be a whole number"):
        windows(np.arange(5), length)


@given(size=st.integers(2, 500), held_out=st.floats(0.05, 0.95))
def test_split_cuts_the_text_in_two(size, held_out):
    """Head and tail follow each other, lose nothing, and the tail is the share asked for."""
    ids = np.arange(size)
    if round(held_out * size) in (0, size):
        with pytest.raises(ValueError, match="leaves one part empty"):
            split(ids, held_out)
        return
    train, tail = split(ids, held_out)
    assert train.tolist() + tail.tolist() == ids.tolist()
    assert abs(len(tail) - held_out * size) <= 0.5


@pytest.mark.parametrize("held_out", [0, 1, -0.1, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(held_out):
    """Both parts must hold something."""
    with pytest.raises(ValueError, match="held_out must be a share between 0 and 1"):
        split(np.arange(10), held_out)


@pytest.mark.parametrize("kind", ["head", "inside", "everywhere"])
def test_the_mark_of_a_files_start_is_left_out_wherever_files_were_joined(tmp_path, kind):
    """Two files with marks, joined, keep the second one inside: a character that nobody sees."""
    mark, a, b = "\ufeff".encode(), b"Ende\r", "Äff\n".encode()
    joined = {"head": mark + a + b, "inside": a + mark + b, "everywhere": mark + a + mark + b + mark}[kind]
    (tmp_path / "a.txt").write_bytes(joined)
    assert load(tmp_path / "a.txt") == "Ende\nÄff"


def test_an_unknown_character_of_a_large_vocabulary_is_told_in_a_few_lines():
    """Not with three thousand others."""
    chinese = Vocabulary.of("".join(map(chr, range(0x4E00, 0x4E00 + 3000))))
    with pytest.raises(
        ValueError, match="text holds 'a' at position 1, which is not among the 3000"
    ) as refused:
        chinese.encode("一a")
    assert len(str(refused.value)) < 250
    with pytest.raises(ValueError, match="characters must be sorted") as refused:
        Vocabulary(chinese.characters[::-1])
    assert len(str(refused.value)) < 250


def test_a_prompt_that_is_no_text_is_refused():
    for prompt in (None, b"a", ["a"], 3):
        with pytest.raises(TypeError, match="text must be a str, got"):
            Vocabulary("ab").encode(prompt)


def test_a_device_is_not_read_for_ever(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="which is a device or a pipe"):
        load(tmp_path / "pipe")


def test_ids_and_lengths_of_every_kind_of_integer_give_the_same(integer):
    vocabulary, ids = Vocabulary.of("abc"), np.arange(100) % 3
    assert vocabulary.decode(ids.astype(integer)) == vocabulary.decode(ids)
    for found, wanted in zip(windows(ids.astype(integer), integer(30)), windows(ids, 30), strict=True):
        assert np.array_equal(found, wanted)
    for refused in (np.True_, 1.0, "3"):
        with pytest.raises(TypeError, match="length must be a whole number"):
            windows(ids, refused)
    head, tail = split(np.arange(100_000), np.float16(0.25))  # 25,000 is no float16
    assert (len(head), len(tail)) == (75_000, 25_000)

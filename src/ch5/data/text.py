"""The corpus, and characters as numbers.

Shapes   ids (T,)   inputs, targets (T, N): N windows of T steps, time first
Names    V is the number of distinct characters; an id is a character's place in the sorted vocabulary.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_text.py     Source   src/ch5/data/README.md
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ch5.engine.weights import as_size

Ids = npt.NDArray[np.integer]

ALICE_SHA256 = "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"


def alice() -> str:
    """*Alice's Adventures in Wonderland*, normalised: 148,459 characters."""
    data = files("ch5").joinpath("data", "alice29.txt").read_bytes()
    found = sha256(data).hexdigest()
    if found != ALICE_SHA256:
        raise ValueError(
            f"the Alice text of this package has changed: its sha256 is {found} ({len(data)} bytes), "
            f"it must be {ALICE_SHA256} (152089 bytes); restore src/ch5/data/alice29.txt or install ch5 again"
        )
    return _normalised(data.decode("ascii"))


def load(path: str | Path) -> str:
    """A text of the reader's own, in UTF-8, normalised like Alice."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"path must be a text file, got the directory {path}")
    if not path.exists():
        raise FileNotFoundError(f"path must be a text file, got {path}, which does not exist")
    if not path.is_file():
        raise ValueError(f"path must be a text file, got {path}, which is a device or a pipe")
    data = path.read_bytes()
    if found := _wide(data):
        raise ValueError(
            f"path must be a text file in UTF-8, got {path}, which is {found}; convert it, for instance with "
            f"`iconv -f {found} -t UTF-8`, or save it as UTF-8 in an editor"
        )
    if (at := data.find(b"\0")) >= 0:
        raise ValueError(f"path must be a text file in UTF-8, got {path}, which is binary: NUL at byte {at}")
    try:
        text = _normalised(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"path must be a text file in UTF-8, got {path}, which is not UTF-8 "
            f"at byte {error.start} (0x{data[error.start]:02x})"
        ) from None
    if not text:
        raise ValueError(f"path must be a file with some text, got {path}, which is empty or all white space")
    return text


def _wide(data: bytes) -> str:
    """The name of the encoding whose units have 2 or 4 bytes, if it is one: by its mark, or by where zeros stand."""
    for name, mark in (("UTF-32", BOM_UTF32_LE), ("UTF-32", BOM_UTF32_BE), ("UTF-16", BOM_UTF16_LE),
                       ("UTF-16", BOM_UTF16_BE)):  # fmt: skip
        if data.startswith(mark):
            return name
    head = data[: len(data) // 4 * 4][:1000]
    zeros = [head[i::4].count(0) / max(len(head) // 4, 1) for i in range(4)]
    for name, pattern in (
        ("UTF-32LE", "0111"),
        ("UTF-32BE", "1110"),
        ("UTF-16LE", "0101"),
        ("UTF-16BE", "1010"),
    ):
        if all(zero > 0.5 if high == "1" else zero == 0 for zero, high in zip(zeros, pattern, strict=True)):
            return name  # half a Latin text's units have a zero there, and no text a zero elsewhere
    return ""


def _normalised(text: str) -> str:
    """Line ends as LF, no white space at either end; no 0x1A and no U+FEFF, the marks of a file's end and start."""
    text = text.replace("\ufeff", "").replace("\x1a", "")  # also inside, where files were joined
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


@dataclass(frozen=True)
class Vocabulary:
    """The distinct characters of a text, sorted, so that ids do not differ from run to run."""

    characters: str

    def __post_init__(self) -> None:
        if not self.characters:
            raise ValueError("characters must hold at least one character, got an empty string")
        if list(self.characters) != sorted(set(self.characters)):
            raise ValueError(f"characters must be sorted and distinct, got {_shortened(self.characters)}")

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of a text."""
        if not text:
            raise ValueError("text must hold at least one character, got an empty string")
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Ids:
        """The id of every character: (T,)."""
        if not isinstance(text, str):
            raise TypeError(f"text must be a str, got {type(text).__name__}")
        known, points = _code_points(self.characters), _code_points(text)
        ids = np.minimum(np.searchsorted(known, points), len(self) - 1)
        unknown = known[ids] != points
        if unknown.any():
            at = int(unknown.argmax())
            raise ValueError(
                f"text holds {text[at]!r} at position {at}, which is not among "
                f"the {len(self)} characters of the vocabulary: {_shortened(self.characters)}"
            )
        return ids

    def decode(self, ids: Ids) -> str:
        """The text that the ids (T,) stand for."""
        ids = checked_ids(ids)
        outside = (ids < 0) | (ids >= len(self))
        if outside.any():
            at = int(outside.argmax())
            raise ValueError(f"ids must lie in 0 to {len(self) - 1}, got {ids[at]} at position {at}")
        return "".join(map(self.characters.__getitem__, ids.tolist()))


def windows(ids: Ids, length: int) -> tuple[Ids, Ids]:
    """Windows that do not overlap, and the same shifted by one as targets: (length, N) each.

    What is left over at the end, fewer than length + 1 ids, is dropped.
    """
    ids = checked_ids(ids)
    length = as_size("length", length)
    if length >= len(ids):
        raise ValueError(
            f"length must be from 1 to {len(ids) - 1} for a text of {len(ids)} characters "
            f"(a window needs one more for its last target), got {length}"
        )
    used = (len(ids) - 1) // length * length
    return ids[:used].reshape(-1, length).T, ids[1 : used + 1].reshape(-1, length).T


def split(ids: Ids, held_out: float = 0.1) -> tuple[Ids, Ids]:
    """The text's head to train on, and its tail, the share held_out, to test on."""
    ids = checked_ids(ids)
    if not 0 < held_out < 1:
        raise ValueError(f"held_out must be a share between 0 and 1, got {held_out}")
    tail = round(float(held_out) * len(ids))
    if not 0 < tail < len(ids):
        raise ValueError(f"held_out = {held_out} of {len(ids)} ids leaves one part empty: use a longer text")
    return ids[:-tail], ids[-tail:]


def _shortened(text: str) -> str:
    """The text as Python writes it, its middle left out where it is long."""
    return repr(text) if len(text) <= 100 else f"{text[:60]!r} ... {text[-20:]!r}"


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    """The number of every character, sorted as the characters are."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def checked_ids(ids: Ids) -> Ids:
    """ids as an array of integers (T,); TypeError or ValueError for anything else."""
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids must be an array of integers, got dtype {ids.dtype}")
    if ids.ndim != 1:
        raise ValueError(f"ids must have shape (T,), got {ids.shape}")
    return ids

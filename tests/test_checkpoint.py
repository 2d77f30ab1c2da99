"""A checkpoint is whole or refused, and says of itself what it is a checkpoint of."""

import os
import subprocess
import sys
import zipfile
from collections import deque
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pytest

from ch5.engine import checkpoint
from ch5.engine.checkpoint import describe

ARRAYS = {"theta": np.arange(7.0), "k": np.array(3), "text": np.array("{}"), "none": np.zeros(0, np.float32)}


@pytest.fixture
def path(tmp_path):
    checkpoint.write(tmp_path / "run.npz", ARRAYS)
    return tmp_path / "run.npz"


def test_what_was_written_is_read(path):
    found = checkpoint.read(path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_it_is_an_npz_like_any_other(path):
    with np.load(path) as archive:
        np.testing.assert_array_equal(archive["theta"], ARRAYS["theta"])
    assert zipfile.ZipFile(path).testzip() is None


def test_every_flipped_bit_and_every_cut_is_refused(path, rng):
    """At every byte of the file: headers, data, directory, checksum."""
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << rng.integers(8)
        for content in (damaged, whole[:at], whole[:at] + whole[at + 1 :]):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=r"run\.npz is not a whole checkpoint"):
                checkpoint.read(path)


@pytest.mark.parametrize("more", [b"\0", b"more", bytes(64)])
def test_something_at_the_end_is_refused(path, more):
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        checkpoint.read(path)


def test_a_file_that_is_not_there_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.read(tmp_path / "run.npz")


@dataclass
class Data:
    ids: np.ndarray
    size: int = 3

    @cached_property
    def twice(self):
        return 2 * self.size


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


def test_a_description_names_every_attribute():
    data = Data(np.arange(3))
    before = describe("data", data)
    assert before["data"] == "Data"
    assert before["data.size"] == "3"
    assert before["data.ids"].startswith("int64 (3,) ")
    assert data.twice == 6  # what was only worked out does not make it another
    assert describe("data", data) == before
    assert describe("x", [Slotted(1)]) != describe("x", [Slotted(2)])
    assert describe("x", Slotted(1))["x.x"] == "1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(3), np.zeros(3, np.float32)),
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(3), np.array([0, 0, 1e-300])),
        ([1, [2, 3]], [1, [2, 4]]),
        ([1, [2, 3]], [1, 2, [3]]),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (deque([1]), deque([2])),
        (partial(max, 3), partial(max, 4)),
        (np.random.default_rng(1), np.random.default_rng(2)),
        (0.1, 0.1 + 1e-16),
        (True, 1),
        ("1", 1),
        ("x" * 100 + "a", "x" * 100 + "b"),
        (Data(np.zeros(1), 2), Data(np.zeros(1), 3)),
        (max, min),
    ],
)
def test_what_differs_is_described_otherwise(one, other):
    assert describe("x", one) != describe("x", other)
    assert describe("x", one) == describe("x", one)


@pytest.mark.parametrize("number", [1.0, np.float64(1), np.float32(1), np.uint8(1), np.int64(1)])
def test_equal_numbers_are_described_alike(number):
    assert describe("x", number) == describe("x", 1) == {"x": "1"}


@pytest.mark.parametrize("opaque", [lambda: 1, (k for k in range(2)), sys.stdout, [lambda: 1]])
def test_what_cannot_be_looked_into_is_none(opaque):
    assert None in describe("x", opaque).values()


def test_what_holds_itself_is_described():
    knot = [1]
    knot.append(knot)
    assert describe("x", knot) == describe("x", knot)


def test_a_generator_that_was_used_is_another():
    rng = np.random.default_rng(1)
    before = describe("rng", rng)
    rng.random()
    assert describe("rng", rng) != before


def test_a_set_is_described_alike_in_every_process():
    """The order of its strings is not."""
    code = "from ch5.engine.checkpoint import describe; print(describe('x', {'a', 'b', 'c', 'd', 'e'}))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(said) == 1


def test_differences_are_said_in_words_and_not_all_of_them():
    was, now = {"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}
    assert checkpoint.differences(was, was) == ""
    assert checkpoint.differences(was, now) == "b was 2 and is now 3; c was not there and is now 4"
    many = checkpoint.differences({str(k): "0" for k in range(9)}, {str(k): "1" for k in range(9)})
    assert many.endswith("; and 6 more")

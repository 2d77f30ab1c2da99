"""What goes into JSON comes out as it was, or not at all."""

import json

import numpy as np
import pytest

from ch5.experiments.sealed import plain, seal, unseal


def test_what_was_sealed_is_unsealed():
    content = {"a": [1, 2.5e-300, None, True], "é": {"b": ""}}
    assert unseal(json.dumps(seal(content)).encode()) == content


@pytest.mark.parametrize(
    "change",
    [
        {"a": 2},
        {"a": 1.5},
        {"a": "1"},
        {"a": True},
        {"b": 1, "a": 1},
        {"a": 1, "b": None},
        {},
        {"a": float("nan")},
    ],
)
def test_what_says_something_else_is_refused(change):
    sealed = seal({"a": 1}) | change
    if change in ({}, {"b": 1, "a": 1}):
        sealed = {"sha256": sealed["sha256"]} | change
    with pytest.raises(ValueError, match="its checksum does not fit"):
        unseal(json.dumps(sealed).encode())


@pytest.mark.parametrize(
    "data", [b"", b"3", b"[1]", b"null", b"{}", b"\x80", b"[" * 10**5, b"9" * 5000, b'{"a": 1}']
)
def test_what_was_never_sealed_is_refused(data):
    with pytest.raises(ValueError, match="no JSON with a checksum"):
        unseal(data)


def test_numpy_numbers_become_plain_and_floats_keep_seven_digits():
    value = {
        "a": np.arange(2),
        "b": np.float32(0.1),
        "c": (np.int64(3), True, None),
        "d": [1 / 3, 1e-300 / 3],
    }
    expected = {"a": [0, 1], "b": 0.1, "c": [3, True, None], "d": [0.3333333, 3.333333e-301]}
    assert plain(value, "result") == expected


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": [1, np.nan]}, ValueError, r"result\['a'\]\[1\] must be finite, got nan"),
        ({"a": np.array([np.inf])}, ValueError, r"result\['a'\]\[0\] must be finite, got inf"),
        ({"a": {1: 2}}, TypeError, r"result\['a'\] must have strings as keys, got 1"),
        ({"a": {2, 3}}, TypeError, r"result\['a'\] must be a number, .* got set"),
        ({"a": 1j}, TypeError, r"result\['a'\] must be a number, .* got complex"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_name(value, error, message):
    with pytest.raises(error, match=message):
        plain(value, "result")

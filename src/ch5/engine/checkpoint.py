"""A checkpoint: arrays in a file that is whole or refused, and what tells one run from another, in words

    file      an .npz without pickle, whose zip comment is the SHA-256 of all that stands before it
    identity  {"optimiser.learning_rate": "0.01", "batches.order": "int64 (600, 4) 3f0a...", ...}

Names    a description is one entry for every setting and array that can be reached from a value, with its name.
Read     book/chapters/06_alice.ipynb     Tested   tests/test_checkpoint.py
"""

from __future__ import annotations

import hashlib
import io
import json
from functools import cached_property
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ch5.engine import files
from ch5.engine.weights import Array

Description = dict[str, str | None]
SUM = 32  # bytes of the checksum
PLAIN = object().__reduce_ex__(4)[0]  # how a pickle makes an object that has nothing but attributes


def write(path: files.Place, arrays: dict[str, Array]) -> None:
    """Write them to `path` (.npz, no pickle), which a kill leaves as it was or has whole. Raises OSError naming it."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    data = file.getvalue()[:-2] + SUM.to_bytes(
        2, "little"
    )  # a zip ends in the length of its comment, so far 0
    files.write(path, data + hashlib.sha256(data).digest())


def read(path: files.Place) -> dict[str, Array]:
    """The arrays that `write` was given. Raises ValueError where one bit of the file is otherwise."""
    data = Path(path).read_bytes()
    if len(data) <= SUM or hashlib.sha256(data[:-SUM]).digest() != data[-SUM:]:
        raise ValueError(
            f"{path} is not a whole checkpoint (its checksum does not fit); move it away to start afresh"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def describe(
    name: str, value: Any, weights: Array | None = None, within: tuple[int, ...] = ()
) -> Description:
    """What `value` is, an entry for each of its attributes and theirs: numbers as they print, arrays by their digest.

    Equal numbers have equal entries, whatever their type. Views into `weights` count by shape alone. An entry is
    None for what cannot be looked into, such as an open file, a generator of Python's or a lambda.
    """
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        if weights is not None and np.may_share_memory(value, weights):
            return {name: f"weights {value.shape}"}
        return {
            name: f"{value.dtype} {value.shape} {_digest(np.ascontiguousarray(value).reshape(-1).view(np.uint8))}"
        }
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)  # their own order changes from process to process
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.dtype):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        said = repr(value)
        return {name: said if len(said) <= 60 else f"{said[:20]}... {_digest(said.encode())}"}
    if isinstance(value, type | FunctionType | BuiltinFunctionType):
        return {name: None if "<" in value.__qualname__ else f"{value.__module__}.{value.__qualname__}"}
    if id(value) in within:
        return {name: "itself"}

    within = (*within, id(value))
    kind = type(value).__qualname__
    if type(value) in (list, tuple, dict):
        parts = list(value.items()) if isinstance(value, dict) else value
        return {name: _together(f"{kind} of {len(parts)}", parts, weights, within)}
    try:
        kept = value.__reduce_ex__(4)  # what a pickle of it would hold
    except Exception:
        return {name: None}
    if isinstance(kept, str):
        return {name: kept}
    make, arguments, state, entries, pairs = (*kept[:5], None, None, None)[:5]
    if make is not PLAIN or len(arguments) > 1 or entries or pairs:
        parts = [make, arguments, state, list(entries or ()), list(pairs or ())]
        return {name: _together(kind, parts, weights, within)}
    described: Description = {name: kind}
    for attributes in state if isinstance(state, tuple) else [state]:
        for attribute, part in (attributes or {}).items():
            if not isinstance(getattr(type(value), attribute, None), cached_property):
                described |= describe(f"{name}.{attribute}", part, weights, within)
    return described


def identity(parts: dict[str, Any], weights: Array) -> Description:
    """What tells a run from others: all its parts described, by name; the weights by their shapes alone."""
    return {name: said for part in parts for name, said in describe(part, parts[part], weights).items()}


def keeps_state(part: Any) -> bool:
    """Whether it says by `state()` what it keeps from one update to the next, and takes that up by `restore(state)`."""
    return hasattr(part, "state") and hasattr(part, "restore")


def states(parts: dict[str, Any]) -> dict[str, Array]:
    """The arrays of all states: {"optimiser.M": ..., "model.s": ...}."""
    kept = {name: part.state() for name, part in parts.items() if keeps_state(part)}
    return {f"{name}.{inner}": np.asarray(array) for name in kept for inner, array in kept[name].items()}


def restore(parts: dict[str, Any], saved: dict[str, Array]) -> None:
    """Let all parts that keep a state take it up."""
    for name, part in parts.items():
        if keeps_state(part):
            inner = {n.removeprefix(f"{name}."): a for n, a in saved.items() if n.startswith(f"{name}.")}
            part.restore(inner)


def check_held(held: Description, now: Description, parts: tuple[str, ...]) -> None:
    """Raises TypeError where these parts are `now` otherwise than a checkpoint would have `held` them."""
    held, now = ({name: what for name, what in d.items() if name.split(".")[0] in parts} for d in (held, now))
    if unknown := [name for name, what in now.items() if what is None]:
        raise TypeError(f"{', '.join(unknown)} must be data, for a checkpoint or a copy to know it again")
    if changed := differences(held, now):
        raise TypeError(
            "a checkpoint or copy holds no settings and data that change while training; model and optimiser "
            f"may keep what changes if they give it by state() and take it by restore(state): {changed}"
        )


def differences(was: Description, now: Description) -> str:
    """What is otherwise, in words; empty where nothing is."""
    said = [
        f"{name} was {was.get(name, 'not there')} and is now {now.get(name, 'not there')}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name, name) != now.get(name, name)
    ]
    return "; ".join(said[:3] + [f"and {len(said) - 3} more"] * (len(said) > 3))


def _together(kind: str, parts: Any, weights: Array | None, within: tuple[int, ...]) -> str | None:
    """All the parts in one entry."""
    found = [describe("", part, weights, within) for part in parts]
    if any(entry is None for description in found for entry in description.values()):
        return None
    return f"{kind} {_digest(json.dumps(found).encode())}"


def _digest(data: Any) -> str:
    return hashlib.sha256(data).hexdigest()[:16]

"""Weights that know their shapes, and gradients that are weights.

A model's weights are a frozen dataclass whose fields are arrays declared with their shape,
``W_hh: np.ndarray = shape("H", "H")``, or other such dataclasses. The constructor checks every
array against the declaration. The gradient of a loss by the weights is an object of the same type,
so ``a + b`` adds gradients, and ``theta -= 0.1 * gradient.vector()`` is a step of gradient descent
when the weights are views into ``theta``.

Read     book/notation.md     Tested   tests/test_weights.py
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def shape(*letters: str) -> Any:
    """Declare the shape of a field, one letter an axis; the same letter is the same size everywhere.

    A letter that is a number is that size: ``shape("4", "H", "D")`` holds four matrices of one shape.
    """
    return field(metadata={"shape": letters})


def as_numbers(name: str, value: Any, dtype: Any = None) -> Array:
    """`value` as a real or complex array of `dtype` (by default its own, integers becoming float64).

    Raises TypeError for anything that does not hold numbers (bool, object, text) and for complex
    numbers where a real dtype is asked for.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iufc":
        raise TypeError(f"{name} must hold real or complex numbers, got dtype {array.dtype}")
    if dtype is None:
        dtype = np.float64 if array.dtype.kind in "iu" else array.dtype
    if array.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        raise TypeError(f"{name} is complex but the weights are {np.dtype(dtype)}; make the weights complex")
    return array.astype(dtype, copy=False)


@dataclass(frozen=True)
class Weights:
    """Base of everything that has weights. Subclasses are frozen dataclasses of arrays and Weights."""

    __match_args__: ClassVar[tuple[str, ...]]  # the names of the fields, in order

    def __post_init__(self) -> None:
        """Check every array: numbers of one dtype, of the declared shape, finite; ValueError or TypeError if not."""
        declared = {f.name: f.metadata["shape"] for f in fields(self) if "shape" in f.metadata}
        given = {name: as_numbers(f"{type(self).__name__}.{name}", getattr(self, name)) for name in declared}
        sizes = {letter: int(letter) for axes in declared.values() for letter in axes if letter.isdigit()}
        for name, array in given.items():
            letters = [letter for letter in dict.fromkeys(declared[name]) if not letter.isdigit()]
            known = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters if letter in sizes)
            same = [
                sizes.setdefault(letter, n) == n
                for letter, n in zip(declared[name], array.shape, strict=False)
            ]
            if array.ndim != len(declared[name]) or not all(same):
                needs = f"({', '.join(declared[name])})" + (f" with {known}" if known else "")
                raise ValueError(f"{type(self).__name__}.{name} must have shape {needs}, got {array.shape}")
            bad = array.size - np.count_nonzero(np.isfinite(array))
            if bad:
                raise ValueError(
                    f"{type(self).__name__}.{name} must be finite, got {bad} NaN or infinite values"
                )
            object.__setattr__(self, name, array.astype(np.result_type(*given.values()), copy=False))

    @classmethod
    def unchecked(cls, *values: Any) -> Self:
        """The object with these fields, taken as they are: for gradients and views made inside the package."""
        self = object.__new__(cls)
        self.__dict__.update(zip(cls.__match_args__, values, strict=True))
        return self

    def __iter__(self) -> Iterator[Any]:
        """The fields in order, so that ``W_xh, W_hh, b = cell``."""
        return (getattr(self, name) for name in self.__match_args__)

    def arrays(self) -> dict[str, Array]:
        """Every array by its dotted name, in field order: ``{"cell.W_hh": ..., "W_hy": ...}``."""
        found: dict[str, Array] = {}
        for field_name, value in zip(self.__match_args__, self, strict=True):
            for i, part in enumerate(value) if isinstance(value, tuple) else [(None, value)]:
                name = field_name if i is None else f"{field_name}.{i}"
                if isinstance(part, Weights):
                    found |= {f"{name}.{inner}": array for inner, array in part.arrays().items()}
                else:
                    found[name] = part
        return found

    @cached_property
    def size(self) -> int:
        """The number of parameters."""
        return sum(array.size for array in self.arrays().values())

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The common dtype of the arrays."""
        return np.result_type(*self.arrays().values())

    def vector(self) -> Array:
        """All weights in one vector (P,), a copy, in field order."""
        vector = aligned((self.size,), self.dtype)
        return np.concatenate(list(self.arrays().values()), axis=None, out=vector)

    def blank(self) -> Self:
        """The same type and shapes with numbers yet to be written: a place for a gradient."""
        return self.with_vector(aligned((self.size,), self.dtype))

    def by_columns(self) -> Self:
        """The same weights, each matrix laid out in memory column after column. Only where all fields are arrays."""
        return self.unchecked(*(_by_columns(W) if W.ndim > 1 else W for W in self))

    def with_vector(self, vector: Array) -> Self:
        """The same type and shapes with its arrays as views into `vector` (P,): what changes there changes here."""
        if vector.shape != (self.size,):
            raise ValueError(f"vector must have shape ({self.size},), got {vector.shape}")
        rest = [vector]

        def take(like: Any) -> Any:
            if isinstance(like, tuple):
                return tuple(take(part) for part in like)
            if isinstance(like, Weights):
                return type(like).unchecked(*(take(part) for part in like))
            head, rest[0] = rest[0][: like.size], rest[0][like.size :]
            return head.reshape(like.shape)

        return take(self)

    def __add__(self, other: Self) -> Self:
        """The sum, array by array: gradients of shared weights add up."""
        if type(other) is not type(self):
            return NotImplemented
        return self.with_vector(self.vector() + other.vector())


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """`np.empty` from a multiple of 64 bytes on: small products take longer where a cache line is cut in two.

    NumPy promises 16 bytes only, so the same product can be fast in one run and slow in the next.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(dtype).reshape(shape)


def _by_columns(W: Array) -> Array:
    columns = W.swapaxes(-1, -2)
    laid = aligned(columns.shape, W.dtype)
    laid[:] = columns
    return laid.swapaxes(-1, -2)

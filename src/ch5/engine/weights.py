"""Weights that know their shapes, and gradients that are weights.

A model's weights are a frozen dataclass whose fields are arrays declared with their shape,
``W_hh: np.ndarray = shape("H", "H")``, or other such dataclasses. The constructor checks every
array against the declaration. The gradient of a loss with respect to the weights is an object of the same
type, so ``a + b`` adds gradients, and ``theta -= 0.1 * gradient.vector()`` is a step of gradient descent when the
weights are views into ``theta``.

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


def holds_ids(x: Any) -> bool:
    """Whether `x` holds whole numbers, of any integer dtype: characters by their number, not vectors."""
    return np.asarray(x).dtype.kind in "iu"


def as_numbers(name: str, value: Any, dtype: Any = None) -> Array:
    """`value` as a real or complex array of `dtype` (by default its own, integers becoming float64).

    Raises TypeError for anything that does not hold numbers (bool, object, text), for masked arrays, whose mask
    would be lost, and for complex numbers where a real dtype is asked for.
    """
    if type(value) is np.ndarray and value.dtype == dtype:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be masked, for the mask would be lost; fill or drop its entries")
    array = np.asarray(value)
    if array.dtype.kind not in "iufc":
        raise TypeError(f"{name} must hold real or complex numbers, got dtype {array.dtype}")
    if dtype is None:
        dtype = np.float64 if array.dtype.kind in "iu" else array.dtype
    if array.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        raise TypeError(f"{name} is complex but the weights are {np.dtype(dtype)}; make the weights complex")
    return array.astype(dtype, copy=False)


def as_size(name: str, n: Any, least: int = 1, most: int | None = None) -> int:
    """n as a plain int from `least` to `most`: arithmetic with NumPy's small integers wraps, or gives float16."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"{name} must be a whole number, got {n!r}")
    n = int(n)
    if n < least or (most is not None and n > most):
        needs = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {needs}, got {n}")
    return n


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
            if array.size == 0:
                raise ValueError(
                    f"{type(self).__name__}.{name} must have at least one entry, got {array.shape}"
                )
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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Equality by value, which a dataclass of arrays would not have."""
        super().__init_subclass__(**kwargs)
        cls.__eq__ = Weights.__eq__  # type: ignore[method-assign]
        cls.__hash__ = Weights.__hash__  # type: ignore[method-assign]

    def __eq__(self, other: object) -> bool:
        """Whether `other` has the same type and, array by array, the same shapes and entries."""
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.arrays(), other.arrays()
        return mine.keys() == theirs.keys() and all(np.array_equal(mine[n], theirs[n]) for n in mine)

    def __hash__(self) -> int:
        """By type and shapes, which stay when the numbers change in place."""
        return hash((type(self), *((name, array.shape) for name, array in self.arrays().items())))

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

    def astype(self, dtype: Any) -> Self:
        """The same weights as numbers of `dtype`, a copy: float64 to prove, float32 to train."""
        return self.with_vector(self.vector().astype(dtype))

    def empty(self) -> Self:
        """The same type and shapes with numbers yet to be written: a place for a gradient."""
        return self.with_vector(aligned((self.size,), self.dtype))

    def column_major(self) -> Self:
        """The same weights, each matrix column after column in memory. Only where all fields are arrays."""
        return self.unchecked(*(_column_major(W) if W.ndim > 1 else W for W in self))

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
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def _column_major(W: Array) -> Array:
    columns = W.swapaxes(-1, -2)
    laid = aligned(columns.shape, W.dtype)
    laid[:] = columns
    return laid.swapaxes(-1, -2)

"""What exactly is wrong with a reader's answer to an exercise.

An answer is a function that the reader wrote. `check` calls it, compares what it returns with a
reference, and prints what it finds; it raises nothing. An exercise is declared by functions alone:

    reference   its docstring is what is asked, its signature how the answer is called
    bugs        each makes one known mistake, and its docstring is what the reader is then told

A mistake is recognised by computing what it gives. A stub still gives `...`, and is told what is asked.

Read     the end of every notebook     Tested   tests/test_exercises.py
"""

from __future__ import annotations

import inspect
import linecache
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ch5.engine.weights import Array

Function = Callable[..., Any]
CLOSE = 1e-5  # of the largest entry: room for float32 and for derivatives by differences
ROUNDING = 1e-6  # of the largest entry of all parts: where one part should be zero, another way to it rounds


def check(
    answer: Any,
    reference: Function,
    cases: Iterable[tuple[Any, ...]],
    bugs: Iterable[Function] = (),
    gives: Sequence[str] = ("the result",),
) -> None:
    """Print whether `answer` gives what `reference` gives in every case, and if not, what is wrong.

    A case is a tuple of arguments; put the richest first, for mistakes are looked for in the first
    case that fails. `gives` names what is returned: one name for one array, several for a tuple.
    """
    with np.errstate(all="ignore"):
        told = _verdict(answer, reference, list(cases), list(bugs), gives)
    encoding = (
        sys.stdout.encoding or "utf-8"
    )  # of a Windows console, say, which has no ∂: it prints the sign's name
    print(told.encode(encoding, "namereplace").decode(encoding))


def _verdict(
    answer: Any,
    reference: Function,
    cases: list[tuple[Any, ...]],
    bugs: list[Function],
    gives: Sequence[str],
) -> str:
    takes = list(inspect.signature(reference).parameters)
    todo = f"To do: write {reference.__name__}({', '.join(takes)}).\n{inspect.getdoc(reference)}"
    if answer is ...:
        return todo
    if not callable(answer):
        return f"Not yet: the answer must be a function, got {_shown(answer)}."
    for case in cases:
        given = deepcopy(case)
        called = "Not yet. Called with " + ", ".join(map(_argument, takes, case)) + ":\n  "
        try:
            result = answer(*given)
        except Exception as error:  # whatever the reader's code raises is explained, not passed on
            return _raised(answer, error, takes, called)
        if result is None:
            return f"{called}it returned None. Does it end with `return`?"
        wanted = _parts(reference(*deepcopy(case)), gives)
        try:
            parts = _parts(result, gives)
        except (TypeError, ValueError) as error:
            return f"{called}{error}"
        if any(part is ... for part in parts.values()):
            return todo
        mistakes = {inspect.getdoc(bug): _parts(bug(*deepcopy(case)), gives) for bug in bugs}
        wrong = _wrong(parts, wanted, mistakes)
        if wrong:
            return called + "\n  ".join(wrong)
        for name, before, after in zip(takes, case, given, strict=True):
            if not _unchanged(before, after):
                return f"Nearly: the result is right, but the argument {name} is changed. Use a copy."
    return f"Right: it agrees in {len(cases)} cases."


def _parts(result: Any, gives: Sequence[str]) -> dict[str, Any]:
    """What was returned, by name; ValueError or TypeError where there are not as many parts as names."""
    if result is ... or len(gives) == 1:
        return {gives[0]: result}
    wants = f"it must return {len(gives)} things, {', '.join(gives)}"
    if not isinstance(result, Iterable):
        raise TypeError(f"{wants}, got {_shown(result)}.")
    parts = list(result)
    if len(parts) != len(gives):
        raise ValueError(f"{wants}, got {len(parts)}.")
    return dict(zip(gives, parts, strict=True))


def _wrong(
    parts: Mapping[str, Any], wanted: Mapping[str, Any], mistakes: Mapping[Any, Mapping[str, Any]]
) -> list[str]:
    """One line for each part that is wrong, and after it the likely reason."""
    lines = []
    floor = ROUNDING * (max(np.abs(np.asarray(want)).max(initial=0) for want in wanted.values()) or 1)
    for name, part in parts.items():
        want, got = np.asarray(wanted[name]), _numbers(part)
        if got is None:
            lines.append(f"{name} must hold numbers, got {_shown(part)}.")
        elif not _agree(got, want, floor):
            known = [told for told, given in mistakes.items() if _agree(got, np.asarray(given[name]), floor)]
            lines.append(_difference(name, got, want, floor))
            lines += [f"  {told}" for told in known or _guesses(name, got, want, wanted, floor)]
    return lines


def _numbers(part: Any) -> Array | None:
    """What was returned as an array of numbers; None where it is none."""
    try:
        array = np.asarray(part)
        if array.dtype.kind in "bO":  # True and False may stand for 1 and 0; fractions are numbers too
            array = array.astype(float)
    except (TypeError, ValueError):  # lists of unequal length, or of other things
        return None
    return array if array.dtype.kind in "iufc" else None


def _unchanged(before: Any, after: Any) -> bool:
    """Whether an argument is what it was, arrays in lists and tuples included."""
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return not isinstance(before, np.ndarray) or np.array_equal(before, after)


def _difference(name: str, got: Array, want: Array, floor: float) -> str:
    """Where and by how much an array is off."""
    if got.shape != want.shape:
        return f"{name} must have shape {want.shape}, got {got.shape}."
    off = np.abs(got - want)
    at = tuple(int(i) for i in np.unravel_index(off.argmax(), off.shape))  # NaN counts as largest
    entry = f"{name}[{', '.join(map(str, at))}]" if at else name
    line = f"{entry} is {got[at]:.6g} and should be {want[at]:.6g}, off by {off[at]:.2g}"
    if want.size == 1:
        return f"{line}."
    wrong = np.count_nonzero(~(off <= _tolerance(want, floor)))
    return f"{line}; {wrong} of {want.size} entries are wrong."


def _guesses(name: str, got: Array, want: Array, wanted: Mapping[str, Any], floor: float) -> list[str]:
    """Mistakes that any answer can make: of order, orientation, sign or scale."""
    for other, value in wanted.items():
        if other != name and _agree(got, np.asarray(value), floor):
            return [f"This is {other}. The order to return is {', '.join(wanted)}."]
    if want.ndim == 2 and _agree(got, want.T, floor):
        return ["This is its transpose."]
    if got.shape != want.shape or not want.any():
        return []
    factor = np.vdot(want, got).real / np.vdot(want, want).real
    if want.size > 1 and abs(factor) > CLOSE and _agree(got, factor * want, floor):
        if factor < 0:
            return ["Every entry has the wrong sign."]
        return [f"Every entry is {factor:.4g} times what it should be. A mean, or a sum?"]
    return []


def _agree(got: Array, want: Array, floor: float) -> bool:
    """Numbers of the same shape, none of them further off than the tolerance."""
    return got.shape == want.shape and bool((np.abs(got - want) <= _tolerance(want, floor)).all())


def _tolerance(want: Array, floor: float) -> float:
    return max(CLOSE * float(np.abs(want).max(initial=0)), floor)


def _raised(answer: Function, error: Exception, takes: list[str], called: str) -> str:
    """What the reader's code raised, and in which of its lines."""
    name = getattr(answer, "__name__", "the answer")
    try:
        inspect.signature(answer).bind(*takes)
    except TypeError:
        return f"Not yet: it is called as {name}({', '.join(takes)}), but takes other arguments."
    except ValueError:  # a built-in function that does not tell its signature
        pass
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    where = ""
    if lines and lines[-1].lineno:
        code = linecache.getline(lines[-1].filename, lines[-1].lineno).strip()
        where = f" in line {lines[-1].lineno}" + (f", `{code}`" if code else "")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{called}{name} stopped{where}:\n  {what}"


def _argument(name: str, value: Any) -> str:
    """An argument as one reads it: arrays by their shape, single numbers by their value."""
    if isinstance(value, np.ndarray):
        return f"{name} {value.shape}"
    return f"{name} = {value}" if isinstance(value, int | float | str) else name


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"

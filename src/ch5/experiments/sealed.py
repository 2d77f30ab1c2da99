"""JSON that tells whether it says what was written

Names    a seal is the entry "sha256": of every other name and number, in their order, however they are laid out.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_sealed.py
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

DIGITS = 7
Dict = dict[str, Any]


def seal(content: Dict) -> Dict:
    """The content with its seal."""
    return {"sha256": _sum(content)} | content


def unseal(data: bytes) -> Dict:
    """The content of JSON that was sealed. Raises ValueError where it says something else than it did then."""
    try:
        content = json.loads(data)
        if content.pop("sha256") == _sum(content):
            return content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no JSON with a checksum, {error!r}") from error
    raise ValueError("its checksum does not fit")


def plain(value: Any, where: str, digits: int = DIGITS) -> Any:
    """`value` as JSON holds it: NumPy numbers and arrays become Python's, floats are rounded to `digits` digits.

    Raises TypeError for what JSON cannot hold and ValueError for NaN and infinity, naming where it stood.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"{where} must have strings as keys, got {name!r}")
        return {name: plain(entry, f"{where}[{name!r}]", digits) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry, f"{where}[{i}]", digits) for i, entry in enumerate(value)]
    if isinstance(value, float):
        if not np.isfinite(value):
            raise ValueError(f"{where} must be finite, got {value}; JSON has no such number, None would do")
        return float(f"{value:.{digits}g}")
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(
        f"{where} must be a number, string, None, or a list or dict of these, got {type(value).__name__}"
    )


def _sum(content: Dict) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()

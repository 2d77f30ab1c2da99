"""A number of a run, put into the notebook under a name, by which the text shows it.

The text says {glue:text}`name`. What is stored is what `myst_nb.glue(name, text, display=False)` stores, and
the book reads both; but a number below zero gets a minus sign, and 8e-17 a power of ten. This one asks for
nothing but IPython, so a notebook also runs where the builder of the book is not installed.

Read     every notebook     Tested   tests/test_glue.py
"""

import re

from IPython.display import display

STORED = "application/papermill.record/"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def glue(name: str, text: str) -> None:
    """Store a text under a name, in the output of this cell. Nothing is shown. Raises TypeError for no text."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, rounded as the page states it, got {type(text).__name__}")
    text = re.sub(r"(?<![\w)\]])-(?=\d)", "\N{MINUS SIGN}", text)  # before a number: none of 3-5, n-gram
    text = re.sub(r"\b(\d+(?:\.\d+)?)e-0*([1-9]\d*)", power, text)
    data = {f"{STORED}text/plain": repr(text)}
    display(data, raw=True, metadata={"scrapbook": {"name": name, "mime_prefix": STORED}})


def power(found: re.Match[str]) -> str:
    """8e-17 as a reader writes it, 8 × 10⁻¹⁷; 1e-15 as 10⁻¹⁵."""
    number, exponent = found.groups()
    factor = "" if number == "1" else f"{number}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"
    return f"{factor}10⁻{exponent.translate(RAISED)}"

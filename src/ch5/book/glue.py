"""A number of a run, put into the notebook for the text to name: {glue:text}`name`.

What it stores is what `myst_nb.glue(name, text, display=False)` stores, and the book reads both. This one
asks for nothing but IPython, so a notebook also runs where the builder of the book is not installed.

Read     every notebook     Tested   tests/test_glue.py
"""

from IPython.display import display

STORED = "application/papermill.record/"


def glue(name: str, text: str) -> None:
    """Store a text under a name, in the output of this cell. Nothing is shown. Raises TypeError for no text."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, rounded as the page states it, got {type(text).__name__}")
    data = {f"{STORED}text/plain": repr(text)}
    display(data, raw=True, metadata={"scrapbook": {"name": name, "mime_prefix": STORED}})

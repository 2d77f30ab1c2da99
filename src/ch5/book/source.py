"""What a page shows as it is: the source of what it explains (what is read and what is tested are one), and drawings.

Read     every notebook     Tested   tests/test_source.py
"""

import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any

from IPython.display import HTML, Markdown


def show(*objects: Any) -> Markdown:
    """The source of functions, methods or classes, one below the other, for a cell to display."""
    return Markdown("```python\n" + "\n\n".join(dedent(inspect.getsource(o)) for o in objects) + "```")


def show_script(text: str) -> Markdown:
    """The source of a script in JavaScript."""
    return Markdown(f"```javascript\n{text}```")


def drawing(name: str) -> HTML:
    """A drawing of book/_static, found from the notebook's folder or from the book's own.

    Raises FileNotFoundError where the book is not around.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        for place in (folder / "_static" / name, folder / "book" / "_static" / name):
            if place.is_file():
                return HTML(place.read_text("utf-8"))
    raise FileNotFoundError(
        f"no drawing {name} in _static or book/_static of {here}, nor of any folder above it"
    )

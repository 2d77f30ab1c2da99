"""What a page shows as it is: the source of what it explains (what is read and what is tested are one), and drawings.

Read     every notebook     Tested   tests/test_source.py
"""

import ast
import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any

from IPython.display import HTML, Markdown


def show(*objects: Any) -> Markdown:
    """The source of functions, methods or classes, one below the other, for a cell to display: what they do.

    What they refuse, and what their docstrings say beyond the first paragraph, stands where the page's link leads.
    """
    sources = (argument(dedent(inspect.getsource(one))) for one in objects)
    return Markdown("```python\n" + "\n\n".join(sources) + "```")


def argument(source: str) -> str:
    """The source without what only raises, and without docstrings beyond their first paragraph."""
    lines, gone = source.split("\n"), set()
    for node in ast.walk(ast.parse(source)):
        start, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise) and not node.orelse:
            gone |= set(range(start - 1, end))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            blank = next((i for i in range(start, end) if not lines[i].strip()), None)
            if blank is not None:
                lines[blank - 1] += '"""'
                gone |= set(range(blank, end))
    return "\n".join(line for i, line in enumerate(lines) if i not in gone)


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

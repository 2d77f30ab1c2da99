"""The source of what a page explains, shown on the page: what is read and what is tested are one.

Read     every notebook     Tested   tests/test_source.py
"""

import inspect
from textwrap import dedent
from typing import Any

from IPython.display import Markdown


def show(*objects: Any) -> Markdown:
    """The source of functions, methods or classes, one below the other, for a cell to display."""
    return Markdown("```python\n" + "\n\n".join(dedent(inspect.getsource(o)) for o in objects) + "```")


def show_script(text: str) -> Markdown:
    """The source of a script in JavaScript."""
    return Markdown(f"```javascript\n{text}```")

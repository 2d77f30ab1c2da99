"""What a page shows is the source, as it stands."""

import inspect
from pathlib import Path

import pytest

from ch5.book.source import argument, drawing, show, show_script
from ch5.networks.cell import VanillaCell
from ch5.networks.scalar import forward, step


def test_the_source_shown_is_that_of_the_file():
    shown = show(step, forward).data
    file = Path(inspect.getfile(step)).read_text("utf-8")
    one, two = shown.removeprefix("```python\n").removesuffix("```").split("\n\n\n")
    assert one in file
    assert two in file
    assert one.startswith("def step(")
    assert two.startswith("def forward(")


def test_a_method_is_shown_from_the_margin():
    lines = show(VanillaCell.step).data.splitlines()
    assert lines[1].startswith("def step(self")
    assert lines[2].startswith('    """')


def test_what_a_function_refuses_and_its_docstring_s_tail_are_not_shown():
    """Checks that only raise go, with what follows the docstring's first paragraph; branches that act stay."""
    source = '''def f(x):
    """Twice x,
    as a number.

    Raises ValueError for x < 0.
    """
    if x < 0:
        got = x
        raise ValueError(got)
    if x > 9:
        x = 9
    return 2 * x
'''
    shown = '''def f(x):
    """Twice x,
    as a number."""
    if x > 9:
        x = 9
    return 2 * x
'''
    assert argument(source) == shown


def test_a_script_is_shown_as_it_stands():
    shown = show_script("const a = 1;\n").data
    assert shown == "```javascript\nconst a = 1;\n```"


@pytest.mark.parametrize("folder", [".", "book", "book/chapters", "src/ch5"])
def test_a_drawing_is_found_from_the_root_and_from_the_chapters(folder, monkeypatch):
    """A notebook runs in its own folder, or where its reader started Jupyter."""
    root = Path(__file__).parents[1]
    monkeypatch.chdir(root / folder)
    assert drawing("unrolled.svg").data == (root / "book/_static/unrolled.svg").read_text("utf-8")


def test_a_drawing_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no drawing unrolled\.svg in _static"):
        drawing("unrolled.svg")

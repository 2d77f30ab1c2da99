"""What a page shows is the source, as it stands."""

import inspect
from pathlib import Path

from ch5.cell import VanillaCell
from ch5.scalar import forward, step
from ch5.source import show, show_script


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


def test_a_script_is_shown_as_it_stands():
    shown = show_script("const a = 1;\n").data
    assert shown == "```javascript\nconst a = 1;\n```"

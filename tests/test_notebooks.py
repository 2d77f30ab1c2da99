"""What every notebook of the book holds to, and the proof that each check can fail."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(ROOT.glob("book/chapters/*.ipynb"))
MODULES = sorted([*ROOT.glob("src/ch5/**/*.py"), *ROOT.glob("scripts/*.py"), *ROOT.glob("book/_ext/*.py")])
LONGEST_CELL = 15  # lines
LONGEST_LINE = 88  # characters: what the page's column holds without scrolling


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def draws(cell):
    """Whether a cell draws: it shows a figure, calls into ch5.book.plots, or left a figure behind."""
    texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    called = re.search(r"\bplt\.show\(|\bfigures\.\w+\(", cell.source)
    return bool(called) or any("<Figure" in text for text in texts)


# Each check takes a notebook and gives the faults it finds, one sentence each.


def not_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"the code cells were run in the order {counts}, not once each from the top"


def errors(notebook):
    for number, cell in enumerate(code_cells(notebook), 1):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"code cell {number} ended in {output.ename}: {output.evalue}"
            if output.get("name") == "stderr":
                yield f"code cell {number} wrote to stderr: {output.text!r}"


def pictures(notebook):
    for number, cell in enumerate(code_cells(notebook), 1):
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    yield f"code cell {number} holds a picture ({kind}): run make notebooks"


def long_cells(notebook):
    for number, cell in enumerate(code_cells(notebook), 1):
        lines = cell.source.splitlines()
        folded = tagged(cell, "hide-input") or tagged(cell, "remove-input")
        written = [line for line in lines if not line.startswith(("import ", "from "))]
        if len(written) > LONGEST_CELL and not tagged(cell, "solution"):
            yield f"code cell {number} has {len(written)} lines beside imports, more than {LONGEST_CELL}"
        for line in lines:
            if len(line) > LONGEST_LINE and not folded:
                yield f"code cell {number} has a line of {len(line)} characters: {line!r}"


def bare_figures(notebook):
    for number, cell in enumerate(code_cells(notebook), 1):
        if not draws(cell):
            continue
        if not cell.source.rstrip().endswith("plt.show()"):
            yield f"code cell {number} draws a figure and does not end with plt.show()"
        mystnb = cell.metadata.get("mystnb", {})
        figure, alt = mystnb.get("figure", {}), mystnb.get("image", {}).get("alt", "")
        if not figure.get("caption"):
            yield f"the figure of code cell {number} has no caption"
        if not re.fullmatch(r"fig-[a-z0-9-]+", figure.get("name", "")):
            yield f"the figure of code cell {number} has no name that starts with fig-"
        if len(alt) < 40 or " " not in alt:
            yield f"the figure of code cell {number} has no alt text of 40 characters: {alt!r}"


CHANGERS = set(
    "pop popitem append extend insert remove clear update add discard sort reverse fill send".split()
)
CHANGERS |= {"setdefault", "shuffle", "write", "next"}


def changing_assertions(notebook):
    for number, cell in enumerate(code_cells(notebook), 1):
        yield from (f"code cell {number}: {fault}" for fault in changes_in_assertions(cell.source))


def changes_in_assertions(source):
    """Assertions that change something, or draw from a generator: without them (python -O) all after is another."""
    for node in ast.walk(ast.parse(source)):
        for part in ast.walk(node) if isinstance(node, ast.Assert) else ():
            called = getattr(part, "func", None)
            name = getattr(called, "attr", getattr(called, "id", ""))
            draws = isinstance(part, ast.Name) and part.id.endswith("rng")
            out = isinstance(part, ast.keyword) and part.arg == "out"
            if isinstance(part, ast.NamedExpr) or name in CHANGERS or draws or out:
                yield f"an assertion changes something: {ast.unparse(node)}"


CHECKS = (changing_assertions, not_run_in_order, errors, pictures, long_cells, bare_figures)


def faults(notebook):
    return [fault for check in CHECKS for fault in check(notebook)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_run_quiet_short_and_described(path):
    """Run in order, no error, no stderr, no picture stored, short cells, figures with words."""
    assert faults(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_assertion_changes_anything(path):
    """The code without its assertions does the same. For notebooks, this is one of the checks above."""
    assert list(changes_in_assertions(path.read_text("utf-8"))) == []


def test_there_are_notebooks():
    """The tests above looked at something."""
    assert NOTEBOOKS
    assert MODULES


def sound_notebook():
    """A notebook with nothing wrong: one cell that prints and one that draws."""
    printing = nbformat.v4.new_code_cell(
        "print(1)",
        execution_count=1,
        outputs=[nbformat.v4.new_output("stream", name="stdout", text="1\n")],
    )
    drawing = nbformat.v4.new_code_cell(
        "figures.states(h)\nplt.show()",
        execution_count=2,
        metadata={
            "tags": ["hide-input"],
            "mystnb": {
                "figure": {"caption": "The state is bounded.", "name": "fig-states"},
                "image": {"alt": "Three lines wander between minus one and one for fifty steps."},
            },
        },
        outputs=[nbformat.v4.new_output("display_data", data={"text/plain": "<Figure>"})],
    )
    return nbformat.v4.new_notebook(cells=[printing, drawing])


def test_a_sound_notebook_has_no_fault():
    """The checks find nothing where nothing is wrong."""
    assert faults(sound_notebook()) == []


def out_of_order(printing, drawing):
    drawing.execution_count = 7


def never_run(printing, drawing):
    printing.execution_count = None


def ended_in_an_error(printing, drawing):
    printing.outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="x"))


def wrote_to_stderr(printing, drawing):
    printing.outputs[0].name = "stderr"


def stored_a_picture(printing, drawing):
    drawing.outputs[0].data["image/png"] = "iVBORw0KGgo="


def grew_too_long(printing, drawing):
    printing.source = "\n".join(["print(1)"] * 16)


def grew_too_wide(printing, drawing):
    printing.source = f"print({'1 + ' * 30}1)"


def has_no_caption(printing, drawing):
    del drawing.metadata.mystnb.figure["caption"]


def has_no_name(printing, drawing):
    drawing.metadata.mystnb.figure["name"] = "states"


def has_a_slug_for_alt_text(printing, drawing):
    drawing.metadata.mystnb.image["alt"] = "fig_states_of_the_vanilla_cell_over_fifty_steps_final"


def has_no_metadata(printing, drawing):
    drawing.metadata.pop("mystnb")


def takes_in_an_assertion(printing, drawing):
    printing.source = 'assert wins.pop("attention") == 5'


def draws_in_an_assertion(printing, drawing):
    printing.source = "assert first(rng, 3).size == 9"


def names_in_an_assertion(printing, drawing):
    printing.source = "assert (n := len(x)) == 9"


def writes_in_an_assertion(printing, drawing):
    printing.source = "assert np.add(a, b, out=a).all()"


def does_not_end_with_show(printing, drawing):
    drawing.source = "figures.states(h)"


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (out_of_order, not_run_in_order),
        (never_run, not_run_in_order),
        (ended_in_an_error, errors),
        (wrote_to_stderr, errors),
        (stored_a_picture, pictures),
        (grew_too_long, long_cells),
        (grew_too_wide, long_cells),
        (has_no_caption, bare_figures),
        (has_no_name, bare_figures),
        (has_a_slug_for_alt_text, bare_figures),
        (has_no_metadata, bare_figures),
        (does_not_end_with_show, bare_figures),
        (takes_in_an_assertion, changing_assertions),
        (draws_in_an_assertion, changing_assertions),
        (names_in_an_assertion, changing_assertions),
        (writes_in_an_assertion, changing_assertions),
    ],
)
def test_a_planted_fault_is_found(plant, check):
    """Each fault, alone in a notebook that is sound otherwise, is reported by the check meant for it."""
    notebook = sound_notebook()
    plant(*notebook.cells)
    assert list(check(notebook))
    assert faults(notebook) == list(check(notebook))


def test_a_solution_may_be_long():
    """Only cells tagged solution may have more lines."""
    notebook = sound_notebook()
    grew_too_long(*notebook.cells)
    notebook.cells[0].metadata.tags = ["solution"]
    assert faults(notebook) == []

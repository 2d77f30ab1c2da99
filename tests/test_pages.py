"""One argument a page: its code is the next sentence, its evidence is folded, nothing comes before it is explained."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pages
import pytest
import yaml

from test_book import text_of, used

ROOT = Path(__file__).parents[1]
PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
LISTED = {part["caption"]: [page["file"] for page in part["chapters"]] for part in PARTS}
CHAPTERS = [ROOT / f"{file}.ipynb" for file in LISTED["The chapter"]]
DEEPER = [ROOT / f"{file}.ipynb" for file in LISTED.get("Going deeper", [])]
EVERY = [ROOT / f"{file}" for files in LISTED.values() for file in files]

MOST_TYPED, MOST_DISPLAYED = 60, 70  # lines
SHOWN = range(70, 156)  # characters of a description: what a list of findings has room for

# The page that introduces a term. No earlier page may use it.
INTRODUCED = {
    "ch5-sharing": {"convolution", "equivariant", "fixed point", "padding"},
    "ch5-bptt": {
        "complex step",
        "immediate derivative",
        "jacobian",
        "lag",
        "logit",
        "merge",
        "nat",
        "readout",
        "residual",
        "slope",
        "softmax",
        "total derivative",
        "vector-jacobian product",
    },
    "ch5-jacobian": {
        "gradient clipping",
        "gain",
        "lyapunov exponent",
        "non-normal",
        "saturated",
        "singular value",
        "spectral radius",
    },
    "ch5-memory": {"distractor", "horizon", "latch", "wilson interval"},
    "ch5-alice": {"temperature"},
    "ch5-measured": {"early stopping", "markov text", "n-gram", "perplexity"},
    "ch5-gates": {"cell state", "forget gate", "gate"},
    "ch5-attention": {"attention", "causal mask", "head", "positional encoding"},
    "ch5-linear": {"linear recurrence", "linear recurrent unit", "scan"},
}


each = pytest.mark.parametrize("path", [*CHAPTERS, *DEEPER], ids=lambda path: path.stem)


@cache
def notebook(path):
    return nbformat.read(path, as_version=4)


def bars(cells):
    return [i for i, cell in enumerate(cells) if pages.tags(cell) & pages.FOLDED]


def crowded(notebook):
    """Sections with more than one bar, or two that belong together."""
    for part in pages.sections(notebook):
        places = bars([cell for cell in part if cell.cell_type == "code" or cell.source.strip()])
        if len(places) > 2 or (len(places) == 2 and places[1] != places[0] + 1):
            yield f"{len(places)} bars in {part[0].source.splitlines()[0]!r}"


def mislabelled(notebook):
    """Bars that do not say what is under them: the number of assertions, if there are any."""
    for cell in pages.code(notebook):
        if not pages.tags(cell) & pages.FOLDED:
            continue
        said = cell.metadata.get("mystnb", {}).get("code_prompt_show", "")
        number = pages.assertions(cell)
        wanted = rf"How this was checked: {number} assertions?" if number else r"How \w.+"
        if not re.fullmatch(wanted, said):
            yield f"the bar over {number} assertions says {said!r}: {cell.source[:60]!r}"


@each
def test_a_page_shows_little_code(path):
    """At most 60 lines typed in cells, exercises apart, and at most 70 of displayed source."""
    assert pages.typed(notebook(path)) <= MOST_TYPED
    assert pages.displayed(notebook(path)) <= MOST_DISPLAYED


@each
def test_evidence_is_folded_under_one_bar_a_section(path):
    """A bar says how many assertions are under it, and a section has one."""
    assert list(crowded(notebook(path))) == []
    assert list(mislabelled(notebook(path))) == []


def title(path):
    return re.search(r"(?m)^# (.+)$", text_of(path)).group(1)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_title_begins_with_its_number(path):
    """The number is the page's place in the contents, and the name of the file begins with it."""
    number = CHAPTERS.index(path) + 1
    assert re.match(rf"{number} [A-Z*]", title(path))
    assert path.stem.startswith(f"{number:02}_")


@pytest.mark.parametrize("path", DEEPER, ids=lambda path: path.stem)
def test_what_may_be_left_out_says_so(path):
    """A page of this part says in its title and in the name of its file where it belongs."""
    assert title(path).startswith("Going deeper: ")
    assert path.stem.startswith("deeper_")


@each
def test_a_notebook_describes_itself(path):
    """In one sentence of plain text, as long as others show it."""
    said = notebook(path).metadata.get("description", "")
    assert len(said) in SHOWN, len(said)
    assert not re.search(r"[`*{}$\n]", said)
    assert said.endswith(".")


@pytest.mark.parametrize(
    "path", [ROOT / "book" / "index.md", *(p.with_suffix(".md") for p in EVERY if "chapters" not in p.parts)]
)
def test_a_page_of_text_describes_itself(path):
    """In its front matter."""
    (said,) = re.findall(r"(?m)^description: (.+)$", path.read_text("utf-8").split("---")[1])
    assert len(said) in SHOWN, len(said)


def labelled(path):
    """The labels that a page defines."""
    text = text_of(path)
    found = set(re.findall(r"(?m)^\(([^()\s]+)\)=\s*$", text))
    found |= set(re.findall(r"(?m)^\s*:(?:label|name): +(\S+)\s*$", text))
    return found | set(re.findall(r"\$\$\s*\(([^()\s]+)\)", text))


def ahead(path, chapters):
    """What a page uses that only a later one explains: labels and terms. Where it says what comes next, it may."""
    text = "\n".join(line for line in text_of(path).splitlines() if not re.match(r"\W*Next:", line))
    targets = set()
    for body in re.findall(r"\{(?:ref|numref|eq)\}`([^`]+)`", text):
        targets.add(re.sub(r"(?s)^.*<([^>]+)>$", r"\1", body).strip())
    terms = {re.sub(r"\s+", " ", term).lower() for term in used("term", [path])}
    for later in chapters[chapters.index(path) + 1 :]:
        labels = labelled(later)
        yield from sorted(targets & labels)
        yield from sorted(terms & {term for label in labels for term in INTRODUCED.get(label, ())})


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_nothing_is_used_before_it_is_explained(path):
    """No label and no term of a later page; what goes deeper may be pointed at from anywhere."""
    assert list(ahead(path, CHAPTERS)) == []


# Each of these can fail


def cell(source, *tags, **mystnb):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), "mystnb": mystnb})


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def of(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def test_lines_are_counted_where_a_reader_sees_them():
    """Typed in the open, not folded, not a solution, not in the exercises."""
    seen = cell("a = 1\n\nb = 2")
    unseen = [cell("c = 3", tag) for tag in ("hide-input", "remove-cell", "solution")]
    assert pages.typed(of(seen, *unseen, text("## Exercises"), cell("d = 4"))) == 2


def test_displayed_source_is_counted():
    """What show gives, less its empty lines."""
    shown = cell("show(f)", "remove-input")
    data = {"text/markdown": "```python\ndef f():\n\n    return 1\n```"}
    shown.outputs = [nbformat.v4.new_output("display_data", data=data)]
    assert pages.displayed(of(shown)) == 2


def test_a_second_bar_in_a_section_is_seen():
    """Unless it follows the first at once."""
    first, second = (cell(f"assert {x}", "hide-input") for x in "ab")
    assert list(crowded(of(text("## One"), first, text("Words."), second)))
    assert not list(crowded(of(text("## One"), first, second)))
    assert not list(crowded(of(text("## One"), first, text("## Two"), second)))


@pytest.mark.parametrize("said", ["", "How this was checked: 1 assertions", "Show code"])
def test_a_bar_that_says_something_else_is_seen(said):
    """Two assertions are two."""
    told = cell("assert a\nassert b", "hide-input", code_prompt_show=said)
    assert list(mislabelled(of(told)))
    told.metadata.mystnb.code_prompt_show = "How this was checked: 2 assertions"
    assert not list(mislabelled(of(told)))


def test_what_comes_later_is_seen(tmp_path):
    """A label or a term of the next page, but not in the line that says what comes next."""
    one, two = tmp_path / "01_one.md", tmp_path / "02_two.md"
    one.write_text("# 1 One\n\nBy {ref}`ch5-gates`, a {term}`gate`.\n\nNext: {ref}`ch5-gates`.\n")
    two.write_text("(ch5-gates)=\n# 2 Two\n")
    assert list(ahead(one, [one, two])) == ["ch5-gates", "gate"]
    assert list(ahead(two, [one, two])) == []
    one.write_text("# 1 One\n\nNext: {ref}`ch5-gates`.\n")
    text_of.cache_clear()
    assert list(ahead(one, [one, two])) == []

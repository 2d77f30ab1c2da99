"""The field's words stand in the code and on the pages; those that this book once had of its own do not."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
# Old phrase, and what the field says (the table in CONTRIBUTING.md).
OLD = {
    r"\bfirst weights\b|first_weights": "initial weights",
    r"\b(walk|way) back\b|walk_back|way_back": "backward pass",
    r"\bway forward\b": "forward pass",
    r"sent_back|\bsent back by\b": "gradient at lag k",
    r"\bputs out\b": "output",
    r"\bused up\b": "overwritten",
    r"\bchances\b": "probabilities",
    r"\b(nats|bits) a (character|step|symbol)\b": "per character, per step",
    r"\bgradient by (the )?(weights|inputs?|states?|x|W_\w+)\b": "gradient with respect to",
    r"in_a_row": "sequential operations",
    r"\b[Uu]nplaced\b": "without positional encoding",
    r"\broom\b *[:=)]|`room`": "out",
    r"\bby_columns\b|\bblank\(\)": "column-major, empty",
    r"\bplanted\.|import planted": "injected bugs",
}
FILES = [
    path
    for folder in ("src", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "test_words.py"
]


PAGES = [
    path
    for pattern in ("*.md", "chapters/*.ipynb", "_static/*.svg")
    for path in sorted((ROOT / "book").glob(pattern))
]


def prose(path):
    """What a page says in words: its text, captions and descriptions of pictures, without code and labels."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        drawn = [cell.metadata.get("mystnb", {}) for cell in cells]
        text = "\n".join(
            [cell.source for cell in cells if cell.cell_type == "markdown"]
            + [shown.get("figure", {}).get("caption", "") for shown in drawn]
            + [shown.get("image", {}).get("alt", "") for shown in drawn]
        )
    return re.sub(r"(?s)```\{code-cell\}.*?```|:label: \S+|\{solution-start\} \S+", "", text)


def old(text):
    return [(m.group(0), new) for phrase, new in OLD.items() for m in re.finditer(phrase, text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_words_of_the_code_are_those_of_the_field(path):
    assert old(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_words_of_a_page_are_those_of_the_field(path):
    assert old(prose(path)) == []


def test_the_table_of_terms_names_every_phrase():
    """CONTRIBUTING.md has a row for each, so that nobody has to read this file."""
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for new in OLD.values():
        assert all(word in table for word in new.split(", ")), new

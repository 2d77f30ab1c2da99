"""The field's words stand in the code and the glossary; those that this book once had of its own do not."""

import re
from pathlib import Path

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


@pytest.mark.parametrize("path", [*FILES, ROOT / "book" / "glossary.md"], ids=lambda path: path.name)
def test_the_words_are_those_of_the_field(path):
    text = path.read_text()
    found = [(m.group(0), new) for old, new in OLD.items() for m in re.finditer(old, text)]
    assert found == []


def test_the_table_of_terms_names_every_phrase():
    """CONTRIBUTING.md has a row for each, so that nobody has to read this file."""
    table = (ROOT / "CONTRIBUTING.md").read_text()
    for new in OLD.values():
        assert all(word in table for word in new.split(", ")), new

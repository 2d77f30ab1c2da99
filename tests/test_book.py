"""The pages of the book fit together: contents, glossary, references, labels."""

import re
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml

from ch5.engine import bptt
from ch5.networks import readout
from ch5.networks.attention import Attention
from ch5.networks.cell import VanillaCell
from ch5.networks.gated import GRU, LSTM
from ch5.networks.linear_recurrence import LRU
from ch5.networks.readout import Readout

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
PAGES = sorted([*BOOK.glob("*.md"), *BOOK.glob("chapters/*.ipynb"), *BOOK.glob("chapters/*.md")])


@cache
def text_of(path):
    """A page's text: a notebook's text cells, and the captions of its figures."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    parts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        parts.append(figure.get("caption", ""))
        if "name" in figure:
            parts.append(f":name: {figure['name']}")
    return "\n\n".join(parts)


def used(role, pages=PAGES):
    """What the role points at, over all pages: {role}`target` or {role}`text <target>`."""
    found = set()
    for path in pages:
        for body in re.findall(rf"\{{{role}\}}`([^`]+)`", text_of(path)):
            found.add(re.sub(r"(?s)^.*<([^>]+)>$", r"\1", body).strip())
    return found


def glossary():
    """The entries of the glossary; an entry may have several names."""
    entries, names = [], []
    for block in re.findall(
        r"(?ms)^(?:`{3,}|:{3,})\{glossary\}\n(.*?)^(?:`{3,}|:{3,})$",
        text_of(BOOK / "glossary.md"),
    ):
        for line in block.splitlines():
            if re.match(r"[^\s:]", line):
                names.append(line.split(" : ")[0].strip().lower())
            elif names:
                entries.append(names)
                names = []
    return entries


def labels():
    """Everything that ref, numref and eq can point at."""
    found = set()
    for path in PAGES:
        text = text_of(path)
        found |= set(re.findall(r"(?m)^\(([^()\s]+)\)=\s*$", text))
        found |= set(re.findall(r"(?m)^\s*:(?:label|name): +(\S+)\s*$", text))
        found |= set(re.findall(r"\$\$\s*\(([^()\s]+)\)", text))
    return found


def bibliography():
    return set(re.findall(r"(?m)^@\w+\{([^,\s]+),", (BOOK / "references.bib").read_text("utf-8")))


def cited():
    keys = set()
    for role in ("cite", "cite:p", "cite:t", "cite:ps", "cite:ts"):
        for target in used(role):
            keys |= {key.strip() for key in target.split(",")}
    return keys


def sources():
    """The keys that the headers of the modules give as their source."""
    named = set()
    for path in sorted((ROOT / "src" / "ch5").rglob("*.py")):
        for line in re.findall(r"(?m)^.*\bSource\b +(\[.*)$", path.read_text("utf-8")):
            named |= set(re.findall(r"\[([A-Z]\w+\d{4}\w*)\]", line))
    return named


def test_the_contents_list_every_page_once():
    """_toc.yml names the files that are there: none missing, none twice, none that is not there."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    listed = [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]
    there = [path.relative_to(ROOT).with_suffix("").as_posix() for path in PAGES]
    assert sorted(listed) == sorted(there)


def test_the_readme_lists_the_chapters_in_order():
    """The reading order of the README is that of _toc.yml; its numbers and titles are the notebooks' own."""
    listed = re.findall(r"(?m)^(\d+)\. \[(.+)\]\((\S+)\)$", (ROOT / "README.md").read_text("utf-8"))
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [ROOT / f"{page['file']}.ipynb" for page in toc["parts"][0]["chapters"]]
    titles = [re.search(r"(?m)^# (.+)$", text_of(path)).group(1) for path in chapters]
    there = [path.relative_to(ROOT).as_posix() for path in chapters]
    assert [(f"{n} {title}", path) for n, title, path in listed] == list(zip(titles, there, strict=True))


def test_every_term_is_in_the_glossary():
    """A {term} leads somewhere."""
    names = {name for entry in glossary() for name in entry}
    assert {term for term in used("term") if term.lower() not in names} == set()


def test_every_glossary_entry_is_used():
    """No entry explains a word that no page uses."""
    pages = [path for path in PAGES if path.name != "glossary.md"]
    terms = {term.lower() for term in used("term", pages)}
    assert [entry for entry in glossary() if not terms & set(entry)] == []


def test_every_citation_has_a_reference():
    """A {cite} names a key of references.bib."""
    assert cited() - bibliography() == set()


def test_every_reference_is_cited():
    """No reference stands in the list that neither a page nor a module's header names."""
    assert bibliography() - cited() - sources() == set()


def test_every_source_named_in_the_code_is_a_reference():
    """The [Key] behind Source in a module's header is a key of references.bib."""
    assert sources() - bibliography() == set()


@pytest.mark.parametrize("role", ["ref", "numref", "eq"])
def test_every_label_that_is_referred_to_exists(role):
    """A {ref}, {numref} or {eq} names a label of this book."""
    assert used(role) - labels() == set()


def test_every_page_that_is_referred_to_exists():
    """A {doc} names a page, seen from where it stands."""
    missing = []
    for path in PAGES:
        for target in used("doc", [path]):
            start = ROOT / target.lstrip("/") if target.startswith("/") else path.parent / target
            if not any(start.with_name(start.name + kind).exists() for kind in (".md", ".ipynb")):
                missing.append((path.name, target))
    assert missing == []


def live_arrays(sizes, batch):
    """What the names of the notation stand for in a small run with these sizes and batch axes."""
    rng = np.random.default_rng(5)
    T, D, H, V = (sizes[letter] for letter in "TDHV")
    cell = VanillaCell(rng.normal(size=(H, D)), rng.normal(size=(H, H)), rng.normal(size=H))
    output = Readout(rng.normal(size=(V, H)), rng.normal(size=V))
    x = rng.normal(size=(T, *batch, D))
    h, _ = bptt.unroll(cell, x)
    logits = output.logits(h[1:])
    losses, dlogits = readout.cross_entropy(logits, rng.integers(V, size=(T, *batch)))
    slope, dh_out = cell.linearise(h), output.backward(dlogits, h[1:])[1]
    J = slope[..., None] * cell.W_hh
    forward = {"x": x, "h": h, "a": cell.drive(x), "logits": logits, "losses": losses}
    back = {"slope": slope, "dh_out": dh_out, "J": J}
    head = Attention(*rng.normal(size=(3, H, D)))
    attended = head.arrays() | head.forward(x)[1]._asdict()
    linear = LRU.initialise(rng, sizes["N"], D)
    linear_arrays = linear.arrays() | {"eigenvalues": linear.eigenvalues}
    return (
        linear_arrays
        | cell.arrays()
        | output.arrays()
        | forward
        | back
        | gated_arrays(x, H, rng)
        | attended
        | sizes
    )


def gated_arrays(x, H, rng):
    """The cell state of an LSTM and the slots of both gated cells along x, by the order that the notation gives."""
    found = {}
    for kind, names in ((LSTM, "gifo"), (GRU, "nrzq")):
        s, a = bptt.unroll(kind.initialise(rng, H, x.shape[-1], 1.0), x)
        found |= dict(zip(names, a.swapaxes(0, 1), strict=True))
        if names == "gifo":
            found["c"] = s[..., H:]
    return found


def notation():
    """The rows of the table: name in code, and shape as a tuple of words, or None where it has none."""
    rows = re.findall(r"(?m)^\| \$.*?\$ \| `(\w+)` \| (?:`\(([^)]*)\)`)? *\|", text_of(BOOK / "notation.md"))
    return [(name, tuple(shape.split(", ")) if shape else None) for name, shape in rows]


@pytest.mark.parametrize("batch", [(), (7,), (7, 8)])
def test_the_notation_names_what_is_in_the_code_with_its_shape(batch):
    """Every row of the table holds for a live run, whatever stands between time and the last axis."""
    sizes = {"T": 6, "D": 3, "H": 4, "V": 5, "N": 2}
    arrays = live_arrays(sizes, batch)
    rows = notation()
    assert len(rows) == len(re.findall(r"(?m)^\| \$", text_of(BOOK / "notation.md")))
    for name, shape in rows:
        if shape is None:
            assert name in {*sizes, "loss"}, name
            continue
        wanted = []
        for word in shape:
            wanted += (
                batch
                if word == "..."
                else [{"T+1": sizes["T"] + 1, "2*N": 2 * sizes["N"]}.get(word) or sizes[word]]
            )
        assert arrays[name].shape == tuple(wanted), name

"""What the printed book holds to. Each check lists the faults that it finds, as sentences."""

import unicodedata
from bisect import bisect
from functools import cache

from html5lib import HTMLParser
from pdf import parts

# What paper leaves out: what answers only on a screen, and what is drawn instead of written.
ON_SCREEN = {"headerlink", "source-of", "above-input", "toctree-wrapper", "katex"}


def flat(outline):
    """The titles of an outline, from top to bottom."""
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield entry.title


def letters(text):
    """The letters alone: lines break and pages turn in other places on paper."""
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKC", text)))


def written(element):
    """The pieces of text in an element of a page that belong on paper."""
    names = set(element.get("class", "").split())
    unread = ("script", "style", "svg", *(() if "admonition-title" in names else ("summary",)))
    if element.tag.endswith(unread) or names & ON_SCREEN:
        return
    yield element.text or ""
    for child in element:
        yield from written(child)
        yield child.tail or ""


@cache
def article(path):
    """The part of a built page that belongs on paper."""
    (found,) = HTMLParser(namespaceHTMLElements=False).parse(path.read_text("utf-8")).iter("article")
    return found


@cache
def texts(reader):
    return [page.extract_text() for page in reader.pages]


def untold(reader, language, title):
    """What a screen reader would ask for in vain, or be told wrongly."""
    root = reader.root_object
    if not root.get("/MarkInfo", {}).get("/Marked") or "/StructTreeRoot" not in root:
        yield "the parts of the text carry no tags"
    if root.get("/Lang") != language:
        yield f"the document says that its language is {root.get('/Lang')}"
    if reader.metadata.title != title:
        yield f"the document says that its title is {reader.metadata.title}"
    for part in parts(root.get("/StructTreeRoot", {})):
        if part["/S"] in ("/Figure", "/Formula") and not part.get("/Alt"):
            yield "a picture or a formula has no words"


def not_in_the_outline(reader, paths):
    """Titles and sections of the pages that the outline does not list."""
    listed = {letters(title) for title in flat(reader.outline)}
    for path in paths:
        for heading in [*article(path).iter("h1"), *article(path).iter("h2")]:
            title = "".join(written(heading))
            if letters(title) not in listed:
                yield title


def stands(piece, text):
    """Whether the letters of a piece stand in the text; a long one may go on over the page."""
    if len(piece) < 40:
        return piece in text
    turn = bisect(range(len(piece)), False, key=lambda end: piece[: end + 1] not in text)
    return piece[turn:] in text


def lost(reader, paths):
    """Text, and words for pictures, that the pages have and the paper has not."""
    text = letters("".join(texts(reader)))
    told = {part.get("/Alt") for part in parts(reader.root_object.get("/StructTreeRoot", {}))}
    for path in paths:
        for piece in dict.fromkeys(map(letters, written(article(path)))):
            if not stands(piece, text):
                yield piece
        for image in article(path).iter("img"):
            if image.get("alt") not in told:
                yield f"{image.get('src')} has lost its words"


def astray(reader):
    """Links that lead to this machine, or to no place in the document."""
    for number, page in enumerate(reader.pages, 1):
        for link in page.get("/Annots", []):
            link = link.get_object()
            address = link.get("/A", {}).get("/URI", "")
            if address.startswith(("file:", "http://127.0.0.1")):
                yield f"page {number} leads to {address}"
            if "/Dest" in link and link["/Dest"] not in reader.named_destinations:
                yield f"page {number} leads to {link['/Dest']}, which is nowhere"


def unnumbered(reader):
    """Pages, after the title, that do not say their number."""
    for number, text in enumerate(texts(reader), 1):
        if number > 1 and str(number) not in text.split():
            yield f"page {number}"

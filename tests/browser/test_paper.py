"""The printed book, as make pdf leaves it: all that the pages say, in one document that finds its way."""

import os

import paper
import pdf
import pytest
from checks import outline, sideways
from chromium import PAGES
from pypdf import PdfReader

pytestmark = pytest.mark.xdist_group("paper")  # one process reads it, once
PAPER_WIDTH = 642  # pixels between the margins: 170 of the 210 mm of A4


@pytest.fixture(scope="session")
def pages(site):
    return [site / name for name in PAGES if name.startswith("book/")]


@pytest.fixture(scope="session")
def book(pages):
    if not pdf.PDF.exists() or pdf.PDF.stat().st_mtime < max(path.stat().st_mtime for path in pages):
        pytest.fail("the pages are newer than the printed book: run make pdf first", pytrace=False)
    return PdfReader(pdf.PDF)


def test_one_process_reads_it(request):
    """Tests of one group stay together, for each process that reads the book takes half a minute for it."""
    assert request.node.nodeid.endswith("@paper") or "PYTEST_XDIST_WORKER" not in os.environ


def test_it_speaks(book, site):
    """Tagged, with the pages' language and title; every picture and every formula has words."""
    front = site / "book" / "index.html"
    (title,) = paper.article(front).iter("h1")
    assert list(paper.untold(book, outline(front).lang, "".join(paper.written(title)))) == []


def test_its_outline_is_that_of_the_pages(book, pages):
    """Every title and every section is in it."""
    assert list(paper.not_in_the_outline(book, pages)) == []


def test_it_says_what_the_pages_say(book, pages):
    """No piece of text and no words for a picture are lost."""
    assert list(paper.lost(book, pages)) == []


def test_its_links_lead_somewhere(book):
    """From page to page inside it, or to an address of the world."""
    assert list(paper.astray(book)) == []


def test_its_pages_are_numbered(book):
    """One count through the whole book; the title page goes without."""
    assert list(paper.unnumbered(book)) == []


def test_nothing_is_cut_at_the_margin(page, server):
    """Code, equations and tables keep to the width of the paper."""
    page.set_viewport_size({"width": PAPER_WIDTH, "height": 900})
    pdf.bind(page, server)
    assert sideways(page) == []

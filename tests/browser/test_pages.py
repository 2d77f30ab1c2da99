"""Every built page, from a server and from disk, wide and narrow, light and dark."""

import pytest
from checks import (
    dead_links,
    invalid,
    loose_structure,
    not_for_everyone,
    sideways,
    visit,
    without_words,
)
from chromium import SCHEMES, WIDTHS


@pytest.fixture(scope="module")
def read(browser, server):
    """A function that opens a page once and looks at it wide and narrow, light and dark, for all the tests below."""
    known = {}

    def read(name):
        if name not in known:
            known[name] = {}
            for scheme in SCHEMES:
                # no colour half-way to another
                context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
                page = context.new_page()
                seen = visit(page, f"{server}/{name}", f"{server}/", until="networkidle")
                known[name][scheme] = seen.foreign + seen.complaints  # axe-core asks for things, too
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 900})
                    known[name][scheme, width] = sideways(page), not_for_everyone(page)
                context.close()
        return known[name]

    return read


def test_a_page_asks_no_other_host_and_has_no_error(name, read):
    """From a server: all it needs lies there, and it says nothing."""
    assert [read(name)[scheme] for scheme in SCHEMES] == [[], []]


def test_a_page_needs_no_server(name, site, page):
    """Opened by double-click: all it needs lies beside it, and it says nothing."""
    seen = visit(page, (site / name).as_uri(), f"{site.as_uri()}/", until="networkidle")
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_does_not_scroll_sideways(width, name, read):
    """Code, equations and tables scroll inside themselves."""
    assert [read(name)[scheme, width][0] for scheme in SCHEMES] == [[], []]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_for_everyone(width, scheme, name, read):
    """WCAG 2.2 AA, as far as axe-core can tell."""
    assert read(name)[scheme, width][1] == []


def test_every_image_is_described(name, site):
    """The alt text is a sentence, for those who cannot see the picture."""
    assert list(without_words(site / name)) == []


def test_links_lead_somewhere(name, site):
    """Every link inside the book finds its file and its anchor."""
    assert list(dead_links(site / name)) == []


def test_a_page_is_valid(name, site):
    """Its HTML leaves a browser nothing to guess."""
    assert list(invalid(site / name)) == []


def test_a_page_is_in_order(name, site):
    """It says its language, its ids are its own, its headings skip no level."""
    assert list(loose_structure(site / name)) == []


def test_the_front_door_leads_to_the_title_page(server, page):
    """The address without a file's name opens the book."""
    page.goto(server)
    page.wait_for_url("**/book/index.html")

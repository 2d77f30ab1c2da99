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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_quiet_fits_and_is_for_everyone(width, scheme, name, server, page):
    """No other host, no error; code, equations and tables scroll inside themselves; WCAG 2.2 AA by axe-core."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half-way to another
    seen = visit(page, f"{server}/{name}", f"{server}/", until="networkidle")
    assert seen.foreign == []
    assert seen.complaints == []
    assert sideways(page) == []
    assert not_for_everyone(page) == []


def test_a_page_needs_no_server(name, site, page):
    """Opened by double-click: all it needs lies beside it, and it says nothing."""
    seen = visit(page, (site / name).as_uri(), f"{site.as_uri()}/", until="networkidle")
    assert seen.foreign == []
    assert seen.complaints == []


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

"""Every built page, from a server and from disk, wide and narrow, light and dark."""

import pytest
from checks import (
    dead_links,
    loose_structure,
    not_for_everyone,
    sideways,
    visit,
    without_words,
)
from chromium import WIDTHS


@pytest.mark.parametrize("way", ["server", "disk"])
def test_a_page_asks_no_other_host_and_has_no_error(way, name, site, server, page):
    """Opened from a server or by double-click: all it needs lies beside it, and it says nothing."""
    home = server if way == "server" else site.as_uri()
    seen = visit(page, f"{home}/{name}", home, until="networkidle")
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_does_not_scroll_sideways(width, name, server, page):
    """Code, equations and tables scroll inside themselves."""
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{server}/{name}", server)
    assert sideways(page) == []


def test_every_image_is_described(name, site):
    """The alt text is a sentence, for those who cannot see the picture."""
    assert list(without_words(site / name)) == []


def test_the_front_door_leads_to_the_title_page(server, page):
    """The address without a file's name opens the book."""
    page.goto(server)
    page.wait_for_url("**/book/index.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_for_everyone(width, scheme, name, server, page):
    """WCAG 2.2 AA, as far as axe-core can tell."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half-way to another
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{server}/{name}", server)
    assert not_for_everyone(page) == []


def test_links_lead_somewhere(name, site):
    """Every link inside the book finds its file and its anchor."""
    assert list(dead_links(site / name)) == []


def test_a_page_is_in_order(name, site):
    """It says its language, its ids are its own, its headings skip no level."""
    assert list(loose_structure(site / name)) == []

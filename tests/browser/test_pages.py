"""Every built page, from a server and from disk, at a desk by day and on a phone by night."""

import pytest
from checks import (
    cut,
    dead_links,
    empty_on_paper,
    invalid,
    late,
    loose_structure,
    not_for_everyone,
    shifts,
    sideways,
    translated,
    visit,
    weight,
    without_size,
    without_words,
)

# Each width and each colour scheme once: what is too wide does not depend on colours, nor a contrast on the width.
VIEWS = [(1280, 900, "light"), (390, 844, "dark")]
LIMIT = 500_000  # bytes over the wire


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_a_page_is_light_still_quiet_whole_and_for_everyone(width, height, scheme, name, server, page):
    """No other host, no error, nothing moves, every picture comes; what is wide scrolls in itself and says so;
    WCAG 2.2 AA by axe-core. On a phone the first view is light; what is printed from the desk has no empty frame."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    seen = visit(page, f"{server}/{name}", f"{server}/", until="networkidle")
    assert shifts(page) == []
    assert seen.foreign == []
    assert seen.complaints == []
    assert sideways(page) == []
    assert cut(page) == []
    if width < 500:
        assert weight(seen.answers) < LIMIT
    else:
        if name.startswith("book/"):  # before it is scrolled, or Chromium may leave unfolded outputs out
            assert empty_on_paper(page) == []
        assert translated(page) == []
        assert list(late(page)) == []
    page.emulate_media(reduced_motion="reduce")  # no colour half-way to another
    assert not_for_everyone(page) == []


def test_a_page_needs_no_server(name, site, page):
    """Opened by double-click: all it needs lies beside it, and it says nothing."""
    seen = visit(page, (site / name).as_uri(), f"{site.as_uri()}/", until="networkidle")
    assert seen.foreign == []
    assert seen.complaints == []


def test_the_html_of_a_page_is_sound(name, site):
    """Images have words and a size, links lead somewhere, a browser has nothing to guess, ids and headings are in
    order."""
    path = site / name
    for check in (without_words, without_size, dead_links, invalid, loose_structure):
        assert list(check(path)) == []


def test_the_front_door_leads_to_the_title_page(server, page):
    """The address without a file's name opens the book."""
    page.goto(server)
    page.wait_for_url("**/book/index.html")

"""Each check of a built page finds the one fault that is planted for it."""

import pytest
from checks import (
    dead_links,
    loose_structure,
    not_for_everyone,
    sideways,
    visit,
    without_words,
)

SOUND = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,"></head><body><main><h1 id="top">A page</h1>
<article><p>Text. <a href="#top">Up</a></p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="A line that rises from left to right.">
</article></main></body></html>"""


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens a sound page with one piece of it replaced."""

    def opened(old="", new=""):
        assert old in SOUND
        (tmp_path / "page.html").write_text(SOUND.replace(old, new, 1), "utf-8")
        home = tmp_path.as_uri()
        return visit(page, f"{home}/page.html", home, until="networkidle"), tmp_path / "page.html"

    return opened


def test_a_sound_page_has_no_fault(opened, page):
    """The checks find nothing where nothing is wrong."""
    seen, path = opened()
    assert (seen.foreign, seen.complaints) == ([], [])
    assert sideways(page) + not_for_everyone(page) == []
    assert [*dead_links(path), *without_words(path), *loose_structure(path)] == []


def test_a_request_to_another_host_is_seen(opened):
    """A script from elsewhere, asked for and never let out of the machine."""
    seen, _ = opened("</body>", '<script src="http://127.0.0.1:9/far.js"></script></body>')
    assert seen.foreign == ["http://127.0.0.1:9/far.js"]


@pytest.mark.parametrize("script", ["console.error('x')", "console.warn('x')", "throw Error('x')"])
def test_a_complaint_is_seen(script, opened):
    """An error, a warning and an exception that nobody caught."""
    seen, _ = opened("</body>", f"<script>{script}</script></body>")
    assert len(seen.complaints) == 1


def test_a_thing_wider_than_the_window_is_seen(opened, page):
    """One line of code that pushes the page sideways; inside a scroller it may be as wide."""
    opened("Text.", '<pre style="width: 3000px">x</pre>')
    assert sideways(page)
    opened("Text.", '<div style="overflow-x: auto"><pre style="width: 3000px">x</pre></div>')
    assert sideways(page) == []


@pytest.mark.parametrize("alt", ["", "fig_loss_curve.png", "loss curve"])
def test_an_image_without_words_is_seen(alt, opened):
    """No alt text, a file's name, a label."""
    _, path = opened("A line that rises from left to right.", alt)
    assert len(list(without_words(path))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<p>Text.", '<p style="color: #bbb; background: #fff">Text.'),
        ("Text.", "<button></button>"),
        ("Text.", '<pre style="width: 5em; overflow: auto">' + "x" * 999 + "</pre>"),
    ],
)
def test_a_barrier_is_seen(old, new, opened, page):
    """Faint text, a button without a name, a scroller that the keyboard cannot reach."""
    opened(old, new)
    assert not_for_everyone(page)


@pytest.mark.parametrize("link", ["#nowhere", "nowhere.html", "page.html#nowhere"])
def test_a_dead_link_is_seen(link, opened):
    """An anchor or a file that is not there."""
    _, path = opened("#top", link)
    assert len(list(dead_links(path))) == 1


@pytest.mark.parametrize(
    ("old", "new"), [(' lang="en"', ""), ("<p>", '<p id="top">'), ("<p>", "<h3>Skips</h3><p>")]
)
def test_a_loose_structure_is_seen(old, new, opened):
    """No language, an id given twice, a heading that skips a level."""
    _, path = opened(old, new)
    assert len(list(loose_structure(path))) == 1

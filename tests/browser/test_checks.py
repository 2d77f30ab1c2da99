"""Each check of a built page, and of the book on paper, finds the one fault that is planted for it."""

import paper
import pytest
from checks import (
    cut,
    dead_links,
    empty_on_paper,
    invalid,
    loose_structure,
    not_for_everyone,
    sideways,
    visit,
    without_words,
)
from pypdf import PdfReader

SOUND = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,"></head><body><main><article><h1 id="top">A page</h1>
<p>Text. <a href="#top">Up</a></p>
<img src='data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 9L9 0" stroke="black"/></svg>'
alt="A line that rises from left to right.">
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
    assert [*dead_links(path), *without_words(path), *loose_structure(path), *invalid(path)] == []


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


def test_a_faint_piece_of_code_is_seen(opened, page):
    """Axe-core reads one piece of each kind; one that is fainter than its like is of another kind."""
    code = (
        '<div class="highlight"><pre><span class="n">cell</span> <span class="n">state</span> {}</pre></div>'
    )
    opened("Text.", code.format(""))
    assert not_for_everyone(page) == []
    assert page.locator(".n").count() == 1
    opened("Text.", code.format('<span class="n" style="color: #bbb">gate</span>'))
    assert len(not_for_everyone(page)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</article>", ""),
        ("Text.", "<div>Text.</div>"),
        ("Text.", "<b>Te<i>xt</b>.</i>"),
        ("Text.", '<a href="#top" href="#top">Text.</a>'),
        ("A page</h1>", "<div>A page</div></h1>"),
        ("<!DOCTYPE html>", ""),
    ],
)
def test_invalid_html_is_seen(old, new, opened):
    """A tag left open, a block in a paragraph or a heading, tags crossed, an attribute twice, no doctype."""
    _, path = opened(old, new)
    assert list(invalid(path))


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


@pytest.mark.parametrize("reached", ["", "tabindex=0"])
def test_a_formula_that_scrolls_and_cannot_be_reached_is_seen(reached, opened, page):
    """Wider than its place: by keyboard it has to be reached."""
    wide = "<span style='display: inline-block; width: 3000px'>x</span>"
    place = f"<div class=katex-display style='overflow-x: auto' {reached}>{wide}</div>"
    opened("Text.", f"</p>{place}<p>Text.")
    assert bool(cut(page)) is not bool(reached)


# On paper


def test_a_frame_or_a_sheet_with_nothing_is_seen(opened, page):
    """A cell whose content is only on the screen, and a sheet between two that have words."""
    opened()
    assert empty_on_paper(page) == []
    frame = "<div class=cell style='border: 3px solid'></div>"
    sheet = "<div style='break-before: page; height: 1px'></div><p style='break-before: page'>b</p>"
    opened("</article>", f"{frame}{sheet}</article>")
    assert [fault.split(" style")[0] for fault in empty_on_paper(page)] == ['<div class="cell"', "sheet 2"]


NUMBERED = "@page { margin: 2cm; @bottom-center { content: counter(page); } } h1 { break-before: page; }"


@pytest.fixture
def printed(opened, page, tmp_path):
    """A function that prints the sound page, after a first one, with one piece of it replaced."""

    def printed(old="", new="", style=NUMBERED, **options):
        opened(old, new)
        page.evaluate("document.body.prepend('First.')")
        page.add_style_tag(content=style)
        wanted = {"tagged": True, "outline": True, "prefer_css_page_size": True} | options
        page.pdf(path=tmp_path / "page.pdf", **wanted)
        (tmp_path / "page.html").write_text(SOUND, "utf-8")
        reader = PdfReader(tmp_path / "page.pdf")
        checks = {
            "untold": paper.untold(reader, "en", "A page"),
            "outline": paper.not_in_the_outline(reader, [tmp_path / "page.html"]),
            "lost": paper.lost(reader, [tmp_path / "page.html"]),
            "astray": paper.astray(reader),
            "unnumbered": paper.unnumbered(reader),
        }
        found = {name: list(faults) for name, faults in checks.items()}
        return {name: faults for name, faults in found.items() if faults}

    return printed


def test_a_sound_print_has_no_fault(printed):
    """The checks find nothing where nothing is wrong."""
    assert printed() == {}


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("untold", ' lang="en"', ""),
        ("untold", "<title>A page</title>", ""),
        ("untold", "<p>Text.", '<p><span role="img">drawn</span> Text.'),
        ("outline", '<h1 id="top">A page</h1>', '<p id="top">A page</p>'),
        ("lost", "Text.", ""),
        ("lost", "A line that rises from left to right.", "A line."),
        ("astray", '<a href="#top">', '<a href="file:///page.html">'),
    ],
)
def test_a_fault_on_paper_is_seen(check, old, new, printed):
    """No language, no title, a picture without words, a title that is none, text or words lost, a link to a file."""
    assert check in printed(old, new)


def test_paper_without_tags_is_seen(printed):
    """Printed as Chromium prints when it is not asked for tags."""
    assert "untold" in printed(tagged=False, outline=False)


def test_paper_without_an_outline_is_seen(printed):
    """Tagged, but with nothing to find a section by."""
    assert printed(outline=False) == {"outline": ["A page"]}


def test_paper_without_numbers_is_seen(printed):
    """No number at the foot of the second page."""
    assert printed(style="h1 { break-before: page; }") == {"unnumbered": ["page 2"]}

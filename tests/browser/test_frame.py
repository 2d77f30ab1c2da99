"""What all pages share: their length, their first screen, the title page, search, old addresses, menu."""

import json
import re

import pages
import pytest
from chromium import PAGES, SITE

BOOK = SITE.parents[1] / "book"
NOTEBOOKS = sorted(BOOK.glob("chapters/*.ipynb"))
SCREENS, FIRST = 14, 500  # screens of a page; pixels above its first figure


@pytest.fixture(params=["server", "disk"])
def home(request, server, site):
    return server if request.param == "server" else site.as_uri()


# One argument a page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_is_short_and_opens_with_a_picture(path, server, page):
    """At most 14 screens of 900 pixels; the first figure or control begins above 500 in the first."""
    height, top = pages.length(page, f"{server}/book/chapters/{path.stem}.html")
    assert height <= SCREENS * pages.SCREEN
    assert top is not None
    assert top < FIRST


def test_a_figure_fills_a_phone_and_has_no_card(browser, server):
    """At 390 pixels in the dark: as wide as the text, so that its type is 11 pixels; no ground, and its ink turned."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(f"{server}/book/chapters/05_memory.html")
    figure = page.locator(".bd-article figure img").first
    box, text = figure.bounding_box(), page.locator(".bd-article p").first.bounding_box()
    assert (box["x"], box["width"]) == (text["x"], text["width"])
    ground, turned = figure.evaluate(
        "image => [getComputedStyle(image).backgroundColor, getComputedStyle(image).filter]"
    )
    assert ground == "rgba(0, 0, 0, 0)"
    assert "invert(1)" in turned
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_heading_of_a_section_is_smaller_than_the_title(width, browser, server):
    """By a fifth at the least, on a telephone too."""
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(f"{server}/book/chapters/06_alice.html")
    title, heading = (
        page.locator(f".bd-article {tag}").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
        for tag in ("h1", "h2")
    )
    assert 1.2 * heading <= title
    page.close()


@pytest.mark.parametrize("path", ["write_your_own_cell", "benchmarks", "chapters/10_attention"])
def test_a_table_of_records_is_read_without_scrolling_on_a_phone(path, browser, server):
    """Each value with its column's name above it, in sight; on a wide screen the names stand at the head alone."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{server}/book/{path}.html")
    table = page.locator("table.records").first
    assert table.evaluate("one => one.parentElement.scrollWidth <= one.parentElement.clientWidth")
    head = table.locator("thead th").last.text_content().strip()
    label = table.locator("tbody tr").last.locator("td").last.locator(".column")
    assert label.text_content() == head
    assert label.is_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not label.is_visible()
    page.close()


# The title page


def test_the_control_ends_in_the_first_screen(home, page):
    """Landing, the reader sees the control and all of its picture; an arrow key changes the picture at once."""
    page.goto(f"{home}/book/index.html", wait_until="networkidle")
    page.wait_for_selector(".ch5-slider path[data-series][d]")
    box = page.locator(".ch5-slider").bounding_box()
    assert box["y"] + box["height"] <= pages.SCREEN
    assert box["height"] <= 540


def test_a_key_changes_the_picture_on_the_title_page(home, page):
    """From a server and from disk."""
    page.goto(f"{home}/book/index.html", wait_until="networkidle")
    paths = "Array.from(document.querySelectorAll('.ch5-slider path[data-series]'), e => e.getAttribute('d'))"
    before = page.evaluate(paths)
    page.locator(".ch5-slider input[type=range]").first.press("ArrowRight")
    assert page.evaluate(paths) != before


def test_without_scripts_the_title_page_has_a_figure(browser, server):
    """Where nothing can draw the control, its figure at four places stands there."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/book/index.html")
    assert page.get_by_alt_text("Four panels").is_visible()
    context.close()


def test_the_contents_say_what_each_page_is_and_how_long(server, page):
    """Every page of the book, in reading order, with its description and minutes."""
    page.goto(f"{server}/book/index.html")
    items = page.locator(".contents li").all()
    listed = [item.locator("a").first.get_attribute("href") for item in items]
    assert sorted(f"book/{name}" for name in listed) == sorted(
        name for name in PAGES if name.startswith("book/") and name != "book/index.html"
    )
    for item in items:
        assert re.search(r"\b[1-9]\d? min", item.inner_text())
        assert item.locator(".about").count()


# What others are told


def test_a_page_describes_itself(name, site):
    """In its head: for lists of findings, and for links in messages."""
    text = (site / name).read_text("utf-8")
    if not name.startswith("book/"):
        pytest.skip("no page of the book's text")
    assert text.count('<meta property="og:title"') == 1
    (said,) = re.findall(r'<meta name="description" content="([^"]+)">', text)
    assert f'<meta property="og:description" content="{said}">' in text


# Search


def test_the_search_finds_a_section(home, page):
    """With a piece of its text in which the words are marked; the link leads to the section."""
    page.goto(f"{home}/search.html?q=spectral+radii")
    results = page.locator("#search-results li")
    results.first.wait_for()
    anchors = results.locator("a").evaluate_all("links => links.map(link => link.hash)")
    assert sum(bool(anchor) for anchor in anchors) > 3
    assert "spectral" in results.first.locator("mark").first.inner_text().lower()
    for item in results.all():
        words = " ".join(item.all_inner_texts()).lower()
        assert "spectral" in words or "radi" in words
    link = results.locator("a[href*='#']").first
    title = link.inner_text()
    link.click()
    page.wait_for_url("**/book/**")
    assert page.evaluate("document.querySelector(':target').textContent").strip().startswith(title)


def test_a_term_leads_to_its_entry_in_the_glossary(home, page):
    """Asked for by its name, it comes first."""
    page.goto(f"{home}/search.html?q=Forget+Gate")
    first = page.locator("#search-results li a").first
    first.wait_for()
    assert first.get_attribute("href") == "book/glossary.html#term-forget-gate"


# Old addresses


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("07_gates.html", "08_gates.html"),
        ("07_gates.html#ch5-gates", "08_gates.html#ch5-gates"),
        ("08_attention.html", "10_attention.html"),
        ("08_attention.html#summary", "10_attention.html#summary"),
    ],
)
def test_an_old_address_leads_to_the_new_page(old, new, home, page):
    """From a server and from disk, with the anchor."""
    page.goto(f"{home}/book/chapters/{old}")
    page.wait_for_url(f"**/book/chapters/{new}")


def test_an_old_address_leads_on_without_scripts(browser, server):
    """More slowly, and to the top."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/book/chapters/07_gates.html")
    page.wait_for_url("**/book/chapters/08_gates.html")
    context.close()


# The menu


def test_the_menu_says_what_it_does_and_closes(server, page):
    """On Escape, which gives the focus back, on a click elsewhere, and when the focus goes elsewhere."""
    page.goto(f"{server}/book/chapters/01_cell.html", wait_until="load")
    menu, summary = page.locator("details.ways"), page.locator("details.ways summary")
    assert "Download" in summary.inner_text()
    summary.press("Enter")
    assert "Download this notebook" in menu.inner_text()
    assert "Run on your machine" in menu.inner_text()
    menu.locator("a").first.focus()
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert summary.evaluate("e => e === document.activeElement")
    elsewhere = page.locator(".bd-sidebar-primary a").first
    for leave in (lambda: page.mouse.click(400, 600), elsewhere.focus):
        summary.click()
        assert menu.get_attribute("open") is not None
        leave()
        page.wait_for_function("!document.querySelector('details.ways').open")


def test_a_downloaded_notebook_says_how_to_get_its_code(site):
    """In its first cell, in one line; the rest is the notebook of the book."""
    for path in NOTEBOOKS:
        fetched = json.loads((site / "_sources/book/chapters" / path.name).read_text("utf-8"))
        first, *others = fetched["cells"]
        assert "ch5" in first["source"]
        assert "\n" not in first["source"]
        assert others == json.loads(path.read_text("utf-8"))["cells"]


# Hints


def test_every_hint_is_folded(site):
    """As many as the notebook has, by the browser itself; test_reading.py opens what is folded by keyboard."""
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        hints = sum("".join(cell["source"]).count("{admonition} Hint") for cell in cells)
        text = (site / "book/chapters" / f"{path.stem}.html").read_text("utf-8")
        assert text.count('<summary class="admonition-title">Hint</summary>') == hints, path.stem


# Evidence


def test_adjacent_folds_stand_under_one_bar(site):
    """Which says how many all of its cells have; it may follow a bar over something else."""
    said = r"How this was checked: (\d+) assertion"
    for path in NOTEBOOKS:
        text = (site / "book/chapters" / f"{path.stem}.html").read_text("utf-8")
        bars = re.findall(r'<details class="[^"]*\bhide\b.*?</details>(?:\s*</div>\s*)?', text, re.DOTALL)
        for bar, after in zip(bars, [*bars[1:], ""], strict=False):
            if number := re.search(said, bar):
                code = re.sub(r"<[^>]*>", "", bar)
                assert len(re.findall(r"(?m)^\s*assert\b", code)) == int(number[1]), path.stem
                place = text.index(bar) + len(bar)
                assert not (
                    text[place:].startswith('<div class="cell tag_hide-input') and re.search(said, after)
                )


# The last line


def test_a_page_says_how_many_assertions_were_checked(site):
    """As many as its cells have."""
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        number = sum(len(re.findall(r"(?m)^\s*assert\b", source)) for source in sources)
        text = (site / "book/chapters" / f"{path.stem}.html").read_text("utf-8")
        assert f"{number} assertions were checked" in text, path.stem


# Tables on a phone


def test_the_notation_says_its_meaning_on_a_phone(server, page):
    """Every cell of its last column is in sight without scrolling sideways."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/book/notation.html", wait_until="load")
    assert page.locator("th").last.text_content() == "meaning"
    ends = page.locator("table td:last-child").evaluate_all(
        "e => e.map(e => e.getBoundingClientRect().right)"
    )
    assert 0 < max(ends) <= 390

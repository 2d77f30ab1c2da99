"""A page read by all kinds of readers: with a keyboard, on a telephone, on paper, in another language."""

import re

import pytest
from chromium import PAGES, SITE

CHAPTERS = [name for name in PAGES if "/chapters/" in name]
NOTEBOOKS = SITE.parents[1] / "book" / "chapters"


def solutions(name):
    """How many solutions the notebook of a page has."""
    text = (NOTEBOOKS / name.split("/")[-1].replace(".html", ".ipynb")).read_text("utf-8")
    return len(re.findall(r"\{solution-start\}", text))


# Solutions


CHAPTER = "book/chapters/01_cell.html"


def test_every_solution_is_folded(name, site):
    """As many as the notebook has, by the browser itself; nothing else is folded by a script."""
    text = (site / name).read_text("utf-8")
    folded = re.findall(r"<details[^>]*\bsolution\b[^>]*>", text)
    assert len(folded) == (solutions(name) if name in CHAPTERS else 0)
    assert not any(re.search(r"\bopen\b", tag) for tag in folded)


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_a_solution_opens_by_keyboard(script, browser, server):
    """With and without scripts; Enter opens one and closes it again."""
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{server}/{CHAPTER}", wait_until="load")
    assert page.locator(".dropdown:not(details)").count() == page.locator(".ways.dropdown").count()
    code, title = (page.locator(f"details.solution {part}").first for part in ("pre", "summary"))
    assert not code.is_visible()
    title.focus()
    page.keyboard.press("Enter")
    assert code.is_visible()
    page.keyboard.press("Enter")
    assert not code.is_visible()
    context.close()


def test_there_are_solutions():
    """The test above opened some."""
    assert sum(map(solutions, CHAPTERS)) >= 24


def test_a_printed_page_has_its_solutions(server, page):
    """A page printed from the browser has them open, and afterwards they are as the reader left them."""
    page.goto(f"{server}/{CHAPTER}")
    page.locator("details.solution summary").nth(1).press("Enter")
    states = "Array.from(document.querySelectorAll('details.solution'), e => e.open)"
    assert page.evaluate(states) == [False, True, False]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(states) == [True, True, True]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(states) == [False, True, False]


# Scripts


@pytest.mark.parametrize("kind", ["book/index.html", CHAPTER, "search.html"])
def test_what_waits_for_the_page_runs_after_the_last_script(kind, server, page):
    """The joined script runs where all the page stands, but before those who wait for that are called."""

    def marked(route):
        body = route.fetch().text()
        first = (
            "window.began = [document.readyState, document.querySelectorAll('.bd-footer-content').length];"
        )
        waits = "document.addEventListener('DOMContentLoaded', () => { window.waited = window.ended; });"
        route.fulfill(body=f"{first}{waits}\n{body}\n;window.ended = true;", content_type="text/javascript")

    page.route("**/site.js*", marked)
    page.goto(f"{server}/{kind}", wait_until="load")
    assert page.evaluate("began[0]") == "loading"
    assert page.evaluate("began[1] === document.querySelectorAll('.bd-footer-content').length")
    assert page.evaluate("waited")


# What cells print


def test_a_wide_table_that_fits_again_says_nothing(server, page):
    """A telephone turned: the hint is there while the table scrolls."""
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{server}/book/chapters/deeper_truncation.html", wait_until="load")
    assert page.locator(".output.scrolls").count()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("!document.querySelector('.output.scrolls, .output [aria-label]')")


def test_code_that_is_unfolded_can_be_reached(server, page):
    """What a fold hides has no size; when it opens, the keyboard reaches what scrolls."""
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{server}/book/chapters/06_alice.html")
    fold = page.locator("details.hide:has(pre)", has_text="in JavaScript")
    fold.locator("summary").click()
    code = fold.locator("pre").element_handle()
    assert code.evaluate("pre => pre.scrollWidth > pre.clientWidth")
    page.wait_for_function("pre => pre.tabIndex === 0", arg=code)

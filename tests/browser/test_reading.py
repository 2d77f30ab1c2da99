"""A page read by all kinds of readers: with a keyboard, on a telephone, on paper, in another language."""

import re

import pytest
from chromium import PAGES, SITE, WIDTHS

CHAPTERS = [name for name in PAGES if "/chapters/" in name]
NOTEBOOKS = SITE.parents[1] / "book" / "chapters"


def solutions(name):
    """How many solutions the notebook of a page has."""
    text = (NOTEBOOKS / name.split("/")[-1].replace(".html", ".ipynb")).read_text("utf-8")
    return len(re.findall(r"\{solution-start\}", text))


# Solutions


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_every_solution_is_folded_and_opens_by_keyboard(script, name, browser, server):
    """As many as the notebook has, with and without scripts; Enter opens one and closes it again."""
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{server}/{name}", wait_until="load")
    folded = page.locator("details.solution:not([open])")
    assert folded.count() == (solutions(name) if name in CHAPTERS else 0)
    assert page.locator(".dropdown:not(details)").count() == page.locator(".ways.dropdown").count()
    if name in CHAPTERS and solutions(name):
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
    page.goto(f"{server}/book/chapters/01_cell.html")
    page.locator("details.solution summary").nth(1).press("Enter")
    states = "Array.from(document.querySelectorAll('details.solution'), e => e.open)"
    assert page.evaluate(states) == [False, True, False]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(states) == [True, True, True]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(states) == [False, True, False]


# Scripts


def test_what_waits_for_the_page_runs_after_the_last_script(name, server, page):
    """The joined script runs where all the page stands, but before those who wait for that are called."""

    def marked(route):
        body = route.fetch().text()
        first = (
            "window.began = [document.readyState, document.querySelectorAll('.bd-footer-content').length];"
        )
        waits = "document.addEventListener('DOMContentLoaded', () => { window.waited = window.ended; });"
        route.fulfill(body=f"{first}{waits}\n{body}\n;window.ended = true;", content_type="text/javascript")

    if name == "404.html":
        pytest.skip("its addresses are those of the site's root; test_who_is_lost_is_led_back reads it")
    page.route("**/site.js*", marked)
    page.goto(f"{server}/{name}", wait_until="load")
    assert page.evaluate("began[0]") == "loading"
    assert page.evaluate("began[1] === document.querySelectorAll('.bd-footer-content').length")
    assert page.evaluate("waited")


# What cells print


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_printed_is_seen_or_says_that_it_scrolls(width, name, server, page):
    """Sentences and samples wrap; a table that is too wide can be reached by keyboard and says that it scrolls."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server}/{name}", wait_until="load")
    cut = page.evaluate(
        """() => Array.from(document.querySelectorAll(".output pre"))
          .filter(e => e.scrollWidth > e.clientWidth)
          .map(e => [e.closest(".output").className, e.tabIndex, e.ariaLabel,
                     getComputedStyle(e.closest(".output"), "::after").content])"""
    )
    for classes, reached, told, seen in cut:
        assert "columns" in classes
        assert reached == 0
        assert "scrolls" in told
        assert "scrolls" in seen


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


# Translators


def test_formulas_and_code_are_not_translated(name, server, page):
    """Both ways of saying so, on every formula and every piece of code, in the side bars too.

    A drawing has the class alone: its language knows no such attribute.
    """
    page.goto(f"{server}/{name}", wait_until="load")
    spoken = page.evaluate(
        """() => Array.from(document.querySelectorAll("code, pre, .math, .katex"))
          .filter(e => !e.closest(".notranslate") || !(e.closest("[translate=no]") || e.closest("svg")))
          .map(e => e.outerHTML.slice(0, 100))"""
    )
    assert spoken == []

"""The figure with sliders on its page, without a kernel: it answers, and it draws what Python computed."""

import re

import numpy as np
import pytest
from checks import not_for_everyone, visit
from numpy.testing import assert_allclose

from ch5.analysis import jacobian
from ch5.book.sliders import jacobian as sliders
from ch5.engine import bptt, initialise
from ch5.networks.cell import VanillaCell

PAGE = "book/chapters/04_jacobian.html"
RADIUS, INPUT = 0, 1
ENOUGH = 1500  # milliseconds after which the reading has surely been announced


@pytest.fixture(params=["server", "disk"])
def home(request, server, site):
    return server if request.param == "server" else site.as_uri()


def opened(page, home):
    """The page with its figure drawn, and what it asked for and said on the way."""
    seen = visit(page, f"{home}/{PAGE}", home)
    page.wait_for_function("document.querySelectorAll('.ch5-slider path[data-series][d]').length === 9")
    return seen


def slider(page, which):
    return page.locator(".ch5-slider input[type=range]").nth(which)


def shown(page):
    """Everything that the figure draws and says at this moment."""
    return page.evaluate(
        """() => {
          const root = document.querySelector(".ch5-slider");
          const all = (what, how) => Array.from(root.querySelectorAll(what), how);
          return {
            paths: all("path[data-series]", e => e.getAttribute("d")),
            reading: root.querySelector(".ch5-reading").textContent,
            values: all("output", e => e.textContent),
          };
        }"""
    )


def moved(before, after):
    """The gradient's path and the reading are others than before."""
    return before["paths"][-1] != after["paths"][-1] and before["reading"] != after["reading"]


# It answers


def test_the_arrow_keys_move_it(page, home):
    """From a server and from disk: other paths, other words, no other host, no error."""
    seen = opened(page, home)
    before = shown(page)
    slider(page, RADIUS).press("ArrowRight")
    after = shown(page)
    assert moved(before, after)
    assert after["values"] == ["1.05", "0.0"]
    slider(page, INPUT).press("End")
    assert shown(page)["values"] == ["1.05", "2.0"]
    assert moved(after, shown(page))
    assert seen.foreign == []
    assert seen.complaints == []


def test_the_mouse_moves_it(page, home):
    """Pressed on the left of the track, dragged to the right."""
    opened(page, home)
    before = shown(page)
    slider(page, RADIUS).scroll_into_view_if_needed()
    box = slider(page, RADIUS).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.1 * box["width"], middle)
    page.mouse.down()
    pressed = shown(page)
    page.mouse.move(box["x"] + 0.9 * box["width"], middle, steps=4)
    page.mouse.up()
    assert moved(before, pressed)
    assert moved(pressed, shown(page))
    assert float(pressed["values"][0]) < 0.5
    assert float(shown(page)["values"][0]) > 2


def test_the_finger_moves_it(browser, home):
    """A tap on the track of a telephone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    opened(page, home)
    before = shown(page)
    slider(page, INPUT).evaluate("e => e.scrollIntoView({block: 'center'})")
    box = slider(page, INPUT).bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    after = shown(page)
    context.close()
    assert moved(before, after)
    assert after["values"] == ["1.00", "1.5"]


def test_untouched_it_stays(page, server):
    """Nothing moves by itself, nor when the page is scrolled and the pointer goes over the sliders."""
    opened(page, server)
    before = shown(page)
    slider(page, RADIUS).scroll_into_view_if_needed()
    slider(page, RADIUS).hover()
    slider(page, INPUT).focus()
    page.wait_for_timeout(ENOUGH)
    assert shown(page) == before


def test_the_places_and_the_backward_pass(page, server):
    """A button leads to its place and stays pressed there; its sentence stands below; reset restores."""
    opened(page, server)
    before = shown(page)
    sentence = page.locator(".ch5-slider .ch5-sentence")
    pressed = page.locator(".ch5-slider button[aria-pressed=true]")
    for (radius, strength), label, words in sliders.PLACES:
        page.get_by_role("button", name=label, exact=True).click()
        assert shown(page)["values"] == [f"{radius:.2f}", f"{strength:.1f}"]
        assert pressed.all_text_contents() == [label]
        assert sentence.text_content() == words
    page.get_by_role("button", name="Reset").click()
    assert shown(page) == before
    slider(page, RADIUS).press("ArrowRight")
    assert pressed.count() == 0
    assert sentence.text_content().startswith("The gradient")


def test_a_screen_reader_hears_the_reading_once(page, server):
    """Ten stops in a row are announced once, when the hand rests; every control says its value."""
    opened(page, server)
    page.evaluate(
        """() => {
          const spoken = document.querySelector(".ch5-slider [aria-live=polite]");
          window.said = [];
          new MutationObserver(() => said.push(spoken.textContent)).observe(spoken, {childList: true});
        }"""
    )
    for _ in range(10):
        slider(page, RADIUS).press("ArrowLeft")
    page.wait_for_timeout(ENOUGH)
    (said,) = page.evaluate("window.said")
    assert said.endswith(shown(page)["reading"])
    assert slider(page, RADIUS).get_attribute("aria-valuetext") == shown(page)["values"][0] == "0.50"


def test_it_is_for_everyone_where_it_was_moved_to(page, server):
    """WCAG 2.2 AA with a place pressed, on a telephone, in the dark; the page does not move below it."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    opened(page, server)
    height = page.locator(".ch5-slider").bounding_box()["height"]
    page.get_by_role("button", name="Radius 2.5, input 0.1").click()
    assert not_for_everyone(page) == []
    assert page.locator(".ch5-slider").bounding_box()["height"] == height


# It fits the screen


def test_it_is_the_first_thing_on_its_page_and_fits_the_screen(page, server):
    """At 1280 by 900: its top above 500 pixels, no higher than 540, at rest and at every place; no line moves."""
    opened(page, server)
    root = page.locator(".ch5-slider").first
    box = root.bounding_box()
    assert box["y"] < 500
    assert box["height"] <= 540
    for _, label, _ in sliders.PLACES:
        page.get_by_role("button", name=label, exact=True).click()
        assert root.bounding_box() == box


def test_on_a_telephone_its_reading_is_in_view(page, server):
    """At 390 by 844, when the page opens and when the slider stands at the top of the screen; so is the result."""
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server)
    reading = page.locator(".ch5-slider .ch5-reading").first.bounding_box()
    assert reading["y"] + reading["height"] < 844
    box, result = (
        page.locator(f".ch5-slider{part}").first.bounding_box() for part in ("", " .ch5-panel:last-child")
    )
    assert box["height"] < 844
    assert result["y"] + result["height"] - box["y"] < 600


def test_a_finger_finds_the_buttons_and_radius_one_is_marked(page, server):
    """Buttons at least 44 pixels high; the mark stands below the thumb when the radius is one."""
    opened(page, server)
    assert min(b.bounding_box()["height"] for b in page.locator(".ch5-slider button").all()) >= 44
    mark, track = (
        page.locator(f".ch5-slider {part}").first.bounding_box() for part in (".ch5-marks span", "input")
    )
    share = page.locator(".ch5-slider input").first.evaluate("e => e.value / e.max")
    thumb = track["x"] + 8 + share * (track["width"] - 16)
    assert abs(mark["x"] + mark["width"] / 2 - thumb) < 2


# It draws what Python computed


def drawn(page, panel, series):
    """The points of a drawn path, from pixels back to numbers: (points, 2)."""
    plot = page.locator(f".ch5-slider .ch5-panel:nth-child({panel}) .ch5-plot")
    (x_low, x_high), (y_low, y_high) = (
        map(float, plot.get_attribute(f"data-{axis}").split()) for axis in "xy"
    )
    width, height = (float(plot.get_attribute(side)) for side in ("width", "height"))
    path = plot.locator(f"path[data-series='{series}']").get_attribute("d")
    pixels = np.array(re.findall(r"(-?[\d.e-]+),(-?[\d.e-]+)", path), float)
    x = x_low + pixels[:, 0] / width * (x_high - x_low)
    return np.stack([x, y_high - pixels[:, 1] / height * (y_high - y_low)], axis=-1)


@pytest.mark.parametrize(("radius", "strength"), [(0.5, 0.3), (1.0, 0.5), (1.5, 1.0)])
def test_it_draws_what_python_computes(radius, strength, page, server):
    """Eigenvalues, mean slope, bound, exponent and every mark of the gradient agree to a hundredth of a decade."""
    opened(page, server)
    for which, stop in enumerate((abs(sliders.RADII - radius), abs(sliders.STRENGTHS - strength))):
        slider(page, which).evaluate(
            "(e, stop) => { e.value = stop; e.dispatchEvent(new Event('input')); }", int(stop.argmin())
        )
    assert shown(page)["values"] == [f"{radius:.2f}", f"{strength:.1f}"]

    rng = np.random.default_rng(5)  # the page's own draws
    W_hh = initialise.with_spectral_radius(initialise.gaussian(rng, 64), radius)
    x = strength * rng.normal(size=(160, sliders.PATHS, 64))
    h_0 = rng.normal(size=(len(sliders.STRENGTHS), sliders.PATHS, 64))[
        abs(sliders.STRENGTHS - strength).argmin()
    ]
    g = rng.normal(size=(sliders.PATHS, 64))
    cell = VanillaCell(np.eye(64), W_hh, np.zeros(64))
    h, _a = bptt.unroll(cell, x, h_0)
    slope = cell.linearise(h)
    logs = jacobian.log_gradient_norms(W_hh, slope[100:], g) - np.log(np.linalg.norm(g, axis=-1))
    bound = jacobian.log_bound(W_hh, slope[100:])[-1].max()
    exponent = jacobian.lyapunov_exponents(W_hh, slope[:, :2], 1, rng, skip=50).mean()

    marks = drawn(page, 3, "measured")
    assert_allclose(marks[:, 0], np.arange(0, 61, 3), atol=0.01)
    assert_allclose(marks[:, 1], np.median(logs[::3], axis=-1) / np.log(10), atol=0.01)
    assert_allclose(drawn(page, 3, "bound")[-1], [60, bound / np.log(10)], atol=0.01)
    assert_allclose(drawn(page, 3, "radiusᵏ")[-1], [60, 60 * np.log10(radius)], atol=0.01)
    assert_allclose(drawn(page, 3, "exponent")[-1], [60, 60 * exponent / np.log(10)], atol=0.05)
    assert_allclose(drawn(page, 2, "line")[:, 0], slope[100:].mean(), atol=0.001)
    points = drawn(page, 1, "dots") @ [1, 1j]
    distance = np.abs(points[:, None] - np.linalg.eigvals(W_hh))
    assert distance.min(axis=0).max() < 0.01
    assert distance.min(axis=1).max() < 0.01


# What the page carries


def test_the_page_carries_little(page, server):
    """All widgets of the page together: under 500 KB."""
    opened(page, server)
    kinds = "script[type='application/vnd.jupyter.widget-state+json']"
    assert 100_000 < page.evaluate(f'document.querySelector("{kinds}").textContent.length') < 500_000


def test_on_paper_the_static_figure_stands_alone(page, server):
    """Printed, the sliders are gone; so they are without JavaScript, and the page says nothing of an error."""
    opened(page, server)
    page.emulate_media(media="print")
    assert not page.locator(".ch5-slider").is_visible()


# The other figures with a slider, which take the place of a static one

STANDING_IN = [
    ("deeper_truncation", "Three 12 by 12 grids"),
    ("10_attention", "Two panels over steps"),
    ("11_linear", "Three panels. Dots on an arc"),
]


@pytest.mark.parametrize(("stem", "alt"), STANDING_IN)
def test_a_control_in_the_place_of_a_figure_answers(stem, alt, page, home):
    """From a server and from disk, with the arrow keys: other paths, other words, said aloud once; nothing moves."""
    seen = visit(page, f"{home}/book/chapters/{stem}.html", home)
    page.locator("figure.stands-in").scroll_into_view_if_needed()
    page.wait_for_selector(".ch5-slider path[data-series][d]", state="attached")
    before, box = shown(page), page.locator(".ch5-slider").bounding_box()
    assert not page.get_by_alt_text(alt).is_visible()
    for _ in range(2):
        slider(page, 0).press("ArrowLeft")
    page.wait_for_timeout(ENOUGH)
    after = shown(page)
    assert before["paths"] != after["paths"]
    assert before["reading"] != after["reading"]
    assert page.locator(".ch5-slider [aria-live=polite]").text_content().endswith(after["reading"])
    assert slider(page, 0).get_attribute("aria-valuetext") == after["values"][0] != before["values"][0]
    assert page.locator(".ch5-slider").bounding_box()["height"] == pytest.approx(box["height"], abs=2)
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize(("stem", "alt"), STANDING_IN)
def test_the_figure_stands_where_the_control_cannot(stem, alt, page, browser, server):
    """On paper, and without scripts."""
    address = f"{server}/book/chapters/{stem}.html"
    page.goto(address)
    page.emulate_media(media="print")
    assert page.get_by_alt_text(alt).is_visible()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    assert plain.get_by_alt_text(alt).is_visible()
    context.close()


@pytest.mark.parametrize(("stem", "alt"), STANDING_IN)
def test_a_finger_moves_it_on_a_telephone(stem, alt, browser, server):
    """A tap on the track; slider, words and the large panel are on one screen."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{server}/book/chapters/{stem}.html")
    page.locator("figure.stands-in").scroll_into_view_if_needed()
    page.wait_for_selector(".ch5-slider path[data-series][d]", state="attached")
    before = shown(page)
    slider(page, 0).evaluate("e => e.scrollIntoView({block: 'center'})")
    box = slider(page, 0).bounding_box()
    page.touchscreen.tap(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    after, root = shown(page), page.locator(".ch5-slider").bounding_box()
    context.close()
    assert before["reading"] != after["reading"]
    assert root["height"] < 844
    assert root["x"] >= 0
    assert root["x"] + root["width"] <= 390


def test_another_widget_says_that_it_needs_python(page, site, tmp_path):
    """A widget that only a kernel can move is replaced by a sentence, not left looking alive."""
    kind = "application/vnd.jupyter.widget-"
    script = (site / "_static" / "widgets.js").as_uri()
    tmp_path.joinpath("page.html").write_text(
        f"""<!doctype html><title>t</title>
        <script type="{kind}state+json">{{"state": {{"a": {{"model_module": "@jupyter-widgets/base"}}}}}}</script>
        <script src="{script}"></script>
        <p>before</p><script type="{kind}view+json">{{"model_id": "a"}}</script><p>after</p>"""
    )
    page.goto(tmp_path.joinpath("page.html").as_uri())
    assert page.locator("body").inner_text().split("\n\n") == [
        "before",
        "This control needs Python behind it: open the notebook in JupyterLab.",
        "after",
    ]

"""The lab on its page, without a kernel: what it trains is NumPy's run, and a reader's hand cannot break it."""

import re

import pytest
from checks import not_for_everyone, visit
from numpy.testing import assert_allclose

from ch5.book import lab
from ch5.experiments import original_changed

PAGE = "book/chapters/06_alice.html"
LAB = ".ch5-trainer"
PATIENCE = 600_000  # milliseconds for a whole run, on a machine that does other things too


@pytest.fixture(params=["server", "disk"])
def home(request, server, site):
    return server if request.param == "server" else site.as_uri()


@pytest.fixture(scope="module")
def reference():
    """The original run in float64."""
    run = original_changed.training(1)
    for _ in run:
        pass
    return run.losses


def opened(page, home):
    """The page with the lab in view and ready, and what was asked for and said on the way."""
    seen = visit(page, f"{home}/{PAGE}", home)
    page.locator(".tag_trainer").scroll_into_view_if_needed()
    until(page, "run.resting")
    return seen


def until(page, condition, timeout=200_000):
    """Wait for what the run has come to."""
    page.wait_for_function(
        f"(run => run && {condition})(document.querySelector('{LAB}')?.run)", timeout=timeout
    )


def state(page):
    return page.evaluate(f"document.querySelector('{LAB}').run")


def button(page, name):
    return page.locator(LAB).get_by_role("button", name=name, exact=True)


def text(page, name):
    return page.locator(f"{LAB} .ch5-{name}").text_content()


def path(page, series):
    return page.locator(f"{LAB} path[data-series='{series}']").last.get_attribute("d")


def longest_task(page, act):
    """Of all tasks on the page's main thread while something is done, the most milliseconds of the processor."""
    session, events, ended = page.context.new_cdp_session(page), [], []
    session.on("Tracing.dataCollected", lambda message: events.extend(message["value"]))
    session.on("Tracing.tracingComplete", lambda message: ended.append(message))
    session.send("Tracing.start", {"traceConfig": {"includedCategories": ["toplevel", "__metadata"]}})
    act()
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    session.detach()
    main = {(e["pid"], e["tid"]) for e in events if e["args"].get("name") == "CrRendererMain"}
    tasks = [
        e for e in events if e["name"].endswith("RunTask") and "tdur" in e and (e["pid"], e["tid"]) in main
    ]
    assert len(tasks) > 100
    return max(task["tdur"] for task in tasks) / 1000


def first_losses(count, **settings):
    """The first losses that NumPy has at these settings."""
    run = original_changed.training(**{"seed": 1} | settings)
    for update in run:
        if update.number == count:
            return run.losses[:count]


# It is NumPy's run


@pytest.mark.xdist_group("original")  # one process trains the reference, once
def test_the_original_run(page, home, reference):
    """From a server: the first 50 losses to 1e-12 and every epoch's mean to 1e-9; from disk the first epoch's. The page
    asks no other host and complains of nothing."""
    seen = opened(page, home)
    button(page, "Train").click()
    whole = home.startswith("http")
    until(page, "run.done === run.total && run.resting" if whole else "run.epochs.length", PATIENCE)
    found = state(page)
    assert_allclose(found["first"], reference[:50], rtol=0, atol=1e-12)
    means = reference.reshape(15, -1).mean(axis=1)
    assert_allclose(found["epochs"], means[: len(found["epochs"])], rtol=0, atol=1e-9)
    if whole:
        assert len(found["epochs"]) == 15
        assert text(page, "status").startswith("Finished: loss 2.03")
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_training_never_blocks_the_page(width, browser, server):
    """No task on the page's main thread takes 50 ms of the processor while it trains for an epoch, and measures."""
    page = browser.new_page(viewport={"width": width, "height": 844})
    opened(page, server)

    def train():
        button(page, "Train").click()
        until(page, "run.epochs.length", PATIENCE)

    assert longest_task(page, train) < 50
    page.close()


def test_where_a_worker_is_refused(page, server):
    """The same losses, in slices on the main thread, none of which takes 50 ms of the processor."""
    page.add_init_script("window.Worker = class { constructor() { throw new Error('refused'); } };")
    opened(page, server)

    def train():
        button(page, "Train").click()
        until(page, "run.done > 150")
        button(page, "Pause").click()
        until(page, "run.resting")

    assert longest_task(page, train) < 50
    assert_allclose(state(page)["first"], first_losses(50), rtol=0, atol=1e-12)


def test_a_broken_run_is_seen_to_break(page, server):
    """Without the clip the loss is above the first epoch's by the fourth, its axis grows, the radius is above five."""
    opened(page, server)
    button(page, "No clip").click()
    until(page, "run.resting")
    button(page, "Train").click()
    until(page, "run.epochs.length === 4", PATIENCE)
    button(page, "Pause").click()
    until(page, "run.resting")
    epochs = state(page)["epochs"]
    assert epochs[3] > epochs[0]
    assert float(page.locator(f"{LAB} dd").first.text_content()) > 5
    high = page.locator(f"{LAB} .ch5-plot").first.get_attribute("data-y").split()[1]
    assert float(high) > max(state(page)["blocks"])
    assert "what was learned is undone" in text(page, "sentence")


def test_it_starts_when_it_is_near(page, home):
    """Before, neither the lab nor its seed is there, only its place: nothing moves when it comes."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}/{PAGE}")
    page.locator(".ch5-arc").wait_for()
    page.wait_for_timeout(500)
    assert page.locator(LAB).count() == 0
    assert [url for url in asked if "/seeds/" in url] == []
    height = page.evaluate("document.documentElement.scrollHeight")
    page.locator(".tag_trainer").scroll_into_view_if_needed()
    until(page, "run.resting")
    assert [url.split("/")[-1] for url in asked if "/seeds/" in url] == ["1.js"]
    assert page.evaluate("document.documentElement.scrollHeight") == height


# What a hand can do


def test_by_keyboard_alone(page, server):
    """From control to control by Tab, each with a name; Enter trains, again pauses; arrows move sliders and choices."""
    opened(page, server)
    button(page, "Train").focus()
    names = []
    for _ in range(14):
        names.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))
        page.keyboard.press("Tab")
    controls = ["Train", "Step", "Reset", "Moment", "Initial spectral radius", "Learning rate"]
    places = [label for label, *_ in lab.PLACES]
    assert [name for name in names if name] == [*controls, *places, "The losses as numbers"]
    button(page, "Train").press("Enter")
    until(page, "run.done > 20")
    button(page, "Pause").press("Enter")
    until(page, "run.resting")
    radius = page.get_by_role("slider", name="Initial spectral radius")
    radius.press("End")
    until(page, "run.resting && run.done === 0")
    assert radius.get_attribute("aria-valuetext") == "2.50"
    page.get_by_role("radio", name="32").press("ArrowLeft")
    until(page, "run.resting && run.total === 56220")
    page.get_by_role("group", name="Clip at 5/32").get_by_role("radio", name="on").press("ArrowRight")
    button(page, "Step").press("Enter")
    until(page, "run.done === 1 && run.resting")
    losses = first_losses(1, radius=2.5, window=8, clip=None)
    assert state(page)["first"] == pytest.approx(losses, abs=1e-12)


def test_a_change_while_it_trains_begins_a_new_run(page, home):
    """It trains on, with the seed and the learning rate of the moment; the previous run stays as a line. Reset leads
    back to the beginning."""
    opened(page, home)
    button(page, "Train").click()
    until(page, "run.blocks.length > 2")
    page.get_by_role("slider", name="Learning rate").press("ArrowRight")
    for seed in ("2", "3", "2"):  # faster than a seed can come
        page.get_by_role("group", name="Seed").get_by_role("radio", name=seed).check(force=True)
    until(page, "run.settings.seed === 2 && run.settings.rate === 1 && run.first.length === 50")
    assert_allclose(state(page)["first"], first_losses(50, seed=2, rate=1.0), rtol=0, atol=1e-12)
    assert path(page, "previous run").startswith("M")
    button(page, "Reset").click()
    until(page, "run.resting && run.done === 0")
    assert path(page, "previous run") == ""
    button(page, "Step").click()
    until(page, "run.done === 1 && run.resting")
    assert state(page)["first"] == pytest.approx(first_losses(1), abs=1e-12)


def test_a_double_click_trains_and_steps_add_up(page, server):
    """Two clicks on Train are one; five steps are five updates, each measured."""
    opened(page, server)
    button(page, "Train").dblclick()
    until(page, "run.done > 5")
    button(page, "Pause").click()
    until(page, "run.resting")
    before = state(page)["done"]
    for _ in range(5):
        done = state(page)["done"]
        button(page, "Step").click()
        until(page, f"run.done === {done + 1} && run.resting")
    assert state(page)["done"] == before + 5
    assert text(page, "writes").startswith(f"What it writes, after update {before + 5}")


def test_earlier_moments_can_be_scrubbed(page, server):
    """The first moment's text and gradient come back, while it goes on training, and stay until the last is chosen."""
    opened(page, server)
    noise, gradient = text(page, "text"), path(page, "gradient")
    button(page, "Train").click()
    until(page, "run.done > 100")
    assert text(page, "text") != noise
    moment = page.get_by_role("slider", name="Moment")
    moment.press("Home")
    until(page, "run.done > 150")
    assert text(page, "text") == noise
    assert path(page, "gradient") == gradient
    moment.press("End")
    assert text(page, "text") != noise


def test_a_seed_that_cannot_be_loaded_is_said(page, server):
    """The choice goes back, and the lab goes on with the seed it has."""
    opened(page, server)
    page.route("**/_static/seeds/*.js", lambda route: route.abort())
    seeds = page.get_by_role("group", name="Seed")
    seeds.get_by_role("radio", name="4").check(force=True)
    page.get_by_text("Seed 4 could not be loaded.").first.wait_for()
    assert seeds.get_by_role("radio", name="1").is_checked()
    button(page, "Step").click()
    until(page, "run.done === 1 && run.resting")
    assert state(page)["first"] == pytest.approx(first_losses(1), abs=1e-12)


# For everyone


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_moves_and_all_can_use_it(width, scheme, server, browser):
    """While it trains nothing is shifted and the lab keeps its height; WCAG 2.2 AA; controls to touch are 44 pixels."""
    touch = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, has_touch=touch, is_mobile=touch
    )
    page = context.new_page()
    opened(page, server)
    height = page.locator(LAB).bounding_box()["height"]
    page.evaluate(
        """window.moved = [];
        new PerformanceObserver(list => moved.push(...list.getEntries().map(e => e.value)))
          .observe({type: "layout-shift"});"""
    )
    button(page, "Train").click()
    until(page, "run.done > 150")
    assert page.evaluate("window.moved") == []
    assert page.locator(LAB).bounding_box()["height"] == height
    if touch:
        small = page.locator(f"{LAB} :is(button, input, summary)").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).filter(b => b.height < 44).map(b => b.height)"
        )
        assert small == []
    button(page, "Pause").click()
    until(page, "run.resting")
    assert not_for_everyone(page) == []
    context.close()


def test_it_speaks_little(page, server):
    """A screen reader hears of the start and of an epoch's end, not of every update; the progress bar has a name."""
    opened(page, server)
    page.wait_for_timeout(1000)
    page.evaluate(
        f"""() => {{
          const spoken = document.querySelector("{LAB} [aria-live=polite]");
          window.said = [];
          new MutationObserver(() => said.push(spoken.textContent)).observe(spoken, {{childList: true}});
        }}"""
    )
    button(page, "Train").click()
    until(page, "run.epochs.length === 1 && run.done > 950")
    said = page.evaluate("window.said")
    assert said[0] == "Training."
    assert re.fullmatch(r"Epoch 1: loss 3\.05\.", said[1])
    assert len(said) == 2
    bar = page.get_by_role("progressbar", name="Progress of the run")
    assert 0.06 < bar.evaluate("bar => bar.value") < 0.2


def test_with_reduced_motion_it_draws_at_its_stops(page, server):
    """The losses' line is drawn where the network is measured, not all the time."""
    page.emulate_media(reduced_motion="reduce")
    opened(page, server)
    page.evaluate(
        f"""() => {{
          window.drawn = 0;
          const bar = document.querySelector("{LAB} .ch5-status");
          new MutationObserver(() => (drawn += 1)).observe(bar, {{childList: true}});
        }}"""
    )
    button(page, "Train").click()
    until(page, "run.done > 320")
    assert 3 <= page.evaluate("window.drawn") <= 16  # 12 stops so far, and the click


def test_without_a_script_and_on_paper_figures_stand_in(browser, page, server):
    """The images are there, in the place of the controls; with a script they are not."""
    stands_in = ".stands-in img"
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{server}/{PAGE}")
    assert [image.is_visible() for image in plain.locator(stands_in).all()] == [True, True]
    assert plain.locator(".ch5-slider").count() == 0
    context.close()
    opened(page, server)
    assert [image.is_visible() for image in page.locator(stands_in).all()] == [False, False]
    page.emulate_media(media="print")
    assert [image.is_visible() for image in page.locator(stands_in).all()] == [True, True]
    assert not page.locator(LAB).is_visible()


# The scrubber


def test_the_scrubber_walks_the_arc(page, home):
    """Before any training, by keyboard: from noise to text with real words marked; cold text has more of them."""
    seen = visit(page, f"{home}/{PAGE}", home)
    root = page.locator(".ch5-arc")
    root.locator("mark, .ch5-text").first.wait_for()
    moment, words = root.get_by_role("slider", name="After"), root.locator("mark")
    assert root.bounding_box()["y"] < 500
    noise = root.locator(".ch5-text").text_content()
    assert words.count() <= 2
    moment.press("End")
    assert root.locator(".ch5-text").text_content() != noise
    warm = words.count()
    assert warm > 8
    assert root.locator(".ch5-sentence").text_content().startswith("Of the words of three and four letters")
    root.get_by_role("radio", name="0.8").press("Home")
    root.get_by_role("radio", name="0.25").check(force=True)
    assert words.count() > warm
    values = [value.split()[0].replace("−", "-") for value in root.locator(".ch5-value").all_text_contents()]
    assert all(0 <= float(value) <= 1 for value in values[:5])
    assert seen.foreign == []
    assert seen.complaints == []

"""The built site, a server for it on this machine, and a Chromium to read it with."""

import pytest
from chromium import PAGES, SITE, serve, started
from playwright.sync_api import sync_playwright


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", PAGES or ["(not built)"])


@pytest.fixture(scope="session")
def site():
    """Where the built book lies; without it nothing here can be known."""
    if not PAGES:
        pytest.fail(f"no built page under {SITE}: run make book first", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def server(site):
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = started(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()

"""Seconds for the original run: in the built page, in NumPy, and in pure Python (from a few updates), in one go.

python scripts/time_lab.py
"""

import time

from chromium import SITE, serve, started
from playwright.sync_api import sync_playwright

from ch5.experiments import original, original_changed
from ch5.networks import scalar

UPDATES = 20  # of pure Python


def in_the_page():
    with sync_playwright() as playwright, serve(SITE) as home:
        browser = started(playwright)
        page = browser.new_page()
        page.goto(f"{home}/book/chapters/06_alice.html")
        page.locator(".tag_trainer").scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('.ch5-trainer')?.run?.resting")
        page.evaluate(
            """window.long = [];
            new PerformanceObserver(list => long.push(...list.getEntries().map(e => e.duration)))
              .observe({type: "longtask"});"""
        )
        began = time.perf_counter()
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text("Finished: ").first.wait_for(timeout=200_000)
        seconds = time.perf_counter() - began
        print(f"in the page {seconds:6.1f} s; tasks over 50 ms on its main thread: {page.evaluate('long')}")
        browser.close()


def in_numpy(run):
    began = time.perf_counter()
    for _ in run:
        pass
    print(f"NumPy, {run.model.dtype} {time.perf_counter() - began:6.1f} s")


def in_python():
    run = original.original_run(1)
    V = len(original.opening()[0])
    lists = [[array.astype(float).tolist() for array in part] for part in (run.model.cell, run.model.readout)]
    began = time.perf_counter()
    for k in range(UPDATES):
        inputs, targets = run.batches[k]
        xs = [scalar.one_hot(i, V) for i in inputs[:, 0]]
        scalar.train(*lists, xs, targets[:, 0].tolist(), [0.0] * original.HIDDEN, original.RATE)
    seconds = (time.perf_counter() - began) / UPDATES * len(run)
    print(f"pure Python {seconds:6.0f} s, from {UPDATES} updates")


if __name__ == "__main__":
    in_the_page()
    in_numpy(original.original_run(1))
    in_numpy(original_changed.training(1))
    in_python()

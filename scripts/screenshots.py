"""Picture every built page, wide and narrow, light and dark, in screenshots/, for people to look at."""

from pathlib import Path

from chromium import PAGES, SCHEMES, SITE, WIDTHS, serve, started
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "screenshots"
THROUGH = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 60));
  }
  scrollTo(0, 0);
}"""


def main():
    if not PAGES:
        raise SystemExit("no built page: run make book first")
    OUT.mkdir(exist_ok=True)
    with serve(SITE) as address, sync_playwright() as playwright:
        browser = started(playwright)
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                for name in PAGES:
                    page.goto(f"{address}/{name}", wait_until="load")
                    page.evaluate("for (const image of document.images) image.loading = 'eager'")
                    page.evaluate(THROUGH)  # a control further down begins when it comes near
                    page.wait_for_function("[...document.images].every(image => image.complete)")
                    shot = f"{name.removesuffix('.html').replace('/', '-')}-{width}-{scheme}.png"
                    page.screenshot(path=OUT / shot, full_page=True, animations="disabled")
                page.close()
        browser.close()
    print(f"{len(PAGES) * 4} pictures in {OUT}")


if __name__ == "__main__":
    main()

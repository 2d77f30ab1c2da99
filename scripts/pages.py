"""What each page asks of its reader: screens, where its first figure is, lines of code, words. After `make book`."""

import ast
import re
import sys
from pathlib import Path

import nbformat
from chromium import SITE, serve, started
from playwright.sync_api import sync_playwright

CHAPTERS = Path(__file__).parents[1] / "book" / "chapters"


WIDTH, SCREEN = 1280, 900
FOLDED, HIDDEN = {"hide-input", "hide-cell"}, {"remove-input", "remove-cell"}
FIRST = "article figure, article [class^=ch5-], article .cell_output svg"  # a figure or a control


def sections(notebook):
    """The cells of a notebook, section by section, less the exercises; each begins with its heading."""
    parts = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source):
            parts.append([])
        parts[-1].append(cell)
    return [part for part in parts if part and not re.search(r"(?m)^## Exercises", part[0].source)]


def code(notebook):
    return [cell for part in sections(notebook) for cell in part if cell.cell_type == "code"]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def lines(text):
    return sum(bool(line.strip()) for line in text.splitlines())


def typed(notebook):
    """How many lines of code a reader sees typed in cells, exercises apart."""
    seen = [cell for cell in code(notebook) if not tags(cell) & (FOLDED | HIDDEN | {"solution"})]
    return sum(lines(cell.source) for cell in seen)


def displayed(notebook):
    """How many lines of the library's source a page displays."""
    count = 0
    for cell in code(notebook):
        for output in cell.outputs if re.match(r"show\(", cell.source) else ():
            fenced = re.findall(r"(?s)```python\n(.*?)```", output.get("data", {}).get("text/markdown", ""))
            count += sum(map(lines, fenced))
    return count


def assertions(cell):
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(cell.source)))


def words(notebook):
    return sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")


def length(page, address):
    """Height of a page and top of its first figure or control, in pixels."""
    page.set_viewport_size({"width": WIDTH, "height": SCREEN})
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(  # the control that a page opens with is drawn by a script
        """() => !document.querySelector("article script[type$='view+json']")
          || document.querySelector("article [class^=ch5-]")"""
    )
    tops = page.evaluate(
        """what => Array.from(document.querySelectorAll(what))
          .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().top)""",
        FIRST,
    )
    return page.evaluate("document.documentElement.scrollHeight"), min(tops, default=None)


def main():
    print("page                  screens   y of first figure   lines typed   displayed   words")
    with serve(SITE) as address, sync_playwright() as playwright:
        page = started(playwright).new_page()
        for path in sorted(CHAPTERS.glob("*.ipynb")):
            if not (SITE / "book" / "chapters" / f"{path.stem}.html").exists():
                sys.exit(f"{path.stem} is not built: run make book first")
            height, top = length(page, f"{address}/book/chapters/{path.stem}.html")
            notebook = nbformat.read(path, as_version=4)
            print(
                f"{path.stem:20} {height / SCREEN:8.1f} {round(top or 0):19} {typed(notebook):13} "
                f"{displayed(notebook):11} {words(notebook):7}"
            )


if __name__ == "__main__":
    main()

"""Print the built book as one PDF, _build/html/book.pdf: tagged, with outline, contents and page numbers."""

from pathlib import Path

import matplotlib
import yaml
from chromium import PAGES, SITE, serve, started
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

HERE = Path(__file__).parent
PDF = SITE / "book.pdf"
SERIES = "Chapter 5 of Inductive Biases in Neural Networks"
NOTE = (
    "This is the book on paper. A figure stands for each slider, code that only draws a figure is left out, "
    "and the solutions stand at the end. Whatever else the site shows is here."
)

# Matplotlib's own fonts, so that the book has the same pages wherever it is printed.
FONTS = {
    "Text": ["STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"],
    "Code": ["DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"],
}
STYLES = ["", "font-weight: bold", "font-style: italic", "font-weight: bold; font-style: italic"]


def style():
    """The style sheet, and where its fonts are."""
    css = (HERE / "pdf.css").read_text("utf-8")
    for family, names in FONTS.items():
        for name, face in zip(names, STYLES, strict=True):
            css += f"@font-face {{ font-family: {family}; src: url(/fonts/{name}.ttf); {face} }}\n"
    return css


def bind(page, address):
    """Make one document, dressed for paper, of all the pages that are served there."""
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    page.route("**/fonts/*.ttf", lambda route: route.fulfill(path=fonts / Path(route.request.url).name))
    page.goto(f"{address}/book/index.html")
    author = yaml.safe_load((HERE.parent / "_config.yml").read_text("utf-8"))["author"]
    page.evaluate((HERE / "pdf.js").read_text("utf-8"), {"series": SERIES, "author": author, "note": NOTE})
    page.emulate_media(media="print")
    page.add_style_tag(content=style())
    page.wait_for_function("Array.from(document.images).every(image => image.complete)")
    page.evaluate("document.fonts.ready.then(() => null)")
    return author


def print_to(path, page, numbers):
    """Print with these page numbers in the contents, and say which they are on the paper."""
    page.evaluate(
        """numbers => {
          for (const place of document.querySelectorAll(".page"))
            place.textContent = numbers[place.previousSibling.hash.slice(1)] || "000";
        }""",
        numbers,
    )
    last = bool(numbers)
    page.pdf(path=path, prefer_css_page_size=True, print_background=True, tagged=last, outline=last)
    reader = PdfReader(path)
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def below(entry):
    """The entries of an outline under this one, from top to bottom."""
    child = entry.get("/First")
    while child:
        child = child.get_object()
        yield child
        yield from below(child)
        child = child.get("/Next")


def parts(element):
    """The elements of the tag tree under this one."""
    children = element.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        child = child.get_object()
        if isinstance(child, dict) and "/S" in child:
            yield child
            yield from parts(child)


def finish(path, headings, author):
    """Mend what Chromium leaves undone: titles in the outline, formulas among the tags, the author."""
    writer = PdfWriter(clone_from=path)
    root = writer.root_object
    for entry, heading in zip(below(root["/Outlines"]), headings, strict=True):
        entry[NameObject("/Title")] = TextStringObject(heading)
    for part in parts(root["/StructTreeRoot"]):
        alt = part.get("/Alt", "")
        if alt.startswith("TeX: "):
            part[NameObject("/S")] = NameObject("/Formula")
            part[NameObject("/Alt")] = TextStringObject(alt.removeprefix("TeX: "))
        elif part["/S"] == "/Figure" and not alt:  # around the picture and its caption
            part[NameObject("/S")] = NameObject("/Div")
    writer.add_metadata({"/Author": author})
    writer.page_mode = "/UseOutlines"
    writer.write(path)


def main():
    if not PAGES:
        raise SystemExit("no built page: run make book first")
    with serve(SITE) as address, sync_playwright() as playwright:
        browser = started(playwright)
        numbers = {}
        for _ in ("to see where things land", "to say it"):
            page = browser.new_page()  # a second print of the same page may break its lines elsewhere
            author = bind(page, address)
            before, numbers = numbers, print_to(PDF, page, numbers)
        if numbers != before:
            raise SystemExit("the pages moved when their numbers were filled in")
        headings = page.evaluate(
            "Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6'), e => e.textContent.trim())"
        )
        browser.close()
    finish(PDF, headings, author)
    print(f"{len(PdfReader(PDF).pages)} pages in {PDF}")


if __name__ == "__main__":
    main()

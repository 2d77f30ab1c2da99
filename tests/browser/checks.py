"""What a built page holds to. Each check lists the faults that it finds, as sentences."""

import gzip
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import unquote, urlsplit

import html5lib
from axe_playwright_python.base import AXE_SCRIPT
from html5lib.constants import E as MESSAGES
from playwright.sync_api import TimeoutError
from pypdf import PdfReader

# What the theme itself does, by axe's rule, and why it may stay. Anything else fails.
WAIVED = {}
LEAST = 0.02  # of a cumulative layout shift, of which 0.1 is called good
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# What HTML allows only words in, and what is more than words.
WORDS = {
    "abbr",
    "button",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "label",
    "pre",
    "span",
    "strong",
    "summary",
}
MORE = {
    "article",
    "aside",
    "details",
    "div",
    "dl",
    "fieldset",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
}
MORE |= {"nav", "ol", "p", "pre", "section", "table", "ul"}


@dataclass
class Visit:
    """What a page asked for, complained about and got while it was opened."""

    foreign: list = field(default_factory=list)
    complaints: list = field(default_factory=list)
    answers: list = field(default_factory=list)


def visit(page, address, home, until="load"):
    """Open the page and note what it asks for outside of home, what it complains about, what it gets, what moves."""
    seen = Visit()
    page.add_init_script(
        """window.moved = [];
        new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            moved.push(`${entry.value}: ${entry.sources.map(({node}) => node?.className ?? node?.nodeName)}`);
        }).observe({type: "layout-shift", buffered: true});"""
    )

    def asked(request):
        if not request.url.startswith((home, "data:", "blob:")):
            seen.foreign.append(request.url)

    def said(message):
        if message.type in ("error", "warning"):
            seen.complaints.append(f"{message.type}: {message.text}")

    page.on("request", asked)
    page.on("response", lambda answer: seen.answers.append(answer))
    page.on("console", said)
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.goto(address, wait_until=until)
    return seen


def plainly(page):
    """Spare axe-core what looks like an earlier piece of code or formula on the same ground.

    It measures the contrast of each element, and a page has thousands of these in a dozen kinds. A piece of
    code loses its element, a formula leaves its space. Letters that stand alone it cannot measure.
    """
    page.evaluate(
        """() => {
          const ground = e => {
            const colour = getComputedStyle(e).backgroundColor;
            return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? ground(e.parentElement) : colour;
          };
          const look = e => {
            const { color, fontSize, fontWeight, opacity } = getComputedStyle(e);
            return [e.className, color, fontSize, fontWeight, opacity].join();
          };
          const words = e => e.textContent.trim().length > 1;
          const inSight = e => {
            const pre = e.closest("pre, .katex-display") ?? document.body;
            return e.checkVisibility() && e.getBoundingClientRect().right < pre.getBoundingClientRect().right;
          };
          const kinds = new Set();
          const known = (e, kind) => kinds.has(kind) || (inSight(e) && !kinds.add(kind));
          const code = Array.from(document.querySelectorAll(".highlight pre span"))
            .filter(e => !e.children.length && (!words(e) || known(e, look(e) + ground(e))));
          const formulas = Array.from(document.querySelectorAll(".katex-html"))
            .filter(e => Array.from(e.querySelectorAll(":not(:has(*))"))
              .filter(words).every(e => known(e, look(e) + ground(e))));
          for (const e of code) e.replaceWith(...e.childNodes);
          const sizes = formulas.map(e => e.getBoundingClientRect());
          formulas.forEach((e, i) => {
            e.replaceChildren();
            e.style.cssText = `display: inline-block; width: ${sizes[i].width}px; height: ${sizes[i].height}px`;
          });
        }"""
    )


def sideways(page):
    """Whatever makes the reader scroll sideways: a thing wider than the window, in no scroller."""
    return page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          const faults = [];
          if (document.scrollingElement.scrollWidth > width)
            faults.push(`the page is ${document.scrollingElement.scrollWidth} wide, not ${width}`);
          const scrolls = e => e && e !== document.body &&
            (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
          for (const e of document.querySelectorAll("article *")) {
            const box = e.getBoundingClientRect();
            const hidden = box.width <= 1 || box.height <= 1 || e.closest(".katex-mathml");
            if (!hidden && box.right > width + 1 && !scrolls(e.parentElement))
              faults.push(`${e.tagName} ${e.className} ends at ${Math.round(box.right)}`);
          }
          return faults;
        }"""
    )


def not_for_everyone(page):
    """What axe-core finds against WCAG 2.2 AA, less what is waived."""
    plainly(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{AXE_SCRIPT}; null")
    options = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
        if rule["id"] not in WAIVED
    ]


def weight(answers):
    """The bytes of these answers, with what can be compressed as a server sends it."""
    answers = [a for a in answers if a.request.method == "GET" and a.url.startswith("http")]
    bodies = {a.url: a.body() for a in answers}
    return sum(min(len(body), len(gzip.compress(body))) for body in bodies.values())


def shifts(page):
    """What has moved since a visit began, as Chromium's own measure of layout shift sees it; no picture that came
    late moves less than LEAST, and a font that a busy machine unpacks late moves a label or two."""
    page.wait_for_timeout(100)
    moved = page.evaluate("moved")
    return moved if sum(float(shift.split(":")[0]) for shift in moved) > LEAST else []


def late(page):
    """The pictures that are not there once they are scrolled to, but for those that stand in for a control."""
    for image in page.locator("article img:not(.stands-in img)").all():
        image.scroll_into_view_if_needed()
        try:
            page.wait_for_function(
                "image => image.complete && image.naturalWidth", arg=image.element_handle(), timeout=20_000
            )
        except TimeoutError:
            yield f"{image.get_attribute('src')} does not come"


def cut(page):
    """What is wider than its place and, two seconds on, neither says that it scrolls nor can be reached by keyboard."""
    for _ in range(20):
        found = page.evaluate(
            """() => {
              const says = (e, style) => e.tabIndex === 0 && e.ariaLabel?.includes("scrolls")
                && style.content.includes("scrolls");
              const printed = Array.from(document.querySelectorAll(".output pre"))
                .filter(e => e.scrollWidth > e.clientWidth)
                .filter(e => !e.closest(".output.columns")
                  || !says(e, getComputedStyle(e.closest(".output"), "::after")));
              const tables = Array.from(document.querySelectorAll("article table"), e => e.parentElement)
                .filter(e => e.scrollWidth > e.clientWidth + 1)
                .filter(e => !says(e, getComputedStyle(e, "::before")));
              const formulas = Array.from(document.querySelectorAll(".katex-display"))
                .filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0);
              return [...printed, ...tables, ...formulas].map(e => e.outerHTML.slice(0, 100));
            }"""
        )
        if not found:
            break
        page.wait_for_timeout(100)  # the page asks about widths when its fonts are there
    return found


def translated(page):
    """Formulas and code that a translator would change. A drawing's language knows the class alone."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("code, pre, .math, .katex"))
          .filter(e => !e.closest(".notranslate") || !(e.closest("[translate=no]") || e.closest("svg")))
          .map(e => e.outerHTML.slice(0, 100))"""
    )


def empty_on_paper(page):
    """Frames around nothing, and sheets without a word or a picture, of a page printed from the browser."""
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.emulate_media(media="print")
    frames = page.evaluate(
        """() => Array.from(document.querySelectorAll("article .cell, article .cell_input, article details"))
          .filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 4)
          .filter(e => !e.innerText.trim() && !e.querySelector("img, svg"))
          .map(e => e.outerHTML.slice(0, 100))"""
    )
    sheets = PdfReader(BytesIO(page.pdf(format="A4"))).pages
    page.emulate_media(media="screen")
    shows = [writes(sheet) or sheet.extract_text().strip() or sheet.images for sheet in sheets]
    return frames + [f"sheet {i}" for i, something in enumerate(shows, 1) if not something]


def writes(sheet):
    """Whether a sheet of paper itself holds an operator that shows text: to read the text takes fifty times longer."""
    contents = sheet.get_contents()
    return contents is not None and re.search(rb"\bT[jJ]\b", contents.get_data()) is not None


class Outline(HTMLParser):
    """The addresses, anchors, images, headings and language of one page."""

    def __init__(self):
        super().__init__()
        self.links, self.ids, self.headings, self.images, self.sizes = [], [], [], [], []
        self.lang = None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "html":
            self.lang = attrs.get("lang")
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag in ("a", "link") and attrs.get("href"):
            self.links.append(attrs["href"])
        if tag in ("img", "script") and attrs.get("src"):
            self.links.append(attrs["src"])
        if tag == "img":
            self.images.append((attrs.get("src"), attrs.get("alt") or ""))
            self.sizes.append((attrs.get("src"), "width" in attrs and "height" in attrs))
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(int(tag[1]))


@cache
def outline(path):
    parser = Outline()
    parser.feed(path.read_text("utf-8"))
    return parser


def dead_links(path):
    """Links to files or anchors of the book that are not there."""
    for link in sorted(set(outline(path).links)):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target = target / "index.html"
        if not target.exists():
            yield f"{link} leads to no file"
        elif parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in outline(target).ids:
                yield f"{link} leads to no anchor"


def without_words(path):
    """Images whose alt text is missing, or is a label or a file's name instead of a sentence."""
    for src, alt in outline(path).images:
        if len(alt.split()) < 5:
            yield f"{src} is described as {alt!r}"


def without_size(path):
    """Images whose place is not known before they come."""
    for src, known in outline(path).sizes:
        if not known:
            yield f"{src} has no width and height"


def invalid(path):
    """What a parser of HTML has to guess: tags that do not fit together, and blocks where words belong."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(path.read_text("utf-8"))
    for (line, _), code, details in parser.errors:
        yield f"line {line}: {MESSAGES[code] % details}"
    for element in tree.iter():
        for child in element:
            if element.tag in WORDS and child.tag in MORE:
                yield f"<{child.tag}> stands in <{element.tag}>"


def loose_structure(path):
    """No language, an id given twice, or a heading that skips a level."""
    page = outline(path)
    if not page.lang:
        yield "the page does not say its language"
    for name in sorted({name for name in page.ids if page.ids.count(name) > 1}):
        yield f"the id {name} is given twice"
    for above, below in zip(page.headings, page.headings[1:], strict=False):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}"

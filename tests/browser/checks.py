"""What a built page holds to. Each check lists the faults that it finds, as sentences."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe

# What the theme itself does, by axe's rule, and why it may stay. Anything else fails.
WAIVED = {}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Visit:
    """What a page asked for and complained about while it was opened."""

    foreign: list = field(default_factory=list)
    complaints: list = field(default_factory=list)


def visit(page, address, home, until="load"):
    """Open the page and note what it asks for outside of home, and what it complains about."""
    seen = Visit()

    def asked(request):
        if not request.url.startswith((home, "data:", "blob:")):
            seen.foreign.append(request.url)

    def said(message):
        if message.type in ("error", "warning"):
            seen.complaints.append(f"{message.type}: {message.text}")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.goto(address, wait_until=until)
    return seen


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
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
        if rule["id"] not in WAIVED
    ]


class Outline(HTMLParser):
    """The addresses, anchors, images, headings and language of one page."""

    def __init__(self):
        super().__init__()
        self.links, self.ids, self.headings, self.images = [], [], [], []
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
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(int(tag[1]))


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

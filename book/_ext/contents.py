"""The contents on the title page, and what a page says of itself to others: its description.

A page's description is one sentence, in the metadata of its notebook or in the front matter of its Markdown. Search
engines and links in messages show it. With the book's own address (ADDRESS, or `-D html_baseurl=`) such a link has a
picture, too. The minutes in the contents are counted from the page: words, figures, sliders.
"""

import json
import os
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
import yaml
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 200
MINUTES = {nodes.figure: 0.25, nodes.literal_block: 0.15}  # to look at one
UNREAD = (nodes.literal_block, nodes.math_block, nodes.raw, nodes.comment, nodes.image)
CARD = (1200, 630)  # pixels, as those who show it ask for


def description(path):
    """What a page says of itself in one sentence; nothing if it does not."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        return json.loads(text)["metadata"].get("description", "")
    front = text.split("---\n", 2)[1] if text.startswith("---\n") else ""
    return (yaml.safe_load(front) or {}).get("description", "")


def words(node):
    """The words of a node that are read at leisure: no code, no formula, no solution."""
    if isinstance(node, nodes.Text):
        yield from node.split()
    elif not isinstance(node, UNREAD) and "solution" not in node.get("classes", []):
        for child in node.children:
            yield from words(child)


def minutes(doctree):
    """How long a page takes to read."""
    looked = sum(
        time * sum("solution" not in node.parent.get("classes", []) for node in doctree.findall(kind))
        for kind, time in MINUTES.items()
    )
    return max(1, round(len(list(words(doctree))) / WORDS_A_MINUTE + looked))


class Contents(SphinxDirective):
    """The place of the contents; list_pages fills it when every page is read."""

    def run(self):
        self.env.note_reread()
        return [nodes.compound(classes=["toctree-wrapper", "contents"])]


def list_pages(app, doctree, page):
    """Every page of the book: title, description, minutes."""
    for place in doctree.findall(nodes.compound):
        if "contents" not in place["classes"]:
            continue
        for part in yaml.safe_load(Path(app.confdir, "_toc.yml").read_text("utf-8"))["parts"]:
            place += nodes.paragraph("", part["caption"], classes=["caption"])
            place += nodes.bullet_list("", *(entry(app, page, **one) for one in part["chapters"]))


def entry(app, page, file, title=""):
    """The line of one page, under its own title or the shorter one of the table of contents."""
    title = title or app.env.titles[file].astext()
    link = nodes.reference("", title, refuri=app.builder.get_relative_uri(page, file), internal=True)
    time = nodes.inline("", f"{minutes(app.env.get_doctree(file))} min", classes=["minutes"])
    item = nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(" "), time))
    if said := description(Path(app.env.doc2path(file))):
        item += nodes.paragraph("", said, classes=["about"])
    return item


def tell_others(app, name, template, context, doctree):
    """Put the description and what a link in a message shows into the head of a page."""
    if not doctree:
        return
    said = description(Path(app.env.doc2path(name)))
    told = [("property", "og:title", context["title"]), ("property", "og:type", "article")]
    told.append(("property", "og:site_name", app.config.html_title))
    if said:
        told += [("name", "description", said), ("property", "og:description", said)]
    if address := app.config.html_baseurl:
        image = f"{address.rstrip('/')}/_static/card.png"
        told += [("property", "og:image", image), ("name", "twitter:card", "summary_large_image")]
        told.append(("property", "og:url", f"{address.rstrip('/')}/{app.builder.get_target_uri(name)}"))
    context["metatags"] += "".join(
        f'\n<meta {kind}="{key}" content="{escape(nodes.unescape(value))}">' for kind, key, value in told
    )


def draw_card(app, exception):
    """The picture of a link to the book: its title above products that shrink and grow."""
    if exception or not app.config.html_baseurl:
        return
    figure = Figure([side / 100 for side in CARD], dpi=100, facecolor="#14181e")
    figure.text(0.06, 0.86, app.config.html_title, color="w", size=36, weight="bold", va="top", wrap=True)
    axes = figure.add_axes((0.06, 0.08, 0.88, 0.42))
    axes.set_axis_off()
    step = np.arange(60)
    for radius in (0.8, 0.9, 1.0, 1.1, 1.2):
        axes.plot(step, np.clip(radius**step, 0, 20) ** 0.4, color="#ff9142", lw=3)
    with matplotlib.rc_context({"savefig.facecolor": "auto"}):
        figure.savefig(Path(app.outdir, "_static", "card.png"))


def take_address(app):
    app.config.html_baseurl = app.config.html_baseurl or os.environ.get("ADDRESS", "")


def setup(app):
    app.add_directive("contents-of-the-book", Contents)
    app.connect("builder-inited", take_address)
    app.connect("doctree-resolved", list_pages)
    app.connect("html-page-context", tell_others)
    app.connect("build-finished", draw_card)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

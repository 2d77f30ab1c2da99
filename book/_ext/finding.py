"""What the page of search looks through: every section of the book and every entry of its glossary, with its text.

It comes as a script, `_static/sections.js`, since a browser lets no page read a file beside it. `_static/search.js`
does the looking.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

UNSAID = (nodes.title, nodes.term, nodes.literal_block, nodes.math_block, nodes.raw)
UNSAID += (nodes.comment, nodes.image, nodes.target, addnodes.toctree)
PLAIN = {r"\\partial": "∂", r"\\(mathrm|text|operatorname)": "", r"[\\{}]": ""}


def headed(node):
    """Whether a node is a section with a heading; what an exercise says is one without."""
    return isinstance(node, nodes.section) and any(isinstance(child, nodes.title) for child in node)


def said(node):
    """The words of a node, formulas in plain letters, without code and without the sections below it."""
    if isinstance(node, nodes.Text):
        yield node.astext()
    elif isinstance(node, nodes.math):
        text = node.astext()
        for tex, plain in PLAIN.items():
            text = re.sub(tex, plain, text)
        yield text
    elif not isinstance(node, UNSAID) and not headed(node):
        for child in node.children:
            yield from said(child)
        if isinstance(node, nodes.TextElement) and not isinstance(node, nodes.Inline):
            yield " "


def text_of(node):
    return " ".join("".join(part for child in node.children for part in said(child)).split())


def note_sections(app, doctree, page):
    """Note address, titles and text of each section of a page: [page, its title, anchor, title, text]."""
    if app.builder.format != "html":
        return
    uri, title = app.builder.get_target_uri(page), app.env.titles[page].astext()
    for section in doctree.findall(headed):
        heading = section.next_node(nodes.title).astext()
        top = heading == title
        app.sections.append([uri, title, "" if top else section["ids"][0], heading, text_of(section)])
    for item in doctree.findall(nodes.definition_list_item):
        terms = [term for term in item.findall(nodes.term) if term["ids"]]
        if terms and isinstance(item.parent.parent, addnodes.glossary):
            names = ", ".join(term.astext() for term in terms)
            app.sections.append([uri, title, terms[0]["ids"][0], names, text_of(item)])


def write_sections(app, exception):
    if not exception and app.sections:
        text = json.dumps(app.sections, ensure_ascii=False, separators=(",", ":"))
        Path(app.outdir, "_static", "sections.js").write_text(f"const SECTIONS = {text};\n", encoding="utf-8")


def start(app):
    app.sections = []


def setup(app):
    app.connect("builder-inited", start)
    app.connect("doctree-resolved", note_sections, priority=400)  # before what other extensions add
    app.connect("build-finished", write_sections)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

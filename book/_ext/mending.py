"""What other extensions write into a page that a reader's browser or screen reader stumbles on."""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx_exercise.nodes import solution_node

COLUMN = 88  # characters: what stands in columns was laid out to fit the page's
GAP = re.compile(
    r"[^\s.,:;!?'\"`] {2,}\S| \| "
)  # between two columns; a printed text has gaps after its sentences
UNTOUCHED = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)
JOINED = {  # what stays on one line, and as what
    r"(^|(?<=\d)) %": "\N{NO-BREAK SPACE}%",
    r"\b(Fig\.|[Pp]ages?|Exercise) (?=\d)": "\\1\N{NO-BREAK SPACE}",
    r"\bet (?=al\.)": "et\N{NO-BREAK SPACE}",
    r"\bn-(?=gram)": "n-\N{WORD JOINER}",  # found as it is typed
    r"(?<=\d)–(?=\d)": "\N{WORD JOINER}–\N{WORD JOINER}",
}


def mend_page(app, name, template, context, doctree):
    if "body" not in context:
        return
    body = context["body"]
    # docutils gives references a role that ARIA has withdrawn, in a list that then has no items.
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    # sphinx-exercise gives every exercise and every solution of a page the same id.
    body = re.sub(r' id="(exercise|solution)-content"', "", body)
    # myst-nb puts paragraphs into a summary, where HTML has none, and hides what they say from screen readers.
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    body = re.sub(
        r'<p class="(collapsed|expanded) admonition-title">(.*?)</p>', r'<span class="\1">\2</span>', body
    )
    # A hint or a solution is folded by the browser itself: it needs no script, and opens by keyboard.
    body = re.sub(
        r'(<details class="[^"]*\badmonition\b[^>]*>\s*)<p class="admonition-title">(.*?)</p>',
        lambda m: m[1] + summary(m[2]),
        body,
    )
    # A test's name, one long word, breaks between the words that it is made of.
    body = re.sub(r"(?m)(^|>)(test_c\d+_\w+)$", lambda m: m[1] + m[2].replace("_", "_<wbr>"), body)
    context["body"] = re.sub(r"(<a [^>]*>) (Exercise)", r" \1\2", body)  # no line under the space before
    # Sphinx tells translators by a class to leave code alone; this is how HTML says it.
    for part in ("body", "toc"):
        context[part] = re.sub(r"<(code|pre)\b", r'<\1 translate="no"', context.get(part) or "")


def summary(title):
    """A summary is itself a control, and holds no other: the link in its title becomes a note for the print."""
    exercise = re.search(r'href="([^"]*)"', title)
    told = f' data-exercise="{exercise[1]}"' if exercise else ""
    return f'<summary class="admonition-title"{told}>{re.sub("</?a[^>]*>", "", title)}</summary>'


def visit_folded(translator, node):
    folds = isinstance(node, solution_node) or "dropdown" in node["classes"]
    translator.body.append(translator.starttag(node, "details" if folds else "div", CLASS="admonition"))
    node["ends"] = "</details>\n" if folds else "</div>\n"


def depart_folded(translator, node):
    translator.body.append(node["ends"])


def in_columns(text):
    """Whether a printed text is a table, which scrolls; any other wraps where it is too long."""
    lines = [line for line in text.split("\n") if line.strip()]
    gaps = sum(bool(GAP.search(line)) for line in lines)
    return gaps > 1 and 2 * gaps >= len(lines) and max(map(len, lines)) <= COLUMN


def tell_tables(app, doctree):
    for block in doctree.findall(nodes.literal_block):
        if "output" in block["classes"]:
            block["classes"].append("columns" if in_columns(block.astext()) else "prose")


def join_bars(app, doctree):
    """Folded cells in a row, of at most 15 lines each, stand under one bar, which counts all their assertions."""
    for cell in reversed(list(doctree.findall(folded))):
        if folded(after := cell.next_node(descend=False, siblings=True)):
            counts = [int(re.search(r"\d+", one["prompt_show"])[0]) for one in (cell, after)]
            cell["prompt_show"] = f"How this was checked: {sum(counts)} assertions"
            cell[0] += after[0].children
            after.parent.remove(after)


def folded(node):
    """Whether a node is a cell whose assertions are folded, and nothing else."""
    said = node.get("prompt_show", "") if isinstance(node, nodes.container) else ""
    return said.startswith("How this was checked") and len(node.children) == 1


def keep_for_no_scripts(app, doctree, page):
    """A cell tagged without-scripts stands in for the control above it, where no script draws that."""
    for cell in list(doctree.findall(nodes.container)):
        if "tag_without-scripts" in cell["classes"]:
            place = cell.parent.index(cell)
            cell.parent.insert(place + 1, nodes.raw("", "</noscript>", format="html"))
            cell.parent.insert(place, nodes.raw("", "<noscript>", format="html"))


def name_columns(app, doctree, page):
    """In a table marked "records" every value has its column's name before it: a row on a telephone is a card."""
    for table in doctree.findall(nodes.table):
        if "records" in table["classes"]:
            head, body = (next(table.findall(part)) for part in (nodes.thead, nodes.tbody))
            for row in body:
                for name, cell in list(zip(head[0], row, strict=True))[1:]:
                    if cell.astext():
                        label = nodes.inline("", "", *name[0].deepcopy().children, classes=["column"])
                        cell[0][0:0] = [label, nodes.Text(" ")]


def hold_together(app, doctree, page):
    """A short formula and the mark after it stay on one line; so does what JOINED lists, and a page's number with its
    title."""
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and after[:1] in (*",.;:)",) and len(formula.astext()) < 25:
            formula.parent.replace(after, nodes.Text(after[1:]))
            formula.replace_self(
                nodes.inline("", "", formula.deepcopy(), nodes.Text(after[0]), classes=["together"])
            )
    for text in list(doctree.findall(nodes.Text)):
        if text.parent and not isinstance(text.parent, UNTOUCHED):
            joined = text.astext()
            for apart, together in JOINED.items():
                joined = re.sub(apart, together, joined)
            if isinstance(text.parent.parent, nodes.reference):  # a page's number and its title
                joined = re.sub(r"^(\d+) ", "\\1\N{NO-BREAK SPACE}", joined)
            if joined != text:
                text.parent.replace(text, nodes.Text(joined))


def write_front_door(app, exception):
    """The redirect at the top, with the language and the title that sphinx-external-toc leaves out."""
    if exception or app.builder.format != "html":
        return
    page = app.builder.get_target_uri(app.config.root_doc)
    Path(app.outdir, "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="{app.config.language}">\n<meta charset="utf-8">\n'
        f"<title>{escape(app.config.html_title)}</title>\n"
        f'<meta http-equiv="refresh" content="0; url={page}">\n'
        f'<link rel="icon" href="_static/favicon.svg">\n'
        f'<a href="{page}">{escape(app.config.html_title)}</a>\n</html>\n',
        encoding="utf-8",
    )


def setup(app):
    for kind in (solution_node, nodes.admonition):
        app.add_node(kind, override=True, html=(visit_folded, depart_folded))
    app.connect("doctree-read", tell_tables)
    app.connect("doctree-read", join_bars)
    app.connect("doctree-resolved", keep_for_no_scripts)
    app.connect("doctree-resolved", hold_together)
    app.connect("html-page-context", mend_page)
    app.connect("doctree-resolved", name_columns)
    app.connect("build-finished", write_front_door, priority=900)  # after sphinx-external-toc
    return {"parallel_read_safe": True, "parallel_write_safe": True}

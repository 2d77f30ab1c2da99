"""The last line of a page with code: how many assertions were checked when it was built."""

import ast
from pathlib import Path

import nbformat
from docutils import nodes

CLAIMS = "book/claims"
TESTS = "source/tests/test_claims"  # see sources.py


def assertions(path):
    """How many assertions the code cells of a notebook have; the build stops at one that fails."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return sum(isinstance(node, ast.Assert) for source in cells for node in ast.walk(ast.parse(source)))


def add_line(app, doctree, page):
    path = Path(app.env.doc2path(page))
    if path.suffix != ".ipynb" or not (number := assertions(path)):
        return
    line = nodes.paragraph(classes=["checked"])
    line += nodes.Text(f"When this page was built, {number} assertions were checked. See ")
    for name, text, end in ((CLAIMS, "the claims", " and "), (TESTS, "the tests that guard them", ".")):
        uri = app.builder.get_relative_uri(page, name)
        line += [nodes.reference("", text, refuri=uri, internal=True), nodes.Text(end)]
    doctree.next_node(nodes.section).append(line)


def setup(app):
    app.connect("doctree-resolved", add_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

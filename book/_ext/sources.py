"""The source of every function shown: a page for each module of ch5, and a link below what a page shows.

One more page has the tests of the claims.
"""

import ast
import re
from html import escape
from pathlib import Path
from textwrap import dedent

from docutils import nodes
from sphinx.util import logging

from ch5.book.source import argument

logger = logging.getLogger(__name__)


def read_sources(app):
    """Every module, and where each class and function stands: what pages show of it leads to (module, name)."""
    root = Path(app.confdir, "src")
    files = sorted(path for path in root.glob("ch5/**/*.py") if path.stat().st_size)
    app.modules = {
        path.relative_to(root).with_suffix("").as_posix(): path.read_text("utf-8") for path in files
    }
    app.shown = {}
    for module, text in app.modules.items():
        for name, node in defined(ast.parse(text)):
            app.shown.setdefault(argument(source_of(node, text)), (module, name))
    claims = root.with_name("tests") / "test_claims.py"
    app.modules["tests/test_claims"] = claims.read_text("utf-8")


def defined(tree, prefix=""):
    """Every class and function below the tree with its full name, those inside a class included."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from defined(node, f"{prefix}{node.name}.")


def first_line(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def source_of(node, text):
    """The text of a class or function with its decorators, without the space before it."""
    return dedent("\n".join(text.split("\n")[first_line(node) - 1 : node.end_lineno]))


def link_sources(app, doctree, page):
    """Below each shown source, say where it stands. A cell that only shows must show something of ch5."""
    if app.builder.format != "html":
        return
    for block in list(doctree.findall(nodes.literal_block)):
        if block.get("language") != "python" or not inside(block, "tag_remove-input"):
            continue
        text = block.astext()
        places = [app.shown.get(source_of(node, text)) for node in ast.parse(text).body]
        if None in places:
            logger.warning("this shows what is not in src/ch5: %s", text[:60], location=block)
            continue
        line = nodes.paragraph(classes=["source-of"])
        for module, name in places:
            address = app.builder.get_relative_uri(page, f"source/{module}")
            where = nodes.literal(text=f"{dotted(module)}.{name}")
            line += [
                nodes.reference("", "", where, refuri=f"{address}#{name}", internal=True),
                nodes.Text(" "),
            ]
        block.parent.insert(block.parent.index(block) + 1, line)


def inside(node, name):
    while node := node.parent:
        if name in node.get("classes", []):
            return True
    return False


def source_pages(app):
    """A page for each module, every line of a definition with an anchor, and a page that lists them."""
    for module, text in app.modules.items():
        name = dotted(module)
        lines = app.builder.highlighter.highlight_block(text, "python").split("\n")
        for anchor, node in defined(ast.parse(text)):
            number = first_line(node) - 1
            lines[number] = f'<span id="{anchor}">{lines[number]}</span>'
        body = "\n".join(
            [
                f'<h1><code class="notranslate">{name}</code></h1>\n<div class="module notranslate">',
                *lines,
                "</div>",
            ]
        )
        yield f"source/{module}", page(name, body), "page.html"
    listed = "\n".join(
        f'<li><a class="notranslate" href="{module}.html"><code>{dotted(module)}</code></a> '
        f"{marked(escape(first_sentence_of(text)))}</li>"
        for module, text in app.modules.items()
    )
    package = '<code class="notranslate">ch5</code>'
    about = f"The package {package}, as it is tested, and the tests of the claims."
    body = f"<h1>The source</h1>\n<p>{about}</p>\n<ul>\n{listed}\n</ul>"
    yield "source/index", page("The source", body), "page.html"


def dotted(module):
    return module.replace("/", ".").removesuffix(".__init__")


def first_sentence_of(text):
    """What a module says it is: its docstring to the end of the first sentence, or of the first paragraph."""
    paragraph = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    first = re.split(r"(?<=\w[.:])\s+(?=[A-Z])", " ".join(paragraph.split()))[0].rstrip(".:")
    return first and f"{first}."


def marked(text):
    """Code and emphasis of a docstring as HTML."""
    text = re.sub(r"`([^`]+)`", r'<code class="notranslate">\1</code>', text)
    return re.sub(r"\*(\w[^*]*)\*", r"<em>\1</em>", text)


def page(title, body):
    return {"title": title, "body": body, "meta": {"html_theme.sidebar_secondary.remove": True}}


def setup(app):
    app.connect("builder-inited", read_sources)
    app.connect("doctree-resolved", link_sources)
    app.connect("html-collect-pages", source_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

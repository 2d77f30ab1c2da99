"""What other extensions write into a page that a reader's browser or screen reader stumbles on."""

import re
from html import escape
from pathlib import Path


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
    context["body"] = body


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
    app.connect("html-page-context", mend_page)
    app.connect("build-finished", write_front_door, priority=900)  # after sphinx-external-toc
    return {"parallel_read_safe": True, "parallel_write_safe": True}

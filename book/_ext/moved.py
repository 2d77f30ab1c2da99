"""Old addresses lead to the pages that took their place, each anchor to the page that has it now.

A small page stands at each of them, for a server and for a folder alike.
"""

import json
import re
from html import escape
from pathlib import Path

# The page that was, and those that have what it had: the first answers for it.
MOVED = {
    "book/chapters/07_gates": ["book/chapters/08_gates", "book/chapters/09_gates_trained"],
    "book/chapters/08_attention": ["book/chapters/10_attention"],
}


def write_signs(app, exception):
    if exception or app.builder.format != "html":
        return
    for old, taken in MOVED.items():
        there = [name for name in taken if name in app.env.found_docs]
        ids = {}
        for name in there:
            for anchor in re.findall(r' id="([^"]+)"', Path(app.outdir, f"{name}.html").read_text("utf-8")):
                ids.setdefault(anchor, app.builder.get_relative_uri(old, name))
        first = app.builder.get_relative_uri(old, there[0])
        elsewhere = {anchor: page for anchor, page in ids.items() if page != first}
        title = escape(app.env.titles[there[0]].astext())
        Path(app.outdir, f"{old}.html").write_text(
            f'<!DOCTYPE html>\n<html lang="{app.config.language}">\n<meta charset="utf-8">\n'
            f'<title>{title}</title>\n<meta name="robots" content="noindex">\n<link rel="icon" href="data:,">\n'
            f"<script>\n  const elsewhere = {json.dumps(elsewhere)};\n"
            f"  const page = elsewhere[decodeURIComponent(location.hash.slice(1))] || {json.dumps(first)};\n"
            f"  location.replace(page + location.hash);\n</script>\n"
            f'<noscript><meta http-equiv="refresh" content="0; url={first}"></noscript>\n'
            f'<p>This page is now <a href="{first}">{title}</a>.</p>\n</html>\n',
            encoding="utf-8",
        )


def setup(app):
    app.connect("build-finished", write_signs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

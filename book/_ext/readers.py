"""What readers expect of a book on the web: ways to run a page, how to cite, when it was last changed.

Where the book's source can be fetched is not known to the book. Its builder may say so, in the
environment variable REPOSITORY or with `-D repository=`: an address such as https://host/owner/name,
whose branch is then REPOSITORY_BRANCH, else main. Without it no page leads there.
"""

import json
import os
import subprocess
import textwrap
from pathlib import Path
from urllib.parse import quote, urlsplit

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

BINDER = {"github.com": "gh", "gitlab.com": "gl"}


def add_ways(app, name, template, context, doctree):
    """What the header and the foot of a page say of it (see _templates/ways.html and foot.html)."""
    context["root_title"] = app.config.html_title
    if not doctree:
        return
    source = Path(app.env.doc2path(name)).relative_to(app.srcdir).as_posix()
    context["notebook"] = source if source.endswith(".ipynb") else ""
    context["last_updated"] = last_change(app, source) or context["last_updated"]
    if not (address := app.config.repository.rstrip("/").removesuffix(".git")):
        return
    branch, host = app.config.repository_branch, urlsplit(address).netloc
    context["repository"] = address
    context["page_source"] = f"{address}/{'-/' * (host == 'gitlab.com')}blob/{branch}/{source}"
    if context["notebook"] and host in BINDER:
        place = quote(urlsplit(address).path.strip("/"), safe="/" if host == "github.com" else "")
        context["binder"] = (
            f"https://mybinder.org/v2/{BINDER[host]}/{place}/{quote(branch, safe='')}?urlpath=lab/tree/{source}"
        )


def last_change(app, source):
    """The day of the page's last commit, if the book lies in a checkout that knows."""
    date = f"--date=format:{app.config.html_last_updated_fmt}"
    command = ["git", "log", "-1", "--format=%cd", date, "--", source]
    try:
        return subprocess.run(command, cwd=app.srcdir, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:  # no git here
        return ""


def tell_notebooks(app, exception):
    """Say in the first cell of a notebook that readers download how to get the code that it imports."""
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir, "_sources").rglob("*.ipynb"):
        notebook = json.loads(path.read_text("utf-8"))
        cell = {"cell_type": "markdown", "id": "get-ch5", "metadata": {}, "source": how_to_get(app)}
        notebook["cells"].insert(0, cell)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def how_to_get(app):
    """Where ch5 comes from, in one line."""
    if address := app.config.repository.rstrip("/").removesuffix(".git"):
        branch = app.config.repository_branch
        return f'This notebook needs `ch5`: `python -m pip install "ch5 @ git+{address}@{branch}" jupyterlab`'
    return (
        "This notebook needs `ch5`: `python -m pip install . jupyterlab` in the folder of the book's source, "
        "where `make lab` does it all."
    )


class HowToCite(SphinxDirective):
    """What CITATION.cff says, as a sentence and for BibTeX."""

    def run(self):
        file = Path(self.env.app.confdir, "CITATION.cff")
        self.env.note_dependency(str(file))
        cited = yaml.safe_load(file.read_text("utf-8"))
        authors = " and ".join(author["name"] for author in cited["authors"])
        year = self.config.copyright
        sentence = nodes.paragraph("", f"{authors[0].upper()}{authors[1:]} ({year}). ")
        sentence += [nodes.emphasis(text=cited["title"]), nodes.Text(f" (version {cited['version']}).")]
        entry = {
            "title": cited["title"],
            "author": f"{{{authors}}}",
            "year": year,
            "version": cited["version"],
        }
        lines = [  # no wider than a telephone
            textwrap.fill(f"  {key} = {{{value}}},", 48, subsequent_indent=11 * " ")
            for key, value in entry.items()
        ]
        bibtex = "\n".join(["@software{recurrence,", *lines, "}"])
        return [sentence, nodes.literal_block(bibtex, bibtex, language="bibtex")]


def lost_page(app):
    """The page for an address that leads nowhere (see _templates/404.html)."""
    yield "404", {}, "404.html"


def setup(app):
    app.add_config_value("repository", os.environ.get("REPOSITORY", ""), "html")
    app.add_config_value("repository_branch", os.environ.get("REPOSITORY_BRANCH", "main"), "html")
    app.add_directive("how-to-cite", HowToCite)
    app.connect("html-page-context", add_ways)
    app.connect("html-collect-pages", lost_page)
    app.connect("build-finished", tell_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

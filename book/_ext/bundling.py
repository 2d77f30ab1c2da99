"""One style sheet and one script for all pages, without what no page uses.

The theme and the extensions bring a dozen files each, most of it for things that this book has
not. Here they become `_static/site.css` and `_static/site.js`, in the order in which the pages
would have loaded them (see `_templates/layout.html`). A rule goes if it asks for a class or an
id that stands in no page and in no script: it could match nothing. So does a name that only
such rules used. Fonts keep the characters that the pages have, and travel inside the style
sheet: they are there before the page is drawn, so nothing moves when they come.
"""

import base64
import hashlib
import io
import logging
import os
import re
from itertools import pairwise
from pathlib import Path

import tinycss2
from fontTools import subset

# What the theme's template loads besides the files that Sphinx knows of, less two scripts:
# Bootstrap's (it draws tooltips, which browsers do by themselves) and the one that turns every
# character of the icon font into a picture, 1.5 MB.
THEME_STYLES = ["styles/theme.css", "styles/pydata-sphinx-theme.css"]
THEME_SCRIPTS = ["scripts/pydata-sphinx-theme.js"]
# The theme asks all code how wide it is, folded code too, which a browser must lay out to answer. book.js asks better.
ASKING = re.compile(r'document\.querySelectorAll\(\["pre",[^\]]*\]\.join\(", "\)\)')
logging.getLogger("fontTools").setLevel(logging.ERROR)
NAME = re.compile(r"[\w-]+")

# The fonts that pages draw with. Any other that a rule names stays a file, loaded where it is met.
FONTS = re.compile(
    "Font Awesome 6 (Free normal 900|Brands normal 400)|"
    "KaTeX_(Main normal|Math italic|Size[1-4] normal) (normal|400)"
)


def note_files(app, name, template, context, doctree):
    """Note what all pages load; what is then added for one page stays in that page."""
    context["common_scripts"] = list(context["script_files"])
    for kind in ("css_files", "script_files"):
        for file in sorted(context[kind], key=lambda file: file.priority):
            name = str(file.filename or "").removeprefix("_static/")
            app.bundle[kind][name, file.attributes.get("body", "")] = None


def write_bundle(app, exception):
    """Write both files, and into every page which version of them it takes."""
    if exception or not app.bundle["css_files"]:
        return
    static = Path(app.outdir, "_static")
    pages = {path: path.read_text("utf-8") for path in Path(app.outdir).rglob("*.html")}
    pages = {path: page for path, page in pages.items() if "_static/site.css" in page}
    scripts = [read(static / name) if name else body for name, body in app.bundle["script_files"]]
    script, asked = ASKING.subn("[]", "\n;\n".join(scripts + [read(static / name) for name in THEME_SCRIPTS]))
    if asked != 1:
        raise ValueError(f"the theme's script was to ask once how wide all code is, and asks {asked} times")
    styles = [static / name for name in THEME_STYLES + [name for name, _ in app.bundle["css_files"]]]
    found = read(static / "search.js")  # which names what it finds, on the page of search alone
    style = joined(styles, static, "\n".join(pages.values()), f"{script}\n{found}")
    for name, content in (("site.css", style), ("site.js", script)):
        (static / name).write_text(content, encoding="utf-8")
        version = hashlib.sha256(content.encode()).hexdigest()[:8]
        for path, page in pages.items():
            pages[path] = re.sub(rf"_static/{name}(\?v=\w+)?", f"_static/{name}?v={version}", page)
    for path, page in pages.items():
        path.write_text(page, encoding="utf-8")


def read(path):
    """A style sheet or a script, without the address of a map for debuggers."""
    return re.sub(r"(//|/\*)# sourceMappingURL=\S+( \*/)?", "", path.read_text("utf-8"))


def joined(styles, static, pages, script):
    """The style sheets as one, less what none of the pages and scripts can use."""
    text = re.sub(r"\\[nrt]", " ", pages + script)  # in a page's data, \n is the end of a line
    words = set(NAME.findall(text))
    named = re.findall(r'(?s)(?:class|id)="([^"]*)"|<script[^>]*>(.*?)</script>', pages)
    asked = set(NAME.findall(script + " " + " ".join(map(" ".join, named))))
    rules = list(matching([rule for path in styles for rule in sheet(path, static)], asked))
    values = ""
    while values != (values := " ".join(all_values(rules))):  # what goes may free what it used
        rules = list(in_use(rules, words | set(NAME.findall(values))))
    return '@charset "utf-8";\n' + written(rules, static, set(pages + values)) + "\n"


# A rule is a pair: what stands before the braces (for a rule with selectors, the list of them),
# and what stands inside: a list of rules, a tuple of declarations (name, value), or mere text.


def sheet(path, static):
    """The rules of a file and of those that it imports, with addresses as seen from static."""

    def moved(address):
        return f'url("{Path(os.path.relpath(path.parent / address[1], static)).as_posix()}")'

    def declarations(content):
        for one in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
            if one.type == "declaration":
                value = tinycss2.serialize(one.value).strip() + "!important" * one.important
                yield one.name, re.sub(r"""url\(["']?(?!["']?(?:data:|#))([^"')]+)["']?\)""", moved, value)

    def rules(content):
        for one in tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True):
            if one.type == "qualified-rule":
                yield selectors(one.prelude), tuple(declarations(one.content))
            elif one.type == "at-rule":
                name = f"@{one.at_keyword} {tinycss2.serialize(one.prelude).strip()}"
                if one.at_keyword == "import":
                    (target,) = (token.value for token in one.prelude if token.type in ("string", "url"))
                    yield from sheet(path.parent / target, static)
                elif one.at_keyword in ("media", "supports"):
                    yield name, list(rules(one.content))
                elif one.at_keyword == "font-face":
                    yield name, tuple(declarations(one.content))
                elif one.content is not None:
                    yield name, tinycss2.serialize(one.content)

    return list(rules(read(path)))


def selectors(prelude):
    """The selectors of a rule, each with the classes and ids that it asks for."""
    parts, previous = [[]], ""
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    found = []
    for part in parts:
        asked = [token.value for token in part if token.type == "hash"]
        for previous, token in pairwise(part):
            if token.type == "ident" and previous.type == "literal" and previous.value == ".":
                asked.append(token.value)
        found.append((tinycss2.serialize(part).strip(), frozenset(asked)))
    return found


def matching(rules, words):
    """The rules of which some selector can match."""
    for before, inside in rules:
        if isinstance(before, list):
            before = [selector for selector, asked in before if asked <= words]
            if before and inside:
                yield ",".join(before), inside
        elif not isinstance(inside, list):
            yield before, inside
        elif inside := list(matching(inside, words)):
            yield before, inside


def all_values(rules):
    """Every value that the rules give."""
    for before, inside in rules:
        if isinstance(inside, list):
            yield from all_values(inside)
        elif not before.startswith("@font-face"):
            yield from (value for _, value in inside) if isinstance(inside, tuple) else [inside]


def in_use(rules, used):
    """The rules without the variables, animations and fonts that nobody calls by their name."""
    for before, inside in rules:
        if before.startswith("@font-face"):
            family = dict(inside)["font-family"]
            if set(NAME.findall(family)) <= used:
                yield before, inside
        elif isinstance(inside, list):
            yield before, list(in_use(inside, used))
        elif isinstance(inside, tuple):
            inside = tuple(one for one in inside if not one[0].startswith("--") or one[0] in used)
            if inside:
                yield before, inside
        elif not re.match("@(-webkit-)?keyframes", before) or before.split()[1] in used:
            yield before, inside


def written(rules, static, characters):
    """The rules as text."""
    lines = []
    for before, inside in rules:
        if before.startswith("@font-face"):
            inside = tuple(face(dict(inside), static, characters).items())
        if isinstance(inside, list):
            inside = written(inside, static, characters)
        elif isinstance(inside, tuple):
            inside = ";".join(f"{name}:{value}" for name, value in inside)
        lines.append(f"{before}{{{inside}}}")
    return "\n".join(lines)


def face(declared, static, characters):
    """A font face, with the font and these characters of it inside if pages draw with it."""
    family = re.sub(r'["\\]', "", declared["font-family"])
    if not FONTS.fullmatch(f"{family} {declared['font-style']} {declared['font-weight']}"):
        return declared
    path = re.findall(r'url\("([^"]+)"', declared["src"])[-1]
    options = subset.Options(flavor="woff", layout_features=["*"], hinting=False)
    font = subset.load_font(static / path, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    data = io.BytesIO()
    subset.save_font(font, data, options)
    data = base64.b64encode(data.getvalue()).decode()
    return declared | {"src": f'url("data:font/woff;base64,{data}") format("woff")'}


def start(app):
    app.bundle = {"css_files": {}, "script_files": {}}


def setup(app):
    app.connect("builder-inited", start)
    app.connect("html-page-context", note_files, priority=0)
    app.connect("build-finished", write_bundle, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

"""Mathematics rendered while the book is built: no page needs a script or another host for it.

KaTeX (katex.min.js, from sphinxcontrib-katex) runs in an embedded V8 (mini-racer). Its style
sheet and fonts lie in the JupyterLab extension of jupyterlab-myst, packed as a script, which
the same V8 unpacks. TeX that KaTeX does not know is a warning, so it fails the build.
"""

import re
import shutil
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

# What a packed module expects around it: `load` runs a module with all that it asks for.
UNPACK = """
const self = {};
class URL { constructor(path) { this.path = path; } toString() { return this.path; } }
function load(id) {
  const module = {id, exports: {}};
  modules[id](module, module.exports, load);
  return module.exports;
}
load.p = load.b = "";
load.n = exports => () => exports;
load.d = (exports, getters) => {
  for (const name in getters) Object.defineProperty(exports, name, {get: getters[name]});
};
%s
const modules = self.webpackChunkjupyterlab_myst[0][1];
const sheet = Object.keys(modules).find(id => String(modules[id]).includes("KaTeX_AMS"));
load(sheet).A.toString();
"""


@cache
def katex():
    """An embedded V8 that knows KaTeX."""
    v8 = MiniRacer()
    v8.eval(files("sphinxcontrib").joinpath("katex.min.js").read_text("utf-8"))
    return v8


def render(tex, display, node):
    """TeX to HTML, with MathML inside it for screen readers."""
    options = {"displayMode": display, "strict": "error"}
    try:
        return katex().call("katex.renderToString", tex, options)
    except JSEvalException as error:
        reason = str(error).splitlines()[0].split(": ", 1)[-1]
        logger.warning("%s in %r", reason, tex, location=node)
        return ""


def visit_math(translator, node):
    html = render(node.astext(), False, node)
    translator.body.append(f'<span class="math notranslate" translate="no">{html}</span>')
    raise nodes.SkipNode


def visit_math_block(translator, node):
    tex = node.astext()
    if r"\begin" not in tex and (r"\\" in tex or "&" in tex):
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    if re.search(r"\\begin\{(equation|align|gather|alignat)\}", tex):
        logger.warning("this numbers itself twice; use aligned or align*", location=node)
    translator.body.append(translator.starttag(node, "div", CLASS="math notranslate", translate="no"))
    translator.body.append(render(tex, True, node))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def copy_style(app):
    """Put KaTeX's style sheet and the fonts it names where every page finds them."""
    packed = Path(sys.prefix, "share/jupyter/labextensions/jupyterlab-myst/static")
    scripts = [p for p in packed.glob("*.js") if '"KaTeX_AMS"' in p.read_text("utf-8")]
    if len(scripts) != 1:
        raise ExtensionError(f"{packed} should hold one style sheet of KaTeX, not {len(scripts)}")
    with MiniRacer() as v8:
        css = v8.eval(UNPACK % scripts[0].read_text("utf-8"))
    css = re.sub(r'url\(\S+\) format\("woff2"\), |, url\(\S+\) format\("truetype"\)', "", css)
    target = Path(app.outdir, "_static", "katex")
    target.mkdir(parents=True, exist_ok=True)
    (target / "katex.css").write_text(css, encoding="utf-8")
    for font in re.findall(r"url\((\S+\.woff)\)", css):
        shutil.copy(packed / font, target)
    app.add_css_file("katex/katex.css")


def close_katex(app, exception):
    """Under Python 3.13 the build would not end while its V8 is open."""
    katex().close()
    katex.cache_clear()


def setup(app):
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.connect("builder-inited", copy_style)
    app.connect("build-finished", close_katex)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

"""In a book built by `make book-live`: a button on every notebook's page that runs it in the browser.

scripts/live.py puts JupyterLite beside the pages, in lite/. LIVE says where Pyodide, the Python that runs
there, comes from: "local", a copy in the site, or "cdn", its own public host. Without LIVE there is no button.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL

# 13 MB as PyPI and npm hold them, compressed; the rest, mostly Matplotlib and NumPy, is on Pyodide's host
# alone and was taken from earlier versions.
MEGABYTES = 25
PLACES = {"cdn": urlsplit(PYODIDE_CDN_URL).netloc, "local": "this site"}

# From a file a browser starts no kernel: the button then says what it needs, and leads nowhere.
FROM_A_FILE = """
if (location.protocol === "file:") addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector(".btn-live");
  button.removeAttribute("href");
  button.querySelector(".btn__text-container").textContent = "To run in the browser, open this book from a web server";
});
"""


def add_button(app, name, template, context, doctree):
    """Put the button into the menu of ways to run the page: the theme's own, or a new one."""
    source = Path(app.env.doc2path(name))
    if not (app.config.live and doctree and source.suffix == ".ipynb"):
        return
    button = {
        "type": "link",
        "text": f"Run in the browser (Pyodide, about {MEGABYTES} MB, from {PLACES[app.config.live]})",
        "tooltip": "Opens this notebook in JupyterLite, with Python running inside the browser",
        "url": f"{context['pathto']('lite/notebooks/index.html', 1)}?path=chapters/{source.name}",
        "icon": "fas fa-play",
        "label": "live",
    }
    app.add_js_file(None, body=FROM_A_FILE)  # to this page alone
    for menu in context["header_buttons"]:
        if menu.get("label") == "launch-buttons":
            menu["buttons"].insert(0, button)
            return
    menu = {"type": "group", "label": "launch-buttons", "icon": "fas fa-rocket", "tooltip": "Run this page"}
    context["header_buttons"].insert(0, menu | {"buttons": [button]})


def setup(app):
    app.add_config_value("live", os.environ.get("LIVE", ""), "html")
    app.connect("html-page-context", add_button, priority=600)  # after the theme's own buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Chromium without the network, and a server of the built book on this machine alone."""

import functools
import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

SITE = Path(__file__).parents[1] / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts
    and path.name not in ("07_gates.html", "08_attention.html")  # old addresses, which lead on
    and path != SITE / "index.html"  # and so does this
    and (SITE / "source" not in path.parent.parents or path.match("networks/cell.html"))  # one for all
    and SITE / "lite" not in path.parents  # JupyterLite, see test_live.py
)
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def started(playwright):
    """A headless Chromium: the one named by CHROMIUM, else the first on the PATH, best one without windows to draw."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise FileNotFoundError("no Chromium on the PATH: install one, or name it in CHROMIUM")
    return playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serve(folder):
    """The folder under an address of this machine, for as long as the block runs."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()

"""Notebooks run the same on every machine: no reader's settings count, and no two kernels meet.

What a kernel reads from the home folder and from the environment, it reads from this checkout's .cache instead.
A kernel of the book talks through sockets in a folder of its own: two kernels that start at the same moment
could choose the same TCP port, and one of them would wait for an answer for ever.
"""

import os
from functools import wraps
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import zmq
from docutils import nodes
from jupyter_client import KernelManager
from sphinx.util import logging

logger = logging.getLogger(__name__)
CACHE = Path(__file__).resolve().parents[1] / ".cache"


def settle():
    """Give the kernels that this process starts their settings and sockets. A second call changes nothing."""
    for name in ("MATPLOTLIBRC", "MPLBACKEND", "PYTHONSTARTUP"):
        os.environ.pop(name, None)
    os.environ["MPLCONFIGDIR"] = str(CACHE / "matplotlib")
    os.environ["IPYTHONDIR"] = str(CACHE / "ipython")
    (CACHE / "ipython").mkdir(parents=True, exist_ok=True)
    import matplotlib.font_manager  # noqa: F401  which lists the fonts, once: a kernel would say so on stderr

    if zmq.has("ipc") and not hasattr(KernelManager.__init__, "__wrapped__"):
        KernelManager.__init__ = apart(KernelManager.__init__)


def apart(init):
    """A kernel manager's `__init__` that gives each kernel sockets of its own, in a folder of this process."""
    folder, number = TemporaryDirectory(prefix="ch5-", ignore_cleanup_errors=True), count(1)

    @wraps(init)
    def with_sockets(self, *args, **settings):
        name = f"{folder.name}/{next(number)}"
        init(self, *args, **{"transport": "ipc", "ip": name, "connection_file": f"{name}.json"} | settings)

    return with_sockets


def find_tracebacks(app, doctree):
    """Warn of an exception that its cell survived: one while a result was drawn."""
    for block in doctree.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            logger.warning("an exception in the output: %s", block.astext()[-200:], location=block)


def setup(app):
    settle()
    app.connect("doctree-read", find_tracebacks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Notebooks run the same on every machine: no reader's settings count, and no two kernels meet.

What a kernel reads from the home folder and from the environment, it reads from this checkout's .cache instead.
Its ports come from a block that belongs to the process which starts it. Ports picked at random are free for a
moment only: of two kernels started at once, both could get the same, and one would wait for an answer for ever.
"""

import os
import socket
import threading
from pathlib import Path

import zmq
from docutils import nodes
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.connect import LocalPortCache
from sphinx.util import logging

logger = logging.getLogger(__name__)
CACHE = Path(__file__).resolve().parents[1] / ".cache"
BLOCKS = range(20_000, 32_000, 200)  # below the ports that systems hand out by themselves


def settle():
    """Give the kernels that this process starts their settings and ports. A second call changes nothing."""
    for name in ("MATPLOTLIBRC", "MPLBACKEND", "PYTHONSTARTUP"):
        os.environ.pop(name, None)
    for name, folder in (
        ("MPLCONFIGDIR", "matplotlib"),
        ("IPYTHONDIR", "ipython"),
        ("JUPYTER_RUNTIME_DIR", "jupyter"),
    ):
        os.environ[name] = str(CACHE / folder)
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    import matplotlib.font_manager  # noqa: F401  which lists the fonts, once: a kernel would say so on stderr

    Ports.instance()  # from now on every kernel manager asks this one
    AsyncZMQSocketChannel.send = send


class Ports(LocalPortCache):
    """The ports of the kernels of one process. It listens on the first of its block, which so belongs to no other."""

    def __init__(self, **settings):
        super().__init__(**settings)
        for turn in range(len(BLOCKS)):
            start = BLOCKS[(os.getpid() + turn) % len(BLOCKS)]
            self.claim = socket.socket()
            try:
                self.claim.bind(("127.0.0.1", start))
                self.claim.listen()
                break
            except OSError:  # another process has it
                self.claim.close()
        else:
            raise OSError(f"no block of ports is free from {BLOCKS.start} to {BLOCKS.stop}")
        self.block = range(start + 1, start + BLOCKS.step)
        self.turn = threading.Lock()

    def find_available_port(self, ip):
        with self.turn:
            for port in self.block:
                if port not in self.currently_used_ports and is_free(ip, port):
                    self.currently_used_ports.add(port)
                    return port
        raise OSError(f"no port is free from {self.block.start} to {self.block.stop}")


def send(channel, message):
    """What AsyncZMQSocketChannel does, and a look at what came meanwhile.

    Sending takes the socket's one sign that an answer is there. A cell with widgets sends while it runs, and the
    wait for its end could last until the cell's time was over.
    """
    channel.session.send(channel.socket, message)
    channel.socket.get(zmq.EVENTS)  # whoever waits is called if there is something


def is_free(ip, port):
    with socket.socket() as trial:
        try:
            trial.bind((ip, port))
        except OSError:
            return False
    return True


def find_tracebacks(app, doctree):
    """Warn of an exception that its cell survived: one while a result was drawn."""
    for block in doctree.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            logger.warning("an exception in the output: %s", block.astext()[-200:], location=block)


def setup(app):
    settle()
    app.connect("doctree-read", find_tracebacks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

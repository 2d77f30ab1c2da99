"""Notebooks run the same on every machine, no two kernels meet, and no exception passes for a result."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import kernels
import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelManager, KernelManager
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.connect import LocalPortCache
from jupyter_client.session import Session

ROOT = Path(__file__).parents[1]
NBVAL = [
    "-W",
    "default",
    "--nbval",
    "--nbval-current-env",
    "--nbval-sanitize-with",
    "tests/nbval_sanitize.cfg",
]
CONFIG = """
import sys
sys.path.insert(0, {scripts!r})
extensions = ["myst_nb", "kernels"]
nb_execution_mode = "force"
nb_execution_show_tb = True
"""
# Python 3.11 cannot read the path of an editable package under LC_ALL=C where the path holds an accent.
PLAIN = "C" if str(ROOT).isascii() else "C.UTF-8"


def run(*command, cwd=ROOT, **settings):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env=os.environ | settings, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def foreign(tmp_path):
    """A home whose owner has settings for IPython, Python and Matplotlib."""
    home = tmp_path / "home"
    (home / ".ipython" / "profile_default").mkdir(parents=True)
    (home / ".ipython" / "profile_default" / "ipython_config.py").write_text(
        'c = get_config()\nc.InteractiveShell.ast_node_interactivity = "all"\n'
    )
    (home / "startup.py").write_text("print('good morning')\n")
    (home / "matplotlibrc").write_text("text.usetex: True\nno.such.key: 5\nbackend: none_such\n")
    files = {"PYTHONSTARTUP": "startup.py", "MATPLOTLIBRC": "matplotlibrc", "HOME": ""}
    return {name: str(home / file) for name, file in files.items()} | {"MPLBACKEND": "agg", "LC_ALL": PLAIN}


def without(settings):
    """This process's environment has what kernels.settle has put there: begin as a reader's shell does."""
    return {"IPYTHONDIR": "", "MPLCONFIGDIR": ""} | settings


def test_the_settings_of_a_reader_change_no_output(foreign):
    """IPython's profile, a start-up file, a matplotlibrc and a backend of another machine."""
    status, said = run("pytest", *NBVAL, "book/chapters/01_cell.ipynb", **without(foreign))
    assert status == 0, said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no HOME")
def test_a_home_that_cannot_be_written_is_no_hindrance(tmp_path):
    """Not even by the superuser: the home is a file."""
    (tmp_path / "home").write_text("")
    settings = without({"HOME": str(tmp_path / "home"), "LC_ALL": PLAIN})
    status, said = run("pytest", *NBVAL, "book/chapters/01_cell.ipynb", **settings)
    assert status == 0, said


@pytest.fixture
def built(tmp_path):
    """A function that builds a book of one notebook with these cells, warnings as errors."""

    def built(*sources, **settings):
        (tmp_path / "conf.py").write_text(CONFIG.format(scripts=str(ROOT / "scripts")))
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        spec = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), tmp_path / "index.ipynb")
        return run("sphinx", "-W", "--keep-going", ".", "_build", cwd=tmp_path, **settings)

    return built


SHOWN_BY = ("_repr_png_", "_repr_html_", "_repr_markdown_", "__repr__", "_ipython_display_")
BROKEN = """
class Broken:
    def {}(self):
        raise ValueError("no picture")
display(Broken())
"""
FIGURE = "import matplotlib.pyplot as plt\nplt.title({!r})\nplt.show()"


def test_an_exception_in_display_fails_the_build(built):
    """The cells themselves succeed: what they show raises, a formula in a figure among them."""
    status, said = built("print(1)", *map(BROKEN.format, SHOWN_BY), FIGURE.format(r"$\nosuch$"))
    assert status != 0
    assert said.count("an exception in the output") == len(SHOWN_BY) + 1
    assert "ValueError: no picture" in said


def test_the_build_draws_whatever_the_reader_has_set(built, foreign, tmp_path):
    """A sound figure is there, and nothing is said."""
    status, said = built(FIGURE.format("$x$"), **without(foreign))
    assert status == 0, said
    assert list(tmp_path.glob("_build/_images/*.png"))


PORTS = """
import kernels
from jupyter_client.connect import LocalPortCache
kernels.settle()
ports = LocalPortCache.instance()
print(type(ports).__name__, *(ports.find_available_port("127.0.0.1") for _ in range(15)), flush=True)
input()
"""


def test_no_two_kernels_can_meet():
    """Processes that start at the same moment give their kernels ports of different blocks, none twice."""
    path = os.pathsep.join([str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")])
    command, environment = [sys.executable, "-c", PORTS], os.environ | {"PYTHONPATH": path}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(3)]
    said = [process.stdout.readline().split() for process in processes]  # all are alive at this moment
    for process in processes:
        process.communicate("\n")
    assert [one[0] for one in said] == ["Ports"] * 3
    ports = [int(port) for one in said for port in one[1:]]
    assert len(set(ports)) == len(ports) == 45
    assert all(20_000 < port < 32_000 for port in ports)  # no system hands these out by itself


def test_a_block_that_another_process_has_is_left_to_it():
    """The first of its ports is taken; the next block is as good."""
    one, two = kernels.Ports(), kernels.Ports()
    assert set(one.block).isdisjoint(two.block)
    one.claim.close()
    two.claim.close()


def test_a_port_in_use_is_passed_over():
    """Another program may listen anywhere; a port given back is given again."""
    ports = kernels.Ports()
    try:
        first = ports.find_available_port("127.0.0.1")
        ports.return_port(first)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", first))
            taken.listen()
            another = ports.find_available_port("127.0.0.1")
            assert another != first
            assert another in ports.block
        ports.return_port(another)
        assert first in {ports.find_available_port("127.0.0.1") for _ in range(2)}
    finally:
        ports.claim.close()


def test_every_kernel_manager_asks_for_these_ports():
    """nbval's and the build's."""
    kernels.settle()
    assert isinstance(LocalPortCache.instance(), kernels.Ports)
    for kind in (KernelManager, AsyncKernelManager):
        assert kind().cache_ports


async def heard_after():
    """Seconds until a client that sends while the answer comes has heard it."""
    contexts = zmq.Context(), zmq.asyncio.Context()
    kernel, client = contexts[0].socket(zmq.ROUTER), contexts[1].socket(zmq.DEALER)
    client.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
    channel = AsyncZMQSocketChannel(client, Session())
    channel.send(channel.session.msg("execute_request"))
    name, *_ = kernel.recv_multipart()
    waiting = asyncio.ensure_future(client.poll(10_000))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    kernel.send_multipart([name, b"done"])
    time.sleep(0.1)  # nobody listens: the answer arrives
    channel.send(channel.session.msg("comm_msg"))  # as widgets make the client do
    assert await waiting
    took = time.monotonic() - began
    for context in contexts:
        context.destroy(0)
    return took


def test_an_answer_is_heard_that_comes_while_the_client_sends():
    """At once: not when the cell's time is over, which is what a cell with widgets could wait for."""
    kernels.settle()
    assert asyncio.run(heard_after()) < 5

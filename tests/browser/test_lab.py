"""The notebook in a live JupyterLab on this machine: it runs, and its sliders follow the keyboard."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from chromium import SITE

NOTEBOOK = SITE.parents[1] / "book" / "chapters" / "04_jacobian.ipynb"
PATIENCE = 240  # seconds for the server, and again for the notebook


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab with a copy of the notebook and settings of its own, for one test."""
    shutil.copy(NOTEBOOK, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    tracker = tmp_path / "SETTINGS" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}')  # cells out of sight are drawn too
    own |= {f"JUPYTERLAB_{what}_DIR": str(tmp_path / what) for what in ("SETTINGS", "WORKSPACES")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [f"--ServerApp.root_dir={tmp_path}", "--LabApp.news_url=None"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status", server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address, server):
    """Return once the address answers; fail if the server ends or is not there in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"{address} does not answer")


def test_the_arrow_keys_move_the_slider_in_jupyterlab(lab, page):
    """Every cell runs without an error; an arrow key moves the drawn path and the words, not the selected cell."""
    foreign = []
    page.on(
        "request", lambda r: foreign.append(r.url) if r.url.startswith("http") and lab not in r.url else 0
    )
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{lab}/lab/tree/{NOTEBOOK.name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    root = page.locator(".ch5-slider")
    root.locator("path[data-series=measured][d]").wait_for(state="attached")

    path, reading = root.locator("path[data-series=measured]"), root.locator(".ch5-reading")
    slider = root.locator("input[type=range]").first
    slider.focus()
    selected = page.locator(".jp-Cell.jp-mod-active").get_attribute("data-windowed-list-index")
    for key, value in (("ArrowRight", "1.05"), ("ArrowRight", "1.10"), ("ArrowDown", "1.05")):
        before = path.get_attribute("d"), reading.text_content()
        slider.press(key)
        assert root.locator("output").first.text_content() == value
        assert path.get_attribute("d") != before[0]
        assert reading.text_content() != before[1]
    assert page.locator(".jp-Cell.jp-mod-active").get_attribute("data-windowed-list-index") == selected
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert foreign == []

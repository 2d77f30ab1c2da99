"""The book with a kernel in the browser: what ships with it is whole, the notebook opens, the kernel starts.

Pyodide itself comes from a public host. npm has its core, which the last tests take; NumPy and Matplotlib for
it are on that host alone, and empty packages stand for them here. CONTRIBUTING.md says what that leaves out.
"""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import live
import nbformat
import pytest
from chromium import serve
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]

NOTEBOOKS = sorted(ROOT.glob("book/chapters/*.ipynb"))
pytestmark = pytest.mark.xdist_group("live")  # one process builds it, once
PATIENCE = 240_000  # milliseconds, for a machine that is busy


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The live part of the book as it is published: Pyodide from its public host."""
    folder = tmp_path_factory.mktemp("site")
    live.build(folder)
    return folder / "lite"


@pytest.fixture(scope="module")
def packages(site):
    return json.loads((site / "pyodide-lock.json").read_text("utf-8"))["packages"]


# What ships with the site


def imported(source):
    """The top-level names that a piece of Python imports from elsewhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def not_there(sources, packages):
    """What is imported, but is neither in Python nor in a package that the kernel finds."""
    there = {name.split(".")[0] for package in packages.values() for name in package["imports"]}
    found = {name for source in sources for name in imported(source)}
    return found - there - set(sys.stdlib_module_names)


def code(path):
    return "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_kernel_finds_what_a_notebook_imports(path, packages):
    """Every import of a notebook is in Python, in Pyodide, or in a wheel that ships with the site."""
    assert not_there([code(path)], packages) == set()


def test_an_import_that_is_not_there_is_found(packages):
    """The check above fails on a package that the kernel does not have, and on one left out of the lock."""
    assert not_there(["import numpy", "from scipy.linalg import svd"], packages) == {"scipy"}
    less = {name: package for name, package in packages.items() if name != "ch5"}
    assert not_there(["from ch5.networks.cell import VanillaCell"], less) == {"ch5"}


def not_whole(site, packages):
    """What is wrong with the packages: a dependency or a file that is missing, a hash that is another."""
    for name, package in packages.items():
        for dependency in package["depends"]:
            if dependency.lower().replace("_", "-") not in packages:
                yield f"{name} needs {dependency}"
        if package["file_name"].startswith("https://"):
            if not package["file_name"].startswith(f"{live.PYODIDE_CDN_URL}/"):
                yield f"{name} comes from {package['file_name']}"
        elif not (site / package["file_name"]).is_file():
            yield f"{name} is not in the site"
        elif live.hash_of(site / package["file_name"]) != package["sha256"]:
            yield f"{name} has another hash"


def test_what_the_kernel_needs_is_whole(site, packages):
    """Dependencies are closed, what ships has its hash, and all else is at Pyodide's own address."""
    assert list(not_whole(site, packages)) == []
    shipped = {name for name, package in packages.items() if package["file_name"].startswith("pypi/")}
    assert shipped == {"ch5", *live.SHIPPED}


@pytest.mark.parametrize(
    ("broken", "changes", "fault"),
    [
        ("ch5", {"depends": ["scipy"]}, "ch5 needs scipy"),
        ("ch5", {"sha256": "0"}, "ch5 has another hash"),
        ("comm", {"file_name": "pypi/comm.whl"}, "comm is not in the site"),
        ("numpy", {"file_name": "https://example.org/numpy"}, "numpy comes from https://example.org/numpy"),
    ],
)
def test_a_broken_lock_is_found(broken, changes, fault, site, packages):
    """Each fault, planted in one package, is reported."""
    assert list(not_whole(site, packages | {broken: packages[broken] | changes})) == [fault]


def test_the_wheel_holds_the_code_and_the_records(site, packages):
    """Every file of src/ch5 is in the wheel that ships, recorded data and front end included."""
    with zipfile.ZipFile(site / packages["ch5"]["file_name"]) as wheel:
        inside = {name: wheel.read(name) for name in wheel.namelist()}
    files = [p for p in (ROOT / "src" / "ch5").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert any(path.suffix == ".json" for path in files)
    for path in files:
        assert inside[path.relative_to(ROOT / "src").as_posix()] == path.read_bytes()


def test_the_package_index_lists_what_ships(site):
    """What `%pip install` sees in the browser: the wheels beside it, by their hash, and nothing from PyPI."""
    index = json.loads((site / "pypi" / "all.json").read_text("utf-8"))
    assert set(index) == {"ch5", *live.SHIPPED}
    for releases in index.values():
        ((release,),) = releases["releases"].values()
        assert live.hash_of(site / "pypi" / release["url"]) == release["digests"]["sha256"]
    settings = json.loads((site / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    (kernel,) = settings["litePluginSettings"].values()
    assert kernel["disablePyPIFallback"] is True


def test_a_package_from_nowhere_is_refused():
    """What is needed, but neither in Pyodide nor shipped, stops the build by its name."""
    packages = json.loads(live.CDN_LOCK.read_text("utf-8"))["packages"]
    assert "numpy" in live.needed(packages)
    with pytest.raises(ValueError, match="numpy must be in Pyodide"):
        live.needed({name: package for name, package in packages.items() if name != "numpy"})


def test_half_a_pyodide_is_refused(tmp_path):
    """A folder that lacks a wheel that the notebooks need is no local copy; the message names what is missing."""
    shutil.copy(live.CDN_LOCK, tmp_path / "pyodide-lock.json")
    with pytest.raises(FileNotFoundError, match=r"lacks pyodide\.mjs.* numpy-[\d.]+-cp"):
        live.copy(tmp_path, tmp_path / "target")


# The button


@cache
def page_of(folder, where, name):
    """A page of a small book, as it is built with this setting."""
    source = Path(folder)
    source.joinpath("index.md").write_text("# Title\n\n```{toctree}\nnotebook\n```\n", encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell("# A notebook")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "notebook.ipynb")
    settings = {
        "extensions": ["myst_nb", "live_button"],
        "html_theme": "sphinx_book_theme",
        "live": where,
        "nb_execution_mode": "off",
    }
    out = source / f"_{where}"
    Sphinx(source, None, out, out, "html", settings, status=None, warning=None).build()
    return (out / f"{name}.html").read_text("utf-8")


@pytest.fixture
def book(tmp_path_factory, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book" / "_ext"))
    return tmp_path_factory.mktemp("book")


@pytest.mark.filterwarnings("ignore")
def test_the_button_says_where_pyodide_comes_from(book):
    """On a notebook's page, in the live book alone; its link opens that notebook."""
    cdn, local = (page_of(book, where, "notebook") for where in ("cdn", "local"))
    assert "Run in the browser (Pyodide, about 25 MB, from cdn.jsdelivr.net)" in cdn
    assert "Run in the browser (Pyodide, about 25 MB, from this site)" in local
    assert 'href="lite/notebooks/index.html?path=chapters/notebook.ipynb"' in cdn
    assert "Run in the browser" not in page_of(book, "cdn", "index")
    assert "Run in the browser" not in page_of(book, "", "notebook")


@pytest.mark.filterwarnings("ignore")
def test_from_a_file_the_button_leads_nowhere(book, page):
    """A browser starts no kernel from a file: there the button says what it needs; from a server it is a link."""
    page_of(book, "cdn", "notebook")
    page.goto((book / "_cdn" / "notebook.html").as_uri())
    button = page.locator(".btn-live")
    assert button.text_content().strip() == "To run in the browser, open this book from a web server"
    assert button.get_attribute("href") is None
    with serve(book / "_cdn") as home:
        page.goto(f"{home}/notebook.html")
        assert button.text_content().strip().startswith("Run in the browser (Pyodide")
        assert button.get_attribute("href")


# In the browser


# What JupyterLite itself complains about: it asks the host for an icon before it knows its own, and the MyST
# of JupyterLab knows no label of another page.
EXPECTED = ("/favicon.ico: ", "Cross reference target was not found")


def opened(page, home, name):
    """Open the notebook. What the page asks of other hosts, and its errors, arrive in the lists returned."""
    foreign, errors = [], []

    def asked(request):
        if not request.url.startswith((home, "data:", "blob:")):
            foreign.append(request.url)

    def failed(error):
        if not any(expected in error for expected in EXPECTED):
            errors.append(error)

    page.set_default_timeout(PATIENCE)
    page.on("request", asked)
    page.on("pageerror", lambda error: failed(str(error)))
    page.on("console", lambda m: failed(f"{m.location['url']}: {m.text}") if m.type == "error" else None)
    page.goto(f"{home}/lite/notebooks/index.html?path=chapters/{name}.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    return foreign, errors


def test_the_notebook_opens(site, page):
    """All of it is there without another host, but for Pyodide: that it is refused here is the only error."""
    with serve(site.parent) as home:
        foreign, errors = opened(page, home, "02_sharing")
        page.locator(".jp-KernelStatus-error").wait_for()
        assert page.locator(".jp-Notebook h1").first.inner_text().startswith("2 Weight sharing")
        assert page.locator(".jp-Toolbar-kernelName").inner_text() == "Python (Pyodide)"
    assert set(foreign) == {f"{live.PYODIDE_CDN_URL}/pyodide.mjs"}
    assert {error for error in errors if live.PYODIDE_CDN_URL not in error} == set()


@pytest.fixture(scope="module")
def core():
    """The core of Pyodide as npm ships it; where it cannot be had, the tests that need it are skipped."""
    folder = ROOT / "_build" / "pyodide"
    if not (folder / "package" / "pyodide.mjs").is_file():
        if not shutil.which("npm"):
            pytest.skip("no npm to fetch the core of Pyodide with")
        folder.mkdir(parents=True, exist_ok=True)
        fetch = ["npm", "pack", "--silent", f"pyodide@{live.PYODIDE_VERSION}"]
        done = subprocess.run(fetch, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm cannot fetch the core of Pyodide: {done.stderr[-200:]}")
        shutil.unpack_archive(folder / f"pyodide-{live.PYODIDE_VERSION}.tgz", folder)
    return folder / "package"


@pytest.fixture(scope="module")
def pyodide(core, tmp_path_factory):
    """A folder like a full distribution: core, pure Python from PyPI, empty packages for what is compiled."""
    folder = tmp_path_factory.mktemp("pyodide")
    shutil.copytree(core, folder, dirs_exist_ok=True)
    lock = json.loads((core / "pyodide-lock.json").read_text("utf-8"))
    packages = [lock["packages"][name] for name in live.needed(lock["packages"])]
    pure = [package for package in packages if package["file_name"].endswith("none-any.whl")]
    live.download(folder, [f"{package['name']}=={package['version']}" for package in pure], python="3.14")
    for package in packages:
        wheel = folder / package["file_name"]
        if package not in pure:
            with zipfile.ZipFile(wheel, "w") as empty:
                empty.writestr(f"{package['imports'][-1]}/__init__.py", "")
                about = f"{wheel.name.split('-cp')[0]}.dist-info"
                names = f"Name: {package['name']}\nVersion: {package['version']}\n"
                empty.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\n{names}")
                empty.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
                empty.writestr(f"{about}/RECORD", "")
        package["sha256"] = live.hash_of(wheel)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return folder


CELL = """\
import ch5.book.source, ch5.book.glue, anywidget, tqdm.auto, joblib
from pathlib import Path

class Sign(anywidget.AnyWidget):
    _esm = "export default {render: ({el}) => { el.textContent = 'A widget draws.' }}"

print(len(list(Path(ch5.book.source.__file__).parents[1].glob("recorded/*.json"))), Path("../_static").is_dir())
Sign()"""


def test_the_kernel_starts_and_an_import_installs_our_wheel(pyodide, tmp_path, page):
    """With a local Pyodide no other host is asked. Importing ch5 fetches it, its records and what it
    needs; a widget of ours draws; the files beside the notebook are there."""
    live.build(tmp_path, pyodide)
    with serve(tmp_path) as home:
        foreign, errors = opened(page, home, "01_cell")
        page.locator("[data-status=idle]").wait_for()
        cell = page.locator(".jp-Notebook .jp-CodeCell").first
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(CELL)
        page.keyboard.press("Control+Enter")
        cell.get_by_text("A widget draws.", exact=True).wait_for()
        recorded = len(list(ROOT.glob("src/ch5/recorded/*.json")))
        assert cell.locator(".jp-OutputArea-output").first.inner_text().strip() == f"{recorded} True"
    assert foreign == []
    assert errors == []

"""A kernel in the reader's browser: JupyterLite beside the built book, in _build/html/lite.

    python scripts/live.py                  Pyodide comes from its public CDN
    python scripts/live.py PYODIDE          Pyodide comes from this folder, copied into the site
    python scripts/live.py lock PYODIDE     renew scripts/pyodide.json, for another version of Pyodide

Ours come with the site: the notebooks, the wheel of ch5, and wheels that Pyodide does not have. A lock
file tells Pyodide about all of them, so an import in a notebook fetches what it needs, each with its hash.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import requires, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from flit_core.wheel import make_wheel_in
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

Lock = dict[str, Any]

ROOT = Path(__file__).parents[1]
CDN_LOCK = ROOT / "scripts" / "pyodide.json"
SHIPPED = ("comm", "psygnal", "ipywidgets", "anywidget")  # pure Python, and not in Pyodide
IN_JUPYTERLITE = ("jupyterlab-widgets", "widgetsnbextension")  # scripts; the kernel needs none of them
KERNEL = ("micropip", "ipython", "jedi")  # what the kernel asks of Pyodide when it starts
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")


def depends(name: str) -> list[str]:
    """What a package needs in the browser, by its own metadata."""
    found = [re.split(r"[^\w.-]", line)[0] for line in requires(name) or [] if "extra ==" not in line]
    found = [n.lower().replace("_", "-") for n in found]
    return [n for n in found if n not in IN_JUPYTERLITE]


def needed(packages: Lock) -> list[str]:
    """The packages of Pyodide that the kernel and the notebooks need, with all that those need."""
    asked = [*KERNEL, *(n for name in (*SHIPPED, "ch5") for n in depends(name) if n not in SHIPPED)]
    found: list[str] = []
    while asked:
        name = asked.pop().lower().replace("_", "-")
        if name not in packages:
            raise ValueError(f"{name} must be in Pyodide, or in SHIPPED if it is pure Python")
        if name not in found:
            found.append(name)
            asked += packages[name]["depends"]
    return sorted(found)


def wheels(folder: Path) -> list[Path]:
    """The wheel of ch5, and those of SHIPPED as requirements.lock pins them."""
    folder.mkdir(parents=True, exist_ok=True)
    ours: Path = make_wheel_in(ROOT / "pyproject.toml", folder).file
    ours.chmod(0o644)  # every web server may read it
    wanted = {f"{n}=={version(n)}": f"{n}-{version(n)}-*.whl" for n in SHIPPED}
    download(folder, [name for name, file in wanted.items() if not list(folder.glob(file))])
    found = [next(folder.glob(file)) for file in wanted.values()]
    pinned = (ROOT / "requirements.lock").read_text("utf-8")
    for wheel in found:
        if hash_of(wheel) not in pinned:
            raise ValueError(f"{wheel.name} is not the file that requirements.lock pins: {hash_of(wheel)}")
    return [ours, *found]


def download(folder: Path, wanted: list[str], python: str = "3.11") -> None:
    """Fetch wheels of pure Python, each for itself."""
    if wanted:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        command += ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
        command += [f"--python-version={python}", f"--dest={folder}", *wanted]
        subprocess.run(command, check=True)


def hash_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def lock(base: Lock, pyodide: str, shipped: list[Path]) -> Lock:
    """The lock file of this site: Pyodide's packages under that address, and ours beside the lock file."""
    packages = {
        name: base["packages"][name] | {"file_name": f"{pyodide}/{base['packages'][name]['file_name']}"}
        for name in needed(base["packages"])
    }
    for wheel in shipped:
        name, number = wheel.name.split("-")[:2]
        packages[name] = {
            "name": name,
            "version": number,
            "file_name": f"pypi/{wheel.name}",
            "sha256": hash_of(wheel),
            "imports": [name],
            "depends": depends(name),
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
        }
    return {"info": base["info"], "packages": packages}


def copy(pyodide: Path, target: Path) -> Lock:
    """Copy what is needed of a Pyodide into the site, and return its lock file."""
    base = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    files = [*CORE, *(base["packages"][name]["file_name"] for name in needed(base["packages"]))]
    missing = [name for name in files if not (pyodide / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"PYODIDE must hold a full distribution; {pyodide} lacks {', '.join(missing)}"
        )
    target.mkdir(parents=True)
    for name in files:
        shutil.copy(pyodide / name, target)
    return base


def build(site: Path, pyodide: Path | None = None) -> None:
    """Build JupyterLite into site/lite, with Pyodide from its CDN or from a folder."""
    lite = site / "lite"
    shutil.rmtree(lite, ignore_errors=True)
    shipped = wheels(ROOT / "_build" / "wheels")
    with TemporaryDirectory() as folder:
        jupyterlite(Path(folder), lite, shipped, bool(pyodide))
    if pyodide:
        base, address = copy(pyodide, lite / "static" / "pyodide"), "static/pyodide"
    else:
        base, address = json.loads(CDN_LOCK.read_text("utf-8")), PYODIDE_CDN_URL
        if base["pyodide"] != PYODIDE_VERSION:
            raise ValueError(
                f"{CDN_LOCK} must describe Pyodide {PYODIDE_VERSION}, which this JupyterLite loads, "
                f"not {base['pyodide']}: python scripts/live.py lock PYODIDE"
            )
    (lite / "pyodide-lock.json").write_text(json.dumps(lock(base, address, shipped), indent=1))
    print(f"A kernel in the browser: {lite}, {sum(p.stat().st_size for p in lite.rglob('*')) / 1e6:.0f} MB")


def jupyterlite(folder: Path, lite: Path, shipped: list[Path], local: bool) -> None:
    """The notebook application with the notebooks and the wheels, built from a folder of its own."""
    contents = folder / "files"
    (contents / "chapters").mkdir(parents=True)
    for path in sorted((ROOT / "book").glob("chapters/*.ipynb")):
        # Text in one piece, as a Jupyter server hands it out; JupyterLite reads the file as it is.
        notebook = json.dumps(nbformat.read(path, as_version=4))
        (contents / "chapters" / path.name).write_text(notebook, encoding="utf-8")
    (contents / "_static").mkdir()
    for drawing in (ROOT / "book" / "_static").glob("*.svg"):  # which a notebook may show
        shutil.copy(drawing, contents / "_static")
    kernel: dict[str, Any] = {
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"lockFileURL": "./pyodide-lock.json"},
    }
    if local:
        kernel["pyodideUrl"] = "./static/pyodide/pyodide.mjs"
    config = {
        "appUrl": "./tree",
        "faviconUrl": "./tree/favicon.ico",
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
    }
    settings = {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}
    (folder / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", folder, "--output-dir", lite]
    command += ["--apps", "notebooks", "--apps", "tree", "--log-level", "ERROR"]
    command += ["--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"]
    for wheel in shipped:
        command += ["--piplite-wheels", wheel]
    subprocess.run([*map(str, command)], check=True, cwd=folder, stdout=subprocess.DEVNULL)


def renew(pyodide: Path) -> None:
    """Write scripts/pyodide.json: of a lock file of Pyodide, the packages that are needed."""
    base = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    number = json.loads((pyodide / "package.json").read_text("utf-8"))["version"]
    packages = {name: base["packages"][name] for name in needed(base["packages"])}
    CDN_LOCK.write_text(json.dumps({"pyodide": number, **base, "packages": packages}, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["lock"]:
        renew(Path(sys.argv[2]))
    else:
        build(ROOT / "_build" / "html", Path(sys.argv[1]) if sys.argv[1:] else None)

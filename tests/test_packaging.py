"""What is installed is what is imported, and make works wherever the book lies."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]


def sources():
    """The code of the package, and of the cells of the notebooks."""
    for path in ROOT.glob("src/ch5/**/*.py"):
        yield path.read_text("utf-8")
    for path in ROOT.glob("book/chapters/*.ipynb"):
        yield from (
            cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
        )


def imported(source):
    """The top-level names of the modules that a source imports."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        yield from (name.split(".")[0].lower() for name in names)


def test_every_package_that_is_imported_is_declared():
    """And none is declared that nothing imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    found = {name for source in sources() for name in imported(source)}
    assert found - {"ch5"} - {name.lower() for name in sys.stdlib_module_names} == declared


def test_the_package_says_that_it_is_typed():
    assert files("ch5").joinpath("py.typed").is_file()


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make and a POSIX shell")
@pytest.mark.parametrize(("goal", "variable"), [("train", "TEXT"), ("sample", "CHECKPOINT")])
def test_make_names_the_variable_that_is_missing(goal, variable):
    command = ["make", "--no-print-directory", goal, "INSTALLED="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"{variable} must name" in done.stderr


def test_make_works_below_a_space_and_an_accent(tmp_path):
    """The address that it prints is quoted as addresses are."""
    folder = tmp_path / "a book é"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name, script in (("jupyter-book", "exit 0"), ("python", f'exec "{sys.executable}" "$@"')):
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    command = ["make", "--no-print-directory", "book", "BIN=bin", "INSTALLED="]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}
    )
    assert done.returncode == 0, done.stderr
    address = done.stdout.split()[-1]
    assert address == (folder / "_build/html/book/index.html").resolve().as_uri()
    assert "a%20book%20%C3%A9" in address

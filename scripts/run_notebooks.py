"""Run notebooks in reading order and keep what git should hold: text outputs and counts.

python scripts/run_notebooks.py [NOTEBOOK ...]     all of them when none is named
"""

import sys
from pathlib import Path

import kernels
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
KEPT_METADATA = {  # beside the page's own description
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view"


def without_drawings(cell):
    """Drop the pictures and widgets of a cell (the site draws them afresh) and the times it ran at."""
    for output in cell.get("outputs", []):
        for kind in [kind for kind in output.get("data", {}) if kind.startswith(("image/", WIDGET))]:
            del output.data[kind]
            output.metadata.pop(kind, None)
        if "metadata" in output:
            output.metadata.pop("needs_background", None)  # what a transparent picture tells JupyterLab
    cell.metadata.pop("execution", None)


def run(path):
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=600, resources=where, coalesce_streams=True).execute()
    for cell in notebook.cells:
        without_drawings(cell)
    described = {key: text for key, text in notebook.metadata.items() if key == "description"}
    notebook.metadata = nbformat.from_dict(KEPT_METADATA | described)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    kernels.settle()
    named = [Path(name) for name in sys.argv[1:]]
    for path in named or sorted(ROOT.glob("book/chapters/*.ipynb")):
        print(f"run {path}", flush=True)
        run(path)

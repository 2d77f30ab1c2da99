"""Notebooks run two at a time, ahead of the reading: myst-nb asks for each in its turn, and finds it run."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from myst_nb.core.execute import direct

AT_ONCE = 2
run = direct.single_nb_execution


def sources(notebook):
    """What tells a notebook from the others."""
    return tuple(cell.source for cell in notebook.cells)


def begin(app, env, docnames):
    """Start them all, in the order in which they will be asked for."""
    begun, pool = {}, ThreadPoolExecutor(AT_ONCE)

    def single_nb_execution(notebook, **settings):
        if sources(notebook) not in begun:  # a page in Markdown with cells
            return run(notebook, **settings)
        executed, result = begun.pop(sources(notebook))
        outcome = result.result()
        notebook.update(executed)
        return outcome

    for path in map(Path, map(env.doc2path, docnames)):
        if path.suffix == ".ipynb":
            notebook = nbformat.read(path, as_version=4)
            settings = {"timeout": app.config.nb_execution_timeout, "allow_errors": False}
            begun[sources(notebook)] = notebook, pool.submit(run, notebook, str(path.parent), **settings)
    direct.single_nb_execution = single_nb_execution


def setup(app):
    app.connect("env-before-read-docs", begin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

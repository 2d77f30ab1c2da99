"""The figures' style is the book's own, on every machine."""

import os
import subprocess
import sys

import pytest

DRAW = """
import hashlib, io
import numpy as np
import matplotlib.pyplot as plt
from ch5 import plots
from ch5.book.plots import sharing
plots.use_style()
figure = sharing.dependence({"cell": np.tri(5) + 0.1, "none": np.eye(5)})
plt.figure().gca().set(title="Loss $h_t$", xlabel="steps", ylabel="nats")
for number in plt.get_fignums():
    picture = io.BytesIO()
    plt.figure(number).savefig(picture, format="png", metadata={"Software": None})
    print(hashlib.sha256(picture.getvalue()).hexdigest())
"""
FOREIGN = {
    "LaTeX": "text.usetex: True",
    "fonts": "font.family: serif\nfont.size: 23\nmathtext.fontset: cm",
    "sizes": "savefig.dpi: 40\nfigure.dpi: 40\nsavefig.bbox: tight\nsavefig.transparent: True",
    "lines": "lines.linestyle: --\naxes.prop_cycle: cycler(color=['k'])\naxes.xmargin: 0.4\nxtick.top: True",
    "a backend": "backend: module://none_such\ninteractive: True",
}


def pictures(**settings):
    """The hashes of two figures that another Python draws."""
    environment = os.environ | {"MPLBACKEND": "agg"} | settings
    done = subprocess.run([sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def usual():
    return pictures()


@pytest.mark.parametrize("named", FOREIGN)
def test_a_reader_s_matplotlibrc_changes_nothing(named, usual, tmp_path):
    """LaTeX, fonts, sizes, lines, a backend: the same pixels."""
    (tmp_path / "matplotlibrc").write_text(FOREIGN[named])
    assert len(usual) == 2
    assert pictures(MATPLOTLIBRC=str(tmp_path / "matplotlibrc")) == usual

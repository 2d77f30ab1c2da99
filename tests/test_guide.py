"""The guide "Write your own cell" does what it says: its code cells are run as a reader would run them."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[1] / "book" / "write_your_own_cell.md").read_text("utf-8")
CELLS = re.findall(r"(?ms)^```\{code-cell\} ipython3\n(.*?)^```$", PAGE)


@pytest.fixture(scope="module")
def page():
    """The names that the page's code cells leave behind."""
    names = {"__name__": "guide"}
    for number, cell in enumerate(CELLS, 1):
        exec(compile(cell, f"code cell {number}", "exec"), names)
    return names


def test_the_cell_takes_about_25_lines():
    (cell,) = (source for source in CELLS if source.startswith("@dataclass"))
    assert len([line for line in cell.splitlines() if line.strip()]) <= 25


def test_no_line_is_wider_than_the_page():
    assert max(len(line) for source in CELLS for line in source.splitlines()) <= 88


def test_one_call_checks_every_array_of_the_cell(page):
    assert [row.array for row in page["checked"]] == ["W_xh", "u", "b", "s_0", "x"]
    assert max(row.error for row in page["checked"]) < 1e-12


@pytest.mark.parametrize(
    ("slip", "kind", "message"),
    [
        ("WritesToTheDrive", ValueError, "WritesToTheDrive writes to an array that it was given"),
        (
            "SumsOverTheUnits",
            ValueError,
            r"SumsOverTheUnits\.step_vjp must give shape \(1, 4\), got \(1, 1\)",
        ),
        ("ForgetsItself", AssertionError, r"ForgetsItself, batch \(\): the gradient of W_xh is off by"),
    ],
)
def test_each_slip_is_named(page, slip, kind, message):
    assert re.match(message, page["said_of"](page[slip], kind))


def test_it_learns_to_recall_and_to_read(page):
    """More than nine in ten; and half a nat better on held-out text than the characters' frequencies."""
    assert page["recalled"] > 0.9
    assert page["loss"] < page["by_frequency"] - 0.5
    assert len(page["drawn"]) == 60


def test_no_unit_hears_another(page):
    """A move of one unit, off the real line, reaches that unit alone, and as far as the Jacobian says."""
    cell, h, x = page["cell"], page["h"], page["x"]
    moved, _ = cell.step(cell.drive(x[-1, :1]), h[-2] + 1e-30j * np.eye(page["H"]))
    np.testing.assert_allclose(page["J"], moved.imag.T / 1e-30, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(page["by_lag"][1], page["J"].sum(axis=0), rtol=1e-12)


def test_every_word_of_the_protocol_is_explained(page):
    """The table has a row for each method and property that the cell defines."""
    explained = set(re.findall(r"(?m)^\| `(\w+)(?:\(.*\))?` \|", PAGE))
    defined = {
        name for name, what in vars(page["IndRNN"]).items() if callable(what) or isinstance(what, property)
    }
    assert {name for name in defined if not name.startswith("__")} <= explained

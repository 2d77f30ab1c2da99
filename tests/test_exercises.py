"""The checkers: a mistake is named, a right answer is accepted however it is written, nothing is raised."""

import ast
import importlib
import inspect
import io
import pkgutil
from pathlib import Path

import nbformat
import numpy as np
import pytest

from ch5.book import exercises
from ch5.book.exercises import bptt, cell, check, gates

NOTEBOOKS = sorted(Path(__file__).parents[1].glob("book/chapters/*.ipynb"))
MODULES = [
    importlib.import_module(f"ch5.book.exercises.{m.name}") for m in pkgutil.iter_modules(exercises.__path__)
]
CHECKERS = [
    pytest.param(module, checker, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, checker in inspect.getmembers(module, inspect.isfunction)
    if name.startswith("check_")
]


def said(capsys, checker, answer):
    """What the checker prints on this answer."""
    checker(answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def declared(monkeypatch, module, checker):
    """What a checker hands to `check`: reference, cases, bugs, names of what is returned."""
    seen = {}
    signature = inspect.signature(check)

    def record(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        seen.update(bound.arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, "check", record)
        checker(None)
    return seen["reference"], list(seen["cases"]), list(seen["bugs"]), seen["gives"]


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
def test_the_reference_is_right_and_every_stub_is_told_what_to_do(monkeypatch, capsys, module, checker):
    """The reference passes its own check; a stub that gives `...` prints the task, which is not empty."""
    reference, _, _, gives = declared(monkeypatch, module, checker)
    assert said(capsys, checker, reference).startswith("Right")
    for stub in [..., lambda *_: ..., lambda *_: (...,) * len(gives) if len(gives) > 1 else ...]:
        told = said(capsys, checker, stub)
        assert told.startswith(f"To do: write {reference.__name__}(")
        assert inspect.getdoc(reference) in told


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
def test_every_declared_mistake_is_told_by_its_own_name_and_no_other(monkeypatch, capsys, module, checker):
    """Each bug gives something wrong, and something that no other bug of the exercise gives."""
    _, _, bugs, _ = declared(monkeypatch, module, checker)
    assert bugs
    for bug in bugs:
        told = said(capsys, checker, bug)
        assert told.startswith("Not yet")
        assert [other for other in bugs if inspect.getdoc(other) in told] == [bug], told


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp932"])
@pytest.mark.parametrize(("module", "checker"), CHECKERS)
def test_every_verdict_can_be_printed_anywhere(monkeypatch, module, checker, encoding):
    """On a console or into a pipe without the signs of the text: the sign's name stands in its place."""
    reference, _, bugs, _ = declared(monkeypatch, module, checker)

    def σ(*_):
        raise ValueError("∂")

    for answer in (..., reference, *bugs, σ, "∂"):
        console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr("sys.stdout", console)
        checker(answer)
        console.flush()
        told = console.buffer.getvalue().decode(encoding)
        assert told.startswith(("To do", "Right", "Not yet"))
        if answer is σ and encoding == "ascii":
            assert "GREEK SMALL LETTER SIGMA" in told
            assert "PARTIAL DIFFERENTIAL" in told


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
def test_no_answer_makes_a_checker_raise(monkeypatch, capsys, module, checker):
    """Code that raises, None, text, ragged lists, wrong counts, shapes and dtypes, NaN: explained, not raised."""
    reference, _, _, _ = declared(monkeypatch, module, checker)

    def raises(*_):
        raise RuntimeError

    def recurses(*given):
        return recurses(*given)

    anything = [None, 3, "text", [[1, 2], [3]], np.ones((7, 5, 3)), np.array(True), object(), np.nan]
    answers = [3, "text", raises, recurses, lambda: 0, iter, *(lambda *_, r=r: r for r in anything)]
    answers += [lambda *g, f=f: f(reference(*g)) for f in (str, lambda r: r * 1j, lambda r: (r, r))]
    for answer in answers:
        assert said(capsys, checker, answer).startswith("Not yet")


def rotate(x, angle):
    """Turn the vectors x (T, 2) by an angle, and give their lengths too."""
    c, s = np.cos(angle), np.sin(angle)
    return x @ np.array([[c, s], [-s, c]]), np.linalg.norm(x, axis=1)


def backwards(x, angle):
    """The angle has the wrong sign."""
    return rotate(x, -angle)


def check_rotate(answer):
    x = np.array([[1.0, 2.0], [-3.0, 0.5], [0.25, 4.0]])
    check(answer, rotate, [(x, 0.5), (x[:1], 2.0)], [backwards], gives=["turned", "lengths"])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda x, angle: backwards(x, angle), "The angle has the wrong sign."),
        (lambda x, angle: None, "it returned None. Does it end with `return`?"),
        (lambda x, angle: x, "it must return 2 things, turned, lengths, got 3."),
        (lambda x, angle: 7, "it must return 2 things, turned, lengths, got int 7."),
        (lambda x, angle: rotate(x, angle)[::-1], "This is lengths. The order to return is turned, lengths."),
        (lambda x, angle: (rotate(x, angle)[0].T, 1), "turned must have shape (3, 2), got (2, 3)."),
        (lambda x, angle: ("x", rotate(x, angle)[1]), "turned must hold numbers, got str 'x'."),
        (lambda x, angle: ([[1], [2, 3]], 1), "turned must hold numbers, got list [[1], [2, 3]]."),
        (lambda x, angle: (rotate(x, angle)[0], -rotate(x, angle)[1]), "Every entry has the wrong sign."),
        (lambda x, angle: (rotate(x, angle)[0] / 3, 1), "Every entry is 0.3333 times what it should be."),
        (lambda x, angle: (rotate(x, angle)[0], np.full(3, np.nan)), "lengths[0] is nan and should be 2.23607"),
        (lambda x, angle: (rotate(x, angle)[0], [5**0.5, 3, 4]), "lengths[1] is 3 and should be 3.04138, off by 0.041"),
        (lambda x, angle: (rotate(x, angle)[0], [5**0.5, 3, 4]), "2 of 3 entries are wrong"),
        (lambda x: x, "it is called as <lambda>(x, angle), but takes other arguments."),
        (lambda x, angle: x[5], "IndexError: index 5 is out of bounds"),
        (lambda x, angle: (rotate(x, angle), x.fill(0))[0], "the argument x is changed. Use a copy."),
        (7, "the answer must be a function, got int 7."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_exactly(capsys, answer, expected):
    """Which part, which entry, by how much, and the likely reason."""
    told = said(capsys, check_rotate, answer)
    assert expected in told
    assert not told.startswith("Right")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, angle: [[[complex(*v) * np.exp(1j * angle)] for v in x], np.hypot(*x.T)],
        lambda x, angle: tuple(part.astype(np.float32) for part in rotate(x, angle)),
        lambda x, angle: (part.tolist() for part in rotate(x, angle)),
    ],
)
def test_a_right_answer_may_be_written_in_any_way(capsys, answer):
    """Lists, generators, float32, another algorithm."""

    def as_pairs(x, angle):
        turned, lengths = answer(x, angle)
        if np.iscomplexobj(np.asarray(turned)):
            turned = [[z.real, z.imag] for (z,) in turned]
        return turned, lengths

    assert said(capsys, check_rotate, as_pairs) == "Right: it agrees in 2 cases.\n"


def test_code_that_stops_is_shown_with_its_line(capsys):
    """The reader sees which line of theirs stopped, and what Python said; no traceback."""

    def stops(x, angle):
        y = x + np.ones(7)  # the line
        return y

    told = said(capsys, check_rotate, stops)
    assert "y = x + np.ones(7)  # the line" in told
    assert "ValueError: operands could not be broadcast" in told
    assert "Traceback" not in told


def test_the_mistake_is_shown_for_the_first_case_that_fails(capsys):
    """An answer that is right for long sequences only is told the short one where it is not."""
    told = said(capsys, check_rotate, lambda x, angle: rotate(x, angle if len(x) > 1 else 0))
    assert "Called with x (1, 2), angle = 2.0" in told


def test_the_cell_exercises_take_unusual_answers(capsys):
    """A step one sample at a time in lists; a count by listing; a state carried by a plain loop."""

    def step(x_t, h_prev, W_xh, W_hh, b):
        W = np.hstack([b[:, None], W_hh, W_xh]).astype(np.float32)
        return [list(np.tanh(W @ [1, *h, *x])) for x, h in zip(x_t, h_prev, strict=True)]

    def carry(pieces, h, step):
        states = [h]
        for piece in pieces:
            for x_t in piece:
                states.append(step(x_t, states[-1]))
        return states[1:]

    assert said(capsys, cell.check_step, step).startswith("Right")
    assert said(capsys, cell.check_parameters, lambda D, H, T: sum([H] * D) + H**2 + float(H)).startswith(
        "Right"
    )
    assert said(capsys, cell.check_carry, carry).startswith("Right")


def test_the_bptt_exercises_take_unusual_answers(capsys):
    """The backward pass as a recursion on lists; the product over steps in another order; one walk for all pieces."""

    def backward(dh_out, h, W_hh):
        if len(dh_out) == 0:
            return [], [0.0] * len(W_hh)
        later, future = backward(dh_out[1:], h[1:], W_hh)
        da = [(own + dh) * (1 - h_i**2) for own, dh, h_i in zip(dh_out[0], future, h[1], strict=True)]
        return [da, *later], [sum(w * d for w, d in zip(row, da, strict=True)) for row in W_hh.T]

    def contract(da, h):
        H = da.shape[-1]
        return da[::-1].astype(np.float32).reshape(-1, H).T @ h[-2::-1].reshape(-1, H)

    def stitch(pieces, W_hh, backward):
        states = [pieces[0][1][:1], *(h[1:] for _, h in pieces)]  # it was one sequence all along
        return backward(np.vstack([dh_out for dh_out, _ in pieces]), np.vstack(states), W_hh)[0]

    assert said(capsys, bptt.check_backward, backward).startswith("Right")
    assert said(capsys, bptt.check_contract, contract).startswith("Right")
    assert said(capsys, bptt.check_stitch, stitch).startswith("Right")


def test_the_gates_exercises_take_unusual_answers(capsys):
    """A step unit by unit in lists; the product as a backward pass; the bias by bisection."""

    def step(z, c_prev):
        h, c = [], []
        for z_g, z_i, z_f, z_o, c_before in zip(*z.tolist(), c_prev.tolist(), strict=True):
            i, f, o = ((1 + np.tanh(v / 2)) / 2 for v in (z_i, z_f, z_o))
            c.append(f * c_before + i * np.tanh(z_g))
            h.append(o * np.tanh(c[-1]))
        return h, c

    def along_the_cell_state(f, s, t):
        if s == t:
            return [1] * f.shape[1]
        return [gate * d for gate, d in zip(f[t - 1], along_the_cell_state(f, s, t - 1), strict=True)]

    def forget_bias(share, lag):
        low, high = -50, 50
        for _ in range(100):
            bias = (low + high) / 2
            kept = (1 / (1 + np.exp(-bias))) ** lag
            low, high = (bias, high) if kept < share else (low, bias)
        return bias

    assert said(capsys, gates.check_step, step).startswith("Right")
    assert said(capsys, gates.check_along, along_the_cell_state).startswith("Right")
    assert said(capsys, gates.check_bias, forget_bias).startswith("Right")


@pytest.mark.parametrize(
    ("bug", "expected"),
    [
        ("dh = dh_out[t - 1]", "The future is missing from the merge"),
        ("dh = dh + dh_out[t - 1] * (t == T)", "takes the output at the last step only"),
        ("slope = 1", "The slope of the tanh, 1 - h^2, is missing."),
        ("back = W_hh", "W_hh stands for its transpose"),
        ("slope = 1 - h[t - 1] ** 2", "The slope is taken at the state before"),
    ],
)
def test_the_classic_bugs_of_the_backward_pass_are_named(bug, expected, capsys):
    """Each bug as a reader would write it, in a loop of their own."""
    lines = ["dh = dh + dh_out[t - 1]", "slope = 1 - h[t] ** 2", "back = W_hh.T"]
    lines = [bug if line.split(" = ")[0] == bug.split(" = ")[0] else line for line in lines]
    body = "\n        ".join([*lines, "da[t - 1] = dh * slope", "dh = back @ da[t - 1]"])
    source = f"""
def backward(dh_out, h, W_hh):
    T, da, dh = len(dh_out), np.zeros(dh_out.shape), np.zeros(len(W_hh))
    for t in range(T, 0, -1):
        {body}
    return da, dh
"""
    scope = {"np": np}
    exec(source, scope)
    told = said(capsys, bptt.check_backward, scope["backward"])
    assert expected in told
    assert "da[" in told  # and where it is off


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_solution_is_right_and_every_exercise_has_one(path, capsys):
    """Run the solutions of a page through their checkers: each says Right; so many checks, so many stubs.

    A page has one at least.
    """
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    solutions = [cell.source for cell in cells if "solution" in cell.metadata.get("tags", [])]
    stubs = [
        cell.source for cell in cells if "exercises.check_" in cell.source and cell.source not in solutions
    ]
    scope = {}
    statements = ast.parse(cells[0].source).body
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "imports", "exec"), scope)
    for solution in solutions:
        exec(solution, scope)
        assert capsys.readouterr().out.startswith("Right"), solution
    for stub in stubs:
        exec(stub, scope)
        assert capsys.readouterr().out.startswith("To do"), stub
    assert len(solutions) == len(stubs) >= 1

"""Every checker: right answers in other algebra and types are right, nearly right ones and trespassers are not."""

from copy import deepcopy
from fractions import Fraction
from math import comb, exp, expm1, isqrt, log, log1p, sqrt

import numpy as np
import pytest

from ch5.analysis import meanfield as prediction
from ch5.book.exercises import alice, attention, bptt, cell, gates, jacobian, meanfield, memory, sharing
from ch5.experiments import horizon
from test_exercises import CHECKERS, declared, said


def changed(value, f):
    """`value` with f applied to every array and float in it."""
    if isinstance(value, list | tuple):
        return type(value)(changed(part, f) for part in value)
    return f(value) if isinstance(value, np.ndarray | np.floating | float) else value


def in_float32(reference):
    return lambda *given: changed(reference(*changed(given, np.float32)), np.float32)


def to_lists(reference):
    return lambda *given: changed(reference(*given), lambda v: np.asarray(v).tolist())


def to_arrays(reference):
    return lambda *given: changed(reference(*given), np.asarray)


def to_complex(reference):
    return lambda *given: changed(reference(*given), lambda v: np.asarray(v) + 0j)


def rounded_elsewhere(reference):
    return lambda *given: changed(reference(*given), lambda v: np.asarray(v) * (1 + 1e-15) - 1e-16)


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
@pytest.mark.parametrize("form", [in_float32, to_lists, to_arrays, to_complex, rounded_elsewhere])
def test_every_checker_takes_the_right_numbers_in_any_type(monkeypatch, capsys, module, checker, form):
    """All in float32; lists; arrays without an axis; complex numbers without an imaginary part; other rounding."""
    reference, _, _, _ = declared(monkeypatch, module, checker)
    assert said(capsys, checker, form(reference)).startswith("Right")


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
@pytest.mark.parametrize("off", [1e-3, -1e-3])
def test_every_checker_refuses_what_is_off_by_a_thousandth(monkeypatch, capsys, module, checker, off):
    """In the first entry or in the last, in each part alone, with a part that should be zero too."""
    reference, cases, _, gives = declared(monkeypatch, module, checker)
    for case in range(len(cases)):
        for at in (0, -1):
            for part in range(len(gives)):
                calls = iter(range(100))

                def nearly(*given, case=case, at=at, part=part, calls=calls):
                    result = reference(*given)
                    parts = list(result) if len(gives) > 1 else [result]
                    largest = max(np.abs(np.asarray(p)).max() for p in parts)
                    if next(calls) == case:
                        parts[part] = np.array(parts[part], float)
                        parts[part].flat[at] += off * largest
                    return tuple(parts) if len(gives) > 1 else parts[0]

                assert said(capsys, checker, nearly).startswith("Not yet")


def spoilt(value):
    """Change every array in `value` in place; say whether there was one."""
    if isinstance(value, list | tuple):
        return sum(map(spoilt, value)) > 0
    if isinstance(value, np.ndarray):
        value += 1
    return isinstance(value, np.ndarray)


@pytest.mark.parametrize(("module", "checker"), CHECKERS)
def test_every_checker_notices_an_argument_that_is_changed_in_place(monkeypatch, capsys, module, checker):
    """Arrays in lists and in tuples included."""
    reference, cases, _, _ = declared(monkeypatch, module, checker)

    def trespasser(*given):
        result = reference(*deepcopy(given))
        spoilt(given)
        return result

    told = said(capsys, checker, trespasser)
    assert told.startswith("Nearly: the result is right, but the argument" if spoilt(cases[0]) else "Right")


def test_a_list_that_is_taken_apart_or_one_array_in_it_is_an_argument_changed(capsys):
    """As readers write it: pop() empties the caller's list, += on a slice writes into the caller's array."""

    def popped(pieces, h_0, step):
        states, h = [], h_0
        while pieces:
            for x_t in pieces.pop(0):
                h = step(x_t, h)
                states.append(h)
        return states

    def stitched(pieces, W_hh, backward):
        parts, dh = [], 0
        for dh_out, h in reversed(pieces):
            dh_out[-1] += dh
            da, dh = backward(dh_out, h, W_hh)
            parts = [da, *parts]
        return np.concatenate(parts)

    assert said(capsys, cell.check_carry, popped).startswith(
        "Nearly: the result is right, but the argument pieces"
    )
    assert said(capsys, bptt.check_stitch, stitched).startswith(
        "Nearly: the result is right, but the argument pieces"
    )


def by_the_quadratic_formula(successes, runs):
    """(n + z²) p² - (2 s + z²) p + s²/n = 0."""
    a, b, c = runs + 1.96**2, -(2 * successes + 1.96**2), successes**2 / runs
    root = sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def by_the_product_of_roots(successes, runs):
    _, high = by_the_quadratic_formula(successes, runs)
    return successes**2 / runs / (runs + 1.96**2) / high, high


def around_the_middle(successes, runs):
    z, p = 1.96, successes / runs
    middle, half = p + z * z / (2 * runs), z * sqrt(p * (1 - p) / runs + z * z / (4 * runs * runs))
    return np.array([middle - half, middle + half]) / (1 + z * z / runs)


def by_bisection(successes, runs):
    p = successes / runs

    def end(inside, outside):
        for _ in range(200):
            q = (inside + outside) / 2
            far = (p - q) ** 2 > 1.96**2 * q * (1 - q) / runs
            inside, outside = (inside, q) if far else (q, outside)
        return inside

    return end(p, 0.0), end(p, 1.0)


def the_jacobian_of_softmax(dA, A):
    return np.stack([(np.diag(a) - np.outer(a, a)) @ d for a, d in zip(A, dA, strict=True)])


def from_the_normal_equations(W_hh, slope):
    """Singular values from W^T W, the radius from the roots of the characteristic polynomial."""
    longest = np.sqrt(np.linalg.eigvalsh(W_hh.T @ W_hh).max())
    return [longest * slope.max(), abs(np.roots(np.poly(W_hh))).max(initial=0)]


def by_qr(v, slope, W_hh):
    q, logs = (v / np.linalg.norm(v))[:, None], []
    for s in slope:
        q, r = np.linalg.qr(np.diag(s) @ W_hh @ q)
        logs.append(np.log(abs(r[0, 0])))
    return np.mean(logs)


def by_quadrature(g, sigma):
    """Gauss-Hermite nodes for the means, and bisection from above for the largest fixed point."""
    z, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    low, high = sigma**2 + 1e-9, g**2 + sigma**2
    for _ in range(100):
        q = (low + high) / 2
        above = g**2 * w @ np.tanh(sqrt(q) * z) ** 2 + sigma**2 < q
        low, high = (low, q) if above else (q, high)
    return q, log(g) + log(w @ np.cosh(sqrt(q) * z) ** -4) / 2


def newton(padding, W_xh, W_hh, b):
    h = np.zeros(len(b))
    for _ in range(60):
        t = np.tanh(W_xh @ padding + W_hh @ h + b)
        h = h - 0.5 * np.linalg.solve(np.eye(len(b)) - (1 - t**2)[:, None] * W_hh, h - t)
    return h


def one_matrix(x, W, b):
    padded = np.vstack([np.zeros((W.shape[1] - 1, x.shape[1])), x])
    return [
        sum(W[:, k] @ padded[t + W.shape[1] - 1 - k] for k in range(W.shape[1])) + b for t in range(len(x))
    ]


def scattered(dy, W):
    dx = np.zeros((len(dy) + W.shape[1], W.shape[2]))
    for t, dy_t in enumerate(dy[::-1]):
        for k in range(W.shape[1]):
            if len(dy) - 1 - t - k >= 0:
                dx[len(dy) - 1 - t - k] += dy_t @ W[:, k]
    return dx[: len(dy)]


def by_recursion(pushes, w):
    return (
        []
        if len(pushes) == 0
        else [*(head := by_recursion(pushes[:-1], w)), np.tanh(pushes[-1] + w * (head or [0])[-1])]
    )


def by_bisected_rest(w, k):
    low, high = 1e-9, 1.0
    for _ in range(200):
        h = (low + high) / 2
        low, high = (h, high) if np.tanh(w * h) > h else (low, h)
    return (w / np.cosh(w * h) ** 2) ** k


def with_a_mask_added(q, k, v):
    scores = q @ k.T * len(q[0]) ** -0.5 + np.triu(np.full((len(q), len(q)), -1e9), 1)
    p = np.exp(scores)
    return np.einsum("ts,sh->th", p / p.sum(1)[:, None], v)


def step_by_step(q, k, v):
    y = []
    for t in range(len(q)):
        e = np.exp(k[: t + 1] @ q[t] / sqrt(q.shape[1]))
        y.append(e @ v[: t + 1] / e.sum())
    return y


def likely_first(logits, temperature):
    if not temperature:
        return np.eye(len(logits))[np.argmax(logits)]
    z = logits / temperature
    return np.exp(z - np.logaddexp.reduce(z))


def against_each_other(logits, temperature):
    with np.errstate(all="ignore"):
        return [1 / np.exp((logits - z) / (temperature or 1e-300)).sum() for z in logits]


@pytest.mark.parametrize(
    ("checker", "answers"),
    [
        (alice.check_units, [
            lambda nats: (np.log2(np.exp(nats)), np.e**nats),
            lambda nats: (nats * np.log2(np.e), 2 ** (nats / np.log(2))),
            lambda nats: (nats / log(2), 1 + expm1(nats)),
        ]),
        (alice.check_windows, [
            lambda characters, steps: len(range(steps, characters, steps)),
            lambda characters, steps: int((characters - 1) / steps),
            lambda characters, steps: -(-characters // steps) - 1,
            lambda characters, steps: np.floor((characters - 1) / steps),
            lambda characters, steps: np.uint16((characters - 1) // steps),
        ]),
        (alice.check_chances, [likely_first, against_each_other]),
        (attention.check_attend, [with_a_mask_added, step_by_step]),
        (attention.check_through_softmax, [
            the_jacobian_of_softmax,
            lambda dA, A: A * dA - A * np.einsum("ij,ij->i", A, dA)[:, None],
        ]),
        (attention.check_break_even, [
            lambda D, H: 2 * H + D / 2,
            lambda D, H: (4 * H * (D + H) - 3 * H * D) / (2 * H),
            lambda D, H: Fraction(D + 4 * H, 2),
        ]),
        (cell.check_parameters, [
            lambda D, H, T: H * D + H * H + H,
            lambda D, H, T: np.zeros((H, D)).size + np.zeros((H, H)).size + np.zeros(H).size,
            lambda D, H, T: H * D + 2 * comb(H + 1, 2),
        ]),
        (gates.check_bias, [
            lambda share, lag: -np.log(np.expm1(-np.log(share) / lag)),
            lambda share, lag: -log(share ** (-1 / lag) - 1),
            lambda share, lag: log(share) / lag - log1p(-exp(log(share) / lag)),
            lambda share, lag: 2 * np.arctanh(2 * share ** (1 / lag) - 1),
        ]),
        (gates.check_width, [
            lambda parameters, D: int(np.roots([4, 4 * (D + 1), -parameters]).max() + 1e-9),
            lambda parameters, D: (isqrt((D + 1) ** 2 + parameters) - (D + 1)) // 2,
        ]),
        (gates.check_along, [
            lambda f, s, t: np.exp(np.log(f[s:t]).sum(axis=0)),
            lambda f, s, t: np.diag(np.linalg.multi_dot([np.eye(f.shape[1])] * 2 + [np.diag(f_t) for f_t in f[s:t]])),
            lambda f, s, t: np.cumprod(np.vstack([f[:1] ** 0, f[s:t]]), axis=0)[-1],
        ]),
        (jacobian.check_numbers, [
            from_the_normal_equations,
            lambda W_hh, slope: (np.linalg.norm(W_hh, 2) * np.max(slope), max(map(abs, np.linalg.eigvals(W_hh)))),
        ]),
        (jacobian.check_exponent, [by_qr]),
        (jacobian.check_clip, [
            lambda g, limit: g / max(1, np.linalg.norm(g) / limit),
            lambda g, limit: g if g @ g <= limit**2 else limit * g / sqrt(g @ g),
            lambda g, limit: np.minimum(np.linalg.norm(g), limit) * (g / np.linalg.norm(g)),
        ]),
        (meanfield.check_settled, [
            by_quadrature,
            lambda g, sigma: (prediction.variance(g, sigma), prediction.exponent(g, sigma)),
        ]),
        (memory.check_hold, [by_recursion]),
        (memory.check_left, [by_bisected_rest]),
        (memory.check_interval, [
            horizon.wilson, by_the_quadratic_formula, by_the_product_of_roots, around_the_middle, by_bisection,
        ]),
        (sharing.check_convolution, [one_matrix]),
        (sharing.check_input_gradient, [scattered]),
        (sharing.check_rest, [newton]),
    ],
)  # fmt: skip
def test_right_answers_in_other_algebra_are_right(capsys, checker, answers):
    """Closed forms, recursions, bisections: as different as readers write them."""
    for answer in answers:
        assert said(capsys, checker, answer).startswith("Right"), answer


def test_a_tolerance_beside_zero_is_that_of_the_other_parts(capsys):
    """At 0 successes the lower end is 0: rounding passes, an end that is off by a thousandth of the upper one not."""
    for off, verdict in ((1e-17, "Right"), (-1.4e-17, "Right"), (1e-8, "Right"), (1e-4, "Not yet")):

        def nearly(successes, runs, off=off):
            low, high = horizon.wilson(successes, runs)
            return low + off * (successes == 0), high

        assert said(capsys, memory.check_interval, nearly).startswith(verdict)

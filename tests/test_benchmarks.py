"""The benchmarks read their record rightly and the page shows it all. Nothing is timed; no PyTorch, no JAX."""

import json
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from benchmarks import with_ch5, with_lists, with_products, work

from ch5.engine.optimise import Adam
from ch5.engine.train import Training
from ch5.experiments import benchmarks, original, record
from ch5.experiments.benchmarks import Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "book" / "benchmarks.md"
LOCKS = ("requirements.lock", "benchmarks/requirements.txt")


@pytest.fixture(params=[False, True], ids=["first run", "second run"])
def found(request):
    return record.load(benchmarks.experiment(None, again=request.param))


def row(ratio, reach, at_most=False):
    return Row("vanilla", "torch", "(1, 2, 3)", "1 ms", "2 ms", (ratio, ratio, ratio), reach, at_most)


def test_a_contender_is_judged_by_its_better_number_of_threads():
    """The smaller median wins, not the smallest single time."""
    result = {"seconds": {"ch5": {"1": [3.0, 3.0, 3.0], "2": [1.0, 4.0, 4.0]}}}
    threads, seconds = benchmarks.faster(result, "ch5")
    assert (threads, list(seconds)) == (1, [3.0, 3.0, 3.0])


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (row(5.2, 5), "won"),
        (row(4.0, 5), "lost by 20 %"),
        (row(4.999, 5), "lost by 1 %"),
        (row(1.3, 1.3, at_most=True), "won"),
        (row(1.95, 1.3, at_most=True), "lost by 50 %"),
        (row(2.5, 0.2, at_most=True), "lost by 1,150 %"),
        (row(0.1, None), "–"),
    ],
)
def test_a_verdict_says_by_how_much_a_figure_is_missed(made, verdict):
    """Won at the figure or beyond it, else lost by a share of it, and never by nothing."""
    assert made.verdict == verdict


def test_a_straight_line_is_even():
    """Times of a + b T are on the line; one that lies 1.5 times above it is seen."""
    T = np.array([25, 50, 100, 200, 400])
    seconds = 0.5 + 0.01 * T
    assert benchmarks.unevenness(T, seconds) < 1e-12
    seconds[2] *= 1.5
    assert 0.2 < benchmarks.unevenness(T, seconds) < 0.5


def test_what_must_be_kept_is_counted_in_bytes():
    """The arrays themselves: states, the gradient at every drive, at the logits, and of the weights, in float32."""
    H, T, B = 100, 25, 3
    model, V = work.initial_weights("vanilla", H), work.ids()[1]
    h, da, dlogits = np.zeros((T + 1, B, H), "f"), np.zeros((T, B, H), "f"), np.zeros((T, B, V), "f")
    assert benchmarks.kept(H, T, B) == sum(kept.nbytes for kept in (h, da, dlogits, model.vector()))


def test_the_constants_are_those_of_the_text_and_the_original_run():
    """V, and the number of updates by which a slice of the original run is multiplied."""
    vocabulary, _ = original.opening()
    assert benchmarks.V == work.ids()[1] == len(vocabulary)
    assert len(original.original_run(seed=1)) == benchmarks.UPDATES


def test_the_engine_is_measured_with_the_book_s_numpy():
    """What both environments pin, they pin to one version."""
    pinned = re.compile(r"(?m)^([\w-]+)==([\w.]+)")
    book, bench = (dict(pinned.findall((ROOT / name).read_text("utf-8"))) for name in LOCKS)
    assert "numpy" in bench
    assert {name: version for name, version in bench.items() if name in book}.items() <= book.items()


def test_pure_python_does_the_work_of_the_original_run():
    """Ten updates on lists, clip included, show the losses of the engine to 1e-5; the clip is at work in them."""
    ours, theirs = with_ch5.training(**benchmarks.ORIGINAL), with_lists.training(**benchmarks.ORIGINAL)
    losses = ours(work.CHECKED)
    np.testing.assert_allclose(losses, theirs(work.CHECKED), rtol=1e-5)
    unclipped = with_ch5.training(**benchmarks.ORIGINAL | {"clip": np.inf})(work.CHECKED)
    assert abs(np.array(losses) / unclipped - 1).max() > 1e-3


@pytest.mark.parametrize("cell", ["vanilla", "GRU", "LSTM"])
def test_the_clip_is_at_work_in_the_updates(cell):
    """Most of the updates that are compared have a gradient above it, so no contender can leave it out."""
    batches, optimiser = with_ch5.Endless(work.batches(T=50, B=16)), Adam(benchmarks.UPDATE["rate"])
    run = Training(work.initial_weights(cell, 64), batches, optimiser, benchmarks.UPDATE["clip"])
    norms = [update.norm for update in islice(run, work.CHECKED)]
    assert np.median(norms) > benchmarks.UPDATE["clip"]


@pytest.mark.parametrize("cell", ["vanilla", "GRU", "LSTM"])
def test_the_products_alone_run(cell):
    """They need nothing but NumPy, and have no loss to show."""
    assert with_products.training(cell, 8, 5, 2, **benchmarks.UPDATE)(2) is None


def test_the_record_is_whole(found):
    """Every point is there, every time is positive, as many as there were rounds, and the losses agreed."""
    for point, result in zip(found.points, found.results, strict=True):
        if "seconds" not in result:
            continue
        for by_threads in result["seconds"].values():
            for seconds in by_threads.values():
                assert len(seconds) == found.settings["rounds"], point
                assert min(seconds) > 0, point
        assert result["apart"] < 1e-5, point


def test_every_row_stands_on_the_page_once(found):
    """The page calls `table` once for each kind of work and contender, and for no other."""
    shown = re.findall(r'(?m)^table\("(\w+)", "(\w+)"\)$', PAGE.read_text("utf-8"))
    assert sorted(shown) == sorted({(row.work, row.against) for row in benchmarks.rows(found)})


def test_a_table_shows_what_was_recorded(found):
    """One line of it, worked out from the JSON by hand."""
    name = benchmarks.experiment(None).name
    raw = json.loads((record.RECORDED / f"{name}.json").read_bytes())
    seconds = next(
        entry["result"]["seconds"]
        for entry in raw["rows"]
        if entry["point"] == {"kind": "training", "cell": "LSTM", "H": 128, "T": 64, "B": 32}
    )
    ours, theirs = (np.array(min(seconds[who].values(), key=np.median)) for who in ("ch5", "torch"))
    rows = benchmarks.rows(record.load(benchmarks.experiment(None)))
    lines = (
        benchmarks.table(rows, benchmarks.rows(found), "LSTM", "torch").replace("\u00a0", " ").splitlines()
    )
    (line,) = [line for line in lines if "(128, 64, 32)" in line]
    _, _, took, took_them, spread, _, reach, verdict, _ = (cell.strip() for cell in line.split("|"))
    assert took.startswith(f"{benchmarks.duration(np.median(ours))} (")
    assert took_them.startswith(f"{benchmarks.duration(np.median(theirs))} (")
    ratio = np.median(theirs / ours)
    assert spread.startswith(f"{ratio:.2f} (")
    assert reach == "≥ 0.5"
    assert verdict.startswith("won" if ratio >= 0.5 else "lost")


def test_another_order_in_a_second_run_is_reported():
    """Of two points one has its contenders swapped."""
    points = [benchmarks.training("GRU", size) for size in benchmarks.GATED[:2]]
    one, two = {"ch5": {"1": [1.0]}, "jax": {"1": [2.0]}}, {"ch5": {"1": [3.0]}, "jax": {"1": [2.0]}}
    first, second = (
        record.Recorded({}, {}, "", points, [{"seconds": one}, {"seconds": last}]) for last in (one, two)
    )
    assert benchmarks.reordered(first, first) == []
    assert benchmarks.reordered(first, second) == ["GRU (128, 64, 32)"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0012345, "1.23 ms"), (0.5, "500 ms"), (61.26, "61.3 s"), (11_304.0, "3.14 h")]
)
def test_a_duration_has_three_digits(seconds, shown):
    """In milliseconds below a second, in hours from one hour on."""
    assert benchmarks.duration(seconds) == shown

"""The engine beside PyTorch, JAX and its bare matrix products: what is measured, and how it is read.

    ratio   theirs / ours where it must be at least `reach`, ours / theirs where it must be at most that

Names    a point is one piece of work; its result holds the seconds an update (or a sample) took, by contender,
         by number of threads and by round. Contenders: ch5, torch, jax, products (an update's matrix products
         and nothing else), lists (`ch5.networks.scalar`). Each is judged by the number of threads it does better with.
Read     book/benchmarks.md     Tested   tests/test_benchmarks.py

The measuring is in benchmarks/, in an environment of its own: `make bench`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ch5.engine.weights import Array
from ch5.experiments import original
from ch5.experiments.record import Dict, Experiment, Recorded

Size = tuple[int, int, int]  # H, T, B

UPDATE = {"optimiser": "Adam", "rate": 0.002, "clip": 0.1}  # a clip that is at work
SETTINGS = {"rounds": 7, "seconds": 0.1, "update": UPDATE}  # seconds that one measurement takes
ORIGINAL = {"cell": "vanilla", "H": original.HIDDEN, "T": original.STEPS, "B": 1} | {
    "optimiser": "SGD",
    "rate": original.RATE,
    "clip": original.CLIP,
}
UPDATES = original.EPOCHS * ((original.CHARACTERS - 1) // original.STEPS)  # of the original run
SAMPLING = {"cell": "vanilla", "H": 128, "length": 1000}
V = 69  # distinct characters

# (H, T, B), and how many times as fast as PyTorch's nn.RNN an update is to be.
VANILLA = {
    (100, 25, 1): 5.0,
    (128, 32, 1): 5.0,
    (128, 50, 32): 2.2,
    (128, 64, 16): 2.2,
    (256, 64, 32): 1.7,
    (256, 100, 64): 1.7,
    (512, 64, 64): 1.7,
}
GATED = [(64, 50, 16), (128, 64, 32), (256, 64, 32)]
BOUND = [size for size in VANILLA if size[0] >= 256 and size[2] >= 32]  # large enough for products to rule
SWEEPS = {
    "T": [(128, T, 16) for T in (25, 50, 100, 200, 400, 800, 1600, 3200)],
    "H": [(H, 64, 16) for H in (32, 64, 128, 256, 512)],
    "B": [(128, 64, B) for B in (1, 4, 16, 64)],
}
NO_BREAK, TO = "\u00a0", "\u2060–\u2060"  # a space and a dash at which no line ends
# The heads of a table's columns: ours, theirs, the ratio.
HEADS = {
    "torch": ("book", "PyTorch", "ratio"),
    "jax": ("book", "JAX", "ratio"),
    "lists": ("book", "`scalar.py`", "ratio"),
    "products": ("book", "products", "ratio"),
    "kept": ("held", "to keep", "ratio"),
    "line": ("shortest", "longest", "off the line"),
}


def training(cell: str, size: Size) -> Dict:
    """The point at which one update of this cell at (H, T, B) is measured."""
    return {"kind": "training", "cell": cell} | _letters(size)


def points() -> list[Dict]:
    """Everything there is to measure."""
    sizes = dict.fromkeys([*VANILLA, *(size for sweep in SWEEPS.values() for size in sweep)])
    return [
        *({"kind": kind} for kind in ("machine", "original", "sampling")),
        *({"kind": "memory"} | _letters(size) for size in VANILLA),
        *(training("vanilla", size) for size in sizes),
        *(training(cell, size) for cell in ("GRU", "LSTM") for size in GATED),
    ]


def experiment(measure: Any, again: bool = False) -> Experiment:
    """What `make bench` records by `measure`; `again` for the second run, with which the first is compared."""
    return Experiment("benchmarks_again" if again else "benchmarks", measure, SETTINGS, points())


@dataclass(frozen=True)
class Row:
    """One line of a table: the ratio's quartiles over the rounds, and what it was to be (None: nothing)."""

    work: str
    against: str
    size: str
    ours: str
    theirs: str
    quartiles: tuple[float, float, float]
    reach: float | None
    at_most: bool = False

    @property
    def ratio(self) -> float:
        """The median."""
        return self.quartiles[1]

    @property
    def short(self) -> float:
        """By what share of `reach` the ratio misses it; 0 where it does not."""
        if self.reach is None:
            return 0.0
        return max(0.0, (self.ratio - self.reach) / self.reach * (1 if self.at_most else -1))

    @property
    def limit(self) -> str:
        """What was to be reached."""
        return "–" if self.reach is None else f"{'≤' if self.at_most else '≥'} {self.reach:g}"

    @property
    def verdict(self) -> str:
        """Won, or lost and by how much; a dash where nothing was to be reached."""
        if self.reach is None:
            return "–"
        return f"lost by {max(1, round(100 * self.short)):,} %" if self.short else "won"


def faster(result: Dict, contender: str) -> tuple[int, Array]:
    """The number of threads with the smaller median, and its seconds by round."""
    by_threads = {int(n): np.array(seconds) for n, seconds in result["seconds"][contender].items()}
    return min(by_threads.items(), key=lambda item: float(np.median(item[1])))


def quartiles(values: Array) -> tuple[float, float, float]:
    """The first quartile, the median and the third."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def kept(H: int, T: int, B: int) -> int:
    """Bytes that an update must keep: h_0 ... h_T, what goes back to each step, the logits' gradient, the weights'."""
    return 4 * ((T + 1) * B * H + T * B * H + T * B * V + (H * V + H * H + H + V * H + V))


def unevenness(T: Array, seconds: Array) -> float:
    """The largest relative distance of the times from the straight line that fits them best, relatively."""
    line = np.linalg.lstsq(np.stack([np.ones(len(T)), T], axis=1) / seconds[:, None], np.ones(len(T)))[0]
    return float(abs(seconds / (line[0] + line[1] * T) - 1).max())


def rows(found: Recorded) -> list[Row]:
    """Every row of the comparison, in the order of the page."""
    slice_of_original = found.where(kind="original")[0]
    table = [
        *(_update(found, "vanilla", size, "torch", reach) for size, reach in VANILLA.items()),
        *(_update(found, "vanilla", size, "jax", 1.1) for size in VANILLA),
        *(_update(found, "vanilla", size, "products", 1.3) for size in BOUND),
        *(_update(found, "GRU", size, "torch", 1.0) for size in GATED),
        *(_update(found, "GRU", size, "jax", None) for size in GATED),
        *(_update(found, "LSTM", size, "torch", 0.5) for size in GATED),
        *(_update(found, "LSTM", size, "jax", 1.0) for size in GATED),
    ]
    for against, reach in {"lists": 300.0, "torch": 6.0}.items():
        row = _ratio(slice_of_original, "original", against, f"{UPDATES:,} updates", reach, times=UPDATES)
        table.append(row)
    sampled = found.where(kind="sampling")[0]
    table.append(_ratio(sampled, "sampling", "torch", "1,000 characters", 3.0))
    for size in VANILLA:
        peak = found.where(kind="memory", **_letters(size))[0]["peak"]
        ours, least = f"{peak / 1e6:.2f} MB", f"{kept(*size) / 1e6:.2f} MB"
        times = peak / kept(*size)
        table.append(Row("memory", "kept", str(size), ours, least, (times, times, times), 1.5, at_most=True))
    lengths, seconds = sweep(found, "T", "ch5")
    off, span = unevenness(lengths, seconds[1]), f"T = {lengths[0]} to {lengths[-1]}"
    shortest, longest = duration(seconds[1, 0]), duration(seconds[1, -1])
    table.append(Row("length", "line", span, shortest, longest, (off, off, off), 0.2, at_most=True))
    return table


def sweep(found: Recorded, letter: str, contender: str) -> tuple[Array, Array]:
    """The sizes along T, H or B (n,), and the quartiles of the seconds of an update at each (3, n)."""
    results = [found.where(**training("vanilla", size))[0] for size in SWEEPS[letter]]
    sizes = np.array([size["HTB".index(letter)] for size in SWEEPS[letter]])
    return sizes, np.array([quartiles(faster(result, contender)[1]) for result in results]).T


def table(rows: list[Row], again: list[Row], work: str, against: str) -> str:
    """The rows of this work against this contender, in Markdown, with the ratio of the second run."""
    heads = ["size", *HEADS[against], "again", "reach", "verdict"]
    lines = [heads, ["---"] * len(heads)]
    for row, second in zip(rows, again, strict=True):
        if (row.work, row.against) == (work, against):
            low, middle, high, repeated = map(digits, (*row.quartiles, second.ratio))
            spread = middle if low == high else f"{middle} ({low}{TO}{high})"
            lines.append([row.size, row.ours, row.theirs, spread, repeated, row.limit, row.verdict])
    whole = [[cell if TO in cell else cell.replace(" ", NO_BREAK) for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in whole)


def order(result: Dict) -> list[str]:
    """The contenders, fastest first."""
    return sorted(result["seconds"], key=lambda contender: quartiles(faster(result, contender)[1])[1])


def reordered(found: Recorded, again: Recorded) -> list[str]:
    """The points at which a second run puts the contenders in another order."""
    pairs = zip(found.points, found.results, again.results, strict=True)
    timed = [(point, one, two) for point, one, two in pairs if "seconds" in one]
    return [describe(point) for point, one, two in timed if order(one) != order(two)]


def describe(point: Dict) -> str:
    """A point in a line, such as: vanilla (128, 64, 16)."""
    size = f" ({point['H']}, {point['T']}, {point['B']})" if "H" in point else ""
    return f"{point.get('cell', point['kind'])}{size}"


def digits(ratio: float) -> str:
    """Three digits: 0.95, 1.30, 221."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.3g}"


def duration(seconds: float) -> str:
    """Three digits, in hours, seconds or milliseconds."""
    if seconds >= 3600:
        return f"{seconds / 3600:.3g} h"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _letters(size: Size) -> Dict:
    return dict(zip("HTB", size, strict=True))


def _ratio(
    result: Dict,
    work: str,
    against: str,
    size: str,
    reach: float | None,
    at_most: bool = False,
    times: int = 1,
) -> Row:
    """The row of one result; `times` is how often the measured work is done in the whole."""
    (_, ours), (_, theirs) = pair = [faster(result, who) for who in ("ch5", against)]
    spread = quartiles(ours / theirs if at_most else theirs / ours)
    took, took_them = (f"{duration(times * float(np.median(s)))} ({threads})" for threads, s in pair)
    return Row(work, against, size, took, took_them, spread, reach, at_most)


def _update(found: Recorded, cell: str, size: Size, against: str, reach: float | None) -> Row:
    """The row of one update; against its products alone, the ratio is the other way round."""
    result = found.where(**training(cell, size))[0]
    return _ratio(result, cell, against, str(size), reach, at_most=against == "products")

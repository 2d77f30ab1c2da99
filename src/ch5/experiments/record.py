"""Run a long experiment point by point, record what comes out, load it in seconds

An experiment is a function of settings and a point. The settings are the same for all points; a point is
what varies, the seed among it. Points are independent of each other, so they run in any order, in parallel,
on one machine or many, and the record is the same:

    result = function(**settings, **point)

Names    settings, points and results are dicts that JSON can hold; results may hold NumPy numbers and arrays,
         and their floats are kept to 7 significant digits.
Read     book/chapters/05_memory.ipynb     Tested   tests/test_record.py

A finished point is appended to NAME.json.part at once, so a run killed at any moment goes on where it was;
NAME.json appears only when whole, with a checksum of all it says. NAME.json.lock says who is at work.
`make experiments` runs all, `make experiments NAME=horizon` one.

On a cluster: `python -m pip install distributed`, start a scheduler and workers where `ch5` is installed, and

    with Client("scheduler:8786"), joblib.parallel_config(backend="dask"):
        record.run(horizon.EXPERIMENT)

with `Client` from `distributed`. `Client()` without an address is a cluster on this machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import joblib
import numpy as np
from tqdm import tqdm

from ch5.engine import files
from ch5.experiments.sealed import Dict, plain, seal, unseal

RECORDED = Path(__file__).parents[1] / "recorded"


@dataclass(frozen=True)
class Experiment:
    """A name, a function at module level, its settings, and the points at which to call it.

    Raises TypeError or ValueError for what JSON cannot hold, a point given twice, a point that repeats a setting.
    """

    name: str
    function: Callable[..., Dict]
    settings: Dict
    points: list[Dict]

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", plain(self.settings, "settings", 17))
        object.__setattr__(self, "points", [plain(p, f"points[{k}]", 17) for k, p in enumerate(self.points)])
        if not self.points:
            raise ValueError("points must hold at least one point, got none")
        seen: dict[str, int] = {}
        for k, point in enumerate(self.points):
            if twice := sorted(point.keys() & self.settings.keys()):
                raise ValueError(f"points[{k}] must not repeat a setting, got {', '.join(twice)}")
            first = seen.setdefault(json.dumps(point, sort_keys=True), k)
            if first != k:
                raise ValueError(f"points must differ, got points[{k}] equal to points[{first}]: {point}")

    def measure(self, point: Dict) -> Dict:
        """The result at one point, as it is recorded: what a page recomputes to compare."""
        return _measured(0, self.function, self.settings, point)[1]


@dataclass(frozen=True)
class Recorded:
    """What was recorded: `results[k]` is the result at `points[k]`."""

    settings: Dict
    versions: dict[str, str]
    platform: str
    points: list[Dict]
    results: list[Dict]

    def where(self, **values: Any) -> list[Dict]:
        """The results at all points with these values, in the points' order. Raises ValueError if there are none."""
        pairs = zip(self.points, self.results, strict=True)
        found = [
            result for point, result in pairs if all(point.get(n, point) == v for n, v in values.items())
        ]
        if not found:
            raise ValueError(
                f"values must be those of recorded points, got {values}; points[0] is {self.points[0]}"
            )
        return found


def run(
    experiment: Experiment, folder: Path = RECORDED, jobs: int | None = None, fresh: bool = False
) -> Recorded:
    """Measure the points that are not yet measured, write NAME.json into `folder` and return what it holds.

    `jobs` workers at once, -1 for one a core; None for what `joblib.parallel_config` says, else one.
    `fresh` forgets earlier points. Raises ValueError when the earlier points are those of another run, and
    BlockingIOError, saying who, when another process records this experiment there.
    """
    path = folder / f"{experiment.name}.json"
    if not fresh and _is_recorded(experiment, path):
        return load(experiment, folder)
    with files.locked(path.with_name(f"{path.name}.lock"), f"recording {path}"):
        if fresh or not _is_recorded(experiment, path):  # the other may have done so meanwhile
            _record(experiment, path, jobs, fresh)
    return load(experiment, folder)


def _is_recorded(experiment: Experiment, path: Path) -> bool:
    """Whether the record is there, and no unfinished run that is to replace it."""
    part = path.with_name(f"{path.name}.part")
    return not part.exists() and path.exists() and not _differences(experiment, _read(path))


def _record(experiment: Experiment, path: Path, jobs: int | None, fresh: bool) -> None:
    """Measure what is not yet measured and write the record."""
    part = path.with_name(f"{path.name}.part")
    if fresh:
        part.unlink(missing_ok=True)
    head = _head(experiment)
    results = _resume(part, head)
    function, settings, points = experiment.function, experiment.settings, experiment.points
    rest = [k for k in range(len(points)) if k not in results]
    calls = [joblib.delayed(_measured)(k, function, settings, points[k]) for k in rest]
    # One point a batch: a batch's points come back together, and a kill would lose those already done.
    parallel = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    bar = tqdm(desc=experiment.name, total=len(points), initial=len(results), unit="point", smoothing=0)
    with open(part, "ab") as file, bar:
        if not file.tell():
            _append(file, head)
        for k, result in parallel(calls):
            _append(file, {"k": k, "result": result})
            results[k] = result
            bar.update()
    _write(path, head, experiment, results)
    part.unlink()


def load(experiment: Experiment, folder: Path = RECORDED) -> Recorded:
    """What was recorded of the experiment.

    Raises FileNotFoundError where nothing was, ValueError where the file is damaged or one of other settings.
    """
    path = folder / f"{experiment.name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `make experiments NAME={experiment.name}`")
    found = _read(path)
    if differences := _differences(experiment, found):
        raise ValueError(
            f"{path} was recorded otherwise than the code now asks: {differences}; "
            f"run `make experiments NAME={experiment.name}`"
        )
    results = [row["result"] for row in found["rows"]]
    return Recorded(experiment.settings, found["versions"], found["platform"], experiment.points, results)


def _measured(k: int, function: Callable[..., Dict], settings: Dict, point: Dict) -> tuple[int, Dict]:
    """What a worker does: points come back in any order, so each brings its number."""
    return k, plain(function(**settings, **point), "result")


def _head(experiment: Experiment) -> Dict:
    """What two halves of a run must have in common."""
    return {
        "name": experiment.name,
        "settings": experiment.settings,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "ch5": version("ch5")},
        "platform": f"{platform.system()} {platform.machine()}",
        "points": hashlib.sha256(json.dumps(experiment.points).encode()).hexdigest(),
    }


def _resume(part: Path, head: Dict) -> dict[int, Dict]:
    """The results in a run's unfinished file, by point; a last line that a kill cut short is cut off."""
    if not part.exists():
        return {}
    *lines, cut = part.read_bytes().split(b"\n")
    try:
        found, *rows = [unseal(line) for line in lines] or [head]
        results = {row["k"]: row["result"] for row in rows}
        unlike = [name for name in head if found[name] != head[name]]
    except (ValueError, KeyError) as error:
        raise ValueError(f"{part} holds no points of a run ({error!r}); --fresh starts anew") from error
    if unlike:
        raise ValueError(f"{part} is of a run with other {' and '.join(unlike)}; --fresh starts anew")
    os.truncate(part, part.stat().st_size - len(cut))
    return results


def _append(file: BinaryIO, line: Dict) -> None:
    """One JSON line with its checksum, on the disk when this returns."""
    file.write(json.dumps(seal(line)).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _write(path: Path, head: Dict, experiment: Experiment, results: dict[int, Dict]) -> None:
    """The finished record, one line a point, under a new name first."""
    rows = [{"point": point, "result": results[k]} for k, point in enumerate(experiment.points)]
    sealed = seal({name: head[name] for name in head if name != "points"} | {"rows": rows})
    entries = [f"{json.dumps(name)}: {json.dumps(sealed[name])}" for name in sealed if name != "rows"]
    entries.append('"rows": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]")
    files.write(path, ("{\n" + ",\n".join(entries) + "\n}\n").encode())


def _read(path: Path) -> Dict:
    try:
        found = unseal(path.read_bytes())
        if missing := {"name", "settings", "versions", "platform", "rows"} - found.keys():
            raise ValueError(f"it has no {' and no '.join(sorted(missing))}")
    except ValueError as error:
        raise ValueError(f"{path} is not a whole record of an experiment ({error})") from error
    return found


def _differences(experiment: Experiment, found: Dict) -> str:
    """What is otherwise in the file than in the code, in words; empty where they agree."""
    if found["name"] != experiment.name:
        return f"it is of the experiment {found['name']}"
    was, now = found["settings"], experiment.settings
    said = [
        f"{name} was {was.get(name, 'not set')} and is now {now.get(name, 'not set')}"
        for name in sorted(was.keys() | now.keys())
        if was.get(name, was) != now.get(name, now)
    ]
    if [row["point"] for row in found["rows"]] != experiment.points:
        said.append(f"its {len(found['rows'])} points are not the code's {len(experiment.points)}")
    return ", ".join(said)

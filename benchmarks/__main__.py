"""Measure all contenders side by side and record it: python -m benchmarks (`make bench` sets up what it needs)

Every contender runs in processes of its own, one for each number of threads, and they are asked in turn,
A B A B, while the others sleep. Nothing is timed before all have shown the same losses in ten updates.
"""

import argparse
import atexit
import json
import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from ch5.experiments import benchmarks, record

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-bench" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
THREADS = (1, 2)
CONTENDERS = {
    "training": [(who, n) for who in ("ch5", "torch", "jax", "products") for n in THREADS],
    "original": [("ch5", 1), ("torch", 1), ("lists", 1)],
    "sampling": [(who, n) for who in ("ch5", "torch") for n in THREADS],
}
SAME = 1e-5  # how far losses in float32 may be apart, relatively


@cache
def worker(contender, threads):
    """The process of this contender with this many threads, started when first asked for."""
    variables = (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NPROC",
    )
    environment = os.environ | dict.fromkeys(variables, str(threads))
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [PYTHON, "-m", "benchmarks.worker", contender, str(threads)]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.kill)
    return process


def ask(who, question, given=None):
    """The answer of a worker."""
    process = worker(*who)
    process.stdin.write(json.dumps([question, given]) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError(f"the worker {who} ended at {question} {given}; what it wrote stands above")
    return json.loads(answer)


def measure(rounds, seconds, update, kind, **size):
    """The result at one point of `ch5.experiments.benchmarks`."""
    if kind == "machine":
        return machine()
    if kind == "memory":
        return {"peak": ask(("ch5", 1), "memory", {"cell": "vanilla"} | size | update)}
    given = {
        "training": {"kind": "training"} | size | update,
        "original": {"kind": "training"} | benchmarks.ORIGINAL,
        "sampling": {"kind": "sampling"} | benchmarks.SAMPLING,
    }[kind]
    asked = CONTENDERS[kind]
    losses = {who: ask(who, "prepare", given) for who in asked}
    apart = {who: distance(found, losses["ch5", 1]) for who, found in losses.items() if found is not None}
    for who, d in apart.items():
        if not d < SAME:
            raise ValueError(f"{who} does other work than ch5 at {given}: its losses are {d:.1e} apart")
    for who in asked:
        ask(who, "warm up", seconds)
    times = {who: [] for who in asked}
    for _ in range(rounds):
        for who in asked:
            time.sleep(0.05)  # until the threads of the one before have gone to sleep
            times[who].append(ask(who, "time"))
    by_contender = {}
    for (contender, threads), found in times.items():
        by_contender.setdefault(contender, {})[str(threads)] = found
    return {"seconds": by_contender, "apart": max(apart.values())}


def distance(a, b):
    """The largest relative difference of two lists of losses."""
    return max(abs(x / y - 1) for x, y in zip(a, b, strict=True))


def machine():
    """What the figures hold for."""
    cpu, cpuinfo = platform.processor(), Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(": ")[1] if names else cpu
    return {
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,  # before anything is timed
        "processor": cpu or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "blas": ask(("ch5", 1), "blas"),
        "versions": {
            name: ask((who, 1), "version", name)
            for name, who in {"numpy": "ch5", "torch": "torch", "jax": "jax"}.items()
        },
        "threads": list(THREADS),
    }


def main():
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--again", action="store_true", help="record the second run, to compare with the first"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what an interrupted run has measured")
    parser.add_argument(
        "--only", metavar="TEXT", help="measure the points whose description holds TEXT; record nothing"
    )
    parser.add_argument("--rounds", type=int, default=3, help="with --only: rounds to take")
    asked = parser.parse_args()
    if not PYTHON.exists():
        parser.error(f"{PYTHON} is missing: run `make bench`")
    if asked.only:
        return glance(asked.only, asked.rounds)
    experiment = benchmarks.experiment(measure, asked.again)
    part = record.RECORDED / f"{experiment.name}.json.part"
    try:
        found = record.run(experiment, fresh=asked.fresh or not part.exists())
    except KeyboardInterrupt:
        print("stopped; what is measured is kept, and the same command goes on from there", file=sys.stderr)
        return 130
    for row in benchmarks.rows(found):
        print(
            f"{row.work:9} {row.against:9} {row.size:16} {row.ours:>9} {row.theirs:>9} {row.ratio:6.2f} {row.verdict}"
        )
    return 0


def glance(text, rounds):
    """Measure some points and print medians and ratios to ours."""
    for point in benchmarks.points():
        if text not in benchmarks.describe(point):
            continue
        result = measure(**benchmarks.SETTINGS | {"rounds": rounds} | point)
        print(benchmarks.describe(point), "" if "seconds" in result else result, flush=True)
        for contender in result.get("seconds", ()):
            threads, seconds = benchmarks.faster(result, contender)
            low, middle, high = benchmarks.quartiles(seconds / benchmarks.faster(result, "ch5")[1])
            took = benchmarks.duration(benchmarks.quartiles(seconds)[1])
            print(
                f"    {contender:9} {threads} threads {took:>9}   {middle:6.2f} of ours ({low:.2f} to {high:.2f})"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

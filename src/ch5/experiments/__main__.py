"""Run the recorded experiments, all of them or by name: python -m ch5.experiments [name ...] [--jobs N] [--fresh]"""

import os

# One BLAS thread a worker, here and in every process started from here. It must be said before NumPy is loaded.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402

from ch5.experiments import (  # noqa: E402
    ablation,
    alice,
    alice_samples,
    alice_validated,
    baselines,
    chaos,
    clip,
    drift,
    gates_alice,
    gates_horizon,
    gates_opening,
    horizon,
    linear_horizon,
    original,
    original_changed,
    price,
    prior,
    recall_best,
    recall_cut,
    recall_warped,
    record,
    untied,
)

# In the order of the pages that load them.
ALL = [
    *(
        module.EXPERIMENT
        for module in (prior, ablation, chaos, untied, price, horizon, original, alice, baselines)
    ),
    alice.SLOWER,
    alice.TRIALS,
    original_changed.EXPERIMENT,
    alice_samples.EXPERIMENT,
    clip.EXPERIMENT,
    clip.CLOSELY,
    clip.CONTINUED,
    drift.EXPERIMENT,
    recall_cut.EXPERIMENT,
    recall_warped.PILOT,
    recall_warped.EXPERIMENT,
    gates_opening.EXPERIMENT,
    gates_horizon.EXPERIMENT,
    recall_best.PILOT,
    recall_best.EXPERIMENT,
    recall_best.LONGER,
    gates_alice.EXPERIMENT,
    gates_alice.RATES,
    alice_validated.PILOT,
    alice_validated.EXPERIMENT,
    linear_horizon.PILOT,
    linear_horizon.EXPERIMENT,
    linear_horizon.DRAWN,
]
EXPERIMENTS = {experiment.name: experiment for experiment in ALL}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m ch5.experiments", description="Run the recorded experiments, all of them or by name."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"one of {', '.join(EXPERIMENTS)}; all by default"
    )
    parser.add_argument("--jobs", type=int, default=-1, help="workers at once; one a core by default")
    parser.add_argument("--fresh", action="store_true", help="forget earlier points and records")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in EXPERIMENTS:
            parser.error(f"name must be one of {', '.join(EXPERIMENTS)}, got {name}")
    try:
        for name in asked.names or EXPERIMENTS:
            record.run(EXPERIMENTS[name], jobs=asked.jobs, fresh=asked.fresh)
            print(f"{name}: recorded in {record.RECORDED / name}.json")
    except BlockingIOError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "stopped; the points that are done are kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

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

# In the order of the pages that load them, with the minutes that each takes on one core, about.
ALL = [
    (prior.EXPERIMENT, 3),
    (ablation.EXPERIMENT, 5),
    (chaos.EXPERIMENT, 3),
    (untied.EXPERIMENT, 5),
    (price.EXPERIMENT, 9),
    (horizon.EXPERIMENT, 60),
    (original.EXPERIMENT, 1),
    (alice.EXPERIMENT, 25),
    (baselines.EXPERIMENT, 3),
    (alice.SLOWER, 25),
    (alice.TRIALS, 12),
    (original_changed.EXPERIMENT, 8),
    (alice_samples.EXPERIMENT, 5),
    (clip.EXPERIMENT, 10),
    (clip.CLOSELY, 2),
    (clip.CONTINUED, 2),
    (drift.EXPERIMENT, 9),
    (recall_cut.EXPERIMENT, 5),
    (recall_warped.PILOT, 1),
    (recall_warped.EXPERIMENT, 1),
    (gates_opening.EXPERIMENT, 3),
    (gates_horizon.EXPERIMENT, 20),
    (recall_best.PILOT, 7),
    (recall_best.EXPERIMENT, 7),
    (recall_best.LONGER, 15),
    (gates_alice.EXPERIMENT, 10),
    (gates_alice.RATES, 20),
    (alice_validated.PILOT, 28),
    (alice_validated.EXPERIMENT, 17),
    (linear_horizon.PILOT, 45),
    (linear_horizon.EXPERIMENT, 35),
    (linear_horizon.LONGER, 3),
    (linear_horizon.DRAWN, 18),
]
EXPERIMENTS = {experiment.name: experiment for experiment, _ in ALL}
MINUTES = {experiment.name: minutes for experiment, minutes in ALL}


def times() -> str:
    """Every experiment with its time, a line each."""
    rows = [f"  {name:22}{minutes:4} min" for name, minutes in MINUTES.items()]
    return "\n".join(["about, on one core:", *rows, f"  {'all':22}{sum(MINUTES.values()) / 60:4.0f} h"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m ch5.experiments",
        description="Run the recorded experiments, all of them or by name.",
        epilog=times(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="one of those below; all by default")
    parser.add_argument("--jobs", type=int, default=-1, help="workers at once; one a core by default")
    parser.add_argument("--fresh", action="store_true", help="forget earlier points and records")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in EXPERIMENTS:
            parser.error(f"name must be one of {', '.join(EXPERIMENTS)}, got {name}")
    try:
        for name in asked.names or EXPERIMENTS:
            print(f"{name}: about {MINUTES[name]} minutes of one core, if not yet recorded")
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

"""Train on a text of your own, then let the network write: python -m ch5 train TEXT, python -m ch5 sample FILE"""

import os

# One BLAS thread: the matrices are small, and the sums then come out the same. To be said before NumPy is loaded.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from ch5.experiments import own_text  # noqa: E402

SETTINGS: dict[str, Any] = {"cell": "gru", "hidden": 128, "epochs": 12, "rate": 0.006, "seed": 1}


def train(asked: argparse.Namespace) -> None:
    own = own_text.prepared(asked.path, asked.checkpoint, **{name: getattr(asked, name) for name in SETTINGS})
    print(
        f"{len(own.ids)} characters, {len(own.vocabulary)} different; {own.run.model.model.size} weights; "
        f"checkpoint {asked.checkpoint}",
        flush=True,
    )
    own_text.train(own, asked.checkpoint)
    print(f"done; to let it write: python -m ch5 sample {asked.checkpoint} --temperature 0.5")


def sample(asked: argparse.Namespace) -> None:
    model, vocabulary = own_text.load(asked.checkpoint)
    print(own_text.write(model, vocabulary, asked.prompt, asked.temperature, asked.length, asked.seed))


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser("python -m ch5", description="Train on a text of your own, then sample.")
    commands = whole.add_subparsers(required=True, metavar="train | sample")

    shown = argparse.ArgumentDefaultsHelpFormatter
    one = commands.add_parser("train", help="train on a text file, or go on with it", formatter_class=shown)
    one.add_argument("path", type=Path, help="a text file in UTF-8")
    one.add_argument("--cell", choices=list(own_text.CELLS), default=SETTINGS["cell"], help="kind of cell")
    one.add_argument("--hidden", type=_whole(1), default=SETTINGS["hidden"], help="units")
    one.add_argument("--epochs", type=_whole(1), default=SETTINGS["epochs"], help="times the text is read")
    one.add_argument("--rate", type=float, default=SETTINGS["rate"], help="learning rate at the beginning")
    one.add_argument(
        "--seed", type=_whole(0), default=SETTINGS["seed"], help="of initial weights and batches"
    )
    one.add_argument(
        "--checkpoint", type=Path, help="where the run is kept; by default the text's name, .npz"
    )
    one.set_defaults(work=train)

    other = commands.add_parser("sample", help="write, from a checkpoint alone", formatter_class=shown)
    other.add_argument("checkpoint", type=Path, help="a file that train has made")
    other.add_argument("--prompt", help="how the text begins")
    other.add_argument("--temperature", type=float, default=1.0, help="0 takes the likeliest every time")
    other.add_argument("--length", type=_whole(0), default=500, help="characters to write")
    other.add_argument("--seed", type=_whole(0), default=0, help="of the random numbers")
    other.set_defaults(work=sample)
    return whole


def main(arguments: list[str] | None = None) -> int:
    asked = parser().parse_args(arguments)
    if asked.checkpoint is None:
        asked.checkpoint = Path(asked.path.stem + ".npz")
    try:
        asked.work(asked)
    except FloatingPointError as error:
        print(f"{error}; {asked.checkpoint} stands before it: try a lower --rate", file=sys.stderr)
        return 1
    except (OSError, ValueError, TypeError, MemoryError) as error:
        print(error or "not enough memory: try a smaller --hidden", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = asked.work is train and asked.checkpoint.exists()
        how = f"; {asked.checkpoint} is whole, and the same command goes on from there" if kept else ""
        print(f"stopped{how}", file=sys.stderr)
        return 130
    return 0


def _whole(least: int) -> Callable[[str], int]:
    """What argparse makes a whole number of at least `least` with."""

    def whole_number(said: str) -> int:
        if int(said) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}, got {said}")
        return int(said)

    return whole_number


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to stop
    sys.exit(main())

"""Ctrl-C between two pieces of work, never within one

Read     book/chapters/06_alice.ipynb     Tested   tests/test_interrupts.py
"""

from _signal import signal  # type: ignore[import-not-found]  # what signal.signal calls, at a tenth of the time
from collections.abc import Callable
from signal import SIGINT, default_int_handler, raise_signal
from typing import TypeVar

T = TypeVar("T")
INTERRUPT = int(SIGINT)


def held_back(work: Callable[[], T]) -> T:
    """Do the work whole: a Ctrl-C that comes meanwhile takes effect when it is done, as it would have."""
    came: list[int] = []
    try:
        before = signal(INTERRUPT, lambda number, _: came.append(number))
    except ValueError:  # another thread, where no Ctrl-C arrives
        return work()
    try:
        return work()
    finally:
        # None stands for a handler that is not Python's and that Python cannot put back.
        signal(INTERRUPT, default_int_handler if before is None else before)
        if came:
            raise_signal(SIGINT)

"""Ctrl-C waits for the end of a piece of work, and then does what it would have done."""

import signal
import threading

import pytest

from ch5.engine.interrupts import held_back


@pytest.fixture
def handler():
    """Whatever a test makes of SIGINT is undone."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(done):
    """Work that is interrupted in its middle."""
    signal.raise_signal(signal.SIGINT)
    done.append("work")
    return 7


def test_an_interrupt_is_raised_when_the_work_is_done():
    done = []
    with pytest.raises(KeyboardInterrupt):
        held_back(lambda: interrupted(done))
    assert done == ["work"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_reaches_the_handler_that_was_there(handler):
    done = []
    signal.signal(signal.SIGINT, lambda *_: done.append("handler"))
    assert held_back(lambda: interrupted(done)) == 7
    assert done == ["work", "handler"]


def test_who_ignores_interrupts_goes_on_ignoring_them(handler):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert held_back(lambda: interrupted([])) == 7
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_work_within_work_is_interrupted_when_both_are_done():
    done = []

    def outer():
        held_back(lambda: interrupted(done))
        done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        held_back(outer)
    assert done == ["work", "outer"]
    assert held_back(lambda: 3) == 3


def test_an_error_of_the_work_comes_through_and_the_handler_is_put_back():
    with pytest.raises(ZeroDivisionError):
        held_back(lambda: 1 / 0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_the_work_is_done():
    found = []
    thread = threading.Thread(target=lambda: found.append(held_back(lambda: 5)))
    thread.start()
    thread.join()
    assert found == [5]

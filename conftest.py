"""Before any test, nbval's included: the kernels it starts follow no reader's settings, and no two meet."""

import time

import kernels
import pytest
from nbval.plugin import IPyNbCell

PATIENCE = 2

kernels.settle()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A reader runs a cell again: nbval runs each twice in a row, and what is stored must come both times.

    One that takes more than PATIENCE seconds is run once.
    """
    began = time.monotonic()
    result = yield
    if isinstance(item, IPyNbCell) and time.monotonic() - began < PATIENCE:
        item.runtest()
    return result

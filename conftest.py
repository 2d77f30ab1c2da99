"""Before any test, nbval's included: the kernels it starts follow no reader's settings, and no two meet."""

import kernels
import pytest
from nbval.plugin import IPyNbCell

kernels.settle()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A reader runs a cell again: nbval runs each twice in a row, and what is stored must come both times."""
    result = yield
    if isinstance(item, IPyNbCell):
        item.runtest()
    return result

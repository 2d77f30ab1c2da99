"""What many tests start from: one generator, and cells with weights of order one and a state that is not zero."""

import signal

import numpy as np
import pytest
from hypothesis import settings

from ch5.networks.cell import VanillaCell
from ch5.networks.readout import Readout
from ch5.networks.sequence import SequenceModel

# A shell starts what goes in the background deaf to Ctrl-C; the tests, and the processes they start, hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("book", deadline=None)  # a busy machine is no failure
settings.load_profile("book")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def small_cell(rng):
    """A cell of D = 3 and H = 4 whose weights are of order one."""
    return VanillaCell(rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=4))


@pytest.fixture
def small_model(rng):
    """A character model of V = 5 and H = 4 whose weights are of order one."""
    cell = VanillaCell(rng.normal(size=(4, 5)), rng.normal(size=(4, 4)), rng.normal(size=4))
    return SequenceModel(cell, Readout(rng.normal(size=(5, 4)), rng.normal(size=5)))


@pytest.fixture(params=["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def integer(request):
    """Each kind of NumPy's integers: all must do what a plain int does."""
    return np.dtype(request.param).type

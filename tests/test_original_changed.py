"""The original run with one thing changed: only that is changed, and what is recorded is so."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ch5.engine import initialise
from ch5.experiments import original, original_changed, record

RECORDED = record.load(original_changed.EXPERIMENT)


def test_without_a_change_it_is_the_original_run():
    """The same weights in twice the precision, and the same first losses to that of 32 bits."""
    run, other = original_changed.training(2), original.original_run(2)
    assert run.model.dtype == np.float64
    np.testing.assert_array_equal(run.model.vector(), other.model.vector())
    for one, two, _ in zip(run, other, range(20), strict=False):
        assert one.loss == pytest.approx(two.loss, rel=1e-5)


def test_only_w_hh_is_scaled():
    """To the radius asked for; all other weights stay."""
    run, other = original_changed.training(1, radius=1.5), original_changed.training(1)
    assert initialise.spectral_radius(run.model.cell.W_hh) == pytest.approx(1.5, rel=1e-12)
    ratio = run.model.cell.W_hh / other.model.cell.W_hh
    assert_allclose(ratio, ratio[0, 0], rtol=1e-12)
    np.testing.assert_array_equal(run.model.cell.W_xh, other.model.cell.W_xh)
    np.testing.assert_array_equal(run.model.readout.W_hy, other.model.readout.W_hy)


def test_windows_of_8_are_quarters_in_the_same_order():
    """Four updates read what one read, and their targets."""
    quarters, whole = original_changed.training(1, window=8).batches, original_changed.training(1).batches
    assert len(quarters) == 4 * len(whole)
    for k in (0, 500, len(whole) - 1):
        for which in range(2):
            parts = [quarters[4 * k + i][which] for i in range(4)]
            np.testing.assert_array_equal(np.concatenate(parts), whole[k][which])


def test_a_window_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="window must divide 32, got 7"):
        original_changed.training(1, window=7)


@pytest.mark.parametrize("change", ["windows of 8", "no clip"])
def test_the_first_epoch_is_recorded(change):
    """Made again. At radius 2.5 rounding decides the path; without the clip it does from the second epoch on, and with
    seed 4 from the first."""
    run = original_changed.training(1, **original_changed.CHANGES[change])
    an_epoch = len(run) // original.EPOCHS
    for update in run:
        if update.number == an_epoch:
            break
    (recorded,) = RECORDED.where(change=change, seed=1)
    assert run.losses[:an_epoch].mean() == pytest.approx(recorded["epochs"][0], abs=1e-5)

"""How far back a character model looks (C14b): by what it loses when it is given less, and by its gradient

    given k       the loss of a character when only the k before it are read, from a zero state
    gradient      |d loss_t / d h_{t-k}| relative to k = 0, along the text

Shapes   ids (N,)   places (P,): which characters are predicted   losses (P,) in nats   logs (K+1, P)
Names    the model is a `ch5.networks.sequence.SequenceModel` of characters, with any cell.
Read     book/chapters/07_measured.ipynb     Tested   tests/test_context.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ch5.analysis import contributions, jacobian
from ch5.data.text import Ids, checked_ids
from ch5.engine import bptt, initialise
from ch5.engine.weights import Array, as_numbers, as_size
from ch5.networks import readout
from ch5.networks.cell import VanillaCell
from ch5.networks.sequence import SequenceModel

BEFORE = 128  # characters read before the first that counts
GIVEN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
LAGS = 64
NOTHING = 1e-300  # what counts as no gradient: the log of 0 is no number


def losses_from(model: SequenceModel, ids: Ids, first: int, pieces: int = 32) -> Array:
    """The losses of ids[first:], each character given what stands before it: (N,) -> (pieces, n).

    The text is read in pieces side by side; each has read the 128 characters before it. Fewer than `pieces`
    characters at the end are left out.
    """
    ids, first, pieces = checked_ids(ids), as_size("first", first, 0), as_size("pieces", pieces)
    if not BEFORE < first <= len(ids) - pieces:
        raise ValueError(f"first must be from {BEFORE + 1} to {len(ids) - pieces}, got {first}")
    n = (len(ids) - first) // pieces
    at = first - BEFORE - 1 + n * np.arange(pieces) + np.arange(BEFORE + n)[:, None]
    found = [
        model.losses(ids[at[:, k : k + 32]], ids[at[:, k : k + 32] + 1])[0][BEFORE:].T
        for k in range(0, pieces, 32)  # not all at once, for the states take memory
    ]
    return np.concatenate(found)


def losses_given(model: SequenceModel, ids: Ids, places: Ids, k: int, s_0: Array | None = None) -> Array:
    """The losses of the characters at `places` (P,) when only the k before them are read, from a state s_0 (P, S)."""
    ids, k = checked_ids(ids), as_size("k", k, 0)
    places = _places(places, ids)
    if not 1 <= k <= places.min():
        raise ValueError(f"k must be from 1 to {places.min()}, the first of the places, got {k}")
    s, _ = bptt.unroll(model.cell, ids[places - k + np.arange(k)[:, None]], s_0)
    return readout.cross_entropy(model.readout.logits(model.h(s)[-1]), ids[places])[0]


def log_gradient_norms(model: SequenceModel, ids: Ids, places: Ids, lags: int) -> tuple[Array, Array]:
    """log |d loss_t / d s_{t-k}| - log |d loss_t / d s_t| for k = 0 ... lags at every place: (lags + 1, P).

    s_t is the state that the character at a place is predicted from, after 128 characters and `lags` more. Beside
    it the residuals of those last steps. All in float64.
    """
    ids, lags = checked_ids(ids), as_size("lags", lags)
    places = _places(places, ids)
    if lags + BEFORE > places.min():
        raise ValueError(
            f"lags must be at most {places.min() - BEFORE} for the first of the places, got {lags}"
        )
    model = model.astype(np.float64)
    s, residuals = bptt.unroll(model.cell, ids[places - lags - BEFORE + np.arange(lags + BEFORE)[:, None]])
    h = model.h(s)[-1]
    _, dlogits = readout.cross_entropy(model.readout.logits(h), ids[places])
    ds, last = np.zeros_like(s[-1]), residuals[-lags:]
    ds[:, : h.shape[-1]] = model.readout.backward(dlogits, h)[1]
    at_lag = contributions.gradient_at_lag(model.cell, ds, s[-lags - 1 :], last)
    largest = np.maximum(np.abs(at_lag).max(axis=-1), NOTHING)
    norms = largest * np.linalg.norm(at_lag / largest[..., None], axis=-1)  # their squares would underflow
    return np.log(np.maximum(norms / norms[0], NOTHING)), last


def excess(model: SequenceModel, ids: Ids, places: Ids) -> dict[str, Array]:
    """By k of GIVEN the mean loss given k characters less that given 100, and its half width: (2, GIVEN) each.

    From a zero state, and from the state after 64 characters that stand elsewhere.
    """
    ids = checked_ids(ids)
    places = _places(places, ids)
    if len(places) < 8:
        raise ValueError(f"places must be at least 8, for a mean and its interval, got {len(places)}")
    elsewhere = np.roll(places, len(places) // 2)
    found = np.empty((2, len(GIVEN), len(places)))
    for part in np.array_split(np.arange(len(places)), 8):  # all at once would need much memory
        full = losses_given(model, ids, places[part], 100)
        foreign = bptt.unroll(model.cell, ids[elsewhere[part] - 64 + np.arange(64)[:, None]])[0][-1]
        for i, k in enumerate(GIVEN):
            for j, s_0 in enumerate((None, foreign)):
                found[j, i, part] = losses_given(model, ids, places[part], k, s_0) - full
    half = 1.96 * found.std(axis=-1, ddof=1) / np.sqrt(len(places))
    return {"excess": found.mean(axis=-1), "half": half}


def look_back(model: SequenceModel[VanillaCell], ids: Ids, first: int) -> dict[str, Any]:
    """C14(b): what it loses when it is given less, quartiles of the log gradient norms by lag, and what governs the
    gradient along the text: radius, mean slope, exponent."""
    ids, first = checked_ids(ids), as_size("first", first, 0)
    if len(ids) < first + 300:
        raise ValueError(
            f"ids must go on for 300 characters from first on, got {len(ids)} for first = {first}"
        )
    places = np.arange(first + 192, len(ids), 7)
    logs, _ = log_gradient_norms(model, ids, places[::8], LAGS)
    h, residuals = bptt.unroll(model.cell, ids[first : first + 2000])
    slope = model.cell.linearise(h, residuals)
    W_hh, rng = model.cell.W_hh, np.random.default_rng(0)
    return {
        **excess(model, ids, places),
        "gradient": np.quantile(logs, [0.25, 0.5, 0.75], axis=1),
        "radius": initialise.spectral_radius(W_hh),
        "slope": slope.mean(),
        "exponent": jacobian.lyapunov_exponents(W_hh, slope, 1, rng, skip=100)[0],
    }


def length(excess: Array, within: float) -> int:
    """How many characters of GIVEN are enough from then on to come `within` so many nats of the loss given 100."""
    excess = as_numbers("excess", excess)
    if excess.shape != np.shape(GIVEN) or np.isnan(excess).any() or not within >= 0:
        raise ValueError(
            f"excess must be {len(GIVEN)} numbers, one for each of GIVEN, and within at least 0, "
            f"got shape {excess.shape} and {within}"
        )
    over = np.flatnonzero(excess > within)
    return GIVEN[min(over[-1] + 1, len(GIVEN) - 1)] if len(over) else GIVEN[0]


def decay_lag(logs: Array, to: float) -> int:
    """The first lag at which the gradient, exp(logs), is below a share `to` of what it was; len(logs) if at none."""
    logs = as_numbers("logs", logs)
    if logs.ndim != 1 or np.isnan(logs).any() or not 0 < to < np.inf:
        raise ValueError(f"logs must be numbers (lags,) and to above 0, got shape {logs.shape} and to = {to}")
    below = np.flatnonzero(logs < np.log(float(to)))
    return int(below[0]) if len(below) else len(logs)


def _places(places: Ids, ids: Ids) -> Ids:
    """places as int64: those of small kinds wrap where something is taken off, and -1 is the last one."""
    places = np.asarray(places)
    if places.dtype.kind not in "iu" or places.ndim != 1 or places.size == 0:
        raise ValueError(
            f"places must be whole numbers of shape (P,), got {places.dtype} of shape {places.shape}"
        )
    if not 0 <= places.min() <= places.max() < len(ids):
        raise ValueError(f"places must be from 0 to {len(ids) - 1}, got {places.min()} to {places.max()}")
    return places.astype(np.int64)

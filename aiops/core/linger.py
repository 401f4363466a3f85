"""Linger: a score that does not fall at once when a series is back for a sample.

A live loop takes an anomaly back only after several calm samples in a row. A score of single samples says
nothing of that: between two spikes of one incident it is calm. So what a backtest writes halves in as many
samples as it takes to close. It is an order among calm samples alone: 1 or more is where the daemon says
anomaly, and stays so.

Input:   scores (t,), NaN where inconclusive.
Output:  (t,), never below the input, 1 or more only where that is; NaN where that is. Causal.
Errors:  none.
Cost:    a step in Python a time.
"""

import numpy as np

from aiops.model import Detection, Floats

HALVES_IN = Detection().close_after  # samples
BELOW = 0.999999  # as six digits can tell it from 1


def lingering(score: Floats, halves_in: int = HALVES_IN) -> Floats:
    """``score``, which below 1 falls by half in ``halves_in`` samples at most."""
    keeps, last = 0.5 ** (1 / halves_in), 0.0
    kept = np.empty(len(score))
    for at, one in enumerate(np.nan_to_num(score, nan=0.0, posinf=1e300).tolist()):
        last = max(last * keeps, one)
        kept[at] = last
    told: Floats = np.where(np.isnan(score), np.nan, np.fmax(score, np.minimum(kept, BELOW)))
    return told

"""Together: one score for several metrics of one thing, from the score of each.

Input:   scores (m, t) of m metrics, 1 at the edge of each band, NaN where inconclusive.
Output:  (t,), 1 or more where the metrics together say anomaly; NaN where none can tell.
Errors:  none.
Cost:    O(m t log m).
"""

import numpy as np

from aiops.model import Floats

SHARE = 0.1  # the loudest tenth of the metrics speaks: one alone is a quirk, all at once is too much to ask
SAY = 4.0  # and each counts at most so much, however loud: a metric that was still for days must not decide


def together(scores: Floats) -> Floats:
    """Mean of what the loudest ``SHARE`` of the metrics have to say at each time."""
    known = np.isfinite(scores)
    said = np.where(known, scores / (1 + np.where(known, scores, 0.0) / SAY), -np.inf)
    loudest = -np.sort(-said, axis=0)
    count = np.maximum(np.ceil(SHARE * known.sum(axis=0)), 1).astype(int)
    taken = np.arange(len(scores))[:, None] < count
    total = np.where(taken & np.isfinite(loudest), loudest, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / count, np.nan)

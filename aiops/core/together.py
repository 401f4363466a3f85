"""Together: one score for several metrics of one thing, from the score of each.

What each metric has to say is limited, the loudest tenth speaks, and what is said is averaged over the newest
``SPAN`` samples: an incident lasts and stands in several metrics, a quirk does neither. Of a thing that was
seen for a short time nobody knows yet how loud it is now and then, so it must be louder to be believed.

Input:   scores (m, t) of m metrics, 1 at the edge of each band, NaN where inconclusive; seen (t,), how
         many samples were known of the whole until then.
Output:  (t,), 1 or more where the metrics together say anomaly; NaN where none can tell.
Errors:  none.
Cost:    O(m t log m).
"""

import numpy as np

from aiops.model import Floats

SHARE = 0.1  # the loudest tenth of the metrics speaks: one alone is a quirk, all at once is too much to ask
SAY = 4.0  # and each counts at most so much, however loud: a metric that was still for days must not decide
SPAN = 5  # samples that are averaged: about as long as what is felt lasts
YOUNG = 1000.0  # samples after which half is believed: about where a single series begins to know its tail
EDGE = 0.61  # mean of what is said and believed at which the whole is anomalous; from recordings


def together(scores: Floats, seen: Floats) -> Floats:
    """How loud the metrics are together at each time, by what came until then."""
    return _lasting(_loudest(scores)) * seen / (seen + YOUNG) / EDGE


def _loudest(scores: Floats) -> Floats:
    """Mean of what the loudest ``SHARE`` of the metrics have to say at each time, (t,)."""
    known = np.isfinite(scores)
    said = np.where(known, scores / (1 + np.where(known, scores, 0.0) / SAY), -np.inf)
    loudest = -np.sort(-said, axis=0)
    count = np.maximum(np.ceil(SHARE * known.sum(axis=0)), 1).astype(int)
    taken = np.arange(len(scores))[:, None] < count
    total = np.where(taken & np.isfinite(loudest), loudest, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / count, np.nan)


def _lasting(said: Floats) -> Floats:
    """Mean of what is known of the newest ``SPAN`` columns; NaN where the newest is not known."""
    padded = np.concatenate([np.full(SPAN - 1, np.nan), said])
    newest = np.lib.stride_tricks.sliding_window_view(padded, SPAN)
    known = np.isfinite(newest)
    mean = np.where(known, newest, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(np.isfinite(said), mean, np.nan)

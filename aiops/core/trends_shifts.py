"""Shifts: when the level of a series moved and stayed.

Binary segmentation on the unseasoned blocks: the split that explains most is taken while it is far beyond
what the noise between neighbouring blocks could do, and while both sides really differ: by several times
their own spread, and by a share of the level that matters. A hump that goes back is no shift.

Source:  A. J. Scott and M. Knott, "A Cluster Analysis Method for Grouping Means", Biometrics, 1974.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aiops.core.trends_blocks import a_day, unseasoned
from aiops.model import Floats, Mask, Panel, Target

CUT = 8.0  # standard errors that a split must explain
APART = 3.0  # spreads of both sides that the levels must differ by
MIN_REL = 0.1  # of the larger level
STAYS = 0.06  # of the stretch, at the least, on both sides; and a day, where there are several
MIN_SIDE = 5  # blocks on both sides
MOST = 5  # shifts of one series: more is not a level
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Shift:
    """One change of level; before and after are medians without the daily season."""

    target: Target
    signal: str
    unit: str
    at_ms: int
    before: float
    after: float


def shifts(blocks: Panel) -> list[Shift]:
    """The lasting changes of level of every row, in order of row and time."""
    values = unseasoned(blocks)
    side = max(MIN_SIDE, round(STAYS * blocks.shape[1]), a_day(blocks))
    found = []
    for row in np.flatnonzero(_worth_a_look(values, side)):
        known = np.flatnonzero(np.isfinite(values[row]))
        series = values[row, known]
        for at, before, after in _segmented(series, side):
            found.append(
                Shift(
                    blocks.targets[row],
                    blocks.signal,
                    blocks.unit,
                    int(blocks.times[known[at]]),
                    before,
                    after,
                )
            )
    return found


def _worth_a_look(values: Floats, side: int) -> Mask:
    """Rows whose lowest and highest stretches of ``side`` blocks differ by enough (n,): a first sieve."""
    if values.shape[1] < 2 * side:
        return np.zeros(len(values), dtype=bool)
    count = values.shape[1] // side
    kept = values[:, : count * side].reshape(len(values), count, side)
    known = np.isfinite(kept)
    total = np.where(known, kept, 0.0).sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = total / known.sum(axis=2)
    low = np.where(np.isnan(level), np.inf, level).min(axis=1)
    high = np.where(np.isnan(level), -np.inf, level).max(axis=1)
    return np.asarray(high - low >= MIN_REL / 2 * np.maximum(np.abs(high), np.abs(low)))


def _segmented(series: Floats, side: int) -> list[tuple[int, float, float]]:
    """(block, level before, level after) of each shift, in order."""
    noise = max(_noise(series), 1e-3 * float(np.abs(np.median(series))), 1e-300)
    cuts: list[int] = []
    parts = [(0, len(series))]
    while parts and len(cuts) < 2 * MOST:
        begin, end = parts.pop(0)
        at = _best(series[begin:end], side, noise)
        if at is not None:
            cuts.append(begin + at)
            parts += [(begin, begin + at), (begin + at, end)]
    cuts = _lasting(series, sorted(cuts))
    if len(cuts) > MOST:
        return []
    edges = [0, *cuts, len(series)]
    levels = [float(np.median(series[a:b])) for a, b in pairwise(edges)]
    return [(cut, levels[i], levels[i + 1]) for i, cut in enumerate(cuts)]


def _noise(series: Floats) -> float:
    """What neighbouring blocks differ by without a reason."""
    return float(MAD_TO_SIGMA * np.median(np.abs(np.diff(series))) / np.sqrt(2))


def _best(part: Floats, side: int, noise: float) -> int | None:
    """The split of ``part`` that explains most, if that is far more than noise could."""
    count = len(part)
    if count < 2 * side:
        return None
    at = np.arange(side, count - side + 1)
    total = np.cumsum(part)
    left = total[at - 1] / at
    right = (total[-1] - total[at - 1]) / (count - at)
    explains = np.abs(right - left) * np.sqrt(at * (count - at) / count) / noise
    best = int(np.argmax(explains))
    return int(at[best]) if explains[best] >= CUT else None


def _lasting(series: Floats, cuts: list[int]) -> list[int]:
    """``cuts`` between levels that really differ: the least of the others goes first, and all are looked at
    anew, since what it kept apart is one level now."""
    kept = list(cuts)
    while kept:
        edges = [0, *kept, len(series)]
        gaps = [
            _apart(series[a:b], series[b:c]) for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)
        ]
        least = int(np.argmin(gaps))
        if gaps[least] >= 1:
            break
        del kept[least]
    return kept


def _apart(one: Floats, two: Floats) -> float:
    """How far two levels are apart; 1 is just far enough, for their spreads and for people."""
    before, after = float(np.median(one)), float(np.median(two))
    spread = MAD_TO_SIGMA * max(np.median(np.abs(one - before)), np.median(np.abs(two - after)))
    needed = max(APART * spread, MIN_REL * max(abs(before), abs(after)))
    gap = abs(after - before)
    return float(gap / needed) if needed > 0 else float(gap > 0)

"""Growth: what grows or shrinks steadily, how fast, and when a limit is reached.

The slope is the median of the slopes between all pairs of days (or of blocks, where there are few days); its
interval holds 95 % by the pairs' own ranks, so that half of the samples may be odd. Steady means that nearly
all pairs agree about the direction, and that the whole change matters against the level or the limit.

Source:  P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA, 1968.
"""

from dataclasses import dataclass

import numpy as np

from aiops.core.trends_blocks import DAY_MS, unseasoned
from aiops.model import Floats, Mask, Panel, Target

AGREE = 0.7  # Kendall's tau, at the least
MIN_REL = 0.1  # change over the whole stretch, as a share of the level or of the limit
MOST_POINTS = 48
MIN_POINTS = 8
Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Growth:
    """One steady trend. Slopes are a day, in the signal's unit; ``low`` to ``high`` hold 95 %."""

    target: Target
    signal: str
    unit: str
    per_day: float
    low: float
    high: float
    level: float  # at the end
    limit: float | None = None
    days_left: float | None = None  # until the limit, at this pace; None: it never gets there
    days_left_least: float | None = None  # at the fastest pace of the interval
    days_left_most: float | None = None  # at the slowest; None: perhaps never


def growths(blocks: Panel, limit: float | None) -> list[Growth]:
    """The steady trends of the rows; ``limit`` is where the signal is full."""
    points, times = _points(blocks)
    if points.shape[1] < MIN_POINTS:
        return []
    one, two = np.triu_indices(points.shape[1], k=1)
    days = (times[two] - times[one]) / DAY_MS
    found = []
    for row in np.flatnonzero(_moved(points, limit)).tolist():
        rise = points[row, two] - points[row, one]
        known = np.isfinite(rise)
        tau = float(np.sign(rise[known]).mean()) if known.any() else 0.0
        if abs(tau) >= AGREE:
            slopes = np.sort(rise[known] / days[known])
            found.append(_growth(blocks, row, slopes, points[row], limit))
    return found


def _points(blocks: Panel) -> tuple[Floats, Floats]:
    """At most ``MOST_POINTS`` points a row (n, p), each the mean of several blocks, and their times."""
    values = unseasoned(blocks)
    size = max(1, -(-values.shape[1] // MOST_POINTS))
    count = values.shape[1] // size
    values = values[:, values.shape[1] - count * size :].reshape(len(values), count, size)
    times = blocks.times[blocks.shape[1] - count * size :].reshape(count, size).mean(axis=1)
    known = np.isfinite(values).sum(axis=2)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known > 0, total / known, np.nan), times


def _moved(points: Floats, limit: float | None) -> Mask:
    """Rows whose last quarter lies far enough from their first (n,)."""
    known = np.isfinite(points)
    many = known.sum(axis=1, keepdims=True)
    number = np.cumsum(known, axis=1)  # of the known points of its row, from 1
    first = _mean(points, known & (number <= np.maximum(many // 4, 1)))
    last = _mean(points, known & (number > many - np.maximum(many // 4, 1)))
    matters = MIN_REL * (np.maximum(np.abs(first), np.abs(last)) if limit is None else abs(limit))
    return np.asarray((many[:, 0] >= MIN_POINTS) & (np.abs(last - first) >= matters) & (first != last))


def _mean(points: Floats, which: Mask) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(which, points, 0.0).sum(axis=1) / which.sum(axis=1))


def _growth(blocks: Panel, row: int, slopes: Floats, points: Floats, limit: float | None) -> Growth:
    count = int(np.isfinite(points).sum())
    # Of m points, the number of agreeing pairs varies with this deviation where there is no trend.
    reach = Z95 * np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    edge = int(max(0, np.floor((len(slopes) - reach) / 2)))
    per_day, low, high = float(np.median(slopes)), float(slopes[edge]), float(slopes[-1 - edge])
    level = float(points[np.isfinite(points)][-1])
    left, least, most = (_until(limit, level, slope) for slope in (per_day, high, low))
    return Growth(
        blocks.targets[row], blocks.signal, blocks.unit, per_day, low, high, level, limit, left, least, most
    )


def _until(limit: float | None, level: float, per_day: float) -> float | None:
    """Days until ``limit``; None where it is not ahead."""
    if limit is None or per_day <= 0:
        return None
    return max(0.0, (limit - level) / per_day)

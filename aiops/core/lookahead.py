"""Look-ahead: which series are on their way to their limit, and when will they be there? "Full in 3 h".

A series is heading for its limit when all of this holds, so that a daily swing or a saw-tooth is not news:

- it grew through the whole of the last ``WINDOW_MS``, in all its thirds alike: what has just begun is waited
  for, what slows down is not going there, what just fell is not there any more;
- even the slowest growth that fits, the line's less two errors, reaches the limit within the horizon;
- it is where it has not been for eight days, by more than it grows in a slot: its highest slot mean is known
  from at least ``LEAST_HOURS`` before the window.

Input:   the newest samples of one signal (n, t), what each row's highest slots were (``Peaks``).
Output:  when each row reaches its limit, ms UTC (n,); NaN where it is not heading there, or too little is
         known: surely, by all of the above, and perhaps, where what was told need not be taken back yet.
Errors:  none: no data is no prediction.
Cost:    O(n) a call, about 3 µs a row and 20 µs a row that is where it has not been; 1.8 kB of state a row.
Source:  H. Theil, "A rank-invariant method of linear and polynomial regression analysis", 1950; P. K. Sen,
         "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA, 1968.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiops.model import Direction, Floats, Mask, Panel, Times
from aiops.model.band import readable

BINS = 24  # the window is read as so many means
WINDOW_MS = 2 * 3_600_000
SLOT_MS = 900_000
HOUR_MS = 3_600_000
HOURS = 9 * 24  # that are remembered: eight days before any moment of the newest block of a day
REFERENCE_HOURS = 8 * 24
LEAST_HOURS = 24
KNOWN = 0.8  # of the bins of the window must hold samples
STEADY = 0.6  # of the growth of any third must be in every other
NEWEST = 3  # bins; their median must be on the line
MAD_TO_SIGMA = 1.4826


def upward(values: Floats, direction: Direction) -> Floats:
    """``values`` so that the limit is above them: a signal that is bad when low is turned over."""
    return -values if direction is Direction.DOWN else values


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """The highest slot mean of each hour and row, and the slot that is open. Values are ``upward``."""

    maxima: NDArray[np.float32]  # (n, HOURS): hour number h is in place h % HOURS; NaN where nothing was seen
    hour: NDArray[np.int32]  # (n, HOURS) the hour that is there; -1: none
    slot: Times  # (n,) number of the open slot; -1: none
    total: Floats  # (n,) of its samples
    count: Floats  # (n,) how many

    @classmethod
    def blank(cls, rows: int) -> "Peaks":
        """``rows`` rows of which nothing is known."""
        return cls(
            np.full((rows, HOURS), np.nan, np.float32),
            np.full((rows, HOURS), -1, np.int32),
            np.full(rows, -1, np.int64),
            np.zeros(rows),
            np.zeros(rows),
        )

    def learn(self, times: Times, values: Floats) -> "Peaks":
        """The peaks after ``values`` (n, t), ``upward``, NaN for a gap, at later ``times`` (t,)."""
        maxima, hour, slot, total, count = self.maxima, self.hour, self.slot, self.total, self.count
        numbers = times // SLOT_MS
        if (len(numbers) and bool(((slot >= 0) & (slot < numbers[-1])).any())) or len(set(numbers)) > 1:
            maxima, hour = maxima.copy(), hour.copy()  # a slot ends: only then anything is written to them
        edges = np.flatnonzero(np.diff(numbers, prepend=-1))
        for start, stop in zip(edges, [*edges[1:], len(times)], strict=True):
            number = int(numbers[start])
            over = (slot >= 0) & (slot < number)
            _close(maxima, hour, np.where(over & (count > 0), slot, -1), total / np.maximum(count, 1.0))
            total, count = np.where(over, 0.0, total), np.where(over, 0.0, count)
            part = readable(values[:, start:stop])
            known = np.isfinite(part)
            total = total + np.where(known, part, 0.0).sum(axis=1)
            count, slot = count + known.sum(axis=1), np.full(len(slot), number)
        return Peaks(maxima, hour, slot, total, count)

    def highest(self, before_ms: int) -> Floats:
        """(n,) the highest slot mean of the eight days before; NaN where less than a day is known."""
        last = before_ms // HOUR_MS
        inside = (self.hour >= last - REFERENCE_HOURS) & (self.hour < last)
        enough = inside.sum(axis=1) >= LEAST_HOURS
        best = np.where(inside, self.maxima, -np.inf).max(axis=1, initial=-np.inf)
        return np.where(enough, best, np.nan)


def _close(maxima: NDArray[np.float32], hour: NDArray[np.int32], slot: Times, mean: Floats) -> None:
    """Write the means of finished slots (-1: none) into their hours, in place."""
    rows = np.flatnonzero(slot >= 0)
    number = slot[rows] * SLOT_MS // HOUR_MS
    place = number % HOURS
    same = hour[rows, place] == number
    small = mean[rows].astype(np.float32)
    maxima[rows, place] = np.where(same, np.fmax(maxima[rows, place], small), small)
    hour[rows, place] = number


class Reach(NamedTuple):
    """When rows (n,) reach their limit, ms UTC."""

    surely: Floats  # all that the module's docstring asks for holds
    perhaps: Floats  # it still grows, and at this pace reaches the limit within two horizons


def reaches(panel: Panel, now_ms: int, limit: float, peaks: Floats, horizon_ms: int) -> Reach:
    """When rows reach ``limit``; see the module's docstring. All values are ``upward``."""
    start = now_ms - WINDOW_MS
    bins = _bins(panel.between(start + 1, now_ms + 1), start)
    enough = np.isfinite(bins).mean(axis=1) >= KNOWN
    beyond = np.fmax.reduce(bins[:, -NEWEST:], axis=1) > peaks  # false where either is unknown
    rows = np.flatnonzero(enough & np.isfinite(bins[:, -1]) & beyond)
    surely, perhaps = np.full(len(bins), np.nan), np.full(len(bins), np.nan)
    if not len(rows):
        return Reach(surely, perhaps)
    line, bin_ms = bins[rows], WINDOW_MS / BINS
    slope = _slope(line)
    thirds: Floats = np.array([_slope(part) for part in np.split(line, 3, axis=1)])
    at = np.arange(BINS) - (BINS - 1)
    level = np.nanmedian(line - slope[:, None] * at, axis=1)  # of the line, at the newest bin
    off = np.abs(line - level[:, None] - slope[:, None] * at)
    sigma = MAD_TO_SIGMA * np.nanmedian(off, axis=1)
    error = sigma / np.sqrt((at - at.mean()) @ (at - at.mean()))
    slowest = slope - 2 * error
    here = np.nanmedian(line[:, -NEWEST:], axis=1) >= level - NEWEST * slope - 3 * sigma
    gap = limit - level
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        latest, expected = gap / slowest * bin_ms, now_ms + gap / slope * bin_ms
    grows = (slowest > 0) & (thirds.min(axis=0) >= STEADY * thirds.max(axis=0))
    far = level > peaks[rows] + slope * SLOT_MS / bin_ms
    soon = (gap > 0) & (latest <= horizon_ms)
    still = here & (slope > 0) & (gap > 0) & (expected - now_ms <= 2 * horizon_ms)
    surely[rows] = np.where(grows & here & far & soon, expected, np.nan)
    perhaps[rows] = np.where(still, expected, np.nan)
    return Reach(surely, perhaps)


def _bins(panel: Panel, start_ms: int) -> Floats:
    """(n, BINS) means; NaN where a bin holds no sample."""
    place = (panel.times - start_ms - 1) * BINS // WINDOW_MS
    values = readable(panel.values)
    known = np.isfinite(values)
    edges = np.searchsorted(place, np.arange(BINS + 1))
    total = np.cumsum(np.pad(np.where(known, values, 0.0), ((0, 0), (1, 0))), axis=1)
    count = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1)
    much, many = (np.diff(one[:, edges], axis=1) for one in (total, count))
    return np.where(many > 0, much / np.maximum(many, 1), np.nan)


def _slope(line: Floats) -> Floats:
    """(n,) the median slope of all pairs of bins, a bin; NaN where no pair is known."""
    one, other = np.triu_indices(line.shape[1], 1)
    slopes = (line[:, other] - line[:, one]) / (other - one)
    known: Mask = np.asarray(np.isfinite(slopes).any(axis=1))
    slope = np.full(len(line), np.nan)
    slope[known] = np.nanmedian(slopes[known], axis=1)
    return slope

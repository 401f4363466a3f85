"""Outlook: where hourly peaks are heading over days: "full in 8 d, 80 % interval 7 to 10 d".

The forecast of an hour is the level of now, or of the last two days where the row returns to it, with what
that hour of the day usually adds, carried on by the growth: the median of the differences to the day before,
so that a daily season does not matter, whatever its form. A row grows steadily when nearly all of these
differences are upwards, and alike in all thirds of the longest window of whole days for which that holds.
The longer that window, the farther we look: ``FARTHER`` times it.

The interval grows with the distance as the row's own changes grow from lag to lag, and with what is not known
of the growth: of days, the next one may differ (``RATE``). ``widen`` is what past forecasts say about it
(``aiops.core.foresight``). It is of each hour; the time of reaching a limit is read off its edges.

Input:   the newest hourly peaks (n, t), ``upward``, NaN for a gap; of at least two days.
Output:  (n, h) forecasts, or when each row reaches its limit, in hours after the newest peak; NaN: not ahead.
Errors:  none: no data is no prediction.
Cost:    about 5 µs a row to see that it does not grow; 0.2 ms a row that does.
Source:  P. K. Sen, JASA, 1968; B. B. Mandelbrot and J. W. van Ness, "Fractional Brownian Motions", SIAM
         Review, 1968 (how changes grow from lag to lag).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aiops.model import Floats, Mask
from aiops.plugin import Forecast

DAY = 24  # hours
WINDOWS = (8, 6, 4, 3, 2)  # days, the longest first
FARTHER = 5  # times the window is how far its growth is carried on
MOST_HOURS = 30 * DAY
KNOWN = 0.8  # of the hours must be there
UPWARDS = 0.9  # of the differences to the day before
STEADY = 0.8  # of the growth of any third must be in every other: what slows down is not going there
RATE = 0.25  # sigma of a day's growth, as a share of it: that days are alike is hope and not knowledge
NORMAL_80 = 1.2816
LAGS = (3, DAY)  # hours; how changes grow between them says how they go on
LEAST_GROWTH = 1e-9  # of the level, a day: less is rounding


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What carries rows (n,) on. ``days`` is the window that was looked at."""

    days: int
    last: Floats  # (n, 24) the expected value of the next 24 hours without growth
    growth: Floats  # an hour
    spread: Floats  # sigma of the change over a day that growth and season do not explain
    power: Floats  # it grows with the distance to this power: 0 for noise, 0.5 for a random walk

    def at(self, hours: Floats, widen: float = 1.0) -> tuple[Floats, Floats]:
        """(mean, half of the 80 % interval), (n, h), so many ``hours`` (h,) whole ones from 1 on, ahead."""
        place = (np.asarray(hours, int) - 1) % DAY
        growth = self.growth[:, None]
        window = float(self.days * DAY)
        power, spread = self.power[:, None], self.spread[:, None]
        own = spread * (hours / DAY) ** power
        of_growth = spread * (window / DAY) ** power * hours / window
        of_days = RATE * np.abs(growth) * hours / np.sqrt(max(self.days - 1, 1))
        sigma = np.sqrt(own**2 + np.maximum(of_growth, of_days) ** 2)
        return self.last[:, place] + growth * hours, widen * NORMAL_80 * sigma


class Arrival(NamedTuple):
    """When rows (n,) reach their limit, in hours after the newest peak; NaN: not that we see."""

    expected: Floats  # all that the module's docstring asks for holds
    soonest: Floats  # where the interval's upper edge reaches it
    latest: Floats  # where the lower edge does; NaN: beyond ``MOST_HOURS``, or never
    growth: Floats  # an hour
    edge: Floats  # what the next hour's interval ends at: above it, it grows faster than it did


def outlook(peaks: Floats, days: int) -> Outlook:
    """What the newest ``days`` days of ``peaks`` say; (n, t) with t at least 48. NaN where too little is
    known."""
    part = peaks[:, -days * DAY :]
    change = _change(part)
    enough = np.isfinite(part).mean(axis=1) >= KNOWN
    growth = np.where(enough, _median(change), np.nan) / DAY
    flat = part - growth[:, None] * np.arange(1 - part.shape[1], 1)  # as of the newest hour
    season = np.stack([_median(flat[:, hour::DAY]) for hour in range(DAY)], axis=1)
    rest = flat - np.tile(season, (1, days))
    spread = _sigma(change - DAY * growth[:, None]) * (1 + 1 / (days - 1))  # few days show too little of it
    lag = _sigma(rest[:, LAGS[0] :] - rest[:, : -LAGS[0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.log(spread / lag) / np.log(LAGS[1] / LAGS[0])
    power = np.clip(np.where(np.isfinite(power), power, 0.5), 0.0, 1.0)
    keeps = np.minimum(2 * power, 1.0)  # noise returns to its level, a random walk stays where it is
    newest = rest[:, -1]
    level = _median(rest[:, -2 * DAY :])
    level = level + np.where(np.isfinite(newest), keeps * (newest - level), 0.0)
    return Outlook(days, season + level[:, None], growth, spread, power)


def forecast(peaks: Floats, newest_ms: int, hours: Floats, widen: float = 1.0) -> Forecast:
    """What every row is expected to be at ``hours`` (h,) after the newest peak, at ``newest_ms``."""
    days = min(WINDOWS[0], peaks.shape[1] // DAY)
    times = newest_ms + np.asarray(hours, np.int64) * 3_600_000
    if days < 2:
        nothing = np.full((len(peaks), len(hours)), np.nan)
        return Forecast(times, nothing, nothing, nothing)
    known = np.isfinite(peaks[:, -days * DAY :])
    seen = (known.shape[1] - np.argmax(known, axis=1)) // DAY  # whole days since the first peak
    mean, far = (np.full((len(peaks), len(hours)), np.nan) for _ in range(2))
    left: Mask = np.asarray(known.any(axis=1))
    for window in range(days, 1, -1):  # the most days that a row has
        rows = np.flatnonzero(left & (seen >= window))
        if len(rows):
            mean[rows], far[rows] = outlook(peaks[rows], window).at(np.asarray(hours, float), widen)
            left[rows] = False
    return Forecast(times, mean, mean - far, mean + far)


def arrivals(peaks: Floats, limit: float, widen: float = 1.0) -> Arrival:
    """When rows that grow steadily reach ``limit``; see the module's docstring. All is ``upward``."""
    n = len(peaks)
    found = Arrival(*(np.full(n, np.nan) for _ in Arrival._fields))
    left: Mask = np.ones(n, bool)
    for days in WINDOWS:
        if peaks.shape[1] < days * DAY:
            continue
        rows = np.flatnonzero(left)
        rows = rows[_steady(peaks[rows, -days * DAY :])]
        left[rows] = False
        if len(rows):
            for into, values in zip(found, _arrival(outlook(peaks[rows], days), limit, widen), strict=True):
                into[rows] = values
    return found


def _steady(part: Floats) -> Mask:
    change = _change(part)
    known = np.isfinite(change)
    with np.errstate(invalid="ignore"):
        upwards = (change > 0).sum(axis=1) >= UPWARDS * np.maximum(known.sum(axis=1), 1)
    enough = np.isfinite(part).mean(axis=1) >= KNOWN
    thirds = np.array([_median(third) for third in np.array_split(change, 3, axis=1)])
    with np.errstate(invalid="ignore"):
        alike = thirds.min(axis=0) >= STEADY * thirds.max(axis=0)
        matters = _median(change) > LEAST_GROWTH * np.abs(_median(part))
    return np.asarray(upwards & enough & alike & matters & known.any(axis=1))


def _arrival(ahead: Outlook, limit: float, widen: float) -> Arrival:
    hours = np.arange(1.0, MOST_HOURS + 1)
    mean, far = ahead.at(hours, widen)
    expected, soonest, latest = (_first(values >= limit, hours) for values in (mean, mean + far, mean - far))
    below = np.median(ahead.last, axis=1) < limit
    with np.errstate(invalid="ignore"):
        surely = below & (expected <= FARTHER * ahead.days * DAY)
    return Arrival(
        np.where(surely, expected, np.nan),
        np.where(surely, soonest, np.nan),
        np.where(surely, latest, np.nan),
        ahead.growth,
        (mean + far)[:, :DAY].max(axis=1),
    )


def _first(there: Mask, hours: Floats) -> Floats:
    return np.where(there.any(axis=1), hours[np.argmax(there, axis=1)], np.nan)


def _change(part: Floats) -> Floats:
    """(n, t - 24) the differences to the same hour of the day before."""
    return part[:, DAY:] - part[:, :-DAY]


def _median(values: Floats) -> Floats:
    """(n,) medians of what is known; NaN where nothing is."""
    found = np.full(len(values), np.nan)
    rows = np.isfinite(values).any(axis=1)
    found[rows] = np.nanmedian(values[rows], axis=1)
    return found


def _sigma(values: Floats) -> Floats:
    """(n,) as many sigmas as 80 % of ``values`` would be within, were they normal: tails count."""
    found = np.full(len(values), np.nan)
    rows = np.isfinite(values).any(axis=1)
    found[rows] = np.nanquantile(np.abs(values[rows]), 0.8, axis=1) / NORMAL_80
    return found

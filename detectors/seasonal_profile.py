"""Seasonal profile: is a sample far from what this time of the day, and of the week, usually shows?

Expected = mean of the slot of the local day (between slots a straight line) + a correction by weekday once
that weekday was seen twice + ``anchor`` + ``wander``. The wander follows the last hours, but only ``leash``
sigmas away from the anchor, which moves over weeks: a slow incident leaves the band instead of bending it.
Spread is the slot's own, drawn towards the series' where the slot was seen little, and at least what the
series does now and then (``aiops.model.spread``).

Learning: samples count at most as far as the edge of the band. The longer a series stays outside, the wider
that edge opens and the faster the anchor follows: a new level is the new normal after about ``memory_days``
/ 14 days and is told until then. What is on hold is not learned from at all. Blind to what is shorter than
a sample, and to what happens at the same time every day.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is ``threshold`` sigmas from what was expected.
Errors:  none while judging; INCONCLUSIVE in gaps and where the slot was seen on fewer than ``min_days`` days.
Cost:    O(n) a column, about 60 array operations; 1.5 kB of state a series with slots of 15 minutes.
Source:  robust learning after S. Gelper, R. Fried and C. Croux, "Robust forecasting with exponential and
         Holt-Winters smoothing", Journal of Forecasting, 2010.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from aiops.model import Direction, Floats, Mask, Panel, Times, Verdicts
from aiops.model.band import MEAN_AWAY_TO_SIGMA, around, readable
from aiops.model.civil import holidays, minute_of_week, zone
from aiops.model.spread import Learning, Spread

WEEK_SLOT_MIN = 120  # the correction by weekday changes slowly; twelve numbers a day are enough
Small = NDArray[np.float32]  # offsets from ``origin``: four bytes are enough


@dataclass(frozen=True, slots=True)
class SeasonalProfile:
    """Flags a sample more than ``threshold`` sigmas from its slot's expectation."""

    threshold: float = 5.0
    slot_min: int = 15  # minutes; divides a day
    min_days: float = 2.0  # a season seen once is an anecdote
    memory_days: float = 14.0
    leash: float = 6.0  # sigmas that the level may wander from the anchor
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0
    interval_s: float = 60.0
    timezone: str = "UTC"
    holidays: str = ""  # a country, such as "DE"; its public holidays are learned and judged as Sundays

    def __post_init__(self) -> None:
        for name in ("threshold", "min_days", "memory_days", "leash", "interval_s"):
            if not getattr(self, name) > 0:  # so that NaN is refused too
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        for name in ("min_abs", "min_rel"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.slot_min < 1 or 1440 % self.slot_min:
            raise ValueError(f"slot_min: expected minutes that divide a day, got {self.slot_min}")
        zone(self.timezone)
        if self.holidays:
            holidays(self.holidays, date(1970, 1, 1), date(1970, 12, 31))

    def fit(self, history: Panel) -> "FittedSeasonalProfile":
        """Learn from ``history`` as if it had been judged."""
        n, slots, week = len(history.targets), 1440 // self.slot_min, 7 * 1440 // WEEK_SLOT_MIN
        rows, daily = np.zeros(n), np.zeros((n, slots), np.float32)
        weekly, spread = np.zeros((n, week), np.float32), Spread.blank(n)
        blank = FittedSeasonalProfile(
            self,
            np.zeros(n, np.int64),
            np.full(n, np.nan),
            rows,
            rows,
            rows,
            spread,
            daily,
            daily,
            daily,
            weekly,
            weekly,
        )
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedSeasonalProfile:
    """What was learned: (n,) a series, (n, slots) a slot of the day, (n, weekly slots) of the week."""

    config: SeasonalProfile
    last_ms: Times  # of the newest column; 0 before the first
    origin: Floats  # the first sample; slots hold differences from it
    anchor: Floats  # shift of the whole profile, over weeks
    wander: Floats  # shift of the last hours, within the leash
    drift: Floats  # what the last hours were off beyond that: no noise, so the spread does not learn it
    spread: Spread  # distances from the expectation
    centre: Small  # mean of the slot
    away: Small  # mean absolute distance in the slot
    days: Small  # on how many days the slot was seen, at most the memory
    weekday: Small  # what the weekday adds
    weeks: Small  # in how many weeks it was seen

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedSeasonalProfile"]:
        """Judge each column by what its slot showed before, then learn from it."""
        config = self.config
        if not block.shape[1]:
            return Verdicts.unknown(block.shape), self
        minute = minute_of_week(block.times, config.timezone, config.holidays)
        state = _Learning(self)
        expected, reach = np.empty(block.shape[::-1]), np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        before = np.where(self.last_ms > 0, self.last_ms, block.times[0] - int(1000 * config.interval_s))
        for t, x in enumerate(columns):
            state.lasts(block.times[t] - before, int(minute[t]))
            expected[t], reach[t] = state.step(x, learn[t], int(minute[t]))
            before = block.times[t]
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, state.fitted(int(block.times[-1]))


class _Learning:
    """The state while a block is learned: copied once a block and not once a sample."""

    def __init__(self, start: FittedSeasonalProfile) -> None:
        self.config = config = start.config
        self.origin, self.anchor, self.wander = start.origin, start.anchor, start.wander
        self.drift = start.drift
        self.spread = Learning(start.spread, config.threshold, config.interval_s, 86_400.0)
        self.centre, self.away, self.days = start.centre.copy(), start.away.copy(), start.days.copy()
        self.weekday, self.weeks = start.weekday.copy(), start.weeks.copy()
        self.hours = max(21_600 / config.interval_s, 50.0)  # samples: six hours of wander
        self.visit: Floats | np.float64 = np.float64(0.0)  # share of a slot that a column stands for
        self.week_visit: Floats | np.float64 = np.float64(0.0)

    def lasts(self, since_ms: NDArray[np.int64] | np.int64, minute: int) -> None:
        """How long ago the column before was, (n,) or one for all: a history that is coarser than what is
        live visits its slots as well. After a gap a column stands for what passed of its slot, no more."""
        own_ms = 1000.0 * self.config.interval_s
        for name, length in (("visit", self.config.slot_min), ("week_visit", WEEK_SLOT_MIN)):
            passed_ms = 60_000.0 * (minute % length) + own_ms
            setattr(self, name, np.minimum(np.minimum(since_ms, passed_ms) / (60_000.0 * length), 1.0))

    def step(self, x: Floats, fresh: Mask, minute: int) -> tuple[Floats, Floats]:
        """(expected, reach) of one column, both (n,) and NaN where too little is known; then learn it."""
        config = self.config
        slot, rest = divmod(minute % 1440, config.slot_min)
        weekly = minute // WEEK_SLOT_MIN
        self.origin = np.where(fresh & np.isnan(self.origin), x, self.origin)
        days = self.days[:, slot].astype(np.float64)
        centre, doubt = self._between(slot, (rest + 0.5) / config.slot_min - 0.5)
        weeks = self.weeks[:, weekly]
        base = centre + np.where(weeks >= 2, self.weekday[:, weekly], 0.0)
        expected = base + self.anchor + self.wander
        usual = (self.away[:, slot] * days + 3.0 * self.spread.mean) / (days + 3.0)
        sigma = MEAN_AWAY_TO_SIGMA * usual * np.sqrt(1 + 1 / np.maximum(days, 1.0))
        edge = np.hypot(np.maximum(config.threshold * sigma, self.spread.tail()), doubt)
        known = days >= config.min_days
        answer = (
            np.where(known, self.origin + expected, np.nan),
            np.where(known, edge, np.nan),
        )
        self._learn(np.where(fresh, x - self.origin, 0.0), fresh, slot, weekly, expected, edge, known)
        return answer

    def _between(self, slot: int, where: float) -> tuple[Floats, Floats]:
        """The profile on the line from the middle of ``slot`` to that of its neighbour, and how far that is
        from the slot itself: a job that starts on the hour is a step, and the line is wrong by so much."""
        here = self.centre[:, slot].astype(np.float64)
        other = (slot + (1 if where > 0 else -1)) % self.centre.shape[1]
        there = np.where(self.days[:, other] >= 1, self.centre[:, other], here)
        away = abs(where) * (there - here)
        return here + away, np.abs(away)

    def _learn(
        self,
        y: Floats,
        fresh: Mask,
        slot: int,
        weekly: int,
        expected: Floats,
        edge: Floats,
        known: Mask,
    ) -> None:
        config = self.config
        away = np.where(fresh, y - expected, 0.0)
        old = self.days[:, slot] + self.visit > 1  # seen on a day before this one
        stray = np.where(fresh, np.abs(away - self.drift), 0.0)
        outside, cut = self.spread.learn(np.abs(away), fresh & old, edge, known, stray)
        near = np.clip(away, -cut, cut)
        size = np.minimum(stray, cut)
        self.drift = self.drift + (fresh & old) / self.hours * (near - self.drift)
        shift = self.anchor + self.wander

        days = self.days[:, slot] + self.visit * fresh
        rate = np.where(fresh, self.visit / np.maximum(days, 1e-9), 0.0)
        weekday = np.where(self.weeks[:, weekly] >= 2, self.weekday[:, weekly], 0.0)
        first = days <= self.visit
        self.centre[:, slot] += rate * np.where(first, y - shift, near)
        self.days[:, slot] = np.minimum(days, config.memory_days)
        self.away[:, slot] += np.where(old, rate, 0.0) * (size - self.away[:, slot])

        weeks = self.weeks[:, weekly] + self.week_visit * fresh * old
        wrate = np.where(fresh & old, self.week_visit / np.maximum(weeks, 1e-9), 0.0)
        target = near + self.wander + weekday
        self.weekday[:, weekly] += wrate * (target - self.weekday[:, weekly])
        self.weeks[:, weekly] = np.minimum(weeks, 4.0)

        leash = config.leash * MEAN_AWAY_TO_SIGMA * np.minimum(self.away[:, slot], self.spread.mean)
        self.wander = np.clip(self.wander + near * (old & fresh) / self.hours, -leash, leash)
        lasting = np.where(outside, 1.0 / self.spread.window, 1.0 / (28 * 86_400 / config.interval_s))
        moved = np.where(fresh & old, lasting * np.where(outside, near, self.wander), 0.0)
        self.anchor = self.anchor + moved
        self.wander = self.wander - np.where(outside, 0.0, moved)

    def fitted(self, last_ms: int) -> FittedSeasonalProfile:
        """The state as a value, after a column at ``last_ms``."""
        return FittedSeasonalProfile(
            self.config,
            np.full(len(self.origin), last_ms, np.int64),
            self.origin,
            self.anchor,
            self.wander,
            self.drift,
            self.spread.spread(),
            self.centre,
            self.away,
            self.days,
            self.weekday,
            self.weeks,
        )

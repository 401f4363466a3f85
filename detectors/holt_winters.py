"""Holt-Winters: is a sample far from level + trend + season of the day, each followed sample by sample?

For series that grow: the trend goes with them, where a profile of the day would lag behind. Errors count at
most as far as the edge of the band (robust smoothing), and the longer a series stays outside, the wider that
edge opens: a new level is the new normal after about half a day and is told until then. After a gap the trend
is followed for a day at most. Blind to the week (Monday is judged by Sunday), to slow incidents, which look
like a trend, and to what is shorter than a sample.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is ``threshold`` sigmas of the usual error of the forecast for
         the next sample, or as far as it errs now and then.
Errors:  none while judging; INCONCLUSIVE in gaps and where the slot was seen on fewer than ``min_days`` days.
Cost:    O(n) a column, about 50 array operations; 0.9 kB of state a series with slots of 15 minutes.
Source:  P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving Averages", Management Science,
         1960, in the error-correction form; robust as S. Gelper, R. Fried and C. Croux, "Robust forecasting
         with exponential and Holt-Winters smoothing", Journal of Forecasting, 2010.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import Direction, Floats, Mask, Panel, Times, Verdicts
from aiops.model.band import around, readable
from aiops.model.civil import minute_of_week, zone
from aiops.model.spread import Learning, Spread

Small = NDArray[np.float32]
MINUTES_A_DAY = 1440
NEVER = -1  # ms UTC: no sample yet


@dataclass(frozen=True, slots=True)
class HoltWinters:
    """Flags a sample more than ``threshold`` sigmas from the forecast for it."""

    threshold: float = 5.0
    level_s: float = 21_600.0  # the level follows within hours; the trend four times slower: no overshoot
    season_days: float = 5.0  # the season follows within so many days
    slot_min: int = 15  # minutes; divides a day
    min_days: float = 2.0  # a season seen once is an anecdote
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0
    interval_s: float = 60.0
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("threshold", "level_s", "season_days", "min_days", "interval_s"):
            if not getattr(self, name) > 0:  # so that NaN is refused too
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        for name in ("min_abs", "min_rel"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.slot_min < 1 or MINUTES_A_DAY % self.slot_min:
            raise ValueError(f"slot_min: expected minutes that divide a day, got {self.slot_min}")
        zone(self.timezone)

    def fit(self, history: Panel) -> "FittedHoltWinters":
        """Learn from ``history`` as if it had been judged."""
        n = len(history.targets)
        rows, daily = np.zeros(n), np.zeros((n, MINUTES_A_DAY // self.slot_min), np.float32)
        newest = np.full(n, NEVER, np.int64)
        blank = FittedHoltWinters(self, newest, rows, rows, rows, daily, daily, Spread.blank(n))
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedHoltWinters:
    """What was learned of each row: (n,), and (n, slots) of the day."""

    config: HoltWinters
    newest_ms: Times  # the newest sample learned from
    origin: Floats  # the first sample; the season is small beside it and fits four bytes
    level: Floats  # above the origin, the signal's unit
    trend: Floats  # the signal's unit a sample
    season: Small  # above the level
    days: Small  # on how many days the slot was seen
    errors: Spread

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedHoltWinters"]:
        """Judge each column by its forecast, then learn from it."""
        config = self.config
        expected, reach = np.empty(block.shape[::-1]), np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        slots = minute_of_week(block.times, config.timezone) % MINUTES_A_DAY // config.slot_min
        state = _Following(self)
        for t, x in enumerate(columns):
            expected[t], reach[t] = state.step(x, learn[t], int(block.times[t]), int(slots[t]))
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, state.fitted()


class _Following:
    """The state while a block is learned."""

    def __init__(self, start: FittedHoltWinters) -> None:
        self.config = config = start.config
        self.newest_ms, self.origin = start.newest_ms, start.origin
        self.level, self.trend = start.level, start.trend
        self.season, self.days = start.season.copy(), start.days.copy()
        self.errors = Learning(start.errors, config.threshold, config.interval_s, 86_400.0)
        self.step_ms = 1000.0 * config.interval_s
        self.day = max(86_400.0 / config.interval_s, 1.0)  # samples
        self.alpha = min(config.interval_s / config.level_s, 0.5)
        self.visit = min(config.interval_s / (60.0 * config.slot_min), 1.0)  # share of a day's visit

    def step(self, x: Floats, fresh: Mask, at_ms: int, slot: int) -> tuple[Floats, Floats]:
        """(expected, reach) of one column, both (n,), NaN where too little is known; then learn it."""
        config = self.config
        first = fresh & (self.newest_ms == NEVER)
        self.origin = np.where(first, x, self.origin)
        self.newest_ms = np.where(first, at_ms, self.newest_ms)
        steps = np.clip((at_ms - self.newest_ms) / self.step_ms, 0.0, self.day)
        carried = self.level + self.trend * steps
        expected = carried + self.season[:, slot]
        edge = self.errors.edge()
        known = self.days[:, slot] >= config.min_days
        answer = np.where(known, self.origin + expected, np.nan), np.where(known, edge, np.nan)
        error = np.where(fresh, x - self.origin - expected, 0.0)
        self._learn(error, fresh, at_ms, slot, carried, edge, known, steps)
        return answer

    def _learn(
        self,
        error: Floats,
        fresh: Mask,
        at_ms: int,
        slot: int,
        carried: Floats,
        edge: Floats,
        known: Mask,
        steps: Floats,
    ) -> None:
        _, cut = self.errors.learn(np.abs(error), fresh, edge, known)
        near = np.clip(error, -cut, cut)
        seen = self.errors.seen
        alpha = np.maximum(self.alpha, 1.0 / np.maximum(seen, 1.0))
        beta = np.where(seen > self.day, self.alpha / 4, 0.0)  # half a season would pass for a trend
        self.level = np.where(fresh, carried + alpha * near, self.level)
        self.trend = self.trend + alpha * beta * near / np.maximum(steps, 1.0)
        self.days[:, slot] += self.visit * fresh
        days = np.clip(self.days[:, slot], self.visit, self.config.season_days)
        self.season[:, slot] += np.where(fresh, self.visit / days, 0.0) * (1 - alpha) * near
        self.days[:, slot] = np.minimum(self.days[:, slot], 1e4)
        self.newest_ms = np.where(fresh, at_ms, self.newest_ms)

    def fitted(self) -> FittedHoltWinters:
        """The state as a value."""
        return FittedHoltWinters(
            self.config,
            self.newest_ms,
            self.origin,
            self.level,
            self.trend,
            self.season,
            self.days,
            self.errors.spread(),
        )

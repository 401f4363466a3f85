"""Forecast: is a sample outside the interval that exponential smoothing predicts, and where is it heading?

Error, trend, season (ETS): additive, the trend damped, the season that of the civil day, on means of slots
of an hour. ``fit`` finds the smoothing parameters of each series by maximum likelihood with statsmodels; a
series that starts blank is judged with usual ones until ``refit``, which changes the parameters and not the
state. Between two fits judging is a cheap filter. Heavy: for named signals, and to look ahead. Blind to the
week, to slow incidents, which look like a trend, and to what is over within a slot and not farther than its
noise.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is ``threshold`` sigmas of the distance between samples and
         their slot's forecast, or as far as it goes now and then. ``look_ahead``: (n, h), a slot each.
Errors:  none while judging; INCONCLUSIVE in gaps and before ``min_days`` days of slots were seen.
Cost:    fit and refit about 50 ms a series; judge O(n) a column, about 45 array operations; 0.4 kB of state
         a series; statsmodels and 100 MB only once something is fitted.
Source:  R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with Exponential Smoothing:
         The State Space Approach", Springer, 2008; ``statsmodels.tsa.exponential_smoothing.ets``.
"""

import functools
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiops.model import Direction, Floats, Mask, Panel, Times, Verdicts
from aiops.model.band import around, readable
from aiops.model.civil import minute_of_week, zone
from aiops.model.spread import Learning, Spread
from aiops.plugin import Forecast as Ahead

NORMAL_80 = 1.2816  # of a normal spread, 80 % lie within so many sigmas
USUAL = (0.1, 0.005, 0.3, 0.98)  # level, trend, season, damping: until a fit knows better
FIT_DAYS = 4  # of slots; with fewer the likelihood says nothing about a season
NEVER = -1


@dataclass(frozen=True, slots=True)
class Forecast:
    """Flags a sample more than ``threshold`` sigmas from its slot's forecast."""

    threshold: float = 5.0
    slot_min: int = 60  # minutes; divides a day
    min_days: float = 2.0
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0
    interval_s: float = 60.0
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("threshold", "min_days", "interval_s"):
            if not getattr(self, name) > 0:  # so that NaN is refused too
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        for name in ("min_abs", "min_rel"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.slot_min < 1 or 1440 % self.slot_min:
            raise ValueError(f"slot_min: expected minutes that divide a day, got {self.slot_min}")
        zone(self.timezone)

    @property
    def slots(self) -> int:
        """Slots a day."""
        return 1440 // self.slot_min

    def fit(self, history: Panel) -> "FittedForecast":
        """Learn from ``history`` as if it had been judged, then find the parameters that fit it best."""
        n = len(history.targets)
        none = np.full(n, NEVER, np.int64)
        rows, daily = np.zeros(n), np.zeros((n, self.slots))
        usual = np.tile(USUAL, (n, 1))
        blank = FittedForecast(
            self, usual, rows, rows, daily, daily, rows, rows, rows, rows, none, none, Spread.blank(n)
        )
        learned = blank.judge(history, np.zeros(history.shape, bool))[1]
        return learned.refit(history) if history.shape[1] else learned


@dataclass(frozen=True, slots=True, eq=False)
class FittedForecast:
    """What was learned of each row: (n,), and (n, slots) of the civil day."""

    config: Forecast
    smoothing: Floats  # (n, 4): of level, trend, season, and the damping of the trend
    level: Floats  # the signal's unit, after the newest finished slot
    trend: Floats  # the signal's unit a slot
    season: Floats  # (n, slots) above the level
    visits: Floats  # (n, slots) on how many days the slot was seen
    error: Floats  # mean absolute error of the forecast for the next slot
    done: Floats  # finished slots
    total: Floats  # of the samples of the slot that is not finished
    count: Floats  # how many
    slot: Times  # its number since 1970; NEVER before the first sample
    newest_ms: Times
    away: Spread  # of samples from their slot's forecast

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedForecast"]:
        """Judge each column by the forecast of its slot, then learn from it."""
        config = self.config
        expected, reach = np.empty(block.shape[::-1]), np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        minute = minute_of_week(block.times, config.timezone) % 1440
        state = _Filter(self)
        for t, x in enumerate(columns):
            expected[t], reach[t] = state.step(x, learn[t], int(block.times[t]), int(minute[t]))
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, state.fitted()

    def refit(self, history: Panel) -> "FittedForecast":
        """The same state with the smoothing parameters that fit ``history`` (same rows) best. Heavy."""
        means = slot_means(history, self.config.slot_min * 60_000)
        smoothing = self.smoothing.copy()
        for row, line in enumerate(means):
            known = np.flatnonzero(np.isfinite(line))
            if len(known) < FIT_DAYS * self.config.slots or len(known) < 0.8 * (known[-1] - known[0] + 1):
                continue
            whole = np.arange(known[0], known[-1] + 1)
            filled = np.interp(whole, known, line[known])
            found = _likeliest(filled.tobytes(), self.config.slots)
            smoothing[row] = smoothing[row] if found is None else found
        return replace(self, smoothing=smoothing)

    def look_ahead(self, horizon_ms: int) -> Ahead:
        """Mean and 80 % interval of the means of the slots that end within ``horizon_ms``."""
        length = self.config.slot_min * 60_000
        now = int(self.slot.max(initial=NEVER))
        steps = np.arange(1, max(int(horizon_ms // length), 0) + 1)
        starts = (now + steps - 1) * length if now >= 0 else steps * length
        behind = np.clip(now - self.slot, 0, self.config.slots)[:, None]
        damping = self.smoothing[:, 3:]
        trend = self.trend[:, None] * damped(damping, steps + behind)
        places = minute_of_week(starts, self.config.timezone) % 1440 // self.config.slot_min
        mean = self.level[:, None] + trend + self.season[:, places]
        sigma = 1.2533 * self.error[:, None] * np.sqrt(self._growth(steps))
        mean = np.where((self.done >= self.config.min_days * self.config.slots)[:, None], mean, np.nan)
        far = NORMAL_80 * sigma
        return Ahead(starts + length // 2, mean, mean - far, mean + far)

    def _growth(self, steps: NDArray[np.int64]) -> Floats:
        """How the variance of the forecast grows with each step, (n, h), 1 at the first."""
        alpha, beta, gamma, damping = (self.smoothing[:, [i]] for i in range(4))
        weight = alpha + beta * damped(damping, steps) + gamma * (steps % self.config.slots == 0)
        return np.asarray(1.0 + np.cumsum(weight**2, axis=1) - weight**2)


class _Filter:
    """The state while a block is learned."""

    def __init__(self, start: FittedForecast) -> None:
        self.start, self.config = start, start.config
        self.alpha, self.beta, self.gamma, self.damping = start.smoothing.T
        self.level, self.trend, self.error, self.done = start.level, start.trend, start.error, start.done
        self.season, self.visits = start.season.copy(), start.visits.copy()
        self.total, self.count, self.slot = start.total, start.count, start.slot
        self.newest_ms = start.newest_ms
        self.length = self.config.slot_min * 60_000
        self.away = Learning(start.away, self.config.threshold, self.config.interval_s, 86_400.0)
        self.open: int = NEVER  # the slot that all rows are in, where that is known
        self.season_now = 0

    def step(self, x: Floats, fresh: Mask, at_ms: int, minute: int) -> tuple[Floats, Floats]:
        """(expected, reach) of one column, both (n,), NaN where too little is known; then learn it."""
        config, number = self.config, at_ms // self.length
        if number != self.open:
            self._turn(number)
        place, part = minute // config.slot_min, (at_ms % self.length) / self.length - 0.5
        self.season_now = place
        beside = (place + (1 if part > 0 else -1)) % config.slots
        here, there = self.season[:, place], self.season[:, beside]
        seen = self.visits[:, beside] > 0
        ahead = self.level + self.damping * self.trend
        expected = ahead + here + abs(part) * np.where(seen, there - here, 0.0)
        edge = self.away.edge()
        known = (self.done >= config.min_days * config.slots) & (self.visits[:, place] > 0)
        answer = np.where(known, expected, np.nan), np.where(known, edge, np.nan)
        off = np.where(fresh, x - expected, 0.0)
        _, cut = self.away.learn(np.abs(off), fresh & (self.done > 0), edge, known)
        self.total = self.total + np.where(fresh, expected + np.clip(off, -cut, cut), 0.0)
        self.count = self.count + fresh
        self.newest_ms = np.where(fresh, at_ms, self.newest_ms)
        return answer

    def _turn(self, number: int) -> None:
        """Finish the slots that are over and carry every row to the start of slot ``number``."""
        ready = (self.count > 0) & (self.slot < number)
        if ready.any():
            self._finish(ready)
        passed = np.where(self.slot == NEVER, 0, np.clip(number - self.slot - 1, 0, self.config.slots))
        for _ in range(int(passed.max(initial=0))):  # slots without a sample
            gone = passed > 0
            self.level = np.where(gone, self.level + self.damping * self.trend, self.level)
            self.trend = np.where(gone, self.damping * self.trend, self.trend)
            passed = passed - 1
        self.slot = np.full(len(self.slot), number)
        self.open = number

    def _finish(self, ready: Mask) -> None:
        mean = np.where(ready, self.total / np.maximum(self.count, 1.0), 0.0)
        first = ready & (self.done == 0)
        place = self._places(ready)
        rows = np.arange(len(mean))
        self.level = np.where(first, mean, self.level)
        season = self.season[rows, place]
        ahead = self.level + self.damping * self.trend
        error = np.where(ready & ~first, mean - ahead - season, 0.0)
        alpha = np.maximum(self.alpha, 1.0 / (self.done + 1.0))
        self.level = np.where(ready & ~first, ahead + alpha * error, self.level)
        self.trend = np.where(ready, self.damping * self.trend + self.beta * error, self.trend)
        visits = self.visits[rows, place] + ready
        gamma = np.maximum(self.gamma, 1.0 / np.maximum(visits, 1.0)) * (1 - alpha)
        self.season[rows, place] += gamma * error
        self.visits[rows, place] = visits
        self.done = self.done + ready
        rate = np.where(ready & (visits > 1), 1.0 / np.clip(self.done, 1.0, 7.0 * self.config.slots), 0.0)
        self.error = self.error + rate * (np.abs(error) - self.error)
        self.total, self.count = np.where(ready, 0.0, self.total), np.where(ready, 0.0, self.count)

    def _places(self, ready: Mask) -> NDArray[np.int64]:
        """The place in the day of the slot that each row is in."""
        starts = np.where(ready, self.slot, 0) * self.length
        return minute_of_week(starts, self.config.timezone) % 1440 // self.config.slot_min

    def fitted(self) -> FittedForecast:
        """The state as a value."""
        return FittedForecast(
            self.config,
            self.start.smoothing,
            self.level,
            self.trend,
            self.season,
            self.visits,
            self.error,
            self.done,
            self.total,
            self.count,
            self.slot,
            self.newest_ms,
            self.away.spread(),
        )


def damped(damping: Floats, steps: NDArray[np.int64]) -> Floats:
    """How far a trend of one carries in so many steps: damping + damping² + ..., (n, h)."""
    still = np.minimum(damping, 1 - 1e-9)
    return np.asarray(still * (1 - still**steps) / (1 - still))


def slot_means(panel: Panel, length_ms: int) -> Floats:
    """(n, slots) means of the whole slots that ``panel`` spans; NaN where a slot has no sample."""
    if not panel.shape[1]:
        return np.empty((panel.shape[0], 0))
    numbers = panel.times // length_ms
    first, last = int(numbers[0]), int(numbers[-1])
    values = readable(panel.values)
    starts = np.searchsorted(numbers, np.arange(first, last + 1))
    inside = np.flatnonzero(np.diff(np.append(starts, len(numbers))) > 0)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts[inside], axis=1)
    count = np.add.reduceat(known.astype(float), starts[inside], axis=1)
    means = np.full((len(values), last - first + 1), np.nan)
    means[:, inside] = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
    return means


@functools.lru_cache(maxsize=4096)
def _likeliest(means: bytes, slots: int) -> tuple[float, float, float, float] | None:
    """The smoothing parameters of greatest likelihood for a whole series of slot means; None: none found."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415 - 100 MB, if used

    line = np.frombuffer(means)
    spread = float(np.std(line))
    if not 0 < spread < 1e15 or spread < 1e-9 * float(np.abs(line).max()):
        return None  # nothing moves, or nothing that arithmetic can follow
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge is seen below
        model = ETSModel(
            (line - line.mean()) / spread,
            error="add",
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=slots,
            initialization_method="heuristic",
        )
        try:
            found = dict(zip(model.param_names, model.fit(disp=False, maxiter=100).params, strict=True))
        except (ValueError, np.linalg.LinAlgError):
            return None
    names = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")
    smoothing = tuple(float(found[name]) for name in names)
    good = all(np.isfinite(smoothing)) and min(smoothing) >= 0 and max(smoothing) <= 1
    return (smoothing[0], smoothing[1], smoothing[2], smoothing[3]) if good else None

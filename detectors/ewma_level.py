"""EWMA level: is a sample far from where the series has been of late?

Centre and spread are exponentially weighted; the band is as wide as what the series usually does and what it
does now and then (``aiops.model.spread``). Samples count at most as far as the edge of the band, so one
bad sample bends nothing; the longer a series stays outside, the wider that edge opens, so that a new level
is learned after about half of ``memory_s`` and nothing is locked out for ever. Sees spikes and level shifts
at once; blind to seasons (their swing widens the band) and to drift slower than its memory.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is ``threshold`` sigmas from the level, or as far as the
         series goes now and then.
Errors:  none while judging; INCONCLUSIVE before ``min_samples`` and in gaps.
Cost:    O(n) a column, about 35 array operations; 48 bytes of state a series.
Source:  S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics, 1959; samples
         cut at the band after P. J. Huber, "Robust Estimation of a Location Parameter", 1964.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import around, readable
from aiops.model.spread import Learning, Spread


@dataclass(frozen=True, slots=True)
class EwmaLevel:
    """Flags a sample more than ``threshold`` sigmas from the recent level."""

    threshold: float = 6.0  # metrics have heavier tails than a normal spread
    memory_s: float = 86_400.0  # a day, so that the whole of a daily swing is in the spread
    min_samples: int = 30
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0
    interval_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("threshold", "memory_s", "interval_s"):
            if not getattr(self, name) > 0:  # so that NaN is refused too
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        for name in ("min_abs", "min_rel"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.min_samples < 2:
            raise ValueError(f"min_samples: expected 2 or more, got {self.min_samples}")

    def fit(self, history: Panel) -> "FittedEwmaLevel":
        """Learn from ``history`` as if it had been judged."""
        n = len(history.targets)
        blank = FittedEwmaLevel(self, np.zeros(n), Spread.blank(n))
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedEwmaLevel:
    """What was learned of each row."""

    config: EwmaLevel
    level: Floats  # (n,) the signal's unit
    away: Spread  # distances from the level

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedEwmaLevel"]:
        """Judge each column by the level before it, then learn from it."""
        config, level = self.config, self.level
        spread = Learning(self.away, config.threshold, config.interval_s, config.memory_s)
        expected = np.empty(block.shape[::-1])
        reach = np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        for t, x in enumerate(columns):
            expected[t] = level
            known = spread.seen >= config.min_samples
            edge = spread.edge()
            reach[t] = np.where(known, edge, np.nan)
            fresh = learn[t]
            level = np.where(spread.seen > 0, level, np.where(fresh, x, level))  # begin at the first sample
            away = np.where(fresh, x - level, 0.0)
            _, cut = spread.learn(np.abs(away), fresh, edge, known)
            rate = fresh / np.clip(spread.seen, 1.0, spread.window)
            level = level + rate * np.clip(away, -cut, cut)
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, FittedEwmaLevel(config, level, spread.spread())

"""EWMA level: is a sample far from where the series has been of late?

Centre and spread are exponentially weighted. Samples count at most as far as the edge of the band, so one
bad sample bends nothing; the longer a series stays outside, the wider that edge opens, so that a new level
is learned after about half of ``memory_s`` and nothing is locked out for ever. Sees spikes and level shifts
at once; blind to seasons (their swing widens the band) and to drift slower than its memory.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is ``threshold`` sigmas from the level.
Errors:  none while judging; INCONCLUSIVE before ``min_samples`` and in gaps.
Cost:    O(n) a column, about 20 array operations; 32 bytes of state a series.
Source:  S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics, 1959; samples
         cut at the band after P. J. Huber, "Robust Estimation of a Location Parameter", 1964.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import MEAN_AWAY_TO_SIGMA, around, readable


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

    @property
    def window(self) -> float:
        """The memory in samples; a hundred at least, so that the spread is known."""
        return max(self.memory_s / self.interval_s, 100.0)

    def fit(self, history: Panel) -> "FittedEwmaLevel":
        """Learn from ``history`` as if it had been judged."""
        blank = FittedEwmaLevel(self, *(np.zeros(len(history.targets)) for _ in range(4)))
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedEwmaLevel:
    """Level and spread of each series, (n,) in the signal's unit; ``seen`` samples, ``out`` in a row."""

    config: EwmaLevel
    level: Floats
    spread: Floats  # mean absolute distance from the level
    seen: Floats  # samples learned from, at most the memory
    out: Floats  # how long outside the band; shrinks slowly inside

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedEwmaLevel"]:
        """Judge each column by the level before it, then learn from it."""
        config = self.config
        level, spread, seen, out = self.level, self.spread, self.seen, self.out
        expected = np.empty(block.shape[::-1])
        reach = np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        for t, x in enumerate(columns):
            expected[t] = level
            edge = reach[t] = config.threshold * MEAN_AWAY_TO_SIGMA * spread
            reach[t, seen < config.min_samples] = np.nan
            fresh = learn[t]
            young = seen < config.min_samples
            away = np.where(fresh, x - level, 0.0)
            size = np.abs(away)
            outside = (size > edge) & ~young
            cut = np.where(young, np.inf, edge * np.exp2(np.minimum(out * (8 / config.window), 60.0)) + 1e-12)
            seen = np.minimum(seen + fresh, config.window)
            rate = np.where(fresh, 1.0 / np.maximum(seen, 1.0), 0.0)
            level = level + rate * np.clip(away, -cut, cut)
            spread = spread + rate * (np.minimum(size, cut) - spread)
            out = np.where(fresh, np.where(outside, out + 1.0, np.maximum(out - 0.02, 0.0)), out)
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, FittedEwmaLevel(config, level, spread, seen, out)

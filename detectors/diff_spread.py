"""Change over its own spread: did the series just jump further than it ever does?

The absolute difference to the sample before, over the exponentially weighted mean of such differences. Sees
spikes, drops and the first sample of a level shift, whatever the season and the level; blind to everything
slow and to the rest of a shift.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is a change of ``threshold`` sigmas of the usual changes.
Errors:  none while judging; INCONCLUSIVE before ``min_samples`` and in gaps.
Cost:    O(n) a column, about 20 array operations; 32 bytes of state a series.
Source:  J. von Neumann et al., "The Mean Square Successive Difference", Ann. of Math. Statistics, 1941.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import MEAN_AWAY_TO_SIGMA, around, readable


@dataclass(frozen=True, slots=True)
class DiffSpread:
    """Flags a change more than ``threshold`` sigmas of the usual changes."""

    threshold: float = 8.0  # changes have heavier tails than levels
    memory_s: float = 86_400.0
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

    def fit(self, history: Panel) -> "FittedDiffSpread":
        """Learn from ``history`` as if it had been judged."""
        n = len(history.targets)
        blank = FittedDiffSpread(self, np.full(n, np.nan), np.zeros(n), np.zeros(n), np.zeros(n))
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedDiffSpread:
    """What was learned, (n,) each."""

    config: DiffSpread
    last: Floats  # the newest sample
    spread: Floats  # mean absolute change, the signal's unit
    seen: Floats  # changes learned from, at most the memory
    out: Floats  # how often of late the change was outside

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedDiffSpread"]:
        """Judge each column by its change from the one before, then learn from it."""
        config = self.config
        last, spread, seen, out = self.last, self.spread, self.seen, self.out
        expected = np.empty(block.shape[::-1])
        reach = np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        for t, x in enumerate(columns):
            expected[t] = last
            young = seen < config.min_samples
            edge = reach[t] = config.threshold * MEAN_AWAY_TO_SIGMA * spread
            reach[t, young] = np.nan
            fresh = learn[t]
            known = fresh & ~np.isnan(last)
            size = np.where(known, np.abs(x - last), 0.0)
            outside = (size > edge) & ~young
            cut = np.where(young, np.inf, edge * np.exp2(np.minimum(out * (8 / config.window), 60.0)) + 1e-12)
            seen = np.minimum(seen + known, config.window)
            rate = np.where(known, 1.0 / np.maximum(seen, 1.0), 0.0)
            spread = spread + rate * (np.minimum(size, cut) - spread)
            out = np.where(known, np.where(outside, out + 1.0, np.maximum(out - 0.02, 0.0)), out)
            last = np.where(fresh, x, last)
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, FittedDiffSpread(config, last, spread, seen, out)

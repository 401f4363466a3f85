"""Change over its own spread: did the series just jump further than it ever does?

The absolute difference to the sample before, over the exponentially weighted mean of such differences and
what they reach now and then (``aiops.model.spread``). Sees spikes, drops and the first sample of a level
shift, whatever the season and the level; blind to everything slow and to the rest of a shift.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` 1 is a change of ``threshold`` sigmas of the usual changes, or as
         far as they go now and then.
Errors:  none while judging; INCONCLUSIVE before ``min_samples`` and in gaps.
Cost:    O(n) a column, about 35 array operations; 48 bytes of state a series.
Source:  J. von Neumann et al., "The Mean Square Successive Difference", Ann. of Math. Statistics, 1941.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import around, readable
from aiops.model.spread import Learning, Spread


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

    def fit(self, history: Panel) -> "FittedDiffSpread":
        """Learn from ``history`` as if it had been judged."""
        n = len(history.targets)
        blank = FittedDiffSpread(self, np.full(n, np.nan), Spread.blank(n))
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedDiffSpread:
    """What was learned of each row."""

    config: DiffSpread
    last: Floats  # (n,) the newest sample
    changes: Spread

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedDiffSpread"]:
        """Judge each column by its change from the one before, then learn from it."""
        config, last = self.config, self.last
        changes = Learning(self.changes, config.threshold, config.interval_s, config.memory_s)
        expected = np.empty(block.shape[::-1])
        reach = np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        for t, x in enumerate(columns):
            expected[t] = last
            known = changes.seen >= config.min_samples
            edge = changes.edge()
            reach[t] = np.where(known, edge, np.nan)
            size = np.abs(x - last)
            fresh = learn[t] & (size >= 0)
            changes.learn(np.where(fresh, size, 0.0), fresh, edge, known)
            last = np.where(learn[t], x, last)
        verdicts = around(block.values, expected.T, reach.T, config.direction, config.min_abs, config.min_rel)
        return verdicts, FittedDiffSpread(config, last, changes.spread())

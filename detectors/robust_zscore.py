"""Robust z-score: is a sample far from the median of its recent past?

Centre and spread are the median and the MAD of the newest ``window`` samples, so almost half of them may be
bad before the yardstick bends, and a new level is the new normal once it fills half of the window. Sees
spikes and level shifts; blind to seasons and to slow drift.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` has no unit: 0 at the median, 1 at the edge of the band.
Errors:  none while judging; what cannot be judged is INCONCLUSIVE, never NORMAL.
Cost:    judge O(n) a column, and a sort of the window every ``REFRESH`` samples; 5.8 kB of state a series.
Source:  B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", ASQC, 1993.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import around, readable

MAD_TO_SIGMA = 1.4826  # makes the MAD of normally spread data equal its standard deviation
REFRESH = 30  # samples between two looks at the median, which moves slowly


@dataclass(frozen=True, slots=True)
class RobustZScore:
    """Flags a sample more than ``threshold`` robust sigmas from the median."""

    threshold: float = 3.5  # the source's own cut-off
    min_samples: int = 30  # a shorter past is inconclusive
    window: int = 720  # samples that are remembered: half a day of minutes
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0

    def __post_init__(self) -> None:
        if not self.threshold > 0:  # so that NaN is refused too
            raise ValueError(f"threshold: expected a number above 0, got {self.threshold}")
        for name in ("min_abs", "min_rel"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.min_samples < 2:
            raise ValueError(f"min_samples: expected 2 or more, got {self.min_samples}")
        if self.window < self.min_samples:
            raise ValueError(f"window: expected min_samples ({self.min_samples}) or more, got {self.window}")

    def fit(self, history: Panel) -> "FittedRobustZScore":
        """Learn centre and reach of the newest samples of each series of ``history``."""
        values = readable(history.values)
        n = len(values)
        recent, seen = np.full((n, self.window), np.nan), np.isfinite(values).sum(axis=1)
        for row, line in enumerate(values):
            kept = line[np.isfinite(line)][-self.window :]
            recent[row, (seen[row] - len(kept) + np.arange(len(kept))) % self.window] = kept
        unknown = np.full(n, np.nan)
        blank = FittedRobustZScore(self, recent, seen.astype(np.int64), unknown, unknown)
        centre, reach = blank.centre.copy(), blank.reach.copy()
        enough = np.flatnonzero(seen >= self.min_samples)
        centre[enough], reach[enough] = self.yardstick(recent[enough])
        return FittedRobustZScore(self, recent, blank.seen, centre, reach)

    def yardstick(self, recent: Floats) -> tuple[Floats, Floats]:
        """(centre, reach) of rows of ``recent`` samples, each with at least one."""
        if not len(recent):
            return np.empty(0), np.empty(0)
        centre = np.nanmedian(recent, axis=1)
        return centre, self.threshold * MAD_TO_SIGMA * np.nanmedian(np.abs(recent - centre[:, None]), axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class FittedRobustZScore:
    """What was learned of each row (n,); centre and reach are NaN where too little was seen."""

    detector: RobustZScore
    recent: Floats  # (n, window) the newest samples; sample number i is in column i % window
    seen: NDArray[np.int64]  # samples learned from
    centre: Floats  # the signal's unit
    reach: Floats  # the signal's unit: from the centre to the edge of the band

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedRobustZScore"]:
        """Judge each column by the yardstick before it, then remember it. The median may learn even from
        what is anomalous: until half of the window is bad it does not bend."""
        detector = self.detector
        recent, seen = self.recent.copy(), self.seen.copy()
        centre, reach = self.centre.copy(), self.reach.copy()
        expected, reached = np.empty(block.shape[::-1]), np.empty(block.shape[::-1])
        columns = np.ascontiguousarray(readable(block.values).T)
        learn = np.isfinite(columns) & ~hold.T
        for t, x in enumerate(columns):
            expected[t], reached[t] = centre, reach
            fresh = np.flatnonzero(learn[t])
            recent[fresh, seen[fresh] % detector.window] = x[fresh]
            seen[fresh] += 1
            due = fresh[(seen[fresh] % REFRESH == 0) | (seen[fresh] == detector.min_samples)]
            due = due[seen[due] >= detector.min_samples]
            centre[due], reach[due] = detector.yardstick(recent[due])
        verdicts = around(
            block.values, expected.T, reached.T, detector.direction, detector.min_abs, detector.min_rel
        )
        return verdicts, FittedRobustZScore(detector, recent, seen, centre, reach)

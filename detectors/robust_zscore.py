"""Robust z-score: is a sample far from the median of its history?

Centre and spread are the median and the MAD, so almost half of the history may be bad before the
yardstick bends. Sees spikes and level shifts; blind to seasons and to slow drift.

Input:   a Panel, values of shape (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts of shape (n, t); ``score`` has no unit: 0 at the median, 1 at the edge of the band.
Errors:  none while judging; what cannot be judged is INCONCLUSIVE, never NORMAL.
Cost:    fit O(n t log t), judge O(n t); 16 bytes of state a series.
Source:  B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", ASQC, 1993.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Floats, Mask, Panel, Verdicts

MAD_TO_SIGMA = 1.4826  # makes the MAD of normally spread data equal its standard deviation


@dataclass(frozen=True, slots=True)
class RobustZScore:
    """Flags a sample more than ``threshold`` robust sigmas from the median."""

    threshold: float = 3.5  # the source's own cut-off
    min_samples: int = 30  # a shorter history is inconclusive

    def __post_init__(self) -> None:
        if not self.threshold > 0:  # so that NaN is refused too
            raise ValueError(f"threshold: expected a number above 0, got {self.threshold}")
        if self.min_samples < 2:
            raise ValueError(f"min_samples: expected 2 or more, got {self.min_samples}")

    def fit(self, history: Panel) -> "FittedRobustZScore":
        """Learn centre and reach of each series of ``history``."""
        values = np.where(np.isfinite(history.values), history.values, np.nan)
        enough = np.isfinite(values).sum(axis=1) >= self.min_samples
        centre = np.full(len(values), np.nan)
        reach = np.full(len(values), np.nan)
        if enough.any():
            centre[enough] = np.nanmedian(values[enough], axis=1)
            away = np.abs(values[enough] - centre[enough, None])
            reach[enough] = self.threshold * MAD_TO_SIGMA * np.nanmedian(away, axis=1)
        return FittedRobustZScore(centre, np.where(reach > 0, reach, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class FittedRobustZScore:
    """What was learned: one centre and one reach a series, NaN where nothing could be."""

    centre: Floats  # (n,), the signal's unit
    reach: Floats  # (n,), the signal's unit: from the centre to the edge of the band

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedRobustZScore"]:  # noqa: ARG002
        """Judge every sample of ``block``; nothing is learned here, so ``hold`` changes nothing."""
        centre, reach = self.centre[:, None], self.reach[:, None]
        score = np.abs(block.values - centre) / reach
        return Verdicts.of(score, centre - reach, centre + reach), self

"""Absence: has a series vanished that used to be there?

A target that stops reporting is not healthy. A series that is sparse by nature is left alone, and when many
vanish together it is we who are blind, not they who are gone: then nothing is said (M2). With fewer than four
series that is always so: use a condition of Kubernetes for those.

Input:   a Panel, values (n, t), NaN where there is no sample. Rows are those of one scope.
Output:  Verdicts (n, t); ``score`` is 0 where there is a sample, else the samples missed in a row over
         ``after``. Missing is never NORMAL: INCONCLUSIVE until it is an anomaly.
Errors:  none while judging.
Cost:    judge O(n) a column where anything is missing, else O(n) a block; 42 bytes of state a series.
Source:  Prometheus, "Staleness" and ``absent_over_time``; B. Beyer et al., "The Site Reliability Workbook",
         O'Reilly, 2018, on monitoring that fails silently.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aiops.model import Floats, Mask, Panel, Status, Verdicts

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Absence:
    """Flags a series, there in ``share`` of its samples, that missed ``after`` in a row and ``for_s``."""

    judges_gaps: ClassVar[bool] = True  # what is missing is its very subject
    after: int = 5  # samples missed in a row
    for_s: int = 0  # and for at least so long
    share: float = 0.9  # there less often: sparse by nature, not judged
    min_samples: int = 30  # a series seen less often is too new to be missed
    memory: int = 500  # samples after which what was there is half forgotten
    blind_share: float = 0.3  # as many or more gone at once: blind
    forget_s: float = 86_400.0  # gone for longer: no longer expected
    interval_s: float = 15.0

    def __post_init__(self) -> None:
        for name in ("after", "min_samples", "memory"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, got {getattr(self, name)}")
        for name in ("share", "blind_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a share above 0 up to 1, got {getattr(self, name)}")
        for name in ("forget_s", "interval_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected seconds above 0, got {getattr(self, name)}")
        if not self.for_s >= 0:
            raise ValueError(f"for_s: expected 0 or more seconds, got {self.for_s}")

    @property
    def needed(self) -> int:
        """Samples missed in a row that make an anomaly."""
        return max(self.after, int(np.ceil(self.for_s / self.interval_s)))

    def fit(self, history: Panel) -> "FittedAbsence":
        """Learn which series are regularly there."""
        rows = len(history.targets)
        none = np.zeros(rows, np.int64)
        no = np.zeros(rows, bool)
        blank = FittedAbsence(self, np.zeros(rows), np.zeros(rows), none, none, no, no)
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedAbsence:
    """What is known of each row (n,)."""

    detector: Absence
    there: Floats  # weight of the samples that were there, newer ones weigh more
    weight: Floats  # weight of all samples, 0 at first and soon 1
    seen: Counts  # samples that were there
    missed: Counts  # in a row, up to now
    expected: NDArray[np.bool_]  # whether it was regularly there when it was last there
    blind: NDArray[np.bool_]  # whether it went together with many

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedAbsence"]:
        """Judge every sample of ``block``; what is on hold changes no state."""
        present = ~np.isnan(block.values)
        score = np.full(block.shape, np.nan)
        eventful = np.flatnonzero((~present | hold).any(axis=0))
        state, column = self, 0
        for stop in [*eventful.tolist(), block.shape[1]]:
            if stop > column:  # all there: one step for all columns
                state = state._all_there(score[:, column:stop])
            if stop < block.shape[1]:
                score[:, stop], state = state._step(present[:, stop], hold[:, stop])
            column = stop + 1
        score[np.isinf(block.values)] = np.nan
        status = np.where(score >= 1, Status.ANOMALY, Status.NORMAL).astype(np.uint8)
        status[np.isnan(score) | (~present & (score < 1))] = Status.INCONCLUSIVE
        nothing = np.full(score.shape, np.nan)
        return Verdicts(status, score, nothing, nothing), state

    def _all_there(self, score: Floats) -> "FittedAbsence":
        """Every row is there in every column of ``score`` (n, t), which is filled in."""
        columns = score.shape[1]
        judged = self.seen[:, None] + np.arange(columns) >= self.detector.min_samples
        score[judged] = 0.0
        decay = 0.5 ** (columns / self.detector.memory)
        there, weight = 1 - (1 - self.there) * decay, 1 - (1 - self.weight) * decay
        seen = self.seen + columns
        return self._after(there, weight, seen, np.zeros_like(seen), np.zeros(len(seen), bool))

    def _step(self, present: NDArray[np.bool_], hold: NDArray[np.bool_]) -> tuple[Floats, "FittedAbsence"]:
        """One column: its scores (n,) and the state after it."""
        detector = self.detector
        missed = np.where(present, 0, self.missed + ~hold)
        gone = self.expected & ~present
        lately = gone & (missed > 0) & (missed <= 2 * detector.needed)
        blind_now = lately.sum() >= detector.blind_share * max(int(self.expected.sum()), 1)
        blind = ~present & (self.blind | (lately & blind_now & (missed >= detector.needed)))
        score = np.where(present & (self.seen >= detector.min_samples), 0.0, np.nan)
        judged = gone & ~blind & (missed * detector.interval_s <= detector.forget_s)
        score[judged] = missed[judged] / detector.needed
        missed, blind = np.where(hold, self.missed, missed), np.where(hold, self.blind, blind)
        decay = 0.5 ** (1 / detector.memory)
        skip = hold | (gone & (missed >= detector.needed))  # an outage does not make a series sparse
        there = np.where(skip, self.there, present + (self.there - present) * decay)
        weight = np.where(skip, self.weight, 1 - (1 - self.weight) * decay)
        return score, self._after(there, weight, self.seen + (present & ~hold), missed, blind)

    def _after(
        self, there: Floats, weight: Floats, seen: Counts, missed: Counts, blind: NDArray[np.bool_]
    ) -> "FittedAbsence":
        regular = (there >= self.detector.share * weight) & (seen >= self.detector.min_samples)
        forgotten = missed * self.detector.interval_s > self.detector.forget_s
        expected = np.where(missed > 0, self.expected & ~forgotten, regular)
        return FittedAbsence(self.detector, there, weight, seen, missed, expected, blind)

"""Kubernetes state: has a condition of 1 lasted for long enough?

Judges panels of 0 and 1 made of cluster facts: crash looping, OOM killed, image pull back-off, not ready,
rollout stuck, pod pending, HPA at its maximum. Many of them come and go by design (a pod is pending for some
seconds), so one must last. Blind to how often a short one comes back: that is for the restarts signal.

Input:   a Panel, values (n, t): above 0 the condition holds, else it does not; NaN for not known.
Output:  Verdicts (n, t); ``score`` is how long it has lasted in units of ``for_s``; the band is 0 to 0.
Errors:  none while judging; not known is INCONCLUSIVE, never NORMAL.
Cost:    judge O(n t); 17 bytes of state a series.
Source:  the ``for`` of an alerting rule, Prometheus documentation, "Alerting rules".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import Mask, Panel, Times, Verdicts

LOUDEST = 1e6
NEVER = np.iinfo(np.int64).min // 2  # ms UTC; half, so that differences do not overflow


@dataclass(frozen=True, slots=True)
class KubernetesState:
    """Flags a condition that has held for ``for_s`` seconds or more."""

    for_s: int = 0  # 0: its first sample is an anomaly
    gap_s: float = 600.0  # not known for longer: it may have been gone meanwhile, count afresh

    def __post_init__(self) -> None:
        if not self.for_s >= 0:
            raise ValueError(f"for_s: expected 0 or more seconds, got {self.for_s}")
        if not self.gap_s > 0:
            raise ValueError(f"gap_s: expected seconds above 0, got {self.gap_s}")

    def fit(self, history: Panel) -> "FittedKubernetesState":
        """Learn which conditions hold at the end of ``history``, and since when."""
        rows = len(history.targets)
        never = np.full(rows, NEVER, np.int64)
        blank = FittedKubernetesState(self, np.zeros(rows, bool), never, never)
        return blank.judge(history, np.zeros(history.shape, bool))[1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedKubernetesState:
    """What was last known of each row (n,)."""

    detector: KubernetesState
    holds: NDArray[np.bool_]  # the newest known sample
    known_ms: Times  # its time; NEVER before the first
    since_ms: Times  # since when the condition holds, where it does

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedKubernetesState"]:
        """Judge every sample of ``block``. What is on hold neither begins nor ends anything."""
        known = np.isfinite(block.values)
        bad = known & (block.values > 0)
        score = np.where(known, 0.0, np.nan)
        busy = np.flatnonzero(bad.any(axis=1) | self.holds)  # few: a calm row has nothing to follow
        lasted, state = self._follow(busy, block.times, bad[busy], (known & ~hold)[busy])
        for_ms = 1000.0 * self.detector.for_s
        units = np.minimum(lasted / for_ms, LOUDEST) if for_ms else np.ones(lasted.shape)
        score[busy] = np.where(bad[busy], units, score[busy])
        zero = np.zeros(score.shape)
        return Verdicts.of(score, zero, zero), state

    def _follow(
        self, busy: NDArray[np.intp], block_times: Times, bad: Mask, told: Mask
    ) -> tuple[Times, "FittedKubernetesState"]:
        """How long, in ms (busy, t), the condition has held; ``told`` samples change the state."""
        rows, columns = bad.shape
        # Column 0 stands for what was known before the block.
        times = np.empty((rows, columns + 1), np.int64)
        times[:, 0], times[:, 1:] = self.known_ms[busy], block_times
        since = times.copy()
        since[:, 0] = self.since_ms[busy]
        bad, told = np.c_[self.holds[busy], bad], np.c_[np.ones(rows, bool), told]
        index = np.arange(columns + 1)
        newest = np.maximum.accumulate(np.where(told, index, 0), axis=1)
        before = np.c_[np.zeros(rows, np.intp), newest[:, :-1]]
        goes_on = np.take_along_axis(bad, before, 1)
        goes_on &= times - np.take_along_axis(times, before, 1) <= 1000 * self.detector.gap_s
        begins = told & bad & ~goes_on
        since = np.take_along_axis(since, np.maximum.accumulate(np.where(begins, index, 0), axis=1), 1)
        lasted: Times = np.where(goes_on | begins, times - since, 0)[:, 1:]
        holds, known_ms, since_ms = self.holds.copy(), self.known_ms.copy(), self.since_ms.copy()
        holds[busy] = np.take_along_axis(bad, newest[:, -1:], 1)[:, 0]
        known_ms[busy] = np.take_along_axis(times, newest[:, -1:], 1)[:, 0]
        since_ms[busy] = since[:, -1]
        return lasted, FittedKubernetesState(self.detector, holds, known_ms, since_ms)

"""Ease: verdicts as the adjustments in force see them: what is expected is normal, all else stays as it was.

One place, between a detector's verdict and the run it may begin (``aiops.core.detect``): so what is raised,
how it clears, and whether a fix helped are judged alike. What was learned is not touched, and neither is a
sample that is farther out than expected: it keeps its score. What could not be judged stays inconclusive.

Input:   a Panel and its Verdicts (n, t), of one signal by one detector.
Output:  Verdicts of the same shape. Block or column by column: the same.
Cost:    one look-up where there is no adjustment; O(t) an adjustment otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aiops.core.calendar import window_mask
from aiops.core.feedback import Adjustment, Kind
from aiops.model import Direction, Panel, Status, Verdicts

INSIDE = float(np.nextafter(1.0, 0.0))  # the highest score that is normal


@dataclass(frozen=True, slots=True)
class Easing:
    """Adjustments by (signal, detector). One that is over still counts for the samples of its time."""

    of: Mapping[tuple[str, str], tuple[Adjustment, ...]] = field(default_factory=dict)

    @classmethod
    def by(cls, adjustments: Iterable[Adjustment]) -> "Easing":
        """An easing by ``adjustments``; what is only proposed eases nothing."""
        found: dict[tuple[str, str], tuple[Adjustment, ...]] = {}
        for one in adjustments:
            if not one.proposed:
                key = one.signal, one.detector
                found[key] = (*found.get(key, ()), one)
        return cls(found)

    def ease(self, signal: str, detector: str, panel: Panel, verdicts: Verdicts) -> Verdicts:
        """``verdicts`` on ``panel`` by ``detector``, with what is expected of ``signal`` taken as normal."""
        mine = self.of.get((signal, detector))
        if not mine or not panel.shape[1]:
            return verdicts
        rows = {target: row for row, target in enumerate(panel.targets)}
        status, score = verdicts.status.copy(), verdicts.score.copy()
        for one in mine:
            row = rows.get(one.target)
            if row is None:
                continue
            expected = _expected(one, panel, verdicts, row)
            status[row, expected] = Status.NORMAL
            eased = score[row, expected] / max(one.factor, 1.0)
            score[row, expected] = np.minimum(eased, INSIDE)
        return replace(verdicts, status=status, score=score)


def _expected(one: Adjustment, panel: Panel, verdicts: Verdicts, row: int) -> NDArray[np.bool_]:
    """(t,) where ``one`` says that the sample is expected."""
    values, score = panel.values[row], verdicts.score[row]
    bad = verdicts.anomalous[row] & np.isfinite(values)
    in_force = (panel.times >= one.from_ms) & (panel.times < one.until_ms)
    down, below = one.direction is Direction.DOWN, values < verdicts.low[row]
    expected: NDArray[np.bool_] = bad & in_force & (below if down else ~below)
    if not expected.any():
        return expected
    if one.kind is Kind.WIDEN:
        expected &= score < one.factor
    elif one.window is None or one.ceiling is None:
        expected[:] = False
    else:
        expected &= values >= one.ceiling if down else values <= one.ceiling
        expected &= score < (np.inf if one.below is None else one.below)
        expected &= window_mask(one.window, panel.times)
    return expected

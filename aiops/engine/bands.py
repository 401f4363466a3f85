"""Bands: what was expected of every sample of a replay, kept so that an incident can be shown.

float32 and one byte a verdict: 13 bytes a sample beside the recording itself.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aiops.model import Panel, Plot, Signal, Target, Verdicts


class Band:
    """What one detector said of one signal, block after block; rows are those of the recording's panel."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        shape = panel.shape
        self._rows = {target: row for row, target in enumerate(panel.targets)}
        self.low: NDArray[np.float32] = np.full(shape, np.nan, np.float32)
        self.high: NDArray[np.float32] = np.full(shape, np.nan, np.float32)
        self.score: NDArray[np.float32] = np.full(shape, np.nan, np.float32)
        self.anomalous: NDArray[np.bool_] = np.zeros(shape, bool)

    def keep(self, block: Panel, verdicts: Verdicts) -> None:
        """Remember the verdicts of ``block``, whose rows may be in another order."""
        start = int(np.searchsorted(self.panel.times, block.times[0])) if block.shape[1] else 0
        span = slice(start, start + block.shape[1])
        mine = np.array([self._rows[target] for target in block.targets if target in self._rows], np.intp)
        theirs = np.array([row for row, t in enumerate(block.targets) if t in self._rows], np.intp)
        with np.errstate(over="ignore"):  # 1e308 becomes an infinity in float32, which is all a plot needs
            self.low[mine, span] = verdicts.low[theirs]
            self.high[mine, span] = verdicts.high[theirs]
            self.score[mine, span] = verdicts.score[theirs]
        self.anomalous[mine, span] = verdicts.anomalous[theirs]

    def plot(self, signal: Signal, target: Target, start_ms: int, end_ms: int) -> Plot | None:
        """The window of ``target``; None where it has no samples there."""
        row = self._rows.get(target)
        first, last = (int(at) for at in np.searchsorted(self.panel.times, [start_ms, end_ms]))
        if row is None or first == last or not np.isfinite(self.panel.values[row, first:last]).any():
            return None
        span = slice(first, last)
        return Plot(
            target=target,
            signal=signal.name,
            unit=signal.unit,
            direction=signal.direction,
            times=self.panel.times[span],
            values=self.panel.values[row, span],
            low=self.low[row, span].astype(np.float64),
            high=self.high[row, span].astype(np.float64),
            anomalous=self.anomalous[row, span],
        )


Bands = Mapping[tuple[str, str], Band]  # by signal and detector

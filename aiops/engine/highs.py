"""Highs: how high each series with a limit has been of late, kept in step with targets that come and go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aiops.core import rows
from aiops.core.lookahead import Peaks, upward
from aiops.model import Floats, Mask, Panel, Signal, Target


@dataclass(slots=True)
class Highs:
    """The peaks of one signal. Not thread-safe: one tick at a time."""

    signal: Signal
    targets: tuple[Target, ...] = ()
    peaks: Peaks = field(default_factory=lambda: Peaks.blank(0))
    learned_ms: int = 0

    def learn(self, panel: Panel) -> None:
        """Learn the columns of ``panel`` that are newer than what was learned; new targets join blank."""
        panel = panel.between(self.learned_ms + 1, 1 << 62)
        known = set(self.targets)
        new = tuple(target for target in panel.targets if target not in known)
        if new:
            self.peaks = rows.join([self.peaks, Peaks.blank(len(new))])
            self.targets += new
        if panel.shape[1]:
            values = upward(panel.reindex(self.targets).values, self.signal.direction)
            self.peaks = self.peaks.learn(panel.times, values)
            self.learned_ms = int(panel.times[-1])

    def highest(self, before_ms: int, targets: Sequence[Target]) -> Floats:
        """How high ``targets`` were before, ``upward``; NaN where that is not known for long enough."""
        at = {target: row for row, target in enumerate(self.targets)}
        index = np.array([at.get(target, -1) for target in targets], np.intp)
        best = np.append(self.peaks.highest(before_ms), np.nan)
        return best[index]

    def forget(self, keep: Mask) -> None:
        """Drop the rows where ``keep`` (n,) is false (M5)."""
        index = np.flatnonzero(keep)
        if len(index) < len(self.targets):
            self.peaks = rows.take(self.peaks, index)
            self.targets = tuple(self.targets[row] for row in index)

    def pack(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """(arrays, meta) that ``unpack`` restores from; empty before the first panel."""
        if not self.learned_ms:
            return {}, {}
        arrays, meta = rows.pack(self.peaks)
        targets = [[one.kind, one.namespace, one.name, one.cluster] for one in self.targets]
        return arrays, {"learned_ms": self.learned_ms, "targets": targets, "peaks": meta}

    def unpack(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Restore what ``pack`` gave; ValueError where it does not fit."""
        targets = tuple(Target(*parts) for parts in meta["targets"])
        self.peaks = rows.unpack(Peaks.blank(len(targets)), arrays, meta["peaks"])
        self.targets, self.learned_ms = targets, int(meta["learned_ms"])

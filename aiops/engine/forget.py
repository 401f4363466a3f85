"""Forget: which targets are gone for so long that what was learned of them is dropped (M5).

A target that left is kept for ``LEFT_MS``, since it may come back and its absence must be noticed. Where
labels churn so fast that there would be too many rows, those gone for longest go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aiops.model import Panel, Target

LEFT_MS = 2 * 86_400_000


@dataclass(slots=True)
class Forget:
    """When each target of each signal was last there. O(targets) a panel whose targets changed, else O(1)."""

    seen: dict[str, dict[Target, int]] = field(default_factory=dict)
    _newest: dict[str, tuple[Panel, int]] = field(default_factory=dict)

    def saw(self, panels: Mapping[str, Panel], now_ms: int) -> None:
        """Note a tick's panels; they are read when their targets change, or when asked."""
        for signal, panel in panels.items():
            before = self._newest.get(signal)
            if before is not None and before[0].targets != panel.targets:
                self._settle(signal)
            self._newest[signal] = (panel, now_ms)

    def _settle(self, signal: str) -> None:
        panel, at_ms = self._newest[signal]
        there = np.flatnonzero(np.isfinite(panel.values).any(axis=1)) if panel.shape[1] else ()
        self.seen.setdefault(signal, {}).update((panel.targets[row], at_ms) for row in there)

    def keep(self, now_ms: int, most: int) -> dict[str, frozenset[Target]]:
        """Targets to keep, by signal: about ``most`` in all, the latest seen. Empty before the first tick."""
        for signal in self._newest:
            self._settle(signal)
        edge_ms = now_ms - LEFT_MS
        total = sum(len(ages) for ages in self.seen.values())
        if total > most:
            times = np.array([at for ages in self.seen.values() for at in ages.values()])
            edge_ms = max(edge_ms, int(np.partition(times, total - most)[total - most]) - 1)
        for signal, ages in self.seen.items():
            self.seen[signal] = {target: at for target, at in ages.items() if at > edge_ms}
        return {signal: frozenset(ages) for signal, ages in self.seen.items()}

"""Window: the newest samples of each signal, kept for root cause, look-ahead and explanations.

A time-major ring of float32 a signal: writing a column touches one stretch of memory, which is what makes a
tick cheap. ``Recorded`` offers the same reading over the panels of a recording.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops.model import Panel, Target


class Recent(Protocol):
    """What the loop needs of the past: panels of a stretch of time."""

    def between(self, start_ms: int, end_ms: int) -> tuple[Panel, ...]:
        """Samples of all signals with ``start_ms <= time < end_ms``; signals without any are left out."""
        ...


class Recorded:
    """The panels of a recording; nothing is copied."""

    def __init__(self, panels: Mapping[str, Panel]) -> None:
        self._panels = panels

    def between(self, start_ms: int, end_ms: int) -> tuple[Panel, ...]:
        """Slices of the recorded panels. O(signals log t)."""
        parts = (panel.between(start_ms, end_ms) for panel in self._panels.values())
        return tuple(part for part in parts if part.shape[1])


class Ring:
    """The newest ``columns`` samples of one signal. ``values`` is (columns, n) float32, NaN where none."""

    def __init__(self, signal: str, unit: str, columns: int) -> None:
        self.signal, self.unit = signal, unit
        self.targets: tuple[Target, ...] = ()
        self._times: NDArray[np.int64] = np.zeros(columns, np.int64)  # 0: never written
        self._values: NDArray[np.float32] = np.zeros((columns, 0), np.float32)
        self._next = 0

    def write(self, panel: Panel) -> None:
        """Append the columns of ``panel``, whose rows may have grown or changed order; O(n) a column.

        A column that is not newer than the newest is left out: time only goes forward here.
        """
        if panel.targets != self.targets:
            self._follow(panel.targets)
        newest = int(self._times.max(initial=0))
        for column in np.flatnonzero(panel.times > newest):
            self._times[self._next] = panel.times[column]
            self._values[self._next] = panel.values[:, column]
            self._next = (self._next + 1) % len(self._times)

    def _follow(self, targets: tuple[Target, ...]) -> None:
        at = {target: row for row, target in enumerate(self.targets)}
        index = np.array([at.get(target, -1) for target in targets], dtype=np.intp)
        values = np.full((len(self._times), len(targets)), np.nan, np.float32)
        values[:, index >= 0] = self._values[:, index[index >= 0]]
        self._values, self.targets = values, targets

    def panel(self) -> Panel:
        """All that is kept, in order of time (copied)."""
        order = np.roll(np.arange(len(self._times)), -self._next)
        order = order[self._times[order] > 0]
        values = self._values[order].T.astype(np.float64)
        return Panel(self.signal, self.unit, self.targets, self._times[order], values)


class Rings:
    """A ring a signal; ``between`` reads across them."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rings: dict[str, Ring] = {}

    def write(self, panels: Sequence[Panel]) -> None:
        """Append each panel to its signal's ring."""
        for panel in panels:
            ring = self._rings.get(panel.signal)
            if ring is None:
                ring = self._rings[panel.signal] = Ring(panel.signal, panel.unit, self._columns)
            ring.write(panel)

    def between(self, start_ms: int, end_ms: int) -> tuple[Panel, ...]:
        """Copies of what the rings hold of that stretch. Cost O(kept samples): call it for incidents only."""
        parts = (ring.panel().between(start_ms, end_ms) for ring in self._rings.values())
        return tuple(part for part in parts if part.shape[1])

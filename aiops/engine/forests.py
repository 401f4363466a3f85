"""Forests: detectors of several signals, judged together for each target.

Rows are all targets that any of the signals has; a target that most signals do not know is inconclusive by
the detector itself. An anomaly's signal is the detector's name, its ``observed`` the score, and its
contributions say which signals it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aiops.core import rows
from aiops.core.detect import Happening, Runs, track
from aiops.core.ease import Easing
from aiops.model import Detection, Direction, Mask, Panel, Role, Signal, Target, TargetMapping
from aiops.plugin import MultiDetector, MultiFitted


def together(name: str) -> Signal:
    """The signal that anomalies of several signals are told under."""
    return Signal(name, "", "score", Role.OTHER, TargetMapping("", ""), Direction.UP, detectors=(name,))


def aligned(panels: Sequence[Panel | None], names: Sequence[str], targets: tuple[Target, ...]) -> list[Panel]:
    """Panels of one shape: rows are ``targets``, columns all times of any; what is missing is a gap."""
    times = np.unique(np.concatenate([panel.times for panel in panels if panel is not None]))
    result = []
    for name, panel in zip(names, panels, strict=True):
        values = np.full((len(targets), len(times)), np.nan)
        if panel is not None:
            values[:, np.searchsorted(times, panel.times)] = panel.reindex(targets).values
        result.append(Panel(name, panel.unit if panel is not None else "", targets, times, values))
    return result


@dataclass(slots=True)
class Grove:
    """One detector of several signals, and what it learned. Not thread-safe: one tick at a time."""

    name: str
    signals: tuple[str, ...]
    detector: MultiDetector
    settings: Detection
    targets: tuple[Target, ...] = ()
    fitted: MultiFitted | None = None
    runs: Runs = field(default_factory=lambda: Runs.blank(0))
    learned_ms: int = 0

    def judge(self, panels: Mapping[str, Panel], easing: Easing | None = None) -> Sequence[Happening]:
        """Judge what is new in ``panels``; signals that are blind are gaps."""
        mine = [panels.get(name) for name in self.signals]
        mine = [one if one is None else one.between(self.learned_ms + 1, 1 << 62) for one in mine]
        if not any(one is not None and one.shape[1] for one in mine):
            return ()
        fitted = self._follow([one for one in mine if one is not None])
        blocks = aligned(mine, self.signals, self.targets)
        verdicts, self.fitted = fitted.judge(blocks, np.zeros(blocks[0].shape, bool))
        shown = Panel(self.name, "score", self.targets, blocks[0].times, verdicts.score)
        verdicts = verdicts if easing is None else easing.ease(self.name, self.name, shown, verdicts)
        told, self.runs = track(together(self.name), self.name, shown, verdicts, self.runs, self.settings)
        self.learned_ms = int(blocks[0].times[-1])
        return told

    def _follow(self, panels: Sequence[Panel]) -> MultiFitted:
        known = set(self.targets)
        found = dict.fromkeys(target for panel in panels for target in panel.targets)
        new = tuple(target for target in found if target not in known)
        if self.fitted is None or new:
            blank = self._blank(new)
            self.fitted = blank if self.fitted is None else rows.join([self.fitted, blank])
            self.runs = rows.join([self.runs, Runs.blank(len(new))])
            self.targets += new
        return self.fitted

    def _blank(self, targets: tuple[Target, ...]) -> MultiFitted:
        none, times = np.empty((len(targets), 0)), np.empty(0, np.int64)
        return self.detector.fit([Panel(name, "", targets, times, none) for name in self.signals])

    def forget(self, keep: Mask) -> None:
        """Drop the rows where ``keep`` (n,) is false (M5)."""
        index = np.flatnonzero(keep)
        if self.fitted is not None and len(index) < len(self.targets):
            self.fitted, self.runs = rows.take(self.fitted, index), rows.take(self.runs, index)
            self.targets = tuple(self.targets[row] for row in index)

    def pack(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """(arrays, meta) that ``unpack`` restores from; empty before the first panel."""
        if self.fitted is None:
            return {}, {}
        fitted, fitted_meta = rows.pack(self.fitted)
        runs, runs_meta = rows.pack(self.runs)
        arrays = {f"fitted/{key}": array for key, array in fitted.items()}
        arrays |= {f"runs/{key}": array for key, array in runs.items()}
        targets = [[one.kind, one.namespace, one.name, one.cluster] for one in self.targets]
        meta = {"learned_ms": self.learned_ms, "targets": targets, "detector": repr(self.detector)}
        return arrays, meta | {"fitted": fitted_meta, "runs": runs_meta, "signals": list(self.signals)}

    def unpack(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Restore what ``pack`` gave; ValueError where it is not of this detector and these signals."""
        mine = (repr(self.detector), list(self.signals))
        if (meta.get("detector"), meta.get("signals")) != mine:
            raise ValueError(
                f"state of {meta.get('detector')} over {meta.get('signals')}, expected of {mine}"
            )
        targets = tuple(Target(*parts) for parts in meta["targets"])

        def part(name: str) -> dict[str, Any]:
            return {key[len(name) :]: array for key, array in arrays.items() if key.startswith(name)}

        self.fitted = rows.unpack(self._blank(targets), part("fitted/"), meta["fitted"])
        self.runs = rows.unpack(Runs.blank(len(targets)), part("runs/"), meta["runs"])
        self.targets, self.learned_ms = targets, int(meta["learned_ms"])

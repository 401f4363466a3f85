"""Screen: one signal, one detector, and what was learned, kept in step with targets that come and go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.core import rows
from aiops.core.detect import Happening, Runs, track
from aiops.model import Detection, Mask, Panel, Signal, Status, Target, Verdicts
from aiops.plugin import Detector, Fitted, Forecast, Forecaster


def nothing(signal: Signal, targets: tuple[Target, ...]) -> Panel:
    """A history without samples."""
    return Panel(signal.name, signal.unit, targets, np.empty(0, np.int64), np.empty((len(targets), 0)))


@dataclass(slots=True)
class Screen:
    """Judges one signal's panels in order of time. Not thread-safe: one screen, one worker."""

    signal: Signal
    name: str  # of the detector
    detector: Detector
    settings: Detection
    targets: tuple[Target, ...] = ()
    fitted: Fitted | None = None
    runs: Runs | None = None
    learned_ms: int = 0  # the newest sample that was judged
    newest: NDArray[np.int8] | None = None  # (n,) statuses of the newest column; None: nothing judged yet
    _rows: dict[Target, int] = field(default_factory=dict)
    _before: tuple[Fitted, Panel] | None = None  # of a forecaster: as it was before the newest block

    def judge(self, panel: Panel, hold: Mask | None = None) -> tuple[Panel, Verdicts, Sequence[Happening]]:
        """Judge the columns of ``panel`` newer than what was judged; answer in this screen's row order.

        Targets seen for the first time join blank; those that left stay as rows without samples, so that
        their absence can be judged and their season is still known when they come back.
        """
        block, fitted, runs = self.prepare(panel)
        hold = np.zeros(block.shape, bool) if hold is None else hold
        verdicts, after = fitted.judge(block, hold)
        return block, verdicts, self.finish(block, verdicts, after, runs)

    def prepare(self, panel: Panel) -> tuple[Panel, Fitted, Runs]:
        """(what is new in ``panel``, in this screen's row order, what was learned before, runs before)."""
        panel = panel.between(self.learned_ms + 1, 1 << 62)
        fitted, runs = self._follow(panel.targets)
        panel = panel.reindex(self.targets)
        self._before = (fitted, panel) if isinstance(fitted, Forecaster) else None
        return panel, fitted, runs

    def finish(self, block: Panel, verdicts: Verdicts, after: Fitted, runs: Runs) -> Sequence[Happening]:
        """Take up what was learned from ``block``, and follow the runs through its verdicts."""
        self.fitted = after
        happenings, self.runs = track(self.signal, self.name, block, verdicts, runs, self.settings)
        if block.shape[1]:
            self.learned_ms = int(block.times[-1])
            self.newest = verdicts.status[:, -1].astype(np.int8)
        return happenings

    def status(self, target: Target) -> Status:
        """The newest verdict on ``target``; inconclusive where there is none."""
        row = self._rows.get(target)
        if row is None or self.newest is None or row >= len(self.newest):
            return Status.INCONCLUSIVE
        return Status(int(self.newest[row]))

    def held(self, block: Panel, targets: frozenset[Target]) -> Mask:
        """(n, t) true for ``targets``: what is judged there is not learned."""
        rows_held = np.array([target in targets for target in block.targets], bool)
        return np.broadcast_to(rows_held[:, None], block.shape)

    def _follow(self, targets: tuple[Target, ...]) -> tuple[Fitted, Runs]:
        if self.fitted is None or self.runs is None:
            self._index(targets)
            return self.detector.fit(nothing(self.signal, targets)), Runs.blank(len(targets))
        new = tuple(target for target in targets if target not in self._rows)
        if not new:
            return self.fitted, self.runs
        self._index(self.targets + new)
        blank = self.detector.fit(nothing(self.signal, new))
        return rows.join([self.fitted, blank]), rows.join([self.runs, Runs.blank(len(new))])

    def _index(self, targets: tuple[Target, ...]) -> None:
        self.targets = targets
        self._rows = {target: row for row, target in enumerate(targets)}

    def look_ahead(self, now_ms: int, horizon_ms: int, targets: Sequence[Target]) -> Forecast | None:
        """Where ``targets`` are heading by what was known at ``now_ms``, which may lie inside the newest
        block (a replay judges a day at once); None where the detector cannot tell. Times never step back."""
        if self._before is None:
            return None
        before, block = self._before
        part = block.between(0, now_ms + 1)
        if part.shape[1]:  # carried on from here when asked again
            before = before.judge(part, np.zeros(part.shape, bool))[1]
            self._before = before, block.between(now_ms + 1, 1 << 62)
        assert isinstance(before, Forecaster)  # noqa: S101 - judging keeps the type
        found = before.look_ahead(horizon_ms)
        index = np.array([self._rows.get(target, len(block.targets)) for target in targets], np.intp)
        nothing_known = np.full((1, len(found.times)), np.nan)
        mean, low, high = (
            np.vstack([one, nothing_known])[index] for one in (found.mean, found.low, found.high)
        )
        return Forecast(found.times, mean, low, high, found.coverage)

    @property
    def heavy(self) -> bool:
        """Whether what was learned can be fitted anew from a history, at some cost."""
        return hasattr(self.fitted, "refit")

    def refit(self, history: Panel) -> None:
        """Fit anew: the parameters that fit ``history`` best, the state as it is."""
        refit: Callable[[Panel], Fitted] | None = getattr(self.fitted, "refit", None)
        if refit is not None:
            self.fitted = refit(history.reindex(self.targets))

    def forget(self, keep: Mask) -> None:
        """Drop the rows where ``keep`` (n,) is false: targets that left long ago (M5)."""
        index = np.flatnonzero(keep)
        if self.fitted is None or self.runs is None or len(index) == len(self.targets):
            return
        self.fitted, self.runs = rows.take(self.fitted, index), rows.take(self.runs, index)
        self._before = self.newest = None
        self._index(tuple(self.targets[row] for row in index))

    def pack(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """(arrays, meta) that ``unpack`` restores from; empty before the first panel."""
        if self.fitted is None or self.runs is None:
            return {}, {}
        fitted, fitted_meta = rows.pack(self.fitted)
        runs, runs_meta = rows.pack(self.runs)
        arrays = {f"fitted/{key}": array for key, array in fitted.items()}
        arrays |= {f"runs/{key}": array for key, array in runs.items()}
        targets = [[one.kind, one.namespace, one.name, one.cluster] for one in self.targets]
        meta = {"learned_ms": self.learned_ms, "targets": targets, "detector": repr(self.detector)}
        return arrays, meta | {"fitted": fitted_meta, "runs": runs_meta}

    def unpack(self, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Restore what ``pack`` gave; ValueError where it is not of this detector and configuration."""
        if meta.get("detector") != repr(self.detector):
            raise ValueError(f"learned by another {self.name}, or with other settings: it learns anew")
        targets = tuple(Target(*parts) for parts in meta["targets"])
        blank = self.detector.fit(nothing(self.signal, targets))

        def part(name: str) -> dict[str, Any]:
            return {key[len(name) :]: array for key, array in arrays.items() if key.startswith(name)}

        fitted = rows.unpack(blank, part("fitted/"), meta["fitted"])
        runs = rows.unpack(Runs.blank(len(targets)), part("runs/"), meta["runs"])
        self.fitted, self.runs, self.learned_ms = fitted, runs, int(meta["learned_ms"])
        self._index(targets)

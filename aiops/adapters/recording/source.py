"""Source: a recording as a MetricSource, so that the live loop can run over it.

A recorded series has a target in place of labels, so ``signals`` carry a mapping of their own: the labels
``kind``, ``namespace`` and ``name``. Ask with those.

Cost: the panel of a signal is read at the first question and kept; a question is two bisections and a copy.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np

from aiops.core.mapping import labels_of
from aiops.errors import InputError, NotFound, Rejected, Unavailable
from aiops.model import Facts, Panel, Rollup, Signal, Target, TargetMapping
from aiops.ports import Series

LOOKBACK_STEPS = 5  # a sample counts as the newest for so many steps, as Prometheus' five minutes do


class Readable(Protocol):
    """What is needed of a recording."""

    @property
    def signals(self) -> tuple[Signal, ...]: ...  # noqa: D102 - attributes
    @property
    def cluster(self) -> str: ...  # noqa: D102
    @property
    def step_ms(self) -> int: ...  # noqa: D102
    def panel(self, signal: str) -> Panel: ...  # noqa: D102
    def facts(self, at_ms: int) -> Facts: ...  # noqa: D102


class RecordedSource:
    """``ports.MetricSource`` and ``ports.FactSource`` over a recording."""

    def __init__(self, recording: Readable) -> None:
        self._recording = recording
        self._panels: dict[str, Panel] = {}
        self._signals = {one.name: one for one in recording.signals}

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The recorded signals, as this source answers them: not rolled up again, one mapping for all."""
        return tuple(self._mapped(signal) for signal in self._recording.signals)

    def query(self, signal: Signal, at_ms: int) -> Series:
        """The newest value of each series at ``at_ms``; a series without any lately is left out."""
        panel = self._panel(signal)
        since = at_ms - LOOKBACK_STEPS * self._recording.step_ms
        window = panel.between(since + 1, at_ms + 1)
        newest = np.full((panel.shape[0], 1), np.nan)
        for column in range(window.shape[1]):
            here = window.values[:, column]
            newest[:, 0] = np.where(np.isnan(here), newest[:, 0], here)
        return self._series(signal, panel, np.array([at_ms], np.int64), newest)

    def query_range(self, signal: Signal, start_ms: int, end_ms: int, step_ms: int) -> Series:
        """Samples on the grid asked for, each the newest at its time."""
        if step_ms < 1 or end_ms < start_ms:
            raise Rejected(f"range: expected start <= end and a step, got {start_ms}..{end_ms} by {step_ms}")
        panel = self._panel(signal)
        grid = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
        column = np.searchsorted(panel.times, grid, side="right") - 1
        fresh = np.zeros(len(grid), bool)
        if len(panel.times):
            age = grid - panel.times[np.maximum(column, 0)]
            fresh = (column >= 0) & (age < LOOKBACK_STEPS * self._recording.step_ms)
        values = np.full((panel.shape[0], len(grid)), np.nan)
        values[:, fresh] = panel.values[:, column[fresh]]
        return self._series(signal, panel, grid, values)

    def identity(self) -> str:
        """The cluster of the recording."""
        return f"cluster={self._recording.cluster}" if self._recording.cluster else ""

    def facts(self, at_ms: int) -> Facts:
        """The cluster as it was."""
        return self._recording.facts(at_ms)

    def _panel(self, signal: Signal) -> Panel:
        if signal.name not in self._signals:
            raise NotFound(f"signal {signal.name}: not in the recording")
        if signal.name not in self._panels:
            try:
                self._panels[signal.name] = self._recording.panel(signal.name)
            except InputError as error:
                raise Unavailable(f"signal {signal.name}: {error}") from error
        return self._panels[signal.name]

    def _mapped(self, signal: Signal) -> Signal:
        targets = self._panel(signal).targets
        spaced = "namespace" if any(target.namespace for target in targets) else ""
        return replace(signal, target=TargetMapping("", "name", spaced, "kind"), rollup=Rollup.NONE)

    def _series(self, signal: Signal, panel: Panel, times: np.ndarray, values: np.ndarray) -> Series:
        rows = [row for row in range(len(values)) if not np.isnan(values[row]).all()]
        labels = tuple(_labels(signal, panel.targets[row]) for row in rows)
        return Series(labels, times, values[rows], samples=int(np.isfinite(values[rows]).sum()))


def _labels(signal: Signal, target: Target) -> dict[str, str]:
    try:
        return labels_of(signal, target)
    except ValueError as error:
        raise Rejected(f"{error}: ask with the signals of this source") from error

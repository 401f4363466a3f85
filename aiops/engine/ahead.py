"""Ahead: now and then, look where series with a limit are heading: "full in 3 h".

A signal that names a detector which can look ahead (``forecast``) is asked for by that detector; every other
signal with a limit by the line of its last hours (``aiops.core.lookahead``). A prediction is told when it
holds for ``AGREE`` looks in a row and when its time moves by a quarter of what is left; it is taken back
after ``MISSES`` looks without it. What has reached its limit is no prediction any more, and is left to the
detectors.
"""

from dataclasses import dataclass, field

import numpy as np

from aiops.core.detect import Cleared, Happening, Raised, Updated
from aiops.core.lookahead import WINDOW_MS, Reach, reaches, upward
from aiops.engine.rules import Rules
from aiops.engine.screens import Screens
from aiops.engine.window import Recent
from aiops.model import Anomaly, AnomalyKind, Direction, Floats, Panel, Signal, Target

EVERY_MS = 600_000
AGREE = 2
MISSES = 3
MOVED = 0.25
BY_LINE = "lookahead"  # the detector that such an anomaly names


@dataclass(slots=True)
class _Told:
    """A prediction, which people know of once enough looks agreed."""

    since_ms: int
    expected_ms: int
    hits: int = 0
    misses: int = 0


@dataclass(slots=True)
class Ahead:
    """Predicts at most once in ``EVERY_MS``; nothing without ``screens``, which know the past."""

    rules: Rules
    recent: Recent
    screens: Screens | None = None
    looked_ms: int = 0
    _told: dict[tuple[Target, str], _Told] = field(default_factory=dict)

    def due(self, now_ms: int) -> bool:
        """Whether it is time to look again."""
        return now_ms - self.looked_ms >= EVERY_MS

    def look(self, now_ms: int) -> tuple[Happening, ...]:
        """Predicted anomalies of signals with a limit, as of ``now_ms``."""
        self.looked_ms = now_ms
        signals = {signal.name: signal for signal in self.rules.signals if signal.limit is not None}
        if not signals or self.screens is None:
            return ()
        told: list[Happening] = []
        for panel in self.recent.between(now_ms - WINDOW_MS, now_ms + 1):
            if panel.signal in signals:
                told += self._signal(signals[panel.signal], panel, now_ms)
        return tuple(told)

    def _signal(self, signal: Signal, panel: Panel, now_ms: int) -> list[Happening]:
        name, reach = self._reached(signal, panel, now_ms)
        newest = _newest(panel.between(now_ms - EVERY_MS, now_ms + 1))
        told: list[Happening] = []
        known = np.array([(target, signal.name) in self._told for target in panel.targets], bool)
        reached = np.where(known & np.isnan(reach.surely), reach.perhaps, reach.surely)
        for row in np.flatnonzero(np.isfinite(reached)).tolist():
            expected_ms = max(int(reached[row]), now_ms)
            happening = self._news(signal, panel.targets[row], newest[row], expected_ms, now_ms, name)
            told += [] if happening is None else [happening]
        there = upward(newest, signal.direction) >= upward(np.array(signal.limit), signal.direction)
        for row in np.flatnonzero(known & np.isnan(reached) & np.isfinite(newest) & ~there).tolist():
            told += self._missed(signal, panel.targets[row], now_ms, name)
        return told

    def _reached(self, signal: Signal, panel: Panel, now_ms: int) -> tuple[str, Reach]:
        """(who says so, when each row of ``panel`` reaches the limit)."""
        assert self.screens is not None and signal.limit is not None  # noqa: S101, PT018 - asked by look
        horizon_ms = 1000 * self.rules.detection.lookahead_s
        limit = float(upward(np.array(signal.limit), signal.direction))
        found = self.screens.forecast(signal.name, now_ms, horizon_ms, panel.targets)
        if found is not None:
            name, forecast = found
            low, high = forecast.low, forecast.high
            surely = upward(high if signal.direction is Direction.DOWN else low, signal.direction) >= limit
            mean = upward(forecast.mean, signal.direction) >= limit
            when = np.where(mean, forecast.times, np.inf).min(axis=1, initial=np.inf)
            perhaps = np.where(np.isfinite(when), when, np.nan)
            return name, Reach(np.where(surely.any(axis=1), perhaps, np.nan), perhaps)
        peaks = self.screens.highest(signal.name, now_ms - WINDOW_MS, panel.targets)
        turned = Panel(
            panel.signal, panel.unit, panel.targets, panel.times, upward(panel.values, signal.direction)
        )
        return BY_LINE, reaches(turned, now_ms, limit, peaks, horizon_ms)

    def _news(
        self, signal: Signal, target: Target, observed: float, expected_ms: int, now_ms: int, name: str
    ) -> Happening | None:
        known = self._told.setdefault((target, signal.name), _Told(now_ms, expected_ms))
        known.hits, known.misses = known.hits + 1, 0
        moved = abs(expected_ms - known.expected_ms) >= MOVED * max(known.expected_ms - now_ms, EVERY_MS)
        if known.hits < AGREE or (known.hits > AGREE and not moved):
            return None
        known.expected_ms = expected_ms
        anomaly = self._anomaly(signal, target, observed, known.since_ms, expected_ms, now_ms, name)
        return Raised(anomaly) if known.hits == AGREE else Updated(anomaly)

    def _missed(self, signal: Signal, target: Target, now_ms: int, name: str) -> list[Happening]:
        known = self._told.get((target, signal.name))
        if known is None:
            return []
        known.misses += 1
        told = known.hits >= AGREE
        if told and known.misses < MISSES:
            return []
        del self._told[target, signal.name]
        return [Cleared(target, signal.name, now_ms, name)] if told else []

    def _anomaly(
        self,
        signal: Signal,
        target: Target,
        observed: float,
        since_ms: int,
        expected_ms: int,
        now_ms: int,
        name: str,
    ) -> Anomaly:
        """``score`` is 1 where the limit is as far away as we look, and grows as it comes near."""
        down = signal.direction is Direction.DOWN
        limit = float(signal.limit or 0.0)
        left = max(expected_ms - now_ms, EVERY_MS)
        return Anomaly(
            kind=AnomalyKind.PREDICTED,
            target=target,
            signal=signal.name,
            role=signal.role,
            unit=signal.unit,
            detector=name,
            since_ms=since_ms,
            at_ms=now_ms,
            observed=observed,
            low=limit if down else -np.inf,
            high=np.inf if down else limit,
            score=max(1000.0 * self.rules.detection.lookahead_s / left, 1.0),
            direction=Direction.DOWN if down else Direction.UP,
            expected_at_ms=expected_ms,
        )


def _newest(panel: Panel) -> Floats:
    """(n,) the newest sample of each row; NaN where there is none."""
    known = np.isfinite(panel.values)
    last = panel.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1) if panel.shape[1] else np.array([], int)
    return np.where(known.any(axis=1), panel.values[np.arange(len(last)), last], np.nan)

"""Look: what every detector saw of one target at one time, and what it would have taken to raise an anomaly.

This answers "why was nothing said?". The state of the hysteresis is not guessed: the verdicts that were kept
go through the very code that raises anomalies.

Cost: O(samples) of the target's own rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.calendar import in_window
from aiops.core.detect import AT_ONCE, Runs, track
from aiops.core.quality import Quality
from aiops.engine.bands import Band
from aiops.engine.rules import Rules
from aiops.engine.screen import Screen
from aiops.engine.screens import Screens
from aiops.model import Detection, Panel, Role, Signal, Status, Target, Verdicts

BELOW_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Look:
    """One (signal, detector) at one target. Figures are None where there were none."""

    target: Target
    signal: str
    detector: str
    unit: str
    at_ms: int | None  # the newest sample not after the time in question; None: no sample yet
    value: float | None  # in ``unit``; None: a gap
    low: float | None  # the expected band, in ``unit``; an infinity on a side that is not judged
    high: float | None
    score: float | None  # 1 is the edge of the band
    status: Status
    outside: int  # of the last ``of`` samples, so many were outside the band
    of: int
    raised_since_ms: int | None  # an anomaly holds since then; None: none does
    wanted: str  # what the hysteresis still wanted, in words
    why_not: str  # why there is no verdict, in words; empty where there is one

    @property
    def room(self) -> float | None:
        """How far the value may still go before it is outside, in ``unit``: the nearest judged edge.
        Negative: it is outside by so much."""
        if self.value is None or self.low is None or self.high is None:
            return None
        rooms = [self.value - self.low, self.high - self.value]
        known = [room for room in rooms if np.isfinite(room)]
        return min(known) if known else None


def looks(
    bands: Mapping[tuple[str, str], Band],
    rules: Rules,
    owners: Mapping[Target, Target],
    quality: Quality,
    target: Target,
    at_ms: int,
) -> tuple[Look, ...]:
    """Every look at ``target``, or at what it owns by ``owners``, in order of the highest score."""
    signals = {signal.name: signal for signal in rules.signals}
    found = []
    for (name, detector), band in bands.items():
        for row, one in enumerate(band.panel.targets):
            if name in signals and target in (one, owners.get(one, one)):
                found.append(_look(signals[name], detector, band, row, rules.detection, quality, at_ms))
    return tuple(sorted(found, key=lambda one: (-(one.score if one.score is not None else -1), one.signal)))


def kept(screens: Screens, rules: Rules, target: Target, at_ms: int) -> tuple[Look, ...]:
    """The same from what a daemon saved: it keeps no samples of the past, so there are no values and no
    scores; what is expected at ``at_ms`` is told where that is after the time up to which it learned."""
    found = []
    for screen in screens.screens.values():
        if target not in screen.targets or screen.runs is None:
            continue
        row = screen.targets.index(target)
        window = int(screen.runs.window[row])
        raised = bool(screen.runs.raised[row])
        low, high = _expected(screen, row, at_ms)
        found.append(
            Look(
                target=target,
                signal=screen.signal.name,
                detector=screen.name,
                unit=screen.signal.unit,
                at_ms=screen.learned_ms or None,
                value=None,
                low=low,
                high=high,
                score=None,
                status=Status.INCONCLUSIVE,
                outside=window.bit_count(),
                of=screen.settings.open_of,
                raised_since_ms=int(screen.runs.since_ms[row]) if raised else None,
                wanted="" if raised else wanted(screen.signal, screen.name, window, rules.detection),
                why_not="a daemon keeps no samples of the past",
            )
        )
    return tuple(found)


def _expected(screen: Screen, row: int, at_ms: int) -> tuple[float | None, float | None]:
    """The band that a gap at ``at_ms`` is judged by; nothing is learned from a gap, and it is not kept."""
    if screen.fitted is None or at_ms <= screen.learned_ms:
        return None, None
    shape = (len(screen.targets), 1)
    gap = Panel(
        screen.signal.name, screen.signal.unit, screen.targets, np.array([at_ms]), np.full(shape, np.nan)
    )
    verdicts, _ = screen.fitted.judge(gap, np.ones(shape, bool))
    return known(np.float32(verdicts.low[row, 0])), known(np.float32(verdicts.high[row, 0]))


def _look(
    signal: Signal, detector: str, band: Band, row: int, settings: Detection, quality: Quality, at_ms: int
) -> Look:
    column = int(np.searchsorted(band.panel.times, at_ms, side="right")) - 1
    target = band.panel.targets[row]
    runs = state_at(signal, detector, band, row, column + 1, settings)
    raised = bool(runs.raised[0])
    window = int(runs.window[0])
    inside = any(
        in_window(one, at_ms) and (not one.namespaces or target.namespace in one.namespaces)
        for one in settings.maintenance
    )
    sampled = column >= 0
    value = float(band.panel.values[row, column]) if sampled else np.nan
    score = float(band.score[row, column]) if sampled else np.nan
    why_not = quality.blind.get(signal.name, "")
    if not why_not and inside:
        why_not = "in maintenance: nothing is judged"
    if not why_not and not np.isfinite(value):
        why_not = "no sample: a gap is neither healthy nor bad"
    if not why_not and not np.isfinite(score):
        why_not = "not enough history to know what is normal"
    status = Status.INCONCLUSIVE if why_not else Status.ANOMALY if score >= 1 else Status.NORMAL
    return Look(
        target=target,
        signal=signal.name,
        detector=detector,
        unit=signal.unit,
        at_ms=int(band.panel.times[column]) if sampled else None,
        value=value if np.isfinite(value) else None,
        low=known(band.low[row, column]) if sampled else None,
        high=known(band.high[row, column]) if sampled else None,
        score=score if np.isfinite(score) and not why_not else None,
        status=status,
        outside=window.bit_count(),
        of=settings.open_of,
        raised_since_ms=int(runs.since_ms[0]) if raised else None,
        wanted="" if raised else wanted(signal, detector, window, settings),
        why_not=why_not,
    )


def known(value: np.float32) -> float | None:
    """None for NaN; infinities stay: that side is not judged."""
    return None if np.isnan(value) else float(value)


def state_at(signal: Signal, detector: str, band: Band, row: int, columns: int, settings: Detection) -> Runs:
    """The hysteresis of one row after its first ``columns`` samples."""
    if columns <= 0:
        return Runs.blank(1)
    span = slice(0, columns)
    bad, score = band.anomalous[row, span], band.score[row, span].astype(np.float64)
    score = np.where(bad, np.maximum(score, 1.0), np.minimum(score, BELOW_ONE))[None, :]
    low, high = band.low[row, span].astype(np.float64), band.high[row, span].astype(np.float64)
    verdicts = Verdicts.of(score, low[None, :], high[None, :])
    panel = Panel(
        signal.name,
        signal.unit,
        (band.panel.targets[row],),
        band.panel.times[span],
        band.panel.values[row : row + 1, span],
    )
    return track(signal, detector, panel, verdicts, Runs.blank(1), settings)[1]


def wanted(signal: Signal, detector: str, window: int, settings: Detection) -> str:
    """What was missing for an anomaly, in words."""
    if signal.role is Role.CONDITION or detector in AT_ONCE:
        lasting = f" that lasts {signal.for_s} s" if signal.for_s else ""
        return f"one sample outside{lasting} raises an anomaly"
    outside = window.bit_count()
    missing = settings.open_after - outside
    return (
        f"{outside} of the last {settings.open_of} samples outside; {missing} more raise an anomaly"
        f" (or two in a row with a score of {settings.instant_score:g})"
    )


def unseen(rules: Rules, seen: Sequence[Look]) -> tuple[str, ...]:
    """Signals that are watched, but not of this target."""
    names = {one.signal for one in seen}
    return tuple(signal.name for signal in rules.signals if signal.name not in names)

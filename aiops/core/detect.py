"""Detect: when a run of bad samples becomes an anomaly, and when it is over. Hysteresis, one row a target.

An anomaly is raised when ``open_after`` of the last ``open_of`` samples are bad; at once for what already
waited inside its detector (states of Kubernetes); or at the second bad sample in a row whose score is
``instant_score`` or more. It is cleared by ``close_after`` normal samples in a row. A sample without a
verdict (inconclusive) neither raises nor clears: no data is not healthy.

Input:   a Panel and its Verdicts (n, t), the Runs of its rows so far.
Output:  happenings in order of time, and the Runs to go on with. Block or column by column: the same.
Errors:  ValueError when the shapes do not fit.
Cost:    O(n t) array work to find rows with something to tell; about 1 µs a sample inside such a run;
         57 bytes of state a row.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from aiops.model import (
    Anomaly,
    AnomalyKind,
    Detection,
    Direction,
    Panel,
    Role,
    Signal,
    Status,
    Target,
    Verdicts,
)

AT_ONCE = frozenset({"kubernetes_state", "absence"})  # these detectors wait by themselves (``for_s``)
GROWTH = 1.25  # a score that grew by so much since we last spoke is worth telling
TELL_EVERY = 10  # samples; an anomaly that goes on says so this often


@dataclass(frozen=True, slots=True)
class Raised:
    """An anomaly begins."""

    anomaly: Anomaly

    @property
    def at_ms(self) -> int:
        """The sample that raised it."""
        return self.anomaly.at_ms


@dataclass(frozen=True, slots=True)
class Updated:
    """An anomaly goes on: it became worse, or it is time to say so."""

    anomaly: Anomaly

    @property
    def at_ms(self) -> int:
        """The newest bad sample."""
        return self.anomaly.at_ms


@dataclass(frozen=True, slots=True)
class Cleared:
    """A target's signal is back in its band for long enough."""

    target: Target
    signal: str
    at_ms: int  # the last of the normal samples that cleared it
    detector: str = ""


Happening = Raised | Updated | Cleared


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Where each row (n,) stands. A row of zeros is calm."""

    raised: NDArray[np.bool_]
    window: NDArray[np.int64]  # one bit a sample, the newest lowest: was it bad?
    high: NDArray[np.int64]  # bad samples in a row at the instant score
    calm: NDArray[np.int64]  # normal samples in a row while raised
    since_ms: NDArray[np.int64]  # the first bad sample of the run
    worst: NDArray[np.float64]  # the highest score of the run
    told: NDArray[np.float64]  # the score when we last spoke
    waited: NDArray[np.int64]  # samples since we last spoke

    @classmethod
    def blank(cls, rows: int) -> "Runs":
        """``rows`` calm rows: targets seen for the first time."""
        whole, real = np.zeros(rows, np.int64), np.zeros(rows)
        return cls(np.zeros(rows, bool), whole, whole, whole, whole, real, real, whole)

    def __len__(self) -> int:
        return len(self.raised)


def track(
    signal: Signal, detector: str, panel: Panel, verdicts: Verdicts, runs: Runs, settings: Detection
) -> tuple[tuple[Happening, ...], Runs]:
    """Follow the runs of every row of ``panel`` through its columns; see the module's docstring."""
    if verdicts.status.shape != panel.shape or len(runs) != len(panel.targets):
        raise ValueError(
            f"track {signal.name}: expected verdicts {panel.shape} and {len(panel.targets)} runs,"
            f" got {verdicts.status.shape} and {len(runs)}"
        )
    bad = verdicts.anomalous
    busy = np.flatnonzero(bad.any(axis=1) | (runs.window != 0) | runs.raised)
    if not len(busy) or not panel.shape[1]:
        return (), runs
    told: list[tuple[int, int, Happening]] = []
    columns = {field.name: getattr(runs, field.name).copy() for field in fields(Runs)}
    for row in busy.tolist():
        walk = _Walk(signal, detector, panel, verdicts, settings, row)
        state = _State(*(columns[field.name][row].item() for field in fields(Runs)))
        told += ((happening.at_ms, row, happening) for happening in walk.along(state))
        for field in fields(Runs):
            columns[field.name][row] = getattr(state, field.name)
    told.sort(key=lambda entry: entry[:2])
    return tuple(happening for _, _, happening in told), Runs(**columns)


@dataclass(slots=True)
class _State:
    """One row of Runs while it is walked; field for field the same."""

    raised: bool
    window: int
    high: int
    calm: int
    since_ms: int
    worst: float
    told: float
    waited: int

    def reset(self) -> None:
        """Calm again."""
        self.raised, self.window, self.high, self.calm = False, 0, 0, 0
        self.since_ms, self.worst, self.told, self.waited = 0, 0.0, 0.0, 0


class _Walk:
    """One row of a block."""

    def __init__(
        self,
        signal: Signal,
        detector: str,
        panel: Panel,
        verdicts: Verdicts,
        settings: Detection,
        row: int,
    ) -> None:
        self.signal, self.detector, self.panel, self.verdicts = signal, detector, panel, verdicts
        self.settings, self.row = settings, row
        at_once = signal.role is Role.CONDITION or detector in AT_ONCE
        self.open_after = 1 if at_once else settings.open_after
        self.waited_ms = (
            1000 * signal.for_s if at_once else 0
        )  # inside the detector, before its first verdict
        self.mask = (1 << settings.open_of) - 1
        self.status: list[int] = verdicts.status[row].tolist()
        self.bad: list[int] = np.flatnonzero(verdicts.status[row] == Status.ANOMALY).tolist()

    def along(self, state: _State) -> Iterator[Happening]:
        """Walk ``state`` through all columns; stretches where nothing can happen are jumped over."""
        column, following, last = 0, 0, len(self.status)
        while column < last:
            if not state.raised and not state.window:
                while following < len(self.bad) and self.bad[following] < column:
                    following += 1
                if following == len(self.bad):
                    return
                column = self.bad[following]
            happening = self._step(state, column)
            if happening is not None:
                yield happening
            column += 1

    def _step(self, state: _State, column: int) -> Happening | None:
        status = self.status[column]
        if status == Status.ANOMALY:
            return self._bad(state, column)
        state.window = (state.window << 1) & self.mask
        if status == Status.INCONCLUSIVE:
            if state.raised:
                state.waited += 1
            elif not state.window:
                state.reset()
            return None
        state.high = 0
        if not state.raised:
            if not state.window:
                state.reset()
            return None
        state.calm += 1
        state.waited += 1
        if state.calm < self.settings.close_after:
            return None
        state.reset()
        at_ms = int(self.panel.times[column])
        return Cleared(self.panel.targets[self.row], self.signal.name, at_ms, self.detector)

    def _bad(self, state: _State, column: int) -> Happening | None:
        score = float(self.verdicts.score[self.row, column])
        if not state.raised and not state.window:
            state.since_ms = int(self.panel.times[column]) - self.waited_ms
        state.window = ((state.window << 1) | 1) & self.mask
        state.high = state.high + 1 if score >= self.settings.instant_score else 0
        state.calm = 0
        state.worst = max(state.worst, score)
        if not state.raised:
            if state.window.bit_count() < self.open_after and state.high < 2:
                return None
            state.raised, state.told, state.waited = True, state.worst, 0
            return Raised(self._anomaly(state, column))
        state.waited += 1
        if state.worst < GROWTH * state.told and state.waited < TELL_EVERY:
            return None
        state.told, state.waited = state.worst, 0
        return Updated(self._anomaly(state, column))

    def _anomaly(self, state: _State, column: int) -> Anomaly:
        row, verdicts = self.row, self.verdicts
        observed = float(self.panel.values[row, column])
        low, high = float(verdicts.low[row, column]), float(verdicts.high[row, column])
        return Anomaly(
            kind=AnomalyKind.OBSERVED,
            target=self.panel.targets[row],
            signal=self.signal.name,
            role=self.signal.role,
            unit=self.signal.unit,
            detector=self.detector,
            since_ms=state.since_ms,
            at_ms=int(self.panel.times[column]),
            observed=observed,
            low=low,
            high=high,
            score=state.worst,
            direction=side(observed, low, high, self.signal.direction),
            condition=self.signal.condition,
            contributions=self._contributions(column),
        )

    def _contributions(self, column: int) -> tuple[tuple[str, float], ...]:
        if self.verdicts.contributions is None:
            return ()
        shares = self.verdicts.contributions[:, self.row, column].tolist()
        named = [
            (name, share) for name, share in zip(self.verdicts.signals, shares, strict=True) if share > 0
        ]
        return tuple(sorted(named, key=lambda pair: (-pair[1], pair[0])))


def side(observed: float, low: float, high: float, judged: Direction) -> Direction:
    """The side of the band that ``observed`` is on; where the band does not tell, the side that is judged."""
    if observed > high:
        return Direction.UP
    if observed < low or judged is Direction.DOWN or math.isnan(observed):  # gone is less than expected
        return Direction.DOWN
    return Direction.UP

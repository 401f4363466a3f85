"""Live: the same loop against a running Prometheus, one tick an interval.

A tick reads the clock once, asks for all signals, judges what came, and advances the loop. What fails outside
makes the tick blind, never wrong; what fails inside is counted, logged and tried again at the next tick.
Fitted state is saved every ``SAVE_S``; the journal is durable at every tick. After a restart the time since
the last save is asked for and judged again, so that nothing that went on meanwhile is lost; what the journal
already knows is not told twice.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.core.book import Closed, IncidentChange, Opened
from aiops.core.detect import Cleared, Happening, Raised
from aiops.core.quality import Quality, assess
from aiops.engine import entries
from aiops.engine.ahead import Ahead
from aiops.engine.collect import Collected, Collector
from aiops.engine.loop import Loop
from aiops.engine.screens import Restored, Screens
from aiops.engine.window import Rings
from aiops.errors import PortError
from aiops.model import Facts
from aiops.ports import Baselines, Clock, FactSource

SAVE_S = 60.0
HISTORY_STEP_MS = 300_000  # the far past is asked for this coarsely: two weeks are 4,032 samples a series
NEAR_MS = 2 * 3_600_000  # the near past as finely as the loop ticks
DAY_MS = 86_400_000


class Watcher(Protocol):
    """Is told what the loop does: logs and metrics."""

    def ticked(
        self, collected: Collected, quality: Quality, changes: tuple[IncidentChange, ...], took_s: float
    ) -> None:
        """One tick is over."""
        ...

    def learned(self, share: float, collected: Collected) -> None:
        """A stretch of history was learned from."""
        ...

    def failed(self, what: str, error: Exception) -> None:
        """Something went wrong that the loop survives."""
        ...


@dataclass(slots=True)
class Live:
    """The running daemon's state. ``tick`` and ``save`` exclude each other."""

    loop: Loop
    screens: Screens
    rings: Rings
    collector: Collector
    facts_of: FactSource | None
    baselines: Baselines
    clock: Clock
    watcher: Watcher
    identity: str = ""  # what the Prometheus must say it is; empty: not checked
    ahead: Ahead | None = None
    quality: Quality = field(default_factory=lambda: Quality({}))
    last_tick_s: float | None = None  # monotonic; None before the first
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _facts: Facts | None = None
    _pending: list[Happening] = field(default_factory=list)  # judged, not yet in the journal

    @property
    def step_ms(self) -> int:
        """Milliseconds between two ticks."""
        return self.loop.rules.detection.step_s * 1000

    @property
    def window_ms(self) -> int:
        """How long good data must flow after blindness before anything may be done."""
        return self.loop.rules.detection.open_of * self.step_ms

    def restore(self) -> Restored:
        """Take up the baselines, the open incidents and the ledger where the last run left them."""
        restored = self.screens.restore(self.baselines)
        seen = sorted(self.screens.targets)
        self.loop.book, self.loop.ledger = entries.restore(self.loop.store, seen)
        return restored

    def catch_up(self, restored: Restored) -> None:
        """Learn from the history that is missing: two weeks at first, after a restart only the gap.

        Of a first history only what is still bad at its end is told, at the first tick, as known breakage; of
        a gap everything that happened. Data that cannot be had is told, and the loop starts cold.
        """
        now_ms = self._now()
        days = self.loop.rules.detection.history_days
        first = restored.learned_ms or now_ms - int(days * DAY_MS)
        known_ms = entries.newest_ms(self.loop.store)
        gap = restored.learned_ms > 0
        near = max(first, now_ms - NEAR_MS) if not gap else first
        stretches = [(at, min(at + DAY_MS, near), HISTORY_STEP_MS) for at in range(first, near, DAY_MS)]
        stretches += [(at, min(at + NEAR_MS, now_ms), self.step_ms) for at in range(near, now_ms, NEAR_MS)]
        for number, (start, end, step) in enumerate(stretches):
            collected = self.collector.history(start + 1, end, step, self.facts(now_ms))
            self.rings.write(list(collected.panels.values()))
            self._pending += [one for one in self.screens.judge(collected.panels) if one.at_ms > known_ms]
            if not gap:
                self._pending = still_bad(self._pending)
            self.watcher.learned((number + 1) / len(stretches), collected)
        self.quality = Quality({}, warm_from_ms=now_ms + self.window_ms)

    def tick(self) -> None:
        """One tick; called by the scheduler, never twice at once. Does not raise."""
        with self._lock:
            began = self.clock.monotonic_s()
            try:
                self._tick(began)
            except PortError as error:
                self.watcher.failed("tick", error)
            except Exception as error:  # noqa: BLE001 - the edge: counted, logged, and the next tick comes
                self.watcher.failed("tick", error)

    def _tick(self, began: float) -> None:
        now_ms = self._now()
        facts = self.facts(now_ms)
        collected = self.collector.tick(now_ms, facts)
        quality = assess(collected.readings, self.quality, now_ms, self.window_ms, self._identity_error())
        usable = {
            name: panel
            for name, panel in collected.panels.items()
            if name not in quality.blind and not quality.identity_error
        }
        self.rings.write(list(usable.values()))
        self._pending += self.screens.judge(usable)
        predicted = self.ahead.look(now_ms) if self.ahead is not None and self.ahead.due(now_ms) else ()
        changes = self.loop.advance(now_ms, [*self._pending, *predicted], facts, quality)
        self._pending, self.quality = [], quality  # kept while the journal refuses
        self.last_tick_s = self.clock.monotonic_s()
        self.watcher.ticked(collected, quality, changes, self.last_tick_s - began)

    def _identity_error(self) -> str:
        if not self.identity:
            return ""
        try:
            answer = self.collector.source.identity()
        except PortError as error:
            return f"the Prometheus does not say which cluster it is: {error}"
        return "" if answer == self.identity else f"answers for {answer!r}, expected {self.identity!r}"

    def facts(self, at_ms: int) -> Facts:
        """The cluster as known now; where it cannot be read, the last known facts, marked as such."""
        if self.facts_of is not None:
            try:
                self._facts = self.facts_of.facts(at_ms)
            except PortError as error:
                self.watcher.failed("facts", error)
        return self._facts or Facts(at_ms, self.loop.rules.cluster, unknown=frozenset({"cluster"}))

    def save(self) -> None:
        """Write the baselines. A failure is told and tried again; the journal does not depend on it."""
        with self._lock:
            try:
                self.screens.save(self.baselines)
            except PortError as error:
                self.watcher.failed("save", error)

    def stuck(self, intervals: int = 4) -> float:
        """Seconds since the last tick ended if that is too long, else 0."""
        since = self.clock.monotonic_s() - (self.last_tick_s or self.clock.monotonic_s())
        return since if since * 1000 > intervals * self.step_ms + 30_000 else 0.0

    def _now(self) -> int:
        return self.clock.now_ms() // self.step_ms * self.step_ms


def still_bad(happenings: Sequence[Happening]) -> list[Happening]:
    """The newest word on every target and signal that was not cleared since."""
    newest: dict[object, Happening] = {}
    for one in happenings:
        if isinstance(one, Cleared):
            newest.pop((one.target, one.signal, one.detector), None)
        else:
            anomaly = one.anomaly
            newest[anomaly.target, anomaly.signal, anomaly.detector] = Raised(anomaly)
    return list(newest.values())


def opened_and_closed(changes: tuple[IncidentChange, ...]) -> Mapping[str, int]:
    """How many incidents a tick opened and closed: for the metrics."""
    return {
        "opened": sum(isinstance(change, Opened) for change in changes),
        "closed": sum(isinstance(change, Closed) for change in changes),
    }

"""Live: the same loop against a running Prometheus, one tick an interval.

A tick reads the clock once, asks for all signals, judges what came, and advances the loop. What fails outside
makes the tick blind, never wrong; what fails inside is counted, logged and tried again at the next tick.
Fitted state is saved now and then; the journal is durable at every tick. After a restart the time since the
last save is asked for and judged again, so that nothing that went on meanwhile is lost; what the journal
already knows is not told twice.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.core.detect import Happening
from aiops.core.ease import Easing
from aiops.core.quality import Quality, Reading, assess
from aiops.engine import entries
from aiops.engine.ahead import Ahead
from aiops.engine.collect import Collected, Collector
from aiops.engine.forget import Forget
from aiops.engine.loop import Loop
from aiops.engine.screens import Restored, Screens
from aiops.engine.start import last_words, seen_before, still_bad
from aiops.engine.window import Rings
from aiops.errors import PortError
from aiops.model import Amend, Approval, Echo, Facts, Record, Said
from aiops.ports import Baselines, Clock, FactSource

HISTORY_STEP_MS = 300_000  # the far past is asked for this coarsely: two weeks are 4,032 samples a series
NEAR_MS = 2 * 3_600_000  # the near past as finely as the loop ticks
DAY_MS = 86_400_000
LATE_TICKS, GRACE_MS = 4, 30_000  # a tick may take so many intervals, and so much more, before we are stuck


class Watcher(Protocol):
    """Is told what the loop does: logs and metrics. Must not raise."""

    def ticked(
        self, collected: Collected, quality: Quality, records: Sequence[Record], took_s: float
    ) -> None:
        """One tick is over; ``records`` are what it wrote into the journal."""
        ...

    def wrote(self, records: Sequence[Record]) -> None:
        """Something was written between two ticks."""
        ...

    def facts(self, age_s: float) -> None:
        """The picture of the cluster that this tick decides on is so old."""
        ...

    def learned(self, share: float, collected: Collected) -> None:
        """A stretch of history was learned from; ``share`` of all is done."""
        ...

    def saved(self, rows: int) -> None:
        """Baselines of ``rows`` series were saved."""
        ...

    def failed(self, what: str, error: Exception) -> None:
        """Something went wrong that the loop survives."""
        ...


@dataclass(slots=True)
class Live:
    """The running daemon's state. ``tick``, ``save`` and ``tidy`` exclude each other."""

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
    follow: Callable[[Facts], None] = lambda _facts: None  # told of each tick's picture; must not raise
    refresh: Callable[[], None] | None = None  # slow facts, asked for beside the ticks; must not raise
    easing: Callable[[], Easing] | None = None  # what people called false, as the journal has it
    quality: Quality = field(default_factory=lambda: Quality({}))
    readings: tuple[Reading, ...] = ()  # how the queries of the newest tick went
    alive_s: float | None = None  # monotonic: when the last tick ended, well or not; None before the first
    ended: bool = False  # told to stop: answers are for the next run
    good_ms: int | None = None  # the newest tick that is in the journal
    forget: Forget = field(default_factory=Forget)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _facts: Facts | None = None
    _pending: list[Happening] = field(default_factory=list)  # judged, not yet in the journal

    @property
    def step_ms(self) -> int:
        """Milliseconds between two ticks."""
        return self.loop.rules.detection.step_s * 1000

    @property
    def last_facts(self) -> Facts | None:
        """The cluster as the newest tick saw it; None before the first."""
        return self._facts

    @property
    def window_ms(self) -> int:
        """How long good data must flow after blindness before anything may be done."""
        return self.loop.rules.detection.open_of * self.step_ms

    def restore(self) -> Restored:
        """Take up the baselines, the open incidents and the ledger where the last run left them."""
        if not entries.newest_ms(self.loop.store):
            # stopped before the first tick: what was bad in the part that was learned is not in the journal
            return Restored(0, 0, ())
        restored = self.screens.restore(self.baselines)
        seen = sorted(self.screens.targets)
        self.loop.restore(seen)
        return restored

    def catch_up(self, restored: Restored, stopped: Callable[[], bool] = lambda: False) -> None:
        """Learn from the history that is missing: two weeks at first, after a restart only the gap.

        Of a first history only what is still bad at its end is told, at the first tick, as known breakage; of
        a gap everything of the last ``NEAR_MS``, and of what came before it how it ended. Data that cannot be
        had is told, and the loop starts cold: where nothing of a stretch can be had, the rest is not asked
        for. A stretch that a stop cuts short is not learned from.
        """
        now_ms = self._now()
        self._ease()
        known_ms = entries.newest_ms(self.loop.store)
        gap = restored.learned_ms > 0
        stretches = self._stretches(restored.learned_ms, now_ms)
        for number, (start, end, step) in enumerate(stretches):
            if stopped():
                return
            collected = self.collector.history(start + 1, end, step, self.facts(now_ms))
            if stopped():
                return
            self.rings.write(list(collected.panels.values()))
            self._pending += [one for one in self.screens.judge(collected.panels) if one.at_ms > known_ms]
            if not gap:
                self._pending = still_bad(self._pending)
            elif end <= now_ms - NEAR_MS:
                self._pending = last_words(self._pending)
            self.watcher.learned((number + 1) / len(stretches), collected)
            if self.collector.signals and all(one.error for one in collected.readings):
                break
        broken = () if gap else self._pending
        self.loop.book = seen_before(self.loop.book, self.facts(now_ms), self.screens.targets, broken)
        self.quality = Quality({}, warm_from_ms=now_ms + self.window_ms)

    def _stretches(self, learned_ms: int, now_ms: int) -> list[tuple[int, int, int]]:
        """(start, end, step) of what is missing: coarse far away, fine near by."""
        days = self.loop.rules.detection.history_days
        first = max(learned_ms, now_ms - int(days * DAY_MS))
        near = max(first, now_ms - NEAR_MS)
        coarse = max(HISTORY_STEP_MS, self.step_ms)
        stretches = [(at, min(at + DAY_MS, near), coarse) for at in range(first, near, DAY_MS)]
        return stretches + [
            (at, min(at + NEAR_MS, now_ms), self.step_ms) for at in range(near, now_ms, NEAR_MS)
        ]

    def tick(self) -> None:
        """One tick; called by the scheduler, never twice at once. Does not raise."""
        with self._lock:
            began = self.clock.monotonic_s()
            try:
                self._tick(began)
            except Exception as error:  # noqa: BLE001 - the edge: counted, logged, and the next tick comes
                self.watcher.failed("tick", error)
            self.alive_s = self.clock.monotonic_s()

    def _tick(self, began: float) -> None:
        now_ms = self._now()
        facts = self.facts(now_ms)
        self.watcher.facts((now_ms - facts.at_ms) / 1000)
        collected = self.collector.tick(now_ms, facts)
        self.readings = collected.readings
        quality = assess(collected.readings, self.quality, now_ms, self.window_ms, self._identity_error())
        usable = {
            name: panel
            for name, panel in collected.panels.items()
            if name not in quality.blind and not quality.identity_error
        }
        self.rings.write(list(usable.values()))
        self.forget.saw(usable, now_ms)
        self._ease()
        self._pending += self.screens.judge(usable, hold=self.loop.held(facts))
        predicted = self.ahead.look(now_ms) if self.ahead is not None and self.ahead.due(now_ms) else ()
        head = self.loop.store.head()[0]
        self.loop.advance(now_ms, [*self._pending, *predicted], facts, quality)
        self._pending, self.quality, self.good_ms = [], quality, now_ms  # kept while the journal refuses
        self.follow(facts)
        records = list(self.loop.store.read(since=head))
        self.watcher.ticked(collected, quality, records, self.clock.monotonic_s() - began)

    def heed(self) -> None:
        """People said something: go on at once, not with the next tick. Does not raise."""
        with self._lock:
            if self.good_ms is None or self.ended:
                return  # the first tick takes it up, of this run or of the next
            try:
                self._heed()
            except Exception as error:  # noqa: BLE001 - the edge: the next tick takes it up
                self.watcher.failed("heed", error)

    def _heed(self) -> None:
        now_ms, head = self._now(), self.loop.store.head()[0]
        self.loop.advance(now_ms, [], self.facts(now_ms), self.quality)
        self.watcher.wrote(list(self.loop.store.read(since=head)))

    def amend(self, said: Said, wish: Amend, asked: Approval) -> Echo:
        """See ``Loop.amend``; waits for a tick that is under way."""
        with self._lock:
            now_ms = self._now()
            return self.loop.amend(said, wish, asked, now_ms, self.facts(now_ms))

    def _ease(self) -> None:
        """Take up what people called false since. A journal that cannot be read leaves it as it was."""
        if self.easing is None:
            return
        try:
            self.screens.easing = self.easing()
        except PortError as error:
            self.watcher.failed("feedback", error)

    def _identity_error(self) -> str:
        if not self.identity:
            return ""
        try:
            answer = self.collector.source.identity()
        except PortError as error:
            return f"the Prometheus does not say which cluster it is: {error}"
        return "" if answer == self.identity else f"answers for {answer!r}, expected {self.identity!r}"

    def facts(self, at_ms: int) -> Facts:
        """The cluster as known now; where it cannot be read, the last known facts, whose age tells."""
        if self.facts_of is not None:
            try:
                self._facts = self.facts_of.facts(at_ms)
            except PortError as error:
                self.watcher.failed("facts", error)
        return self._facts or Facts(at_ms, self.loop.rules.cluster, unknown=frozenset({"cluster"}))

    def save(self) -> None:
        """Write the baselines. A failure is told and tried again; the journal does not depend on it.

        Not while something that was judged is not in the journal yet: after a crash it is to be judged again.
        """
        with self._lock:
            if self._pending:
                return
            try:
                self.screens.save(self.baselines)
            except PortError as error:
                self.watcher.failed("save", error)
            else:
                self.watcher.saved(sum(len(one.targets) for one in self.screens.screens.values()))

    def refit(self) -> None:
        """Fit heavy detectors anew on what the rings hold; ticks meanwhile wait, and are counted."""
        with self._lock:
            self.screens.refit(self.rings, self._now(), self.loop.rules.detection.refit_s * 1000)

    def tidy(self) -> None:
        """Drop what was learned of targets that left long ago, and more where there is too much (M5)."""
        with self._lock:
            keep = self.forget.keep(self._now(), self.loop.rules.detection.max_series)
            if keep:
                self.screens.forget(keep)

    def stuck(self) -> float:
        """Seconds since the last tick ended if that is too long, else 0. A tick that failed has ended."""
        if self.alive_s is None:
            return 0.0
        since = self.clock.monotonic_s() - self.alive_s
        return since if since * 1000 > LATE_TICKS * self.step_ms + GRACE_MS else 0.0

    def _now(self) -> int:
        return self.clock.now_ms() // 1000 * 1000

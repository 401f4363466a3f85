"""Feedback: a false alarm becomes adjustments, each shown by a replay over what the journal knows; undone,
renewed.

What would have hidden an incident that was real (people took it up, or a step helped) is only proposed: it is
in force once a person says so with ``aiops feedback renew``.

Safe between threads: the forum calls ``false_alarm``, the loop ``easing`` and ``heed``.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiops.core.adjust import Bounds, Excursion, Wish, choose, describe, hides, until_words
from aiops.core.ease import Easing
from aiops.core.feedback import (
    DAY_MS,
    KEEP_MS,
    STREAM,
    Adjustment,
    FeedbackBook,
    Standing,
    called_entry,
    made_entry,
    renewed_entry,
    undone_entry,
)
from aiops.core.hindsight import replay
from aiops.core.words import minute
from aiops.engine import excursions
from aiops.model import Echo, FalseAlarm, Incident, Request, RequestKind, Said
from aiops.ports import Clock, Store

MOST_AT_ONCE = 5  # adjustments from one false alarm: one about more is a matter of configuration


@dataclass(slots=True)
class Feedback:
    """What people called false, and what follows from it."""

    store: Store
    term: int
    bounds: Bounds
    clock: Clock
    _book: FeedbackBook = field(default_factory=FeedbackBook)
    _easing: Easing = field(default_factory=Easing)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def easing(self) -> Easing:
        """By the adjustments that the journal has. Raises PortError where it cannot be read."""
        with self._lock:
            before = self._book
            if self._follow() is not before:
                self._easing = Easing.by(self._book.by_id.values())
            return self._easing

    def false_alarm(self, said: Said, alarm: FalseAlarm, incident: Incident) -> Echo:
        """Journal that ``incident`` was a false alarm, and the adjustments that follow. Raises PortError:
        nothing counts then."""
        with self._lock:
            now_ms = self.clock.now_ms()
            wish = Wish(said.actor.key, alarm.reason, now_ms, alarm.until_ms)
            made, texts = self._adjust(wish, incident.id)
            entries = [called_entry(incident.id, wish.by, wish.reason, now_ms)]
            self.store.append([*entries, *(made_entry(one, now_ms) for one in made)], self.term)
        noted = f"noted: incident {incident.id} was a false alarm: {alarm.reason}"
        return Echo(True, "\n".join([noted, *texts]))

    def heed(self, request: Request, now_ms: int) -> tuple[bool, str]:
        """Undo or renew an adjustment: (whether, what came of it in words). Raises PortError."""
        with self._lock:
            found = self._follow().find(request.adjustment)
            if len(found) != 1:
                how_many = "more than one adjustment" if found else "no adjustment"
                return False, f"there is {how_many} {request.adjustment}"
            if request.kind is RequestKind.UNDO_FEEDBACK:
                return self._undo(found[0], request, now_ms)
            return self._renew(found[0], request, now_ms)

    def _undo(self, one: Adjustment, request: Request, now_ms: int) -> tuple[bool, str]:
        standing = one.standing(now_ms)
        if standing is Standing.UNDONE:
            return True, f"{one.id} is undone"  # asked for twice, or we were stopped before we answered
        if standing is Standing.EXPIRED:
            return False, f"{one.id} has expired already"
        self.store.append((undone_entry(one, request.by, request.reason, now_ms, request.id),), self.term)
        return True, f"undone, it is told again from now on: {describe(one)}"

    def _renew(self, one: Adjustment, request: Request, now_ms: int) -> tuple[bool, str]:
        full = self._full(len(self._book.active(now_ms)))
        if full and one.standing(now_ms) is not Standing.ACTIVE:
            return False, full
        until_ms = now_ms + self.bounds.settings.days * DAY_MS
        entry = renewed_entry(one, request.by, until_ms, request.reason, now_ms, request.id)
        self.store.append((entry,), self.term)
        return True, f"in force until {minute(until_ms)} UTC: {describe(one)}"

    def _follow(self) -> FeedbackBook:
        self._book = self._book.fold(self.store.read(self._book.seq, STREAM))
        return self._book

    def _adjust(self, wish: Wish, incident_id: str) -> tuple[list[Adjustment], list[str]]:
        """(what is made of it, what is said of each anomaly of the incident, the worst first)."""
        book = self._follow().without_old(wish.now_ms)
        seen = excursions.of_incident(self.store, incident_id)
        series = [(str(one.newest.target), one.newest.signal) for one in seen]
        past = excursions.before(self.store, series, incident_id, wish.now_ms - KEEP_MS)
        real = excursions.real(self.store)
        made: list[Adjustment] = []
        texts = [] if seen else ["nothing to adjust: the journal has no samples of it"]
        for one in seen:
            others = tuple(other for other in past if _alike(one, other))
            chosen = self._choose(one, others, wish, book, made)
            if isinstance(chosen, str):
                texts.append(chosen)
            else:
                adjustment, text = shown(chosen, others, book.false, real)
                made.append(adjustment)
                texts.append(text)
        return made, texts

    def _choose(
        self,
        seen: Excursion,
        others: tuple[Excursion, ...],
        wish: Wish,
        book: FeedbackBook,
        made: list[Adjustment],
    ) -> Adjustment | str:
        active = book.active(wish.now_ms)
        known = next((one for one in active if hides(one, seen) == "wholly"), None)
        if known is not None:
            return f"expected already ({known.id}, {until_words(known)}): {describe(known)}"
        chosen = choose(seen, others, book.false, wish, self.bounds)
        why_not = chosen if isinstance(chosen, str) else self._full(len(active) + len(made))
        if not why_not and len(made) >= MOST_AT_ONCE:
            why_not = f"one false alarm adjusts {MOST_AT_ONCE} signals at most"
        return f"not adjusted: {seen.newest.signal} of {seen.newest.target}: {why_not}" if why_not else chosen

    def _full(self, active: int) -> str:
        most = self.bounds.settings.most_active
        return (
            f"{most} adjustments are in force, undo one first: aiops feedback list" if active >= most else ""
        )


def shown(
    chosen: Adjustment, others: tuple[Excursion, ...], false: Mapping[str, int], real: Mapping[str, str]
) -> tuple[Adjustment, str]:
    """``chosen``, only proposed where it would have hidden what was real; and what people are told of it."""
    hindsight = replay(chosen, others, false, real)
    words = f"{describe(chosen)}\n  because {chosen.because}\n  {hindsight}"
    if hindsight.real:
        by_hand = f"to have it nevertheless: aiops feedback renew {chosen.id}"
        return replace(chosen, proposed=True), f"NOT in force ({chosen.id}): {words}\n  {by_hand}"
    back = f"to take it back: aiops feedback undo {chosen.id}"
    return chosen, f"expected from now on ({chosen.id}, {until_words(chosen)}): {words}\n  {back}"


def _alike(one: Excursion, other: Excursion) -> bool:
    a, b = one.newest, other.newest
    return (a.target, a.signal, a.detector, a.direction) == (b.target, b.signal, b.detector, b.direction)

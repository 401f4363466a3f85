"""Keeper: what pages show of the journal, folded once and kept up with what is new in it.

A request reads only records that came since the last one. The chain is verified in a thread of its own, now
and then, and never by a request.

Cost:    at the start one pass over the kinds below, about 50 µs a record; then a look at the journal's head.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.claims import Claims
from aiops.core.catalog import KINDS, Catalog
from aiops.core.learn import READERS, learn
from aiops.core.ledger import STREAM, Ledger
from aiops.core.memory import Lessons
from aiops.errors import PortError
from aiops.model import Record
from aiops.ports import Store

VERIFY_AGAIN_MS = 600_000
AT_ONCE = 1_000  # records
READ = tuple(
    dict.fromkeys(
        (
            *KINDS,
            "approval_voted",
            "approval_reminded",
            "unlocked",
            "overwritten",
            "storm_began",
            "storm_ended",
            "switch_changed",
            "sight_changed",
        )
    )
)


@dataclass(frozen=True, slots=True)
class Weather:
    """What was last said of storms, the kill switch and our sight; None: nothing was."""

    storm: Record | None = None
    switch: Record | None = None
    sight: Record | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is kept, as of one record."""

    seq: int = 0  # the head of the journal
    catalog: Catalog = field(default_factory=Catalog)
    ledger: Ledger = field(default_factory=Ledger)
    approvals: ApprovalBook = field(default_factory=ApprovalBook)
    claims: Claims = field(default_factory=Claims)
    weather: Weather = field(default_factory=Weather)

    def after(self, records: Sequence[Record], seq: int) -> "Known":
        """With what ``records`` say, up to ``seq``."""
        return Known(
            seq,
            self.catalog.fold(records),
            self.ledger.fold(one for one in records if one.entry.stream == STREAM),
            self.approvals.fold(one for one in records if one.entry.stream == APPROVALS),
            self.claims.fold(records),
            _weather(self.weather, records),
        )


def _weather(weather: Weather, records: Sequence[Record]) -> Weather:
    newest = {one.entry.stream: one for one in records}
    return Weather(
        newest.get("storm", weather.storm),
        newest.get("switch", weather.switch),
        newest.get("sight", weather.sight),
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """What the newest look at the whole chain found."""

    at_ms: int
    seq: int  # up to here
    problem: str  # "" if it holds


class Keeper:
    """Keeps ``Known`` up to date with a journal. Safe between threads."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self.store, self._now_ms = store, now_ms
        self._known, self._lock = Known(), threading.Lock()
        self._lessons, self._learned, self._lesson_lock = Lessons(), 0, threading.Lock()
        self._verified: Verified | None = None
        self._verifying = threading.Lock()

    def known(self) -> Known:
        """As of now. Raises PortError where the journal cannot be read."""
        head = self.store.head()[0]
        if head == self._known.seq:
            return self._known
        with self._lock:
            if head > self._known.seq:
                self._known = self._after(self._known, head)
            return self._known

    def _after(self, known: Known, head: int) -> Known:
        """Up to ``head``, some at a time, so that what was read is let go of."""
        news = iter(self.store.read(known.seq, kinds=READ))
        while some := [one for one in islice(news, AT_ONCE) if one.seq <= head]:
            known = known.after(some, some[-1].seq)
        return replace(known, seq=head)

    def warm(self) -> None:
        """Begin to fold now, so that nobody waits for it later."""
        threading.Thread(target=self._warm, name="console", daemon=True).start()

    def _warm(self) -> None:
        with suppress(PortError):  # the first page says so
            self.known()

    def lessons(self) -> Lessons:
        """What the journal teaches, as of now; the first call reads its largest records. Raises PortError."""
        with self._lesson_lock:
            head = self.store.head()[0]
            if head > self._learned:
                news = (
                    one for one in self.store.read(self._learned, kinds=tuple(READERS)) if one.seq <= head
                )
                self._lessons, self._learned = learn(self._lessons, news), head
            return self._lessons

    def verified(self) -> Verified | None:
        """The newest look at the chain; None before the first one is done. Begins one where it is old."""
        found = self._verified
        if found is None or (self._now_ms() - found.at_ms > VERIFY_AGAIN_MS and not found.problem):
            self.verify_soon()
        return found

    def verify_soon(self) -> None:
        """Look at the whole chain, beside everything else; one look at a time."""
        if self._verifying.acquire(blocking=False):
            threading.Thread(target=self._verify, name="chain", daemon=True).start()

    def _verify(self) -> None:
        try:
            seq, began_ms = self.store.head()[0], self._now_ms()
            try:
                self._verified = Verified(began_ms, seq, self.store.verify())
            except PortError as error:
                self._verified = Verified(began_ms, seq, str(error))
        except PortError:
            pass  # the journal is closed, or cannot be read now: the next page asks again
        finally:
            self._verifying.release()

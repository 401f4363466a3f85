"""Memory: a journal that lives as long as the process. For replays and tests; loses all at exit."""

import threading
from collections.abc import Iterator, Sequence

from aiops.core.chain import first_break, seal, settled
from aiops.errors import Conflict, Unavailable
from aiops.model import AppendCondition, Budget, Entry, Record, StreamAt


class MemoryStore:
    """``ports.Store`` in lists and dictionaries; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._kinds: dict[str, list[Record]] = {}
        self._streams: dict[str, list[Record]] = {}
        self._keys: set[str] = set()
        self._term = 0
        self._open = True

    def append(
        self, entries: Sequence[Entry], term: int, conditions: Sequence[AppendCondition] = ()
    ) -> tuple[Record, ...]:
        """See ``ports.Store``. Conditions bind what is written: a repeat of known keys alone passes."""
        wanted = [settled(entry) for entry in entries]
        with self._lock:
            self._usable()
            if term != self._term:
                raise Conflict(f"journal: term {term} may not append, the newest is {self._term}")
            fresh = self._fresh(wanted)
            if not fresh:
                return ()
            for condition in conditions:
                self._check(condition)
            return tuple(self._write(entry, term) for entry in fresh)

    def _usable(self) -> None:
        if not self._open:
            raise Unavailable("journal: closed")

    def _fresh(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries whose key is not known yet, nor given twice."""
        fresh, seen = [], set[str]()
        for entry in entries:
            if not entry.key or (entry.key not in self._keys and entry.key not in seen):
                fresh.append(entry)
                seen.add(entry.key)
        return fresh

    def _check(self, condition: AppendCondition) -> None:
        match condition:
            case StreamAt(stream, seq):
                records = self._streams.get(stream)
                newest = records[-1].seq if records else 0
                if newest != seq:
                    raise Conflict(f"journal: stream {stream!r} is at {newest}, expected {seq}")
            case Budget():
                used = sum(_counts(record.entry, condition) for record in self._kinds.get(condition.kind, ()))
                if used >= condition.limit:
                    raise Conflict(
                        f"journal: budget of {condition.kind!r} is used up: {used} of {condition.limit}"
                    )

    def _write(self, entry: Entry, term: int) -> Record:
        record = seal(entry, self._head(), term)
        self._records.append(record)
        self._kinds.setdefault(entry.kind, []).append(record)
        self._streams.setdefault(entry.stream, []).append(record)
        if entry.key:
            self._keys.add(entry.key)
        return record

    def read(self, since: int = 0, stream: str = "", kinds: Sequence[str] = ()) -> Iterator[Record]:
        """See ``ports.Store``; what is appended while reading is not part of the answer."""
        with self._lock:
            self._usable()
            found = list(self._streams.get(stream, ())) if stream else self._records[max(since, 0) :]
        return (
            record for record in found if record.seq > since and (not kinds or record.entry.kind in kinds)
        )

    def _head(self) -> tuple[int, str]:
        return (self._records[-1].seq, self._records[-1].hash) if self._records else (0, "")

    def head(self) -> tuple[int, str]:
        """See ``ports.Store``."""
        with self._lock:
            self._usable()
            return self._head()

    def term(self) -> int:
        """See ``ports.Store``."""
        with self._lock:
            self._usable()
            return self._term

    def begin_term(self, term: int) -> None:
        """See ``ports.Store``."""
        with self._lock:
            self._usable()
            if term <= self._term:
                raise Conflict(f"journal: term {term} is not newer than {self._term}")
            self._term = term

    def verify(self) -> str:
        """See ``ports.Store``. O(n)."""
        return first_break(self.read())

    def close(self) -> None:
        """Forget that it was open; later calls are Unavailable."""
        with self._lock:
            self._open = False


def _counts(entry: Entry, budget: Budget) -> bool:
    right = not budget.field or entry.payload.get(budget.field) == budget.value
    return right and entry.at_ms > budget.since_ms

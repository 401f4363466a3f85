"""Store: the journal in one SQLite file, durable before an append returns.

WAL with ``synchronous=FULL``: an acknowledged record is on the disk. Term, conditions and idempotency keys
are checked inside the transaction that writes (BEGIN IMMEDIATE), so no interleaving of processes or threads
gets past them (B2). Two connections: the loop writes on one while the web thread reads on the other.

Errors:  Conflict as the port says; Unavailable when the file is locked, full, read-only or gone (chained);
         Rejected when it is damaged, of a newer schema, or not a journal: never a fresh start (E13).
Cost:    an append is one fsync; a budget reads the index of its kind from ``since_ms`` on.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import orjson

from aiops.adapters.sqlite.schema import migrate
from aiops.core.chain import first_break, seal, settled
from aiops.errors import Conflict, InvariantError, Rejected, Unavailable
from aiops.model import AppendCondition, Budget, Entry, Record, StreamAt
from aiops.model.wire import canonical

BUSY_TIMEOUT_S = 5.0
PAGE = 500  # records read at once: bounds memory and how long a reader holds its connection
FEW_KINDS = 4  # that are found by their index
TAIL = 1_000  # records whose chain is checked at every start; ``verify`` checks all
COLUMNS = "seq, term, kind, stream, at_ms, payload, key, previous, hash"
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a key of the payload that may stand in a JSON path

Row = tuple[int, int, str, str, int, str, str | None, str, str]


class SqliteStore:
    """``ports.Store`` over the file ``path``, which is made (mode 0600) where it does not exist."""

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            with ExitStack() as undo:  # a file that cannot be used is not held open either
                self._writer = undo.enter_context(closing(self._connect(busy_timeout_s)))
                self._reader = undo.enter_context(closing(self._connect(busy_timeout_s)))
                self._prepare()
                undo.pop_all()

    def _connect(self, busy_timeout_s: float) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA trusted_schema = OFF")
        return db

    def _prepare(self) -> None:
        """Journal mode, schema, and a look at the file's health before anything relies on it."""
        (mode,) = self._writer.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise Unavailable(f"journal: {self._path} does not allow write-ahead logging (mode {mode})")
        (answer,) = self._writer.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise Rejected(f"journal: {self._path} is damaged: {answer}")
        migrate(self._writer, str(self._path))
        self._reader.execute("PRAGMA query_only = ON")
        broken = self._break_after(max(0, self.head()[0] - TAIL))
        if broken:
            raise Rejected(f"journal: {self._path} is damaged: {broken}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's and the system's errors in our words, chained."""
        try:
            yield
        except sqlite3.IntegrityError as error:  # a trigger or constraint of ours
            raise InvariantError(f"journal: {self._path} refused a record: {error}") from error
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                raise Rejected(f"journal: {self._path} is damaged: {error}") from error
            raise Unavailable(f"journal: {self._path}: {error}") from error
        except OSError as error:
            raise Unavailable(f"journal: {self._path}: {error.strerror or error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, rolled back by any error."""
        with self._write_lock, self._translated():
            db = self._writer
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    def append(
        self, entries: Sequence[Entry], term: int, conditions: Sequence[AppendCondition] = ()
    ) -> tuple[Record, ...]:
        """See ``ports.Store``. Conditions bind what is written: a repeat of known keys alone passes."""
        wanted = [settled(entry) for entry in entries]
        with self._transaction() as db:
            newest = _term(db)
            if term != newest:
                raise Conflict(f"journal: term {term} may not append, the newest is {newest}")
            fresh = _fresh(db, wanted)
            if not fresh:
                return ()
            for condition in conditions:
                _check(db, condition)
            return _insert(db, fresh, term)

    def read(self, since: int = 0, stream: str = "", kinds: Sequence[str] = ()) -> Iterator[Record]:
        """See ``ports.Store``; what is appended while reading is not part of the answer."""
        return self._pages(since, self.head()[0], stream, tuple(kinds))

    def _pages(self, since: int, until: int, stream: str, kinds: tuple[str, ...]) -> Iterator[Record]:
        while page := self._page(since, until, stream, kinds):
            yield from map(record_of, page)
            since = page[-1][0]

    def _page(self, since: int, until: int, stream: str, kinds: tuple[str, ...]) -> list[Row]:
        where, values = ["seq > ?", "seq <= ?"], [since, until, *([stream] if stream else []), *kinds]
        if stream:
            where.append("stream = ?")
        if kinds:  # of many kinds the journal is read through; by their index every page would be sorted anew
            column = "kind" if len(kinds) <= FEW_KINDS else "+kind"
            where.append(f"{column} IN ({', '.join('?' * len(kinds))})")
        query = f"SELECT {COLUMNS} FROM journal WHERE {' AND '.join(where)} ORDER BY seq LIMIT {PAGE}"  # noqa: S608 - values are bound
        with self._read_lock, self._translated():
            return self._reader.execute(query, values).fetchall()

    def head(self) -> tuple[int, str]:
        """See ``ports.Store``."""
        with self._read_lock, self._translated():
            return head_of(self._reader)

    def term(self) -> int:
        """See ``ports.Store``."""
        with self._read_lock, self._translated():
            return _term(self._reader)

    def begin_term(self, term: int) -> None:
        """See ``ports.Store``."""
        with self._transaction() as db:
            newest = _term(db)
            if term <= newest:
                raise Conflict(f"journal: term {term} is not newer than {newest}")
            db.execute("UPDATE fence SET term = ?", (term,))

    def verify(self) -> str:
        """See ``ports.Store``. Reads and hashes every record: about 15 µs each."""
        return self._break_after(0)

    def _break_after(self, seq: int) -> str:
        with self._read_lock, self._translated():
            found = self._reader.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
        if seq and found is None:
            return f"record {seq} is missing"
        try:
            return first_break(self.read(seq), (seq, found[0] if found else ""))
        except Rejected as error:
            return str(error)

    def close(self) -> None:
        """Release the file; later calls are Unavailable."""
        with self._read_lock:  # a connection that is closed under a thread that reads takes the process along
            self._reader.close()
        with self._write_lock:
            self._writer.close()


def head_of(db: sqlite3.Connection) -> tuple[int, str]:
    """(seq, hash) of the newest record; (0, "") where there is none."""
    row = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, "")


def _term(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT term FROM fence").fetchone()[0])


def _fresh(db: sqlite3.Connection, entries: Iterable[Entry]) -> list[Entry]:
    """The entries whose key is not known yet, nor given twice."""
    fresh, seen = [], set()
    for entry in entries:
        if entry.key:
            if (
                entry.key in seen
                or db.execute("SELECT 1 FROM journal WHERE key = ?", (entry.key,)).fetchone()
            ):
                continue
            seen.add(entry.key)
        fresh.append(entry)
    return fresh


def _check(db: sqlite3.Connection, condition: AppendCondition) -> None:
    match condition:
        case StreamAt(stream, seq):
            (newest,) = db.execute(
                "SELECT coalesce(max(seq), 0) FROM journal WHERE stream = ?", (stream,)
            ).fetchone()
            if newest != seq:
                raise Conflict(f"journal: stream {stream!r} is at {newest}, expected {seq}")
        case Budget():
            used = _used(db, condition)
            if used >= condition.limit:
                raise Conflict(
                    f"journal: budget of {condition.kind!r} is used up: {used} of {condition.limit}"
                )


def _used(db: sqlite3.Connection, budget: Budget) -> int:
    query = "SELECT count(*) FROM journal WHERE kind = ? AND at_ms > ?"
    values: list[int | str] = [budget.kind, budget.since_ms]
    if budget.field:
        if not FIELD.fullmatch(budget.field):
            raise InvariantError(f"journal: a budget counts a plain key of the payload, not {budget.field!r}")
        query += " AND json_type(payload, ?) = 'text' AND json_extract(payload, ?) = ?"
        values += [f"$.{budget.field}", f"$.{budget.field}", budget.value]
    return int(db.execute(query, values).fetchone()[0])


def _insert(db: sqlite3.Connection, entries: Iterable[Entry], term: int) -> tuple[Record, ...]:
    head, records = head_of(db), []
    for entry in entries:
        record = seal(entry, head, term)
        db.execute(
            f"INSERT INTO journal ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                record.seq,
                term,
                entry.kind,
                entry.stream,
                entry.at_ms,
                canonical(entry.payload).decode(),
                entry.key or None,
                record.previous,
                record.hash,
            ),
        )
        head = (record.seq, record.hash)
        records.append(record)
    return tuple(records)


def record_of(row: Row) -> Record:
    """A row as a record; Rejected for a payload that is not as it was written."""
    seq, term, kind, stream, at_ms, text, key, previous, value = row
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected(f"record {seq} was changed: its payload is not JSON") from error
    if canonical(payload).decode() != text:
        raise Rejected(f"record {seq} was changed: its payload is not in canonical form")
    return Record(seq, term, Entry(kind, stream, at_ms, payload, key or ""), previous, value)

"""Evidence: a journal file as it lies there, for an audit. Nothing is written, made, migrated or repaired.

``SqliteStore`` refuses a damaged journal, so that nobody acts upon one; whoever wants to know how it is
damaged reads it here, as far as it can be read, from a folder that may be read only, too.

Errors:  Rejected for what is no journal, and, while reading, for a record that cannot be read; Unavailable
         where the file cannot be opened.
Cost:    as ``SqliteStore.read``.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from aiops.adapters.sqlite.schema import APPLICATION_ID
from aiops.adapters.sqlite.store import COLUMNS, DAMAGED, PAGE, Row, head_of, record_of
from aiops.errors import Rejected, Unavailable
from aiops.model import Record


class Evidence:
    """A journal file, to be read from the first record to the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated():
            self._db = self._opened()
            (application,) = self._db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            self._db.close()
            raise Rejected(f"journal: {path} is no journal")

    def _opened(self) -> sqlite3.Connection:
        """As others write it; where even that is not allowed, as a file that nobody writes."""
        place = f"file:{quote(str(self._path.resolve()))}?mode=ro"
        db = sqlite3.connect(place, uri=True, isolation_level=None)
        try:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            db.close()
            beside = self._path.with_name(f"{self._path.name}-wal")
            if beside.exists() and beside.stat().st_size:  # newer records are in it: they must not be missed
                raise
            db = sqlite3.connect(f"{place}&immutable=1", uri=True, isolation_level=None)
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        return db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                raise Rejected(f"journal: {self._path} is damaged: {error}") from error
            raise Unavailable(f"journal: {self._path}: {error}") from error
        except OSError as error:
            raise Unavailable(f"journal: {self._path}: {error.strerror or error}") from error

    def head(self) -> tuple[int, str]:
        """(seq, hash) of the newest record; (0, "") of an empty journal."""
        with self._translated():
            return head_of(self._db)

    def read(self) -> Iterator[Record]:
        """Every record that was there when the reading began, oldest first."""
        since, until = 0, self.head()[0]
        while page := self._page(since, until):
            yield from map(record_of, page)
            since = page[-1][0]

    def _page(self, since: int, until: int) -> list[Row]:
        query = f"SELECT {COLUMNS} FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {PAGE}"  # noqa: S608 - values are bound
        with self._translated():
            return self._db.execute(query, (since, until)).fetchall()

    def close(self) -> None:
        """Release the file."""
        self._db.close()

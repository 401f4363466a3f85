"""Schema: numbered migrations, each in one transaction; a newer schema than ours is refused.

Append-only is enforced in the file itself: triggers abort UPDATE and DELETE, and refuse an INSERT that is
not the next one (so INSERT OR REPLACE cannot replace either). Whoever drops the triggers is found by the
chain.
"""

import sqlite3

from aiops.errors import Rejected

APPLICATION_ID = 0x41494F50  # "AIOP": tells our journal from any other SQLite file

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE journal (
            seq INTEGER PRIMARY KEY,
            term INTEGER NOT NULL,
            kind TEXT NOT NULL,
            stream TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            payload TEXT NOT NULL,
            key TEXT,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX journal_key ON journal (key) WHERE key IS NOT NULL",
        "CREATE INDEX journal_stream ON journal (stream, seq)",
        "CREATE INDEX journal_kind ON journal (kind, at_ms)",
        """CREATE TRIGGER journal_keeps_what_is_written BEFORE UPDATE ON journal
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TRIGGER journal_loses_nothing BEFORE DELETE ON journal
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TRIGGER journal_grows_by_one BEFORE INSERT ON journal
            WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM journal)
                OR (NEW.key IS NOT NULL AND EXISTS (SELECT 1 FROM journal WHERE key = NEW.key))
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TABLE fence (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            term INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO fence VALUES (1, 0)",
        """CREATE TRIGGER fence_only_rises BEFORE UPDATE ON fence WHEN NEW.term <= OLD.term
            BEGIN SELECT RAISE(ABORT, 'the term only rises'); END""",
        """CREATE TRIGGER fence_stays BEFORE DELETE ON fence
            BEGIN SELECT RAISE(ABORT, 'the term only rises'); END""",
    ),
)


def migrate(db: sqlite3.Connection, path: str) -> None:
    """Bring ``db`` to our schema. Raises Rejected for a newer one or a file that is not a journal."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if objects and application != APPLICATION_ID:
        raise Rejected(f"journal: {path} is an SQLite file of something else")
    if version > len(MIGRATIONS):
        raise Rejected(
            f"journal: {path} has schema {version}, newer than {len(MIGRATIONS)}: it needs a newer aiops"
        )
    for number in range(version + 1, len(MIGRATIONS) + 1):
        _apply(db, number)


def _apply(db: sqlite3.Connection, number: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] < number:  # else another process was faster
            for statement in MIGRATIONS[number - 1]:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")

"""SqliteStore: durable, append-only, found out when touched, and unavailable rather than wrong."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from aiops.adapters.sqlite import SqliteStore, schema
from aiops.errors import Conflict, Rejected, Unavailable
from aiops.model import Budget, Entry

ROWS = 12


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite"


def entry(n=0, key=""):
    return Entry("decided", f"i-{n % 3}", 1000 + n, {"n": n, "why": "calm"}, key)


def fill(path, rows=ROWS):
    with closing(SqliteStore(path)) as store:
        store.append([entry(n) for n in range(rows)], term=0)


def tamper(path, *statements):
    """What somebody with the file and the sqlite3 tool can do: drop the triggers, then change rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


def test_the_journal_survives_the_process_and_only_its_owner_may_read_it(path):
    fill(path)
    with closing(SqliteStore(path)) as store:
        assert [record.entry for record in store.read()] == [entry(n) for n in range(ROWS)]
        assert store.append([entry(99)], term=0)[0].seq == ROWS + 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_commit_is_on_the_disk_before_it_is_acknowledged(path):
    """E12, promises 5.1: WAL with synchronous=FULL (2), on the connection that writes."""
    with closing(SqliteStore(path)) as store:
        pragma = {
            name: store._writer.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET payload = '{}' WHERE seq = 3",
        "DELETE FROM journal WHERE seq = 3",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal VALUES (3, 0, 'k', 's', 0, '{}', NULL, '', '')",
        "INSERT INTO journal VALUES (99, 0, 'k', 's', 0, '{}', NULL, '', '')",
        "UPDATE fence SET term = 0",
        "DELETE FROM fence",
    ],
)
def test_the_file_itself_refuses_to_be_rewritten(path, statement):
    """S10."""
    fill(path)
    with (
        closing(sqlite3.connect(path)) as db,
        pytest.raises(sqlite3.IntegrityError, match=r"append-only|rises"),
    ):
        db.execute(statement)


EDITS = {
    "payload": '\'{"n":7,"why":"storm"}\'',
    "kind": "'applied'",
    "stream": "'i-9'",
    "at_ms": "at_ms + 1",
    "term": "term + 1",
    "key": "'k'",
    "previous": "upper(previous) || '0'",
    "hash": "upper(hash) || '0'",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_any_column_of_any_row_is_found(path, column):
    """S10: each row in turn, on a fresh copy."""
    fill(path)
    for seq in range(1, ROWS + 1):
        with closing(SqliteStore(path)) as store:
            tamper(
                path,
                "CREATE TABLE kept AS SELECT * FROM journal",
                f"UPDATE journal SET {column} = {EDITS[column]} WHERE seq = {seq}",  # noqa: S608 - our table
            )
            assert f"record {seq}" in store.verify()
            tamper(path, "DELETE FROM journal", "INSERT INTO journal SELECT * FROM kept", "DROP TABLE kept")
            assert store.verify() == ""


@pytest.mark.parametrize("seq", range(1, ROWS))
@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM journal WHERE seq = {seq}"],
        ["DELETE FROM journal WHERE seq = {seq}", "UPDATE journal SET seq = seq - 1 WHERE seq > {seq}"],
        [  # two neighbours change places
            "UPDATE journal SET seq = -1 WHERE seq = {seq}",
            "UPDATE journal SET seq = {seq} WHERE seq = {seq} + 1",
            "UPDATE journal SET seq = {seq} + 1 WHERE seq = -1",
        ],
        ["UPDATE journal SET payload = replace(payload, ':', ': ') WHERE seq = {seq}"],  # the same value
    ],
    ids=["deleted", "deleted and closed up", "exchanged", "reformatted"],
)
def test_a_row_deleted_moved_or_reformatted_is_found_and_such_a_file_is_not_opened(path, statements, seq):
    """S10, E13: never a fresh start, all budgets full."""
    fill(path)
    with closing(SqliteStore(path)) as store:
        tamper(path, *[statement.format(seq=seq) for statement in statements])
        assert "record" in store.verify()
    with pytest.raises(Rejected, match="damaged"):
        SqliteStore(path)


def test_a_break_before_the_tail_is_found_by_verify(path):
    fill(path, 1500)
    tamper(path, "UPDATE journal SET at_ms = 0 WHERE seq = 7")
    with closing(SqliteStore(path)) as store:
        assert store.verify().startswith("record 7 was changed")


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but long enough to look at it" * 30, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_a_file_that_is_no_journal_is_refused_and_left_alone(path, content):
    """E13."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Rejected, match="journal"):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_a_torn_file_is_refused(path):
    """E13: a page in the middle was lost."""
    fill(path, 400)
    with path.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\x00" * 4096 * 3)
    with pytest.raises(Rejected, match="damaged"):
        SqliteStore(path)


def test_another_programs_file_is_refused(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE cookies (name TEXT)")
    with pytest.raises(Rejected, match="something else"):
        SqliteStore(path)


def test_a_newer_schema_is_refused(path):
    fill(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    with pytest.raises(Rejected, match="newer"):
        SqliteStore(path)


def test_a_migration_that_fails_leaves_nothing_half_done(tmp_path, monkeypatch):
    good, bad = "CREATE TABLE a (x)", "CREATE TABLE a (x)"  # the second finds the first
    monkeypatch.setattr(schema, "MIGRATIONS", ((good, bad),))
    with closing(sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)) as db:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(db, "x.sqlite")
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        assert db.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_locked_file_is_unavailable_and_works_again_afterwards(path):
    """E12."""
    with (
        closing(SqliteStore(path, busy_timeout_s=0.05)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as caught:
            store.append([entry()], term=0)
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert store.head() == (0, "")  # reading goes on
        other.execute("ROLLBACK")
        assert store.append([entry()], term=0)[0].seq == 1


def test_a_full_disk_is_unavailable_writes_nothing_and_works_again_afterwards(path):
    """E12: no file may grow beyond what it is now, which the system answers like a full disk."""
    with closing(SqliteStore(path)) as store:
        store.append([entry()], term=0)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("journal.sqlite-wal").stat().st_size, hard))
        try:
            with pytest.raises(Unavailable):
                store.append([entry(n) for n in range(1, 400)], term=0)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.head()[0] == 1
        assert store.append([entry(1)], term=0)[0].seq == 2
        assert store.verify() == ""


READ_ONLY = """
import os, sys
from pathlib import Path
from aiops.adapters.sqlite import SqliteStore
from aiops.errors import Unavailable
if os.geteuid() == 0:
    os.seteuid(65534)  # permissions do not bind root
try:
    SqliteStore(Path(sys.argv[1]))
except Unavailable as error:
    print(error)
"""


def test_a_read_only_folder_is_unavailable():
    """E12."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, f"{folder}/journal.sqlite"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert "Permission denied" in done.stdout


def test_a_state_folder_that_is_a_file_is_unavailable(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(Unavailable):
        SqliteStore(tmp_path / "state" / "journal.sqlite")


def test_two_daemons_on_one_file_share_one_budget(path):
    """B2: two stores, so two locks; only the file is between them."""
    won = []

    def run():
        with closing(SqliteStore(path)) as store:
            for n in range(30):
                try:
                    won.extend(store.append([entry(n)], 0, [Budget("decided", 20, 0)]))
                except Conflict:
                    continue

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(SqliteStore(path)) as store:
        assert (len(won), store.head()[0], store.verify()) == (20, 20, "")


WRITER = """
import sys
from pathlib import Path
from aiops.adapters.sqlite import SqliteStore
from aiops.model import Entry
store = SqliteStore(Path(sys.argv[1]))
n = store.head()[0]
while True:
    n += 1
    payload = {"n": n, "filler": "x" * (n % 700)}
    (record,) = store.append([Entry("decided", f"i-{n % 5}", n, payload, f"key-{n}")], 0)
    print(record.seq, record.hash, flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_it_acknowledged(path):
    """E1, E12: SIGKILL while appending, ten times on the same file; what was printed is there, in the chain.

    Twenty acknowledgements and more before each kill: so each kill strikes a writer at work.
    """
    acknowledged = {}
    for turn in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        ) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(20 + 7 * turn)]
            writer.kill()
            lines += writer.stdout.readlines()
        whole = [line.split() for line in lines if line.endswith("\n")]
        acknowledged |= {int(seq): value for seq, value in whole}
        with closing(SqliteStore(path)) as store:
            assert store.verify() == ""
            found = {record.seq: record.hash for record in store.read()}
        assert acknowledged.items() <= found.items()
        assert (
            len(found) - len(acknowledged) <= turn + 1
        )  # a kill between commit and print, at most once each
    assert len(acknowledged) > 400

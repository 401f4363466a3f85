"""Evidence: a journal is read where nothing may be written, and newer records are never missed silently."""

import multiprocessing
import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from aiops.adapters.sqlite import SqliteStore
from aiops.adapters.sqlite.evidence import Evidence
from aiops.errors import PortError, Rejected, Unavailable
from aiops.model import Entry

NOBODY = 65_534


@pytest.fixture
def path():
    """A journal of three records, whose daemon has ended cleanly; in a folder that everybody may look into,
    as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="aiops-evidence-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "state" / "journal.sqlite"
        with closing(SqliteStore(file)) as store:
            store.append([Entry("decided", "i", n, {"n": n}) for n in range(3)], 0)
        yield file


def test_it_reads_what_the_store_reads_while_the_store_writes(path):
    with closing(SqliteStore(path)) as store, closing(Evidence(path)) as evidence:
        store.append([Entry("decided", "i", 3, {})], 0)
        assert list(evidence.read()) == list(store.read())
        assert evidence.head() == store.head()


def read_by_nobody(path):
    """What a process sees that may not write in the folder: root may, so it becomes another user."""
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_read, args=(path, theirs))
    child.start()
    child.join(20)
    path.parent.chmod(0o755)
    return ours.recv()


def _read(path, answers):
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        with closing(Evidence(path)) as evidence:
            answers.send(sum(1 for _ in evidence.read()))
    except PortError as error:
        answers.send(type(error).__name__)


def test_a_folder_that_may_only_be_read_is_enough(path):
    assert read_by_nobody(path) == 3


def test_where_newer_records_could_not_be_seen_it_is_not_read_at_all(path):
    """E13: a write-ahead log that was left behind holds them, and needs a folder that can be written."""
    store = SqliteStore(path)
    store.append([Entry("decided", "i", 9, {})], 0)
    kept = {one.name: one.read_bytes() for one in path.parent.iterdir() if not one.name.endswith("-shm")}
    store.close()
    copy = path.parent.parent / "copy"
    copy.mkdir()
    for name, content in kept.items():
        (copy / name).write_bytes(content)
    assert (copy / "journal.sqlite-wal").stat().st_size
    assert read_by_nobody(copy / "journal.sqlite") == "Unavailable"
    with closing(Evidence(copy / "journal.sqlite")) as evidence:  # here it may write
        assert sum(1 for _ in evidence.read()) == 4


def test_what_is_not_there_or_no_journal_is_told(tmp_path):
    with pytest.raises(Unavailable):
        Evidence(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("not a database" * 1000)
    with pytest.raises(Rejected):
        Evidence(tmp_path / "text")

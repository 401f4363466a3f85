"""The journal on disk: where it is, and that one daemon at a time writes it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aiops.adapters.sqlite.store import SqliteStore
from aiops.errors import InputError, Problem, Unavailable

JOURNAL, LOCK = "journal.sqlite", "daemon.lock"


def open_journal(state_dir: Path) -> SqliteStore:
    """The journal of ``state_dir``, for reading; InputError where there is none."""
    path = state_dir / JOURNAL
    try:
        there = path.exists()
    except OSError as error:
        got = error.strerror or str(error)
        raise InputError([Problem(str(path), got, "a journal that can be read")]) from error
    if not there:
        raise InputError(
            [
                Problem(
                    str(path), "no such file", "the journal of a daemon that has run (aiops run --state DIR)"
                )
            ]
        )
    return SqliteStore(path)


def _locked_file(state_dir: Path) -> IO[str]:
    """The file that is locked by whoever writes; the folder is made where it is missing."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (state_dir / LOCK).open("a+")
    except OSError as error:
        got = str(error.strerror or error)
        raise InputError([Problem(f"state {state_dir}", got, "a folder that can be written")]) from error


@contextmanager
def lead(state_dir: Path) -> Iterator[SqliteStore]:
    """The journal for writing, under a new term; Unavailable while another daemon has it, InputError where
    ``state_dir`` cannot be written."""
    with _locked_file(state_dir) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(f"{state_dir} is in use by another daemon (see {LOCK} for its pid)") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        store = SqliteStore(state_dir / JOURNAL)
        try:
            store.begin_term(store.term() + 1)
            yield store
        finally:
            store.close()

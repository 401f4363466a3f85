"""The journal on disk: where it is, and that one daemon at a time writes it."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aiops.adapters.remote import Address, RemoteStore
from aiops.adapters.sqlite.store import SqliteStore
from aiops.errors import InputError, Problem, Unavailable
from aiops.ports import Store

JOURNAL, LOCK = "journal.sqlite", "daemon.lock"
TRIES = 10
Place = Path | Address  # a state folder, or a daemon that is asked over HTTP


def open_journal(place: Place) -> Store:
    """The journal of a state folder, or of a daemon that is asked over HTTP, for reading; InputError where
    there is none."""
    if isinstance(place, Address):
        return RemoteStore(place)
    path = place / JOURNAL
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


def running(state_dir: Path) -> bool:
    """Whether a daemon writes the journal of ``state_dir`` now. Asks for its lock for an instant, which
    ``lead`` bears with."""
    try:
        with (state_dir / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EACCES)  # EACCES: it is there, and not ours to open
    return False


def _take(lock: IO[str]) -> None:
    """Lock it for ourselves, trying for a second: who asks whether a daemon runs holds it for an instant."""
    for left in range(TRIES, -1, -1):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not left:
                raise
            time.sleep(1 / TRIES)
        else:
            return


@contextmanager
def lead(state_dir: Path) -> Iterator[SqliteStore]:
    """The journal for writing, under a new term; Unavailable while another daemon has it, InputError where
    ``state_dir`` cannot be written."""
    with _locked_file(state_dir) as lock:
        try:
            _take(lock)
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

"""Inbox: people's requests to the running daemon, as files in a folder of its state folder.

A request is written beside its place and renamed into it, so it is there whole or not at all. The daemon
moves it to ``done/`` only once the journal has it: a crash before that shows it again, and the journal knows
its id. What is no request is moved to ``refused/`` with the reason beside it; it stops nobody else's.

Input:   ``inbox/<ms>-<id>.json``, at most 16 KiB, a plain file of whoever owns the folder, or root.
Errors:  Unavailable where the folder cannot be read or moved in, chained.
Cost:    a listing a call, and a read a request; ``MOST`` at a time, the oldest first.
"""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from aiops.errors import InputError, Unavailable
from aiops.model import Request, RequestKind

LARGEST, MOST = 16_384, 100  # bytes of a request; requests that one call answers
TYPES: dict[str, tuple[type, ...]] = {
    "version": (int,),
    "id": (str,),
    "kind": (str,),
    "by": (str,),
    "at_ms": (int,),
    "reason": (str,),
    "plan_id": (str,),
    "step": (int,),
    "incident_id": (str,),
    "target": (str,),
    "playbook": (str, type(None)),
    "scope": (str,),
    "adjustment": (str,),
}
VERSION = 1


class Inbox:
    """The requests in ``folder``, which is made (mode 0700) where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hand_in(self, request: Request) -> Path:
        """Write a request for the daemon, durably; where it lies. Raises Unavailable."""
        with _translated(self.folder):
            self._prepare()
            path = self.folder / name_of(request)
            beside = path.with_name(f".{path.name}")
            text = json.dumps(document(request), ensure_ascii=False, sort_keys=True) + "\n"
            with open(
                beside, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)
            ) as file:
                self._ours(file.fileno())
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
            return path

    def withdraw(self, request: Request) -> bool:
        """Take a request back that the daemon has not taken up; whether it was there still."""
        with _translated(self.folder):
            try:
                (self.folder / name_of(request)).unlink()
            except FileNotFoundError:
                return False
            return True

    def pending(self) -> tuple[Request, ...]:
        """Requests that wait, oldest first. Raises Unavailable."""
        with _translated(self.folder):
            try:
                names = sorted(entry.name for entry in os.scandir(self.folder) if not _aside(entry))
            except FileNotFoundError:
                return ()
            found = (one for name in names if (one := self._read(name)) is not None)
            return tuple(islice(found, MOST))

    def done(self, request: Request) -> None:
        """Lay a request aside that the journal has. Raises Unavailable; then it is shown again."""
        with _translated(self.folder):
            self._move(name_of(request), "done")

    def refused(self) -> tuple[Path, ...]:
        """What was no request, for people to look at: each file has its reason beside it."""
        with _translated(self.folder):
            return tuple(
                sorted(one for one in (self.folder / "refused").glob("*") if one.suffix != ".reason")
            )

    def _prepare(self) -> None:
        made = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if made:
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                self._ours(handle, self.folder.parent)
            finally:
                os.close(handle)

    def _ours(self, handle: int, like: Path | None = None) -> None:
        """Give what root makes to the daemon, whose folder it is."""
        if os.geteuid() == 0:
            owner = (like or self.folder).stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)

    def _read(self, name: str) -> Request | None:
        try:
            request = parse(self._text(name))
            if name != name_of(request):
                raise InputError(f"expected the name {name_of(request)}")
        except (InputError, ValueError, RecursionError, OSError) as error:
            self._refuse(name, str(error))
            return None
        return request

    def _text(self, name: str) -> str:
        handle = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise InputError("expected a plain file")
            trusted = (os.geteuid(), 0, self.folder.stat().st_uid)
            if found.st_uid not in trusted or found.st_mode & 0o022:
                raise InputError("expected a file of the daemon's own user that nobody else can write")
            if found.st_size > LARGEST:
                raise InputError(f"expected at most {LARGEST} bytes, got {found.st_size}")
            return file.read(LARGEST).decode("utf-8")

    def _refuse(self, name: str, why: str) -> None:
        """Move what is no request out of the way; where even that fails, it is passed over each time."""
        try:
            self._move(name, "refused")
            (self.folder / "refused" / f"{name[:200]}.reason").write_text(
                f"{why[:2_000]}\n", "utf-8", "replace"
            )
        except OSError:
            return

    def _move(self, name: str, where: str) -> None:
        aside = self.folder / where
        aside.mkdir(exist_ok=True, mode=0o700)
        try:
            (self.folder / name).replace(aside / name[:200])
        except FileNotFoundError:
            return  # withdrawn, or laid aside before


def name_of(request: Request) -> str:
    """The file name of a request: files in order of their names are in order of time."""
    return f"{request.at_ms:015d}-{request.id}.json"


def document(request: Request) -> dict[str, object]:
    """A request as JSON values."""
    values = {name: getattr(request, name) for name in TYPES if name != "version"}
    return {"version": VERSION, **values, "kind": str(request.kind)}


def parse(text: str) -> Request:
    """The request that ``text`` is. InputError, ValueError or RecursionError for anything else."""
    data = json.loads(text, object_pairs_hook=_once)
    if not isinstance(data, dict):
        raise InputError("expected a JSON object")
    if unknown := data.keys() - TYPES.keys():
        raise InputError(f"expected only known keys, got {', '.join(sorted(unknown))[:200]}")
    for key, value in data.items():
        if not isinstance(value, TYPES[key]) or isinstance(value, bool):
            names = " or ".join(one.__name__ for one in TYPES[key])
            raise InputError(f"{key}: expected {names}, got {type(value).__name__}")
    if data.pop("version", None) != VERSION:
        raise InputError(f"version: expected {VERSION}")
    try:
        return Request(**{**data, "kind": RequestKind(data.get("kind", ""))})
    except TypeError as error:
        raise InputError(f"expected id, kind, by and at_ms: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are all different."""
    data = dict(pairs)
    if len(data) != len(pairs):
        raise InputError("expected every key once")
    return data


def _aside(entry: os.DirEntry[str]) -> bool:
    """Not a request: what is being written still, and the folders of what is over."""
    return entry.name.startswith(".") or entry.name in {"done", "refused"}


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"inbox {folder}: {error.strerror or error}") from error

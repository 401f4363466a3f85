"""Switch: the kill switch, read afresh before every write (B5, G16).

Input:   places that say whether we are stopped: a file in the state folder, a ConfigMap (see ``kubernetes``).
Output:  True: stopped; None: a place cannot be read, which stops us as surely; False: no place stops us.
Errors:  none: what goes wrong is a None with its reason.
Cost:    a file costs a microsecond, a ConfigMap a request; an answer is kept for a second at most.
"""

import errno
import json
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aiops.core.words import clock, plain
from aiops.model import Stop

KEPT_S = 1.0
LONGEST = 4_096  # bytes of the file that are read; its presence is what counts

Place = Callable[[], Stop]  # must not raise


class Switch:
    """Asks every place. Safe between threads; ``switch()`` is what the loop takes as ``kill_switch``."""

    def __init__(
        self,
        places: Sequence[Place],
        kept_s: float = KEPT_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places, self._kept_s, self._monotonic_s = tuple(places), kept_s, monotonic_s
        self._lock = threading.Lock()
        self._found: tuple[Stop, ...] = ()
        self._until_s = float("-inf")

    def __call__(self) -> bool | None:
        """Whether we are stopped; None where that cannot be found out."""
        return verdict(self.look())

    def look(self) -> tuple[Stop, ...]:
        """What each place says, at most ``kept_s`` ago."""
        with self._lock:
            if self._monotonic_s() >= self._until_s:
                began = self._monotonic_s()  # what is read later is newer than it counts for, never older
                self._found = tuple(place() for place in self._places)
                self._until_s = began + self._kept_s
            return self._found

    def why(self) -> str:
        """Every place that stops us, by whom, since when and why; "" if none does."""
        return "; ".join(plain(str(one)) for one in self.look() if one.stops)


def verdict(stops: Sequence[Stop]) -> bool | None:
    """One answer of all places: True before None before False."""
    answers = {one.on for one in stops}
    return True if True in answers else None if None in answers else False


class StopFile:
    """A file that stops us by being there, readable or not, whatever it is: a folder does as well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"file {self.path}"

    def __call__(self) -> Stop:
        """What the file says; None where its folder cannot be looked into."""
        place = self.place
        try:
            found = self.path.lstat()
        except OSError as error:
            gone = error.errno == errno.ENOENT and self.path.parent.is_dir()
            return Stop(place, False) if gone else Stop(place, None, why=error.strerror or str(error))
        said = _said(self.path, found)
        since = said.get("at") or f"{clock(int(found.st_mtime * 1000))} UTC"
        return Stop(place, True, said.get("by") or _owner(found.st_uid), since, said.get("why", ""))

    def put(self, by: str, why: str, now_ms: int) -> bool:
        """Stop: write the file, durably and at once; one that is there already stays. Whether it was written.
        Raises OSError."""
        at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        if os.path.lexists(self.path):
            return False
        text = json.dumps({"by": by, "at": at, "why": why}, ensure_ascii=False) + "\n"
        # a name of its own: what a crash left, or somebody else who stops now, is in nobody's way
        beside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            with open(
                beside, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o644)
            ) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
        _settle(self.path.parent)
        return True

    def take_away(self) -> bool:
        """Resume: remove the file; whether it was there. Raises OSError, also for a folder with content."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(found.st_mode):
            self.path.rmdir()
        else:
            self.path.unlink()
        _settle(self.path.parent)
        return True


def _settle(folder: Path) -> None:
    """What was renamed or removed in ``folder`` survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(path: Path, found: os.stat_result) -> dict[str, str]:
    """Who, when and why, as the file says: JSON, or plain text as the reason; nothing where it cannot say."""
    if not stat.S_ISREG(found.st_mode):  # a pipe would keep us waiting
        return {}
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST).decode("utf-8", "replace").strip()
    except OSError:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {"why": text}
    if not isinstance(data, dict):
        return {"why": text}
    return {key: str(data[key]) for key in ("by", "at", "why") if data.get(key) is not None}


def _owner(uid: int) -> str:
    import pwd  # noqa: PLC0415 - only where there is a file that does not say

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"

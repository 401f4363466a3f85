"""Answers: what people ask of and say to a running daemon from the command line, over its API."""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiops.adapters.clock import SystemClock
from aiops.adapters.remote import Address, Daemon, named
from aiops.bootstrap.config import find_state
from aiops.bootstrap.journal import JOURNAL, Place, open_journal, running
from aiops.bootstrap.remote import ADDRESS, beside
from aiops.core.approvals.book import STREAM, ApprovalBook
from aiops.core.calendar import day_end
from aiops.errors import InputError, NotFound, Problem, Rejected, Unavailable
from aiops.model import Approval, Request
from aiops.model.wire import from_json

TRIES, PAUSE_S = 3, 0.5  # of the same answer under the same key: a repeat is harmless
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to call ourselves by, where we listen on all


def write_address(state: Path, url: str) -> None:
    """Leave word in the state folder where its daemon listens. Raises Unavailable."""
    parts = urlsplit(url)
    host = (parts.hostname or "").strip("[]")
    host = ANYWHERE.get(host, host)
    text = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port}\n"
    path = state / ADDRESS
    beside_it = path.with_name(f".{ADDRESS}.{os.getpid()}")
    try:
        beside_it.write_text(text, encoding="ascii")
        beside_it.chmod(0o644)
        beside_it.replace(path)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of what was said."""

    done: bool
    text: str
    approval: Approval | None = None


class People:
    """One person's line to one daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def approvals(self, *, pending: bool) -> list[Approval]:
        """What waits, or all of the last week, oldest first."""
        found = self._daemon.get("/approvals", {"pending": str(pending).lower()})
        return [_approval(one) for one in found.get("approvals", ())]

    def approval(self, name: str) -> Approval:
        """One of them. InputError where there is none, with those that wait."""
        try:
            return _approval(self._daemon.get(f"/approvals/{named(name)}"))
        except NotFound as error:
            waiting = [one.short for one in self.approvals(pending=True)]
            expected = f"one of {', '.join(waiting[:10])}" if waiting else "one that waits, and none does"
            raise InputError([Problem(f"approval {name!r}", "none, or more than one", expected)]) from error

    def say(self, approval: Approval, verb: str, body: Mapping[str, object]) -> Answer:
        """Answer exactly the question that was shown. The same answer is sent again where nobody knows what
        became of it; it counts once."""
        return self._said(f"/approvals/{named(approval.id)}/{verb}", {**body, "digest": approval.digest})

    def stop(self, reason: str) -> Answer:
        """Pull the kill switch."""
        return self._said("/stop", {"reason": reason})

    def resume(self, reason: str) -> Answer:
        """Let it go."""
        return self._said("/resume", {"reason": reason})

    def ask(self, request: Request) -> Answer:
        """Have the daemon do what ``request`` says; that it was handed in, or why it was not."""
        about = {name: value for name, value in asdict(request).items() if name not in ("by", "at_ms")}
        return self._said("/requests", about)

    def _said(self, path: str, told: Mapping[str, object]) -> Answer:
        key = secrets.token_hex(16)
        for left in range(TRIES - 1, -1, -1):
            try:
                found = self._daemon.post(path, told, key)
            except Unavailable:
                if not left:
                    raise
                time.sleep(PAUSE_S)
            else:
                after = found.get("approval")
                return Answer(found["done"], str(found.get("text", "")), _approval(after) if after else None)
        raise AssertionError("a loop that returns or raises")  # pragma: no cover

    def day_end(self, now_ms: int) -> int:
        """When today is over where the people of the daemon are."""
        zone = self._daemon.get("/status").get("timezone", "UTC")
        return day_end(now_ms, str(zone))


@contextmanager
def people(config: Path | None, state: "Path | Address | None") -> Iterator[People]:
    """The line to the daemon at an address, or to that of a state folder."""
    place = state if isinstance(state, Address) else beside(find_state(config, state))
    with closing(Daemon(place)) as daemon:
        yield People(daemon)


def asked(config: Path | None, state: Place | None, *, pending: bool) -> tuple[list[Approval], str]:
    """What waits, or all of the last week, and what is to be said beside it. The daemon is asked; where none
    runs on a state folder, its journal is read."""
    place: Place = find_state(config, state)
    if isinstance(place, Address) or running(place) or not (place / JOURNAL).exists():
        with people(config, state) as line:
            return line.approvals(pending=pending), ""
    with closing(open_journal(place)) as store:
        book = ApprovalBook().fold(store.read(stream=STREAM)).without_old(SystemClock().now_ms())
    found = list(book.pending() if pending else book.by_id.values())
    alone = f"no daemon runs on {place}: what waits can be answered once it runs again"
    return found, alone if found else ""


def _approval(data: Any) -> Approval:
    try:
        found: Approval = from_json(Approval, data)
    except ValueError as error:
        raise Rejected(
            "expected an approval, got something else: is the daemon of another version?"
        ) from error
    return found

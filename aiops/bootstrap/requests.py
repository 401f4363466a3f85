"""Requests: what a person at the command line asks of the running daemon, handed in and waited for."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from aiops.adapters.clock import SystemClock
from aiops.adapters.inbox import Inbox
from aiops.adapters.remote import Address
from aiops.bootstrap.answers import people
from aiops.bootstrap.config import find_state
from aiops.bootstrap.journal import Place, open_journal, running
from aiops.bootstrap.person import who
from aiops.core.ledger import STREAM, Ledger
from aiops.core.requests import ENDED, REQUESTED, Answered, answered
from aiops.errors import InputError, Unavailable
from aiops.model import Request, RequestKind, Target
from aiops.ports import Store

INBOX = "inbox"
POLL_S = 0.2
S = TypeVar("S", bound=Place)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Locks:
    """What keeps the daemon from acting until a person says so."""

    targets: Mapping[str, str]  # of each that can be unlocked: why
    playbooks: Mapping[str, str]  # the same of breakers; "" is the global one


def hand_in(place: Place, request: Request, wait_ms: int, progress: Progress) -> Answered:
    """Give the daemon ``request`` and wait for what comes of it: in its state folder, or over HTTP as whoever
    the token belongs to. InputError where no daemon runs there, Unavailable where it has not taken the
    request up, or not ended it, in ``wait_ms``."""
    if isinstance(place, Address):
        return _over_http(place, request, wait_ms, progress)
    if not running(place):
        raise InputError(f"state {place}: expected a daemon that runs there (aiops run --state), got none")
    inbox = Inbox(place / INBOX)
    with closing(open_journal(place)) as store:
        seq = store.head()[0]
        inbox.hand_in(request)
        found = _awaited(store, seq, request, wait_ms, progress)
    if found.done is not None:
        return found
    if found.request is None and inbox.withdraw(request):
        raise Unavailable("the daemon did not take the request up in time: it was withdrawn, nothing is done")
    raise Unavailable(f"it is under way still: aiops journal --state {place} --kind {ENDED} --follow")


def _over_http(place: Address, request: Request, wait_ms: int, progress: Progress) -> Answered:
    with people(None, place) as line, closing(open_journal(place)) as store:
        seq = store.head()[0]
        answer = line.ask(request)
        if not answer.done:
            return Answered(request, False, answer.text)
        look = f"aiops journal --server {place.url} --kind {ENDED} --follow"
        try:
            found = _awaited(store, seq, request, wait_ms, progress)
        except Unavailable as error:
            raise Unavailable(
                f"{request.id} was handed in, then nobody answered ({error}): {look}"
            ) from error
    if found.done is None:
        raise Unavailable(f"it is under way still: {look}")
    return found


def _awaited(store: Store, seq: int, request: Request, wait_ms: int, progress: Progress) -> Answered:
    """What the journal tells of ``request`` after record ``seq``, once it has ended or the time is over."""
    progress("handed in, waiting for the daemon")
    until_s, taken = time.monotonic() + wait_ms / 1000, False
    while True:
        found = answered(store.read(since=seq, kinds=(REQUESTED, ENDED)), request.id)
        if found.done is not None or time.monotonic() >= until_s:
            return found
        if found.request is not None and not taken:
            taken = True
            progress("taken up, under way")
        time.sleep(POLL_S)


def make(kind: RequestKind, reason: str, **about: object) -> Request:
    """A request of whoever is at the keyboard, with an id that nobody else has."""
    try:
        return Request(
            f"{kind.replace('_', '-')}-{secrets.token_hex(6)}",
            kind,
            who(),
            SystemClock().now_ms(),
            reason,
            **about,  # type: ignore[arg-type]  # names of its fields
        )
    except ValueError as error:
        raise InputError(f"--reason: {error}" if "reason" in str(error) else str(error)) from error


def there(place: Place) -> bool:
    """Whether a daemon runs there; one that is asked over HTTP does."""
    return isinstance(place, Address) or running(place)


@contextmanager
def journal(config: Path | None, state: S | None) -> Iterator[tuple[S | Path, Store]]:
    """Where it is and the journal, for reading. ``state`` is a state folder, or a daemon's address."""
    place = find_state(config, state)
    with closing(open_journal(place)) as store:
        yield place, store


def locks(store: Store) -> Locks:
    """Everything that an ``unlock`` would change."""
    ledger = Ledger().fold(store.read(stream=STREAM))
    targets: dict[str, str] = {}
    for name, failures in ledger.failures.items():
        if failures:
            targets[name] = f"{failures} in a row did not help"
    for name, times in ledger.overwritten.items():
        if times:
            more = f"somebody wrote over what was done here, {times} times"
            targets[name] = f"{targets[name]}; {more}" if name in targets else more
    playbooks = {
        name: f"{sum(not helped for _, helped in seen)} of the last {len(seen)} did not help"
        for name, seen in ledger.verdicts.items()
        if any(not helped for _, helped in seen)
    }
    return Locks(targets, playbooks)


def known(what: str, name: str, there: Mapping[str, str]) -> str:
    """``name``, which is one of ``there``; InputError with close ones, or the few that are there."""
    if name in there:
        return name
    close = get_close_matches(name, there, n=3, cutoff=0.5)
    meant = f", did you mean {' or '.join(close)}?" if close else ""
    listed = ", ".join(sorted(there)[:10]) or "none: nothing is locked"
    raise InputError(f"{what}: expected one of {listed}, got {name}{meant}")


def unlock(
    place: Place, target: Target | None, playbook: str | None, reason: str, wait_ms: int, progress: Progress
) -> Answered:
    """Lift the lock-out of ``target``, or reset the breaker of ``playbook`` ("" is the global one)."""
    request = make(
        RequestKind.UNLOCK, reason, target="" if target is None else str(target), playbook=playbook
    )
    return hand_in(place, request, wait_ms, progress)

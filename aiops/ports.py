"""Ports: everything the daemon needs from outside, as Protocols. Plain and synchronous.

Adapters translate every vendor error into ``aiops.errors``, chained; every network call has a timeout.
Each port has a fake in ``tests/fakes/`` that passes the same contract suite as the real thing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aiops.model import (
    Actor,
    Alert,
    AppendCondition,
    Approval,
    Card,
    Change,
    Echo,
    Entry,
    Facts,
    Floats,
    Look,
    Mark,
    Note,
    Question,
    Receipt,
    Record,
    Request,
    Said,
    Signal,
    Silence,
    Target,
    Times,
)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Raw series of one query: label sets (n), times (t,) ms UTC, values (n, t) on one grid; NaN is a gap.

    ``warnings`` are what the server said; ``partial`` means that data is known to be missing. Either makes
    the cycle unusable for actions (M3). ``cost_s`` is the wall time, ``samples`` what the query cost.
    """

    labels: tuple[Mapping[str, str], ...]
    times: Times
    values: Floats
    warnings: tuple[str, ...] = ()
    partial: bool = False
    cost_s: float = 0.0
    samples: int = 0
    rejected: int = 0  # samples thrown away: duplicates, out of order, unreadable
    infos: tuple[str, ...] = ()  # what the server remarked about the query; the data is whole


class MetricSource(Protocol):
    """Where metrics come from: a Prometheus, or a recording of one."""

    def query(self, signal: Signal, at_ms: int) -> Series:
        """The newest value of each series at ``at_ms`` (one column). Raises PortError."""
        ...

    def query_range(self, signal: Signal, start_ms: int, end_ms: int, step_ms: int) -> Series:
        """Samples with ``start_ms <= time <= end_ms``, one each ``step_ms``. Raises PortError."""
        ...

    def identity(self) -> str:
        """Which cluster answers, by its external or configured labels; "" if it does not say (M7)."""
        ...


class FactSource(Protocol):
    """The reading half of ``Cluster``: what Kubernetes says."""

    def facts(self, at_ms: int) -> Facts:
        """The cluster as known at ``at_ms``. Raises PortError when it cannot be read."""
        ...


class Cluster(FactSource, Protocol):
    """The API server. Reads raise PortError; a write answers with a receipt, whatever becomes of it.

    ``facts`` come from a cache that lists and watches; their ``at_ms`` is the last sign of life of the most
    silent watch, so that a watch which is silently dead makes them old (E10). Safe between threads.
    """

    def send(self, change: Change, mark: Mark, *, dry_run: bool = False) -> Receipt:
        """One write, once: uid and resourceVersion as preconditions, ``mark`` in the same request. With
        ``dry_run`` the server does everything but commit. Raises ValueError for a change without a version.
        """
        ...

    def look(self, change: Change, mark: Mark) -> Look:
        """Read the object afresh, past the cache, and tell what it shows of ``change``."""
        ...

    def capture(self, target: Target, at_ms: int) -> Mapping[str, object]:
        """Evidence about a pod or workload as plain JSON: events, states, termination messages; the last log
        lines only where switched on, redacted, limited in size and time. Raises PortError."""
        ...


class Inbox(Protocol):
    """Where people's requests to the running daemon wait."""

    def pending(self) -> tuple[Request, ...]:
        """Requests that wait, oldest first; one is shown again until it is done. Raises Unavailable."""
        ...

    def done(self, request: Request) -> None:
        """Lay a request aside that the journal has. Raises Unavailable; then it is shown again."""
        ...


class Store(Protocol):
    """The journal. An append is one transaction: all entries or none, after all conditions held."""

    def append(
        self, entries: Sequence[Entry], term: int, conditions: Sequence[AppendCondition] = ()
    ) -> tuple[Record, ...]:
        """Write ``entries`` durably. Raises Conflict when a condition does not hold or ``term`` is not the
        newest; Unavailable when the medium refuses. Entries whose key is known are left out of the answer.
        """
        ...

    def read(self, since: int = 0, stream: str = "", kinds: Sequence[str] = ()) -> Iterator[Record]:
        """Records with ``seq > since``, oldest first; of one stream or some kinds where given."""
        ...

    def head(self) -> tuple[int, str]:
        """(seq, hash) of the newest record; (0, "") of an empty journal."""
        ...

    def term(self) -> int:
        """The newest term; 0 before the first."""
        ...

    def begin_term(self, term: int) -> None:
        """Fence: from now on only ``term`` may append. Raises Conflict unless it is newer than the last."""
        ...

    def verify(self) -> str:
        """ "" if the whole chain holds, else the first break in words."""
        ...

    def close(self) -> None:
        """Release the medium."""
        ...


Arrays = Mapping[str, NDArray[np.generic]]


class Baselines(Protocol):
    """Where fitted state is kept between runs: named bundles of arrays with some JSON beside them."""

    def save(self, name: str, arrays: Arrays, meta: Mapping[str, object]) -> None:
        """Replace the bundle atomically. Raises Unavailable when the medium refuses."""
        ...

    def load(self, name: str) -> tuple[Arrays, Mapping[str, object]] | None:
        """The bundle, or None where there is none or it is damaged (told in the log, never raised)."""
        ...

    def names(self) -> tuple[str, ...]:
        """All bundles."""
        ...


class Clock(Protocol):
    """Now. The engine reads it once a tick."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds UTC: for display, queries and windows of civil time."""
        ...

    def monotonic_s(self) -> float:
        """For intervals: never jumps."""
        ...


class Notifier(Protocol):
    """Tells and asks people. Fails open: an error is counted by the caller, and tried again later.

    Each method raises PortError (Unavailable with ``retry_after`` where the channel said so). The same notice
    twice is harmless: what was posted is known from ``Posts``.
    """

    @property
    def name(self) -> str:
        """Of the channel: "slack", "webhook ops"."""
        ...

    def show(self, card: Card) -> None:
        """Post the incident's one message, or edit it."""
        ...

    def ask(self, question: Question) -> None:
        """Post the question as a message of its own; once it is over, show what became of it."""
        ...

    def note(self, note: Note) -> None:
        """Post a detail."""
        ...


class Posts(Protocol):
    """Where a channel put what: so that it is edited, answered and not posted again after a restart.

    ``about`` is ours ("incident:<id>", "approval:<id>", ...), ``ref`` the channel's ("C01/1700000000.0001").
    """

    def ref(self, channel: str, about: str) -> str:
        """Where it was posted; "" if it was not."""
        ...

    def about(self, channel: str, ref: str) -> str:
        """What was posted there; "" if nothing of ours."""
        ...

    def put(self, channel: str, about: str, ref: str) -> None:
        """Remember it, durably. Raises Unavailable."""
        ...


class Forum(Protocol):
    """The one door for what people say, whichever channel it came through. Safe between threads."""

    def say(self, said: Said) -> Echo:
        """Decide whether they may, journal it, and answer; durable before it returns. An answer that was
        refused is an Echo with ``done`` False. Raises Unavailable when the journal refuses: nothing counts.
        """
        ...

    def approvals(self, *, pending: bool = True) -> tuple[Approval, ...]:
        """Approvals, oldest first: those that wait, or all of the last week."""
        ...

    def approval(self, name: str) -> Approval | None:
        """The one approval with this id or short id; None where there is none, or more than one."""
        ...


@dataclass(frozen=True, slots=True)
class Others:
    """What others say of the cluster: alerts that fire, silences in force."""

    at_ms: int
    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()


class EventSource(Protocol):
    """What others say: alerts, silences."""

    def others(self, at_ms: int) -> Others:
        """As known at ``at_ms``. Raises PortError."""
        ...


class Authenticator(Protocol):
    """Who holds a token. Raises Unavailable where nobody can tell: nobody is let in then."""

    def who(self, token: str) -> Actor | None:
        """The actor; None for a token that is not valid."""
        ...

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:
        """Which of the roles the channel itself grants in ``namespace``: a SubjectAccessReview each."""
        ...

"""Parts: everything that the console needs from outside, as Protocols and plain values.

The daemon, a journal on disk and a recording differ only in what they put in here (``aiops.bootstrap.console``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.core.quality import Quality, Reading
from aiops.core.words import clock
from aiops.model import Actor, Incident, Playbook, Plot, Policy, Record, Signal
from aiops.ports import Forum, Store


class Session(Protocol):
    """One signed-in person."""

    @property
    def id(self) -> str: ...  # noqa: D102 - random, what the cookie holds
    @property
    def actor(self) -> Actor: ...  # noqa: D102 - who it is, by a stable id
    @property
    def csrf(self) -> str: ...  # noqa: D102 - random, every form carries it


class Sessions(Protocol):
    """Who is signed in. Safe between threads."""

    def open(self, token: str) -> Session | None:
        """A session of whoever holds ``token``; None for a token that is not valid. Raises Unavailable where
        nobody can tell."""
        ...

    def find(self, session_id: str) -> Session | None:
        """The session with this id; None where there is none, or it is over."""
        ...

    def close(self, session_id: str) -> None:
        """End it; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """What is configured, as far as it is shown."""

    cluster: str = ""
    version: str = ""
    digest: str = ""  # of the configuration
    policy: Policy = field(default_factory=Policy)
    playbooks: tuple[Playbook, ...] = ()
    signals: tuple[Signal, ...] = ()
    remediations: tuple[str, ...] = ()  # names that an amendment may choose


@dataclass(frozen=True, slots=True)
class Standing:
    """How the loop behind the console stands now. Offline there is none, and ``note`` says what is shown."""

    live: bool = False
    ticked_ms: int | None = None  # the newest tick that is in the journal
    step_ms: int = 0
    stopped: bool | None = None  # the kill switch; None: it cannot be read
    why_stopped: str = ""
    quality: Quality | None = None  # None: not known here
    readings: tuple[Reading, ...] = ()  # of the newest tick
    storm: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    name: str  # of the recording
    share: float  # 0 to 1
    what: str  # "day 2 of 3"; once it is over: what came of it
    over: bool = False
    failed: bool = False


class Replays(Protocol):
    """Recordings that may be replayed, one at a time, beside everything else."""

    def names(self) -> tuple[str, ...]:
        """The recordings there are."""
        ...

    def start(self, name: str) -> str:
        """Begin to replay one; "" or why not."""
        ...

    def progress(self) -> Progress | None:
        """Of the newest replay; None before the first."""
        ...

    def report(self, name: str) -> str | None:
        """The finished report of a recording, a whole HTML page; None where there is none."""
        ...


def no_plots(incident: Incident, records: Sequence[Record]) -> tuple[Plot, ...]:  # noqa: ARG001 - as any other
    """No samples but those of the journal."""
    return ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the console is built from. Everything is called from several threads."""

    store: Store
    view: View
    now_ms: Callable[[], int]
    standing: Callable[[], Standing] = Standing
    plots: Callable[[Incident, Sequence[Record]], tuple[Plot, ...]] = no_plots  # (incident, its records)
    forum: Forum | None = None  # None: nobody can answer here
    shut: str = "this console only shows"  # why, where there is no forum or no sign-in
    sessions: Sessions | None = None
    closed: bool = False  # whether reading needs a sign-in
    secure: bool = False  # whether the cookie is for HTTPS alone
    replays: Replays | None = None
    hosts: tuple[str, ...] = ()  # names it may be called by; empty: any
    links: Mapping[str, str] = field(default_factory=dict)  # further pages: name to address

    @property
    def as_of(self) -> str:
        """The time that is shown."""
        return clock(self.now_ms())

"""Parts: everything that the console needs from outside, as Protocols and plain values.

The daemon, a journal on disk and a recording differ only in what they put in here
(``aiops.bootstrap.console``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.core.quality import Quality, Reading
from aiops.model import ClusterEvent, Incident, Playbook, Plot, Policy, Record, Signal
from aiops.ports import Forum, Store
from aiops.web.auth import Doorkeeper


@dataclass(frozen=True, slots=True)
class View:
    """What is configured, as far as it is shown."""

    cluster: str = ""
    version: str = ""
    digest: str = ""  # of the configuration
    policy: Policy = field(default_factory=Policy)
    playbooks: tuple[Playbook, ...] = ()
    signals: tuple[Signal, ...] = ()
    timezone: str = "UTC"  # of "only today"
    remediations: tuple[str, ...] = ()  # names that an amendment may choose


@dataclass(frozen=True, slots=True)
class Standing:
    """How the loop behind the console stands now. Offline there is none, and ``note`` says what is shown."""

    live: bool = False
    following: bool = False  # a journal that a daemon somewhere else may go on writing
    ticked_ms: int | None = None  # the newest tick that is in the journal
    step_ms: int = 0
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


def no_changes(incident: Incident) -> tuple[ClusterEvent, ...]:  # noqa: ARG001 - as any other
    """Nothing is known of the cluster but what the journal says."""
    return ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the console is built from. Everything is called from several threads."""

    store: Store
    view: View
    now_ms: Callable[[], int]
    standing: Callable[[], Standing] = Standing
    plots: Callable[[Incident, Sequence[Record]], tuple[Plot, ...]] = no_plots  # (incident, its records)
    changes: Callable[[Incident], Sequence[ClusterEvent]] = no_changes  # near its targets, about that time
    forum: Forum | None = None  # None: nobody can answer here
    shut: str = "this console only shows"  # why, where there is no forum or no sign-in
    doorkeeper: Doorkeeper | None = None  # None: nobody can sign in here
    replays: Replays | None = None
    alone: bool = False  # on loopback, for one person, with nothing behind it: replays need no sign-in

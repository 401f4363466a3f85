"""Watching: one kind listed and then watched, again and again; whatever goes wrong, it goes on.

A watch is begun anew every ``watch_s``, so that a clean end, an event or a bookmark is a sign of life at
least so often. One that is silent for longer is dropped. Where it left off is kept; only a version that the
server no longer has (410) makes a new list. A list counts when all its pages came, and never before.

Source:  Kubernetes documentation, "API concepts: efficient detection of changes".
"""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiops.adapters.kubernetes.calls import Expired, pages, read, refusal, resource_of
from aiops.adapters.kubernetes.connect import Api, Reply, Stream
from aiops.adapters.kubernetes.fields import target
from aiops.adapters.kubernetes.kinds import Kind
from aiops.adapters.kubernetes.lines import event, lines
from aiops.errors import Forbidden, NotFound, PortError, Unavailable
from aiops.model import Target
from aiops.ports import Clock

SLACK_S = 3.0  # at most so much longer than it is to last, until a watch counts as silent
FIRST_S, LONGEST_S = 0.25, 4.0  # to wait after a failure, before jitter
REFUSED_S = 60.0  # to wait where we are not allowed to, or the kind does not exist
SURE = 3  # refusals in a row until what was known of a kind is given up
GIVEN_UP = 6  # failures in a row until a kind of another product no longer makes all the others old

Put = Callable[[str, Target, Any, int], None]
Drop = Callable[[str, Target, int], None]
Replace = Callable[[str, Mapping[Target, Any], int], None]
Failed = Callable[[str, Exception], None]


class State(StrEnum):
    """What we know of a kind."""

    NEW = "new"  # nothing yet
    KNOWN = "known"
    FORBIDDEN = "forbidden"  # RBAC does not let us list or watch it
    ABSENT = "absent"  # the API server has no such kind
    FAILING = "failing"  # a kind of another product that does not answer, whatever the rest does


@dataclass(slots=True)
class Status:
    """How the watch of one kind stands. Written by its thread, read by others."""

    state: State = State.NEW
    sign_s: float | None = None  # the last sign of life, on the monotonic clock
    lists: int = 0
    begun: int = 0  # watches
    failures: int = 0  # in a row
    refusals: int = 0  # in a row
    unread: int = 0  # objects that could not be read
    told: str = ""  # the failure that was told last; empty once it is over


@dataclass(slots=True)
class Sink:
    """Where objects go; each call takes the lock of whoever holds them."""

    put: Put
    drop: Drop
    replace: Replace
    forget: Callable[[str], None]
    count: Callable[[str], int]


@dataclass(slots=True)
class Watching:
    """One kind. ``run`` is the body of a thread and ends soon after ``stop`` is set."""

    api: Api
    kind: Kind
    sink: Sink
    clock: Clock
    failed: Failed
    stop: threading.Event
    status: Status = field(default_factory=Status)
    version: str = ""  # where the watch goes on; empty: list anew
    stream: Stream | None = None  # the watch under way
    dice: random.Random = field(default_factory=random.Random)

    def run(self) -> None:
        """List, watch, and begin anew, until told to stop."""
        while not self.stop.is_set():
            try:
                wait_s = self.turn()
            except Exception as error:  # noqa: BLE001 - the edge of a thread: it must not end while we run
                wait_s = self._again(Unavailable(f"{self.kind.name}: {error!r:.200}"))
                self.version = ""
            self.stop.wait(wait_s)

    def turn(self) -> float:
        """One list, or one watch to its end; seconds to wait before the next."""
        try:
            if self.version:
                self._watch()
            else:
                self._list()
        except Expired:
            self.version = ""
            return self._again(None)
        except (Forbidden, NotFound) as error:
            return self._refused(error)
        except PortError as error:
            return self._again(error)
        return 0.0

    def hang_up(self) -> None:
        """End the watch under way, from another thread."""
        if self.stream is not None:
            self.stream.hang_up()

    def _list(self) -> None:
        begun_s = self.clock.monotonic_s()
        listed, version = self._listed()
        if not listed and self.sink.count(self.kind.name):
            listed, version = self._listed()  # all gone at once: believed when it is said twice
        self.sink.replace(self.kind.name, listed, self.clock.now_ms())
        self.version = version
        status = self.status
        status.lists, status.sign_s = status.lists + 1, begun_s
        if status.state is not State.FORBIDDEN:  # then a watch must work first: listing is only half of it
            status.state = State.KNOWN

    def _listed(self) -> tuple[dict[Target, Any], str]:
        """All objects and the version of the list; of each page only what is kept stays."""
        listed: dict[Target, Any] = {}
        version = ""
        for page in pages(self.api, self.kind.path, metadata_only=self.kind.metadata_only):
            if self.stop.is_set():
                raise Unavailable("stopped")
            listed.update(self._read(page.items))
            version = page.version
        return listed, version

    def _read(self, items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Target, Any]]:
        now_ms, name = self.clock.now_ms(), self.kind.name
        for item in items:
            try:
                yield target(name, item), self.kind.read(item, now_ms)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self.status.unread += 1
                self._tell(Unavailable(f"{name}: an object that cannot be read: {error!r:.120}"))

    def _watch(self) -> None:
        seconds = self.api.settings.watch_s
        read_s = seconds + min(SLACK_S, self.api.settings.read_timeout_s)
        query = [
            ("watch", "1"),
            ("resourceVersion", self.version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
        ]
        begun_s = self.clock.monotonic_s()
        self.status.begun += 1
        only = self.kind.metadata_only
        with self.api.stream(self.kind.path, query, read_s=read_s, metadata_only=only) as stream:
            self.stream = stream
            try:
                if stream.status != 200:
                    body = b"".join(stream.pieces())
                    what = f"watch {resource_of(self.kind.path)}"
                    raise refusal(what, Reply(stream.status, stream.headers, body))
                for line in lines(stream.pieces()):
                    self._take(line)
                    self._alive()
            finally:
                self.stream = None
        lasted_s = self.clock.monotonic_s() - begun_s
        if lasted_s < 0.8 * seconds:  # the server hung up early, or something between us did
            raise Unavailable(f"watch {resource_of(self.kind.path)}: it ended after {lasted_s:.1f} s")
        self._alive()

    def _alive(self) -> None:
        status = self.status
        status.state, status.sign_s = State.KNOWN, self.clock.monotonic_s()
        status.failures, status.refusals, status.told = 0, 0, ""

    def _take(self, line: bytes) -> None:
        """One event of the watch."""
        sort, found, version = event(line, f"watch {resource_of(self.kind.path)}")
        if sort == "DELETED":
            self.sink.drop(self.kind.name, target(self.kind.name, found), self.clock.now_ms())
        elif sort != "BOOKMARK":
            for name, seen in self._read([found]):
                self.sink.put(self.kind.name, name, seen, self.clock.now_ms())
        self.version = version

    def _refused(self, error: Forbidden | NotFound) -> float:
        """Not allowed, or no such kind. Once it was known, a refusal must be repeated to be believed: an API
        server that is just starting knows no rights yet."""
        status = self.status
        status.refusals += 1
        if isinstance(error, NotFound) and not self.kind.extra:
            return self._again(error)
        if status.state is State.KNOWN and status.refusals < SURE:
            return self._again(error)
        absent = isinstance(error, NotFound) or (self.kind.extra and not self._installed())
        if not absent:
            self._tell(error)
        self.version = ""
        self.sink.forget(self.kind.name)
        status.state, status.failures = State.ABSENT if absent else State.FORBIDDEN, 0
        return self._jitter(REFUSED_S if status.refusals > 1 else LONGEST_S)

    def _installed(self) -> bool:
        """Whether the API server has the group of this kind: a role need not name what is not there."""
        try:
            read(self.api, "/".join(self.kind.path.split("/")[:3]))
        except NotFound:
            return False
        except PortError:
            return True  # who knows
        return True

    def _again(self, error: PortError | None) -> float:
        """Seconds to wait after a failure. After several the watch may be what is wrong: list anew."""
        status = self.status
        status.failures += 1
        if error is not None and status.failures == SURE:
            self._tell(error)
        if self.kind.extra and status.failures >= GIVEN_UP:
            status.state = State.FAILING
        if status.failures % SURE == 0 and not self.stop.is_set():
            self.version = ""
        asked_s = error.retry_after_s if isinstance(error, Unavailable) else None
        wait_s = min(LONGEST_S, FIRST_S * 2 ** (status.failures - 1))
        return self._jitter(max(wait_s, min(asked_s or 0.0, 2 * LONGEST_S)))

    def _tell(self, error: PortError) -> None:
        """Once, until it is over."""
        if str(error) != self.status.told:
            self.status.told = str(error)
            self.failed(f"cluster {self.kind.name}", error)

    def _jitter(self, seconds: float) -> float:
        return seconds * self.dice.uniform(0.5, 1.25)

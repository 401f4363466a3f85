"""Cache: the cluster as list and watch show it, with its age.

One thread a kind. What was seen stands while the API server is away (E9), and its age grows: the age is that
of the kind which is silent longest, so that one dead watch makes all of it old (E10). A kind that we may not
list is unknown, and says so; the rest goes on.

Output:  Facts, whose ``at_ms`` is the time asked for less that age, on the clock of whoever asks.
Errors:  Unavailable until every kind was listed once; Forbidden where we may list none.
Cost:    10,000 pods, 500 nodes and 10,000 revisions: about 60 MiB, and 3 s of CPU for a list of all; two
         threads a kind. See ``tests/bench``.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from aiops.adapters.clock import SystemClock
from aiops.adapters.kubernetes.connect import Api
from aiops.adapters.kubernetes.kinds import KINDS, Kind
from aiops.adapters.kubernetes.picture import Picture
from aiops.adapters.kubernetes.watching import Failed, Sink, State, Status, Watching
from aiops.errors import Forbidden, Unavailable
from aiops.model import Facts, Target
from aiops.ports import Clock

JOIN_S = 2.0  # for a thread to end, once told; it is left behind then, and harms nobody
_POLL_S = 0.02


class Cache:
    """Safe between threads. ``start`` once, ``close`` once."""

    def __init__(
        self,
        api: Api,
        cluster: str,
        failed: Failed,
        kinds: Sequence[Kind] = KINDS,
        clock: Clock | None = None,
    ) -> None:
        self._clock = SystemClock() if clock is None else clock
        self._picture, self._lock = Picture(cluster), threading.Lock()
        self._stop = threading.Event()
        sink = Sink(self._put, self._drop, self._replace, self._forget, self._count)
        self._watching = tuple(Watching(api, kind, sink, self._clock, failed, self._stop) for kind in kinds)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to list and watch; returns at once."""
        for one in self._watching:
            thread = threading.Thread(target=one.run, name=f"watch {one.kind.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether every kind was listed, or refused, within ``timeout_s``."""
        until_s = self._clock.monotonic_s() + timeout_s
        while self.waiting():
            if self._clock.monotonic_s() > until_s or self._stop.wait(_POLL_S):
                return False
        return True

    def waiting(self) -> tuple[str, ...]:
        """Kinds that were never listed yet."""
        return tuple(name for name, one in self.status().items() if one.state is State.NEW)

    def status(self) -> Mapping[str, Status]:
        """How each watch stands; for metrics, and for people."""
        return {one.kind.name: one.status for one in self._watching}

    def age_s(self) -> float:
        """Seconds since the last sign of life of the kind that is silent longest. Unavailable before the
        first list."""
        if waiting := self.waiting():
            raise Unavailable(f"the cluster was not read yet: {', '.join(waiting)} not listed")
        known = [one.sign_s for one in self.status().values() if one.state is State.KNOWN]
        signs = [one for one in known if one is not None]
        if not signs:
            raise Forbidden("list: the API server lets us list no kind of object at all")
        return max(0.0, self._clock.monotonic_s() - min(signs))

    def facts(self, at_ms: int) -> Facts:
        """The cluster as last seen. Raises PortError as the module says."""
        age_s = self.age_s()
        states = {name: one.state for name, one in self.status().items()}
        known = frozenset(name for name, one in states.items() if one in (State.KNOWN, State.ABSENT))
        with self._lock:
            return self._picture.facts(at_ms, known, round(age_s * 1000))

    def close(self) -> None:
        """End all watches."""
        self._stop.set()
        for one in self._watching:
            one.hang_up()
        until_s = self._clock.monotonic_s() + JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock.monotonic_s()))

    def _put(self, kind: str, target: Target, seen: Any, now_ms: int) -> None:
        with self._lock:
            self._picture.put(kind, target, seen, now_ms)

    def _drop(self, kind: str, target: Target, now_ms: int) -> None:
        with self._lock:
            self._picture.remove(kind, target, now_ms)

    def _replace(self, kind: str, listed: Mapping[Target, Any], now_ms: int) -> None:
        with self._lock:
            self._picture.replace(kind, listed, now_ms)

    def _forget(self, kind: str) -> None:
        with self._lock:
            self._picture.forget(kind)

    def _count(self, kind: str) -> int:
        with self._lock:
            return self._picture.count(kind)

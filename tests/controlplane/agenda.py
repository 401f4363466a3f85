"""What is to be looked at next: at once, in the order of its coming, or when its time has come."""

import heapq
import threading
import time
from collections.abc import Iterable

IDLE_S = 60.0


class Agenda:
    """Any thread adds; one thread takes."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._now: dict[str, None] = {}  # in order, each once
        self._timers: list[tuple[float, str]] = []

    def add(self, keys: Iterable[str]) -> None:
        """These are to be looked at now."""
        with self._wake:
            self._now.update(dict.fromkeys(keys))
            self._wake.notify()

    def at(self, due: float, key: str) -> None:
        """Look at it at a time (monotonic seconds)."""
        with self._wake:
            heapq.heappush(self._timers, (due, key))

    def next(self) -> str | None:
        """The next one, waiting for it; None: nothing for a while, or somebody woke us."""
        with self._wake:
            if not self._now:
                pause = self._timers[0][0] - time.monotonic() if self._timers else IDLE_S
                if pause > 0:
                    self._wake.wait(pause)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                self._now[heapq.heappop(self._timers)[1]] = None
            key = next(iter(self._now), None)
            if key is not None:
                del self._now[key]
            return key

"""Herald: people are told what the journal says, whatever fails meanwhile.

Level-triggered: what is open is compared with what was posted (``Posts``) and with what was last shown, and
the difference is handed to the notifiers. So nothing is lost while a channel or the daemon is down, nothing
is posted again after a restart, and only the newest of many edits is sent. One thread a channel: a slow one
keeps nobody waiting, least of all the loop. Nothing here raises into whoever calls.

Crash between a post and its record in the journal: it is posted twice, never lost.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiops.core.board import KINDS, Board
from aiops.core.card import why
from aiops.engine.outlet import Outlet, Remembered
from aiops.engine.worker import Worker
from aiops.errors import PortError
from aiops.model import Facts, Incident, Note, NotifySettings
from aiops.ports import Clock, Posts, Store

__all__ = ["Draw", "Herald", "Outlet"]

Draw = Callable[[Incident, Sequence[Mapping[str, Any]]], bytes]  # the evidence of an incident, as PNG
Failed = Callable[[str, Exception], None]
LAST_S = 2.0  # for the last words, such as the journal's signed head
STOP_S = 12.0  # for a call that is under way, which has a time-out of its own


def _quietly(_what: str, _error: Exception) -> None:
    """Nobody counts."""


class Herald:
    """Tells people. Every method may be called from any thread, at once returns, and never raises."""

    def __init__(
        self,
        store: Store,
        posts: Posts,
        outlets: Sequence[Outlet],
        notify: NotifySettings,
        clock: Clock,
        *,
        failed: Failed = _quietly,
        draw: Draw | None = None,
    ) -> None:
        self._store, self._clock = store, clock
        self._board, self._lock = Board(), threading.RLock()
        self._facts: Facts | None = None
        self._workers = [
            Worker(Remembered(one, store, posts, notify), self, clock, failed, draw) for one in outlets
        ]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to tell; what is missing of the past is told first."""
        for worker in self._workers:
            thread = threading.Thread(target=worker.run, name=f"herald {worker.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def follow(self, facts: Facts) -> None:
        """A tick is over: take its picture of the cluster, for owners and silences, and look at the journal.
        Nothing new is posted before the first one."""
        self._facts = facts
        self.nudge()

    def nudge(self) -> None:
        """Something was journalled that people may want to know."""
        for worker in self._workers:
            worker.wake.set()

    def note(self, note: Note) -> None:
        """Tell what is not in the journal, such as its signed head. ``about`` is told once."""
        for worker in self._workers:
            worker.hand(note)

    def why(self, incident_id: str) -> str:
        """The answer to "why?", as text."""
        try:
            with self.looking() as board:
                found = why(board, incident_id)
        except PortError as error:
            return f"the journal cannot be read: {error}"
        return str(found) if found is not None else f"nothing is known of incident {incident_id[:40]}"

    def close(self) -> None:
        """Tell what is due now, within ``LAST_S``, then stop; a call that is under way ends first."""
        if self._threads:
            last_s = self._clock.monotonic_s() + LAST_S
            for worker in self._workers:
                worker.finish(max(0.0, last_s - self._clock.monotonic_s()))
        for worker in self._workers:
            worker.stop()
        until_s = self._clock.monotonic_s() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock.monotonic_s()))

    def deliver(self) -> float:
        """Tell everything that is due, here and now; seconds until more is. For tests and for ``close``."""
        return min((worker.work() for worker in self._workers), default=0.0)

    @property
    def facts(self) -> Facts | None:
        """The newest picture of the cluster."""
        return self._facts

    @contextmanager
    def looking(self) -> Iterator[Board]:
        """The board, as far as the journal goes by now, while nobody else touches it. Raises PortError."""
        with self._lock:
            self._board.take(self._store.read(since=self._board.seq, kinds=KINDS))
            yield self._board

"""Events: tells whoever listens that the journal has grown, and by what. One look for all who listen.

Input:   the head of the journal, looked at every ``EVERY_S`` while somebody listens at all.
Output:  ``{seq, kinds, streams}`` an event, its id the seq; names only, nothing of what was written.
Errors:  a journal that does not answer is looked at again later. A client that is slow gets the newest of
         what it missed as one event; more than ``MOST`` at once are refused (503).
"""

import asyncio
from collections.abc import AsyncIterator

import orjson
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from aiops.errors import PortError
from aiops.ports import Store
from aiops.telemetry import logger
from aiops.web.api.values import Happened
from aiops.web.problems import Refused

EVERY_S = 0.5
PING_S = 15  # so that a proxy does not take a quiet stream for a dead one
SEND_S = 30.0  # a client that takes nothing for so long is gone
MOST = 100  # clients at once
NAMES = 200  # kinds and streams named in one event
Event = dict[str, str]


class Events:
    """The stream of one server. Used on the server's event loop alone."""

    def __init__(self, store: Store, every_s: float = EVERY_S, most: int = MOST) -> None:
        self._store, self._every_s, self._most = store, every_s, most
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None

    async def answer(self, request: Request) -> EventSourceResponse:
        """The stream for one client, from ``Last-Event-ID`` on where it says so."""
        if len(self._listeners) >= self._most:
            raise Refused(503, "events", f"{self._most} who listen already", "fewer", retry_after="30")
        seen = request.headers.get("last-event-id", "")
        since = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None
        return EventSourceResponse(self._events(since), ping=PING_S, send_timeout=SEND_S)

    async def _events(self, since: int | None) -> AsyncIterator[Event]:
        listener = _Listener()
        self._listeners.add(listener)
        try:
            seq, _ = await run_in_threadpool(self._store.head)
            if since is not None and since < seq:
                listener.hear(await run_in_threadpool(self._happened, since, seq))
            else:  # so that a client knows from where on it is told
                listener.hear(Happened(seq, (), ()))
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look(seq))
            while True:
                yield _event(await listener.next())
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._task is not None:
                self._task.cancel()

    async def _look(self, seq: int) -> None:
        """Look whether the journal has grown, and tell everybody."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                head, _ = await run_in_threadpool(self._store.head)
                if head == seq:
                    continue
                happened = await run_in_threadpool(self._happened, seq, head)
            except PortError as error:
                logger("web").warning("the journal cannot be followed", problem=str(error))
                continue
            seq = head
            for listener in self._listeners:
                listener.hear(happened)

    def _happened(self, since: int, head: int) -> Happened:
        kinds, streams = dict[str, None](), dict[str, None]()
        for record in self._store.read(since=max(since, head - 10 * NAMES)):
            kinds[record.entry.kind] = None
            streams[record.entry.stream] = None
        return Happened(head, tuple(kinds)[-NAMES:], tuple(streams)[-NAMES:])


class _Listener:
    """What one client has not been told yet: at most one event."""

    def __init__(self) -> None:
        self._new = asyncio.Event()
        self._waiting: Happened | None = None

    def hear(self, happened: Happened) -> None:
        before = self._waiting
        if before is not None:
            happened = Happened(
                happened.seq,
                tuple(dict.fromkeys((*before.kinds, *happened.kinds)))[-NAMES:],
                tuple(dict.fromkeys((*before.streams, *happened.streams)))[-NAMES:],
            )
        self._waiting = happened
        self._new.set()

    async def next(self) -> Happened:
        await self._new.wait()
        self._new.clear()
        happened, self._waiting = self._waiting, None
        assert happened is not None  # noqa: S101 - set together
        return happened


def _event(happened: Happened) -> Event:
    return {"id": str(happened.seq), "event": "journal", "data": orjson.dumps(happened).decode()}

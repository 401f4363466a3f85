"""Events: one stream a browser, that says when the journal has something new, and that all is well
meanwhile.

What changed is not in it: the page asks for itself again. A stream ends with the journal, and the browser
comes back by itself.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from aiops.core.chronicle import incident_of
from aiops.errors import PortError
from aiops.web.console.parts import Standing
from aiops.web.console.site import HEADERS, Site

LOOK_S, BEAT_S = 0.5, 5.0
MOST_STREAMS = 100  # at once; more browsers are asked to come back
MOST_ABOUT = 200  # records looked at for what they are about; of more, "anything" may have changed


def stream(site: Site) -> Callable[[Request], Any]:
    """The events of the console."""
    streams = 0

    async def tell(ending: threading.Event | None) -> AsyncIterator[dict[str, str]]:
        nonlocal streams
        streams += 1
        try:
            seq, told_s = -1, 0.0
            while ending is None or not ending.is_set():
                try:
                    head = (await run_in_threadpool(site.parts.store.head))[0]
                    if head != seq or time.monotonic() - told_s >= BEAT_S:
                        about = await run_in_threadpool(_about, site, seq, head) if seq >= 0 else []
                        yield _event("changed" if seq >= 0 and head != seq else "beat", site, head, about)
                        seq, told_s = head, time.monotonic()
                except PortError:
                    return
                await asyncio.sleep(LOOK_S)
        finally:
            streams -= 1

    async def endpoint(request: Request) -> Response:
        if streams >= MOST_STREAMS:
            return Response("too many streams", 503, HEADERS | {"Retry-After": "30"})
        return EventSourceResponse(
            tell(getattr(request.app.state, "ending", None)), headers=HEADERS, ping=3600
        )

    return endpoint


def _about(site: Site, seq: int, head: int) -> list[str]:
    """Which incidents the records after ``seq`` are about; "*" for what concerns every page."""
    if head - seq > MOST_ABOUT:
        return ["*"]
    return sorted({incident_of(one.entry) or "*" for one in site.parts.store.read(seq)})


def _mode(standing: Standing) -> str:
    """What the page says of itself while events come."""
    return "live" if standing.live else "following the journal" if standing.following else "still"


def _event(kind: str, site: Site, head: int, about: list[str]) -> dict[str, str]:
    standing = site.parts.standing()
    now_ms = site.parts.now_ms()
    late = standing.live and (
        standing.ticked_ms is None or now_ms - standing.ticked_ms > 4 * standing.step_ms + 30_000
    )
    data = {
        "seq": head,
        "at_ms": now_ms,
        "ticked_ms": standing.ticked_ms,
        "late": late,
        "about": about,
        "mode": _mode(standing),
    }
    return {"event": kind, "data": json.dumps(data)}

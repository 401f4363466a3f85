"""Requests: how the journal keeps what people asked for and what came of it. Written and read here only.

Entries, on the stream ``actions``:

- ``requested``: the request as it was handed in, with who and why; written once, whoever reads it twice.
- ``request_ended``: what came of it: ``done``, or ``refused`` with the reason. Written once as well.

What a request leads to (``unlocked``, ``reverted``, ``autonomy_accepted``) carries its id as ``request_id``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiops.core.ledger import STREAM
from aiops.model import Entry, Record, Request
from aiops.model.wire import from_json, to_json

REQUESTED, ENDED = "requested", "request_ended"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the journal knows of one request."""

    request: Request | None = None  # None: it has not been taken up
    done: bool | None = None  # None: not known yet; False: refused
    detail: str = ""  # in words
    at_ms: int | None = None  # when it ended


def requested_entry(request: Request, now_ms: int) -> Entry:
    """A request, to be written before it is followed."""
    payload = {"request": to_json(request), "request_id": request.id, "by": request.by}
    return Entry(REQUESTED, STREAM, now_ms, payload, key=f"requested:{request.id}")


def request_ended_entry(request: Request, done: bool, detail: str, now_ms: int) -> Entry:
    """What came of a request."""
    payload = {"request_id": request.id, "by": request.by, "done": done, "detail": detail}
    return Entry(ENDED, STREAM, now_ms, payload, key=f"request_ended:{request.id}")


def answered(records: Iterable[Record], request_id: str) -> Answered:
    """What ``records`` tell of the request."""
    found = Answered()
    for record in records:
        entry = record.entry
        if entry.payload.get("request_id") != request_id:
            continue
        if entry.kind == REQUESTED:
            found = Answered(
                from_json(Request, entry.payload["request"]), found.done, found.detail, found.at_ms
            )
        elif entry.kind == ENDED:
            payload = entry.payload
            found = Answered(found.request, bool(payload["done"]), str(payload["detail"]), entry.at_ms)
    return found


def unfinished(records: Iterable[Record]) -> tuple[Request, ...]:
    """Requests that were taken up and have no end: what a former run left."""
    waiting: dict[str, Request] = {}
    for record in records:
        payload = record.entry.payload
        if record.entry.kind == REQUESTED:
            waiting[payload["request_id"]] = from_json(Request, payload["request"])
        elif record.entry.kind == ENDED:
            waiting.pop(payload["request_id"], None)
    return tuple(waiting.values())

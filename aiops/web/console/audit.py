"""Audit: the journal itself, newest first: by stream, kind, incident and time, each record as it stands.

Values of environment variables are replaced by digests, as wherever a record leaves the journal: its hash can
still be verified.

Cost: a page reads back from the newest record until it is full, in blocks of ``BLOCK``.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from aiops.core.chain import veiled
from aiops.core.chronicle import TELLERS, tell
from aiops.model import Record
from aiops.ports import Store
from aiops.web.console.site import HEADERS, Site
from aiops.web.console.told import MOST_LINES, about, public

SIZE, BLOCK = 100, 2_000
FARTHEST = 100_000  # records looked at for one page; then it says how far it came


@dataclass(frozen=True, slots=True)
class Sought:
    """Which records; what is empty asks for all."""

    stream: str = ""
    kind: str = ""
    incident: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    before: int = 0  # records older than this one; 0: from the newest

    def matches(self, record: Record) -> bool:
        """Whether a record is wanted; its incident is seen to elsewhere."""
        entry = record.entry
        return (
            (not self.stream or entry.stream == self.stream)
            and (not self.kind or entry.kind == self.kind)
            and (self.since_ms is None or entry.at_ms >= self.since_ms)
            and (self.until_ms is None or entry.at_ms < self.until_ms)
            and (not self.before or record.seq < self.before)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One record in a line."""

    seq: int
    at_ms: int
    kind: str
    stream: str
    what: str
    actor: str
    incident: str
    hash: str


def sought_of(request: Request) -> Sought:
    """What the address asks for; what cannot be read is passed over."""
    given = request.query_params
    before = given.get("before", "")
    return Sought(
        stream=given.get("stream", "")[:300],
        kind=given.get("kind", "")[:60],
        incident=given.get("incident", "")[:60],
        since_ms=moment(given.get("since", "")),
        until_ms=moment(given.get("until", "")),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0,
    )


def moment(text: str) -> int | None:
    """A time as a browser's field gives it, in UTC; None for none."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def newest_first(store: Store, sought: Sought) -> Iterator[Record]:
    """Matching records from the newest back. Raises PortError."""
    if sought.incident:
        yield from reversed([one for one in about(store, sought.incident) if sought.matches(one)])
        return
    if sought.stream:
        yield from reversed([one for one in store.read(stream=sought.stream) if sought.matches(one)])
        return
    end = min(store.head()[0], sought.before - 1) if sought.before else store.head()[0]
    kinds = (sought.kind,) if sought.kind else ()
    block, looked = SIZE if not sought.kind and sought.until_ms is None else BLOCK, 0
    while end > 0 and looked < FARTHEST:
        start = max(0, end - block)
        found = []
        for record in store.read(start, kinds=kinds):
            if record.seq > end:
                break
            found.append(record)
        yield from reversed([one for one in found if sought.matches(one)])
        end, looked, block = start, looked + block, BLOCK


def line_of(record: Record) -> Line:
    """A record in words."""
    entry, told = record.entry, tell(record.entry)
    return Line(
        record.seq,
        entry.at_ms,
        entry.kind,
        entry.stream,
        public(told.what),
        told.actor,
        told.about,
        record.hash,
    )


def page(site: Site) -> Callable[[Request], Response]:
    """The explorer."""

    def endpoint(request: Request) -> Response:
        sought, store = sought_of(request), site.parts.store
        if "verify" in request.query_params:
            site.keeper.verify_soon()
            return RedirectResponse("/console/audit", 303, HEADERS)
        found = newest_first(store, sought)
        records = [record for record, _ in zip(found, range(SIZE), strict=False)]
        given = {name: value for name, value in request.query_params.items() if value and name != "before"}
        older = ""
        if len(records) == SIZE:
            older = "/console/audit?" + urlencode(given | {"before": str(records[-1].seq)})
        values = {
            "here": "audit",
            "lines": [line_of(one) for one in records],
            "sought": sought,
            "given": request.query_params,
            "older": older,
            "kinds": sorted({*TELLERS, *([sought.kind] if sought.kind else [])}),
            "head": store.head(),
            "verified": site.keeper.verified(),
            "most": MOST_LINES,
        }
        return site.page(request, "audit.html", values)

    return endpoint


def record_of(store: Store, seq: int) -> Record | None:
    """One record; None where there is none."""
    found = next(iter(store.read(seq - 1)), None) if seq > 0 else None
    return found if found is not None and found.seq == seq else None


def one(site: Site, *, as_json: bool) -> Callable[[Request], Response]:
    """One record, for people or for programs."""

    def endpoint(request: Request) -> Response:
        record = record_of(site.parts.store, request.path_params["seq"])
        if record is None:
            return site.problem(request, 404, "No such record", "The journal has no record of this number.")
        raw = site.parts.alone or site.actor(request) is not None
        if as_json and not raw:
            return JSONResponse({"error": "not signed in"}, 401, HEADERS)
        entry = record.entry
        value = {
            "seq": record.seq,
            "term": record.term,
            "kind": entry.kind,
            "stream": entry.stream,
            "at_ms": entry.at_ms,
            "key": entry.key,
            "payload": veiled(record).entry.payload,
            "previous": record.previous,
            "hash": record.hash,
        }
        if as_json:
            return JSONResponse(value, headers=HEADERS)
        text = json.dumps(value, indent=2, sort_keys=False, ensure_ascii=True)
        values = {"here": "audit", "line": line_of(record), "record": record, "text": text, "raw": raw}
        return site.page(request, "record.html", values)

    return endpoint

"""Answers: from the click to the journalled decision, over HTTP, and a page of many incidents.

The journal is a file with 10,000 incidents; every answer is one fsync, and a transaction bound to its stream.
"""

import statistics
import time
from dataclasses import replace
from pathlib import Path

import httpx

from aiops.adapters.clock import SystemClock
from aiops.adapters.sqlite.store import SqliteStore
from aiops.adapters.token import LocalToken
from aiops.bootstrap.identity import Known
from aiops.core.approvals.book import asked_entry
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.model import ApprovalSettings, Entry
from aiops.model.wire import to_json
from aiops.web.api.reading import Index, Reading
from aiops.web.api.routes import api_routes
from aiops.web.app import Doors, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.server import Server
from aiops.web.sessions import Sessions
from tests.fakes.forum import an_approval
from tests.measure import Row, row
from tests.unit.core.cases import NOW, incident

INCIDENTS, ANSWERS, LISTS = 10_000, 50, 20
MINUTE = 60_000


def rows(folder: Path) -> list[Row]:
    """Medians and the worst of so many requests on one connection."""
    store, clock = SqliteStore(folder / "journal.sqlite"), SystemClock()
    store.append(_incidents(), store.term())
    asked = [_asked(number, clock.now_ms()) for number in range(ANSWERS)]
    store.append([asked_entry(one, one.asked_ms) for one in asked], store.term())
    known, settings = Known(LocalToken(folder)), ApprovalSettings()
    hall = Hall(store, store.term(), settings, clock)
    forum = OpenForum(store, store.term(), settings, clock, hall, roles=("on-call",), grants=known.roles)
    forum.restore()
    reading = Reading(store=store, now_ms=clock.now_ms, forum=forum, index=Index(store).now)
    app = make_app(
        metrics=lambda: (b"", "text/plain"),
        healthy=lambda: (True, {}),
        ready=lambda: (True, {}),
        doors=Doors(Doorkeeper(known, Sessions(60)), api_routes(reading)),
    )
    headers = {"Authorization": f"Bearer {(folder / 'token').read_text().strip()}"}
    with Server(app, "127.0.0.1", 0) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        first = _timed(lambda: client.get("/api/v1/incidents"))
        lists = [_timed(lambda: client.get("/api/v1/incidents")) for _ in range(LISTS)]
        clicks = [
            _timed(
                lambda one=one: client.post(f"/api/v1/approvals/{one.id}/approve", json={}).raise_for_status()
            )
            for one in asked
        ]
    voted = sum(1 for _ in store.read(kinds=("approval_voted",)))
    store.close()
    return [
        row("click to journalled decision, median", 1000 * statistics.median(clicks), "ms", goal=300),
        row("click to journalled decision, worst", 1000 * max(clicks), "ms", goal=300),
        row("answers in the journal", float(voted), "", goal=ANSWERS, better="higher"),
        row(f"page of {INCIDENTS} incidents, the first time", 1000 * first, "ms"),
        row(f"page of {INCIDENTS} incidents, then", 1000 * statistics.median(lists), "ms", goal=300),
    ]


def _timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _asked(number: int, now_ms: int):
    name = f"{number:012x}"
    return replace(
        an_approval(name[::-1]), asked_ms=now_ms, remind_ms=now_ms + 5 * MINUTE, until_ms=now_ms + 15 * MINUTE
    )


def _incidents() -> list[Entry]:
    made = incident()
    entries = []
    for number in range(INCIDENTS):
        begun = NOW - number * MINUTE
        one = replace(made, id=f"{number:05x}bench", since_ms=begun, opened_ms=begun, updated_ms=begun)
        entries.append(
            Entry("incident_opened", one.id, begun, {"incident": to_json(one)}, f"opened:{one.id}")
        )
    return entries

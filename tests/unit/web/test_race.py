"""Two hundred clicks at once on one question, over HTTP: the real forum, a journal on disk (H3, G10)."""

import asyncio
from collections import Counter
from dataclasses import replace

import httpx

from aiops.adapters.clock import SystemClock
from aiops.adapters.sqlite.store import SqliteStore
from aiops.adapters.token import LocalToken
from aiops.bootstrap.identity import Known
from aiops.core.approvals.book import asked_entry
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.model import ApprovalSettings, ApprovalState
from aiops.web.api.reading import Reading
from aiops.web.api.routes import api_routes
from aiops.web.app import Doors, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.sessions import Sessions
from tests.fakes.forum import an_approval

CLICKS, MINUTE = 200, 60_000


def test_two_hundred_clicks_at_once_decide_once(tmp_path):
    store, clock = SqliteStore(tmp_path / "journal.sqlite"), SystemClock()
    now_ms = clock.now_ms()
    asked = replace(
        an_approval(), asked_ms=now_ms, remind_ms=now_ms + 5 * MINUTE, until_ms=now_ms + 15 * MINUTE
    )
    store.append([asked_entry(asked, now_ms)], 0)
    known, settings = Known(LocalToken(tmp_path)), ApprovalSettings()
    forum = OpenForum(
        store, 0, settings, clock, Hall(store, 0, settings, clock), roles=("on-call",), grants=known.roles
    )
    forum.restore()
    app = make_app(
        metrics=lambda: (b"", "text/plain"),
        healthy=lambda: (True, {}),
        ready=lambda: (True, {}),
        doors=Doors(
            Doorkeeper(known, Sessions(60)),
            api_routes(Reading(store=store, now_ms=clock.now_ms, forum=forum)),
        ),
    )
    headers = {"authorization": f"Bearer {(tmp_path / 'token').read_text().strip()}"}

    async def click_all():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=30
        ) as client:
            verbs = ["approve" if number % 2 else "deny" for number in range(CLICKS)]
            answers = [client.post(f"/api/v1/approvals/a1b2/{verb}", json={}) for verb in verbs]
            return [answer.status_code for answer in await asyncio.gather(*answers)]

    codes = Counter(asyncio.run(click_all()))
    assert codes == {200: 1, 409: CLICKS - 1}
    moved = [one.entry.payload["state"] for one in store.read(kinds=("approval_moved",))]
    assert len(moved) == 1
    assert forum.approval("a1b2").state in {ApprovalState.APPROVED, ApprovalState.DENIED}
    assert store.verify() == ""
    store.close()

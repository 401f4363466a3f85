"""The API over a journal with incidents, a forum that answers as told, and two people with tokens."""

from dataclasses import replace

from aiops.engine import entries
from aiops.model import Actor, Channel, Entry
from aiops.model.wire import to_json
from aiops.web.api.reading import Reading
from aiops.web.api.routes import api_routes
from aiops.web.app import Doors, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.sessions import Sessions
from tests.asgi import Client
from tests.fakes.authenticator import FakeAuthenticator
from tests.fakes.clock import FakeClock
from tests.fakes.forum import FakeForum, an_approval
from tests.fakes.store import FakeStore
from tests.unit.core.cases import NOW, incident

ADA = Actor(Channel.LOCAL, "ada", "ada")
EVE = Actor(Channel.KUBERNETES, "eve@example.com", "eve@example.com", ("sre",))
TOKENS = {"token-of-ada": ADA, "token-of-eve": EVE}
HOUR = 3_600_000
ASKED = an_approval()


def an_incident(number, **changes):
    """Incidents an hour apart, each with an id that begins with its number."""
    begun = NOW + number * HOUR
    made = replace(
        incident(), id=f"{number:04x}incident", since_ms=begun, opened_ms=begun, updated_ms=begun, **changes
    )
    return Entry("incident_opened", made.id, begun, {"incident": to_json(made)}, f"opened:{made.id}")


def closed(number):
    made = replace(
        entries.from_json(type(incident()), an_incident(number).payload["incident"]),
        closed_ms=NOW + number * HOUR + 1000,
        closed_because="calm again",
        state="closed",
    )
    return entries.closed(made, made.closed_ms)


class Api:
    """``Api().get("/incidents")``: with ``bearer=None`` nobody asks."""

    def __init__(self, written=(), *, approvals=(ASKED,), doors=None, **reading):
        self.store = FakeStore()
        if written:
            self.store.append(written, term=0)
        self.forum = FakeForum(list(approvals))
        self.knows = FakeAuthenticator(dict(TOKENS))
        self.clock = FakeClock(NOW)
        self.doorkeeper = Doorkeeper(
            self.knows, Sessions(3600, self.clock.monotonic_s), self.clock.monotonic_s
        )
        self.reading = Reading(
            store=self.store,
            now_ms=self.clock.now_ms,
            **{"forum": self.forum, "status": lambda: {"ready": True}, **reading},
        )
        self.app = make_app(
            metrics=lambda: (b"aiops_up 1\n", "text/plain"),
            healthy=lambda: (True, {"healthy": True}),
            ready=lambda: (True, {"ready": True}),
            doors=Doors(self.doorkeeper, api_routes(self.reading), **(doors or {})),
        )
        self.client = Client(self.app)

    def get(self, path, bearer=None, headers=None, **query):
        return self._ask("GET", path, bearer, headers or {}, params=query)

    def post(self, path, json=None, bearer="token-of-ada", headers=None, content=None):
        what = {"content": content} if content is not None else {"json": json} if json is not None else {}
        return self._ask("POST", path, bearer, headers or {}, **what)

    def _ask(self, method, path, bearer, headers, **what):
        given = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return self.client.request(method, f"/api/v1{path}", headers={**given, **headers}, **what)

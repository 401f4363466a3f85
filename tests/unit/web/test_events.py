"""The stream of events: what a client is told, once, and what it costs the journal."""

import contextlib
import json
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from aiops.web.api.events import Events
from aiops.web.problems import Refused, answer
from aiops.web.server import Server
from tests.fakes.store import FakeStore
from tests.unit.web.api_cases import Api, an_incident

FIRST = [an_incident(number) for number in range(3)]


class CountingStore(FakeStore):
    """Counts how often it is asked for its head."""

    heads = 0

    def head(self):
        self.heads += 1
        return super().head()


@pytest.fixture
def live():
    api = Api(FIRST)
    with Server(api.app, "127.0.0.1", 0) as server:
        yield api, server.url


@contextlib.contextmanager
def listening(url, headers=()):
    """An iterator of the events that come."""
    with (
        httpx.Client(timeout=10) as client,
        client.stream("GET", f"{url}/api/v1/events", headers=dict(headers)) as reply,
    ):
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield events_of(reply.iter_lines())


def events_of(lines):
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_a_client_is_told_where_it_stands_and_then_what_grew(live):
    api, url = live
    with listening(url) as events:
        assert next(events) == {"seq": 3, "kinds": [], "streams": []}
        api.store.append([an_incident(7)], term=0)
        assert next(events) == {"seq": 4, "kinds": ["incident_opened"], "streams": ["0007incident"]}


def test_a_client_that_comes_back_is_told_what_it_missed(live):
    _, url = live
    with listening(url, {"last-event-id": "1"}) as events:
        assert next(events) == {
            "seq": 3,
            "kinds": ["incident_opened"],
            "streams": ["0001incident", "0002incident"],
        }


@pytest.mark.parametrize("seen", ["nonsense", "-1", "9" * 40, "99"])
def test_a_place_that_is_none_begins_where_the_journal_is(live, seen):
    _, url = live
    with listening(url, {"last-event-id": seen}) as events:
        assert next(events)["seq"] == 3


def test_a_closed_server_streams_to_nobody_without_a_token():
    """S1."""
    api = Api(FIRST, doors={"closed": True})
    assert api.get("/events").status_code == 401


def test_a_server_that_stops_does_not_wait_for_those_who_listen():
    api = Api(FIRST)
    with contextlib.ExitStack() as stack:
        with Server(api.app, "127.0.0.1", 0) as server:
            events = stack.enter_context(listening(server.url))
            next(events)
            began = time.monotonic()
        assert time.monotonic() - began < 4


def test_one_look_serves_all_who_listen_and_more_than_the_limit_are_refused():
    """The journal is asked as often for five clients as for one."""
    store = CountingStore(FIRST)
    events = Events(store, every_s=0.05, most=5)
    with Server(app_of(events), "127.0.0.1", 0) as server, contextlib.ExitStack() as stack:
        clients, asked = [], []
        for wanted in (1, 5):
            while len(clients) < wanted:
                clients.append(stack.enter_context(listening(server.url)))
                next(clients[-1])
            before = store.heads
            time.sleep(0.3)
            asked.append(store.heads - before)
        assert asked[0] >= 2  # about six
        assert asked[1] <= 1.5 * asked[0] + 2
        assert httpx.get(f"{server.url}/api/v1/events").status_code == 503


def test_nothing_goes_on_once_nobody_listens():
    store = CountingStore(FIRST)
    with Server(app_of(Events(store, every_s=0.05)), "127.0.0.1", 0) as server:
        with listening(server.url) as told:
            next(told)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            before = store.heads
            time.sleep(0.2)
            if store.heads == before:
                return
    pytest.fail("the journal is looked at still")


def app_of(events):
    """The stream alone, as ``routes`` serves it."""

    async def endpoint(request):
        try:
            return await events.answer(request)
        except Refused as error:
            return answer(error.refusal)

    return Starlette(routes=[Route("/api/v1/events", endpoint)])

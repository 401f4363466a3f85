"""HTTP: only what Slack has signed, just now, and once, reaches the app (H1, H2)."""

import asyncio
import copy
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from aiops.adapters.slack import http
from aiops.adapters.slack.bolt import make_app
from aiops.adapters.slack.http import LONGEST, Endpoint, Nonces
from aiops.adapters.slack.work import Work
from aiops.model import SlackMode, SlackSettings
from tests.fakes.clock import FakeClock
from tests.unit.adapters.slack.parts import TEAM, Known
from tests.unit.adapters.slack.requests import SECRET, click_body, message_body, signed, submission_body


class Ear:
    """A listener that remembers."""

    def __init__(self):
        self.heard = []
        self.message = self.click = self.submission = self.heard.append


class Door:
    """The endpoint with the real app behind it, and a clock that tests move."""

    def __init__(self, *, room=50):
        self.ear, self.clock, self.failures = Ear(), FakeClock(), []
        self.work = Work("test", self.failed, threads=1, room=room)
        self.pool = ThreadPoolExecutor(4)
        self.identity, self.ready = Known(), True
        settings = SlackSettings(SlackMode.HTTP, TEAM, "C01", api_url="http://127.0.0.1:1/api/")
        app = make_app(settings, self.identity, self.ear, self.work, self.failed, self.pool)
        self.endpoint = Endpoint(app, SECRET, self.clock.now_ms, lambda: self.ready)

    def failed(self, what, error):
        self.failures.append((what, error))

    @property
    def now(self):
        return self.clock.now_ms() / 1000

    def sends(self, headers, raw, method="POST"):
        return asyncio.run(self._send(headers, raw, method))

    async def _send(self, headers, raw, method):
        transport = httpx.ASGITransport(app=self.endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            return await client.request(method, "/slack/events", content=raw, headers=headers)

    def says(self, body, **how):
        return self.sends(*signed(body, **{"at": self.now} | how))

    def heard(self, count):
        """What was heard; ``count`` of it, or what there is after a moment."""
        until = time.monotonic() + (2.0 if count else 0.05)
        while len(self.ear.heard) < max(count, 1) and time.monotonic() < until:
            time.sleep(0.002)
        return self.ear.heard

    def close(self):
        self.work.close()
        self.pool.shutdown()


@pytest.fixture
def door():
    made = Door()
    yield made
    made.close()


@pytest.mark.parametrize("body", [message_body(), click_body(), submission_body()])
def test_what_slack_has_signed_is_acknowledged_and_heard(door, body):
    assert door.says(body).status_code == 200
    assert len(door.heard(1)) == 1


def test_the_address_is_verified_with_its_challenge(door):
    answer = door.says({"type": "url_verification", "challenge": "c1", "token": "t"}, interactive=False)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "c1"})


def forged(change):
    headers, raw = signed(message_body(), at=FakeClock().now_ms() / 1000)
    return change(dict(headers), raw)


def _without(name):
    return lambda headers, raw: ({key: value for key, value in headers.items() if key != name}, raw)


def _with(name, value):
    return lambda headers, raw: (headers | {name: value}, raw)


FORGED = {
    "no signature": _without("x-slack-signature"),
    "no time": _without("x-slack-request-timestamp"),
    "an empty signature": _with("x-slack-signature", ""),
    "another version": _with("x-slack-signature", "v1=" + "a" * 64),
    "a wrong signature": _with("x-slack-signature", "v0=" + "a" * 64),
    "a short signature": _with("x-slack-signature", "v0=ab"),
    "a signature in capitals": lambda headers, raw: (
        headers | {"x-slack-signature": "v0=" + headers["x-slack-signature"][3:].upper()},
        raw,
    ),
    "letters for a signature": _with("x-slack-signature", "é" * 10),
    "another time": _with("x-slack-request-timestamp", "1700000001"),
    "a time in words": _with("x-slack-request-timestamp", "now"),
    "a negative time": _with("x-slack-request-timestamp", "-1700000000"),
    "a huge time": _with("x-slack-request-timestamp", "9" * 40),
    "a body with one sign more": lambda headers, raw: (headers, raw + b" "),
    "another body": lambda headers, raw: (headers, raw.replace(b"approve", b"deny")),
    "no body": lambda headers, raw: (headers, b""),
    "a body that is no text": lambda headers, raw: (headers, b"\xff\xfe"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_request_is_refused_and_reaches_nothing(door, how):
    """H1"""
    headers, raw = forged(FORGED[how])
    encoded = [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]
    assert door.sends(encoded, raw).status_code == 401
    assert door.heard(0) == []
    assert door.failures == []


def test_a_second_signature_beside_the_right_one_is_refused(door):
    """H1"""
    headers, raw = signed(message_body(), at=door.now)
    twice = [*headers.items(), ("x-slack-signature", "v0=" + "a" * 64)]
    assert door.sends(twice, raw).status_code == 401


def test_a_request_signed_with_another_secret_is_refused(door):
    """H1"""
    assert door.says(message_body(), secret=SECRET[::-1]).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        message_body(team_id="T02"),
        message_body(api_app_id="A02"),
        message_body(api_app_id=None),
        click_body(team={"id": "T02"}),
        click_body(team=None, user={"id": "U01", "team_id": "T02"}),
        click_body(api_app_id="A02"),
        submission_body(team={"id": "T02"}),
    ],
)
def test_what_is_for_another_workspace_or_app_is_refused(door, body):
    """H1"""
    assert door.says(body).status_code == 401
    assert door.heard(0) == []


def test_five_hundred_forged_requests_change_nothing(door):
    """H1: 500 mutations of good requests, seeded; the adversary of G10 sends more."""
    choose = random.Random(5)

    async def all_of_them():
        transport = httpx.ASGITransport(app=door.endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            statuses = set()
            for _ in range(500):
                headers, raw = _mutated(choose, door.now)
                answer = await client.post("/slack/events", content=raw, headers=headers)
                statuses.add(answer.status_code)
            return statuses

    assert asyncio.run(all_of_them()) == {401}
    assert door.heard(0) == []
    assert door.failures == []


def _mutated(choose, now):
    """One bit of the body, one sign of the signature, or another time."""
    headers, raw = signed(choose.choice([message_body(), click_body(), submission_body()]), at=now)
    match choose.randrange(3):
        case 0:
            at, bit = choose.randrange(len(raw)), 1 << choose.randrange(7)
            raw = raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]
        case 1:
            given = headers["x-slack-signature"]
            at = choose.randrange(len(given))
            headers["x-slack-signature"] = given[:at] + choose.choice("ghijkxyz ") + given[at + 1 :]
        case _:
            headers["x-slack-request-timestamp"] = str(
                int(now) + choose.choice([-1, 1]) * choose.randrange(1, 900)
            )
    return headers, raw


@pytest.mark.parametrize("later_s", [0, 1, 10, 60, 120, 299, 300, 301, 350, 400])
def test_a_replay_is_refused_within_the_window_and_after_it(door, later_s):
    """H2"""
    headers, raw = signed(message_body(), at=door.now)
    assert door.sends(headers, raw).status_code == 200
    door.clock.advance(later_s)
    assert door.sends(headers, raw).status_code == 401
    assert len(door.heard(1)) == 1


@pytest.mark.parametrize(("age_s", "status"), [(300, 200), (301, 401), (-300, 200), (-301, 401)])
def test_a_request_is_taken_up_to_five_minutes_old_or_ahead(door, age_s, status):
    """H2: boundaries"""
    assert door.says(message_body(), at=door.now - age_s).status_code == status


def test_a_replay_of_a_request_from_the_future_is_refused_until_its_window_ends(door):
    """H2: signed 300 s ahead, so it stays fresh for 600 s."""
    headers, raw = signed(message_body(), at=door.now + 300)
    assert door.sends(headers, raw).status_code == 200
    door.clock.advance(600)
    assert door.sends(headers, raw).status_code == 401


def test_a_request_that_found_no_room_may_come_again(door):
    """It was not acted on, so that it is no replay."""
    door.identity.known = None
    headers, raw = signed(message_body(), at=door.now)
    assert door.sends(headers, raw).status_code == 503
    door.identity.known = Known().known
    assert door.sends(headers, raw).status_code == 200


def test_full_queues_are_told_to_slack_and_not_hidden():
    door = Door(room=1)
    hold = threading.Event()
    door.ear.message = lambda said: (door.ear.heard.append(said), hold.wait(5))
    statuses = [door.says(message_body(ts=f"17000001{n:02}.000200")).status_code for n in range(3)]
    door.heard(1)
    statuses += [door.says(message_body(ts=f"17000002{n:02}.000200")).status_code for n in range(3)]
    hold.set()
    door.close()
    assert 503 in statuses
    assert statuses[0] == 200


def test_before_slack_has_told_us_who_we_are_nothing_is_taken(door):
    door.ready = False
    assert door.says(message_body()).status_code == 503


def test_only_posts_are_answered(door):
    assert door.sends({}, b"", "GET").status_code == 405


@pytest.mark.parametrize(("size", "status"), [(LONGEST, 401), (LONGEST + 1, 413)])
def test_a_body_is_read_no_further_than_its_limit(door, size, status):
    assert door.sends({}, b"x" * size).status_code == status


def test_a_body_that_trickles_in_is_given_up(door, monkeypatch):
    monkeypatch.setattr(http, "SLOWEST_S", 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(part):
        sent.append(part)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(door.endpoint(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_signed_body_that_nobody_can_read_is_no_error_of_ours(door):
    """H1: no exception"""
    deep = '{"type": "event_callback", "event": ' + "[" * 100_000
    for raw in ('{"type":', "[1, 2]", "payload=nojson", "payload=5", "", deep + "]" * 100_000 + "}"):
        stamp = str(int(door.now))
        signature = door.endpoint._verifier.generate_signature(timestamp=stamp, body=raw)
        headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
        assert door.sends(headers, raw.encode()).status_code in {400, 401}
    assert door.heard(0) == []


@pytest.mark.parametrize(
    "body",
    [
        message_body() | {"event": None},
        message_body() | {"event": "message"},
        message_body() | {"event": {"type": 5}},
        message_body() | {"type": "app_rate_limited"},
        click_body() | {"event": "message"},
        click_body(actions="aiops_approve"),
        click_body(actions=[None]),
        click_body(actions=[]),
        click_body(actions=[{"type": "button", "action_id": 1e300, "block_id": "b"}]),
        click_body(actions=[{"type": "button", "action_id": ["U1"], "block_id": "b"}]),
        click_body(actions=[{"type": "button", "action_id": "aiops_approve", "block_id": {}}]),
        submission_body(view="V01"),
        submission_body(view={"callback_id": None}),
        {"type": "shortcut", "api_app_id": "A01", "team": {"id": TEAM}, "user": {"id": "U01"}},
    ],
)
def test_a_signed_request_of_another_shape_is_refused_and_no_error_of_ours(door, body):
    """H1: no exception"""
    assert door.says(body).status_code == 400
    assert door.heard(0) == []
    assert door.failures == []


@pytest.mark.parametrize("body", [message_body(), click_body(), submission_body()])
def test_no_field_of_a_signed_request_makes_an_error_of_ours(door, body):
    """H1: each field on the first two levels, replaced by each of some odd values."""
    odd = [None, 5, "x", [None], {"x": None}]
    places = [(key,) for key in body]
    places += [(key, inner) for key in body if isinstance(body[key], dict) for inner in body[key]]
    statuses = set()
    for place in places:
        for value in odd:
            changed = copy.deepcopy(body)
            node = changed if len(place) == 1 else changed[place[0]]
            node[place[-1]] = value
            statuses.add(door.says(changed, interactive=body["type"] != "event_callback").status_code)
            door.endpoint._nonces = Nonces()
    assert statuses <= {200, 400, 401}


def test_headers_that_steer_bolt_are_not_handed_on(door):
    """They are not signed."""
    headers, raw = signed(click_body(), at=door.now)
    steering = {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "on_click"}
    assert door.sends(headers | steering, raw).status_code == 200
    assert len(door.heard(1)) == 1


def test_a_modal_with_parameters_that_cannot_be_read_stays_open(door):
    answer = door.says(submission_body(parameters="six"))
    assert answer.json()["response_action"] == "errors"
    assert "parameters" in answer.json()["errors"]
    assert door.heard(0) == []


def test_what_is_not_for_us_is_acknowledged_and_not_heard(door):
    body = message_body() | {"event": {"type": "reaction_added", "user": "U01"}}
    assert door.says(body).status_code == 200
    assert door.says(click_body(action="another_apps")).status_code == 200
    assert door.heard(0) == []


def test_under_pressure_new_requests_wait_and_no_replay_gets_in(door):
    """H2: what is still fresh is remembered, though there is room for nothing else."""
    door.endpoint._nonces = Nonces(most=1)
    headers, raw = signed(message_body(), at=door.now)
    assert door.sends(headers, raw).status_code == 200
    door.clock.advance(300)
    assert door.says(message_body(ts="1700000101.000200")).status_code == 503
    assert door.sends(headers, raw).status_code == 401
    door.clock.advance(301)
    assert door.says(message_body(ts="1700000102.000200")).status_code == 200


def test_nonces_are_forgotten_when_they_are_worth_nothing_and_never_before():
    nonces = Nonces(most=2)
    assert nonces.take("a", until_s=10, now_s=0) == "new"
    assert nonces.take("b", until_s=20, now_s=0) == "new"
    assert nonces.take("c", until_s=30, now_s=10) == "full"
    assert nonces.take("c", until_s=30, now_s=10.1) == "new"
    assert nonces.take("b", until_s=20, now_s=10.1) == "seen"

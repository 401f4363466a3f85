"""Secrets stay secret, and nothing that is sent writes a line of its own (S8, S9)."""

import io
import json
import socket

import httpx
import pytest

from aiops.errors import Forbidden, Unavailable
from aiops.model import Actor, Channel
from aiops.telemetry import configure
from aiops.web.server import Server
from aiops.web.sessions import COOKIE
from tests.unit.web.api_cases import Api, an_incident

CANARIES = [f"canary-{number}-{'x' * 30}" for number in range(6)]
NASTY = 'x"}\n{"level":"info","event":"all is well"}\x1b[2K\r\u2028'


@pytest.fixture
def log():
    """What is logged meanwhile, as JSON lines."""
    stream = io.StringIO()
    configure("json", "debug", stream)
    yield stream
    configure()


def test_no_token_no_cookie_and_no_body_shows_in_an_answer_or_a_log(log):
    """Valid ones, invalid ones, in the wrong place, in half a request, and where things fail meanwhile."""
    good, bad, cookie, query, body, half = CANARIES
    api = Api([an_incident(1)])
    api.knows.tokens[good] = Actor(Channel.LOCAL, "ada", "ada")
    session = api.doorkeeper.open(good)
    said = []
    with Server(api.app, "127.0.0.1", 0) as server, httpx.Client(base_url=server.url, timeout=5) as client:

        def ask(method, path, bearer=None, **what):
            given = {"authorization": f"Bearer {bearer}"} if bearer else {}
            headers = given | what.pop("headers", {})
            said.append(client.request(method, f"/api/v1{path}", headers=headers, **what).text)

        for fails in (None, Unavailable("TokenReview: no answer"), Forbidden("not a member")):
            api.knows.fails = fails
            for bearer in (good, bad):
                ask("POST", "/approvals/a1b2/approve", bearer, json={"digest": body})
                ask("POST", "/stop", bearer, content=f'{{"{body}": 1, "reason": "{body}"', headers=JSON)
                ask("POST", "/stop", bearer, json={"reason": [body]})
                ask("GET", "/journal", bearer)
        api.knows.fails = None
        ask("GET", f"/incidents?limit={query}")
        ask("GET", "/status", headers={"authorization": f"Basic {bad}"})
        ask("POST", "/stop", headers={"cookie": f"{COOKIE}={cookie}"}, json={})
        ask("POST", "/stop", headers={"cookie": f"{COOKIE}={session.id}", "x-csrf-token": cookie}, json={})
        said.append(half_a_request(server.url, half))
    everything = "".join(said) + log.getvalue()
    assert "a token was refused" in log.getvalue()
    for secret in [*CANARIES, session.id, session.csrf]:
        assert secret not in everything


JSON = {"content-type": "application/json"}


def half_a_request(url, secret):
    """Bytes that are no HTTP, with a secret in them; what came back."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(f"POST /api/v1/stop HTTP/1.1\r\nAuthorization Bearer {secret}\r\n\r\n".encode())
        return line.recv(65_536).decode()


def test_what_is_sent_writes_no_line_of_its_own(log):
    """S9: whatever fails repeats what others wrote; a line of the log stays one line."""
    api = Api([an_incident(1)])
    api.knows.fails = Unavailable(f"TokenReview: {NASTY}")
    assert api.post("/stop", {}).status_code == 503
    api.knows.fails = None
    answer = api.post("/approvals/%0a%1b%5b2K/deny", {"reason": NASTY})
    assert answer.status_code == 404
    lines = log.getvalue().splitlines()
    assert lines
    for line in lines:
        assert json.loads(line)["event"] != "all is well"
        assert line.isprintable()
    assert "\x1b" not in answer.text


def test_what_a_person_writes_comes_back_as_text_and_nothing_else():
    """S9: it is JSON, of its type, for no browser to guess at."""
    api = Api([an_incident(1)])
    answer = api.post("/stop", {"reason": "<script>alert(1)</script>"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"

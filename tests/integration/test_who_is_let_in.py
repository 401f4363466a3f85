"""``aiops run`` as a process: who is let in, on every route that it serves (S1)."""

import json
import re
import time

import httpx
import pytest

from aiops.adapters.memory import MemoryStore
from aiops.web.api.operations import PREFIX
from aiops.web.api.table import OPERATIONS
from aiops.web.console import Parts, View, console_routes
from tests.integration.daemon import Daemon

pytestmark = [pytest.mark.integration, pytest.mark.slow]

NO_PROMETHEUS = "http://127.0.0.1:9"


@pytest.fixture(scope="module", params=["open", "closed"])
def daemon(request, tmp_path_factory):
    """A daemon without a Prometheus, which listens all the same; a client; and whether it is closed."""
    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "config"
    config.mkdir()
    closed = request.param == "closed"
    (config / "aiops.yaml").write_text(f"server: {{closed: {str(closed).lower()}}}\n")
    with Daemon(folder, NO_PROMETHEUS, config) as running:
        url = running.wait_for("started")["url"]
        with httpx.Client(base_url=url, timeout=10) as client:
            yield running, client, closed


def every_route():
    """(method, path) of everything that a daemon serves, with something in place of names."""
    console = console_routes(Parts(store=MemoryStore(), view=View(), now_ms=lambda: 0))
    pairs = [(one.method, PREFIX + one.path) for one in OPERATIONS]
    pairs += [(method, one.path) for one in console for method in one.methods - {"HEAD"}]
    pairs += [("GET", path) for path in ("/", "/metrics", "/healthz", "/readyz")]
    return [(method, re.sub(r"\{[^}]*\}", "1", path)) for method, path in pairs]


def test_nothing_that_changes_anything_is_done_for_nobody(daemon):
    """S1: every route of the API and of the console, without a token."""
    running, client, _ = daemon
    asked = [(method, path) for method, path in every_route() if method != "GET"]
    assert len(asked) >= 14
    for method, path in asked:
        answer = client.request(method, path, json={"reason": "x", "until_ms": 1})
        allowed = {400, 401, 403, 422} if path == "/console/sign-in" else {401}
        assert answer.status_code in allowed, (path, answer.status_code, answer.text[:200])
    for path in ("/", "/metrics", "/slack/events", "/console/nothing", "/api/v1/nothing"):
        assert client.post(path, json={}).status_code in {401, 405}, path
    assert not (running.state / "STOP").exists()


def test_a_closed_daemon_shows_nothing_but_its_health_and_the_way_in(daemon):
    """S1."""
    _, client, closed = daemon
    shown = set()
    for method, path in every_route():
        if method == "GET" and not path.endswith("/events"):
            answer = client.get(path, follow_redirects=False)
            assert answer.status_code != 500, path
            if answer.status_code == 200:
                shown.add(path)
    health = {"/metrics", "/healthz", "/console/sign-in"}
    if closed:
        assert shown - {"/readyz"} == health
    else:
        assert {f"{PREFIX}/incidents", f"{PREFIX}/status", "/console/"} < shown
        assert f"{PREFIX}/journal" not in shown


def test_a_page_of_another_name_reaches_neither_api_nor_console(daemon):
    """DNS rebinding: the name that the page's own server has points here."""
    _, client, _ = daemon
    for method, path in every_route():
        if path not in {"/metrics", "/healthz", "/readyz"}:
            answer = client.request(method, path, headers={"host": "evil.example:9911"})
            assert answer.status_code == 421, path


def test_the_token_of_the_state_folder_lets_its_reader_stop_everything(daemon):
    """B5: and says in the journal who it was."""
    running, client, _ = daemon
    token = (running.state / "token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    answer = client.post(f"{PREFIX}/stop", json={"reason": "smoke"}, headers=headers)
    assert (answer.status_code, answer.json()["done"]) == (200, True), answer.text
    assert (running.state / "STOP").exists()
    page = client.get(f"{PREFIX}/journal", params={"kinds": "said"}, headers=headers).json()
    assert page["records"][-1]["payload"]["actor"]["channel"] == "local"
    assert token not in json.dumps(page) + (running.folder / "daemon.log").read_text()  # S8


def test_who_listens_does_not_keep_it_from_stopping(daemon):
    running, client, _ = daemon
    headers = {"authorization": f"Bearer {(running.state / 'token').read_text().strip()}"}
    with client.stream("GET", f"{PREFIX}/events", headers=headers) as events:
        assert next(line for line in events.iter_lines() if line.startswith("data:"))
        began = time.monotonic()
        assert running.stop() == 0
    assert time.monotonic() - began < 15

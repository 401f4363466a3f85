"""The open routes: what they answer, and that nothing else is there."""

import pytest
import requests

from aiops.errors import Unavailable
from aiops.web.app import make_app
from aiops.web.server import Server


def app(*, healthy=True, ready=True):
    return make_app(
        metrics=lambda: (b"aiops_up 1\n", "text/plain; version=0.0.4"),
        healthy=lambda: (healthy, {"loop": "going" if healthy else "stuck for 90 s"}),
        ready=lambda: (ready, {"ready": ready}),
    )


@pytest.mark.parametrize(("healthy", "code"), [(True, 200), (False, 503)])
def test_health_is_an_answer_with_its_reason(healthy, code):
    with Server(app(healthy=healthy), "127.0.0.1", 0) as server:
        answer = requests.get(f"{server.url}/healthz", timeout=5)
    assert (answer.status_code, "loop" in answer.json()) == (code, True)


def test_metrics_come_as_prometheus_wants_them():
    with Server(app(), "127.0.0.1", 0) as server:
        answer = requests.get(f"{server.url}/metrics", timeout=5)
    assert answer.text == "aiops_up 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_route_takes_anything(method):
    """S1: there is no action endpoint to call."""
    with Server(app(), "127.0.0.1", 0) as server:
        codes = {
            path: requests.request(method, f"{server.url}{path}", timeout=5).status_code
            for path in ("/metrics", "/healthz", "/readyz", "/", "/api/approve")
        }
    assert set(codes.values()) <= {404, 405}


def test_a_taken_port_is_named():
    with (
        Server(app(), "127.0.0.1", 0) as first,
        pytest.raises(Unavailable, match="taken"),
        Server(app(), "127.0.0.1", int(first.url.rsplit(":", 1)[1])),
    ):
        pass

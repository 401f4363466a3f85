"""The test servers themselves: a real Prometheus with a past, and a proxy that spoils answers."""

import time

import pytest
import requests

from tests.integration.faults import Answer, FaultProxy, Truncate
from tests.integration.servers import Exporter, openmetrics, prometheus

pytestmark = pytest.mark.integration


def test_prometheus_scrapes_what_the_test_wrote_and_knows_its_past(tmp_path):
    now = int(time.time()) * 1000
    past = openmetrics([("old", {"pod": "a"}, [now - 86_400_000, now - 86_340_000], [1.5, 2.5])])
    with (
        Exporter("fresh 7\n") as exporter,
        prometheus(
            tmp_path, {"shop": [exporter]}, history=past, external_labels={"cluster": "blue"}
        ) as server,
    ):
        assert server.wait_for("fresh")[0]["value"][1] == "7"
        assert (
            server.get("query", query="old", time=(now - 86_340_000) / 1000)["result"][0]["value"][1] == "2.5"
        )
        assert "cluster: blue" in server.get("status/config")["yaml"]


def test_the_proxy_passes_spoils_and_answers_itself():
    with Exporter("a 1\n" * 100) as exporter, FaultProxy(exporter.address) as proxy:
        assert requests.get(f"{proxy.url}/metrics", timeout=5).text == exporter.text
        proxy.fault = Answer(503, b"busy")
        assert requests.get(proxy.url, timeout=5).status_code == 503
        proxy.fault = Truncate(after=250)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(proxy.url, timeout=5)

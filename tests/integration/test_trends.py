"""aiops trends without a recording: it asks the Prometheus that the configuration names."""

import json
import time

import numpy as np
import pytest
from click.testing import CliRunner

from aiops.cli import app
from aiops.errors import Unavailable
from tests.integration.servers import free_port, openmetrics, prometheus

pytestmark = pytest.mark.integration

SIGNALS = """
signals:
  - name: disk_used
    query: disk_used
    unit: ratio
    role: disk
    direction: up
    limit: 1.0
    target: {kind: Deployment, namespace: namespace, name: deployment}
"""
DAY_MS = 86_400_000


@pytest.fixture
def config(tmp_path):
    """A configuration folder for the server at a URL."""

    def make(url):
        folder = tmp_path / "config"
        (folder / "signals").mkdir(parents=True)
        (folder / "aiops.yaml").write_text(f"prometheus: {{url: '{url}'}}\n")
        (folder / "signals" / "shop.yaml").write_text(SIGNALS)
        return folder

    return make


def past(now_ms):
    """Four days at ten minutes: orders fills by 0.1 a day up to 0.8, cart stays at 0.3."""
    times = list(range(now_ms - 4 * DAY_MS, now_ms, 600_000))
    filling = 0.4 + 0.1 * (np.array(times) - times[0]) / DAY_MS
    rows = {"orders": filling, "cart": np.full(len(times), 0.3)}
    return openmetrics(
        ("disk_used", {"namespace": "shop", "deployment": name}, times, row) for name, row in rows.items()
    )


def test_growth_is_found_in_a_live_prometheus(tmp_path, config):
    """At the end 0.2 are left, at 0.1 a day: two days."""
    now_ms = int(time.time()) * 1000
    with prometheus(tmp_path / "server", history=past(now_ms)) as server:
        result = CliRunner().invoke(app, ["trends", "--config", str(config(server.url)), "--json"])
    assert result.exception is None, result.exception
    told = json.loads(result.stdout)
    assert told["series"] == 2
    (growth,) = told["growth"]
    assert growth["target"] == "Deployment/shop/orders"
    assert growth["days_left"] == pytest.approx(2.0, abs=0.3)


def test_a_prometheus_that_does_not_answer_is_said(config):
    """M1."""
    folder = config(f"http://127.0.0.1:{free_port()}")
    result = CliRunner().invoke(app, ["trends", "--config", str(folder)])
    assert isinstance(result.exception, Unavailable)
    assert "no signal could be read" in str(result.exception)

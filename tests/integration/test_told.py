"""``aiops run`` with a webhook and a real Alertmanager: a fault is told, silenced, over, and handed over."""

import json
import subprocess
import time

import pytest

from aiops.adapters.webhook import signature
from tests.integration.alertmanager import alertmanager, matcher
from tests.integration.daemon import AIOPS, Daemon
from tests.integration.servers import Exporter, prometheus
from tests.integration.test_run import NAMES, SETTINGS, SIGNALS, Shop, past
from tests.unit.adapters.hooks import Hook

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SECRET = b"of the hook"
NOTIFY = """
notify:
  least_severity: low
  webhooks: {{ops: {{url: "{hook}/in", secret_file: "{secret}"}}}}
  alertmanager: {{url: "{alerts}", resend: 10s}}
"""


def until(what, wanted, timeout_s=40.0):
    """Wait until ``wanted()`` gives something; it."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := wanted():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {timeout_s} s")


def cards(hook):
    """Every card that the webhook got, after its signature was checked."""
    found = []
    for _, path, headers, body in list(hook.got):
        assert path == "/in"
        assert headers["X-Aiops-Signature-256"] == signature(SECRET, headers["X-Aiops-Timestamp"], body)
        if json.loads(body)["kind"] == "card":
            found.append(json.loads(body)["card"])
    return found


def configured(folder, hook, alerts):
    (folder / "signals").mkdir(parents=True)
    (folder / "signals" / "shop.yaml").write_text(SIGNALS)
    secret = folder.parent / "secret"
    secret.write_bytes(SECRET)
    text = NOTIFY.format(hook=hook.url, secret=secret, alerts=alerts.url)
    (folder / "aiops.yaml").write_text(SETTINGS + text)
    return folder


def handover(*place):
    """What ``aiops handover --json`` says."""
    command = [AIOPS, "handover", *map(str, place), "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(answer.stdout)


def test_a_fault_is_told_everywhere_and_ends_everywhere(tmp_path):
    with (
        Exporter() as exporter,
        Shop(exporter) as shop,
        prometheus(
            tmp_path / "prometheus", {"shop": [exporter]}, scrape_interval_s=5.0, history=past()
        ) as server,
        alertmanager(tmp_path / "alertmanager") as alerts,
        Hook() as hook,
    ):
        server.wait_for("errors_share", len(NAMES))
        config = configured(tmp_path / "config", hook, alerts)
        alerts.silence([matcher("deployment", "service-5")], 3600)
        with Daemon(tmp_path, server.url, config) as daemon:
            until("ready", lambda: daemon.get("/readyz")[0] == 200)
            time.sleep(11)  # two calm ticks
            shop.bad = "service-3"
            began = time.monotonic()
            opened = daemon.wait_for("incident_opened", 35)
            logged = time.monotonic()
            first = until("card", lambda: cards(hook))[0]
            assert time.monotonic() - logged < 2
            assert logged - began < 35
            assert first["incident"]["prime"] == "Deployment/shop/service-3"
            pushed = until("alert", alerts.alerts)
            assert [one["labels"]["workload"] for one in pushed] == ["service-3"]
            assert pushed[0]["labels"]["incident"] == opened["incident"]
            shop.bad = None
            until("resolved", lambda: cards(hook)[-1]["stage"] == "resolved", 60)
            until("ended", lambda: not alerts.alerts())
            shop.bad = "service-5"  # silenced: known, and nobody is disturbed
            daemon.wait_for("incident_opened", 40, target="Deployment/shop/service-5")
            time.sleep(3)
            assert {one["incident"]["prime"] for one in cards(hook)} == {"Deployment/shop/service-3"}
            assert not alerts.alerts()
            told = handover("--state", daemon.state)
            url = daemon.wait_for("started")["url"]
            asked = handover("--server", url, "--state", daemon.state)  # where its token is
            assert asked["counts"] == told["counts"]
            assert told["counts"]["opened"] == 2
            assert [one["prime"] for one in told["open"]] == ["Deployment/shop/service-5"]
            assert daemon.stop() == 0
            failures = [line for line in daemon.log if line["event"] == "failed"]
            assert not [line for line in failures if line["where"].startswith(("notify", "alertmanager"))]

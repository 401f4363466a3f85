"""Who watches the watcher: the chart's alerts, read by Prometheus' own checker, on metrics that there are."""

import json
import re
import subprocess

import pytest

from aiops.core.guards import GUARDS
from aiops.model import Result
from aiops.telemetry import Metrics
from tests.deploy.charts import only, render
from tests.integration.servers import need

ON = {
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "serviceMonitor": {"enabled": True},
}


def rules():
    (group,) = only(render(ON), "PrometheusRule")["spec"]["groups"]
    return group["rules"]


def test_every_alert_is_on_a_metric_that_the_daemon_has():
    page = Metrics().page()[0].decode()
    there = set(re.findall(r"^# TYPE (aiops_\w+)", page, re.MULTILINE))
    used = {name for one in rules() for name in re.findall(r"aiops_\w+", one["expr"])}
    assert len(used) >= 6
    assert used <= there


def test_the_labels_that_alerts_ask_for_are_ones_that_can_be():
    asked = " ".join(one["expr"] for one in rules())
    assert set(re.findall(r'guard="(\w+)"', asked)) <= {one.__name__ for one in GUARDS}
    (results,) = re.findall(r'result=~"([\w|]+)"', asked)
    assert set(results.split("|")) <= set(Result)


def test_each_alert_is_of_this_release_alone_and_says_what_it_means():
    for one in rules():
        assert 'job="aiops"' in one["expr"]
        assert 'namespace="ops"' in one["expr"]
        assert one["annotations"]["summary"].endswith((".", "?"))


def test_without_the_operator_nothing_of_it_is_asked_for():
    kinds = {kind for kind, *_ in render()}
    assert not kinds & {"PrometheusRule", "ServiceMonitor"}


@pytest.mark.integration
def test_prometheus_own_checker_takes_them(tmp_path):
    need("prometheus", "promtool")
    path = tmp_path / "rules.yaml"
    spec = only(render(ON), "PrometheusRule")["spec"]

    def check():
        path.write_text(json.dumps(spec))  # which is YAML
        command = ["promtool", "check", "rules", str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert check().returncode == 0, check().stderr
    spec["groups"][0]["rules"][0]["expr"] += ")"
    assert check().returncode != 0  # it does look

"""``aiops onboard`` on a Prometheus that is not ours in shape.

Two clusters behind one server; no honor_labels, so that kube-state-metrics' pods are in exported_pod; names
of cAdvisor before 1.16; Micrometer beside hand-made metrics; a histogram that is gone, with a recording rule
in its place; nodes known only by their host names; deployments that Argo CD owns; an alert that fires.
"""

import json
import time
from contextlib import ExitStack

import pytest

from aiops.bootstrap.config import load_settings
from aiops.bootstrap.recordings import open_recording
from tests.integration.foreign import Cluster, Page, client_golang, line, micrometer
from tests.integration.servers import free_port, prometheus
from tests.integration.test_prometheus_signals_check import aiops

pytestmark = pytest.mark.integration

BLUE = Cluster({"cart": 2, "pay": 1}, managed_by={"cart": "shop-prod"})
GREEN = Cluster({"other": 2}, namespace="elsewhere", nodes=("node-z",))
RULES = """
groups:
- name: shop
  interval: 1s
  rules:
  - record: namespace_pod:rpc_server_duration_seconds:p99
    expr: histogram_quantile(0.99, sum by (namespace, pod, le) (rate(rpc_server_duration_seconds_bucket[5m])))
  - record: namespace_pod:container_network_receive_bytes:rate5m
    expr: sum by (namespace, pod) (rate(container_network_receive_bytes_total[5m]))
  - record: unrelated
    expr: 1 + 1
  - alert: CartSlow
    expr: kube_deployment_spec_replicas{exported_namespace=~"shop|elsewhere"} > 0
    annotations: {runbook_url: "https://example.org/cart"}
  - alert: Other
    expr: vector(0) > 1
"""
# what recording rules made elsewhere, before the raw series were dropped; asked for by name like any other
RECORDED = "\n".join(
    [
        line("namespace_pod:rpc_server_duration_seconds:p99", 0.25, namespace="shop", pod="cart-5d4f7-0"),
        line(
            "namespace_pod:container_network_receive_bytes:rate5m", 1e6, namespace="shop", pod="pay-5d4f7-0"
        ),
        "",
    ]
)


def without(page, name):
    return lambda: "".join(row for row in page().splitlines(keepends=True) if not row.startswith(name))


def relabelled():
    """Target labels by job: which cluster, and where the target itself runs."""
    places = {
        "blue-ksm": {"cluster": "blue", "namespace": "monitoring", "pod": "ksm-0", "node": "node-a"},
        "green-ksm": {"cluster": "green", "namespace": "monitoring", "pod": "ksm-1", "node": "node-z"},
        "blue-kubelet": {"cluster": "blue"},
        "green-kubelet": {"cluster": "green"},
        "blue-node": {"cluster": "blue"},
        "cart": {"cluster": "blue", "kubernetes_namespace": "shop", "kubernetes_pod_name": "cart-5d4f7-0"},
        "pay": {"cluster": "blue", "kubernetes_namespace": "shop", "kubernetes_pod_name": "pay-5d4f7-0"},
        "recorded": {"cluster": "blue"},
    }
    return [
        {"source_labels": ["job"], "regex": job, "target_label": label, "replacement": value}
        for job, labels in places.items()
        for label, value in labels.items()
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    network = "container_network_receive_bytes_total"
    pages = {
        "blue-ksm": BLUE.kube_state_metrics,
        "green-ksm": GREEN.kube_state_metrics,
        "blue-kubelet": without(lambda: BLUE.cadvisor("pod_name", "container_name"), network),
        "green-kubelet": without(lambda: GREEN.cadvisor("pod_name", "container_name"), network),
        "blue-node": lambda: BLUE.node_exporter("node-a"),
        "cart": micrometer,
        "pay": client_golang,
        "recorded": lambda: RECORDED,
    }
    with ExitStack() as stack:
        jobs = {job: [stack.enter_context(Page(make))] for job, make in pages.items()}
        directory = tmp_path_factory.mktemp("prometheus")
        extra = {"relabel_configs": relabelled()}
        running = stack.enter_context(prometheus(directory, jobs, rules=RULES, job_extra=extra))
        for job in jobs:
            running.wait_for(f'count_over_time(up{{job="{job}"}}[5s]) >= 5')
        running.wait_for("ALERTS", at_least=3)  # two deployments of blue, one of green
        yield running


@pytest.fixture(scope="module")
def onboarded(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onboarded") / "config"
    code, out, err = aiops(
        "onboard", "--prometheus", server.url, "-o", str(folder), "--cluster", "blue", "--json"
    )
    assert code == 0, err
    return folder, json.loads(out)


def row(report, signal):
    return next(one for one in report["rows"] if one["signal"] == signal)


def test_two_clusters_are_told_apart_and_asked_for(server, tmp_path):
    code, _, err = aiops("onboard", "--prometheus", server.url, "-o", str(tmp_path / "config"))
    assert code == 2
    assert "label cluster: 'blue' (2 series), 'green' (1 series); say which is meant with --cluster" in err
    assert not (tmp_path / "config").exists()


def test_a_cluster_that_is_not_there_is_refused_with_those_that_are(server, tmp_path):
    code, _, err = aiops("onboard", "--prometheus", server.url, "-o", str(tmp_path), "--cluster", "red")
    assert (code, "expected one of 'blue'" in err) == (2, True)


def test_what_is_written_passes_check_config_and_asks_for_our_cluster_only(onboarded):
    folder, report = onboarded
    settings = load_settings(folder)
    assert settings.prometheus.cluster_matchers == {"cluster": "blue"}
    assert settings.cluster.name == "blue"
    assert settings.detection.step_s == 1
    assert report["other_clusters"] == ["green"]
    assert aiops("check-config", str(folder))[0] == 0


def test_what_is_written_passes_signals_check_with_no_hand_edits(onboarded):
    code, out, _ = aiops("signals", "check", "--config", str(onboarded[0]), "--json")
    found = {one["signal"]: one for one in json.loads(out)}
    assert code == 0
    assert {name for name, one in found.items() if one["says"] in ("error", "unmapped")} == set()
    for name in ("cpu_usage", "memory_working_set", "request_rate", "error_ratio", "latency_p95", "restarts"):
        assert found[name]["says"] == "data", name


def test_the_pods_are_those_of_the_cluster_and_never_the_exporter(onboarded):
    """M7: kube-state-metrics runs in monitoring/ksm-0, and green has pods of its own."""
    _, report = onboarded
    assert row(report, "restarts")["targets"] == 2  # the workloads of blue's three pods
    assert row(report, "pod_pending")["series"] == 3
    assert (report["workloads"], report["covered"], report["uncovered"]) == (2, 2, [])
    assert "exported_pod" in report["exported_labels"]


def test_labels_that_metrics_call_differently_are_brought_together(onboarded):
    """cpu_usage divides cAdvisor's pod_name by kube-state-metrics' exported_pod."""
    folder, report = onboarded
    cpu = next(one for one in load_settings(folder).signals if one.name == "cpu_usage")
    assert 'label_replace(kube_pod_container_resource_limits{resource="cpu"}, "namespace"' in cpu.query
    assert 'container_name!=""' in cpu.query
    assert row(report, "cpu_usage")["series"] == 3


def test_all_families_of_names_are_joined(onboarded):
    """cart speaks Micrometer, pay has hand-made metrics."""
    _, report = onboarded
    for name in ("request_rate", "error_ratio", "latency_p95"):
        assert row(report, name)["workloads"] == 2, name
    assert "names of Micrometer (Spring Boot)" in row(report, "request_rate")["notes"]


def test_recording_rules_stand_in_for_raw_series_that_are_gone(onboarded):
    _, report = onboarded
    assert report["stands_in"] == {
        "namespace_pod:rpc_server_duration_seconds:p99": "rpc_server_duration_seconds_bucket",
        "namespace_pod:container_network_receive_bytes:rate5m": "rate(container_network_receive_bytes_total)",
    }
    assert "the rule records p99, not p95" in row(report, "grpc_latency_p95")["notes"]
    assert (row(report, "network_received")["series"], row(report, "grpc_latency_p95")["series"]) == (1, 1)


def test_nodes_are_named_as_kubernetes_names_them(onboarded):
    folder, report = onboarded
    node = next(one for one in load_settings(folder).signals if one.name == "node_cpu_usage")
    assert node.target.name == "nodename"
    assert row(report, "node_cpu_usage")["targets"] == 1


def test_what_cannot_be_seen_is_switched_off_and_says_why(onboarded):
    folder, report = onboarded
    assert row(report, "istio_request_rate")["missing"] == "no metric istio_requests_total"
    assert row(report, "volume_used_ratio")["missing"] == "no metric kubelet_volume_stats_used_bytes"
    assert "istio_request_rate" not in {signal.name for signal in load_settings(folder).signals}


def test_a_condition_that_nothing_is_in_stays_on(onboarded):
    folder, report = onboarded
    looping = next(one for one in load_settings(folder).signals if one.name == "crash_looping")
    assert looping.target.name == "exported_pod"
    assert "nothing is in it now" in row(report, "crash_looping")["notes"]


def test_the_fastest_detection_is_told_from_scrapes_window_and_how_long(onboarded):
    """One second a scrape: three bad samples and a window of four scrapes are 7 s; a condition has no window;
    node_not_ready must last 30 s."""
    _, report = onboarded
    assert row(report, "cpu_usage")["fastest_s"] == 3 + 4
    assert row(report, "memory_working_set")["fastest_s"] == 3
    assert row(report, "crash_looping")["fastest_s"] == 3
    assert row(report, "node_not_ready")["fastest_s"] == 3 + 30


def test_owners_alerts_and_runbooks_are_told(onboarded):
    _, report = onboarded
    assert report["managers"] == {"argocd": 1, "helm": 1}
    assert (report["alerts"], report["runbooks"], report["firing"]) == (2, 1, {"CartSlow": 2})


def test_what_is_written_records_and_replays_and_names_our_clusters_workloads(onboarded, server, tmp_path):
    """The way of a newcomer, no file edited by hand: onboard, record, dry-run."""
    config, recording = str(onboarded[0]), tmp_path / "recording"
    now = f"{time.time():.0f}"
    span = ("--since", "8s", "--until", now, "--step", "1s")
    code, _, err = aiops(
        "record", "--prometheus", server.url, *span, "--config", config, "-o", str(recording)
    )
    assert code == 0, err
    recorded = open_recording(recording)
    panels = [recorded.panel(signal.name) for signal in recorded.signals]
    assert {str(target) for panel in panels for target in panel.targets} == {
        "Deployment/shop/cart",
        "Deployment/shop/pay",
        "Node/node-a",
        "Node/node-b",
        *(f"Pod/shop/{name}-5d4f7-{n}" for name, n in (("cart", 0), ("cart", 1), ("pay", 0))),  # one bad pod
    }
    facts = recorded.facts(recorded.end_ms)
    assert {one.name: workload.managed_by for one, workload in facts.workloads.items()} == {
        "cart": "argocd",
        "pay": "helm",
    }
    assert {alert.target.name for alert in facts.alerts} == {"cart", "pay"}
    code, _, err = aiops("dry-run", str(recording), "--config", config)
    assert code == 0, err


def test_the_table_names_what_stands_in_and_what_is_not_seen(server, tmp_path):
    code, out, err = aiops(
        "onboard", "--prometheus", server.url, "-o", str(tmp_path / "c"), "--cluster", "green"
    )
    assert code == 0, err
    assert "not ours: blue" in out
    assert "istio_request_rate: no metric istio_requests_total" in out
    assert "1 of 1 workloads are seen" in out
    assert "next: aiops signals check" in err


def test_a_folder_with_files_in_it_is_left_alone(server, tmp_path):
    (tmp_path / "mine.yaml").write_text("x")
    code, _, err = aiops("onboard", "--prometheus", server.url, "-o", str(tmp_path), "--cluster", "blue")
    assert (code, "empty or not there" in err) == (2, True)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_server_that_does_not_answer_writes_nothing(tmp_path):
    code, _, err = aiops(
        "onboard", "--prometheus", f"http://127.0.0.1:{free_port()}", "-o", str(tmp_path / "c")
    )
    assert (code, "connection failed" in err) == (3, True)
    assert not (tmp_path / "c").exists()

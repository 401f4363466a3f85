"""The shipped signals on a real Prometheus that scrapes what their exporters write: each is true."""

import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from aiops.adapters.prometheus.rewrite import windowed
from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.config import load_shipped
from aiops.core.mapping import to_panel
from aiops.model import Facts, Target
from aiops.model.prometheus import PrometheusSettings
from tests.integration.foreign import Cluster, Page
from tests.integration.servers import prometheus

pytestmark = pytest.mark.integration

CLUSTER = Cluster(
    {"cart": 2, "pay": 2},
    waiting={"cart-5d4f7-0": "CrashLoopBackOff", "cart-5d4f7-1": "ImagePullBackOff"},
    pending=("pay-5d4f7-1",),
    evicted=("pay-5d4f7-0",),
    stuck=("pay",),
    not_ready=("node-b",),
    failed_jobs=("report",),
    hpa={"cart": (4, 4), "pay": (2, 4), "one": (1, 1)},
)
SPACE = "shop"


def pod(name):
    return Target("Pod", SPACE, name)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    with ExitStack() as stack:
        pages = [CLUSTER.kube_state_metrics, CLUSTER.cadvisor, lambda: CLUSTER.node_exporter("node-a")]
        jobs = {name: [stack.enter_context(Page(make))] for name, make in zip("abc", pages, strict=True)}
        jobs["a"].append(stack.enter_context(Page(pages[0])))  # highly available: everything twice
        relabel = [{"source_labels": ["job"], "regex": "c", "target_label": "node", "replacement": "node-a"}]
        server = stack.enter_context(
            prometheus(
                tmp_path_factory.mktemp("prometheus"),
                jobs,
                honor_labels=True,
                job_extra={"relabel_configs": relabel},
            )
        )
        server.wait_for("count_over_time(container_cpu_usage_seconds_total[4s]) >= 4")
        server.wait_for("count_over_time(node_cpu_seconds_total[4s]) >= 4")
        CLUSTER.restarts["cart-5d4f7-0"] = 3
        CLUSTER.oom_killed = ("cart-5d4f7-0",)
        server.wait_for("increase(kube_pod_container_status_restarts_total[5m]) > 0")
        server.wait_for("kube_pod_container_status_last_terminated_reason")
        source = PrometheusSource(PrometheusSettings(url=server.url))
        at_ms = int(time.time() * 1000)

        def values(name):
            signal = next(one for one in load_shipped().signals if one.name == name)
            # the shipped windows, made to fit a scrape a second: a minute of data would take a minute
            fitting = replace(signal, query=windowed(signal.query, 1))
            mapped = to_panel(fitting, source.query(fitting, at_ms), Facts(at_ms))
            assert not mapped.unmapped
            return dict(zip(mapped.panel.targets, mapped.panel.values[:, 0].tolist(), strict=True))

        yield values


def on(values):
    return {target for target, value in values.items() if value == 1}


def test_a_state_whose_series_is_dropped_when_it_ends_is_zero_for_every_other_pod(read):
    """M2: the exporter has no series for a reason that has passed. Absent would be "unknown", for ever."""
    everyone = {pod(f"{name}-5d4f7-{n}") for name in ("cart", "pay") for n in (0, 1)}
    for signal, bad in [
        ("crash_looping", {pod("cart-5d4f7-0")}),
        ("image_pull_failing", {pod("cart-5d4f7-1")}),
        ("oom_killed", {pod("cart-5d4f7-0")}),
        ("config_error", set()),
    ]:
        values = read(signal)
        assert set(values) == everyone
        assert on(values) == bad
        assert {values[other] for other in everyone - bad} == {0}
    assert read("job_failed") == {Target("Job", SPACE, "report"): 1}


def test_conditions_that_report_both_ways_are_zero_for_all_else(read):
    assert on(read("pod_pending")) == {pod("pay-5d4f7-1")}
    assert len(read("pod_pending")) == 4
    assert on(read("pod_evicted")) == {pod("pay-5d4f7-0")}
    assert on(read("rollout_stuck")) == {Target("Deployment", SPACE, "pay")}
    assert on(read("node_not_ready")) == {Target("Node", "", "node-b")}
    assert on(read("node_pressure")) == set()
    assert len(read("node_pressure")) == 2


def test_an_autoscaler_is_at_its_maximum_only_where_it_could_scale_at_all(read):
    assert on(read("hpa_at_maximum")) == {Target("HorizontalPodAutoscaler", SPACE, "cart")}


def test_shares_are_of_the_limit(read):
    """Pod n uses 0.05 n cores of 0.5, and 128 MiB + n MiB of 256; the sidecar nearly nothing."""
    assert read("cpu_usage")[pod("cart-5d4f7-1")] == pytest.approx(0.2, rel=0.05)
    assert read("memory_working_set")[pod("cart-5d4f7-1")] == (128 + 2) / 256
    assert read("cpu_throttling")[pod("pay-5d4f7-0")] == pytest.approx(0.1, rel=0.05)
    assert read("network_received")[pod("pay-5d4f7-0")] == pytest.approx(1e6, rel=0.05)


def test_restarts_and_replicas_are_counted(read):
    assert read("restarts")[pod("cart-5d4f7-0")] == pytest.approx(3, rel=0.7)  # increase() extrapolates
    assert read("restarts")[pod("pay-5d4f7-0")] == 0
    assert read("replicas_unavailable") == {
        Target("Deployment", SPACE, "cart"): 0,
        Target("Deployment", SPACE, "pay"): 0.5,
    }


def test_nodes_are_read_by_their_label(read):
    node = Target("Node", "", "node-a")
    assert read("node_cpu_usage")[node] == pytest.approx(0.25, abs=0.02)
    assert read("node_memory_used") == {node: 0.75}
    assert read("node_disk_used") == {node: pytest.approx(0.7)}
    assert read("node_network_errors") == {node: 0}

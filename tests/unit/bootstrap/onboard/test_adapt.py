"""Adapt: a shipped signal to what a server holds, from a survey made by hand."""

from dataclasses import dataclass, field

import pytest

from aiops.adapters.prometheus.promql import parse
from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.onboard.adapt import adapt
from aiops.bootstrap.onboard.families import ALTERNATIVES, INSTEAD, alternatives
from aiops.bootstrap.onboard.labels import there
from aiops.bootstrap.onboard.survey import Rule, Shape, seconds

SHIPPED = {signal.name: signal for signal in load_shipped().signals}
POD = frozenset({"namespace", "pod", "job", "instance"})


@dataclass
class Known:
    """A survey of given metrics: name -> labels."""

    known: dict[str, frozenset[str]]
    rules: tuple[Rule, ...] = ()
    interval_s: float = 15.0
    answers: dict[str, list] = field(default_factory=dict)

    @property
    def metrics(self):
        return frozenset(self.known)

    def shape(self, metric):
        labels = self.known.get(metric)
        return None if labels is None else Shape(labels, ("job",), self.interval_s)

    def rows(self, query):
        return self.answers.get(query, [])


def test_what_is_there_as_shipped_stays_as_shipped():
    request_rate = SHIPPED["request_rate"]
    got = adapt(request_rate, Known({"http_server_request_duration_seconds_count": POD}))
    assert got.signal == request_rate
    assert (got.notes, got.missing) == ((), "")


@pytest.mark.parametrize(
    ("labels", "code"), [({"code"}, "code"), ({"status"}, "status"), ({"status", "code"}, "code")]
)
def test_the_label_of_the_code_is_the_one_that_is_there(labels, code):
    got = adapt(SHIPPED["error_ratio"], Known({"http_requests_total": POD | labels}))
    assert f'{code}=~"5.."' in got.signal.query


def test_a_counter_without_a_code_tells_no_errors():
    got = adapt(SHIPPED["error_ratio"], Known({"http_requests_total": POD}))
    assert got.missing


def test_the_same_requests_are_not_counted_by_two_names():
    names = {"http_requests_total": POD, "http_request_duration_seconds_count": POD}
    assert [
        one.name for one in parse(adapt(SHIPPED["request_rate"], Known(names)).signal.query).selectors
    ] == ["http_requests_total"]


def test_a_series_that_does_not_name_its_pod_is_not_mapped_to_anything():
    got = adapt(SHIPPED["request_rate"], Known({"http_requests_total": frozenset({"job", "instance"})}))
    assert got.missing == "series of http_requests_total have no label namespace"


def test_a_metric_of_no_known_name_is_not_there():
    got = adapt(SHIPPED["request_rate"], Known({"my_requests": POD}))
    wanted = "no metric http_server_request_duration_seconds_count, nor any other name that is known"
    assert got.missing == wanted


def test_windows_follow_the_scrape_interval():
    known = {"http_requests_total": POD}
    assert "[4m]" in adapt(SHIPPED["request_rate"], Known(known, interval_s=60)).signal.query
    assert "[20s]" in adapt(SHIPPED["request_rate"], Known(known, interval_s=5)).signal.query


def test_a_recorded_series_by_deployment_is_mapped_to_the_deployment():
    rule = Rule("d:http:rate5m", "sum by (namespace, deployment) (rate(http_requests_total[5m]))", 30.0)
    got = adapt(SHIPPED["request_rate"], Known({rule.name: frozenset({"namespace", "deployment"})}, (rule,)))
    assert (got.signal.target.kind, got.signal.target.name) == ("Deployment", "deployment")
    assert got.signal.rollup == "none"
    assert got.stands_in == {rule.name: "rate(http_requests_total)"}


@pytest.mark.parametrize(
    "query",
    [
        "sum by (namespace, pod) (rate(http_requests_total[5m])) * 60",  # a minute, not a second
        "sum by (namespace, pod) (increase(http_requests_total[5m]))",
        "max by (namespace, pod) (rate(http_requests_total[5m]))",
        "sum by (namespace, pod) (rate(http_requests_total[5m] offset 1h))",
        'sum by (namespace, pod) (rate(http_requests_total{code=~"5.."}[5m]))',
        "sum by (namespace, pod) (rate(other[5m]))",
        "vector(1)",
    ],
)
def test_a_recorded_series_of_something_else_stands_in_for_nothing(query):
    known = Known({"recorded:x": POD}, (Rule("recorded:x", query, 30.0),))
    assert adapt(SHIPPED["request_rate"], known).missing


def test_a_recorded_share_of_errors_and_quantile_stand_in_for_the_whole_signal():
    rate = "sum by (namespace, pod) (rate(http_requests_total%s[5m]))"
    bad = '{code=~"5.."}'
    share = f"{rate % bad} / {rate % ''}"
    inverse = share.replace('{code=~"5.."}', "") + " / 1"
    buckets = "sum by (namespace, pod, le) (rate(http_server_duration_milliseconds_bucket[5m]))"
    quantile = f"histogram_quantile(0.95, {buckets})"
    rules = (Rule("r:no", inverse, 30.0), Rule("r:errors", share, 30.0), Rule("r:p95", quantile, 30.0))
    known = Known({rule.name: POD for rule in rules}, rules)
    assert adapt(SHIPPED["error_ratio"], known).signal.query == "max by (namespace, pod) (r:errors)\n"
    assert adapt(SHIPPED["latency_p95"], known).signal.query == "max by (namespace, pod) (r:p95) / 1000\n"


def test_host_names_that_are_no_nodes_are_not_taken_for_them():
    labels = frozenset({"instance", "job"})
    known = {"node_memory_MemAvailable_bytes": labels, "node_memory_MemTotal_bytes": labels}
    known |= {"node_uname_info": labels | {"nodename"}, "kube_node_info": frozenset({"node"})}
    hosts = {"group by (nodename) (node_uname_info)": [({"nodename": "ip-10-0-0-1"}, 1.0)]}
    nodes = {"group by (node) (kube_node_info)": [({"node": "worker-1"}, 1.0)]}
    got = adapt(SHIPPED["node_memory_used"], Known(known, answers={**hosts, **nodes}))
    assert got.missing == "series of node_memory_MemAvailable_bytes have no label node"
    hosts["group by (nodename) (node_uname_info)"][0][0]["nodename"] = "worker-1"
    assert (
        adapt(SHIPPED["node_memory_used"], Known(known, answers={**hosts, **nodes})).signal.target.name
        == "nodename"
    )


def test_older_names_are_used_where_the_newer_are_not_there():
    kubelet = POD | {"container"}
    old = {
        "container_memory_working_set_bytes": kubelet,
        "kube_pod_container_resource_limits_memory_bytes": kubelet,
    }
    got = adapt(SHIPPED["memory_working_set"], Known(old))
    assert got.notes == ("names of kube-state-metrics before 2.0",)
    hpa = frozenset({"namespace", "hpa"})
    known = Known({"kube_hpa_status_desired_replicas": hpa, "kube_hpa_spec_max_replicas": hpa})
    assert adapt(SHIPPED["hpa_at_maximum"], known).signal.target.name == "hpa"


@pytest.mark.parametrize(
    ("label", "labels", "others", "name"),
    [
        ("pod", {"pod", "exported_pod"}, True, "exported_pod"),
        ("pod", {"pod", "exported_pod"}, False, "pod"),  # an application's word for itself is not believed
        ("pod", {"pod_name"}, True, "pod_name"),
        ("pod", {"instance"}, True, None),
        ("deployment", {"deployment"}, True, "deployment"),
    ],
)
def test_labels_are_those_of_what_the_series_are_about(label, labels, others, name):
    assert there(label, frozenset(labels), others) == name


def test_every_alternative_is_of_a_shipped_signal_and_can_be_read():
    assert set(ALTERNATIVES) | set(INSTEAD) <= set(SHIPPED)
    for name in SHIPPED:
        for _, query in [*alternatives(name), *INSTEAD.get(name, ())]:
            assert parse(query).selectors


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15s", 15), ("1m0s", 60), ("500ms", 0.5), ("1h", 3600), (30, 30), (None, 0), ("x", 0)],
)
def test_intervals_are_read_as_servers_write_them(text, expected):
    assert seconds(text) == expected

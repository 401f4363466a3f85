"""PrometheusSource against a real Prometheus: values, grids, matchers, splitting, identity."""

import time

import numpy as np
import pytest

from aiops.adapters.prometheus.matchers import inject
from aiops.adapters.prometheus.promql import parse
from aiops.adapters.prometheus.source import PrometheusSource
from aiops.errors import Rejected
from aiops.model import Role, Signal, TargetMapping
from aiops.model.prometheus import PrometheusSettings
from tests.integration.servers import openmetrics, prometheus

pytestmark = pytest.mark.integration

STEP = 15_000
SAMPLES = 240
END = (int(time.time()) // 60 - 5) * 60_000
TIMES = [END - STEP * (SAMPLES - 1 - at) for at in range(SAMPLES)]
PODS = 30  # in each of three namespaces, half of them in each cluster


def signal(query, namespace="namespace", name="pod"):
    return Signal("load", query, "1", Role.OTHER, TargetMapping("Pod", name, namespace))


def past():
    for cluster in ("blue", "green"):
        yield "up", {"job": "shop", "cluster": cluster}, TIMES, [1.0] * SAMPLES
    for number in range(3 * PODS):
        labels = {"namespace": f"ns-{number % 3}", "pod": f"pod-{number}", "cluster": "blue"}
        labels["cluster"] = "green" if number % 2 else "blue"
        yield "load", labels, TIMES, [number * 1000.0 + at for at in range(SAMPLES)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    rows = sorted(past(), key=lambda row: row[0])
    directory = tmp_path_factory.mktemp("prometheus")
    with prometheus(directory, history=openmetrics(rows), external_labels={"cluster": "blue"}) as running:
        yield running


@pytest.fixture
def source(server):
    made = PrometheusSource(PrometheusSettings(url=server.url))
    yield made
    made.close()


def source_of(server, **settings):
    return PrometheusSource(PrometheusSettings(url=server.url, **settings))


def test_an_instant_query_is_one_column_of_now(source):
    got = source.query(signal("load"), END)
    assert got.times.tolist() == [END]
    assert got.values.shape == (3 * PODS, 1)
    by_pod = {labels["pod"]: value for labels, value in zip(got.labels, got.values[:, 0], strict=True)}
    assert by_pod["pod-7"] == 7 * 1000 + SAMPLES - 1
    assert got.samples == 3 * PODS  # one sample a series, as the server itself counts
    assert got.cost_s > 0


def test_labels_that_did_not_change_are_the_same_objects_at_the_next_tick(source):
    first = source.query(signal("load"), END - STEP)
    assert source.query(signal("load"), END).labels is first.labels


def test_a_range_is_the_grid_that_was_asked_for_with_nan_where_nothing_was(source):
    """Samples end at END; five minutes later the look-back is over and there is none."""
    got = source.query_range(signal('load{pod="pod-0"}'), END - 2 * STEP, END + 400_000, STEP)
    assert got.times.tolist() == list(range(END - 2 * STEP, END + 400_001, STEP))
    assert got.values[0, :3].tolist() == [SAMPLES - 3, SAMPLES - 2, SAMPLES - 1]
    assert np.isnan(got.values[0, -1])


def test_every_selector_asks_for_our_cluster_only(server):
    """M7, S4."""
    blue = source_of(server, cluster_matchers={"cluster": "blue"})
    query = (
        "sum by (namespace, pod) (load) / on (namespace, pod) group_left () count by (namespace, pod) (load)"
    )
    for got in (blue.query(signal(query), END), blue.query_range(signal(query), TIMES[0], END, STEP)):
        assert {int(labels["pod"][4:]) % 2 for labels in got.labels} == {0}
        assert len(got.labels) == 3 * PODS // 2


@pytest.mark.parametrize(
    ("query", "series"),
    [
        ("load", 3 * PODS),
        ("sum by (namespace, pod) (load) / on (namespace, pod) max by (namespace, pod) (load)", 3 * PODS),
        ("sum by (namespace, cluster) (rate(load[2m]))", 6),
        ("topk(20, load)", 20),  # of all, not of each shard
        ("load > on (namespace) group_left () avg by (namespace) (load)", 3 * PODS // 2),
        ("count(load)", 1),
    ],
)
def test_a_range_of_many_series_is_asked_for_in_shards_and_is_the_same(server, query, series):
    def by_labels(**settings):
        got = source_of(server, **settings).query_range(signal(query), TIMES[0], END, STEP)
        rows = zip(got.labels, np.nan_to_num(got.values, nan=-1).tolist(), strict=True)
        return {frozenset(labels.items()): values for labels, values in rows}

    whole = by_labels(max_series_per_query=10_000)
    assert by_labels(max_series_per_query=5) == whole
    assert len(whole) == series


def test_a_range_of_many_points_is_asked_for_in_stretches_and_is_the_same(server, source):
    whole = source.query_range(signal("load"), TIMES[0], END, STEP)
    split = source_of(server, max_points_per_series=100).query_range(signal("load"), TIMES[0], END, STEP)
    assert split.labels == whole.labels
    assert split.values.tolist() == whole.values.tolist()
    assert split.times.tolist() == whole.times.tolist()


def test_more_points_than_the_server_allows_are_no_error(source):
    """11,000 points a series are Prometheus' own limit: 12,001 take two requests."""
    got = source.query_range(signal('load{pod="pod-1"}'), END - 12_000 * 1000, END, 1000)
    assert got.values.shape == (1, 12_001)
    assert got.values[0, -1] == 1000 + SAMPLES - 1


def test_the_identity_is_the_servers_external_label(server):
    """M7."""
    assert source_of(server).identity() == "cluster=blue"
    assert source_of(server, expected_identity={"cluster": "x"}).identity() == "cluster=blue"


def test_an_identity_that_the_server_does_not_say_is_empty_and_never_a_guess(server):
    """M7."""
    assert source_of(server, expected_identity={"region": "eu"}).identity() == ""


@pytest.mark.parametrize("query", ["load[5m]", '"text"', "load{", "load{a=~'('}", "nosuch(load)"])
def test_a_query_without_one_number_a_series_is_rejected_in_words(source, query):
    with pytest.raises(Rejected, match=r"query|HTTP 4"):
        source.query(signal(query), END)


def test_a_scalar_is_one_series_without_labels(source):
    assert source.query(signal("scalar(vector(3))"), END).values.tolist() == [[3.0]]
    got = source.query_range(signal("2"), END - STEP, END, STEP)
    assert got.values.tolist() == [[2.0, 2.0]]
    assert got.labels == ({},)


def test_what_is_not_there_is_an_empty_answer_and_no_error(source):
    """M2: no data is not zero."""
    assert source.query(signal("absent_metric"), END).values.shape == (0, 1)
    assert source.query_range(signal("absent_metric"), TIMES[0], END, STEP).values.shape == (0, SAMPLES)


@pytest.mark.parametrize(("start", "end", "step"), [(END, END - 1, 1000), (END, END, 0)])
def test_a_range_that_is_none_is_rejected(source, start, end, step):
    with pytest.raises(Rejected, match="range"):
        source.query_range(signal("load"), start, end, step)


WILD = [  # as found in rules that people run
    'sum by (pod) (irate(a{image!=""}[5m])) * on (pod) group_left(node) topk by (pod) (1, b{c!=""})',
    'max by (w) (label_replace(a{k="R"} * on(r) group_left(o) max by (r, o) (b), "w", "$1", "o", "(.*)"))',
    "((sum(rate(a{scope=~\"resource|\",le='1'}[1d])) or vector(0)) + sum(rate(b[1d]))) / sum(rate(c[1d]))",
    'histogram_quantile(0.99, sum by (le) (rate({__name__=~"a_.+_bucket"}[5m:30s]))) > 0',
    "min_over_time(sum by (pod)(up)[10m:1m] offset 5m @ 1609746000)",
    "-rate(foo[5m]) ^ 2 % 3 # a comment with foo{} in it",
    "quantile_over_time(0.9, foo[ 5m ]) atan2 bar",
    'foo{bar="a",} + ignoring() bar unless on(a) baz{}',
    "topk(10, sum(foo) by (a,b,)) or sum without() (bar)",
    "last_over_time(foo[1h] @ start() offset 1h) - time() - foo offset -1w1d",
    "sum(rate(foo[5m])) by (job) / ignoring(x) group_left sum(rate(bar[5m]))",
    "foo{a=`raw \"}` , b!~'x'} > bool bar == bool 1e3",
]
HOSTILE = ['"} or up{x="', "back\\slash", "new\nline", "nul\x00", "`", "é\u2028", "'} or up #"]


@pytest.mark.parametrize("query", WILD)
def test_the_server_reads_what_we_made_of_a_query_with_our_matcher_in_every_selector(server, query):
    """S4: the server's own printer is the judge; a value that broke out would not be printed as one."""
    for value in HOSTILE:
        printed = server.get("format_query", query=inject(query, (("cluster", "=", value),)))
        plain = server.get("format_query", query=inject(query, (("cluster", "=", "x"),)))
        selectors = len(parse(query).selectors)
        assert plain.count('cluster="x"') == selectors
        assert printed.count("cluster=") == selectors
        assert [one.name for one in parse(printed).selectors] == [one.name for one in parse(plain).selectors]

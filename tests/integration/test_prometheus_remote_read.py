"""Remote read against a real Prometheus: what a range query answers, and JSON where it is not offered."""

import json
import time

import cramjam
import numpy as np
import pytest

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.errors import Rejected
from aiops.model import Role, Signal, TargetMapping
from aiops.model.prometheus import PrometheusSettings
from tests.integration.servers import Exporter, openmetrics, prometheus
from tests.integration.test_prometheus_faults import Scripted

pytestmark = pytest.mark.integration

END = (int(time.time()) // 60 - 5) * 60_000
TIMES = [END - 15_000 * (400 - at) for at in range(400)]
GAP = [at for at in TIMES if not TIMES[100] < at < TIMES[180]]  # 20 minutes without a sample


def signal(query, name="pod"):
    return Signal("raw", query, "1", Role.OTHER, TargetMapping("Pod", name, "namespace"))


def past():
    for number in range(40):
        labels = {"pod": f"pod-{number}", "namespace": "shop", "cluster": "green" if number % 2 else "blue"}
        values = [
            0.0 if at % 3 == 0 else -1e300 * at if at % 7 == 0 else number + at / 7 for at in range(400)
        ]
        yield "raw", labels, TIMES, values
    yield "raw", {"pod": "gap", "namespace": "shop", "cluster": "blue"}, GAP, [1.0] * len(GAP)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    external = {"region": "eu"}
    directory = tmp_path_factory.mktemp("prometheus")
    with (
        Exporter('live{pod="a"} 1\nlive{pod="b"} 0\n') as exporter,
        prometheus(
            directory, {"shop": [exporter]}, history=openmetrics(past()), external_labels=external
        ) as running,
    ):
        running.exporter = exporter
        yield running


def both(server, query, start, end, step, **settings):
    """The answers of remote read and of JSON, rows in one order; and how often each was asked."""
    answers = []
    for way in ("auto", "never"):
        source = PrometheusSource(PrometheusSettings(url=server.url, remote_read=way, **settings))
        got = source.query_range(signal(query), start, end, step)
        order = sorted(range(len(got.labels)), key=lambda row: sorted(got.labels[row].items()))
        answers.append(([got.labels[row] for row in order], got.values[order], got))
    return answers


@pytest.mark.parametrize(("step", "offset"), [(15_000, 1_234), (17_000, 0), (60_000, 7_000), (1_000, 500)])
def test_raw_samples_on_the_grid_are_what_a_range_query_gives(server, step, offset):
    """Zeros, huge numbers and a gap longer than the look-back among them."""
    start = TIMES[0] - 600_000 + offset
    (labels, values, raw), (json_labels, json_values, _) = both(server, "raw", start, END + 400_000, step)
    assert labels == json_labels
    np.testing.assert_array_equal(values, json_values)
    assert raw.times[0] == start


@pytest.mark.parametrize(
    "query",
    [
        'raw{pod="pod-1"}',
        'raw{pod=~"pod-1.*",cluster!="blue"}',
        '{__name__="raw",pod!~"pod-.*"}',
        "raw{pod='gap'}",
    ],
)
def test_matchers_pick_the_same_series(server, query):
    (labels, values, _), (json_labels, json_values, _) = both(server, query, TIMES[0], END, 15_000)
    assert labels == json_labels
    assert labels
    np.testing.assert_array_equal(values, json_values)


def test_our_clusters_matchers_and_shards_hold_here_too(server):
    """M7: 20 pods and the gap are blue; five series a request."""
    settings = {"cluster_matchers": {"cluster": "blue"}, "max_series_per_query": 5}
    (labels, values, _), (json_labels, json_values, _) = both(
        server, "raw", TIMES[0], END, 15_000, **settings
    )
    assert labels == json_labels
    assert {one["cluster"] for one in labels} == {"blue"}
    assert len(labels) == 21
    np.testing.assert_array_equal(values, json_values)


def test_the_servers_external_labels_are_not_those_of_the_series(server):
    (labels, _, _), _ = both(server, "raw", TIMES[0], END, 15_000)
    assert not any("region" in one for one in labels)


def test_a_matcher_on_an_external_label_is_asked_as_json_for_remote_read_would_leave_it_out(server):
    """M7: no series says region; as JSON that is no series, by remote read it would be all."""
    (labels, _, _), _ = both(server, 'raw{region="eu"}', TIMES[0], END, 15_000)
    assert labels == []


def test_a_series_ends_at_its_staleness_marker_and_not_five_minutes_later(server):
    server.wait_for("live", at_least=2)
    server.exporter.text = 'live{pod="a"} 1\n'
    until = time.monotonic() + 10
    while len(server.get("query", query="live")["result"]) > 1:
        assert time.monotonic() < until
        time.sleep(0.1)
    now = int(time.time() * 1000)
    (labels, values, _), (json_labels, json_values, _) = both(server, "live", now - 30_000, now, 1000)
    assert labels == json_labels
    np.testing.assert_array_equal(values, json_values)
    assert np.isnan(values[1, -1])  # pod b is gone
    assert values[0, -1] == 1


def matrix(at):
    row = {"metric": {"pod": "a"}, "values": [[at / 1000, "1"]]}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [row]}}).encode()


@pytest.mark.parametrize("status", [404, 405, 400, 403, 200])
def test_where_it_is_not_offered_json_is_asked_and_remote_read_never_again(status):
    def answer(page, _):
        if page.path.endswith("/read"):
            page.send(status, b"<html>")
        elif page.path.endswith("/config"):
            page.send(404)
        else:
            counting = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
            page.send(200, matrix(END) if "range" in page.path else counting)

    with Scripted(answer) as scripted:
        source = PrometheusSource(PrometheusSettings(url=scripted.url, retries=0))
        for _ in range(2):
            assert source.query_range(signal("raw"), END, END, 1000).values.tolist() == [[1.0]]
        paths = [path for _, path, _, _ in scripted.asked]
    assert paths.count("/api/v1/read") == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xff\xff\xff\xff\xff", b"\x05\x10abcde", b"\xff\xff\xff\xff\x0f", b"hello"]
)
def test_what_is_no_reply_of_remote_read_is_rejected(body):
    """M4: among them a block that claims to unpack to 4 GiB."""

    def answer(page, _):
        if page.path.endswith("/read"):
            page.send(200, body, Content_Type="application/x-protobuf", Content_Encoding="snappy")
        else:
            page.send(404)

    with Scripted(answer) as scripted:
        source = PrometheusSource(PrometheusSettings(url=scripted.url, retries=0))
        with pytest.raises(Rejected, match="answer: expected"):
            source._read(source_span(), {})


def test_a_small_block_that_unpacks_to_more_than_the_limit_is_not_unpacked():
    """M4: 10 MB of zeros in half a megabyte; the limit is one."""
    bomb = bytes(cramjam.snappy.compress_raw(bytes(10_000_000)))

    def answer(page, _):
        page.send(200, bomb, Content_Type="application/x-protobuf", Content_Encoding="snappy")

    with Scripted(answer) as scripted:
        source = PrometheusSource(PrometheusSettings(url=scripted.url, max_body_bytes=1_000_000))
        with pytest.raises(Rejected, match="at most 1000000 bytes, got 10000000"):
            source._read(source_span(), {})


def source_span():
    from aiops.adapters.prometheus.remote import Span  # noqa: PLC0415 - of this test only

    return Span((("__name__", "=", "raw"),), np.array([END], dtype=np.int64))

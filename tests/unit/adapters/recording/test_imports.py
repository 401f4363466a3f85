"""Replies of query_range and OpenMetrics text as recordings, and the guess from a name."""

import gzip
import json

import numpy as np
import pytest

from aiops.adapters.recording import guess
from aiops.adapters.recording.importing import from_json
from aiops.bootstrap.recordings import open_recording
from aiops.errors import InputError
from aiops.model import Direction, Role, Target

T0 = 1_600_000_000


def reply(*results, **more):
    return {"status": "success", "data": {"resultType": "matrix", "result": list(results)}, **more}


def series(name, labels, *values, step=60):
    metric = {"__name__": name, **labels} if name else labels
    return {"metric": metric, "values": [[T0 + step * n, str(v)] for n, v in enumerate(values)]}


def saved(path, data):
    path.write_text(json.dumps(data))
    return path


def problem(path):
    with pytest.raises(InputError) as told:
        open_recording(path)
    return told.value.problems[0]


def test_labels_name_the_target(tmp_path):
    pod = {"namespace": "shop", "pod": "cart-1"}
    recording = open_recording(saved(tmp_path / "a.json", reply(series("mem", pod, 1, 2))))
    panel = recording.panel("mem")
    assert panel.targets == (Target("Pod", "shop", "cart-1"),)
    assert panel.values.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("labels", "target"),
    [
        ({"namespace": "a", "deployment": "d", "pod": "p"}, "Deployment/a/d"),
        ({"namespace": "a", "statefulset": "s"}, "StatefulSet/a/s"),
        ({"namespace": "a", "persistentvolumeclaim": "c", "pod": "p"}, "PersistentVolumeClaim/a/c"),
        ({"node": "n", "instance": "i"}, "Node/n"),
        ({"job": "api", "instance": "i"}, "Service/api"),
        ({"instance": "i:9100"}, "Service/i:9100"),
    ],
)
def test_the_most_telling_labels_win(tmp_path, labels, target):
    recording = open_recording(saved(tmp_path / "a.json", reply(series("x", labels, 1))))
    assert [str(one) for one in recording.panel("x").targets] == [target]


def test_other_labels_make_signals_apart(tmp_path):
    rows = [series("rps", {"service": "cart", "code": code}, 1) for code in ("200", "500")]
    recording = open_recording(saved(tmp_path / "a.json", reply(*rows)))
    assert [one.name for one in recording.signals] == ["rps.code-200", "rps.code-500"]
    assert recording.signals[0].query == 'rps{code="200"}'


def test_series_that_cannot_be_told_apart_are_left_out_and_told(tmp_path):
    """Targets are never guessed."""
    rows = [series("x", {"service": "cart", "path": str(n)}, 1) for n in range(13)]
    rows.append(series("y", {"service": "cart"}, 1))
    recording = open_recording(saved(tmp_path / "a.json", reply(*rows)))
    assert [one.name for one in recording.signals] == ["y"]
    assert "13 series left out: several series name the same target" in recording.warnings[0]


def test_counters_become_rates_and_a_reset_is_not_a_fall(tmp_path):
    rows = [series("http_requests_total", {"service": "cart"}, 60, 120, 30)]
    panel = open_recording(saved(tmp_path / "a.json", reply(*rows))).panel("http_requests_total")
    assert panel.values.tolist() == [[1.0, 0.5]]  # 60 more in 60 s; then it began again at 0 and got to 30


def test_several_replies_are_one_recording_and_a_nameless_series_is_called_as_its_file(tmp_path):
    one = saved(tmp_path / "latency.json", reply(series("", {"service": "a"}, 1)))
    two = saved(tmp_path / "b.json", reply(series("errors", {"service": "a"}, 1), warnings=["slow"]))
    recording = from_json([one, two])
    assert [(s.name, s.role) for s in recording.signals] == [
        ("latency", Role.LATENCY),
        ("errors", Role.ERRORS),
    ]
    assert "b.json: the server warned: slow" in recording.warnings  # M3


@pytest.mark.parametrize(
    ("data", "where", "got"),
    [
        ({"status": "error", "error": "bad query"}, "", "an error of the server: bad query"),
        ([1], "data.result[0]", "1"),
        ({"data": {"resultType": "scalar", "result": [1, "2"]}}, "data.result", "scalar"),
        (reply({"metric": {}, "values": []}), "data.result[0]", "no values"),
        (reply({"metric": {"a": "b"}, "values": [[1, "high"]]}), "data.result[0]", "high"),
        (reply({"metric": {"a": "b"}, "values": [[-5, "1"]]}), "data.result[0]", "no unix seconds"),
        (reply({"metric": {"a": "b"}, "values": [1]}), "data.result[0]", ""),
        (reply(), "", "no samples"),
        (reply(series("x", {"a": "b"}, 1), series("x", {"a": "b"}, 1)), "", "again"),
    ],
)
def test_a_bad_reply_is_told(tmp_path, data, where, got):
    told = problem(saved(tmp_path / "a.json", data))
    assert where in told.where
    assert got in told.got


def test_html_in_place_of_json_is_told(tmp_path):
    (tmp_path / "a.json").write_text("<html>Sign in</html>")
    assert "one JSON object" in problem(tmp_path / "a.json").expected


OPENMETRICS = """\
# TYPE queue_depth gauge
queue_depth{namespace="shop",pod="p"} 3 1600000000
queue_depth{namespace="shop",pod="p"} 4 1600000060
# TYPE req counter
req_total{namespace="shop",pod="p"} 0 1600000000
req_total{namespace="shop",pod="p"} 120 1600000060
# EOF
"""


@pytest.mark.parametrize("name", ["a.om", "a.prom", "a.txt", "a.om.gz"])
def test_openmetrics_text_is_a_recording(tmp_path, name):
    raw = OPENMETRICS.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    recording = open_recording(tmp_path / name)
    assert recording.panel("queue_depth").values.tolist() == [[3, 4]]
    assert recording.panel("req_total").values.tolist() == [[2.0]]  # 120 more in 60 s


@pytest.mark.parametrize(
    ("text", "where", "got"),
    [
        (OPENMETRICS.replace("# EOF\n", ""), ":6", "EOF"),
        (OPENMETRICS.replace("} 4 ", "} four "), ":3", "four"),
        ("queue_depth 3\n# EOF\n", "", "1 samples, none with a timestamp"),
        ("# EOF\n", "", "no samples"),
        ("\xff\xfe", "", ""),
    ],
)
def test_bad_openmetrics_text_is_told_with_its_line(tmp_path, text, where, got):
    (tmp_path / "a.om").write_bytes(text.encode("latin-1"))
    told = problem(tmp_path / "a.om")
    assert told.where.endswith(f"a.om{where}")
    assert got in told.got


def test_jitter_of_scrapes_lands_on_one_grid(tmp_path):
    lines = [f'x{{service="a"}} {n} {T0 + 60 * n}.00{n % 3}' for n in range(6)]
    (tmp_path / "a.om").write_text("\n".join(["# TYPE x gauge", *lines, "# EOF", ""]))
    assert set(np.diff(open_recording(tmp_path / "a.om").panel("x").times)) == {60_000}


@pytest.mark.parametrize(
    ("name", "role", "direction", "unit"),
    [
        ("PodClientLatencyP90", Role.LATENCY, Direction.UP, ""),
        ("http_request_duration_seconds", Role.LATENCY, Direction.UP, "s"),
        ("PodSuccessRate", Role.ERRORS, Direction.DOWN, ""),
        ("node_memory_used_bytes", Role.MEMORY, Direction.UP, "B"),
        ("NodeCpuUsageRate", Role.CPU, Direction.UP, ""),
        ("NetworkReceiveBytes", Role.NETWORK, Direction.BOTH, "B"),
        ("requests_Sum", Role.TRAFFIC, Direction.BOTH, ""),
        ("m13", Role.OTHER, Direction.BOTH, ""),
        ("percpu", Role.OTHER, Direction.BOTH, ""),  # words count, not pieces of words
    ],
)
def test_the_words_of_a_name_tell_role_and_direction_or_nothing_is_made_up(name, role, direction, unit):
    signal = guess.signal(name)
    assert (signal.role, signal.direction, signal.unit) == (role, direction, unit)


@pytest.mark.parametrize("name", ["", "../x", "a b/c", "ü", "." * 5, "x" * 300])
def test_any_name_becomes_one_of_a_file(name):
    safe = guess.safe(name)
    assert 0 < len(safe) <= 100
    assert "/" not in safe
    assert not safe.startswith(".")

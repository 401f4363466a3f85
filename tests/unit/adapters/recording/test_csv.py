"""CSV files as recordings: what is a signal, a target, a true incident; what is refused and how."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.recording import csv_table, layout
from aiops.adapters.recording.columns import split
from aiops.bootstrap.recordings import open_recording
from aiops.errors import InputError
from aiops.model import Direction, Edge, Role, Target

T0 = 1_600_000_000
MS = T0 * 1000


def rows(head, *lines):
    return "\n".join([head, *lines]) + "\n"


def series(path, values, labels=None):
    labels = labels or [0] * len(values)
    lines = [f"{T0 + 60 * n},{v},{one}" for n, (v, one) in enumerate(zip(values, labels, strict=True))]
    path.write_text(rows("timestamp,value,label", *lines))
    return path


def problem(path):
    with pytest.raises(InputError) as told:
        open_recording(path)
    return told.value.problems[0]


def test_a_single_series_is_one_signal_of_a_service_called_as_the_file(tmp_path):
    recording = open_recording(series(tmp_path / "rps.csv", [1, 2, "", 4]))
    (signal,) = recording.signals
    panel = recording.panel("rps")
    assert (signal.name, signal.role, signal.direction) == ("rps", Role.TRAFFIC, Direction.BOTH)
    assert panel.targets == (Target("Service", "", "rps"),)
    np.testing.assert_array_equal(panel.values, [[1, 2, np.nan, 4]])  # M2: missing is a gap, not 0
    assert (recording.start_ms, recording.end_ms, recording.step_ms) == (MS, MS + 180_000, 60_000)


def test_each_stretch_of_ones_is_a_true_incident_and_minus_one_is_none(tmp_path):
    path = series(tmp_path / "a.csv", range(8), [0, 1, 1, 0, -1, -1, 0, 1])
    recording = open_recording(path)
    stretches = [((one.start_ms - MS) // 60_000, (one.end_ms - MS) // 60_000) for one in recording.truths]
    assert stretches == [(1, 2), (7, 7)]
    assert "2 rows are labelled -1" in recording.warnings[0]


def test_of_rows_whose_time_repeats_or_steps_back_the_first_one_stands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(rows("timestamp,value", "60,1", "120,2", "60,9", "120,9", "180,3"))
    recording = open_recording(path)
    assert recording.panel("a").values.tolist() == [[1, 2, 3]]
    assert "2 rows left out" in recording.warnings[0]


def test_a_wide_table_is_a_signal_a_column_and_its_segments_are_true_incidents(tmp_path):
    path = tmp_path / "web-1.csv"
    path.write_text(rows("timestamp,cpu,m2,label", *(f"{T0 + 60 * n},{n},{n},0" for n in range(6))))
    segments = [{"start": 2, "end": 4, "metrics": ["cpu"]}]
    (tmp_path / "web-1.meta.json").write_text(json.dumps({"interval_s": 60, "segments": segments}))
    recording = open_recording(path)
    assert [(one.name, one.role) for one in recording.signals] == [("cpu", Role.CPU), ("m2", Role.OTHER)]
    (truth,) = recording.truths  # rows 2 and 3: the end is not part of it
    assert (truth.start_ms, truth.end_ms) == (MS + 120_000, MS + 180_000)
    assert truth.target == Target("Service", "", "web-1")


def test_segments_count_rows_of_the_file_also_those_that_were_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(rows("timestamp,x,y", "60,1,1", "60,1,1", "120,1,1", "180,1,1"))
    (tmp_path / "a.meta.json").write_text('{"segments": [{"start": 2, "end": 4}]}')
    (truth,) = open_recording(path).truths
    assert (truth.start_ms, truth.end_ms) == (120_000, 180_000)


def case(folder, columns, **meta):
    folder.mkdir()
    lines = [",".join([str(T0 + 60 * n), *("1" for _ in columns)]) for n in range(4)]
    text = rows(",".join(["time", *columns]), *lines)
    (folder / "data.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "meta.json").write_text(json.dumps({"inject_time": T0 + 120, **meta}))
    return folder


def test_a_fault_case_names_services_the_true_cause_and_who_calls_whom(tmp_path):
    path = case(
        tmp_path / "case-1",
        ["cart_CpuUsage", "ts-x_CpuUsage"],
        fault_service="cart",
        fault_type="cpu",
        candidates=["cart", "ts-x"],
        call_graph=[["ts-x", "cart"]],
    )
    recording = open_recording(path)
    cart, other = Target("Service", "", "cart"), Target("Service", "", "ts-x")
    assert recording.panel("CpuUsage").targets == (cart, other)
    (truth,) = recording.truths
    assert (truth.name, truth.target, truth.fault) == ("case-1", cart, "cpu")
    assert (truth.start_ms, truth.end_ms) == (MS + 120_000, MS + 180_000)
    assert recording.facts(recording.start_ms).edges == (Edge(other, cart),)
    assert "workloads" in recording.facts(recording.start_ms).unknown


def test_a_component_before_a_bar_may_hold_any_character(tmp_path):
    columns = ["https://sqs/x_AWS::SQS|latency_p99", "PetSite|availability_Average"]
    recording = open_recording(case(tmp_path / "c", columns, fault_service="PetSite"))
    assert recording.panel("latency_p99").targets == (Target("Service", "", "https://sqs/x_AWS::SQS"),)
    signal = next(one for one in recording.signals if one.name == "availability_Average")
    assert (signal.role, signal.direction) == (Role.ERRORS, Direction.DOWN)


def test_several_cases_are_namespaces_apart(tmp_path):
    for name in ("a", "b"):
        case(tmp_path / name, ["cart_cpu"], fault_service="cart", candidates=["cart"])
    targets = open_recording(tmp_path).panel("cpu").targets
    assert targets == (Target("Service", "a", "cart"), Target("Service", "b", "cart"))


def test_a_folder_of_series_is_one_recording_of_several_signals(tmp_path):
    series(tmp_path / "a.csv", [1, 2])
    series(tmp_path / "b.csv", [3, 4, 5])
    assert [one.name for one in open_recording(tmp_path).signals] == ["a", "b"]


def test_where_folders_hold_files_of_one_name_the_folder_is_the_service(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        series(tmp_path / name / "cpu.csv", [1, 2, 9], [0, 0, 1])
    opened = open_recording(tmp_path)
    assert [one.name for one in opened.signals] == ["cpu"]
    services = (Target("Service", "", "x"), Target("Service", "", "y"))
    assert opened.panel("cpu").targets == services
    assert [(one.name, one.target) for one in opened.truths] == [
        ("x-cpu-1", services[0]),
        ("y-cpu-1", services[1]),
    ]


def test_the_same_series_in_two_files_is_refused(tmp_path):
    """As text and as gzip, in one folder: nobody can say which one counts."""
    series(tmp_path / "a.csv", [1])
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    assert problem(tmp_path).expected == "each series once"


@pytest.mark.parametrize(
    ("text", "where", "got", "expected"),
    [
        ("", ":1", "an empty file", "a first column timestamp"),
        ("time_s,value\n1,2\n", ":1", "'time_s'", "a first column timestamp"),
        ("timestamp,label\n1,0\n", ":1", "timestamp,label", "a column of values"),
        ("timestamp,a,a\n1,2,3\n", "column 3", "'a'", "each name once"),
        ("timestamp,value\n", ":2", "no rows", "at least one row"),
        ("timestamp,value\n1,2,3\n", ":2", "3 columns", "2 as in line 1"),
        ("timestamp,value\n1,2\n2,high\n", ":3 value", "'high'", "a number or nothing"),
        ("timestamp,value\nsoon,2\n", ":2 timestamp", "'soon'", "unix seconds"),
        ("timestamp,value\n-5,2\n", ":2 timestamp", "'-5'", "unix seconds"),
        ("timestamp,value\nnan,2\n", ":2 timestamp", "'nan'", "unix seconds"),
        ("timestamp,value\n2026-03-01 10:00,2\n", ":2 timestamp", "2026", "with its zone"),
        ('timestamp,value\n1,"2\n', "", "unexpected end", "CSV as UTF-8"),
        ("timestamp,value\n1,\x00\n", ":2 value", "x00", "a number or nothing"),
    ],
)
def test_a_bad_file_is_told_with_line_value_and_expectation(tmp_path, text, where, got, expected):
    path = tmp_path / "a.csv"
    path.write_text(text)
    told = problem(path)
    assert where in told.where
    assert got in told.got
    assert expected in told.expected


CUT_SHORT = gzip.compress(b"timestamp,value\n1,2\n", mtime=0)[:-9]


@pytest.mark.parametrize(
    "raw", [b"\x1f\x8b\x08 broken", b"", CUT_SHORT], ids=["broken", "empty", "cut short"]
)
def test_a_damaged_gzip_is_told(tmp_path, raw):
    (tmp_path / "a.csv.gz").write_bytes(raw)
    assert problem(tmp_path / "a.csv.gz").expected


@pytest.mark.parametrize(
    ("meta", "where"),
    [
        ("[1]", "a.meta.json"),
        ("{", "a.meta.json:1"),
        ('{"segments": [{"start": 0, "end": 99}]}', "segments[0]"),
        ('{"segments": [{"start": true, "end": 1}]}', "segments[0]"),
        ('{"inject_time": "noon"}', "inject_time"),
        ('{"call_graph": [["a"]]}', "call_graph"),
    ],
)
def test_a_bad_meta_file_is_told(tmp_path, meta, where):
    series(tmp_path / "a.csv", [1, 2])
    (tmp_path / "a.meta.json").write_text(meta)
    assert where in problem(tmp_path / "a.csv").where


def test_times_may_be_iso_with_a_zone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(rows("timestamp,value", "2026-03-01T00:00:00Z,1", "2026-03-01T01:01:00+01:00,2"))
    assert np.diff(open_recording(path).panel("a").times).tolist() == [60_000]


def test_a_file_of_too_many_cells_is_refused_while_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_CELLS", 9)
    assert "more than 9 cells" in problem(series(tmp_path / "a.csv", range(5))).got


def test_one_endless_line_does_not_fill_the_memory(tmp_path, monkeypatch):
    """M4: a gzip bomb."""
    monkeypatch.setattr(layout, "MOST_CHARACTERS", 1000)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"timestamp,value\n" + b"1" * 100_000))
    assert "a line of 1000 characters or more" in problem(tmp_path / "a.csv.gz").got


@given(
    st.lists(st.sampled_from(["cart", "order-service", "a_b"]), min_size=2, unique=True),
    st.lists(st.sampled_from(["cpu_usage", "Latency", "mem_used_bytes"]), min_size=2, unique=True),
)
def test_services_and_metrics_are_told_apart_where_every_service_has_every_metric(services, metrics):
    names = [f"{service}_{metric}" for service in services for metric in metrics]
    wanted = [(service, metric) for service in services for metric in metrics]
    assert split(names, services) == wanted


def test_without_known_services_columns_are_cut_where_most_agree():
    names = [f"{s}_{m}" for s in ("cart", "ts-x") for m in ("CpuUsage", "cpu_max", "MemoryUsage")]
    assert split(names)[:2] == [("cart", "CpuUsage"), ("cart", "cpu_max")]
    assert split(["load", "cpu_user"]) == [("", "load"), ("", "cpu_user")]

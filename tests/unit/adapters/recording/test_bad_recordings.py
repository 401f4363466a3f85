"""Bad recordings: a clear error with file, place, value and expectation, all at once; never a traceback."""

import contextlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.adapters.recording import reader
from aiops.adapters.recording.writer import write
from aiops.bootstrap.recordings import open_recording
from aiops.errors import InputError
from tests.unit.adapters.recording.sample import LATENCY, MINUTE, START, make, meta, panels


@pytest.fixture
def good(tmp_path):
    return make(tmp_path / "r")


def problems(path, read=False):
    with pytest.raises(InputError) as told:
        every_panel(path) if read else open_recording(path)
    return [(problem.where.removeprefix(str(path)).lstrip("/"), problem) for problem in told.value.problems]


def every_panel(path):
    recording = open_recording(path)
    return [recording.panel(signal.name) for signal in recording.signals]


def only(path, read=False):
    ((where, problem),) = problems(path, read)
    return where, problem.got, problem.expected


def head(path, old, new):
    file = path / "recording.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path / "signals" / "latency.parquet")


TIMES = [START + n * MINUTE for n in range(5)]
ONES = [1.0] * 5


def test_every_problem_of_every_file_is_told_at_once(good):
    head(good, 'step: "1m"', 'stop: "1m"')
    (good / "incidents.yaml").write_text("incidents:\n  - name: x\n")
    wheres = [where for where, _ in problems(good)]
    assert [one.split(":")[0] for one in wheres] == ["recording.yaml"] * 2 + ["incidents.yaml"] * 2


def test_problems_of_facts_and_samples_come_together(good):
    (good / "signals" / "up.parquet").unlink()
    (good / "signals" / "latency.parquet").write_bytes(b"PAR1 of sorts")
    with (good / "facts.jsonl").open("ab") as file:
        file.write(b"{}\n[1]\nnonsense\n")
    assert [where for where, _ in problems(good)] == [
        "signals/latency.parquet",
        "signals/up.parquet",
        "facts.jsonl:9",
        "facts.jsonl:10",
        "facts.jsonl:11",
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "expected"),
    [
        ("format: 1", "format: 7", "recording.yaml:2 format", "1, the one format"),
        ('start: "2026-03-01T00:00:00.000Z"', 'start: "2026-03-01T00:00:00"', "start", "with its zone"),
        ('start: "2026-03-01T00:00:00.000Z"', 'start: "soon"', "start", "a time such as"),
        ('end: "2026-03-01T00:04:00.000Z"', 'end: "2026-03-01T02:04:00+02:00"', "end", "the same zone"),
        ('end: "2026-03-01T00:04:00.000Z"', 'end: "2025-03-01T00:04:00Z"', "end", "not before start"),
        ('step: "1m"', "step: 0s", "step", "above 0"),
        ('step: "1m"', "step: 60", "step", "a duration with its unit"),
        ('name: "up"', 'name: "latency"', "signals[1].name", "each name once"),
        ('name: "up"', 'name: "../../x"', "signals[1].name", "letters, digits"),
        ('role: "latency"', 'role: "latancy"', "signals[0].role", '"latency" (did you mean that?)'),
        ("cluster:", "clustre:", "clustre", '"cluster" (did you mean that?)'),
    ],
)
def test_a_wrong_head_says_where_and_what_was_expected(good, old, new, where, expected):
    """S2: unknown keys, wrong types, naive times and mixed zones are errors."""
    head(good, old, new)
    found = [(at, problem.expected) for at, problem in problems(good)]
    assert any(where in at and expected in wanted for at, wanted in found), found


@pytest.mark.parametrize(
    ("columns", "where", "expected"),
    [
        ({"Deployment/shop/cart": ONES}, "", "a column time"),
        ({"time": TIMES}, None, None),
        ({"time": TIMES, "cart": ONES}, "column 'cart'", "Kind/namespace/name"),
        ({"time": TIMES, "Deployment/shop/cart": ["a"] * 5}, "column", "numbers"),
        ({"time": [float(t) for t in TIMES], "Pod/a": ONES}, "column 'time'", "int64"),
        ({"time": TIMES[::-1], "Pod/a": ONES}, "time", "times that increase"),
        ({"time": TIMES[:4] + TIMES[3:4], "Pod/a": ONES}, "time", "times that increase"),
        ({"time": [t // 1000 for t in TIMES], "Pod/a": ONES}, "", "from 2026-03-01"),
        ({"time": [None, *TIMES[1:]], "Pod/a": ONES}, "time", "times that increase"),
    ],
)
def test_a_wrong_table_says_where_and_what_was_expected(good, columns, where, expected):
    parquet(good, **columns)
    if expected is None:  # a signal without any series is sad but whole
        assert open_recording(good).panel("latency").shape == (0, 5)
        return
    at, _, wanted = only(good)
    assert at.startswith("signals/latency.parquet")
    assert where in at
    assert expected in wanted


@pytest.mark.parametrize(("zone", "fine"), [("UTC", True), (None, False), ("Europe/Berlin", False)])
def test_times_may_be_timestamps_but_only_in_utc(good, zone, fine):
    parquet(good, time=pa.array(TIMES, pa.timestamp("ms", tz=zone)), **{"Deployment/shop/cart": ONES})
    if fine:
        assert open_recording(good).panel("latency").times.tolist() == TIMES
    else:
        assert "int64 (ms UTC) or a timestamp in UTC" in only(good)[2]


def test_samples_of_another_signal_or_unit_are_noticed(good):
    table = pa.table({"time": TIMES, "Pod/a": ONES}).replace_schema_metadata({"signal": "up", "unit": "ms"})
    pq.write_table(table, good / "signals" / "latency.parquet")
    assert [(p.got, p.expected) for _, p in problems(good)] == [("'up'", "'latency'"), ("'ms'", "'s'")]


def test_no_samples_at_all_is_an_error(tmp_path):
    empty = [panel.columns(0, 0) for panel in panels()]
    write(tmp_path / "r", meta(), empty)
    assert only(tmp_path / "r") == ("", "no samples", "a signal with at least one sample")


def test_a_flipped_byte_in_the_samples_is_found_when_they_are_read(good):
    file = good / "signals" / "latency.parquet"
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3] ^= 0xFF
    file.write_bytes(raw)
    where, _, expected = only(good, read=True)
    assert (where, expected) == ("signals/latency.parquet", "a Parquet file that is whole")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 3000), flips=st.lists(st.integers(0, 3000), max_size=3))
def test_a_damaged_file_is_an_error_or_is_read_never_anything_else(good, cut, flips):
    """M4: no crash on invalid bytes."""
    for name in ("signals/latency.parquet", "facts.jsonl", "recording.yaml", "incidents.yaml"):
        file, whole = good / name, (good / name).read_bytes()
        raw = bytearray(whole[: len(whole) - cut % len(whole)] if cut % 2 else whole)
        for at in flips:
            if raw:
                raw[at % len(raw)] ^= 0x55
        file.write_bytes(raw)
        with contextlib.suppress(InputError):
            every_panel(good)
        file.write_bytes(whole)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b'{"at_ms": 1, "kind": "pod", "op": "set"}', "no value"),
        (b'{"at_ms": "soon", "kind": "pod", "op": "set", "value": {}}', "at_ms 'soon'"),
        (b'{"at_ms": 1, "kind": "pot", "op": "set", "value": {}}', "kind 'pot'"),
        (b'{"at_ms": 1, "kind": "pod", "op": "make", "value": {}}', "op 'make'"),
        (b'{"at_ms": 1, "kind": "pod", "op": "set", "value": {}}', "value.target"),
        (b'{"at_ms": 1, "kind": "pod", "op": "set", "value": {}, "x": 1}', "unknown key 'x'"),
        (
            b'{"at_ms": 1, "kind": "pod", "op": "set", "value":'
            b' {"target": {"kind": "Pod", "namespace": "", "name": "p", "nmae": 1}}}',
            "unknown key value.target.nmae",
        ),
        (
            b'{"at_ms": 1, "kind": "workload", "op": "set", "value": {"target":'
            b' {"kind": "Deployment", "namespace": "a", "name": "b"}, "containers": [{"nome": "x"}]}}',
            "unknown key value.containers[0].nome",
        ),
    ],
)
def test_a_bad_line_names_what_is_wrong_with_it(tmp_path, line, got):
    make(tmp_path / "r")
    (tmp_path / "r" / "facts.jsonl").write_bytes(line + b"\n")
    where, problem = problems(tmp_path / "r")[0]
    assert where == "facts.jsonl:1"
    assert got in problem.got


def test_lines_out_of_order_are_told_by_number(good):
    raw = (good / "facts.jsonl").read_bytes().splitlines(keepends=True)
    (good / "facts.jsonl").write_bytes(b"".join([raw[-1], *raw[:-1]]))
    assert {problem.expected for _, problem in problems(good)} == {"lines in order of time"}


def test_a_thousand_bad_lines_are_not_a_thousand_errors(good):
    (good / "facts.jsonl").write_bytes(b"nonsense\n" * 1000)
    assert len(problems(good)) == 51  # fifty, and "more of the kind"


def test_a_huge_line_is_refused_without_reading_it_whole(good, monkeypatch):
    monkeypatch.setattr(reader, "MAX_LINE", 1000)
    (good / "facts.jsonl").write_bytes(b'{"at_ms": 1' + b" " * 5000 + b"}\n")
    assert "a line of more than 1000 bytes" in problems(good)[0][1].got


def test_a_table_that_claims_too_much_is_refused_before_it_is_read(good, monkeypatch):
    from aiops.adapters.recording import tables  # noqa: PLC0415 - patched here only

    monkeypatch.setattr(tables, "MAX_SAMPLES", 9)  # latency holds 2 x 5
    assert "5 times 2 samples" in only(good)[1]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_path_without_a_recording_says_what_would_be_one(tmp_path, name):
    (tmp_path / "empty").mkdir()
    assert "a recording (a directory with recording.yaml)" in only(tmp_path / name)[2]


def test_a_truth_with_a_wrong_target_is_named(good):
    file = good / "incidents.yaml"
    file.write_text(file.read_text().replace("Deployment/shop/cart", "cart"))
    where, got, expected = only(good)
    assert (got, expected) == ("'cart'", "Kind/namespace/name or Kind/name")
    assert "incidents[0]" in where


def test_infinities_are_kept_and_not_taken_for_gaps(tmp_path):
    every = panels()
    values = every[0].values.copy()
    values[0, 0] = np.inf
    write(
        tmp_path / "r",
        meta(signals=(LATENCY,)),
        [type(every[0])("latency", "s", every[0].targets, every[0].times, values)],
    )
    assert open_recording(tmp_path / "r").panel("latency").values[0, 0] == np.inf

"""A recording: what is written is what is read, and the same input makes the same bytes."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.recording.layout import column_of, target_of, to_yaml
from aiops.adapters.recording.lines import decode, encode
from aiops.adapters.recording.writer import write
from aiops.bootstrap.recordings import open_recording
from aiops.errors import InputError
from aiops.model import Target, Workload
from aiops.model.recording import FactLine
from tests.unit.adapters.recording.sample import (
    CART,
    LATENCY,
    MINUTE,
    SIGNALS,
    START,
    TRUTH,
    facts,
    make,
    meta,
    panels,
)


def files(path):
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def test_head_samples_facts_and_incidents_come_back_as_they_were_written(tmp_path):
    recording = open_recording(make(tmp_path / "r"))
    assert recording.meta == meta()
    assert recording.signals == SIGNALS
    assert recording.truths == (TRUTH,)
    assert list(recording.lines) == facts()
    for panel in panels():
        read = recording.panel(panel.signal)
        assert read.targets == panel.targets
        assert read.times.tolist() == panel.times.tolist()
        np.testing.assert_array_equal(read.values, panel.values)


def test_the_same_input_makes_the_same_bytes(tmp_path):
    assert files(make(tmp_path / "a")) == files(make(tmp_path / "b"))


def test_a_recording_replaces_an_earlier_one_and_leaves_nothing_of_it(tmp_path):
    make(tmp_path / "r")
    write(tmp_path / "r", meta(signals=(LATENCY,)), panels()[:1])
    assert sorted(files(tmp_path / "r")) == ["recording.yaml", "signals/latency.parquet"]
    assert open_recording(tmp_path / "r").facts(START).workloads == {}


def test_a_directory_with_something_else_in_it_is_not_touched(tmp_path):
    (tmp_path / "thesis.doc").write_text("dear")
    with pytest.raises(InputError, match=r"thesis\.doc"):
        make(tmp_path)
    assert sorted(files(tmp_path)) == ["thesis.doc"]


def test_samples_that_float32_holds_are_stored_at_half_the_size(tmp_path):
    make(tmp_path / "r")
    stored = {
        name: str(pq.read_schema(tmp_path / "r" / "signals" / f"{name}.parquet").field(column_of(CART)).type)
        for name in ("latency", "up")
    }
    assert stored == {"latency": "double", "up": "float"}


def test_a_gap_is_stored_as_nothing_and_read_as_nan(tmp_path):
    """M2: no data is not zero."""
    path = make(tmp_path / "r")
    stored = pq.read_table(path / "signals" / "up.parquet").column(column_of(CART))
    assert stored.null_count == 1
    assert np.isnan(open_recording(path).panel("up").values[0, 1])


def test_one_sample_is_a_recording(tmp_path):
    recording = open_recording(make(tmp_path / "r", samples=1))
    assert recording.start_ms == recording.end_ms
    assert recording.panel("latency").shape == (2, 1)


def test_panels_that_do_not_go_with_the_head_are_a_fault_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="up"):
        write(tmp_path / "r", meta(), panels()[:1])
    with pytest.raises(ValueError, match="expected one of latency"):
        write(tmp_path / "s", meta(signals=(LATENCY,)), panels()[1:])
    assert not (tmp_path / "r" / "recording.yaml").exists()  # without its head it is not taken for whole


@pytest.mark.parametrize("name", ["a/b", "a%b", "https://sqs/x", "%2F", "x|y z"])
def test_any_name_survives_as_a_column(name):
    for target in (Target("Service", "", name), Target("Service", "shop", name)):
        assert target_of(column_of(target)) == target


def test_a_target_of_another_cluster_is_refused():
    with pytest.raises(ValueError, match="green"):
        column_of(Target("Pod", "shop", "cart", "green"))


def test_facts_at_their_default_take_no_room_and_unknown_stays_apart_from_none():
    raw = encode(FactLine(START, Workload(CART, replicas=3, hpa_max=0, managed_by="")))
    assert b"uid" not in raw
    read = decode(raw).value
    assert (read.uid, read.hpa_max, read.managed_by, read.hpa_min) == (None, 0, "", None)


@given(st.text())
def test_any_text_is_read_back_from_our_yaml(text):
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import

    shown = "".join(
        one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text
    )
    assert YAML(typ="safe", pure=True).load(to_yaml({"key": [{"no": text}]})) == {"key": [{"no": shown}]}


def test_gaps_are_told(tmp_path):
    every = panels(samples=9)
    holed = [every[0].columns(0, 2), every[1]]
    times = np.concatenate([every[0].times[:3], every[0].times[7:]])
    holed[0] = type(every[0])("latency", "s", every[0].targets, times, np.ones((2, 5)))
    write(tmp_path / "r", meta(9), holed)
    # minutes 0, 1, 2, 7, 8: the gap after minute 2 is 5 min long
    (warning,) = open_recording(tmp_path / "r").warnings
    assert "latency: 1 gaps; the widest, of 5 min, follows 2026-03-01T00:02" in warning
    assert open_recording(tmp_path / "r").end_ms == START + 8 * MINUTE

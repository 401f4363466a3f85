"""RecordedSource: a recording answers as a Prometheus would."""

import numpy as np
import pytest

from aiops.adapters.recording.source import RecordedSource
from aiops.bootstrap.recordings import open_recording
from aiops.core.mapping import to_panel
from aiops.errors import NotFound, Rejected, Unavailable
from tests.unit.adapters.recording.sample import CART, DB, LATENCY, MINUTE, START, make, panels


@pytest.fixture
def source(tmp_path):
    return RecordedSource(open_recording(make(tmp_path / "r")))


def test_its_signals_map_back_to_the_recorded_targets(source):
    signal = source.signals[0]
    series = source.query_range(signal, START, START + 4 * MINUTE, MINUTE)
    panel = to_panel(signal, series, source.facts(START)).panel
    assert panel.targets == (CART, DB)
    np.testing.assert_array_equal(panel.values, panels()[0].values)


@pytest.mark.parametrize(("minute", "value"), [(0, 1.0), (1, 1.0), (5, 1.0), (8, 1.0), (9, None)])
def test_the_newest_sample_counts_for_five_steps_and_then_there_is_none(source, minute, value):
    """M2: what is old is no data. The last sample is at minute 4; at minute 1 there is a gap."""
    series = source.query(source.signals[1], START + minute * MINUTE)
    assert [row[0] for row in series.values.tolist()] == ([] if value is None else [value])


def test_a_grid_finer_than_the_recording_repeats_the_newest(source):
    series = source.query_range(source.signals[0], START, START + MINUTE, MINUTE // 2)
    first = panels()[0].values[0]
    assert series.values[0].tolist() == [first[0], first[0], first[1]]


def test_a_range_beyond_the_recording_ends_with_it(source):
    """M2: the last sample is at minute 4 and counts until minute 8."""
    series = source.query_range(source.signals[0], START, START + 12 * MINUTE, MINUTE)
    assert np.isnan(series.values[0]).tolist() == [False] * 9 + [True] * 4
    before = source.query_range(source.signals[0], START - 3 * MINUTE, START - MINUTE, MINUTE)
    assert before.labels == ()


def test_what_it_cannot_answer_is_a_port_error(source, tmp_path):
    with pytest.raises(Rejected, match="signals of this source"):
        source.query(LATENCY, START)  # maps pods, the recording holds workloads
    with pytest.raises(NotFound):
        source.query(type(LATENCY)("nope", "", "", LATENCY.role, LATENCY.target), START)
    with pytest.raises(Rejected, match="start <= end"):
        source.query_range(source.signals[0], START, START - 1, MINUTE)


def test_a_damaged_recording_is_unavailable(tmp_path):
    path = make(tmp_path / "r")
    source = RecordedSource(open_recording(path))
    (path / "signals" / "up.parquet").unlink()
    with pytest.raises(Unavailable, match=r"up\.parquet"):
        source.query(next(one for one in source._recording.signals if one.name == "up"), START)


def test_it_says_which_cluster_it_is_of(source):
    """M7."""
    assert source.identity() == "cluster=blue"

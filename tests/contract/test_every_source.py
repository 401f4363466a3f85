"""Every metric source, the fake too, answers alike: what a tick and a back-fill rest on."""

import contextlib
import time

import numpy as np
import pytest

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.adapters.recording.source import RecordedSource
from aiops.adapters.recording.writer import write
from aiops.bootstrap.recordings import open_recording
from aiops.core.mapping import to_panel
from aiops.model import Facts, Panel, PrometheusSettings, Role, Signal, Target, TargetMapping
from aiops.model.recording import RecordingMeta
from tests.fakes.source import FakeSource
from tests.integration.servers import openmetrics, prometheus

MINUTE = 60_000
MINUTES = 30
START = (int(time.time() * 1000) // MINUTE - 300) * MINUTE  # Prometheus back-fills no newest block
TIMES = START + MINUTE * np.arange(MINUTES)
CART, LATE = Target("Deployment", "shop", "cart"), Target("Deployment", "shop", "late")
BEGINS = 20  # the minute at which the second series begins
LOAD = Signal("load", "load", "1/s", Role.TRAFFIC, TargetMapping("", "name", "namespace", "kind"))
LABELS = tuple({"kind": one.kind, "namespace": one.namespace, "name": one.name} for one in (CART, LATE))


def values(row):
    return [float(minute + 100 * row) for minute in range(MINUTES)]


@contextlib.contextmanager
def fake(_folder):
    def value(row, at_ms):
        minute = (at_ms - START) // MINUTE
        return None if row == 1 and minute < BEGINS else float(minute + 100 * row)

    yield FakeSource({"load": (LABELS, value)}), LOAD


@contextlib.contextmanager
def recorded(folder):
    table = np.array([values(0), values(1)])
    table[1, :BEGINS] = np.nan
    meta = RecordingMeta("r", (LOAD,), START, int(TIMES[-1]), MINUTE)
    write(folder / "r", meta, [Panel("load", "1/s", (CART, LATE), TIMES, table)])
    source = RecordedSource(open_recording(folder / "r"))
    yield source, source.signals[0]


@contextlib.contextmanager
def real(folder):
    series = [("load", LABELS[0], TIMES, values(0)), ("load", LABELS[1], TIMES[BEGINS:], values(1)[BEGINS:])]
    with (
        prometheus(folder, history=openmetrics(series)) as server,
        contextlib.closing(PrometheusSource(PrometheusSettings(url=server.url))) as source,
    ):
        yield source, LOAD


@pytest.fixture(scope="module", params=[fake, recorded, pytest.param(real, marks=pytest.mark.integration)])
def asked(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("source")) as pair:
        yield pair


def test_a_query_is_one_column_of_the_series_that_are_there(asked):
    source, signal = asked
    series = source.query(signal, int(TIMES[BEGINS - 1]))
    assert series.times.tolist() == [TIMES[BEGINS - 1]]
    assert series.values.tolist() == [[BEGINS - 1]]
    assert len(source.query(signal, int(TIMES[BEGINS])).labels) == 2


def test_a_range_is_on_the_grid_asked_for_both_ends_included(asked):
    source, signal = asked
    series = source.query_range(signal, START, int(TIMES[-1]), 5 * MINUTE)
    assert series.times.tolist() == TIMES[::5].tolist()
    assert series.values.shape == (2, 6)


def test_before_a_series_began_there_is_no_data_and_no_zero(asked):
    """M2."""
    source, signal = asked
    panel = to_panel(signal, source.query_range(signal, START, int(TIMES[-1]), MINUTE), Facts(START)).panel
    assert panel.targets == (CART, LATE)
    assert np.isnan(panel.values[1]).tolist() == [True] * BEGINS + [False] * (MINUTES - BEGINS)
    assert panel.values[0].tolist() == values(0)


def test_a_range_of_one_time_is_the_query_at_it(asked):
    source, signal = asked
    at_ms = int(TIMES[-1])
    one, many = source.query(signal, at_ms), source.query_range(signal, at_ms, at_ms, MINUTE)
    assert one.values.tolist() == many.values.tolist()
    assert one.labels == many.labels


def test_a_good_answer_is_whole_and_warns_of_nothing(asked):
    """M3."""
    source, signal = asked
    series = source.query_range(signal, START, int(TIMES[-1]), MINUTE)
    assert (series.partial, series.warnings, series.rejected) == (False, (), 0)
    assert series.samples > 0


def test_identity_is_text_and_empty_where_nothing_says_it(asked):
    """M7."""
    assert asked[0].identity() == ""

"""Collect: what a tick asks for, what it does with what it gets, and where it says stop."""

import threading

import numpy as np
import pytest

from aiops.engine.collect import Collector
from aiops.model import Facts, Role, Signal, Target, TargetMapping
from tests.fakes.source import FakeSource


def signal(name):
    return Signal(name, name, "", Role.OTHER, TargetMapping("Pod", "pod", "namespace"))


def labels(count, first=0):
    return [{"namespace": "shop", "pod": f"pod-{number}"} for number in range(first, first + count)]


def collector(source, *names, cap=1000):
    return Collector(source, [signal(name) for name in names], "", cap)


def tick(one, at_ms=60_000):
    return one.tick(at_ms, Facts(at_ms))


def test_every_signal_that_answers_becomes_a_panel_and_has_a_cost():
    source = FakeSource(
        {"cpu": (labels(3), lambda row, at: float(row)), "memory": (labels(1), lambda row, at: 7.0)}
    )
    collected = tick(collector(source, "cpu", "memory"))
    np.testing.assert_array_equal(collected.panels["cpu"].values[:, 0], [0, 1, 2])
    assert collected.panels["memory"].targets == (Target("Pod", "shop", "pod-0"),)
    assert {name: cost.series for name, cost in collected.costs.items()} == {"cpu": 3, "memory": 1}


def test_a_signal_that_fails_says_so_and_the_others_go_on():
    """M1."""
    source = FakeSource({"cpu": (labels(3), lambda row, at: 1.0)})
    good, one = source.query, collector(source, "cpu", "broken")

    def query(signal, at_ms):
        if signal.name == "broken":
            source.down = True
        try:
            return good(signal, at_ms)
        finally:
            source.down = False

    source.query = query
    collected = tick(one)
    assert set(collected.panels) <= {"cpu"}
    readings = {reading.signal: reading for reading in collected.readings}
    assert "connection refused" in readings["broken"].error


def test_what_was_there_a_moment_ago_is_expected():
    """M2: the reading says how many series there were."""
    source = FakeSource({"cpu": (labels(10), lambda row, at: 1.0)})
    one = collector(source, "cpu")
    tick(one)
    source.tables["cpu"] = (labels(4), lambda row, at: 1.0)
    (reading,) = tick(one).readings
    assert (reading.expected, reading.seen) == (10, 4)


def test_what_left_for_good_is_forgotten_by_and_by():
    """Else half of a signal's series going at once would blind us for ever. 0.98 ** 18 < 0.7: 18 ticks."""
    source = FakeSource({"cpu": (labels(100), lambda row, at: 1.0)})
    one = collector(source, "cpu")
    tick(one)
    source.tables["cpu"] = (labels(70), lambda row, at: 1.0)
    for _ in range(20):
        (reading,) = tick(one).readings
    assert reading.expected <= 70 / 0.7


@pytest.mark.parametrize(("series", "fits"), [(100, True), (101, False)])
def test_a_signal_that_would_break_the_cap_is_left_out_whole_and_names_itself(series, fits):
    """M5: 100,000 series more than expected."""
    source = FakeSource({"cpu": (labels(series), lambda row, at: 1.0)})
    collected = tick(collector(source, "cpu", cap=100))
    assert ("cpu" in collected.panels) is fits
    assert ("cap of 100 series" in collected.readings[0].error) is not fits


def test_the_cap_is_over_all_signals_and_the_first_ones_win():
    source = FakeSource({name: (labels(60), lambda row, at: 1.0) for name in ("cpu", "memory", "disk")})
    collected = tick(collector(source, "cpu", "memory", "disk", cap=130))
    assert set(collected.panels) == {"cpu", "memory"}


def test_series_that_name_no_target_are_counted_with_the_reason():
    source = FakeSource({"cpu": ([*labels(2), {"pod": "lost"}], lambda row, at: 1.0)})
    cost = tick(collector(source, "cpu")).costs["cpu"]
    assert cost.unmapped == {"no label namespace": 1}


def test_series_that_show_another_cluster_are_not_ours_whatever_the_server_did_with_the_matchers():
    """M7."""
    mixed = [labels(1)[0] | {"cluster": "blue"}, {"namespace": "shop", "pod": "pod-9", "cluster": "green"}]
    source = FakeSource({"cpu": (mixed, lambda row, at: 1.0)})
    collected = tick(Collector(source, [signal("cpu")], "", 10, {"cluster": "blue"}))
    assert [target.name for target in collected.panels["cpu"].targets] == ["pod-0"]
    assert collected.costs["cpu"].unmapped == {"label cluster shows another cluster": 1}


def test_signals_are_asked_side_by_side():
    """None of the four is answered before all four were asked."""
    source, together = FakeSource({}), threading.Barrier(4, timeout=10)

    def query(signal, at_ms):
        together.wait()
        return source.query_range(signal, at_ms, at_ms, 1000)

    source.query = query
    collected = tick(collector(source, "a", "b", "c", "d"))
    assert [reading.error for reading in collected.readings] == ["", "", "", ""]

"""Observe: figures as exporters make them, with the gaps and the grain that they have."""

import numpy as np
import pytest

from aiops.model import Signal
from tests.simshop.life import live
from tests.simshop.observe import BITS, BUCKETS, Observer, percentile, rounded, summed
from tests.simshop.record import signals

BY_NAME = {signal.name: signal for signal in signals()}


@pytest.fixture(scope="module")
def observer():
    return Observer(live(1000, 1.0, [], step_s=60, history_days=0.1), 1000)


def counts(at):
    """Counts in the buckets that end at the given bounds; infinity is beyond all of them."""
    ends = [*BUCKETS, np.inf]
    return np.array([at.get(end, 0) for end in ends])


def test_a_percentile_lies_on_a_straight_line_within_its_bucket():
    # Rank 95 of 100 is the 45th of the 50 between 0.1 and 0.25 s: 0.1 + 0.15 * 45 / 50.
    assert percentile(counts({0.1: 50, 0.25: 50}), 0.95) == pytest.approx(0.235)


def test_a_percentile_beyond_all_buckets_is_the_last_bound():
    assert percentile(counts({np.inf: 10}), 0.95) == 10.0


def test_a_percentile_of_nothing_is_a_gap():
    assert np.isnan(percentile(counts({}), 0.95))


def test_a_sum_over_a_window_has_the_newest_samples_only():
    assert summed(np.array([1, 2, 3, 4]), 2).tolist() == [1, 3, 5, 7]


def test_rounding_keeps_what_an_operator_reads():
    values = np.array([0.0, 1.0, 0.123456789, 98765.4321, np.nan])
    kept = rounded(values)
    assert np.isnan(kept[4])
    assert kept[:4] == pytest.approx(values[:4], rel=2.0**-BITS)
    assert kept[:2].tolist() == [0.0, 1.0]  # a state stays a state


def test_few_requests_make_a_rough_error_ratio(observer):
    panel = observer.panel(BY_NAME["error_ratio"])
    rows = {target.name: row for target, row in zip(panel.targets, panel.values, strict=True)}
    assert np.nanstd(rows["payment"]) > 2 * np.nanstd(rows["gateway"])


def test_a_minute_without_requests_has_no_latency(observer):
    rate, latency = observer.panel(BY_NAME["request_rate"]), observer.panel(BY_NAME["latency_p95"])
    row = [target.name for target in rate.targets].index("reporting")
    silent = rate.values[row] == 0
    assert silent.any()
    assert np.isnan(latency.values[row][silent]).all()


def test_one_failed_scrape_is_a_gap_in_all_signals_of_its_target(observer):
    panels = [observer.panel(BY_NAME[name]) for name in ("request_rate", "cpu_usage", "restarts")]
    gaps = [np.isnan(panel.values) for panel in panels]
    assert gaps[0].any()
    assert (gaps[0] == gaps[1]).all()
    assert (gaps[0] == gaps[2]).all()


def test_leaving_a_signal_out_changes_no_other(observer):
    fresh = Observer(observer.life, observer.seed)
    alone = fresh.panel(BY_NAME["memory_working_set"])
    assert np.array_equal(alone.values, observer.panel(BY_NAME["memory_working_set"]).values, equal_nan=True)


def test_another_seed_sees_other_noise(observer):
    other = Observer(observer.life, 1001).panel(BY_NAME["cpu_usage"])
    assert not np.array_equal(other.values, observer.panel(BY_NAME["cpu_usage"]).values, equal_nan=True)


def test_every_signal_has_the_unit_of_the_configuration_and_a_row_for_each_target(observer):
    for signal in signals():
        panel = observer.panel(signal)
        assert panel.unit == signal.unit
        assert len(set(panel.targets)) == len(panel.targets) > 0
        if signal.unit in ("ratio", "bool"):
            assert np.nanmax(panel.values) <= 1.02


def test_a_signal_that_the_shop_does_not_have_is_named_in_the_error(observer):
    stranger = BY_NAME["restarts"]
    stranger = Signal("sunspots", stranger.query, "1", stranger.role, stranger.target)
    with pytest.raises(ValueError, match="sunspots"):
        observer.panel(stranger)

"""Plots: gaps stay gaps, peaks stay peaks, and no plot grows without bound."""

import re
from dataclasses import replace

import numpy as np
import pytest

from aiops.model import Target
from aiops.web.report.decimate import at_gaps, kept
from aiops.web.report.plot import HEIGHT, TOP, Mark, Stretch, describe, draw, reach
from aiops.web.report.scale import Scale, binary_ticks, round_ticks, time_ticks
from tests.unit.report.stories import HOUR, MINUTE, START, plot


def of(values, low=None, high=None, step_ms=MINUTE, unit="bytes"):
    values = np.array(values, float)
    count = len(values)
    low = np.zeros(count) if low is None else np.array(low, float)
    high = np.full(count, 10.0) if high is None else np.array(high, float)
    times = START + step_ms * np.arange(count)
    with np.errstate(invalid="ignore"):
        bad = values > high
    return replace(plot(), times=times, values=values, low=low, high=high, anomalous=bad, unit=unit)


def lines(svg):
    """The points of each unbroken stretch of the observed line."""
    return [path.split(" ") for path in re.findall(r'<path d="M([^"]*)" class="line"', svg)]


def test_missing_samples_break_the_line_and_are_never_drawn_as_zero():
    """M2."""
    svg = draw(of([5, 5, np.nan, np.nan, 5, 5]), (), ())
    assert [len(points) for points in lines(svg)] == [2, 2]


def test_samples_that_are_not_even_there_break_the_line_too():
    whole = of([5.0] * 20)
    keep = np.r_[0:8, 15:20]  # seven steps without a sample
    parts = {name: getattr(whole, name)[keep] for name in ("times", "values", "low", "high", "anomalous")}
    assert [len(points) for points in lines(draw(replace(whole, **parts), (), ()))] == [8, 5]


def test_a_lone_sample_between_two_gaps_is_drawn():
    assert (
        lines(draw(of([np.nan, 5, np.nan]), (), ()))[0][0]
        == lines(draw(of([np.nan, 5, np.nan]), (), ()))[0][1]
    )


def test_infinities_are_gaps():
    assert [len(points) for points in lines(draw(of([5, 5, np.inf, 5, 5]), (), ()))] == [2, 2]


@pytest.mark.parametrize("values", [[np.nan] * 4, [0.0], [7.0, 7.0], [1e300, -1e300], [1e-320, 0.0]])
def test_any_values_give_a_plot(values):
    svg = draw(of(values, low=[np.nan] * len(values), high=[np.nan] * len(values)), (), ())
    assert "nan" not in re.sub(r'aria-label="[^"]*"', "", svg)


def test_one_peak_among_a_hundred_thousand_samples_is_still_there():
    values = np.full(100_000, 5.0)
    values[54_321] = 100.0
    svg = draw(of(values, step_ms=1000), (), ())
    heights = [float(point.split(",")[1]) for points in lines(svg) for point in points]
    up = Scale(*reach(of(values)), HEIGHT - 24, TOP)
    assert min(heights) == pytest.approx(up(100.0), abs=0.1)
    assert svg.count("h0") == 1  # and it is marked as outside its band


@pytest.mark.parametrize("count", [200, 20_000, 200_000])
def test_a_plot_is_at_most_thirty_kilobytes(count):
    rng = np.random.default_rng(3)
    noisy = rng.normal(5, 3, count)
    svg = draw(of(noisy, low=noisy - 1, high=noisy + rng.normal(0, 1, count), step_ms=1000), (), ())
    assert len(svg.encode()) < 30_000


def test_decimation_keeps_the_lowest_and_the_highest_of_each_column_in_their_order():
    values = np.array([3.0, 1.0, 2.0, 9.0, 5.0, 4.0, 8.0, 6.0])
    # two columns of four: 1 and 9, then 4 and 8
    assert kept(values, 2).tolist() == [1, 3, 5, 6]


def test_decimation_keeps_a_gap_that_fills_a_column():
    values = np.array([1.0, 2.0, 3.0, np.nan, np.nan, np.nan, 1.0, 2.0, 3.0])
    assert np.isnan(values[kept(values, 3)]).sum() == 1


def test_decimation_keeps_an_anomalous_sample_that_is_neither_lowest_nor_highest():
    values = np.array([1.0, 5.0, 9.0, 1.0, 5.0, 9.0])
    bad = np.array([False, True, False, False, False, False])
    assert kept(values, 2, bad).tolist() == [0, 1, 2, 3, 5]


def test_a_steady_series_has_no_gaps_added():
    times, values = at_gaps(START + MINUTE * np.arange(5), np.arange(5.0))
    assert (len(times), len(values)) == (5, 5)


def test_a_band_does_not_dwarf_the_samples():
    _, high = reach(of([5.0, 6.0], high=[1e9, 1e9]))
    assert high < 10  # the samples span 1; of the band at most that much more is shown


def test_what_was_never_negative_has_zero_as_its_floor():
    assert reach(of([1.0, 9.0], low=[-5.0, -5.0]))[0] == 0.0


def test_marks_are_drawn_inside_the_window_only():
    marks = [Mark(START, "opened", "opened"), Mark(START - HOUR, "change", "long ago")]
    svg = draw(of([1.0] * 10), marks, [Stretch(START, START + MINUTE, "truth", "true: leak")])
    assert ("opened" in svg, "long ago" in svg, 's-truth"' in svg) == (True, False, True)


def test_an_incident_outside_the_window_is_not_drawn():
    svg = draw(of([1.0] * 10), (), [Stretch(START - 2 * HOUR, START - HOUR, "incident", "earlier")])
    assert "earlier" not in svg


def test_the_picture_says_in_words_what_it_shows():
    words = describe(of([5, 20, np.nan, 5], unit="s"))
    assert words.endswith("from 5 s to 20 s, 1 of 4 samples outside the expected band, 1 missing")


def test_names_cannot_leave_their_place_in_the_picture():
    """S3, S9."""
    evil = Target("Deployment", 'a"><script>alert(1)</script>', "b\x1b[31m\u202e")
    svg = draw(replace(of([1.0, 2.0]), target=evil), [Mark(START, "change", "<b>&", '" onload="x')], ())
    assert not re.search(r"<script|<b>|\x1b|\u202e|\" onload=", svg)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, (0, 2.5, 5, 7.5, 10)),
        (0, 100, (0, 25, 50, 75, 100)),
        (-1, 1, (-1, -0.5, 0, 0.5, 1)),
        (1, 1, ()),
    ],
)
def test_ticks_are_round_figures(low, high, ticks):
    assert round_ticks(low, high, 4) == pytest.approx(ticks)


def test_ticks_of_bytes_are_round_in_mebibytes():
    assert binary_ticks(0, 400 * 2**20, 4) == (0, 100 * 2**20, 200 * 2**20, 300 * 2**20, 400 * 2**20)


def test_ticks_of_time_name_the_day_where_it_begins():
    words = [text for _, text in time_ticks(START - 2 * HOUR, START + 2 * HOUR, 4)]
    assert words == ["28 Feb, 22:00", "23:00", "1 Mar, 00:00", "01:00", "02:00"]


def test_a_value_outside_of_a_scale_is_held_at_its_edge():
    assert Scale(0, 10, 100, 0)(25) == 0

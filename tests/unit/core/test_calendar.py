"""Calendar: windows of civil time hold across zones and shifts of the clock (M14); holidays are Sundays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core import calendar
from aiops.core.calendar import in_window
from aiops.model import FreezeWindow, civil


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def minutes(start, hours):
    return ms(start) + np.arange(hours * 60, dtype=np.int64) * 60_000


def hours_inside(window, start, hours=96):
    return calendar.window_mask(window, minutes(start, hours)).sum() / 60


WEEKEND_NIGHT = FreezeWindow("release", "America/New_York", ("fri",), "22:00", "06:00")


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2024-07-06T01:59", False),  # Friday 21:59 EDT (UTC-4)
        ("2024-07-06T02:00", True),  # Friday 22:00
        ("2024-07-06T09:59", True),  # Saturday 05:59: the window began on the Friday
        ("2024-07-06T10:00", False),  # Saturday 06:00
        ("2024-07-07T03:00", False),  # Saturday 23:00: not a Friday
        ("2024-07-05T05:00", False),  # Friday 01:00: that night began on the Thursday
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(at, inside):
    assert in_window(WEEKEND_NIGHT, ms(at)) is inside


@pytest.mark.parametrize(
    ("zone", "noon"),
    [
        ("America/New_York", "16:00"),
        ("Europe/London", "11:00"),
        ("Australia/Lord_Howe", "01:30"),  # +10:30 in July
        ("Asia/Kathmandu", "06:15"),  # +05:45
    ],
)
def test_a_window_follows_the_clocks_of_its_zone(zone, noon):
    """M14: the four zones, in their July."""
    window = FreezeWindow("lunch", zone, start="12:00", end="12:30")
    at = ms(f"2024-07-10T{noon}")
    assert [in_window(window, at + d) for d in (-1, 0, 30 * 60_000 - 1, 30 * 60_000)] == [
        False,
        True,
        True,
        False,
    ]


# From 00:30 to 03:30 is 3 h on the wall. On the day of a shift it is as long as the wall clock needs.
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2024-03-10", 2.0),  # 02:00 becomes 03:00
        ("America/New_York", "2024-11-03", 4.0),  # 02:00 becomes 01:00
        ("Europe/London", "2024-03-31", 2.0),  # 01:00 becomes 02:00
        ("Europe/London", "2024-10-27", 4.0),  # 02:00 becomes 01:00
        ("Australia/Lord_Howe", "2024-10-06", 2.5),  # 02:00 becomes 02:30
        ("Australia/Lord_Howe", "2024-04-07", 3.5),  # 02:00 becomes 01:30
        ("Asia/Kathmandu", "2024-03-31", 3.0),  # no shift
    ],
)
def test_a_night_across_a_shift_is_as_long_as_the_clocks_say(zone, day, hours):
    """M14: both transitions of each zone."""
    window = FreezeWindow("night", zone, start="00:30", end="03:30", from_date=day, to_date=day)
    start = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert hours_inside(window, f"{start}T00:00") == hours


def test_a_time_shown_twice_is_inside_from_its_first_to_its_last_showing():
    # New York, 2024-11-03: 01:00 EDT is 05:00Z, 01:30 EST is 06:30Z
    window = FreezeWindow("fold", "America/New_York", start="01:00", end="01:30")
    got = [in_window(window, ms(f"2024-11-03T{at}")) for at in ("04:59", "05:00", "05:45", "06:29", "06:30")]
    assert got == [False, True, True, True, False]


def test_a_time_that_is_skipped_still_freezes_for_as_long_as_written():
    # New York, 2024-03-10: 02:15 to 02:45 does not exist. Read with the later offset 02:15 is 06:15Z (01:15
    # EST), with the earlier one 02:45 is 07:45Z (03:45 EDT).
    window = FreezeWindow("gap", "America/New_York", start="02:15", end="02:45")
    got = [in_window(window, ms(f"2024-03-10T{at}")) for at in ("06:14", "06:15", "07:00", "07:44", "07:45")]
    assert got == [False, True, True, True, False]


ZONES = st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"])
CLOCK = st.integers(0, 1439)


@given(ZONES, CLOCK, CLOCK, st.sampled_from(["2024-03-29", "2024-10-25", "2024-04-05", "2024-10-04"]))
def test_every_minute_whose_wall_clock_is_inside_is_inside(zone, start, end, first):
    """M14: nothing thaws early, whatever the clocks do; without a shift not a minute more."""
    window = FreezeWindow("w", zone, (), f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}")
    times = minutes(f"{first}T00:00", 96)[::7]
    got = calendar.window_mask(window, times)
    local = [datetime.fromtimestamp(at / 1000, ZoneInfo(zone)) for at in times.tolist()]
    clock = np.array([at.hour * 60 + at.minute for at in local])
    wall = (clock >= start) & (clock < end) if start < end else (clock >= start) | (clock < end)
    assert not (wall & ~got).any()
    longer = 60 if len({at.utcoffset() for at in local}) > 1 else 0
    assert (got & ~wall).sum() * 7 <= 2 * longer + 7 * bool(longer)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
@pytest.mark.parametrize(
    "first", ["2024-03-08", "2024-03-29", "2024-04-05", "2024-10-04", "2024-10-25", "2024-11-01"]
)
def test_civil_time_is_what_the_wall_clock_shows(zone, first):
    """M14, G17: every minute of the days around each transition."""
    times = minutes(f"{first}T00:00", 96)
    where = ZoneInfo(zone)
    walls = [datetime.fromtimestamp(at / 1000, where).replace(tzinfo=UTC) for at in times.tolist()]
    expected = [int(wall.timestamp() * 1000) for wall in walls]
    assert calendar.civil(times, zone).tolist() == expected


def test_the_day_of_the_week_is_the_civil_one():
    # Sunday 2024-07-07 23:00Z is Monday in Kathmandu and still Sunday in New York
    times = np.array([ms("2024-07-07T23:00")])
    assert calendar.weekdays(times, "Asia/Kathmandu").tolist() == [0]
    assert calendar.weekdays(times, "America/New_York").tolist() == [6]


def test_a_holiday_counts_as_a_sunday_where_it_is_one():
    # Thursday 2024-10-03 is a holiday in all of Germany, Friday 2024-11-01 only in some states
    times = np.array([ms("2024-10-02T12:00"), ms("2024-10-03T12:00"), ms("2024-11-01T12:00")])
    assert calendar.weekdays(times, "Europe/Berlin").tolist() == [2, 3, 4]
    assert calendar.weekdays(times, "Europe/Berlin", "DE").tolist() == [2, 6, 4]
    assert calendar.weekdays(times, "Europe/Berlin", "DE-BY").tolist() == [2, 6, 6]


@pytest.mark.parametrize("country", ["XX", "DE-XX", "Germany!"])
def test_an_unknown_country_is_named(country):
    with pytest.raises(ValueError, match=country):
        civil.holidays(country, date(2024, 1, 1), date(2024, 12, 31))


def test_dates_bound_the_day_a_window_begins_on():
    window = FreezeWindow("xmas", start="22:00", end="02:00", from_date="2024-12-24", to_date="2024-12-25")
    assert hours_inside(window, "2024-12-22T00:00", 24 * 7) == 8
    assert in_window(window, ms("2024-12-26T01:59"))
    assert not in_window(window, ms("2024-12-26T23:00"))


def test_equal_start_and_end_are_a_whole_day():
    assert (
        hours_inside(FreezeWindow("w", start="06:00", end="06:00", weekdays=("wed",)), "2024-07-09T00:00")
        == 24
    )


def test_one_answer_for_one_time_and_for_many():
    times = minutes("2024-07-04T00:00", 96)[::30]
    mask = calendar.window_mask(WEEKEND_NIGHT, times)
    assert mask.tolist() == [in_window(WEEKEND_NIGHT, int(at)) for at in times]
    assert mask.any()


def test_hold_is_the_union_and_nothing_without_windows():
    times = minutes("2024-07-09T00:00", 24)
    windows = [FreezeWindow("a", start="01:00", end="02:00"), FreezeWindow("b", start="01:30", end="03:00")]
    assert calendar.hold_mask(windows, times).sum() == 120
    assert not calendar.hold_mask([], times).any()
    assert calendar.hold_mask(windows, np.empty(0, np.int64)).shape == (0,)


@pytest.mark.parametrize(
    ("window", "at", "end"),
    [
        (WEEKEND_NIGHT, "2024-07-06T03:00", "2024-07-06T10:00"),
        (WEEKEND_NIGHT, "2024-07-07T03:00", None),
        (FreezeWindow("days", weekdays=("sat", "sun")), "2024-07-06T03:00", "2024-07-08T00:00"),  # they touch
        (FreezeWindow("ever"), "2024-07-06T03:00", None),
    ],
)
def test_the_end_of_a_window_is_when_to_look_again(window, at, end):
    assert calendar.window_end(window, ms(at)) == (None if end is None else ms(end))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"start": "24:00"}, "start"),
        ({"start": "9:00"}, "start"),
        ({"end": "24:01"}, "end"),
        ({"end": "12:60"}, "end"),
        ({"weekdays": ("mon", "Funday")}, "weekdays.*Funday"),
        ({"from_date": "01.02.2024"}, "from_date"),
        ({"from_date": "2024-02-02", "to_date": "2024-02-01"}, "to_date"),
        ({"timezone": "Europe/Atlantis"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
    ],
)
def test_a_window_that_cannot_be_read_is_refused_by_field(changes, says):
    with pytest.raises(ValueError, match=says):
        calendar.check_window(FreezeWindow("w", **changes))

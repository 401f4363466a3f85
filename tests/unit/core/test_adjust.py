"""Which adjustment follows from a false alarm: one that is bounded, and never of a hard fact."""

from dataclasses import replace

import pytest

from aiops.core.adjust import choose, describe, hides, why_never
from aiops.core.calendar import in_window
from aiops.core.feedback import Kind
from aiops.core.hindsight import replay
from aiops.model import AnomalyKind, Direction, FeedbackSettings, Role
from tests.unit.core.excursions import BERLIN, BOUNDS, DAY, NOON, anomaly, at, excursion, wish


def chosen(seen, others=(), false=(), until_ms=None, bounds=BOUNDS):
    return choose(seen, others, false, wish(until_ms), bounds)


def test_what_was_not_far_out_widens_the_band_by_what_it_takes_and_a_tenth():
    one = chosen(excursion(score=1.5))
    assert (one.kind, one.factor) == (Kind.WIDEN, 1.65)
    assert (one.from_ms, one.until_ms) == (NOON, NOON + 30 * DAY)
    assert describe(one) == (
        "cpu of Deployment/shop/web may be up to 1.65 times as far above as the edge of its band"
    )


@pytest.mark.parametrize(
    ("score", "most", "instant", "kind", "factor"),
    [
        (1.99, 2.0, 4.0, Kind.WIDEN, 2.0),  # 2.19 would be more than the most
        (2.0, 2.0, 4.0, Kind.WINDOW, 1.0),  # twice the band would not hide it
        (2.5, 10.0, 4.0, Kind.WIDEN, 2.75),
        (3.9, 10.0, 4.0, Kind.WIDEN, 4.0),  # never to a score that raises at once
        (4.0, 10.0, 4.0, Kind.WINDOW, 1.0),
        (1.2, 1.0, 4.0, Kind.WINDOW, 1.0),  # widening is switched off
    ],
)
def test_a_band_is_never_widened_by_more_than_the_settings_say(score, most, instant, kind, factor):
    bounds = replace(BOUNDS, settings=FeedbackSettings(most_widening=most), instant_score=instant)
    one = chosen(excursion(score=score), bounds=bounds)
    assert (one.kind, one.factor) == (kind, factor)
    assert one.factor <= max(1.0, min(most, instant))


def test_what_was_far_out_is_expected_at_that_time_of_the_week_and_a_quarter_farther():
    one = chosen(excursion(score=7.0, observed=5.5))
    window = one.window
    assert one.kind is Kind.WINDOW
    # from 02:00 to 02:40, a quarter of an hour to each side, on whole quarters
    assert (window.weekdays, window.start, window.end, window.timezone) == (
        ("wed",),
        "01:45",
        "03:00",
        BERLIN,
    )
    assert one.ceiling == 5.5 + 0.25 * (5.5 - 1.5)
    assert describe(one) == (
        "cpu of Deployment/shop/web may be above its band as far as 6.5 cores, on wed from 01:45 to 03:00"
        " (Europe/Berlin)"
    )


@pytest.mark.parametrize("role", [Role.ERRORS, Role.LATENCY])
@pytest.mark.parametrize(("score", "expected"), [(3.99, True), (4.0, False)])
def test_what_users_feel_is_never_expected_so_far_out_that_it_raises_at_once(role, score, expected):
    one = chosen(excursion(role=role, score=score, observed=5.5))
    assert (not isinstance(one, str)) is expected
    assert one.below == 4.0 if expected else "users feel it" in one
    assert chosen(excursion(score=score, observed=5.5)).below is None  # of CPU it is


def test_below_the_band_the_ceiling_is_a_floor():
    one = chosen(excursion(score=7.0, observed=0.1, direction=Direction.DOWN))
    assert one.ceiling == pytest.approx(0.1 - 0.25 * 0.4)  # the edge is 0.5


def test_what_is_still_out_is_expected_for_half_an_hour_more():
    one = chosen(excursion(since="2024-06-05T11:00", minutes=20, score=7.0, cleared_ms=None))
    assert (one.window.start, one.window.end) == ("10:45", "12:30")  # called false at 12:00


@pytest.mark.parametrize(("minutes", "fits"), [(210, True), (211, False)])
def test_a_window_is_four_hours_long_at_most(minutes, fits):
    one = chosen(excursion(minutes=minutes, score=7.0))
    assert (not isinstance(one, str)) is fits  # 01:45 to 05:45 is four hours
    if not fits:
        assert "at most 4 h" in one


def test_a_window_over_midnight_begins_on_the_day_it_began():
    one = chosen(excursion(since="2024-06-04T23:50", score=7.0))
    assert (one.window.weekdays, one.window.start, one.window.end) == (("tue",), "23:30", "00:45")
    assert in_window(one.window, at("2024-06-12T00:30"))  # the night after Tuesday
    assert not in_window(one.window, at("2024-06-11T00:30"))


NOISE = [excursion(f"d{hour}", since=f"2024-06-04T{hour}:00") for hour in (10, 14, 18)]
NIGHT_3 = excursion("n3", since="2024-06-02T02:20")
NIGHTS = [excursion("n1", since="2024-06-03T02:10"), excursion("n2", since="2024-06-04T01:30")]


@pytest.mark.parametrize(
    ("others", "false", "kind"),
    [
        (NIGHTS, (), Kind.SEASON),  # three nights
        (NIGHTS[:1], (), Kind.WIDEN),
        (NIGHTS[:1], ("n1",), Kind.SEASON),  # two nights, both called false
        (NIGHTS[:1], ("other",), Kind.WIDEN),
        ([excursion("n1", since="2024-06-05T02:30"), NIGHTS[0]], (), Kind.WIDEN),  # twice in one night
        ([excursion("n1", since="2024-06-03T02:45"), NIGHTS[1]], (), Kind.SEASON),  # 45 minutes apart
        ([excursion("n1", since="2024-05-29T02:00"), NIGHTS[1]], (), Kind.SEASON),  # a week ago
        ([excursion("n1", since="2024-05-28T02:00"), NIGHTS[1]], (), Kind.WIDEN),
        ([NIGHTS[0], NOISE[0]], ("d10",), Kind.WIDEN),  # what was called false came at another time
        ([*NIGHTS, NIGHT_3, *NOISE], (), Kind.SEASON),
        (NIGHTS, ("n2",), Kind.SEASON),
        ([*NIGHTS, *NOISE[:2]], (), Kind.SEASON),  # half of the others come at that time
        ([*NIGHTS, *NOISE], (), Kind.WIDEN),  # it comes at all times
        ([excursion("n1", since="2024-06-03T02:46"), NIGHTS[1]], (), Kind.WIDEN),
    ],
)
def test_what_comes_at_the_same_time_on_several_days_is_a_season(others, false, kind):
    one = chosen(excursion(), others, false)
    assert one.kind is kind
    if kind is Kind.SEASON:
        assert one.window.weekdays == ()
        assert "2024-06-05" in one.because


def test_midnight_does_not_come_between_two_nights():
    others = [excursion("n1", since="2024-06-03T23:50"), excursion("n2", since="2024-06-03T00:20")]
    assert chosen(excursion(since="2024-06-05T00:05"), others).kind is Kind.SEASON


def test_the_season_follows_the_wall_clock_over_a_shift():
    """M14: 02:15 in winter and in summer are 24 h apart by the wall and 23 h by the sun."""
    others = [excursion("n1", since="2024-03-29T04:15"), excursion("n2", since="2024-03-30T04:15")]
    one = chosen(excursion(since="2024-03-31T04:15"), others)
    assert one.kind is Kind.SEASON
    assert in_window(one.window, at("2024-04-01T04:20"))


def test_only_today_ends_today_and_holds_all_day():
    midnight = at("2024-06-06T00:00")
    one = chosen(excursion(score=7.0), NIGHTS, until_ms=midnight)
    assert (one.kind, one.until_ms) == (Kind.WINDOW, midnight)
    assert in_window(one.window, at("2024-06-05T17:00"))
    assert chosen(excursion(), until_ms=midnight).until_ms == midnight


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": AnomalyKind.PREDICTED, "expected_at_ms": NOON},
        {"role": Role.CONDITION},
        {"condition": "CrashLoopBackOff"},
        {"detector": "kubernetes_state"},
        {"detector": "absence"},
        {"detector": "threshold"},
    ],
)
def test_hard_facts_are_never_adjusted(changes):
    assert why_never(anomaly(**changes))
    assert isinstance(chosen(excursion(**changes)), str)


@pytest.mark.parametrize("changes", [{"low": float("nan")}, {"low": float("-inf")}])
def test_the_edge_on_its_side_of_the_band_is_enough(changes):
    assert chosen(excursion(score=7.0, observed=5.5, **changes)).ceiling == 6.5


def test_a_side_that_is_not_judged_is_no_edge():
    assert isinstance(chosen(excursion(score=7.0, observed=5.5, high=float("inf"))), str)


def test_without_a_band_there_is_no_ceiling_and_so_no_window():
    assert isinstance(chosen(excursion(score=7.0, low=float("nan"), high=float("nan"))), str)


def test_of_several_signals_judged_together_the_score_itself_is_bounded():
    seen = excursion(score=3.0, observed=3.0, unit="score", low=float("nan"), high=float("nan"))
    assert chosen(seen).ceiling == 3.5  # a quarter of the way from 1 to 3


WIDER = chosen(excursion(score=1.5))
NIGHT = chosen(excursion(score=7.0, observed=5.5))
LOW = replace(NIGHT, direction=Direction.DOWN, ceiling=0.25)
FELT = replace(NIGHT, below=4.0)


@pytest.mark.parametrize(
    ("one", "past", "how"),
    [
        (WIDER, excursion(score=1.64), "wholly"),
        (WIDER, excursion(score=1.65), ""),
        (WIDER, excursion(score=3.0, opening=1.6), "later"),
        (WIDER, excursion(direction=Direction.DOWN), ""),
        (WIDER, excursion(signal="memory"), ""),
        (WIDER, excursion(detector="ewma_level"), ""),
        (replace(WIDER, detector="threshold"), excursion(detector="threshold"), ""),
        (WIDER, excursion(kind=AnomalyKind.PREDICTED, expected_at_ms=NOON), ""),
        (NIGHT, excursion(since="2024-05-29T02:00", observed=6.5), "wholly"),
        (NIGHT, excursion(since="2024-05-29T02:00", observed=6.6), "later"),
        (NIGHT, excursion(since="2024-05-29T02:00", minutes=59), "wholly"),
        (NIGHT, excursion(since="2024-05-29T02:00", minutes=60), "later"),  # 03:00 is not in the window
        (NIGHT, excursion(since="2024-05-29T01:44"), ""),
        (NIGHT, excursion(since="2024-05-30T02:00"), ""),  # a Thursday
        (replace(NIGHT, window=None), excursion(since="2024-05-29T02:00"), ""),
        (replace(NIGHT, ceiling=None), excursion(since="2024-05-29T02:00"), ""),
        (LOW, excursion(since="2024-05-29T02:00", observed=0.25, direction=Direction.DOWN), "wholly"),
        (LOW, excursion(since="2024-05-29T02:00", observed=0.2, direction=Direction.DOWN), "later"),
        (FELT, excursion(since="2024-05-29T02:00", score=3.99), "wholly"),
        (FELT, excursion(since="2024-05-29T02:00", score=4.0, opening=3.9), "later"),
        (FELT, excursion(since="2024-05-29T02:00", score=4.0), ""),
    ],
)
def test_what_it_would_have_hidden(one, past, how):
    assert hides(one, past) == how


def test_hindsight_tells_the_real_from_the_false_and_from_what_nobody_judged():
    past = [
        excursion("called", since="2024-06-01T10:00"),
        excursion("fixed", since="2024-06-02T10:00"),
        excursion("both", since="2024-06-02T11:00"),
        excursion("nobody", since="2024-06-03T10:00"),
        excursion("worse", score=3.0),
        excursion("grew", score=3.0, opening=1.2),
    ]
    real = {"fixed": "a step helped", "both": "somebody was on it", "worse": "somebody was on it"}
    seen = replay(WIDER, past, {"called": 1, "both": 1}, real)
    assert [one.incident_id for one in seen.hidden] == ["called", "fixed", "both", "nobody"]
    assert (dict(seen.real), seen.false) == ({"fixed": "a step helped"}, {"called", "both"})
    assert str(seen).splitlines() == [
        "replay over 90 days: of 6 other excursions of it, 4 would have been hidden"
        " (2 called false, 1 real, 1 nobody judged), 1 told later",
        "  hidden: incident fixed of 2024-06-02 08:00 UTC, which was real: a step helped",
        "  hidden: incident nobody of 2024-06-03 08:00 UTC",
    ]


def test_hindsight_names_three_at_most_the_newest_first():
    past = [excursion(f"p{day}", since=f"2024-06-0{day}T10:00") for day in range(1, 5)]
    lines = str(replay(WIDER, past, (), {})).splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["p4", "p3", "p2"]
    assert "no other excursion" in str(replay(WIDER, [], (), {}))


def test_an_id_follows_from_what_it_is_made_of():
    assert chosen(excursion()).id == chosen(excursion()).id
    assert chosen(excursion()).id != chosen(excursion("i2")).id

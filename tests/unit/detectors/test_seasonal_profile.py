"""SeasonalProfile: a band for each time of the day, what may bend it and what may not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from aiops.model import Panel, Status, Target
from detectors.seasonal_profile import SeasonalProfile

STEP_MIN = 15
A_DAY = 96
MONDAY = int(datetime(2024, 4, 1, tzinfo=UTC).timestamp() * 1000)


def panel(values, start=0):
    """Samples every quarter of an hour from Monday 2024-04-01 on, ``start`` of them later."""
    values = np.atleast_2d(values)
    times = MONDAY + STEP_MIN * 60_000 * (start + np.arange(values.shape[1], dtype=np.int64))
    targets = tuple(Target("Deployment", "shop", f"cart-{i}") for i in range(len(values)))
    return Panel("requests", "req/s", targets, times, values)


def swing(days, seed=3, noise=0.5):
    """20 ± 5 over the day, with a little noise."""
    at = np.arange(days * A_DAY)
    return 20 + 5 * np.sin(2 * np.pi * at / A_DAY) + np.random.default_rng(seed).normal(0, noise, len(at))


def detector(**changes):
    return SeasonalProfile(interval_s=60.0 * STEP_MIN, **changes)


def judge(history, block, **changes):
    fitted = detector(**changes).fit(panel(history))
    start = np.atleast_2d(history).shape[1]
    return fitted.judge(panel(block, start), np.zeros(np.atleast_2d(block).shape, bool))


def test_a_night_value_at_noon_is_an_anomaly_though_the_day_knows_it():
    """At six in the morning the swing is at its top, 25; 15 is what it shows twelve hours later."""
    day = swing(1, seed=4)
    day[24] = 15.0
    verdicts, _ = judge(swing(14), day)
    assert verdicts.anomalous[0, 24]
    assert verdicts.anomalous.sum() == 1
    assert verdicts.low[0, 24] > 15


def test_the_band_ends_at_about_five_sigmas():
    """Noise of 0.5 around the season: 4 sigmas are inside, 8 are not (the tail may widen 5 to 5.8)."""
    expected = 20 + 5 * np.sin(2 * np.pi * np.arange(A_DAY) / A_DAY)
    for away, status in [(4 * 0.5, Status.NORMAL), (8 * 0.5, Status.ANOMALY)]:
        day = expected.copy()
        day[40] += away
        assert judge(swing(14), day)[0].status[0, 40] == status


@pytest.mark.parametrize(("days", "status"), [(1, Status.INCONCLUSIVE), (2, Status.NORMAL)])
def test_a_season_seen_once_is_an_anecdote(days, status):
    assert (judge(swing(days), swing(1, seed=5))[0].status == status).mean() > 0.95


def test_a_slow_incident_leaves_the_band_instead_of_bending_it():
    """M12: + 100 % in fourteen days. The level may wander six sigmas (3 units, two days' growth), the spread
    does not learn what it is off beyond that, so it is told in the first week; before the ramp nothing is."""
    ramp = swing(14, seed=6) * (1 + np.arange(14 * A_DAY) / (14 * A_DAY))
    anomalous = judge(swing(14), ramp)[0].anomalous[0]
    assert anomalous[:A_DAY].sum() == 0
    assert anomalous[4 * A_DAY : 7 * A_DAY].sum() >= 10


def test_a_new_level_is_told_for_a_day_and_then_is_the_new_normal():
    shifted = swing(7, seed=7) + 30
    anomalous = judge(swing(14), shifted)[0].anomalous[0]
    assert anomalous[: A_DAY // 2].all()
    assert anomalous[-A_DAY:].mean() < 0.1


def test_weekends_are_learned_once_they_were_seen_twice():
    weeks = swing(28)
    weekend = np.arange(28 * A_DAY) // A_DAY % 7 >= 5
    weeks[weekend] -= 8
    anomalous = judge(weeks[: 21 * A_DAY], weeks[21 * A_DAY :])[0].anomalous[0]
    assert anomalous[5 * A_DAY :].mean() < 0.05


def test_a_holiday_is_a_sunday():
    """1 May 2024 is a Wednesday, 30 days after the Monday; four weeks showed Sundays, 12 lower."""
    values = swing(31, noise=0.2)
    day = np.arange(31 * A_DAY) // A_DAY
    values[(day % 7 == 6) | (day == 30)] -= 12
    workday, sunday = (
        np.median(judge(values[: 30 * A_DAY], values[30 * A_DAY :], holidays=country)[0].score)
        for country in ("", "DE")
    )
    assert workday > 0.5
    assert sunday < workday / 3


@pytest.mark.parametrize(
    "bad",
    [{"threshold": 0}, {"slot_min": 7}, {"min_abs": -1.0}, {"timezone": "Mars/Olympus"}, {"holidays": "ZZ"}],
)
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        SeasonalProfile(**bad)


def test_a_history_coarser_than_the_live_samples_teaches_the_season_all_the_same():
    """Live: four days at five minutes are learned by a detector for samples 15 s apart. Of a slot of 15 min
    the columns at minutes 0, 5 and 10 stand for 15, 300 and 300 s: 0.68 of a visit a day."""
    profile = SeasonalProfile(interval_s=15.0)
    minutes = np.arange(0, 4 * 1440, 5)
    values = (
        10 + 5 * np.sin(2 * np.pi * minutes / 1440) + 0.1 * np.random.default_rng(1).normal(size=len(minutes))
    )
    targets = (Target("Deployment", "shop", "cart"),)
    history = Panel("cpu", "", targets, MONDAY + 60_000 * minutes.astype(np.int64), values[None, :])
    fitted = profile.fit(history)
    live = Panel("cpu", "", targets, history.times[-1:] + 15_000, np.array([[10.0]]))
    verdicts, _ = fitted.judge(live, np.zeros((1, 1), bool))
    assert verdicts.status.tolist() == [[Status.NORMAL]]
    assert verdicts.high[0, 0] < 13


def test_after_a_gap_a_column_stands_for_its_slot_and_no_more():
    """Ten hours without a sample are not forty visits: days of the slot stay at what passed of it."""
    profile = SeasonalProfile(interval_s=60.0)
    targets = (Target("Deployment", "shop", "cart"),)
    times = MONDAY + 60_000 * np.array([0, 600, 601], np.int64)  # 600 min later: the slot has just begun
    fitted = profile.fit(Panel("cpu", "", targets, times, np.ones((1, 3))))
    assert fitted.days[0, 40] == pytest.approx(2 / 15)  # slot 40 begins at minute 600; two minutes of it

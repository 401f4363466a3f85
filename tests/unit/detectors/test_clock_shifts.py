"""Days of 23, 25 and 23.5 hours: a day by the clock on the wall is no anomaly because the clock moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiops.bootstrap.rules import make_detector
from aiops.model import Panel, Target

STEP_S = 900
A_DAY = 96
ZONES = ("America/New_York", "Europe/London", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")
SEASONAL = ("default", "seasonal_profile", "holt_winters", "forecast")


def shifts(zone):
    """The hours of 2024, UTC, at which the clocks of ``zone`` move: two."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(366 * 24)]
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() for at in hours]
    return [at for at, old, new in zip(hours[1:], offsets, offsets[1:], strict=False) if old != new]


def workday(zone, start, days):
    """Load by civil time: 20 at night, 60 at 14:00 on the wall, a smooth day between. 15 minutes a sample."""
    at = [start + timedelta(seconds=STEP_S * i) for i in range(A_DAY * days)]
    wall = [one.astimezone(ZoneInfo(zone)) for one in at]
    hour = np.array([one.hour + one.minute / 60 for one in wall])
    rng = np.random.default_rng(11)
    values = 40 + 20 * np.cos(2 * np.pi * (hour - 14) / 24) + rng.normal(0, 0.3, len(hour))
    times = np.array([int(one.timestamp() * 1000) for one in at])
    return Panel("requests", "req/s", (Target("Deployment", "shop", "cart"),), times, values[None])


def flagged(name, zone, days):
    """How many samples of the two days after the shift are called anomalies."""
    panel, detector = days, make_detector({}, zone, name, None, float(STEP_S))
    verdicts, _ = detector.fit(panel.columns(0, 0)).judge(panel, np.zeros(panel.shape, bool))
    assert (verdicts.status[0, -2 * A_DAY :] != 2).mean() > 0.95
    return int(verdicts.anomalous[0, -2 * A_DAY :].sum())


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", SEASONAL)
def test_a_shift_of_the_clock_alone_is_no_anomaly(name, zone, which):
    """M14, G17: nine days by the old clock, then two by the new one."""
    moves = shifts(zone)
    assert len(moves) == 2
    days = workday(zone, moves[which] - timedelta(days=9), 11)
    assert flagged(name, zone, days) == 0


@pytest.mark.parametrize("name", ["seasonal_profile", "default"])
def test_by_the_clock_of_another_zone_the_same_days_are_anomalies(name):
    """So it is the zone that helps, no wide band: an hour of the steepest stretch is 5, noise is 0.3."""
    days = workday("Europe/Berlin", shifts("Europe/Berlin")[0] - timedelta(days=9), 11)
    assert flagged(name, "UTC", days) > 0


def test_a_zone_off_the_hour_that_never_moves_is_judged_as_any():
    """Kathmandu is 5 h 45 min ahead all year."""
    assert shifts("Asia/Kathmandu") == []
    days = workday("Asia/Kathmandu", datetime(2024, 3, 1, tzinfo=UTC), 11)
    assert [flagged(name, "Asia/Kathmandu", days) for name in SEASONAL] == [0, 0, 0, 0]

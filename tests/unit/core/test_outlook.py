"""Outlook: growth over days is carried on with an honest interval; swings, steps and noise are not growth."""

import numpy as np
import pytest

from aiops.core.outlook import DAY, arrivals, forecast

HOURS = np.arange(12 * DAY)
NOISE = np.random.default_rng(5).normal(0, 0.001, len(HOURS))


def arrival(line, limit=1.0):
    return arrivals(np.atleast_2d(line), limit)


@pytest.mark.parametrize("days", [2, 4, 8])
def test_a_disk_that_fills_by_eight_points_a_day_is_told_after_two_days(days):
    """0.1 at first, 0.08 a day: full at hour 0.9 / 0.08 * 24 = 270."""
    found = arrival((0.1 + 0.08 * HOURS / DAY + NOISE)[: days * DAY])
    assert found.expected[0] == pytest.approx(270 - days * DAY + 1, abs=4)
    assert found.soonest[0] < found.expected[0] < found.latest[0]


@pytest.mark.parametrize(("days_left", "told"), [(9.9, True), (10.2, False)])
def test_growth_of_two_days_is_carried_on_for_ten(days_left, told):
    """0.08 a day from 0; the newest peak is an hour short of two days."""
    line = 0.08 * HOURS[: 2 * DAY] / DAY
    assert np.isfinite(arrival(line, limit=line[-1] + 0.08 * days_left).expected[0]) == told


def test_a_daily_swing_does_not_hide_growth_and_is_none():
    swing = 0.05 * np.sin(2 * np.pi * HOURS / DAY)
    assert np.isnan(arrival((0.7 + swing + NOISE)[: 8 * DAY]).expected[0])
    growing = arrival((0.1 + 0.06 * HOURS / DAY + swing + NOISE)[: 8 * DAY])
    assert growing.expected[0] == pytest.approx((0.9 - 0.05) / 0.06 * DAY - 8 * DAY, abs=16)


def test_a_step_and_what_slows_down_are_no_growth():
    step = np.where(HOURS < 7.5 * DAY, 0.3, 0.7) + NOISE
    slowing = 0.3 + 0.6 * (1 - np.exp(-HOURS / (2 * DAY))) + NOISE
    assert np.isnan(arrivals(np.stack([step, slowing])[:, : 8 * DAY], 1.0).expected).all()


@pytest.mark.parametrize(
    "line", [np.full(48, np.nan), np.full(48, 0.5), np.linspace(0.1, 0.5, 47)], ids=["gaps", "flat", "short"]
)
def test_no_data_a_constant_and_less_than_two_days_are_no_prediction(line):
    """M2: no data is no prediction."""
    assert np.isnan(arrival(line).expected[0])


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_about_four_of_five_values_a_day_ahead_are_within_the_interval(noise):
    """A random walk, with and without noise on top: 300 rows, so that 0.8 is met within 0.023 by sigma; the
    yardstick itself is learned of eight days, hence the wider bound."""
    rng = np.random.default_rng(7)
    walk = np.cumsum(rng.normal(0, 0.01, (300, 9 * DAY)), axis=1) + rng.normal(0, 1, (300, 9 * DAY)) * noise
    ahead = forecast(walk[:, : 8 * DAY], 0, np.array([float(DAY)]))
    truth = walk[:, 9 * DAY - 1 :]
    assert 0.7 <= ((truth >= ahead.low) & (truth <= ahead.high)).mean() <= 0.9

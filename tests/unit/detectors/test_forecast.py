"""Forecast: parameters of its own for each series, and an interval of what is to come."""

import numpy as np
import pytest

from aiops.plugin import Forecaster
from detectors.forecast import USUAL, Forecast, damped, slot_means
from tests.unit.detectors.series import A_DAY, judge, panel, swing

QUARTER, HOUR_MS = 900, 3_600_000


def detector(**changes):
    return Forecast(interval_s=float(QUARTER), **changes)


def test_a_day_ahead_is_the_season_and_its_interval_holds_most_of_what_comes():
    whole = swing(15)
    fitted = detector().fit(panel(whole[: 14 * A_DAY], QUARTER))
    assert isinstance(fitted, Forecaster)
    ahead = fitted.look_ahead(24 * HOUR_MS)
    truth = slot_means(panel(whole[14 * A_DAY :], QUARTER, 14 * A_DAY), HOUR_MS)[0]
    # the newest slot is still open, so the first step is that slot: the truth begins one later
    mean, low, high = (one[0, 1:] for one in (ahead.mean, ahead.low, ahead.high))
    assert np.abs(mean - truth[:23]).mean() < 0.6
    assert ((low <= truth[:23]) & (truth[:23] <= high)).mean() >= 0.6


def test_the_interval_grows_with_the_distance():
    fitted = detector().fit(panel(np.cumsum(swing(14) - 20), QUARTER))
    ahead = fitted.look_ahead(12 * HOUR_MS)
    assert (np.diff((ahead.high - ahead.low)[0]) >= 0).all()


def test_each_series_gets_the_parameters_that_fit_it():
    """A pure season needs no moving level; a random walk is nothing but one."""
    walk = 20 + np.cumsum(np.random.default_rng(1).normal(0, 0.5, 14 * A_DAY))
    fitted = detector().fit(panel(np.array([swing(14), walk]), QUARTER))
    assert fitted.smoothing[0, 0] < 0.2
    assert fitted.smoothing[1, 0] > 0.6


def test_three_days_are_too_few_for_parameters_of_its_own():
    assert detector().fit(panel(swing(3), QUARTER)).smoothing.tolist() == [list(USUAL)]


def test_a_night_value_at_noon_is_an_anomaly():
    day = swing(15)[14 * A_DAY :]
    day[24] = 12.0
    verdicts, _ = judge(detector(), swing(14), day, QUARTER)
    assert verdicts.anomalous[0].nonzero()[0].tolist() == [24]


def test_too_little_to_know_is_no_forecast():
    ahead = detector().fit(panel(swing(1), QUARTER)).look_ahead(3 * HOUR_MS)
    assert np.isnan(ahead.mean).all()
    assert detector().fit(panel(np.empty((1, 0)), QUARTER)).look_ahead(3 * HOUR_MS).mean.shape == (1, 3)


def test_means_of_slots_know_their_gaps():
    """Two samples an hour for four hours, none in the third."""
    values = [1.0, 3.0, 5.0, np.nan, np.nan, np.nan, 7.0, 9.0]
    np.testing.assert_array_equal(slot_means(panel(values, 1800), HOUR_MS), [[2.0, 5.0, np.nan, 8.0]])


def test_a_damped_trend_carries_less_with_every_step():
    """0.5 + 0.25 + 0.125."""
    assert damped(np.array([[0.5]]), np.array([1, 2, 3])).tolist() == [[0.5, 0.75, 0.875]]
    assert damped(np.array([[1.0]]), np.array([3])) == pytest.approx(3.0)


@pytest.mark.parametrize("bad", [{"threshold": 0}, {"slot_min": 0}, {"min_rel": np.nan}, {"timezone": "X"}])
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Forecast(**bad)

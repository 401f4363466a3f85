"""HoltWinters: follows growth that a profile of the day lags behind, and is not carried away."""

import numpy as np
import pytest

from aiops.model import Status
from detectors.holt_winters import HoltWinters
from tests.unit.detectors.series import A_DAY, judge, swing

QUARTER = 900


def detector(**changes):
    return HoltWinters(interval_s=float(QUARTER), **changes)


def test_steady_growth_is_no_anomaly_and_is_met_in_the_middle_of_the_band():
    """Two units a day for sixteen days: what it expects is off by less than half a day's growth."""
    grown = swing(16, growth=2.0)
    verdicts, _ = judge(detector(), grown[: 14 * A_DAY], grown[14 * A_DAY :], QUARTER)
    assert not verdicts.anomalous.any()
    middle = (verdicts.low + verdicts.high)[0] / 2
    assert np.mean(grown[14 * A_DAY :] - middle) == pytest.approx(0, abs=1.0)


def test_a_night_value_at_noon_is_an_anomaly():
    day = swing(15)[14 * A_DAY :]
    day[24] = 12.0  # the season is at its top, 25
    assert judge(detector(), swing(14), day, QUARTER)[0].anomalous[0, 24]


@pytest.mark.parametrize(("days", "status"), [(1, Status.INCONCLUSIVE), (2, Status.NORMAL)])
def test_a_season_seen_once_is_an_anecdote(days, status):
    assert (judge(detector(), swing(days), swing(1, seed=4), QUARTER)[0].status == status).mean() > 0.95


def test_after_a_gap_the_trend_is_followed_for_a_day_at_most():
    """Two units a day; three days without a sample: it expects one day's growth more, not three."""
    history = np.concatenate([swing(14, growth=2.0), np.full(3 * A_DAY, np.nan)])
    verdicts, _ = judge(detector(), history, [48.0], QUARTER)
    middle = float((verdicts.low + verdicts.high)[0, 0] / 2)
    assert middle == pytest.approx(20 + 14 * 2.0 + 2.0, abs=2.0)


def test_one_bad_sample_bends_neither_level_nor_trend():
    _, calm = judge(detector(), swing(14), [20.0], QUARTER)
    _, spiked = judge(detector(), swing(14), [1e6], QUARTER)
    assert spiked.level == pytest.approx(calm.level, abs=1.0)
    assert spiked.trend == pytest.approx(calm.trend, abs=0.05)


@pytest.mark.parametrize("bad", [{"level_s": 0}, {"slot_min": 7}, {"min_abs": -1.0}, {"timezone": "Nowhere"}])
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        HoltWinters(**bad)

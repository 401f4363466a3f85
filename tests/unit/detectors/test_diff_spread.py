"""DiffSpread: how far a sample may be from the one before."""

import numpy as np
import pytest

from aiops.model import Status
from detectors.diff_spread import DiffSpread
from tests.unit.detectors.series import judge

STEPS = [10.0, 11.0] * 1000  # every change is 1: eight sigmas are 8 * 1.2533 = 10.03; the newest is 11


@pytest.mark.parametrize(
    ("newest", "status"), [(20.9, Status.NORMAL), (21.2, Status.ANOMALY), (0.8, Status.ANOMALY)]
)
def test_a_change_may_be_eight_sigmas_of_the_usual_ones(newest, status):
    assert judge(DiffSpread(), STEPS, [newest])[0].status == [[status]]


def test_the_first_sample_of_a_shift_is_seen_and_the_rest_is_not():
    assert judge(DiffSpread(), STEPS, [50.0, 51.0, 50.0])[0].anomalous.tolist() == [[True, False, False]]


def test_over_a_gap_the_sample_before_it_counts():
    verdicts, _ = judge(DiffSpread(), STEPS, [np.nan, 12.0, np.nan, 50.0])
    assert verdicts.status.tolist() == [
        [Status.INCONCLUSIVE, Status.NORMAL, Status.INCONCLUSIVE, Status.ANOMALY]
    ]


@pytest.mark.parametrize(("samples", "status"), [(30, Status.INCONCLUSIVE), (31, Status.NORMAL)])
def test_thirty_changes_are_just_enough(samples, status):
    assert judge(DiffSpread(), STEPS[:samples], [10.0])[0].status == [[status]]


def test_a_series_that_jumps_every_hour_is_allowed_to():
    """40 up and down once an hour: the mean change is about 2.3, eight sigmas 23; the cubic mean, five times
    cbrt(2 * 64000 / 60) = 64, lets the hourly jump pass."""
    hourly = [50.0 if i % 60 == 0 else 10.0 for i in range(3000)]
    assert not judge(DiffSpread(), hourly, hourly[:600])[0].anomalous.any()


@pytest.mark.parametrize(
    "bad", [{"threshold": -1}, {"interval_s": 0}, {"min_samples": 1}, {"min_abs": np.nan}]
)
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        DiffSpread(**bad)

"""EwmaLevel: the level of late, the edge of its band, and how long a new level is news."""

import numpy as np
import pytest

from aiops.model import Status
from detectors.ewma_level import EwmaLevel
from tests.unit.detectors.series import judge

STEADY = [9.0, 11.0] * 1000  # level 10, mean distance 1: six sigmas are 6 * 1.2533 = 7.52


@pytest.mark.parametrize(
    ("newest", "status"), [(17.2, Status.NORMAL), (18.0, Status.ANOMALY), (2.0, Status.ANOMALY)]
)
def test_the_band_ends_at_six_sigmas_of_the_usual_distance(newest, status):
    assert judge(EwmaLevel(), STEADY, [newest])[0].status == [[status]]


@pytest.mark.parametrize(("samples", "status"), [(29, Status.INCONCLUSIVE), (30, Status.NORMAL)])
def test_thirty_samples_are_just_enough(samples, status):
    assert judge(EwmaLevel(), STEADY[:samples], [10.0])[0].status == [[status]]


def test_one_bad_sample_bends_nothing():
    """It counts as far as the edge: 7.5 of 1440 samples is 0.005."""
    _, after = judge(EwmaLevel(), STEADY, [1e6])
    assert after.level == pytest.approx([10.0], abs=0.02)


def test_a_new_level_is_news_for_hours_and_normal_after_a_day():
    anomalous = judge(EwmaLevel(), STEADY, np.tile([59.0, 61.0], 1440))[0].anomalous[0]
    assert anomalous[:240].all()
    assert not anomalous[1440:].any()


def test_a_still_series_that_moves_is_an_anomaly_and_its_score_is_a_number():
    verdicts, _ = judge(EwmaLevel(), [5.0] * 200, [5.1])
    assert verdicts.status == [[Status.ANOMALY]]
    assert np.isfinite(verdicts.score).all()


def test_a_deviation_that_does_not_matter_is_none():
    assert judge(EwmaLevel(min_abs=1.0), [5.0] * 200, [5.9])[0].status == [[Status.NORMAL]]


@pytest.mark.parametrize("bad", [{"threshold": 0}, {"memory_s": np.nan}, {"min_samples": 1}, {"min_rel": -1}])
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        EwmaLevel(**bad)

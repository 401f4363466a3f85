"""RobustZScore: what it flags, what it lets pass, what it refuses to judge, how it learns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Panel, Status, Target
from detectors.robust_zscore import RobustZScore

CALM = [10.0, 11.0, 12.0] * 20  # median 11, MAD 1: the band is 11 ± 3.5 * 1.4826 = 11 ± 5.1891


def panel(*rows, start=0):
    targets = tuple(Target("Deployment", "shop", f"cart-{i}") for i in range(len(rows)))
    values = np.array(rows, dtype=float)
    return Panel("latency_p99", "s", targets, (start + np.arange(values.shape[1])) * 60_000, values)


def judge(history, *newest, **parameters):
    block = panel(newest, start=len(history))
    fitted = RobustZScore(**parameters).fit(panel(history))
    return fitted.judge(block, hold=np.zeros(block.values.shape, bool))


@pytest.mark.parametrize(
    ("newest", "status"), [(16.1, Status.NORMAL), (16.2, Status.ANOMALY), (5.8, Status.ANOMALY)]
)
def test_the_band_ends_at_three_and_a_half_robust_sigmas(newest, status):
    assert judge(CALM, newest)[0].status == [[status]]


def test_the_verdict_shows_the_band_a_person_needs_to_judge_it():
    assert judge(CALM, 30.0)[0].high == pytest.approx(np.array([[16.1891]]))


@pytest.mark.parametrize("newest", [np.nan, np.inf])
def test_a_missing_sample_is_inconclusive_never_normal(newest):
    assert judge(CALM, newest)[0].status == [[Status.INCONCLUSIVE]]


@pytest.mark.parametrize(("samples", "status"), [(29, Status.INCONCLUSIVE), (30, Status.NORMAL)])
def test_thirty_samples_of_history_are_just_enough(samples, status):
    assert judge(CALM[:samples], 11.0)[0].status == [[status]]


@pytest.mark.parametrize(("bad", "status"), [(29, Status.ANOMALY), (31, Status.NORMAL)])
def test_a_new_level_is_the_new_normal_once_it_fills_half_of_the_window(bad, status):
    """M12: of a window of 60 samples, 29 at the new level leave the median at the old one, 31 do not. The
    yardstick is read every 30 samples, so the history is cut for the last bad one to be number 60."""
    history = (CALM * 2)[: 120 - bad]
    verdicts, fitted = judge(history, *[50.0] * bad, window=60)
    again, _ = fitted.judge(panel([50.0], start=200), np.zeros((1, 1), bool))
    assert verdicts.anomalous.all()
    assert again.status == [[status]]


@given(st.lists(st.lists(st.integers(-99, 99), min_size=40, max_size=40), min_size=1, max_size=5))
def test_rows_are_judged_alike_together_and_apart(rows):
    block = panel(*rows)
    together, _ = RobustZScore().fit(block).judge(block, hold=np.zeros(block.values.shape, bool))
    apart = [judge(row, *row)[0] for row in rows]
    assert together.status.tolist() == [one.status[0].tolist() for one in apart]


@pytest.mark.parametrize(
    "bad", [{"threshold": 0}, {"threshold": np.nan}, {"min_samples": 1}, {"window": 29}, {"min_abs": -1.0}]
)
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RobustZScore(**bad)

"""Absence: one that vanished is told from many that did (M2) and from those that were never regular."""

import numpy as np
import pytest

from aiops.model import Panel, Status, Target
from detectors.absence import Absence

N, A, X = Status.NORMAL, Status.ANOMALY, Status.INCONCLUSIVE
ROWS, BEFORE, AFTER = 10, 100, 20


def judge(values, hold=None, **parameters):
    """Verdicts of the last columns; ``after`` is 3 unless told."""
    targets = tuple(Target("Pod", "shop", f"cart-{i}") for i in range(len(values)))
    panel = Panel("up", "", targets, 15_000 * np.arange(values.shape[1]), values)
    detector = Absence(**({"after": 3} | parameters))
    fitted = detector.fit(panel.columns(0, BEFORE))
    block = panel.columns(BEFORE, values.shape[1])
    return fitted.judge(block, np.zeros(block.shape, bool) if hold is None else hold)[0]


def there(rows=ROWS, columns=BEFORE + AFTER):
    return np.ones((rows, columns))


def test_a_series_that_vanished_is_an_anomaly_from_the_third_missed_sample_on():
    values = there()
    values[4, BEFORE + 2 : BEFORE + 8] = np.nan
    verdicts = judge(values)
    assert verdicts.status[4, :10].tolist() == [N, N, X, X, A, A, A, A, N, N]
    assert verdicts.score[4, 4:8] == pytest.approx(np.array([3, 4, 5, 6]) / 3)
    assert (np.delete(verdicts.status, 4, axis=0) == N).all()


def test_a_value_of_zero_is_there_and_an_infinity_cannot_be_judged():
    values = there()
    values[4, BEFORE:] = 0.0
    values[5, BEFORE:] = np.inf
    status = judge(values).status
    assert (status[4] == N).all()
    assert (status[5] == X).all()


@pytest.mark.parametrize(("gone", "status"), [(2, A), (3, X), (10, X)])
def test_when_three_of_ten_vanish_at_once_we_are_blind(gone, status):
    """M2: 30 % of the expected series gone at once is no evidence about any of them."""
    values = there()
    values[:gone, BEFORE:] = np.nan
    verdicts = judge(values)
    assert (verdicts.status[:gone, 2:] == status).all()
    assert (verdicts.status[:gone, :2] == X).all()
    assert (verdicts.status[gone:] == N).all()


def test_blind_stays_blind_until_the_series_come_back():
    """M2: however long it lasts; afterwards a single one that vanishes is seen again."""
    values = there(columns=BEFORE + 200)
    values[:5, BEFORE : BEFORE + 100] = np.nan
    values[0, BEFORE + 150 :] = np.nan
    status = judge(values).status
    assert (status[:5, :100] == X).all()
    assert (status[0, 152:] == A).all()


def test_those_that_vanish_one_by_one_are_each_told():
    values = there(columns=BEFORE + 200)
    for row in range(5):
        values[row, BEFORE + 30 * row :] = np.nan
    assert (judge(values).status[:5, -1] == A).all()


def test_a_lone_series_cannot_be_told_from_blindness():
    values = there(rows=1)
    values[0, BEFORE:] = np.nan
    assert (judge(values).status == X).all()


@pytest.mark.parametrize(("every", "status"), [(20, A), (2, X)])
def test_a_series_that_is_sparse_by_nature_is_left_alone(every, status):
    values = there()
    values[4, :BEFORE:every] = np.nan  # there in 95 % or in half of its samples
    values[4, BEFORE:] = np.nan
    assert judge(values).status[4, -1] == status


@pytest.mark.parametrize(("seen", "status"), [(29, X), (30, A)])
def test_a_series_must_be_known_before_it_is_missed(seen, status):
    values = there()
    values[4, : BEFORE - seen] = np.nan
    values[4, BEFORE:] = np.nan
    assert judge(values, share=0.2).status[4, -1] == status


def test_it_must_be_gone_for_as_long_as_the_signal_says():
    values = there()
    values[4, BEFORE:] = np.nan
    status = judge(values, for_s=120).status[4]  # eight samples of 15 s
    assert status[6:9].tolist() == [X, A, A]


def test_after_a_day_it_is_no_longer_expected():
    values = there(columns=BEFORE + 50)
    values[4, BEFORE:] = np.nan
    status = judge(values, forget_s=600.0).status[4]  # forty samples
    assert status[38:42].tolist() == [A, A, X, X]


def test_samples_on_hold_do_not_count_as_missed():
    values = there()
    values[4, BEFORE:] = np.nan
    hold = np.zeros((ROWS, AFTER), bool)
    hold[:, :5] = True
    assert judge(values, hold).status[4, 4:9].tolist() == [X, X, X, A, A]


@pytest.mark.parametrize(
    "bad",
    [
        {"after": 0},
        {"share": 0.0},
        {"share": np.nan},
        {"blind_share": 1.1},
        {"for_s": -1},
        {"interval_s": 0.0},
    ],
)
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Absence(**bad)

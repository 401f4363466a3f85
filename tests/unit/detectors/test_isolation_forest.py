"""IsolationForest: what never stood together, which signals it was, what it will not judge."""

import numpy as np
import pytest

from aiops.model import Status
from detectors.isolation_forest import IsolationForest
from tests.unit.detectors.series import panel

STEP = 300
DAY = 288


def signals(samples=3 * DAY, seed=1, rows=1):
    """Requests swing over the day, CPU follows them, errors keep to themselves."""
    rng = np.random.default_rng(seed)
    requests = 100 + 40 * np.sin(2 * np.pi * np.arange(samples) / DAY) + rng.normal(0, 3, (rows, samples))
    cpu = requests / 100 + rng.normal(0, 0.03, requests.shape)
    return {"requests": requests, "cpu": cpu, "errors": rng.normal(0.01, 0.002, requests.shape)}


def panels(values, start=0):
    return [panel(one, STEP, start, name) for name, one in values.items()]


def judge(newest, history=None, hold=False, **changes):
    history = history or signals()
    length = next(iter(history.values())).shape[1]
    fitted = IsolationForest(interval_s=float(STEP), **changes).fit(panels(history))
    newest = {name: np.atleast_2d(np.asarray(one, float)) for name, one in newest.items()}
    shape = newest["cpu"].shape
    return fitted.judge(panels(newest, length), np.full(shape, hold))


TORN = {"requests": [62.0], "cpu": [1.38], "errors": [0.018]}  # each within what it has been, never together


def test_what_never_stood_together_is_an_anomaly():
    assert judge(TORN)[0].status == [[Status.ANOMALY]]


def test_what_stood_together_is_none():
    assert judge({"requests": [62.0], "cpu": [0.62], "errors": [0.01]})[0].status == [[Status.NORMAL]]
    assert judge({"requests": [138.0], "cpu": [1.38], "errors": [0.01]})[0].status == [[Status.NORMAL]]


def test_the_signal_that_stands_out_has_the_largest_share():
    shares = judge({"requests": [100.0], "cpu": [1.0], "errors": [0.5]}, margin=0.5)[0]
    assert shares.signals == ("requests", "cpu", "errors")
    assert shares.contributions[:, 0, 0].argmax() == 2
    assert shares.contributions.sum() == pytest.approx(1)


def test_a_calm_sample_has_no_shares():
    assert judge({"requests": [100.0], "cpu": [1.0], "errors": [0.01]})[0].contributions.sum() == 0


@pytest.mark.parametrize(
    ("cpu", "errors", "status"),
    [(np.nan, 0.01, Status.NORMAL), (np.nan, np.nan, Status.INCONCLUSIVE)],
)
def test_more_than_half_of_the_signals_must_be_there(cpu, errors, status):
    """M2: two of three are enough, one is not."""
    assert judge({"requests": [100.0], "cpu": [cpu], "errors": [errors]})[0].status == [[status]]


@pytest.mark.parametrize(("kept", "status"), [(191, Status.INCONCLUSIVE), (192, Status.NORMAL)])
def test_about_a_day_must_be_kept_before_it_judges(kept, status):
    """Every second sample is kept: 3 days of 300 s are 864 samples, of which 512 are remembered."""
    calm = {"requests": [100.0], "cpu": [1.0], "errors": [0.01]}
    assert judge(calm, signals(2 * kept))[0].status == [[status]]


def test_what_is_anomalous_is_not_kept_until_it_lasted_a_day():
    torn = {name: np.full((1, DAY // 2), one[0]) for name, one in TORN.items()}
    assert judge(torn)[1].kept.tolist() == [432]  # 864 samples before, every second one
    lasting = {name: np.full((1, DAY + 20), one[0]) for name, one in TORN.items()}
    assert judge(lasting)[1].kept[0] > 432


def test_the_same_samples_grow_the_same_forest():
    first, again = (judge(TORN)[0].score for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_rows_do_not_disturb_each_other():
    """One scoring call for all rows, a forest for each."""
    history = signals(rows=2)
    newest = {name: np.tile(one, (2, 1)) for name, one in TORN.items()}
    together = judge(newest, history)[0].score
    alone = judge(
        {name: one[1:] for name, one in newest.items()}, {name: one[1:] for name, one in history.items()}
    )
    np.testing.assert_allclose(together[1:], alone[0].score)


@pytest.mark.parametrize("bad", [{"margin": 0}, {"min_kept": 8}, {"refit": 0}, {"window": 100}])
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        IsolationForest(**bad)

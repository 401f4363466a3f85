"""KubernetesState: a condition must last; not knowing is neither its end nor its beginning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Panel, Status, Target
from detectors.kubernetes_state import KubernetesState

STATUS = {"n": Status.NORMAL, "A": Status.ANOMALY, "?": Status.INCONCLUSIVE}
SAMPLE = {"0": 0.0, "1": 1.0, "?": np.nan}


def panel(*rows, first=0):
    """One character a minute."""
    targets = tuple(Target("Pod", "shop", f"cart-{i}") for i in range(len(rows)))
    times = 1_704_067_200_000 + 60_000 * (first + np.arange(len(rows[0])))
    return Panel("crash_looping", "", targets, times, np.array([[SAMPLE[c] for c in row] for row in rows]))


def judge(samples, hold="", **parameters):
    block = panel(samples)
    mask = np.array([[c == "h" for c in hold.ljust(len(samples))]])
    verdicts, _ = KubernetesState(**parameters).fit(block.columns(0, 0)).judge(block, mask)
    return verdicts


def told(verdicts):
    names = {status: name for name, status in STATUS.items()}
    return "".join(names[status] for status in verdicts.status[0].tolist())


@pytest.mark.parametrize(
    ("samples", "for_s", "expected"),
    [
        ("0011100", 0, "nnAAAnn"),
        ("0011111", 180, "nnnnnAA"),  # from the third minute on it has lasted 0, 1, 2, 3 min
        ("0110110", 120, "nnnnnnn"),  # never for two minutes
        ("1111", 120, "nnAA"),  # there from the first sample on
        ("??0?", 0, "??n?"),
    ],
)
def test_a_condition_is_an_anomaly_once_it_has_lasted(samples, for_s, expected):
    assert told(judge(samples, for_s=for_s)) == expected


def test_a_gap_in_between_is_inconclusive_and_does_not_start_the_clock_afresh():
    assert told(judge("01??1", for_s=180)) == "nn??A"


def test_a_gap_longer_than_allowed_starts_the_clock_afresh():
    # Known at minutes 1 and 4: 180 s apart, allowed are 179
    assert told(judge("01??111", for_s=120, gap_s=179)) == "nn??nnA"


def test_what_is_on_hold_neither_starts_nor_ends_it():
    assert told(judge("0111111", " hh    ", for_s=120)) == "nnnnnAA"  # counted from minute 3
    assert told(judge("0110111", "   h   ", for_s=180)) == "nnnnAAA"  # the zero was not believed


def test_the_score_is_how_long_it_lasted_in_units_of_what_it_takes():
    assert judge("1111", for_s=120).score.tolist() == [[0, 0.5, 1, 1.5]]


def test_a_history_tells_since_when_it_lasts():
    fitted = KubernetesState(for_s=180).fit(panel("0011"))
    verdicts, _ = fitted.judge(panel("11", first=4), np.zeros((1, 2), bool))
    assert told(verdicts) == "nA"  # minutes 4 and 5; it began at minute 2


@given(st.lists(st.text("01?", min_size=12, max_size=12), min_size=1, max_size=4), st.integers(0, 12))
def test_any_cut_gives_the_same_verdicts_as_none(rows, cut):
    block = panel(*rows)
    fitted = KubernetesState(for_s=120, gap_s=150).fit(block.columns(0, 0))
    whole, _ = fitted.judge(block, np.zeros(block.shape, bool))
    first, fitted = fitted.judge(block.columns(0, cut), np.zeros((len(rows), cut), bool))
    second, _ = fitted.judge(block.columns(cut, 12), np.zeros((len(rows), 12 - cut), bool))
    assert np.array_equal(np.c_[first.status, second.status], whole.status)


@pytest.mark.parametrize("bad", [{"for_s": -1}, {"gap_s": 0}, {"gap_s": np.nan}])
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        KubernetesState(**bad)

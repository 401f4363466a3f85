"""What is expected is normal; what is farther out, before, after, elsewhere or unknown stays as it was."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.adjust import choose
from aiops.core.ease import Easing
from aiops.model import Direction, Panel, Status, Target, Verdicts
from tests.unit.core.excursions import BOUNDS, DAY, MINUTE, NOON, WEB, at, excursion, wish

API = Target("Deployment", "shop", "api")
WIDER = choose(excursion(score=1.5), (), (), wish(), BOUNDS)  # up to a score of 1.65
NIGHT = choose(excursion(score=7.0, observed=5.5), (), (), wish(), BOUNDS)  # wed 01:45 to 03:00, up to 6.5
NEXT_NIGHT = at("2024-06-12T02:00")


def panel(*rows, at_ms=NOON, targets=(WEB, API), signal="cpu"):
    values = np.array(rows, dtype=float)
    times = at_ms + MINUTE * np.arange(values.shape[1])
    return Panel(signal, "cores", targets[: len(rows)], times, values)


def verdicts(block):
    """A band of 0.5 to 1.5 round 1: the score is twice the distance from 1; 9 is not known."""
    score = np.abs(block.values - 1.0) * 2
    score[block.values == 9] = np.nan
    return Verdicts.of(score, np.full(block.shape, 0.5), np.full(block.shape, 1.5))


def eased(one, block, signal="cpu", detector="default"):
    return Easing.by([one]).ease(signal, detector, block, verdicts(block))


@pytest.mark.parametrize(
    ("value", "status", "score"),
    [
        (1.2, Status.NORMAL, 0.4),
        (1.6, Status.NORMAL, 1.2 / 1.65),
        (1.82, Status.NORMAL, 1.64 / 1.65),
        (1.83, Status.ANOMALY, 1.66),  # farther out than expected: told with its own score
        (3.5, Status.ANOMALY, 5.0),
        (0.3, Status.ANOMALY, 1.4),  # the other side was not called false
        (9.0, Status.INCONCLUSIVE, np.nan),
        (np.nan, Status.INCONCLUSIVE, np.nan),
    ],
)
def test_a_wider_band_takes_in_what_was_called_false_and_no_more(value, status, score):
    answer = eased(WIDER, panel([value]))
    assert answer.status[0, 0] == status
    assert answer.score[0, 0] == pytest.approx(score, nan_ok=True)


@pytest.mark.parametrize(("factor", "status"), [(1.5, Status.ANOMALY), (1.51, Status.NORMAL)])
def test_the_wider_edge_itself_is_outside_as_every_edge_is(factor, status):
    assert eased(replace(WIDER, factor=factor), panel([1.75])).status[0, 0] == status  # a score of 1.5


def test_only_its_own_target_signal_and_detector_is_eased():
    block = panel([1.6], [1.6])
    assert eased(WIDER, block).status.tolist() == [[Status.NORMAL], [Status.ANOMALY]]
    assert eased(WIDER, block, signal="memory").status[0, 0] == Status.ANOMALY
    assert eased(WIDER, block, detector="ewma_level").status[0, 0] == Status.ANOMALY
    assert eased(WIDER, panel([1.6], targets=(API,))).status[0, 0] == Status.ANOMALY


@pytest.mark.parametrize(
    ("at_ms", "status"),
    [
        (NOON - 1, Status.ANOMALY),
        (NOON, Status.NORMAL),
        (NOON + 30 * DAY - 1, Status.NORMAL),
        (NOON + 30 * DAY, Status.ANOMALY),
    ],
)
def test_it_holds_from_when_it_was_made_until_it_ends(at_ms, status):
    assert eased(WIDER, panel([1.6], at_ms=at_ms)).status[0, 0] == status


@pytest.mark.parametrize(
    ("value", "at_ms", "status"),
    [
        (6.5, NEXT_NIGHT, Status.NORMAL),
        (6.6, NEXT_NIGHT, Status.ANOMALY),
        (5.0, at("2024-06-12T01:45"), Status.NORMAL),
        (5.0, at("2024-06-12T01:44"), Status.ANOMALY),
        (5.0, at("2024-06-12T02:59"), Status.NORMAL),
        (5.0, at("2024-06-12T03:00"), Status.ANOMALY),
        (5.0, at("2024-06-13T02:00"), Status.ANOMALY),  # a Thursday
        (0.1, NEXT_NIGHT, Status.ANOMALY),  # the other side
    ],
)
def test_a_window_holds_at_its_time_up_to_its_ceiling(value, at_ms, status):
    assert eased(NIGHT, panel([value], at_ms=at_ms)).status[0, 0] == status


@pytest.mark.parametrize(("value", "status"), [(2.9, Status.NORMAL), (3.0, Status.ANOMALY)])
def test_at_its_time_a_score_that_is_told_at_any_time_is_told(value, status):
    felt = replace(NIGHT, below=4.0)  # 3.0 has a score of 4
    assert eased(felt, panel([value], at_ms=NEXT_NIGHT)).status[0, 0] == status


@pytest.mark.parametrize(
    ("value", "status"), [(0.3, Status.NORMAL), (0.1, Status.ANOMALY), (1.6, Status.ANOMALY)]
)
def test_below_the_band_it_is_the_other_way_round(value, status):
    seen = excursion(score=7.0, observed=0.3, direction=Direction.DOWN)  # a floor of 0.3 - 0.05
    down = choose(seen, (), (), wish(), BOUNDS)
    assert eased(down, panel([value], at_ms=NEXT_NIGHT)).status[0, 0] == status


def test_what_is_exactly_as_far_down_as_expected_is_expected():
    seen = excursion(score=7.0, observed=0.3, direction=Direction.DOWN)
    down = replace(choose(seen, (), (), wish(), BOUNDS), ceiling=0.25)
    assert eased(down, panel([0.25], at_ms=NEXT_NIGHT)).status[0, 0] == Status.NORMAL


@pytest.mark.parametrize("lacks", [{"window": None}, {"ceiling": None}])
def test_a_window_that_lacks_a_bound_eases_nothing(lacks):
    assert eased(replace(NIGHT, **lacks), panel([2.0], at_ms=NEXT_NIGHT)).status[0, 0] == Status.ANOMALY


def test_two_adjustments_of_one_series_do_not_multiply():
    block = panel([1.82, 1.9])
    both = Easing.by([WIDER, replace(WIDER, id="other", factor=1.5)])
    answer = both.ease("cpu", "default", block, verdicts(block))
    assert answer.status.tolist() == [[Status.NORMAL, Status.ANOMALY]]  # scores 1.64 and 1.8


def test_what_is_only_proposed_eases_nothing():
    assert eased(replace(WIDER, proposed=True), panel([1.6])).status[0, 0] == Status.ANOMALY


def test_without_adjustments_the_verdicts_are_the_same_object():
    block = panel([1.6])
    given = verdicts(block)
    assert Easing().ease("cpu", "default", block, given) is given


VALUES = st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=1, max_size=40)


@given(VALUES, st.sampled_from([WIDER, NIGHT]), st.sampled_from([NOON - 5 * MINUTE, NEXT_NIGHT]))
def test_only_anomalies_become_normal_and_columns_apart_give_the_same(values, one, at_ms):
    block = panel(values, at_ms=at_ms)
    before, after = verdicts(block), eased(one, block)
    turned = before.status != after.status
    assert set(before.status[turned].tolist()) <= {Status.ANOMALY}
    assert set(after.status[turned].tolist()) <= {Status.NORMAL}
    assert np.array_equal(before.score[~turned], after.score[~turned], equal_nan=True)
    apart = [eased(one, panel([value], at_ms=at_ms + i * MINUTE)) for i, value in enumerate(values)]
    assert after.status[0].tolist() == [column.status[0, 0] for column in apart]


@given(st.floats(1.0, 50.0))
def test_the_farther_out_the_sooner_it_is_told(score):
    """No adjustment hides a sample and tells one that is less far out."""
    near, far = (1 + one / 2 for one in (score, score * 1.01))
    for one, at_ms in ((WIDER, NOON), (NIGHT, NEXT_NIGHT)):
        hidden = [
            eased(one, panel([value], at_ms=at_ms)).status[0, 0] == Status.NORMAL for value in (near, far)
        ]
        assert hidden != [False, True]

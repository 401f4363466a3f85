"""Threshold: what reaches the edge, on which side, and how far beyond."""

import numpy as np
import pytest

from aiops.model import Direction, Panel, Status, Target
from detectors.threshold import Threshold

N, A, X = Status.NORMAL, Status.ANOMALY, Status.INCONCLUSIVE


def judge(detector, *values):
    block = Panel("disk", "%", (Target("Node", "", "a"),), np.arange(len(values)), np.array([values], float))
    verdicts, _ = detector.fit(block.columns(0, 0)).judge(block, np.zeros(block.shape, bool))
    return verdicts


@pytest.mark.parametrize(
    ("detector", "statuses"),  # of 9.9, 10, 89.9, 90, NaN, inf
    [
        (Threshold(90.0), [N, N, N, A, X, X]),
        (Threshold(10.0, direction=Direction.DOWN), [A, A, N, N, X, X]),
        (Threshold(90.0, floor=10.0, direction=Direction.BOTH), [A, A, N, A, X, X]),
        (Threshold(90.0, direction=Direction.BOTH), [N, N, N, A, X, X]),
        (Threshold(), [X, X, X, X, X, X]),
    ],
)
def test_the_edge_itself_is_an_anomaly_on_the_side_that_matters(detector, statuses):
    assert judge(detector, 9.9, 10, 89.9, 90, np.nan, np.inf).status.tolist() == [statuses]


@pytest.mark.parametrize(
    ("detector", "value", "score"),
    [
        (Threshold(50.0), 100.0, 2.0),  # twice the edge
        (Threshold(50.0), -10.0, 0.0),
        (Threshold(10.0, direction=Direction.DOWN), 0.0, 2.0),  # a whole edge below
        (Threshold(0.0), 3.0, 4.0),  # an edge of zero has no scale: one unit is one
        (Threshold(-10.0), -5.0, 1.5),
        (Threshold(90.0, floor=10.0), 50.0, 0.0),  # the middle
        (Threshold(90.0, floor=10.0), 130.0, 2.0),  # a half span beyond
    ],
)
def test_the_score_counts_distances_of_the_edge(detector, value, score):
    assert judge(detector, value).score.item() == pytest.approx(score)


@pytest.mark.parametrize(
    ("detector", "low", "high"),
    [
        (Threshold(90.0), -np.inf, 90.0),
        (Threshold(10.0, direction=Direction.DOWN), 10.0, np.inf),
        (Threshold(90.0, floor=10.0), 10.0, 90.0),
    ],
)
def test_the_band_is_what_was_given(detector, low, high):
    verdicts = judge(detector, 50.0)
    assert (verdicts.low.item(), verdicts.high.item()) == (low, high)


@pytest.mark.parametrize(
    "bad",
    [
        {"edge": np.nan},
        {"edge": np.inf},
        {"floor": 1.0},
        {"floor": 2.0, "edge": 2.0},
        {"floor": 1.0, "edge": 2.0, "direction": Direction.DOWN},
    ],
)
def test_a_bad_parameter_is_named_in_the_error(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Threshold(**bad)

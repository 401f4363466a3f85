"""Stack: one verdict of three members, in which a known season has the first word."""

from dataclasses import dataclass

import numpy as np
import pytest

from aiops.bootstrap import plugins
from aiops.core.stack import Stack, compose
from aiops.model import Direction, Panel, Status, Target, Verdicts

MINUTE_MS, DAY = 60_000, 1440


def panel(*rows, start=0):
    values = np.array(rows, dtype=float)
    targets = tuple(Target("Deployment", "shop", f"cart-{i}") for i in range(len(rows)))
    times = (start + np.arange(values.shape[1])) * MINUTE_MS
    return Panel("request_rate", "1/s", targets, times, values)


@dataclass(frozen=True, slots=True)
class Says:
    """A member with a fixed centre and reach; NaN is "I cannot tell"."""

    centre: float
    reach: float

    def fit(self, history):
        return self

    def judge(self, block, hold):
        low, high = (
            np.full(block.shape, self.centre - self.reach),
            np.full(block.shape, self.centre + self.reach),
        )
        return Verdicts.of(np.abs(block.values - self.centre) / self.reach, low, high), self


def judge(stack, block):
    return stack.fit(panel([])).judge(block, np.zeros(block.shape, bool))[0]


def shipped(**settings):
    def make(name):
        return plugins.detector(name, interval_s=60.0, parameters=settings)

    return compose(make)


def nightly(days, level=10.0, job=50.0):
    """``days`` of noise round ``level``, with a job from 02:00 to 02:30 every night."""
    random = np.random.default_rng(7)
    minute = np.arange(days * DAY) % DAY
    return level + random.normal(0, 1, days * DAY) + np.where((minute >= 120) & (minute < 150), job, 0)


@pytest.mark.parametrize(("away", "status"), [(0.99, Status.NORMAL), (1.01, Status.ANOMALY)])
def test_one_member_that_says_so_is_enough(away, status):
    # Season and level sit on the sample (0); the change alone is 0.99 or 1.01 of its reach away.
    stack = Stack(Says(5.0, 1.0), Says(5.0, 1.0), Says(5.0 - away, 1.0))
    assert judge(stack, panel([5.0])).status == [[status]]


def test_three_members_near_their_edges_are_not_outside():
    stack = Stack(Says(5.0, 1.0), Says(5.0, 1.0), Says(5.0, 1.0))
    assert judge(stack, panel([5.99])).score == pytest.approx(np.array([[0.99]]))


def test_the_band_is_that_of_the_loudest_member():
    # 7 is half of the season's reach of 4 from its 5, and twice the change's reach of 0.5 from its 6.
    verdicts = judge(Stack(Says(5.0, 4.0), Says(5.0, 4.0), Says(6.0, 0.5)), panel([7.0]))
    assert (verdicts.score[0, 0], verdicts.low[0, 0], verdicts.high[0, 0]) == (2.0, 5.5, 6.5)


def test_a_known_season_is_the_centre_for_the_level_too():
    # The level member knows 0 ± 1 only; the season expects 5 at this hour.
    stack = Stack(Says(5.0, 1.0), Says(0.0, 1.0), Says(5.0, 1.0))
    assert judge(stack, panel([5.0])).score == [[0.0]]


def test_without_a_season_the_others_judge_alone():
    stack = Stack(Says(np.nan, np.nan), Says(0.0, 1.0), Says(np.nan, np.nan))
    assert judge(stack, panel([0.5, 2.0])).score == pytest.approx(np.array([[0.5, 2.0]]))


def test_nobody_who_can_tell_is_inconclusive():
    unsure = Says(np.nan, np.nan)
    assert judge(Stack(unsure, unsure, unsure), panel([0.5])).status == [[Status.INCONCLUSIVE]]


@pytest.mark.parametrize("sample", [np.nan, np.inf])
def test_a_missing_sample_is_inconclusive_never_normal(sample):
    """M4"""
    stack = Stack(Says(5.0, 1.0), Says(5.0, 1.0), Says(5.0, 1.0))
    assert judge(stack, panel([sample])).status == [[Status.INCONCLUSIVE]]


def test_a_job_of_every_night_is_no_news_once_the_nights_are_known():
    row = nightly(days=5)
    verdicts = judge(shipped(), panel(row))
    fifth_night = verdicts.anomalous[0, 4 * DAY + 90 : 4 * DAY + 180]
    assert fifth_night.sum() <= 2  # single samples at its edges, which raise nothing


def test_the_same_job_at_noon_is_news():
    row = nightly(days=5)
    row[4 * DAY + 720 : 4 * DAY + 750] += 50
    verdicts = judge(shipped(), panel(row))
    assert verdicts.anomalous[0, 4 * DAY + 720 : 4 * DAY + 750].all()


def test_a_sample_is_outside_the_shown_band_exactly_where_it_is_an_anomaly():
    row = nightly(days=4)
    row[::97] += 9.0
    block = panel(row)
    verdicts = judge(shipped(), block)
    known = np.isfinite(verdicts.score)
    outside = (block.values < verdicts.low) | (block.values > verdicts.high)
    assert verdicts.anomalous.any()
    assert (outside == verdicts.anomalous)[known].all()


def test_column_by_column_and_all_at_once_agree():
    # Slots of two hours, so that days of 24 samples an hour apart have a season.
    def make(name):
        given = {"slot_min": 120} if name == "seasonal_profile" else {"min_samples": 5}
        return plugins.detector(name, interval_s=3600.0, parameters=given)

    row = nightly(days=6)[::60]
    row[10:12], row[100:105] = np.nan, 90.0
    values = panel(row)
    block = Panel(values.signal, values.unit, values.targets, values.times * 60, values.values)
    hold = np.zeros(block.shape, bool)
    hold[:, 80:90] = True
    start = compose(make).fit(panel([]))
    together, _ = start.judge(block, hold)
    apart, state = [], start
    for t in range(block.shape[1]):
        one, state = state.judge(block.columns(t, t + 1), hold[:, t : t + 1])
        apart.append(one.score)
    assert np.isfinite(together.score).sum() > 100
    assert np.concatenate(apart, axis=1) == pytest.approx(together.score, nan_ok=True)


@pytest.mark.parametrize(
    ("sample", "direction", "status"),
    [
        (14.9, Direction.UP, Status.NORMAL),
        (15.1, Direction.UP, Status.ANOMALY),
        (0.0, Direction.UP, Status.NORMAL),
        (4.9, Direction.BOTH, Status.ANOMALY),
    ],
)
def test_direction_and_smallest_deviation_count_once_for_all_members(sample, direction, status):
    # One member alone: centre 10, reach 1, widened to the 5 that matter.
    unsure = Says(np.nan, np.nan)
    stack = Stack(Says(10.0, 1.0), unsure, unsure, direction, min_abs=5.0)
    assert judge(stack, panel([sample])).status == [[status]]


def test_what_a_signal_says_moves_from_the_members_to_the_stack():
    stack = shipped(direction=Direction.UP, min_abs=5.0, min_rel=0.3)
    assert (stack.direction, stack.min_abs, stack.min_rel) == (Direction.UP, 5.0, 0.3)
    members = (stack.season, stack.level, stack.change)
    assert {(one.direction, one.min_abs, one.min_rel) for one in members} == {(Direction.BOTH, 0.0, 0.0)}

"""trends: levels that moved and stayed, steady growth and when it is full, what a slow service waits for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.trends import trends
from aiops.model import Edge, Facts, Panel, Role, Signal, Target, TargetMapping

STEP_MS = 300_000
DAYS = 8
LENGTH = DAYS * 288
DAY = np.arange(LENGTH) / 288


def service(name):
    return Target("Deployment", "shop", name)


def signal(name, role=Role.CPU, unit="ratio", limit=None):
    return Signal(name, name, unit, role, TargetMapping("Deployment", "name"), limit=limit)


def noise(seed, share=0.02):
    return 1 + share * np.random.default_rng(seed).standard_normal(LENGTH)


def panel(name, unit="ratio", **rows):
    times = np.arange(LENGTH, dtype=np.int64) * STEP_MS
    return Panel(name, unit, tuple(service(row) for row in rows), times, np.array(list(rows.values())))


def look(*panels, facts=None, **roles):
    signals = {one.signal: roles.get(one.signal, signal(one.signal, unit=one.unit)) for one in panels}
    return trends(panels, signals, facts or Facts(LENGTH * STEP_MS))


def season():
    """A daily season three times as high by day as by night."""
    return 2 + np.sin(2 * np.pi * DAY)


def test_a_level_that_moved_and_stayed_is_dated_to_the_block():
    moved = noise(1) * np.where(DAY >= 5, 1.5, 1.0)
    (found,) = look(panel("cpu", a=moved, b=noise(2))).shifts
    assert found.target == service("a")
    assert (found.before, found.after) == (pytest.approx(1.0, rel=0.02), pytest.approx(1.5, rel=0.02))
    assert found.at_ms == pytest.approx(5 * 86_400_000, abs=1_800_000)  # 8 days in at most 400 blocks: 30 min


def test_a_daily_season_is_no_change_of_level():
    assert look(panel("cpu", a=season() * noise(1))).shifts == ()


def test_a_change_of_level_is_seen_through_a_season_that_is_larger():
    (found,) = look(panel("cpu", a=season() * noise(1) + np.where(DAY >= 4.4, 1.0, 0.0))).shifts
    assert found.at_ms == pytest.approx(4.4 * 86_400_000, abs=3 * 3_600_000)


def test_a_hump_of_an_hour_that_goes_back_is_none():
    assert look(panel("cpu", a=noise(1) * np.where((DAY > 3) & (DAY < 3.05), 4.0, 1.0))).shifts == ()


def test_there_and_back_after_two_days_is_two_changes():
    found = look(panel("cpu", a=noise(1) * np.where((DAY >= 3) & (DAY < 5), 2.0, 1.0))).shifts
    assert [round(one.at_ms / 86_400_000) for one in found] == [3, 5]


@pytest.mark.parametrize(("factor", "count"), [(1.05, 0), (1.2, 1)])
def test_a_twentieth_more_is_no_change_of_level_a_fifth_is(factor, count):
    assert len(look(panel("cpu", a=noise(1, 0.001) * np.where(DAY >= 4, factor, 1.0))).shifts) == count


def test_a_wandering_series_is_not_cut_into_levels():
    walk = 100 + np.cumsum(np.random.default_rng(3).standard_normal(LENGTH)) * 0.05
    assert look(panel("cpu", a=walk)).shifts == ()


def test_steady_growth_says_when_it_is_full():
    """From 0.4, 0.05 a day for 8 days: 0.8 at the end, so the limit of 1 is 4 days ahead."""
    grows = (0.4 + 0.05 * DAY) * noise(1, 0.01)
    (found,) = look(panel("disk", a=grows), disk=signal("disk", Role.DISK, limit=1.0)).growths
    assert found.per_day == pytest.approx(0.05, rel=0.05)
    assert found.low < 0.05 < found.high
    assert found.days_left == pytest.approx(4.0, abs=0.3)
    assert found.days_left_least < found.days_left < found.days_left_most


def test_growth_is_seen_under_a_season():
    (found,) = look(panel("cpu", a=season() + 0.2 * DAY)).growths
    assert found.per_day == pytest.approx(0.2, rel=0.1)
    assert found.days_left is None  # it has no limit


def test_what_shrinks_never_gets_full():
    (found,) = look(panel("disk", a=0.9 - 0.05 * DAY), disk=signal("disk", Role.DISK, limit=1.0)).growths
    assert found.per_day == pytest.approx(-0.05, rel=0.05)
    assert found.days_left is None


def test_a_saw_tooth_does_not_grow_steadily():
    assert look(panel("mem", a=(0.4 + 0.2 * (DAY % 1)) * noise(1))).growths == ()


def test_growth_that_will_not_matter_for_the_limit_is_passed_over():
    """0.08 of the limit in 8 days: under the tenth that matters."""
    grows = panel("disk", a=0.1 + 0.01 * DAY)
    assert look(grows, disk=signal("disk", Role.DISK, limit=1.0)).growths == ()
    assert len(look(grows).growths) == 1  # without a limit it nearly doubled


LATENCY = signal("latency", Role.LATENCY, "s")
BUSY = (DAY % 1) > 0.85  # 15 % of the time


def test_a_callee_that_adds_the_time_is_the_bottleneck():
    """front is 0.3 s slower when busy, db 0.28 s."""
    slow = panel("latency", "s", front=0.1 + 0.3 * BUSY, db=0.02 + 0.28 * BUSY, other=0.05 + 0.0 * BUSY)
    facts = Facts(0, edges=(Edge(service("front"), service("db")), Edge(service("front"), service("other"))))
    front, *_ = reversed(look(slow, facts=facts, latency=LATENCY).bottlenecks)
    assert (front.target, front.cause, front.callee) == (service("front"), "callee", service("db"))
    assert front.share == pytest.approx(0.28 / 0.3, abs=0.01)
    assert (front.usual, front.slow) == (pytest.approx(0.1), pytest.approx(0.4))


def test_a_callee_that_is_seldom_called_explains_little():
    """db adds 0.28 s to one request in ten: 0.028 of 0.3 s."""
    slow = panel("latency", "s", front=0.1 + 0.3 * BUSY, db=0.02 + 0.28 * BUSY)
    calls = panel("requests", "1/s", front=np.full(LENGTH, 100.0), db=np.full(LENGTH, 10.0))
    facts = Facts(0, edges=(Edge(service("front"), service("db")),))
    roles = {"latency": LATENCY, "requests": signal("requests", Role.TRAFFIC, "1/s")}
    front = look(slow, calls, facts=facts, **roles).bottlenecks[-1]
    assert (front.target, front.cause) == (service("front"), "none found")


@pytest.mark.parametrize(("full", "cause"), [(0.69, "none found"), (0.71, "resource")])
def test_a_resource_is_the_bottleneck_when_it_is_near_its_limit(full, cause):
    slow = panel("latency", "s", cart=0.1 + 0.3 * BUSY)
    busy = panel("cpu", cart=np.where(BUSY, full, 0.2))
    (cart,) = look(slow, busy, latency=LATENCY).bottlenecks
    assert cart.cause == cause
    if cause == "resource":
        assert (cart.resource, cart.share) == ("cpu", pytest.approx(0.71))


def test_a_full_resource_that_does_not_move_with_the_latency_is_no_bottleneck():
    slow = panel("latency", "s", cart=0.1 + 0.3 * BUSY)
    (cart,) = look(slow, panel("memory", cart=0.9 * noise(4)), latency=LATENCY).bottlenecks
    assert cart.cause == "none found"


def test_a_service_that_is_always_as_fast_is_not_listed():
    assert look(panel("latency", "s", cart=0.1 * noise(1, 0.05)), latency=LATENCY).bottlenecks == ()


def test_what_is_too_short_or_too_patchy_is_counted_not_guessed():
    patchy = np.where(np.arange(LENGTH) % 7 == 0, noise(1), np.nan)
    gone = np.where(np.arange(LENGTH) < LENGTH * 0.4, noise(2), np.nan)
    found = look(panel("cpu", patchy=patchy, gone=gone, good=noise(3), empty=np.full(LENGTH, np.nan)))
    assert (found.series, found.skipped) == (4, 2)  # a sample in every block is enough for ``patchy``
    assert found.shifts == found.growths == ()


def test_a_series_that_began_late_is_judged_by_what_there_is_of_it():
    """The last 3 of 8 days: from 0.5, 0.1 a day."""
    late = np.where(DAY >= 5, 0.5 + 0.1 * (DAY - 5), np.nan)
    old, new = look(
        panel("disk", a=0.4 + 0.05 * DAY, z=late), disk=signal("disk", Role.DISK, limit=1.0)
    ).growths
    assert (old.per_day, new.per_day) == (pytest.approx(0.05, rel=0.05), pytest.approx(0.1, rel=0.05))
    assert new.days_left == pytest.approx(2.0, abs=0.2)  # 0.2 are left of it


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e308])
def test_absurd_samples_are_as_good_as_none(bad):
    """M4."""
    row = noise(1)
    row[::50] = bad
    assert look(panel("cpu", a=row)).shifts == ()


def test_conditions_have_no_level():
    state = panel("crash", "bool", a=(DAY > 4).astype(float))
    found = look(state, crash=signal("crash", Role.CONDITION, "bool"))
    assert (found.series, found.shifts) == (0, ())


def test_nothing_at_all_is_no_trend():
    assert trends([], {}, Facts(7)).shifts == ()
    assert look(panel("cpu", a=noise(1)).columns(0, 1)).skipped == 1
    nobody = panel("disk", x=noise(1)).rows([])
    assert len(look(panel("cpu", a=noise(1) + DAY), nobody).growths) == 1


@given(st.integers(0, 1000), st.sampled_from([1e-3, 1024.0]))
@settings(max_examples=10, deadline=None)
def test_the_unit_changes_no_finding(seed, factor):
    random = np.random.default_rng(seed)
    row = noise(seed) * np.where(random.uniform(1, 7) < DAY, random.uniform(0.5, 2), 1.0)
    plain, scaled = look(panel("cpu", "", a=row)), look(panel("cpu", "", a=row * factor))
    assert [one.at_ms for one in scaled.shifts] == [one.at_ms for one in plain.shifts]
    assert len(scaled.growths) == len(plain.growths)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=4, unique=True))
@settings(max_examples=10, deadline=None)
def test_series_are_judged_alike_together_and_apart(seeds):
    rows = {f"s{seed}": noise(seed) * np.where(seed % 7 < DAY, 1.5, 1.0) for seed in seeds}
    together = look(panel("cpu", "", **rows))
    apart = [look(panel("cpu", "", **{name: row})) for name, row in sorted(rows.items())]
    assert together.shifts == tuple(one for each in apart for one in each.shifts)

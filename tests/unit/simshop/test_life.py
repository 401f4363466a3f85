"""Life: seeds, schedules, truths, and what each fault shows to whoever looks."""

import numpy as np
import pytest

from tests.simshop.cluster import lines
from tests.simshop.faults import APART_S, FAULTS, USUAL, schedule
from tests.simshop.life import live
from tests.simshop.observe import Observer
from tests.simshop.record import signals

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def lives():
    """One short life for each fault, half a day after its start, and what is seen of it."""
    made = {}
    for name in FAULTS:
        life = live(1000, 1.0, [name], step_s=300, history_days=0.2)
        made[name] = (life, Observer(life, 1000))
    return made


@pytest.fixture(scope="module")
def calm():
    life = live(1000, 1.0, [], step_s=300, history_days=0.2)
    return life, Observer(life, 1000)


def seen(life_and_eye, name, target):
    """(values while the fault acts, values before it) of one target's signal."""
    life, observer = life_and_eye
    signal = next(one for one in signals() if one.name == name)
    panel = observer.panel(signal)
    row = panel.values[panel.targets.index(target)]
    truth = life.truths[0]
    during = (panel.times >= truth.start_ms) & (panel.times <= truth.end_ms)
    return row[during], row[panel.times < truth.start_ms]


def test_the_same_seed_lives_the_same_life():
    first, second = (live(7000, 0.5, ["cpu"], step_s=300, history_days=0.1) for _ in range(2))
    assert first.truths == second.truths
    assert np.array_equal(first.latency_s, second.latency_s)
    assert lines(first) == lines(second)


def test_another_seed_lives_another_life():
    first, second = (live(seed, 0.5, [], step_s=300, history_days=0.1) for seed in (7000, 7001))
    assert not np.array_equal(first.demand, second.demand)


def test_a_fault_changes_nothing_before_it_begins(lives, calm):
    life, _ = lives["cpu"]
    before = life.clock.times < life.truths[0].start_ms
    assert before.sum() > 100
    assert np.array_equal(life.latency_s[before], calm[0].latency_s[before])


def test_a_calm_life_has_no_true_incidents_but_is_not_flat(calm):
    life, _ = calm
    assert life.truths == ()
    gateway = life.demand[:, life.shop.index("gateway")]
    assert gateway.max() > 3 * gateway.min()  # a day has a night


@pytest.mark.parametrize(
    ("fault", "signal", "least"),
    [
        ("leak", "memory_working_set", 0.85),
        ("cpu", "cpu_usage", 0.75),
        ("deploy", "error_ratio", 0.08),
        ("disk", "volume_used_ratio", 0.94),
        ("crashloop", "crash_looping", 1.0),
        ("image", "image_pull_failing", 1.0),
        ("node", "node_not_ready", 1.0),
    ],
)
def test_a_fault_shows_at_its_own_target(lives, fault, signal, least):
    during, before = seen(lives[fault], signal, lives[fault][0].truths[0].target)
    assert np.nanmax(during) >= least
    assert np.nanmax(during) > np.nanmax(before)


@pytest.mark.parametrize(("fault", "signal"), [("dependency", "latency_p95"), ("surge", "request_rate")])
def test_a_fault_multiplies_what_is_usual(lives, fault, signal):
    during, before = seen(lives[fault], signal, lives[fault][0].truths[0].target)
    assert np.nanmax(during) > 2.5 * np.nanmedian(before)


def test_a_fault_leaves_when_it_is_repaired(lives):
    life, observer = lives["deploy"]
    truth = life.truths[0]
    panel = observer.panel(next(one for one in signals() if one.name == "error_ratio"))
    row = panel.values[panel.targets.index(truth.target)]
    after = panel.times > truth.end_ms + 15 * 60_000
    assert np.nanmedian(row[after]) < 0.02


def test_a_bad_deploy_is_a_rollout_that_looks_like_any_other(lives):
    """Nothing of the truth is among the facts."""
    life, _ = lives["deploy"]
    truth = life.truths[0]
    told = [line.value for line in lines(life) if getattr(line.value, "target", None) == truth.target]
    details = {one.detail for one in told if hasattr(one, "kind")}
    assert any(detail.startswith("to revision") for detail in details)
    assert not any("deploy" in detail or "bad" in detail for detail in details)


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_faults_come_after_the_history_apart_and_within_the_life(seed):
    life = live(seed, 8.0, USUAL, step_s=3600)
    starts = [truth.start_ms - life.clock.start_ms for truth in life.truths]
    ends = [truth.end_ms - life.clock.start_ms for truth in life.truths]
    assert starts[0] >= 3 * DAY_MS
    assert ends[-1] <= 8 * DAY_MS
    gaps_s = [(start - end) / 1000 for start, end in zip(starts[1:], ends, strict=False)]
    assert min(gaps_s) >= APART_S - 1


def test_there_are_whole_quiet_days_between_faults():
    random = np.random.default_rng(1)
    days = {int(start // 86_400) for _, start in schedule(USUAL, 8.0, 3.0, random)}
    assert days == {3, 5, 7}


@pytest.mark.parametrize(
    ("days", "faults", "what"),
    [(8.0, ["flood"], "faults"), (0.0, [], "days"), (3.0, ["leak"], "days"), (3.5, list(USUAL), "days")],
)
def test_a_bad_wish_is_named_in_the_error(days, faults, what):
    with pytest.raises(ValueError, match=what):
        live(1000, days, faults, step_s=600)

"""rank: who is suspected first, why, and what must not change that."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.rootcause import rank
from aiops.model import (
    Anomaly,
    AnomalyKind,
    ClusterEvent,
    Condition,
    Direction,
    Edge,
    EventKind,
    Facts,
    Node,
    Panel,
    Pod,
    Role,
    Target,
    Workload,
)

STEP_MS = 60_000
ONSET = 60  # column of the first bad sample
LENGTH = 70
ONSET_MS = ONSET * STEP_MS
ROLES = {
    "latency": Role.LATENCY,
    "errors": Role.ERRORS,
    "cpu": Role.CPU,
    "memory": Role.MEMORY,
    "requests": Role.TRAFFIC,
    "network": Role.NETWORK,
}


def service(name):
    return Target("Deployment", "shop", name)


def calm(level=1.0, seed=0):
    """Noise of 1 % round ``level``: far inside the 5 % that always count as usual."""
    return level * (1 + 0.01 * np.random.default_rng(seed).standard_normal(LENGTH))


def lifted(row, factor, at=ONSET):
    row = row.copy()
    row[at:] *= factor
    return row


def panel(signal, rows, unit=""):
    targets = tuple(service(name) for name in rows)
    return Panel(signal, unit, targets, np.arange(LENGTH) * STEP_MS, np.array(list(rows.values())))


def facts(*calls, **more):
    edges = tuple(Edge(service(caller), service(callee)) for caller, callee in calls)
    return Facts(ONSET_MS, edges=edges, **more)


def anomaly(name, signal, score=3.0, *, direction=Direction.UP, role=None, since_ms=ONSET_MS, **more):
    target = name if isinstance(name, Target) else service(name)
    given = {"observed": 9.0, "low": -math.inf, "high": 1.0, "at_ms": ONSET_MS + 5 * STEP_MS} | more
    return Anomaly(
        kind=AnomalyKind.OBSERVED,
        target=target,
        signal=signal,
        role=role or ROLES[signal],
        unit="",
        detector="test",
        since_ms=since_ms,
        score=score,
        direction=direction,
        **given,
    )


def names(suspects):
    return [one.target.name for one in suspects]


def said(suspect):
    return " | ".join(one.what for one in suspect.evidence)


CHAIN = (("front", "cart"), ("cart", "db"))


def slow_chain():
    """Everything is slower by the same 0.8 s: the db adds it, cart and front wait for it."""
    return panel(
        "latency",
        {
            "front": lifted(calm(0.4, 1), 3.0),
            "cart": lifted(calm(0.2, 2), 5.0),
            "db": lifted(calm(0.1, 3), 9.0),
            "search": calm(0.3, 4),
        },
    )


def test_the_callee_that_adds_the_time_comes_before_those_that_wait_for_it():
    suspects = rank([slow_chain()], ROLES, ONSET_MS, facts(*CHAIN))
    assert names(suspects)[0] == "db"
    assert "explains the trouble of cart" in said(suspects[0])
    assert "calls db, which explains 100% of its being slow" in said(
        next(one for one in suspects if one.target.name == "cart")
    )


def test_a_callee_whose_time_is_too_small_to_matter_is_no_excuse():
    """db is six times slower, yet 5 ms of the 800 ms that cart lost: sigmas would blame db, time does not."""
    slow = panel(
        "latency",
        {
            "front": lifted(calm(0.4, 1), 3.0),
            "cart": lifted(calm(0.2, 2), 5.0),
            "db": lifted(calm(0.001, 3), 6.0),
        },
    )
    assert names(rank([slow], ROLES, ONSET_MS, facts(*CHAIN)))[0] == "cart"


def test_time_is_weighed_by_requests_where_they_are_known():
    """``a`` is 0.2 s slower for all of 100 requests, ``b`` 1 s slower for 1: the 20 s that front lost are
    those of ``a``."""
    calls = (("front", "a"), ("front", "b"))
    slow = panel(
        "latency",
        {
            "front": calm(0.5) + 0.2 * (np.arange(LENGTH) >= ONSET),
            "a": lifted(calm(0.1, 1), 3.0),
            "b": lifted(calm(0.1, 2), 11.0),
        },
    )
    requests = panel("requests", {"front": calm(100.0, 3), "a": calm(100.0, 4), "b": calm(1.0, 5)})
    alarm = [anomaly("front", "latency")]
    assert names(rank([slow, requests], ROLES, ONSET_MS, facts(*calls), alarm))[0] == "a"
    assert names(rank([slow], ROLES, ONSET_MS, facts(*calls), alarm))[0] == "b"


def test_a_callee_that_moved_at_another_time_explains_little():
    """Both lost 0.4 s, but ``early`` was slow before front was, and fast again when front became slow."""
    time = np.arange(LENGTH)
    slow = panel(
        "latency",
        {
            "front": calm(0.5) + 0.4 * (time >= ONSET + 5),
            "early": calm(0.1, 1) + 0.4 * ((time >= ONSET) & (time < ONSET + 5)),
            "then": calm(0.1, 2) + 0.4 * (time >= ONSET + 5),
        },
    )
    alarm = [anomaly("front", "latency")]
    suspects = rank([slow], ROLES, ONSET_MS, facts(("front", "early"), ("front", "then")), alarm)
    assert names(suspects)[0] == "then"
    assert suspects[0].confidence > 0.9


def test_without_a_graph_own_resources_tell_the_cause_from_its_victims():
    slow = panel("latency", {"front": lifted(calm(0.4, 1), 3.0), "cart": lifted(calm(0.2, 2), 3.0)})
    busy = panel("cpu", {"front": calm(0.5, 3), "cart": lifted(calm(0.5, 4), 1.9)}, "ratio")
    suspects = rank([slow, busy], ROLES, ONSET_MS, facts())
    assert names(suspects)[0] == "cart"
    assert "cpu: 95" in said(suspects[0])  # 0.5 * 1.9


def test_a_surge_is_blamed_on_where_the_requests_come_in_not_on_who_buckles():
    """Everybody gets twice the requests; cart runs out of CPU and is slow, which front waits for."""
    requests = panel(
        "requests", {name: lifted(calm(50.0, i), 2.0) for i, name in enumerate(("front", "cart", "db"))}
    )
    busy = panel("cpu", {"cart": lifted(calm(0.5, 4), 2.0), "db": lifted(calm(0.2, 5), 2.0)}, "ratio")
    slow = panel("latency", {"front": lifted(calm(0.4, 6), 2.0), "cart": lifted(calm(0.2, 7), 3.0)})
    alarm = [anomaly("cart", "cpu"), anomaly("cart", "latency"), anomaly("front", "latency")]
    assert names(rank([requests, busy, slow], ROLES, ONSET_MS, facts(*CHAIN), alarm))[0] == "front"


def test_a_surge_is_known_by_its_anomaly_when_it_hurts_only_as_it_ends():
    """The requests are back when cart becomes slow: samples from then on show no surge any more."""
    row = calm(50.0, 1)
    row[ONSET - 30 : ONSET + 2] *= 4
    requests = panel("requests", {"front": row, "cart": row})
    early = {"since_ms": ONSET_MS - 30 * STEP_MS, "observed": 200.0, "high": 60.0}
    alarm = [anomaly(name, "requests", **early) for name in ("front", "cart")]
    alarm += [anomaly("cart", "cpu", **early), anomaly("cart", "latency", since_ms=ONSET_MS)]
    assert (
        names(rank([requests], ROLES, ONSET_MS - 30 * STEP_MS, facts(("front", "cart")), alarm))[0] == "front"
    )


def test_retries_do_not_make_a_failing_callee_the_victim_of_its_caller():
    """db fails and gets twice the requests, because cart tries again; cart itself gets no more than usual."""
    failing = panel(
        "errors",
        {"cart": 0.2 * (np.arange(LENGTH) >= ONSET), "db": 0.4 * (np.arange(LENGTH) >= ONSET)},
        "ratio",
    )
    requests = panel("requests", {"cart": calm(50.0, 1), "db": lifted(calm(50.0, 2), 2.0)})
    assert names(rank([failing, requests], ROLES, ONSET_MS, facts(("cart", "db"))))[0] == "db"


def test_what_callers_try_again_is_no_load_from_outside():
    """A full db fails; cart and front try again, so both of the inner ones get more requests. No more come in
    at the door."""
    failed = (np.arange(LENGTH) >= ONSET) * 1.0
    failing = panel("errors", {"front": 0.1 * failed, "cart": 0.4 * failed, "db": 0.7 * failed}, "ratio")
    requests = panel(
        "requests",
        {"front": calm(50.0, 1), "cart": lifted(calm(30.0, 2), 1.7), "db": lifted(calm(60.0, 3), 2.5)},
    )
    alarm = [anomaly(name, "errors") for name in ("front", "cart", "db")] + [anomaly("cart", "requests")]
    assert names(rank([failing, requests], ROLES, ONSET_MS, facts(*CHAIN), alarm))[0] == "db"


def test_what_filled_for_hours_is_held_against_the_calm_before_it_hurt():
    """Requests rise from 50 to 120 in the 100 min before it hurts, as every day. Of the whole night's calm
    that would be (120 - 50) / (1.25 * 8.75) = 6 sigmas and a surge; of the last three hours' it is 2."""
    count = 480  # 8 h; the volume of db fills since the second, failures begin with the seventh
    times = np.arange(count) * STEP_MS
    hurts = (np.arange(count) >= 400) * 1.0
    noise = 1 + 0.01 * np.random.default_rng(1).standard_normal(count)
    day = np.interp(np.arange(count), [300, 400], [50.0, 120.0]) * noise
    targets = tuple(service(name) for name in ("front", "db"))
    requests = Panel("requests", "", targets, times, np.array([day, day]))
    failing = Panel("errors", "ratio", targets, times, np.array([0.4 * hurts, 0.7 * hurts]))
    hurt_ms = 400 * STEP_MS
    raised = [anomaly("db", "volume", role=Role.DISK, since_ms=100 * STEP_MS, at_ms=hurt_ms)]
    raised += [anomaly(name, "errors", since_ms=hurt_ms, at_ms=hurt_ms) for name in ("front", "db")]
    suspects = rank([requests, failing], ROLES, 100 * STEP_MS, facts(("front", "db")), raised)
    assert names(suspects)[0] == "db"
    assert "left its band first, 5.0 h before any other" in said(suspects[0])
    assert "explains the trouble of front" in said(suspects[0])


@pytest.mark.parametrize(
    ("minutes_before", "first"), [(29, "b"), (31, "a")], ids=["within half an hour", "longer ago"]
)
def test_a_change_shortly_before_tips_the_scale(minutes_before, first):
    slow = panel("latency", {"a": lifted(calm(0.4, 1), 3.1), "b": lifted(calm(0.4, 1), 3.0)})
    event = ClusterEvent(
        ONSET_MS - minutes_before * 60_000, service("b"), EventKind.ROLLOUT, "to revision 12"
    )
    suspects = rank([slow], ROLES, ONSET_MS, facts(events=(event,)))
    assert names(suspects)[0] == first
    if first == "b":
        assert suspects[0].change == "rollout to revision 12"
        assert "rolled out to revision 12 29 min before" in said(suspects[0])


def test_a_scaling_is_an_answer_and_not_a_change_that_causes():
    slow = panel("latency", {"a": lifted(calm(0.4, 1), 3.1), "b": lifted(calm(0.4, 1), 3.0)})
    event = ClusterEvent(ONSET_MS - 60_000, service("b"), EventKind.SCALE, "to 5")
    assert names(rank([slow], ROLES, ONSET_MS, facts(events=(event,)))) == ["a", "b"]


def test_a_series_that_was_constant_does_not_win_by_division():
    """``idle`` went from exactly 0 to 1 ns; ``busy`` from 0.5 s with noise to 3 s."""
    idle = 1e-9 * (np.arange(LENGTH) >= ONSET)
    noisy = 0.5 * (1 + 0.05 * np.random.default_rng(1).standard_normal(LENGTH))
    slow = panel("latency", {"idle": idle, "busy": lifted(noisy, 6.0)})
    busy = panel("cpu", {"busy": lifted(calm(0.3, 2), 3.0), "idle": calm(0.3, 3)})
    assert names(rank([slow, busy], ROLES, ONSET_MS, facts()))[0] == "busy"


@pytest.mark.parametrize(("share", "first"), [(0.004, "busy"), (0.2, "failing")])
def test_a_few_failures_more_are_usual(share, first):
    """0.4 % more is 0.4 sigmas, since 1 % is one; cpu rises by (2 - 1) / hypot(0.01, 0.05 * 2) = 10 sigmas,
    errors of 20 % are 0.2 / hypot(0.01, 0.05 * 0.2) = 14."""
    failing = panel("errors", {"failing": share * (np.arange(LENGTH) >= ONSET)}, "ratio")
    suspects = rank([failing, panel("cpu", {"busy": lifted(calm(1.0, 1), 2.0)})], ROLES, ONSET_MS, facts())
    assert names(suspects)[0] == first


def test_a_slow_callee_is_suspected_when_its_caller_fails():
    """Timeouts: front fails, db is slow and does not fail itself; half of the blame goes there."""
    failing = panel("errors", {"front": 0.3 * (np.arange(LENGTH) >= ONSET), "db": np.zeros(LENGTH)}, "ratio")
    slow = panel("latency", {"front": calm(0.4, 1), "db": lifted(calm(0.1, 2), 9.0)})
    suspects = rank([failing, slow], ROLES, ONSET_MS, facts(("front", "db")), [anomaly("front", "errors")])
    assert suspects[1].target == service("db")
    assert suspects[1].confidence == pytest.approx(0.5, abs=0.05)


def test_less_work_and_faster_answers_are_no_sign_of_a_cause():
    fast = panel("latency", {"a": lifted(calm(0.4, 1), 0.2), "b": lifted(calm(0.4, 2), 1.5)})
    idle = panel("cpu", {"a": lifted(calm(0.5, 3), 0.1), "b": calm(0.5, 4)})
    suspects = rank([fast, idle], ROLES, ONSET_MS, facts())
    assert names(suspects)[0] == "b"
    assert suspects[0].confidence > 0.95


@pytest.mark.parametrize("late", [0, 2, 4])
def test_a_late_alarm_is_set_back_to_the_real_onset(late):
    suspects = rank([slow_chain()], ROLES, ONSET_MS + late * STEP_MS, facts(*CHAIN))
    assert names(suspects)[0] == "db"
    assert {one.at_ms for one in suspects[0].evidence if one.signal} == {ONSET_MS}


@pytest.mark.parametrize(("minutes_before", "counts"), [(29, True), (31, False)])
def test_a_change_is_held_against_the_real_onset_not_the_late_alarm(minutes_before, counts):
    event = ClusterEvent(ONSET_MS - minutes_before * 60_000, service("db"), EventKind.IMAGE, "db:2")
    state = facts(*CHAIN, events=(event,))
    suspect = rank([slow_chain()], ROLES, ONSET_MS + 4 * STEP_MS, state)[0]
    assert suspect.change == ("image db:2" if counts else "")


def test_a_series_that_is_out_for_hours_sets_an_alarm_back_by_an_hour_at_most():
    long = 200
    row = np.concatenate([np.full(long, 1.0), np.full(120, 5.0)]) * (
        1 + 0.01 * np.random.default_rng(1).standard_normal(long + 120)
    )
    busy = Panel("cpu", "", (service("a"),), np.arange(len(row)) * STEP_MS, row[None, :])
    alarm_ms = (long + 90) * STEP_MS
    event = ClusterEvent(alarm_ms - 91 * 60_000, service("a"), EventKind.CONFIG, "")
    assert rank([busy], ROLES, alarm_ms, facts(events=(event,)))[0].change == ""


def test_what_left_its_band_first_is_said():
    grown = panel("memory", {"db": lifted(calm(100.0, 5), 2.0, at=ONSET - 3)})
    suspects = rank([slow_chain(), grown], ROLES, ONSET_MS, facts(*CHAIN))
    assert "memory: 200" in said(suspects[0])
    assert "left its band first, 3 min before any other" in said(suspects[0])


def test_anomalies_alone_are_enough():
    raised = [anomaly("front", "latency"), anomaly("db", "latency"), anomaly("db", "cpu")]
    suspects = rank((), {}, ONSET_MS, facts(("front", "db")), raised)
    assert names(suspects) == ["db", "front"]
    assert sum(one.confidence for one in suspects) == pytest.approx(1.0)
    assert sum(one.confidence for one in suspects) <= 1.0


def test_with_an_alarm_a_service_that_has_nothing_to_do_with_it_is_not_suspected():
    busy = panel("cpu", {"batch": lifted(calm(0.2, 1), 4.0), "db": lifted(calm(0.2, 2), 2.0)})
    suspects = rank([slow_chain(), busy], ROLES, ONSET_MS, facts(*CHAIN), [anomaly("front", "latency")])
    assert names(suspects)[0] == "db"
    assert "batch" not in names(suspects)


def test_a_callee_that_nobody_measures_is_blamed_for_what_kubernetes_says_of_it():
    broken = Condition(service("db"), "CrashLoopBackOff", ONSET_MS - STEP_MS)
    raised = [
        anomaly("cart", "errors"),
        anomaly("db", "crash", 1.0, role=Role.CONDITION, condition="CrashLoopBackOff"),
    ]
    suspects = rank((), {}, ONSET_MS, facts(("cart", "db"), conditions=(broken,)), raised)
    assert names(suspects)[0] == "db"
    assert "Kubernetes says: CrashLoopBackOff" in said(suspects[0])


def test_a_condition_that_held_for_hours_before_is_no_news():
    old = Condition(service("a"), "Pending", ONSET_MS - 2 * 3_600_000)
    raised = [anomaly("a", "latency"), anomaly("b", "latency", 3.1)]
    assert names(rank((), {}, ONSET_MS, facts(conditions=(old,)), raised)) == ["b", "a"]


NODE = Target("Node", "", "node-1")
HOSTED = {service(name): Workload(service(name), node_names=("node-1",)) for name in ("front", "cart", "db")}
DOWN = anomaly(NODE, "ready", 1.0, role=Role.CONDITION, condition="NodeNotReady")
FAILING = [anomaly(name, "errors", 5.0) for name in ("front", "cart", "db")]


def test_a_node_that_is_not_ready_is_blamed_for_what_runs_on_it():
    unwell = (Condition(NODE, "NodeNotReady", ONSET_MS),)
    state = facts(nodes={NODE: Node(NODE)}, workloads=HOSTED, conditions=unwell)
    suspects = rank((), {}, ONSET_MS, state, [*FAILING, DOWN])
    assert suspects[0].target == NODE
    assert "Kubernetes says: NodeNotReady" in said(suspects[0])


@pytest.mark.parametrize(("detail", "first"), [("not ready", "node-1"), ("ready", "cart")])
def test_a_node_without_any_series_is_known_by_its_event(detail, first):
    event = ClusterEvent(ONSET_MS + 40_000, NODE, EventKind.NODE, detail)
    suspects = rank((), {}, ONSET_MS, facts(workloads=HOSTED, events=(event,)), FAILING)
    assert names(suspects)[0] == first


def test_a_node_answers_for_its_incident_when_its_pods_run_elsewhere_by_now():
    unwell = (Condition(NODE, "NodeNotReady", ONSET_MS),)
    moved = {place: Workload(place, node_names=("node-2",)) for place in HOSTED}
    suspects = rank((), {}, ONSET_MS, facts(workloads=moved, conditions=unwell), [*FAILING, DOWN])
    assert suspects[0].target == NODE


def test_a_node_in_trouble_elsewhere_is_not_suspected():
    other = Target("Node", "", "node-9")
    unwell = (Condition(other, "NodeNotReady", ONSET_MS),)
    suspects = rank((), {}, ONSET_MS, facts(workloads=HOSTED, conditions=unwell), FAILING)
    assert "node-9" not in names(suspects)


def test_pods_speak_for_their_workload():
    pods = tuple(Target("Pod", "shop", f"cart-{i}") for i in range(3))
    owned = {pod: Pod(pod, owner=service("cart")) for pod in pods}
    rows = np.array([calm(1.0, 1), calm(1.0, 2), lifted(calm(1.0, 3), 5.0)])
    busy = Panel("cpu", "", pods, np.arange(LENGTH) * STEP_MS, rows)
    assert names(rank([busy], ROLES, ONSET_MS, Facts(ONSET_MS, pods=owned))) == ["cart"]


def test_a_share_of_successes_that_falls_is_a_failure():
    """From 1 to 0.9 is 0.1 / hypot(0.01, 0.05 * 0.1) = 8.9 sigmas, more than the 2 * 3.5 of ``b``; the
    anomaly of ``a`` alone, 3.5, would be less."""
    good = np.where(np.arange(LENGTH) >= ONSET, 0.9, 1.0)
    raised = [anomaly("a", "errors", 1.0, direction=Direction.DOWN), anomaly("b", "latency", 2.0)]
    share = panel("errors", {"a": good, "b": np.ones(LENGTH)}, "ratio")
    assert names(rank([share], ROLES, ONSET_MS, facts(), raised)) == ["a", "b"]
    assert names(rank([], ROLES, ONSET_MS, facts(), raised)) == ["b", "a"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308])
def test_gaps_and_absurd_samples_raise_nothing_and_blame_nobody(bad):
    """M4: such samples are as good as none; nothing else is known of ``b``."""
    rows = {"a": lifted(calm(1.0, 1), 3.0), "b": np.where(np.arange(LENGTH) % 2, bad, calm(1.0, 2))}
    suspects = rank([panel("latency", rows)], ROLES, ONSET_MS, facts(("a", "b")))
    assert names(suspects)[0] == "a"
    assert all(math.isfinite(one.confidence) for one in suspects)


def test_nothing_known_is_nobody_suspected():
    assert rank((), {}, ONSET_MS, facts()) == ()
    empty = Panel("cpu", "", (), np.arange(3) * STEP_MS, np.zeros((0, 3)))
    assert rank([empty], ROLES, ONSET_MS, facts()) == ()


@pytest.mark.parametrize(("samples", "suspected"), [(4, []), (5, ["a"])])
def test_five_samples_of_calm_are_just_enough(samples, suspected):
    row = np.array([1.0] * samples + [9.0] * 3)
    few = Panel("cpu", "", (service("a"),), np.arange(len(row)) * STEP_MS, row[None, :])
    assert names(rank([few], ROLES, samples * STEP_MS, facts())) == suspected


def test_a_cycle_of_calls_ends():
    suspects = rank([slow_chain()], ROLES, ONSET_MS, facts(*CHAIN, ("db", "front")))
    assert set(names(suspects)) >= {"front", "cart", "db"}
    assert sum(one.confidence for one in suspects) <= 1.0


CASES = st.integers(0, 10_000)


def drawn(seed, count=6):
    """A small system in trouble: some services moved in some signals, some calls are known."""
    random = np.random.default_rng(seed)
    some = [f"s{i}" for i in range(count)]
    panels = []
    for number, signal in enumerate(("latency", "errors", "cpu", "requests")):
        rows = {}
        for i, name in enumerate(some):
            row = calm(random.uniform(0.1, 0.3), seed=seed * 100 + number * 10 + i)
            rows[name] = lifted(row, random.uniform(1.2, 4)) if random.random() < 0.4 else row
        panels.append(panel(signal, rows))
    calls = [(a, b) for i, a in enumerate(some) for b in some[i + 1 :] if random.random() < 0.3]
    return panels, calls


def order(suspects, *left_out):
    return [
        (one.target.name, round(one.confidence, 9)) for one in suspects if one.target.name not in left_out
    ]


@given(CASES)
@settings(max_examples=30, deadline=None)
def test_an_unrelated_calm_service_changes_nothing_for_the_others(seed):
    """Its own faint wobble may take a share of the confidence, so order is what counts."""
    panels, calls = drawn(seed)
    more = [
        Panel(
            one.signal,
            one.unit,
            (*one.targets, service("zz-calm")),
            one.times,
            np.vstack([one.values, np.full(LENGTH, 3.0)]),
        )
        for one in panels
    ]
    state = facts(*calls)
    assert order(rank(more, ROLES, ONSET_MS, state), "zz-calm") == order(rank(panels, ROLES, ONSET_MS, state))


@given(CASES, st.sampled_from([1e-3, 1024.0, 1e9]))
@settings(max_examples=30, deadline=None)
def test_the_unit_of_a_signal_changes_nothing(seed, factor):
    panels, calls = drawn(seed)
    scaled = [Panel(one.signal, one.unit, one.targets, one.times, one.values * factor) for one in panels]
    state = facts(*calls)
    assert order(rank(scaled, ROLES, ONSET_MS, state)) == order(rank(panels, ROLES, ONSET_MS, state))


@given(CASES, st.permutations(range(6)), st.permutations(range(4)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_and_of_panels_changes_nothing(seed, rows, kinds):
    panels, calls = drawn(seed)
    turned = [panels[kind].rows(rows) for kind in kinds]
    state = facts(*calls)
    assert order(rank(turned, ROLES, ONSET_MS, state)) == order(rank(panels, ROLES, ONSET_MS, state))


@given(CASES, st.permutations(range(6)))
@settings(max_examples=30, deadline=None)
def test_names_change_nothing(seed, other):
    """The same system under other names is ranked the same, up to ties."""
    panels, calls = drawn(seed)
    new = {f"s{i}": f"n{other[i]}" for i in range(6)}
    renamed = [
        Panel(one.signal, one.unit, tuple(service(new[t.name]) for t in one.targets), one.times, one.values)
        for one in panels
    ]
    state = facts(*((new[a], new[b]) for a, b in calls))
    was = dict(order(rank(panels, ROLES, ONSET_MS, facts(*calls))))
    assert dict(order(rank(renamed, ROLES, ONSET_MS, state))) == pytest.approx(
        {new[k]: v for k, v in was.items()}
    )

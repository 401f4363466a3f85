"""M11, G9: a fix that does not help, that makes it worse, that infects the next one: not for ever."""

import itertools
from dataclasses import replace

from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.model import Breaker, Condition, Edge, Mode, Scope, Target
from tests.chaos.acts import ACTS
from tests.chaos.load import BUDGETS
from tests.chaos.stage import FakeStage, Run
from tests.unit.core.cases import CART, MINUTE, NOW, anomaly, policy, workload

RESTART = ACTS[0]


def useless_day(hours=24, **options):
    """So many hours of an incident that stays, minute by minute."""
    run = Run(RESTART, FakeStage(RESTART), helps=False, **options)
    run.at(-60)
    for minute in range(hours * 60):
        run.at(minute)
    return run


def test_a_useless_restart_is_tried_at_most_three_times_a_day_then_a_person_has_it():
    """G9, M11: at most 3 attempts in 24 simulated hours, then a lock-out, and one escalation."""
    run = useless_day()
    started = list(run.store.read(kinds=("plan_started", "rung_started")))
    assert 1 <= len(started) <= 3
    assert len(run.stage.effects()) == len(started)
    assert run.loop.ledger.failures[str(CART)] == len(started)
    decided = [one.entry.payload["decision"] for one in run.store.read(kinds=("decided",))]
    assert decided.count("escalate") == 1
    (life,) = run.loop.memory.lives.values()
    assert life.state.value == "escalated"
    (told,) = [
        one for one in run.store.read(kinds=("decided",)) if one.entry.payload["decision"] == "escalate"
    ]
    said = {one["guard"] for one in told.entry.payload["value"]["reasons"] if one["lean"] == "escalate"}
    assert "lock_out" in said


def test_without_attempts_back_off_and_lock_out_it_would_be_tried_all_day():
    """The control: the same day with every limit out of reach."""
    lenient = policy(
        scopes=(Scope(Mode.AUTO, playbook="chaos"),),
        budgets=replace(BUDGETS, workload_per_window=10**6, workload_window_s=1),
        lock_after_failures=10**6,
        backoff_max_s=1,
        breaker=Breaker(10**6, 10**6, 10**6),
    )
    books = tuple(replace(one, max_attempts=10**6, cooldown_s=1) for one in RESTART.rules().playbooks)
    run = useless_day(3, rules=RESTART.rules(policy=lenient, playbooks=books))
    assert len(run.stage.effects()) > 20


def test_a_restart_that_makes_it_worse_is_no_different():
    """M11: stuck afterwards, which is harm: at most as often, and never more than a useless one."""
    stage = FakeStage(RESTART)
    run = Run(RESTART, stage, helps=False)

    def stuck(request, plain=stage.cluster.on_commit):
        plain(request)
        one = Condition(CART, "RolloutStuck", stage.now_ms + 31_000, "0 of 4 updated")
        stage.cluster.known = replace(stage.cluster.known, conditions=(one,))

    stage.cluster.on_commit = stuck
    run.at(-60)
    for minute in range(24 * 60):
        run.at(minute)
    assert 1 <= len(run.stage.effects()) <= 3
    assert all(one == "failed" for one in run.results() if one != "applied")


def infected(edges, helps):
    """A day of ten workloads in a row, each of which goes bad twelve minutes after the one before it was
    restarted: what was restarted. What helps ends the trouble of its own workload."""
    names = [Target("Deployment", "shop", f"w{number}") for number in range(10)]
    ring = tuple(Edge(after, before) for before, after in itertools.pairwise(names)) if edges else ()
    many = tuple(workload(one, uid=f"uid-{one.name}") for one in names)
    act = replace(RESTART, also=lambda _: {"others": many, "edges": ring}, prime=lambda _: names[0])
    stage = FakeStage(act)
    run, bad = Run(act, stage, helps=helps), {names[0]: NOW}
    run.at(-60)
    for minute in range(24 * 60):
        run.minute, now_ms = minute, NOW + minute * MINUTE
        for one in {one.target for one in stage.effects()} & set(names[:-1]):
            bad.setdefault(names[names.index(one) + 1], now_ms + 12 * MINUTE)
        fresh = [one for one, since_ms in bad.items() if since_ms == now_ms]
        happened = [Raised(anomaly(one, since_ms=now_ms, at_ms=now_ms)) for one in fresh]
        well = {one.target for one in stage.effects() if one.at_ms == now_ms - MINUTE} if helps else ()
        happened += [Cleared(one, "memory", now_ms, "default") for one in well]
        run.loop.advance(now_ms, happened, run.hands.facts(now_ms), SEEING)
    return [one.target.name for one in stage.effects()]


def test_a_fix_that_infects_its_neighbours_is_not_carried_from_one_to_the_next():
    """M11 (Azure 2012): useless, and the next one in the row goes bad each time. After five outcomes, all of
    them failures, the breaker is open, and only a person closes it."""
    assert 1 <= len(infected(edges=True, helps=False)) <= 5


def test_what_helps_and_is_tied_to_nothing_is_carried_on():
    """The control: the same row, without calls between them, and each restart verified to help."""
    assert len(set(infected(edges=False, helps=True))) == 10

"""With acting on: what must keep our hands off. G7, M1 to M3, M6; M9, M10, M15, M16; B6, B8, B9.

Each is played on acts whose every guard else permits; the same act without the one thing is the control.
"""

import itertools
from dataclasses import replace

import pytest

from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.model import Autoscaler, Edge, Manager, Mode, Scope, Target
from tests.chaos.acts import ACTS, Place, each_act
from tests.chaos.stage import LAST, FakeStage, Run
from tests.chaos.test_blackout import VARIANTS, qualities
from tests.unit.core.cases import CART, DAY, MINUTE, NODE, NOW, anomaly, policy, workload

by_name = each_act()
RESTART, SCALE = ACTS[0], ACTS[1]
CORDON = next(one for one in ACTS if one.name == "cordon")
EVICT = next(one for one in ACTS if one.name == "evict_pod")


def verbs(run):
    return tuple(one.verb for one in run.stage.effects())


# G7: fourteen ways of not seeing, all acts, hands on


class Flagged(Run):
    """The detector flags the target all the while; ``seen`` says how well we see, minute by minute."""

    def __init__(self, act, seen):
        super().__init__(act, FakeStage(act))
        self.seen = seen

    def tick(self):
        now_ms = int(NOW + self.minute * MINUTE)
        happened = ()
        if self.minute >= -1:
            happened = (Raised(anomaly(self.prime, since_ms=NOW - 2 * MINUTE, at_ms=now_ms)),)
        quality = self.seen.get(self.minute, SEEING)
        self.loop.advance(now_ms, happened, self.hands.facts(now_ms), quality)
        if self.act.asks:
            self.approve(now_ms)


@by_name
@pytest.mark.parametrize("variant", VARIANTS)
def test_in_the_dark_nothing_is_written_and_in_the_light_it_is(variant, act):
    """G7, M1, M2, M3, M6: 14 variants, 12 acts, 0 writes, dry runs included, by the cluster's own audit."""
    seen = qualities(variant)
    run = Flagged(act, seen)
    run.at(-60)
    for minute in range(12):
        run.at(minute)
        lit = seen[minute].usable and seen[minute].warm(NOW + minute * MINUTE)
        if not lit:
            assert not run.stage.cluster.audit, minute
    assert verbs(run)[: len(act.writes)] == act.writes


@by_name
def test_the_same_without_a_black_out_is_written_at_once(act):
    """The control."""
    run = Flagged(act, {})
    run.at(-60)
    run.at(0)
    assert verbs(run) == act.writes


# B8, B9: modes


def in_mode(act, mode):
    """The act's rules with another mode in its scope."""
    return act.rules(policy=policy(scopes=(Scope(mode, playbook="chaos"),)))


@by_name
@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.SUGGEST])
def test_in_observe_and_suggest_no_write_leaves_us_dry_runs_included(act, mode):
    """B9; nobody can approve there either."""
    run = Run(act, FakeStage(act), rules=in_mode(act, mode)).play()
    assert run.stage.cluster.audit == []
    assert list(run.store.read(kinds=("decided",)))


@by_name
def test_in_auto_the_same_is_rehearsed_and_written(act):
    """The control: one dry run and one write, or more."""
    run = Run(act, FakeStage(act), rules=in_mode(act, Mode.AUTO)).play()
    assert {one.dry_run for one in run.stage.cluster.audit} == {True, False}


@by_name
def test_where_nobody_opted_in_nothing_is_written(act):
    """B8."""
    stage = FakeStage(act)
    stage.cluster.known = replace(stage.cluster.known, namespace_labels={"shop": {}})
    if act.prime(Place()).kind == "Node":
        bare = {target: replace(one, labels={}) for target, one in stage.cluster.known.nodes.items()}
        stage.cluster.known = replace(stage.cluster.known, nodes=bare)
        for target in bare:
            stage.cluster.edit(target, {"metadata": {"labels": {"aiops.dev/opt-in": None}}})
    run = Run(act, stage).play()
    assert [one for one in stage.cluster.audit if not one.dry_run] == []
    assert run.results() == []


# M16: somebody was faster


def test_what_a_person_has_fixed_before_we_wrote_is_left_alone():
    """M16: the incident closed between the decision and the write: a later tick has nothing to do."""
    run = Run(RESTART, FakeStage(RESTART), kill_switch=lambda: run.minute < 1)
    run.at(-60)
    run.at(0)
    for minute in range(1, 8):
        run.minute = minute
        now_ms = NOW + minute * MINUTE
        cleared = (Cleared(CART, "memory", now_ms, "default"),) if minute == 1 else ()
        run.loop.advance(now_ms, cleared, run.hands.facts(now_ms), SEEING)
    assert verbs(run) == ()
    assert not run.loop.book.open


def test_a_node_that_a_person_cordoned_is_not_ours_to_cordon_or_give_back():
    """M16: cordoned between detection and act; and our own cordon that a person lifted is not put back."""
    stage = FakeStage(CORDON)
    stage.cluster.edit(NODE, {"spec": {"unschedulable": True}})
    assert verbs(Run(CORDON, stage).play()) == ()
    stage = FakeStage(CORDON)
    run = Run(CORDON, stage, helps=False)
    run.at(-60)
    run.at(0)
    assert verbs(run) == ("patch",)
    stage.cluster.edit(NODE, {"spec": {"unschedulable": False}})  # a person uncordons: what we did is gone
    for tick in range(1, LAST):
        run.at(tick / 2)
    assert verbs(run) == ("patch",)
    assert stage.cluster.objects[NODE]["spec"]["unschedulable"] is False


@pytest.mark.parametrize("change", [{"rolling": True}, {"paused": True}, {"deleting": True}], ids=str)
def test_a_workload_that_somebody_is_at_is_left_alone(change):
    """M16: a rollout in progress, paused, or being deleted."""
    act = replace(RESTART, cart=change)
    run = Run(act, FakeStage(act))
    if change.get("paused"):
        run.stage.cluster.edit(CART, {"spec": {"paused": True}})
    assert verbs(run.play()) == ()


@pytest.mark.parametrize("owner", ["argocd-controller", "helm", "flux"])
def test_a_field_that_git_owns_is_escalated_never_fought(owner):
    """M16, B6: judged by field: the replicas are Git's, the restart annotation is not."""
    git = (Manager(owner, NOW - DAY, ("spec.replicas",)),)
    act = replace(SCALE, cart={**SCALE.cart, "managers": git})
    run = Run(act, FakeStage(act)).play()
    assert verbs(run) == ()
    assert run.loop.memory.lives
    restart = replace(RESTART, cart={"managers": git})
    assert verbs(Run(restart, FakeStage(restart)).play()) == ("patch",)


def test_the_number_of_pods_is_the_autoscalers_where_there_is_one():
    """M16, B6."""
    scaler = Target("HorizontalPodAutoscaler", "shop", "cart")
    act = replace(SCALE, also=lambda _: {"autoscalers": {scaler: Autoscaler(scaler, CART, 2, 6, "u", "5")}})
    assert verbs(Run(act, FakeStage(act)).play()) == ()


# M9, M10, M15


def test_a_detector_that_is_wrong_about_everything_destroys_nothing():
    """M9: Kubernetes sees nothing wrong with the pod, so a person decides."""
    well = replace(
        EVICT,
        also=lambda place: {**EVICT.also(place), "conditions": ()},
    )
    stage = FakeStage(well)
    pods = {target: replace(one, ready=True) for target, one in stage.cluster.known.pods.items()}
    stage.cluster.known = replace(stage.cluster.known, pods=pods)
    run = Run(well, stage)
    run.prime = next(iter(pods))
    assert verbs(run.play()) == ()
    control = Run(EVICT, FakeStage(EVICT))
    assert verbs(control.play()) == ("evict",)


@pytest.mark.parametrize("period_min", [5, 10, 20])
def test_what_flaps_gets_one_action_a_cooldown(period_min):
    """M10: a square wave at half, once and twice the join window, for six hours: with a cooldown of 30 min,
    and its doubling, at most one action in any 30 min."""
    run = Run(RESTART, FakeStage(RESTART))
    run.at(-60)
    for minute in range(0, 6 * 60):
        run.minute, now_ms, phase = minute, NOW + minute * MINUTE, minute % (2 * period_min)
        happened = ()
        if phase == 0:
            happened = (Raised(anomaly(since_ms=now_ms - MINUTE, at_ms=now_ms)),)
        elif phase == period_min:
            happened = (Cleared(CART, "memory", now_ms, "default"),)
        run.loop.advance(now_ms, happened, run.hands.facts(now_ms), SEEING)
    times = [one.at_ms for one in run.stage.effects()]
    assert 1 <= len(times) <= 12
    assert all(later - before >= 30 * MINUTE for before, later in itertools.pairwise(times))


def test_the_noise_of_our_own_restart_is_not_acted_upon():
    """M15: the cart is restarted, and while it settles its caller's latency rises: no second action there."""
    web = Target("Deployment", "shop", "web")

    def run_of(edges):
        act = replace(RESTART, also=lambda _: {"others": (workload(web, uid="uid-web"),), "edges": edges})
        settle = replace(act.rules().playbooks[0].verification, settle_s=300)
        books = tuple(replace(one, verification=settle) for one in act.rules().playbooks)
        budgets = replace(policy().budgets, namespace_in_flight=9)
        lenient = policy(scopes=(Scope(Mode.AUTO, playbook="chaos"),), budgets=budgets)
        run = Run(act, FakeStage(act), rules=act.rules(playbooks=books, policy=lenient))
        run.at(-60)
        run.at(0)
        for minute in (1, 2, 3):
            run.minute, now_ms = minute, NOW + minute * MINUTE
            late = anomaly(web, since_ms=NOW + MINUTE // 2, at_ms=now_ms)
            happened = (Raised(late),) if minute == 1 else ()
            run.loop.advance(now_ms, happened, run.hands.facts(now_ms), SEEING)
        return [one.target.name for one in run.stage.effects()]

    assert run_of((Edge(web, CART),)) == ["cart"]
    assert run_of(()) == ["cart", "web"]  # the control: nothing ties them, so it is no noise of ours

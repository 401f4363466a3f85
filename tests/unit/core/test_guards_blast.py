"""Guards on both sides of their boundaries: how much may go away at once."""

from dataclasses import replace

import pytest

from aiops.core.guards import blast
from aiops.model import (
    Change,
    ChangeVerb,
    Edge,
    Service,
    Target,
)
from tests.unit.core.cases import (
    CART,
    MINUTE,
    NODE,
    NOW,
    POD,
    cordon,
    evict,
    facts,
    node,
    plan,
    pod,
    policy,
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, attempt, context, lean, ledger


@pytest.mark.parametrize(
    ("replicas", "ready", "at_once", "expected"),
    [
        (4, 4, 1, "permit"),  # 3 of 4 is 75 %
        (4, 4, 2, "escalate"),  # 2 of 4
        (4, 3, 1, "escalate"),
        (2, 2, 1, "escalate"),  # 1 of 2, and 2 must stay
        (1, 1, 1, "escalate"),  # a single replica would be down
        (1, 2, 1, "escalate"),  # one that is on its way out does not count
        (1, 1, 0, "permit"),  # nothing goes away
        (10, 8, 0, "permit"),
        (8, 8, 2, "permit"),  # 6 of 8
        (8, 8, 3, "escalate"),
        (4, 4, None, "hold"),
        (None, 4, 1, "hold"),
        (4, None, 1, "hold"),
    ],
)
def test_three_quarters_stay_ready(replicas, ready, at_once, expected):
    """B4: the default floor of 75 %, and never the last one."""
    made = plan(evict(blast_radius=replace(evict().blast_radius, at_once=at_once)))
    pods = {POD: pod(ready=at_once != 0)}
    there = facts(workload(replicas=replicas, ready=ready), pods=pods)
    assert lean(blast.ready_floor, the_plan=made, the_facts=there) == expected


def test_what_is_under_way_counts_as_away():
    """5.3, OpenShift MAO #898."""
    flying = ledger(attempt(NOW - MINUTE, result=None))
    there = facts(workload(replicas=8, ready=8))
    made = plan(evict(blast_radius=replace(evict().blast_radius, at_once=2)))  # 6 of 8, and with the other 5
    assert lean(blast.ready_floor, the_plan=made, the_facts=there) == "permit"
    assert lean(blast.ready_floor, the_plan=made, the_facts=there, ledger=flying) == "escalate"


@pytest.mark.parametrize(
    ("patch", "there", "expected"),
    [
        (
            {"spec": {"template": {"x": 1}}},
            facts(workload(max_unavailable=2)),
            "escalate",
        ),  # rolls two at once
        ({"spec": {"template": {"x": 1}}}, facts(workload(max_unavailable=1)), "permit"),
        ({"spec": {"template": {"x": 1}}}, facts(workload(max_unavailable=None)), "hold"),
        ({"spec": {"replicas": 0}}, facts(), "escalate"),
        ({"spec": {"replicas": 3}}, facts(), "permit"),
        ({"spec": {"suspend": True}}, facts(), "permit"),
    ],
)
def test_a_remediation_cannot_talk_its_way_below_what_its_change_implies(patch, there, expected):
    """B4: each of these claims to take no pod away."""
    harmless = replace(step().blast_radius, at_once=0)
    made = plan(step(change=Change(CART, "41", patch, "uid-cart"), blast_radius=harmless))
    assert lean(blast.ready_floor, the_plan=made, the_facts=there) == expected


@pytest.mark.parametrize(("allowed", "expected"), [(1, "permit"), (0, "escalate"), (None, "hold")])
def test_the_disruption_budget_is_asked(allowed, expected):
    """B4, E8; a restart is the rollout's own business."""
    there = facts(workload(pdb_disruptions_allowed=allowed))
    assert lean(blast.disruption_budget, the_plan=plan(evict()), the_facts=there) == expected
    assert lean(blast.disruption_budget, the_facts=there) is None


def ten(down=0, cordoned=0, zone="a", **changes):
    """Ten nodes of one zone, some not ready, some cordoned; the first one is neither."""
    return facts(
        nodes=[
            node(f"n{i}", zone=zone, ready=i <= 10 - down, unschedulable=2 <= i < 2 + cordoned, **changes)
            for i in range(1, 11)
        ]
    )


def zoned(bad, good):
    """A zone b of few nodes beside nine good ones elsewhere."""
    there = [node(f"n{i}", zone="b", ready=i <= good) for i in range(1, good + bad + 1)]
    return facts(nodes=[*there, *[node(f"m{i}") for i in range(9)]])


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (ten(), "permit"),
        (ten(down=1), "permit"),  # 10 %
        (ten(down=2), "hold"),  # 20 %
        (ten(cordoned=2), "permit"),
        (ten(cordoned=3), "refuse"),
        (zoned(bad=1, good=1), "permit"),  # 50 % of zone b
        (zoned(bad=2, good=1), "hold"),  # 67 % of zone b, 2 of 12 in all
        (facts(nodes=[node("n1")]), "escalate"),  # none would be left
        (facts(nodes=[node("n1"), node("n2", ready=None)]), "hold"),
        (facts(nodes=[node("n1"), node("n2", unschedulable=None)]), "hold"),
        (facts(nodes=[node("n2")]), "hold"),  # the node is not known
        (facts(unknown=frozenset({"nodes"})), "hold"),
    ],
)
def test_nodes_are_left_alone_while_many_are_down(there, expected):
    """B4, 5.3: 20 % of the cluster, 55 % of a zone, three cordoned at most."""
    assert lean(blast.nodes, **{**CORDON, "the_facts": there}) == expected


DB, DB_POD = Target("StatefulSet", "shop", "db"), Target("Pod", "shop", "db-0")


@pytest.mark.parametrize(
    ("replicas", "ready", "at_once", "expected"),
    [
        (3, 3, 1, "permit"),  # 2 of 3 is a quorum
        (3, 2, 1, "escalate"),  # one is away already
        (5, 5, 2, "permit"),
        (5, 5, 3, "escalate"),
        (4, 4, 1, "permit"),  # of four, three
        (4, 4, 2, "escalate"),
        (2, 2, 1, "escalate"),
        (3, None, 1, "hold"),
        (None, 3, 1, "hold"),
        (3, 3, None, "hold"),
    ],
)
def test_what_votes_keeps_more_than_half(replicas, ready, at_once, expected):
    """B4: whatever the floor of the policy says."""
    change = Change(DB_POD, None, {}, "u", ChangeVerb.EVICT)
    made = plan(evict(change=change, blast_radius=replace(evict().blast_radius, at_once=at_once)), target=DB)
    pods = {DB_POD: replace(pod(), target=DB_POD, owner=DB)}
    there = facts(workload(DB, replicas=replicas, ready=ready), pods=pods)
    assert lean(blast.quorum, the_plan=made, the_facts=there) == expected


def test_a_quorum_concerns_stateful_sets_that_lose_a_pod():
    """B4; what is in flight counts as away."""
    assert lean(blast.quorum, the_plan=plan(evict())) is None
    made = {
        "the_plan": plan(evict(change=Change(DB_POD, None, {}, "u", ChangeVerb.EVICT)), target=DB),
        "the_facts": facts(workload(DB, replicas=3, ready=3), pods={DB_POD: replace(pod(), owner=DB)}),
    }
    assert lean(blast.quorum, **made) == "permit"
    assert lean(blast.quorum, **made, ledger=ledger(attempt(NOW, DB, result=None))) == "escalate"
    there = facts(workload(DB, replicas=3), pods={DB_POD: replace(pod(), owner=DB, ready=False)})
    gone = replace(evict().blast_radius, at_once=0)
    calm = plan(evict(change=made["the_plan"].steps[0].change, blast_radius=gone), target=DB)
    assert lean(blast.quorum, the_plan=calm, the_facts=there) is None


WEB, MOBILE = Target("Deployment", "shop", "web"), Target("Deployment", "shop", "mobile")
CALLED = (Edge(WEB, CART), Edge(MOBILE, CART), Edge(CART, Target("Deployment", "shop", "db")))


@pytest.mark.parametrize(
    ("ready", "edges", "expected"),
    [
        (4, CALLED, "permit"),
        (2, CALLED, "permit"),  # one stays
        (1, CALLED, "escalate"),
        (1, CALLED[2:], "permit"),  # it calls, and nobody calls it
        (1, (Edge(CART, CART),), "permit"),  # but itself
        (None, CALLED, "hold"),
        (None, (), "permit"),
    ],
)
def test_callers_keep_somebody_who_answers(ready, edges, expected):
    """5.3: dependents are part of the blast radius."""
    there = facts(workload(ready=ready), edges=edges)
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == expected


def test_a_person_sees_how_many_call_it():
    reason = blast.dependents(context(the_facts=facts(edges=CALLED)))
    assert reason.text.startswith("2 workloads call it")
    nobody_leaves = facts(workload(ready=None), edges=CALLED)
    harmless = replace(step().blast_radius, at_once=0)
    paused = plan(step(change=Change(CART, "41", {"spec": {"paused": True}}, "u"), blast_radius=harmless))
    assert lean(blast.dependents, the_plan=paused, the_facts=nobody_leaves) == "permit"


SERVICE = Service(Target("Service", "shop", "leader"), {"role": "leader"})
LED = {"role": "leader", "app": "cart"}
SECOND = Target("Pod", "shop", "cart-2")


@pytest.mark.parametrize(
    ("mine", "other", "selector", "expected"),
    [
        (pod(labels=LED), pod("cart-2"), {"role": "leader"}, "escalate"),  # the other is no leader
        (pod(labels=LED), pod("cart-2", labels=LED), {"role": "leader"}, "permit"),
        (pod(labels=LED), pod("cart-2", labels=LED, ready=False), {"role": "leader"}, "escalate"),
        (pod(labels=LED), pod("cart-2", labels=None), {"role": "leader"}, "escalate"),  # nobody can tell
        (pod(labels=LED), pod("cart-2"), {"role": "leader", "app": "till"}, "permit"),  # not behind it
        (pod(labels=LED), pod("cart-2"), {}, "permit"),  # without a selector it finds nobody
        (pod(labels=None), pod("cart-2"), {"role": "leader"}, "hold"),
        (pod(labels=LED, ready=False), pod("cart-2"), {"role": "leader"}, "permit"),  # it answers nobody
    ],
)
def test_the_last_ready_pod_behind_a_service_is_a_persons(mine, other, selector, expected):
    """5.3: such as the leader of a database, of which the workload has four."""
    service = replace(SERVICE, selector=selector)
    there = facts(services={service.target: service}, pods={POD: mine, SECOND: other})
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == expected


def test_a_service_of_another_namespace_finds_nobody_here():
    service = replace(SERVICE, target=Target("Service", "bank", "leader"))
    there = facts(services={service.target: service}, pods={POD: pod(labels=LED)})
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == "permit"
    far = {Target("Pod", "bank", "x"): replace(pod(labels=LED), target=Target("Pod", "bank", "x"))}
    there = facts(services={SERVICE.target: SERVICE}, pods={POD: pod(labels=LED), **far})
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == "escalate"


def test_both_pods_that_leave_a_service_are_counted():
    """Neither stays for the other."""
    second = Change(SECOND, None, {}, "uid-cart-2", ChangeVerb.EVICT)
    there = facts(
        services={SERVICE.target: SERVICE}, pods={POD: pod(labels=LED), SECOND: pod("cart-2", labels=LED)}
    )
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == "permit"
    assert lean(blast.dependents, the_plan=plan(evict(then=(second,))), the_facts=there) == "escalate"


QUARANTINE = {"metadata": {"labels": {"app": "quarantined"}}}


@pytest.mark.parametrize(
    ("patch", "known", "expected"),
    [
        (QUARANTINE, pod(), "escalate"),  # out of its Service it is away: 2 of 4
        (QUARANTINE, pod(ready=False), "permit"),  # it answered nobody
        ({"metadata": {"annotations": {"a": "b"}}}, pod(), "permit"),
    ],
)
def test_a_pod_that_is_taken_out_of_its_service_is_away(patch, known, expected):
    """B4: 3 of 4 ready; the step claims to take none away."""
    harmless = replace(step().blast_radius, at_once=0)
    made = plan(step(change=Change(POD, "1", patch, "uid-pod"), blast_radius=harmless))
    there = facts(workload(ready=3), pods={POD: known})
    assert lean(blast.ready_floor, the_plan=made, the_facts=there) == expected


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_finished_is_cleared_away_without_asking_for_room(phase):
    """It takes nobody's place, asks no disruption budget, keeps nothing that is still used."""
    gone = replace(evict().blast_radius, at_once=0)
    made = plan(evict(change=Change(POD, None, {}, "uid-pod", ChangeVerb.DELETE), blast_radius=gone))
    there = facts(
        workload(replicas=1, ready=0, pdb_disruptions_allowed=0),
        pods={POD: pod(phase=phase, local_storage=True)},
    )
    assert lean(blast.disruption_budget, the_plan=made, the_facts=there) is None
    assert lean(blast.local_storage, the_plan=made, the_facts=there) is None
    assert lean(blast.ready_floor, the_plan=made, the_facts=there) == "permit"


def cordoned(count, **changes):
    """Ten nodes, of which some are cordoned; the first one as ``changes`` say."""
    rest = [node(f"n{i}", unschedulable=i <= count + 1) for i in range(2, 11)]
    return facts(nodes=[node(**changes), *rest])


UNCORDON = plan(cordon(change=Change(NODE, "7", {"spec": {"unschedulable": False}}, "uid-n1")), target=NODE)
FREE = plan(cordon(change=Change(NODE, "7", {"spec": {"taints": [{"key": "a"}]}}, "uid-n1")), target=NODE)
TWO = ({"key": "a"}, {"key": "b"})


@pytest.mark.parametrize(
    ("the_plan", "changes", "expected"),
    [
        (UNCORDON, {"unschedulable": True}, "permit"),  # room is given back
        (FREE, {"taints": TWO}, "permit"),  # a taint less
        (FREE, {"taints": TWO[:1]}, "refuse"),  # as many as before
        (FREE, {"taints": ()}, "refuse"),  # a taint more
        (FREE, {"taints": None}, "refuse"),
    ],
)
def test_room_that_is_given_back_is_not_counted(the_plan, changes, expected):
    """5.3: three are cordoned already."""
    made = {**CORDON, "the_plan": the_plan, "the_facts": cordoned(3, **changes)}
    assert lean(blast.nodes, **made) == expected


def test_it_says_how_many_of_the_cordoned_nodes_are_ours():
    """5.3: by the mark; those of others count as well."""
    mark = {"aiops.dev/cordoned-by": "aiops"}
    many = [
        node(f"n{i}", unschedulable=2 <= i <= 4, annotations=mark if i <= 3 else {}) for i in range(1, 11)
    ]
    reason = blast.nodes(context(**{**CORDON, "the_facts": facts(nodes=many)}))
    assert reason.text == "3 nodes are cordoned already, 2 of them by us, at most 3 may be"


@pytest.mark.parametrize(
    ("total", "closed", "expected"),
    [(4, 1, "permit"), (4, 2, "escalate"), (2, 0, "permit"), (5, 2, "escalate")],
)
def test_half_of_the_nodes_go_on_taking_pods(total, closed, expected):
    """4 less 1 less 1 is half of 4; one of two is half; one of three is less."""
    many = [node(f"n{i}", unschedulable=2 <= i < 2 + closed) for i in range(1, total + 1)]
    assert lean(blast.nodes, **{**CORDON, "the_facts": facts(nodes=many)}) == expected


def test_a_zone_that_nobody_knows_is_no_zone():
    many = [node(f"n{i}", zone=None, ready=i != 2) for i in range(1, 11)]
    assert lean(blast.nodes, **{**CORDON, "the_facts": facts(nodes=many)}) == "permit"  # one in ten


@pytest.mark.parametrize(
    ("floor", "replicas", "expected"),
    [(0.5, 2, "permit"), (0, 1, "escalate"), (0, 2, "permit"), (1, 8, "escalate")],
)
def test_the_floor_is_the_policys_and_never_below_one(floor, replicas, expected):
    """B4: one pod goes away."""
    there = facts(workload(replicas=replicas, ready=replicas))
    made = {"the_plan": plan(evict()), "the_facts": there, "the_policy": policy(ready_floor=floor)}
    assert lean(blast.ready_floor, **made) == expected


def test_none_of_two_stays_whatever_the_floor():
    """B4: at least one."""
    both = plan(evict(blast_radius=replace(evict().blast_radius, at_once=2)))
    there = facts(workload(replicas=2, ready=2))
    made = {"the_plan": both, "the_facts": there, "the_policy": policy(ready_floor=0)}
    assert lean(blast.ready_floor, **made) == "escalate"


def test_a_person_is_told_of_no_fewer_pods_than_none():
    gone = replace(evict().blast_radius, at_once=9)
    change = Change(DB_POD, None, {}, "u", ChangeVerb.EVICT)
    made = {
        "the_plan": plan(evict(change=change, blast_radius=gone), target=DB),
        "the_facts": facts(workload(DB, replicas=3, ready=3), pods={DB_POD: replace(pod(), owner=DB)}),
    }
    assert blast.ready_floor(context(**made)).text.startswith("0 of 3 pods of StatefulSet/shop/db")
    assert blast.quorum(context(**made)).text.startswith("0 of 3 pods of StatefulSet/shop/db")
    unread = {**made, "the_facts": facts(pods={DB_POD: replace(pod(), owner=DB)})}
    assert (
        lean(blast.quorum, the_plan=plan(evict(change=change), target=DB), the_facts=unread["the_facts"])
        == "hold"
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(POD, "1", {"spec": {"containers": []}}, "uid-pod"), "permit"),  # resized in place
        (Change(CART, "41", {"metadata": {"labels": {"a": "b"}}}, "uid-cart"), "permit"),  # not a pod
        (
            Change(Target("Job", "shop", "j"), None, {"spec": {"template": {}}}, None, ChangeVerb.CREATE),
            "permit",
        ),
        (Change(Target("Job", "shop", "j"), None, {}, "u", ChangeVerb.DELETE), "permit"),
        (Change(CART, "41", {"spec": {"replicas": 2}}, "uid-cart"), "permit"),  # of one pod two are made
    ],
)
def test_what_takes_no_pod_away_is_fine_for_a_single_one(change, expected):
    """B4: its one replica is ready, and nothing is known of its rollouts."""
    harmless = replace(step().blast_radius, at_once=0)
    there = facts(workload(replicas=1, ready=1, max_unavailable=None))
    made = {"the_plan": plan(step(change=change, blast_radius=harmless)), "the_facts": there}
    assert lean(blast.ready_floor, **made) == expected
    assert lean(blast.disruption_budget, **made) is None
    assert lean(blast.local_storage, **made) is None


def test_a_service_without_a_selector_finds_nobody():
    service = replace(SERVICE, selector={})
    there = facts(services={service.target: service}, pods={POD: pod(labels=LED)})
    assert lean(blast.dependents, the_plan=plan(evict()), the_facts=there) == "permit"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (pod(labels=LED), pod("cart-2"), "escalate"),  # one of the two is behind it, and none stays
        (pod(), pod("cart-2", labels=LED), "escalate"),
        (pod(), pod("cart-2"), "permit"),
        (pod(labels=None), pod("cart-2"), "hold"),
        (pod(), pod("cart-2", labels=None), "hold"),
        (pod(), None, "hold"),  # nobody read it
    ],
)
def test_of_two_pods_that_leave_each_one_counts(first, second, expected):
    """5.3."""
    both = evict(then=(Change(SECOND, None, {}, "uid-cart-2", ChangeVerb.EVICT),))
    pods = {POD: first} | ({} if second is None else {SECOND: second})
    there = facts(services={SERVICE.target: SERVICE}, pods=pods)
    assert lean(blast.dependents, the_plan=plan(both), the_facts=there) == expected


def test_callers_of_what_nobody_read_hold():
    made = {"the_plan": plan(evict()), "the_facts": replace(facts(edges=CALLED), workloads={})}
    assert lean(blast.dependents, **made) == "hold"
    unsure = plan(evict(blast_radius=replace(evict().blast_radius, at_once=None)))
    assert lean(blast.dependents, the_plan=unsure, the_facts=facts(edges=CALLED)) == "hold"


def of_zone(bad, good, elsewhere, zone="b"):
    inside = [node(f"n{i}", zone=zone, ready=i <= good) for i in range(1, good + bad + 1)]
    return facts(nodes=[*inside, *[node(f"m{i}", zone=zone and "a") for i in range(elsewhere)]])


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (of_zone(bad=11, good=9, elsewhere=40), "hold"),  # exactly 55 % of the zone, 18 % of all
        (of_zone(bad=10, good=10, elsewhere=40), "permit"),
        (of_zone(bad=11, good=9, elsewhere=40, zone=None), "permit"),  # what has no zone is no zone
    ],
)
def test_a_zone_is_down_from_55_percent_on(there, expected):
    """5.3."""
    assert lean(blast.nodes, **{**CORDON, "the_facts": there}) == expected


def test_nodes_without_a_zone_are_not_judged_as_one():
    """5.3: 6 of 10 are down, which only a looser policy lets pass."""
    there = of_zone(bad=6, good=4, elsewhere=0, zone=None)
    made = {**CORDON, "the_facts": there, "the_policy": policy(nodes_not_ready=0.7)}
    assert lean(blast.nodes, **made) == "permit"


def test_a_node_that_is_cordoned_already_is_not_one_more():
    assert lean(blast.nodes, **{**CORDON, "the_facts": cordoned(2, unschedulable=True)}) == "permit"
    unread = [node(f"n{i}", unschedulable=2 <= i <= 4, annotations=None) for i in range(1, 11)]
    reason = blast.nodes(context(**{**CORDON, "the_facts": facts(nodes=unread)}))
    assert reason.text.startswith("3 nodes are cordoned already, 0 of them by us")


def test_to_take_all_taints_away_gives_room_back():
    bare = plan(cordon(change=Change(NODE, "7", {"spec": {"taints": None}}, "uid-n1")), target=NODE)
    assert lean(blast.nodes, **{**CORDON, "the_plan": bare, "the_facts": cordoned(3, taints=TWO)}) == "permit"

"""Guards of shares, in fractions: no rounding ever lets one more go (5.3)."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiops.core.guards import blast, sight
from aiops.core.guards.context import Context
from aiops.core.ledger import Ledger
from aiops.core.policy import decide_twice
from aiops.core.storm import Toll
from aiops.model import Act, Lean, StormLimits, Target
from tests.unit.core.cases import (
    CART,
    CRASHING,
    NODE,
    POD,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    pod,
    policy,
    situation,
    workload,
)

PERCENT = st.integers(1, 100)


def context(made, there, rules):
    return Context(made, made.steps[0], incident(), there, Ledger(), rules, situation())


@given(PERCENT, st.integers(1, 200), st.data())
@settings(max_examples=150, deadline=None)
@example(7, 100, None)  # 0.07 * 100 is 7.000000000000001
@example(14, 50, None)
def test_the_floor_of_ready_pods_holds_to_the_pod(percent, replicas, data):
    """B4: for all replicas, ready and at once, whatever share the policy asks for."""
    ready = data.draw(st.integers(0, replicas)) if data is not None else replicas
    least = percent * replicas // 100
    at_once = data.draw(st.integers(1, replicas)) if data is not None else replicas - least
    made = plan(evict(blast_radius=replace(evict().blast_radius, at_once=at_once)))
    there = facts(workload(replicas=replicas, ready=ready))
    rules = policy(ready_floor=percent / 100)
    reason = blast.ready_floor(context(made, there, rules))
    left = ready - at_once
    enough = left >= 1 and replicas > 1 and left >= Fraction(percent, 100) * replicas
    assert (reason.lean is Lean.PERMIT) == enough


@given(PERCENT, st.integers(2, 80), st.data())
@settings(max_examples=100, deadline=None)
@example(20, 35, None)
def test_the_share_of_nodes_holds_to_the_node(percent, total, data):
    """5.3: of the cluster, each node in a zone of its own."""
    down = data.draw(st.integers(0, total - 1)) if data is not None else 7
    nodes = [node(f"n{i}", zone=f"z{i}", ready=i <= total - down) for i in range(1, total + 1)]
    rules = policy(nodes_not_ready=percent / 100, zone_not_ready=1.0)
    reason = blast.nodes(context(plan(cordon()), facts(nodes=nodes), rules))
    assert (reason.lean is Lean.HOLD) == (down >= Fraction(percent, 100) * total)


@given(PERCENT, st.integers(1, 80), st.data())
@settings(max_examples=100, deadline=None)
def test_the_share_of_a_zone_holds_to_the_node(percent, total, data):
    """5.3: of the nodes of one zone, for a step on one of them and for the all-down rule."""
    down = data.draw(st.integers(0, total - 1))
    nodes = [node(f"n{i}", zone="a", ready=i <= total - down) for i in range(1, total + 1)]
    rules = policy(nodes_not_ready=1.0, zone_not_ready=percent / 100)
    many = down >= Fraction(percent, 100) * total
    there = facts(nodes=nodes)
    assert (blast.nodes(context(plan(cordon()), there, rules)).lean is Lean.HOLD) == many
    assert (sight.all_down(context(plan(cordon()), there, rules)).lean is Lean.HOLD) == many


@given(PERCENT, st.integers(1, 300), st.data())
@settings(max_examples=200, deadline=None)
@example(7, 100, None)  # 0.07 * 100 is 7.000000000000001
@example(28, 25, None)
def test_the_share_of_a_storm_holds_to_the_workload(percent, total, data):
    """M8: of opted-in workloads that are a cause, five at the least."""
    bad = data.draw(st.integers(0, total)) if data is not None else percent * total // 100
    watched = frozenset(Target("Deployment", "shop", f"w{i}") for i in range(total))
    causes = frozenset(sorted(watched)[:bad])
    limits = StormLimits(share_of_workloads=percent / 100, workloads=1000, namespaces=9, nodes=9)
    toll = Toll(causes, causes, frozenset(), 0, watched)
    assert bool(toll.exceeds(limits)) == (bad >= 5 and bad >= Fraction(percent, 100) * total)


@given(st.integers(1, 300), st.data())
@settings(max_examples=200, deadline=None)
@example(30, None)
def test_nearly_all_is_nine_of_ten_to_the_workload(total, data):
    """5.3: of many, nearly every one that fails is everything down; of few, every one."""
    hurt = data.draw(st.integers(0, total)) if data is not None else 27
    watched = frozenset(Target("Deployment", "shop", f"w{i}") for i in range(total))
    harmed = frozenset(sorted(watched)[:hurt])
    toll = Toll(frozenset(), harmed, harmed, 0, watched)
    many = 10 * hurt >= 9 * total and Fraction(9, 10) * total > 15
    assert bool(toll.exceeds(StormLimits())) == (hurt >= 5 and (hurt == total or many))


FORGOTTEN = {
    "pod.local_storage": None,
    "pod.uid": None,
    "workload.ready": None,
    "workload.replicas": None,
    "workload.rolling": None,
    "workload.paused": None,
    "workload.pdb_disruptions_allowed": None,
    "facts.namespace_labels": {},
    "facts.namespace_annotations": {},
    "facts.workloads": {},
    "node.labels": None,
    "node.annotations": None,
    "node.managers": None,
    "node.ready": None,
    "node.unschedulable": None,
}


def without(names):
    """An eviction's and a cordon's facts, of which some are not known."""
    some = {name.split(".")[0]: {} for name in FORGOTTEN}
    for name in names:
        what, field = name.split(".")
        some[what][field] = FORGOTTEN[name]
    nodes = [node(**some["node"]), *[node(f"n{i}") for i in range(2, 11)]]
    known = facts(
        workload(**some["workload"]), nodes=nodes, pods={POD: pod(**some["pod"])}, conditions=CRASHING
    )
    return replace(known, **some["facts"])


@given(st.sets(st.sampled_from(sorted(FORGOTTEN)), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_not_known_never_permits(forgotten):
    """5.3: whatever an eviction or a cordon needs to know, and what it does not need changes nothing."""
    there, kinds = without(forgotten), {name.split(".")[0] for name in forgotten}
    eviction = plan(evict())
    if "pod.uid" in forgotten:
        eviction = plan(evict(change=replace(evict().change, uid=None)))
    of_node = plan(cordon(), target=NODE)
    for made, prime, needed in ((eviction, CART, {"pod", "workload", "facts"}), (of_node, NODE, {"node"})):
        live, _ = decide_twice(made, incident(prime=prime), there, Ledger(), policy(), situation())
        assert isinstance(live, Act) == (not kinds & needed)

"""Guards on both sides of their boundaries: how much may go away at once."""

from dataclasses import replace

import pytest

from aiops.core.guards import blast
from aiops.model import (
    Change,
)
from tests.unit.core.cases import (
    CART,
    MINUTE,
    NOW,
    POD,
    evict,
    facts,
    node,
    plan,
    pod,
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, attempt, lean, ledger


@pytest.mark.parametrize(
    ("replicas", "ready", "at_once", "expected"),
    [
        (4, 4, 1, "permit"),  # 3 of 4 is 75 %
        (4, 4, 2, "escalate"),  # 2 of 4
        (4, 3, 1, "escalate"),
        (2, 2, 1, "escalate"),  # 1 of 2, and 2 must stay
        (1, 1, 1, "escalate"),  # a single replica would be down
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

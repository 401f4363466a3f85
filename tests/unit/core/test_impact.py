"""Impact floor: what is always HIGH, whatever anybody says (5.3)."""

from dataclasses import replace

import pytest

from aiops.core.impact import floor, higher, most_pods, raised
from aiops.model import BlastRadius, Change, ChangeVerb, Impact, Target
from tests.unit.core.cases import CART, NODE, POD, cordon, evict, facts, plan, scale, step, workload

DB = Target("StatefulSet", "shop", "db")
CLAIM = Target("PersistentVolumeClaim", "shop", "data-db-0")
TEMPLATE = {"spec": {"template": {"metadata": {"annotations": {"x": "y"}}}}}


def patching(target, patch, verb=ChangeVerb.PATCH, **changes):
    return step(change=Change(target, "41", patch, "u", verb), **changes)


def resources(**kinds):
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": kinds}]}}}}


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (step(remediation="rollback"), "always high"),
        (step(remediation="drain"), "always high"),
        (step(remediation="reboot"), "always high"),
        (patching(CLAIM, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}), "volume claim"),
        (patching(DB, {"spec": {"volumeClaimTemplates": []}}), "volume claim"),
        (patching(DB, TEMPLATE), "StatefulSet"),
        (step(blast_radius=BlastRadius(8, 1.0, workloads=2)), "more than one"),
        (cordon(undo=None, blast_radius=BlastRadius(0, 0.0, 0, nodes=2)), "more than one"),
        (patching(NODE, {}, ChangeVerb.DELETE, blast_radius=BlastRadius(9, 1.0, nodes=1)), "deletes"),
        (patching(POD, {}, ChangeVerb.EVICT, blast_radius=BlastRadius(9, 1.0, nodes=1)), "empties"),
        (patching(CART, {}, ChangeVerb.DELETE), "deletes"),
        (patching(CART, {"spec": {"maxReplicas": 9}}), "maximum"),
        (scale(), "maximum (4 pods)"),
        (patching(CART, resources(requests={"memory": "1Gi"})), "more resources"),
    ],
)  # fmt: skip
def test_it_is_high_and_says_why(one, word):
    impact, because = floor(one, facts())
    assert impact is Impact.HIGH
    assert word in because


@pytest.mark.parametrize(
    "one",
    [
        step(),
        evict(),
        cordon(),
        patching(CART, {"spec": {"replicas": 4}}),  # as many as now
        patching(CART, {"spec": {"replicas": 2}}),
        patching(CART, resources(limits={"memory": "1Gi"})),
        patching(Target("Job", "shop", "new"), resources(requests={"cpu": "1"}), ChangeVerb.CREATE),
        scale(blast_radius=BlastRadius(1, 0.0, workloads=2), change=scale().undo),  # it can be undone
    ],
)
def test_it_is_not_high(one):
    assert floor(one, facts()) == (Impact.LOW, "")


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 4),
        ({"hpa_max": 6}, 6),
        ({"annotations": {"aiops.dev/max-replicas": "9"}}, 9),
        ({"annotations": {"aiops.dev/max-replicas": "many"}}, 4),
        ({"replicas": None, "hpa_max": None}, None),
    ],
)
def test_todays_maximum_is_what_the_owner_agreed_to_pay_for(changes, most):
    assert most_pods(workload(**changes)) == most


@pytest.mark.parametrize(("agreed", "impact"), [("5", Impact.LOW), ("4", Impact.HIGH)])
def test_up_to_todays_maximum_more_pods_are_not_high(agreed, impact):
    there = facts(workload(annotations={"aiops.dev/max-replicas": agreed}))
    assert floor(scale(), there)[0] is impact


def test_of_an_unknown_workload_any_number_may_cost_more():
    assert floor(scale(), facts(workload(DB)))[0] is Impact.HIGH


def test_a_plan_that_costs_more_is_high_and_one_that_saves_is_not():
    assert raised(step(), facts(), plan(cost_difference=0.01))[0] is Impact.HIGH
    assert raised(step(), facts(), plan(cost_difference=-3.0))[0] is Impact.LOW


def test_code_may_raise_an_impact_and_never_lower_it():
    assert raised(step(impact=Impact.HIGH, because="its owner said so"), facts()) == (
        Impact.HIGH,
        "its owner said so",
    )
    assert raised(replace(step(impact=Impact.LOW), remediation="drain"), facts())[0] is Impact.HIGH
    assert higher(Impact.LOW, Impact.MEDIUM) is Impact.MEDIUM

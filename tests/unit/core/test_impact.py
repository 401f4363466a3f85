"""Impact floor: what is always HIGH, whatever anybody says (5.3)."""

from dataclasses import replace

import pytest

from aiops.core.impact import floor, higher, most_pods, raised
from aiops.model import Autoscaler, BlastRadius, Change, ChangeVerb, Impact, Target
from tests.unit.core.cases import CART, NODE, POD, cordon, evict, facts, plan, scale, step, workload

DB = Target("StatefulSet", "shop", "db")
CLAIM = Target("PersistentVolumeClaim", "shop", "data-db-0")
TEMPLATE = {"spec": {"template": {"metadata": {"annotations": {"x": "y"}}}}}


def patching(target, patch, verb=ChangeVerb.PATCH, **changes):
    return step(change=Change(target, "41", patch, "u", verb), **changes)


def resources(**kinds):
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "resources": kinds}]}}}}


def in_place(**kinds):
    return {"spec": {"containers": [{"name": "app", "resources": kinds}]}}


def taints(effect):
    return {"spec": {"taints": [{"key": "k", "effect": effect}]}}


ASKING = {"name": "b", "resources": {"requests": {"cpu": "1"}}}
HPA = Target("HorizontalPodAutoscaler", "shop", "cart")
EVICTION = Change(POD, None, {}, "uid-pod", ChangeVerb.EVICT)
SCALED = facts(workload(), workload(DB), autoscalers={HPA: Autoscaler(HPA, CART, 2, 4)})


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
        (patching(CART, {"spec": {"maxReplicas": 5}}), "maximum (4 pods)"),
        (scale(), "maximum (4 pods)"),
        (patching(HPA, {"spec": {"maxReplicas": 5}}), "maximum (4 pods)"),
        (patching(HPA, {"spec": {"minReplicas": 5}}), "maximum (4 pods)"),
        (patching(CART, {"spec": {"template": {"$patch": "replace", "spec": {}}}}), "rollback"),
        (cordon(then=(EVICTION,)), "empties"),  # whatever it calls itself
        (evict(blast_radius=BlastRadius(1, 1.0, nodes=1)), "empties"),
        (step(then=(Change(CLAIM, "1", {"spec": {}}, "u"),)), "volume claim"),
        (step(before=(Change(CART, "1", {}, "u", ChangeVerb.DELETE),)), "deletes"),
        (step(then=(Change(CART, "41", {"spec": {"replicas": 5}}, "u"),)), "maximum (4 pods)"),
        (patching(NODE, taints("NoExecute")), "drives"),
        (cordon(then=(EVICTION,), blast_radius=BlastRadius(1, 1.0)), "empties"),
        (
            patching(CART, {"spec": {"template": {"spec": {"containers": [{"name": "a"}, ASKING]}}}}),
            "more resources",
        ),
        (patching(POD, in_place(requests={"cpu": "2"})), "more resources"),
        (patching(CART, resources(requests={"memory": "1Gi"})), "more resources"),
    ],
)  # fmt: skip
def test_it_is_high_and_says_why(one, word):
    impact, because = floor(one, SCALED)
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
        patching(POD, in_place(limits={"memory": "1Gi"})),
        patching(HPA, {"spec": {"maxReplicas": 4, "minReplicas": 4}}),  # as many as now
        patching(NODE, taints("NoSchedule")),
        patching(NODE, {"spec": {"taints": None}}),
        cordon(undo=None),  # one node
        patching(DB, {"spec": {"replicas": 2}}),  # it restarts nothing
        patching(POD, {}, ChangeVerb.DELETE),
        step(before=(Change(CLAIM, None, {}, verb=ChangeVerb.CAPTURE),)),  # it only looks
        evict(then=(EVICTION,)),
        patching(Target("Job", "shop", "new"), resources(requests={"cpu": "1"}), ChangeVerb.CREATE),
        scale(blast_radius=BlastRadius(1, 0.0, workloads=2), change=scale().undo),  # it can be undone
    ],
)
def test_it_is_not_high(one):
    assert floor(one, SCALED) == (Impact.LOW, "")


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 4),
        ({"hpa_max": 6}, 6),
        ({"annotations": {"aiops.dev/max-replicas": "9"}}, 9),
        ({"annotations": {"aiops.dev/max-replicas": "many"}}, 4),
        ({"annotations": {"aiops.dev/max-replicas": "²"}}, 4),
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
    assert raised(step(), facts(), plan(cost_difference=0.0))[0] is Impact.LOW
    assert raised(step(), facts(), plan(cost_difference=-3.0))[0] is Impact.LOW


def test_code_may_raise_an_impact_and_never_lower_it():
    assert raised(step(impact=Impact.HIGH, because="its owner said so"), facts()) == (
        Impact.HIGH,
        "its owner said so",
    )
    assert raised(replace(step(impact=Impact.LOW), remediation="drain"), facts())[0] is Impact.HIGH
    assert higher(Impact.LOW, Impact.MEDIUM) is Impact.MEDIUM


def test_where_code_says_the_same_its_own_reason_is_told():
    assert raised(step(because="its owner said so"), facts()) == (Impact.LOW, "its owner said so")
    high = step(impact=Impact.HIGH, remediation="drain", because="many lose a pod")
    assert raised(high, facts()) == (Impact.HIGH, "many lose a pod")

"""The shipped answers: what is planned for each class of trouble in a cluster where everything is known."""

from dataclasses import replace

import pytest

from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.plugins import remediation
from aiops.core.ledger import Ledger
from aiops.core.plan import make_plan
from aiops.model import (
    Anomaly,
    AnomalyKind,
    ClusterEvent,
    Direction,
    EventKind,
    Incident,
    IncidentKind,
    IncidentState,
    Role,
    Severity,
    Suspect,
    Target,
)
from tests.contract.remediation_cases import (
    CART,
    CLAIM,
    CRON,
    DB,
    EVICTED,
    FACTS,
    JOB,
    MOVING,
    NODE,
    NOW_MS,
    PAY,
    POD,
    SCALED,
    SCALER,
    node,
    pod,
    workload,
)

SINCE_MS = NOW_MS - 300_000
BUDGET = Target("PodDisruptionBudget", "shop", "cart")
SISTERS = {target: pod(target, ready=True) for target in (POD, Target("Pod", "shop", "cart-2"))}
CALM = replace(FACTS, pods={**SISTERS, EVICTED: FACTS.pods[EVICTED]}, budgets={BUDGET: CART})
ONE_DOWN = replace(CALM, pods={**CALM.pods, POD: pod(ready=False)})

OF_A_CRON_JOB = replace(CALM, workloads={**CALM.workloads, JOB: workload(JOB, owner=CRON)})


def rolled_out(target):
    """Ten minutes before it began."""
    return replace(CALM, events=(ClusterEvent(SINCE_MS - 600_000, target, EventKind.ROLLOUT, "revision 4"),))


def incident(name, place, signal="s"):
    one = Anomaly(
        kind=AnomalyKind.OBSERVED,
        target=place,
        signal=signal,
        role=Role.OTHER,
        unit="",
        detector="default",
        since_ms=SINCE_MS,
        at_ms=NOW_MS,
        observed=2.0,
        low=0.0,
        high=1.0,
        score=4.0,
        direction=Direction.UP,
    )
    prime = CALM.owner(place)
    return Incident(
        id="i",
        fingerprint="f",
        kind=IncidentKind.OBSERVED,
        state=IncidentState.OPEN,
        severity=Severity.HIGH,
        incident_class=name,
        targets=(prime,),
        anomalies=(one,),
        suspects=(Suspect(prime, 0.9),),
        opened_ms=NOW_MS - 240_000,
        since_ms=SINCE_MS,
        updated_ms=NOW_MS,
        opened_because="a test",
    )


def planned(name, place, facts=CALM):
    return make_plan(incident(name, place), load_shipped().playbooks, facts, remediation, NOW_MS, Ledger())


ANSWERS = [  # class, where it is seen, what is known, the ladder
    ("crash_loop_after_rollout", CART, rolled_out(CART), ["rollback"]),
    ("crash_loop", CART, ONE_DOWN, ["evict_pod"]),
    ("oom_killed", CART, CALM, ["raise_memory_limit"]),
    ("oom_killed", CART, rolled_out(CART), ["rollback", "raise_memory_limit"]),
    ("memory_leak", CART, CALM, ["restart_rollout"]),
    ("cpu_saturation", CART, CALM, ["restart_rollout", "scale_out"]),
    ("throttling", CART, CALM, ["scale_out", "adjust_resources"]),
    ("one_bad_pod", POD, CALM, ["quarantine_pod", "restart_pod"]),
    ("error_burst", CART, ONE_DOWN, ["evict_pod", "restart_rollout"]),
    ("error_burst_after_deploy", CART, rolled_out(CART), ["rollback"]),
    ("stuck_rollout", MOVING, rolled_out(MOVING), ["rollback"]),
    ("hpa_at_maximum", SCALER, CALM, ["hpa_raise_max"]),
    ("pending_pods", CART, CALM, ["adjust_resources", "adjust_resources"]),
    ("pending_pods", CART, rolled_out(CART), ["rollback"]),
    ("image_pull_backoff", CART, rolled_out(CART), ["rollback"]),
    ("failed_job", JOB, CALM, ["rerun_job"]),
    ("failed_job", JOB, OF_A_CRON_JOB, ["rerun_job", "suspend_cronjob"]),
    ("node_not_ready", NODE, CALM, ["cordon", "drain"]),
    ("node_pressure", NODE, CALM, ["cordon", "drain"]),
    ("node_disk_filling", NODE, CALM, ["taint"]),
    ("disk_filling", CLAIM, CALM, ["expand_pvc"]),
    ("pdb_deadlock", BUDGET, CALM, ["scale_out"]),
    ("config_error_after_change", PAY, rolled_out(PAY), ["restore_config_ref", "rollback"]),
    ("config_error_after_change", CART, rolled_out(CART), ["rollback"]),  # no reference was changed
    ("evicted", CART, CALM, ["delete_finished_pods"]),
    ("traffic_surge", CART, CALM, ["scale_out"]),
    ("traffic_surge", SCALED, CALM, ["hpa_raise_max"]),
]


@pytest.mark.parametrize(("name", "place", "facts", "ladder"), ANSWERS)
def test_each_class_of_trouble_has_its_ladder(name, place, facts, ladder):
    plan = planned(name, place, facts)
    assert [step.remediation for step in plan.steps] == ladder, plan.reason
    assert all(step.change.uid is not None or step.remediation == "rerun_job" for step in plan.steps)


NOTHING = [  # class, where, what is known, why
    ("crash_loop", CART, CALM, "exactly one that is not ready"),  # all crash, or none: a person looks
    ("image_pull_backoff", CART, CALM, "the registry or its credentials"),
    ("config_error", CART, CALM, "must be put back by whoever owns it"),
    ("restarts", CART, CALM, "Kubernetes restarts them already"),
    ("node_saturated", NODE, CALM, "a busy node does what it is for"),
    ("vanished", CART, CALM, "no data is not a sign of illness"),
    ("traffic_drop", CART, CALM, "nothing that could be done to it"),
    ("dependency_slow", DB, CALM, "gets slower by a restart"),
    ("network", CART, CALM, "a restart would hide the evidence"),
    ("unclassified", CART, CALM, "a person looks"),
    ("pdb_deadlock", Target("PodDisruptionBudget", "shop", "else"), CALM, "a budget is there to be honoured"),
    ("one_bad_pod", Target("Pod", "shop", "stray"), CALM, "is not a known pod"),
]


@pytest.mark.parametrize(("name", "place", "facts", "why"), NOTHING)
def test_where_nothing_is_right_the_plan_says_why(name, place, facts, why):
    plan = planned(name, place, facts)
    assert plan.steps == ()
    assert why in plan.reason


def test_the_pod_that_is_put_aside_is_the_one_that_is_slow_and_not_its_sister():
    """Both are ready: only the anomaly tells which."""
    for slow in SISTERS:
        aside, ended = planned("one_bad_pod", slow).steps
        assert (aside.change.target, ended.change.target) == (slow, slow)


def test_behind_a_cordon_that_stands_comes_the_drain():
    """The cordon contained the trouble and healed nothing: a person is asked about the next rung."""
    ours = node(unschedulable=True, annotations={"aiops.dev/cordoned-by": "aiops"}, ready=False)
    facts = replace(CALM, nodes={**CALM.nodes, NODE: ours})
    plan = planned("node_not_ready", NODE, facts)
    assert [step.remediation for step in plan.steps] == ["drain"]
    assert plan.skipped == ("cordon: Node/n1 is cordoned already",)


def test_evidence_comes_before_what_would_destroy_it():
    plan = planned("crash_loop", CART, ONE_DOWN)
    assert [change.target for change in plan.steps[0].changes] == [POD, POD]
    assert plan.steps[0].changes[0].verb == "capture"

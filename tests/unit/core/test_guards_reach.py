"""Guards on both sides of their boundaries: stops, sight, reach, ownership."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aiops.core.guards import ownership, reach, sight, stops
from aiops.core.quality import SEEING, Quality
from aiops.model import (
    Autoscaler,
    Change,
    ChangeVerb,
    FreezeWindow,
    IncidentKind,
    IncidentState,
    Target,
)
from tests.unit.core.cases import (
    CART,
    NOW,
    POD,
    anomaly,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    policy,
    scale,
    situation,
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, SOLD, TILL, context, lean


@pytest.mark.parametrize(("switch", "expected"), [(False, "permit"), (True, "hold"), (None, "hold")])
def test_an_unreadable_kill_switch_is_a_pulled_one(switch, expected):
    """B5."""
    assert lean(stops.kill_switch, the_situation=situation(kill_switch=switch)) == expected


@pytest.mark.parametrize(("term", "expected"), [(1, "permit"), (None, "hold")])
def test_only_the_leader_acts(term, expected):
    """E4."""
    assert lean(stops.leadership, the_situation=situation(term=term)) == expected


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        (SEEING, "permit"),
        (Quality({"m": "no data"}), "hold"),
        (Quality({}, 0, "answers for prod-us"), "hold"),
    ],
)
def test_the_blind_and_those_who_look_at_another_cluster_hold(quality, expected):
    """M1, M2, M3, M7."""
    assert lean(sight.blindness, the_situation=situation(quality=quality)) == expected


@pytest.mark.parametrize(("from_ms", "expected"), [(NOW, "permit"), (NOW + 1, "hold")])
def test_warming_up_ends_with_its_window(from_ms, expected):
    """M6."""
    reason = sight.warm_up(context(the_situation=situation(quality=Quality({}, from_ms))))
    assert reason.lean == expected
    assert reason.until_ms == (from_ms if expected == "hold" else None)


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [(0, "permit"), (30_000, "permit"), (30_001, "hold"), (-30_000, "permit"), (-30_001, "hold")],
)
def test_facts_are_acted_upon_for_thirty_seconds(age_ms, expected):
    """E10, M13: neither old ones, nor those from the future of a clock that jumped."""
    assert lean(sight.fresh_facts, the_facts=facts(at_ms=NOW - age_ms)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "permit"),
        ({"the_situation": situation(storm="many")}, "hold"),
        ({"the_incident": incident(storm=True)}, "hold"),
    ],
)
def test_in_a_storm_nothing_is_done(changes, expected):
    """M8."""
    assert lean(sight.storm, **changes) == expected


def test_a_closed_incident_needs_no_remedy():
    """M16, H6; a review has no incident and is not concerned."""
    assert lean(reach.still_open) == "permit"
    assert lean(reach.still_open, the_incident=incident(state=IncidentState.CLOSED)) == "refuse"
    assert reach.still_open(replace(context(), incident=None)) is None


@pytest.mark.parametrize(("cleared", "expected"), [((0, 0), "hold"), ((0, None), "permit"), ((), "permit")])
def test_what_is_calm_and_not_yet_closed_waits(cleared, expected):
    """M16: somebody fixed it, or it passed; one signal that is still bad is enough to go on."""
    many = tuple(anomaly(signal=f"s{number}", cleared_ms=at) for number, at in enumerate(cleared))
    assert lean(reach.still_open, the_incident=replace(incident(), anomalies=many)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "permit"),
        ({"the_incident": incident(kind=IncidentKind.KNOWN)}, "refuse"),
        ({"the_situation": situation(known={CART: 0})}, "refuse"),
        ({"the_plan": plan(evict()), "the_situation": situation(known={POD: 0})}, "refuse"),
        ({"the_situation": situation(known={TILL: 0})}, "permit"),
    ],
)
def test_known_breakage_is_never_acted_on(changes, expected):
    """5.3."""
    assert lean(reach.known_breakage, **changes) == expected


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", "aiops"])
def test_protected_namespaces_are_out_of_reach(namespace):
    """B3: also where the namespace was opted in by mistake."""
    target = Target("Deployment", namespace, "dns")
    made = plan(step(change=Change(target, "1", step().change.patch, "u")), target=target)
    there = facts(workload(target), namespace_labels={namespace: {"aiops.dev/opt-in": "true"}})
    assert lean(reach.protected, the_plan=made, the_facts=there) == "refuse"
    assert lean(reach.opt_in, the_plan=made, the_facts=there) == "permit"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "permit"),
        ({"the_facts": facts(workload(labels={"aiops.dev/protected": "True"}))}, "refuse"),
        ({"the_facts": facts(workload(annotations={"aiops.dev/protected": "true"}))}, "refuse"),
        ({"the_facts": facts(workload(labels={"aiops.dev/protected": "false"}))}, "permit"),
        ({"the_facts": facts(namespace_labels={"shop": {"aiops.dev/protected": "true"}})}, "refuse"),
        ({"the_situation": situation(protected=frozenset({CART}))}, "refuse"),
        ({"the_facts": facts(workload(TILL))}, "hold"),  # nothing is known of the cart
        ({"the_facts": facts(unknown=frozenset({"labels"}))}, "hold"),
        (
            {
                **CORDON,
                "the_facts": facts(nodes=[node(labels={"node-role.kubernetes.io/control-plane": ""})]),
            },
            "refuse",
        ),
        ({**CORDON, "the_facts": facts(nodes=[node(labels={"aiops.dev/protected": "true"})])}, "refuse"),
        ({**CORDON, "the_facts": facts(nodes=[node(labels=None)])}, "hold"),
        (CORDON, "permit"),
    ],
)
def test_what_is_protected_is_out_of_reach(changes, expected):
    """B3: by label, by annotation, because we stand on it; the control plane never; unknown holds."""
    assert lean(reach.protected, **changes) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"shop": {"aiops.dev/opt-in": "true"}}, "permit"),
        ({"shop": {"aiops.dev/opt-in": "false"}}, "refuse"),
        ({"shop": {}}, "refuse"),
        ({"bank": {"aiops.dev/opt-in": "true"}}, "hold"),  # nobody read the labels of shop
    ],
)
def test_only_what_its_owner_opted_in_is_touched(labels, expected):
    """B8."""
    assert lean(reach.opt_in, the_facts=facts(namespace_labels=labels)) == expected


@pytest.mark.parametrize(("labels", "expected"), [({"aiops.dev/opt-in": "true"}, "permit"), ({}, "refuse")])
def test_a_node_is_opted_in_by_its_own_label(labels, expected):
    """B8."""
    there = facts(nodes=[node(labels=labels)])
    assert lean(reach.opt_in, **{**CORDON, "the_facts": there}) == expected


def window(start, end, **changes):
    return policy(freeze_windows=(FreezeWindow("release", start=start, end=end, **changes),))


@pytest.mark.parametrize(
    ("the_policy", "expected"),
    [
        (window("22:00", "22:14"), "hold"),  # NOW is 22:13:20 UTC
        (window("22:14", "23:00"), "permit"),
        (window("22:00", "22:13"), "permit"),
        (window("22:00", "22:14", namespaces=("shop",)), "hold"),
        (window("22:00", "22:14", namespaces=("bank",)), "permit"),
        (window("23:00", "23:14", timezone="Europe/Berlin"), "hold"),  # 23:13:20 there
        (window("22:00", "22:14", weekdays=("mon",)), "permit"),  # NOW is a Tuesday
    ],
)
def test_a_freeze_window_holds_to_the_minute(the_policy, expected):
    """B5."""
    assert datetime.fromtimestamp(NOW / 1000, UTC).isoformat() == "2023-11-14T22:13:20+00:00"
    reason = reach.freeze(context(the_policy=the_policy))
    assert reason.lean == expected
    assert (reason.until_ms == NOW + 40_000) == (expected == "hold")  # 22:14:00


def test_a_freeze_of_any_namespace_holds_nodes():
    """B5: a node carries everybody's pods."""
    assert lean(reach.freeze, **CORDON, the_policy=window("22:00", "22:14", namespaces=("bank",))) == "hold"


@pytest.mark.parametrize("changed", [{"steps": (scale(),)}, {"target": TILL}, {"approvers": ("me",)}])
def test_a_plan_that_was_changed_after_it_was_made_is_not_acted_on(changed):
    """G11."""
    assert lean(ownership.intact) == "permit"
    assert lean(ownership.intact, the_plan=replace(plan(), **changed)) == "hold"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(CART, "41", {"spec": {"replicas": 5}}, "uid-cart"), "permit"),
        (Change(CART, None, {"spec": {"replicas": 5}}, "uid-cart"), "hold"),  # rebuilt from a recording
        (Change(CART, "41", {"spec": {"replicas": 5}}, None), "hold"),
        (Change(CART, "40", {"spec": {"replicas": 5}}, "uid-cart"), "hold"),  # a person changed it (M16)
        (Change(CART, "41", {"spec": {"replicas": 5}}, "uid-of-old"), "hold"),  # deleted and made anew
        (Change(POD, None, {}, "uid-pod", ChangeVerb.EVICT), "permit"),  # evictions go by uid
        (Change(POD, None, {}, "uid-old", ChangeVerb.EVICT), "hold"),  # another pod of that name by now
        (Change(POD, None, {}, None, ChangeVerb.EVICT), "hold"),
        (Change(Target("Job", "shop", "new"), None, {}, None, ChangeVerb.CREATE), "permit"),
    ],
)
def test_a_step_is_bound_to_what_it_was_planned_on(change, expected):
    """E5, M16."""
    assert lean(ownership.bound, the_plan=plan(step(change=change))) == expected


@pytest.mark.parametrize(
    ("changes", "remediation", "expected"),
    [
        ({}, "restart_rollout", "permit"),
        ({"rolling": True}, "restart_rollout", "hold"),
        ({"rolling": True}, "rollback", "permit"),
        ({"rolling": None}, "restart_rollout", "hold"),
        ({"paused": True}, "restart_rollout", "hold"),
        ({"paused": True, "rolling": True}, "rollback", "hold"),
    ],
)
def test_a_rollout_is_not_interfered_with(changes, remediation, expected):
    """M16: rolling back is what may interfere; a person who paused it may not be overruled."""
    made = plan(step(remediation=remediation))
    assert lean(ownership.at_rest, the_plan=made, the_facts=facts(workload(**changes))) == expected


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ("", "permit"),
        (None, "hold"),
        ("argocd", "escalate"),
        ("Flux", "escalate"),
        ("some-operator", "escalate"),
    ],
)
def test_a_field_that_somebody_owns_is_not_fought_over(manager, expected):
    """B6: whoever it is; a manager nobody has heard of owns its fields all the same."""
    there = facts(replace(SOLD, managed_by=manager))
    assert lean(ownership.owner_of_field, the_plan=plan(scale()), the_facts=there) == expected


def test_the_restart_mark_and_an_eviction_are_nobodys_field():
    """B6, 5.3: both are fine where Git owns the object."""
    there = facts(workload(managed_by="argocd"))
    assert lean(ownership.owner_of_field, the_facts=there) is None
    assert lean(ownership.owner_of_field, the_plan=plan(evict()), the_facts=there) is None


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (facts(SOLD), "permit"),
        (facts(replace(SOLD, hpa_max=None)), "hold"),
        (facts(replace(SOLD, hpa_max=1)), "escalate"),
        (
            facts(SOLD, autoscalers={TILL: Autoscaler(Target("HorizontalPodAutoscaler", "shop", "x"), CART)}),
            "escalate",
        ),
    ],
)
def test_the_number_of_pods_is_the_autoscalers(there, expected):
    """B6."""
    assert lean(ownership.autoscaler, the_plan=plan(scale()), the_facts=there) == expected
    assert lean(ownership.autoscaler, the_facts=there) is None  # a restart leaves it alone


def on(target):
    return step(change=Change(target, "41", step().change.patch, "u"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((step(), scale()), "permit"),  # one workload, two rungs
        ((step(), on(TILL)), "refuse"),
        ((step(), on(Target("Pod", "shop", "stray"))), "refuse"),  # whose pod it is nobody knows
        ((step(), on(POD)), "permit"),  # the cart's own pod
        ((step(), on(Target("HorizontalPodAutoscaler", "shop", "cart"))), "permit"),  # a part of it
        ((scale(blast_radius=replace(scale().blast_radius, workloads=2)),), "refuse"),
        ((cordon(blast_radius=replace(cordon().blast_radius, nodes=2)),), "refuse"),
    ],
)
def test_a_plan_touches_one_workload_or_one_node(steps, expected):
    """B1: whatever a matcher or a remediation says."""
    assert (
        lean(reach.one_target, the_plan=plan(*steps), the_facts=facts(workload(), workload(TILL))) == expected
    )


OVER, LASTING = anomaly(cleared_ms=NOW), anomaly(signal="latency")


@pytest.mark.parametrize(
    ("the_incident", "expected"),
    [
        (incident(closed_ms=NOW), "refuse"),
        (incident(OVER), "hold"),  # somebody fixed it, or it passed
        (incident(OVER, LASTING), "permit"),
        (replace(incident(), anomalies=()), "permit"),
    ],
)
def test_what_is_not_bad_any_more_needs_no_remedy(the_incident, expected):
    """M16: read again just before the write."""
    assert lean(reach.still_open, the_incident=the_incident) == expected


def test_a_review_of_what_was_broken_at_first_is_refused_too():
    """5.3: by its target, for it has no incident."""
    assert reach.known_breakage(replace(context(), incident=None)).lean == "permit"
    known = context(the_situation=situation(known={CART: 0}))
    assert reach.known_breakage(replace(known, incident=None)).lean == "refuse"

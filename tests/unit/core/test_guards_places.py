"""Guards on both sides of their boundaries: places that are stopped, newer terms, what carries the cluster,
sync windows, everything a drain touches."""

from dataclasses import replace

import pytest

from aiops.core.guards import blast, ownership, reach, stops
from aiops.core.guards.wellknown import NAMES, SPACES
from aiops.model import Change, ChangeVerb, Freeze, FreezeWindow, Target
from tests.unit.core.cases import (
    CART,
    CRASHING,
    NODE,
    NOW,
    OPTED_IN,
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
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, TILL, context, lean

STOP = {"aiops.dev/stop": "true"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", "hold"), ("yes", "hold"), ("", "hold"), ("false", "permit"), (" False ", "permit")],
)
def test_what_is_not_clearly_false_stops_a_place(value, expected):
    """B5: as an unreadable switch does."""
    there = facts(workload(annotations={"aiops.dev/stop": value}))
    assert lean(stops.stopped_here, the_facts=there) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "permit"),
        ({"the_facts": facts(namespace_annotations={"shop": STOP})}, "hold"),
        ({"the_facts": facts(namespace_annotations={"bank": STOP})}, "hold"),  # nobody read those of shop
        ({"the_facts": facts(namespace_annotations={"bank": STOP, "shop": {}})}, "permit"),
        ({**CORDON, "the_facts": facts(nodes=[node(annotations=STOP)])}, "hold"),
        ({**CORDON, "the_facts": facts(nodes=[node(annotations=None)])}, "hold"),
        ({**CORDON, "the_facts": facts(nodes=[node(), node("n2", annotations=STOP)])}, "permit"),
        ({"the_plan": plan(evict()), "the_facts": facts(nodes=[node(annotations=STOP)])}, "hold"),
        ({"the_plan": plan(evict()), "the_facts": facts(nodes=[node(annotations=None)])}, "permit"),
        ({"the_plan": plan(evict()), "the_facts": facts(pods={POD: pod(node=None)})}, "permit"),
        ({"the_plan": plan(evict()), "the_facts": facts(nodes=[node("n2", annotations=STOP)])}, "permit"),
        (
            {"the_policy": policy(stop_annotation="x/y"), "the_facts": facts(workload(annotations=STOP))},
            "permit",
        ),
    ],
)
def test_a_person_stops_a_namespace_a_workload_or_a_node(changes, expected):
    """B5: the pods on a stopped node are stopped with it; what cannot be read holds."""
    assert lean(stops.stopped_here, **changes) == expected


def test_an_unread_place_is_marked_as_unknown_and_a_stopped_one_is_not():
    assert stops.stopped_here(context(the_facts=facts(namespace_annotations={}))).unknown
    assert not stops.stopped_here(context(the_facts=facts(namespace_annotations={"shop": STOP}))).unknown


@pytest.mark.parametrize(
    ("term", "expected"), [("1", "permit"), ("2", "hold"), ("0", "permit"), ("two", "hold"), ("²", "hold")]
)
def test_an_object_that_a_newer_leader_changed_is_not_ours(term, expected):
    """E4, E5: our term is 1."""
    there = facts(workload(annotations={"aiops.dev/term": term}))
    assert lean(stops.fenced, the_facts=there) == expected


def test_a_node_that_a_newer_leader_changed_is_not_ours_either():
    """E4; without a term of our own leadership speaks."""
    newer = {**CORDON, "the_facts": facts(nodes=[node(annotations={"aiops.dev/term": "2"})])}
    assert lean(stops.fenced, **newer) == "hold"
    assert lean(stops.fenced, **newer, the_situation=situation(term=2)) == "permit"
    assert lean(stops.fenced, **newer, the_situation=situation(term=None)) is None


def elsewhere(target, **changes):
    """A step on ``target``, which is opted in."""
    made = plan(step(change=Change(target, "41", step().change.patch, "u")), target=target)
    spaces = {target.namespace: {"aiops.dev/opt-in": "true"}}
    return {"the_plan": made, "the_facts": facts(workload(target, **changes), namespace_labels=spaces)}


@pytest.mark.parametrize("space", [*sorted(SPACES), "kube-anything", "openshift-dns"])
def test_namespaces_that_carry_the_cluster_are_out_of_reach(space):
    """B3: networks, names and ways in, also where nobody configured it."""
    assert lean(reach.protected, **elsewhere(Target("Deployment", space, "x"))) == "refuse"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_workloads_that_carry_the_cluster_are_out_of_reach_in_any_namespace(name):
    """B3: by their own name."""
    assert lean(reach.protected, **elsewhere(Target("DaemonSet", "shop", name))) == "refuse"


@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "k8s-app", "app"])
def test_they_are_known_by_their_labels_too(label):
    """B3: a chart calls it as it likes."""
    assert lean(reach.protected, **elsewhere(CART, labels={label: "coredns"})) == "refuse"
    assert lean(reach.protected, **elsewhere(CART, labels={label: "cart"})) == "permit"


OTHER = Target("Pod", "bank", "ledger-1")
TELLER = Target("Deployment", "bank", "ledger")


def drain(*pods, **changes):
    """Cordon the first node and evict ``pods`` from it."""
    evictions = tuple(Change(one, None, {}, f"uid-{one.name}", ChangeVerb.EVICT) for one in pods)
    return plan(cordon(then=evictions, remediation="drain", **changes), target=NODE)


def drained(labels=None, bank=None, cart=None, **changes):
    """The drain takes a pod of the cart and one of the bank's ledger."""
    pods = {POD: pod(uid="uid-cart-1"), OTHER: replace(pod(), target=OTHER, owner=TELLER, uid="uid-ledger-1")}
    there = facts(
        cart or workload(),
        bank or workload(TELLER),
        pods=pods,
        namespace_labels={**OPTED_IN, "bank": OPTED_IN["shop"] if labels is None else labels},
        namespace_annotations={"shop": {}, "bank": {}},
        **changes,
    )
    return {"the_plan": drain(POD, OTHER), "the_incident": incident(prime=NODE), "the_facts": there}


@pytest.mark.parametrize(
    ("changes", "guard", "expected"),
    [
        ({}, reach.protected, "permit"),
        ({"bank": workload(TELLER, labels={"aiops.dev/protected": "true"})}, reach.protected, "refuse"),
        ({"bank": workload(TELLER, labels={"k8s-app": "kube-dns"})}, reach.protected, "refuse"),
        ({"bank": workload(TILL)}, reach.protected, "hold"),  # nothing is known of the ledger
        ({}, reach.opt_in, "permit"),
        ({"labels": {}}, reach.opt_in, "refuse"),
        ({}, blast.ready_floor, "permit"),
        ({"bank": workload(TELLER, ready=3)}, blast.ready_floor, "escalate"),  # 2 of 4 would stay
        ({"cart": workload(ready=3)}, blast.ready_floor, "escalate"),
        ({"bank": workload(TELLER, replicas=None)}, blast.ready_floor, "hold"),
        ({}, blast.disruption_budget, "permit"),
        ({"bank": workload(TELLER, pdb_disruptions_allowed=0)}, blast.disruption_budget, "escalate"),
        ({"bank": workload(TELLER, pdb_disruptions_allowed=None)}, blast.disruption_budget, "hold"),
        ({}, blast.local_storage, "permit"),
        ({}, reach.one_target, "permit"),
        ({"freezes": (Freeze("window", "bank"),)}, reach.freeze, "hold"),
    ],
)
def test_everybody_whose_pods_a_drain_evicts_is_asked_for(changes, guard, expected):
    """B3, B4, B8: not the node alone."""
    assert lean(guard, **drained(**changes)) == expected


def test_a_drain_evicts_only_what_is_on_its_node():
    """B1: its pods go with the node, and no others."""
    stray = drained()
    away = {one: replace(known, node="n2") for one, known in stray["the_facts"].pods.items()}
    assert (
        lean(reach.one_target, **{**stray, "the_facts": replace(stray["the_facts"], pods=away)}) == "refuse"
    )
    assert lean(reach.one_target, **{**stray, "the_facts": replace(stray["the_facts"], pods={})}) == "refuse"


def test_a_drain_of_two_pods_of_one_workload_counts_both():
    """B4: 4 of 4 ready, a disruption budget of one paces it, and 2 of 4 would be away."""
    pods = {Target("Pod", "shop", f"cart-{i}"): pod(f"cart-{i}") for i in (2, 3)}
    made = {"the_plan": drain(*pods), "the_incident": incident(prime=NODE), "the_facts": facts(pods=pods)}
    assert lean(blast.ready_floor, **made) == "escalate"
    assert lean(blast.disruption_budget, **made) == "permit"


def test_two_pods_at_once_ask_the_budget_for_two():
    """B4: without a node that is emptied one after the other."""
    second = Target("Pod", "shop", "cart-2")
    made = plan(evict(then=(Change(second, None, {}, "uid-cart-2", ChangeVerb.EVICT),)))
    there = facts(conditions=CRASHING, pods={POD: pod(), second: pod("cart-2")})
    assert lean(blast.disruption_budget, the_plan=made, the_facts=there) == "escalate"
    two = replace(there, workloads={CART: workload(pdb_disruptions_allowed=2)})
    assert lean(blast.disruption_budget, the_plan=made, the_facts=two) == "permit"


@pytest.mark.parametrize(
    ("freeze", "expected"),
    [
        (Freeze("deny of project shop", "shop", NOW + 5), "hold"),
        (Freeze("deny of project shop", "shop", NOW + 5, frozenset({CART})), "hold"),
        (Freeze("deny of project shop", "shop", NOW + 5, frozenset({TILL})), "permit"),
        (Freeze("deny of project bank", "bank", NOW + 5), "permit"),
    ],
)
def test_a_sync_window_of_the_owner_is_a_freeze(freeze, expected):
    """B5, 5.3."""
    reason = reach.freeze(context(the_facts=facts(freezes=(freeze,))))
    assert reason.lean == expected
    assert (reason.until_ms == NOW + 5) == (expected == "hold")


def test_a_sync_window_that_cannot_be_read_is_a_freeze_and_a_cordon_needs_none():
    """B5: unknown holds; a cordon changes nothing that an owner keeps."""
    assert lean(reach.freeze, the_facts=facts(unknown=frozenset({"freezes"}))) == "hold"
    everywhere = facts(freezes=(Freeze("deny", "shop"),))
    assert lean(reach.freeze, **{**CORDON, "the_facts": everywhere}) == "permit"
    assert (
        lean(reach.freeze, the_policy=policy(freeze_windows=(FreezeWindow("x", namespaces=("bank",)),)))
        == "permit"
    )


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ({POD: pod()}, "permit"),
        ({POD: pod(local_storage=True)}, "escalate"),
        ({POD: pod(local_storage=None)}, "hold"),
        ({POD: pod(mirror=True)}, "refuse"),
        ({POD: pod(mirror=None)}, "permit"),
        ({}, "hold"),
    ],
)
def test_what_a_pod_keeps_on_its_node_is_a_persons_to_give_up(pods, expected):
    """B4: a static pod is the kubelet's."""
    made = {"the_plan": plan(evict()), "the_facts": facts(pods=pods)}
    assert lean(blast.local_storage, **made) == expected
    assert lean(blast.local_storage, the_facts=facts(pods=pods)) is None  # a restart ends no pod by name


@pytest.mark.parametrize(
    ("matching", "expected"), [(None, "permit"), (0, "permit"), (1, "permit"), (2, "escalate")]
)
def test_two_disruption_budgets_on_one_pod_make_every_eviction_fail(matching, expected):
    """Bad input of issue 4: PDBs that match twice."""
    made = {"the_plan": plan(evict()), "the_facts": facts(workload(budgets=matching))}
    assert lean(blast.disruption_budget, **made) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"deleting": None}, "permit"),
        ({"deleting": False}, "permit"),
        ({"deleting": True}, "hold"),
    ],
)
def test_what_is_being_deleted_is_left_alone(changes, expected):
    """M16: finalizers are worked off."""
    assert lean(ownership.bound, the_facts=facts(workload(**changes))) == expected
    there = facts(pods={POD: pod(**changes)})
    assert lean(ownership.bound, the_plan=plan(evict()), the_facts=there) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(POD, "9", {"metadata": {"labels": {"a": "b"}}}, "uid-pod"), "permit"),
        (Change(POD, "8", {"metadata": {"labels": {"a": "b"}}}, "uid-pod"), "hold"),  # it changed since
        (Change(POD, None, {"metadata": {"labels": {"a": "b"}}}, "uid-pod"), "hold"),
        (Change(POD, None, {}, None, ChangeVerb.CAPTURE), "permit"),  # it only looks
    ],
)
def test_a_pod_that_is_patched_is_bound_to_its_version(change, expected):
    """E5; what only looks is bound to nothing."""
    there = facts(pods={POD: pod(resource_version="9")})
    assert lean(ownership.bound, the_plan=plan(step(change=change)), the_facts=there) == expected


def test_every_change_of_a_step_is_bound():
    """E5: not the first one alone."""
    loose = Change(CART, "40", {"spec": {"replicas": 5}}, "uid-cart")
    assert lean(ownership.bound, the_plan=plan(evict(then=(loose,)))) == "hold"
    assert (
        lean(ownership.bound, the_plan=plan(evict(then=(replace(loose, resource_version="41"),)))) == "permit"
    )


def test_what_has_no_namespace_is_in_no_protected_one():
    """B3: where our own namespace is not configured, a node is not in it."""
    assert lean(reach.protected, **CORDON, the_policy=policy(own_namespace="")) == "permit"
    assert lean(reach.protected, **{**CORDON, "the_facts": facts(unknown=frozenset({"labels"}))}) == "permit"


def test_the_plans_own_target_is_protected_too():
    """B3: whatever object of another workload is changed."""
    there = facts(workload(), workload(TILL, labels={"aiops.dev/protected": "true"}))
    assert lean(reach.protected, the_plan=plan(evict(), target=TILL), the_facts=there) == "refuse"


JOB = Target("Job", "shop", "again")


@pytest.mark.parametrize(
    ("space", "expected"), [("shop", "permit"), ("kube-system", "refuse"), ("ingress-nginx", "refuse")]
)
def test_what_is_made_anew_is_judged_by_its_place(space, expected):
    """B3: nobody can have read it yet."""
    change = Change(replace(JOB, namespace=space), None, {"spec": {}}, None, ChangeVerb.CREATE)
    assert lean(reach.protected, the_plan=plan(step(change=change))) == expected


@pytest.mark.parametrize(
    ("steps", "limit", "expected"),
    [
        ((step(), step(change=Change(JOB, None, {}, None, ChangeVerb.CREATE))), 1, "permit"),
        ((step(), step(change=Change(JOB, None, {}, "u", ChangeVerb.DELETE))), 1, "refuse"),
        ((step(), step(change=Change(JOB, None, {}, "u", ChangeVerb.DELETE))), 2, "permit"),
        ((evict(then=(Change(TILL, "1", {}, "u"),)),), 1, "refuse"),  # a second workload
        ((evict(then=(Change(CART, "1", {}, "u"),)),), 1, "permit"),
        ((step(blast_radius=replace(step().blast_radius, workloads=0)),), 1, "permit"),
        (
            (cordon(blast_radius=replace(cordon().blast_radius, workloads=9)),),
            1,
            "permit",
        ),  # its pods go along
    ],
)
def test_what_a_plan_touches_is_counted_once(steps, limit, expected):
    """B1."""
    made = {"the_plan": plan(*steps), "the_policy": policy(max_targets_per_plan=limit)}
    assert lean(reach.one_target, **made, the_facts=facts(workload(), workload(TILL))) == expected


def test_a_freeze_says_how_many_windows_were_looked_at():
    rules = policy(freeze_windows=(FreezeWindow("x", namespaces=("bank",)),))
    there = facts(freezes=(Freeze("deny", "bank"), Freeze("deny", "till")))
    reason = reach.freeze(context(the_policy=rules, the_facts=there))
    assert reason.text == "none of 3 freeze windows is open"


def test_an_annotation_protects_only_when_it_says_true():
    """B3; and a label is not overruled by an annotation."""
    mark = "aiops.dev/protected"
    for labels, annotations, expected in [
        ({mark: "true"}, {mark: "false"}, "refuse"),
        ({}, {mark: "false"}, "permit"),
        ({mark: "false"}, {mark: "true"}, "refuse"),
    ]:
        there = facts(workload(labels=labels, annotations=annotations))
        assert lean(reach.protected, the_facts=there) == expected


def test_what_is_not_known_is_marked_as_unknown():
    """So that a dry run can show what it hides."""
    for guard, there in [
        (reach.protected, facts(workload(TILL))),
        (reach.opt_in, facts(namespace_labels={})),
        (reach.freeze, facts(unknown=frozenset({"freezes"}))),
        (blast.disruption_budget, facts(workload(pdb_disruptions_allowed=None))),
        (blast.local_storage, facts(pods={})),
        (stops.fenced, facts(workload(annotations={"aiops.dev/term": "x"}))),
    ]:
        assert guard(context(plan(evict()), the_facts=there)).unknown

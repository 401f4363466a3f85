"""Fields: what a patch writes, who wrote it before us, and what is nobody's (B6)."""

from dataclasses import replace

import pytest

from aiops.core.guards import ownership
from aiops.core.guards.fields import flat, is_nobody, meet, owned, owners, said
from aiops.model import Autoscaler, Change, ChangeVerb, Claim, Lean, Manager, Target
from tests.unit.core.cases import (
    CART,
    NODE,
    POD,
    cordon,
    evict,
    facts,
    node,
    plan,
    pod,
    scale,
    situation,
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, SOLD, context, lean, ledger

IMAGE = "spec.template.spec.containers[app].image"
ARGO = Manager(
    "argocd-controller", None, (IMAGE, "spec.template.spec.containers[app].resources.limits.memory")
)
HELM = Manager("helm", None, ("spec.replicas", IMAGE))
MEMORY = {
    "spec": {
        "template": {"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "1Gi"}}}]}}
    }
}


def patching(patch, target=CART):
    return step(change=Change(target, "41", patch, f"uid-{target.name}"))


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"spec": {"replicas": 5}}, {"spec.replicas": 5}),
        (MEMORY, {"spec.template.spec.containers[app].resources.limits.memory": "1Gi"}),
        ({"spec": {"taints": [{"key": "a"}]}}, {"spec.taints": [{"key": "a"}]}),  # items without a name
        ({"spec": {"hosts": ["a", "b"]}}, {"spec.hosts": ["a", "b"]}),
        ({"spec": {"users": ["username"]}}, {"spec.users": ["username"]}),
        ({"spec": {"list": []}}, {"spec.list": []}),
        (
            {"spec": {"list": [{"name": "a", "x": 1}, {"y": 2}]}},
            {"spec.list": [{"name": "a", "x": 1}, {"y": 2}]},
        ),
        ({"spec": {"x": {}}}, {"spec.x": {}}),
        ({"spec": {"x": None}}, {"spec.x": None}),  # a key that is removed
        ({"spec": {"c": [{"name": "a"}]}}, {"spec.c[a]": {"name": "a"}}),
        (
            {"spec": {"c": [{"name": "a", "$patch": "delete"}]}},
            {"spec.c[a]": {"name": "a", "$patch": "delete"}},
        ),
        (
            {"spec": {"template": {"$patch": "replace", "spec": {}}}},
            {"spec.template": {"$patch": "replace", "spec": {}}},
        ),
        ({"spec": {"$setElementOrder/containers": [{"name": "a"}], "x": 1}}, {"spec.x": 1}),
    ],
)
def test_a_patch_is_its_fields_by_path(patch, fields):
    assert flat(patch) == fields


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("spec.replicas", "spec.replicas", True),
        ("spec.template", "spec.template.spec.containers[app].image", True),
        ("spec.containers[app]", "spec.containers", True),
        ("spec.rep", "spec.replicas", False),
        ("spec.containers[app].image", "spec.containers[app2].image", False),
        ("spec.replicas", "spec.paused", False),
    ],
)
def test_paths_meet_where_one_is_part_of_the_other(one, other, expected):
    assert meet(one, other) is expected
    assert meet(other, one) is expected


@pytest.mark.parametrize(
    ("name", "nobody"),
    [
        ("aiops", True),
        ("kubectl", True),
        ("kubectl-edit", True),
        ("kubectl/v1.36", True),
        ("kubectly", False),
        ("kube-controller-manager", True),
        ("kube-downscaler", False),  # a remediator
        ("argocd-controller", False),
        ("kustomize-controller", False),
        ("helm", False),
        ("vpa-updater", False),
        ("keda-operator", False),
        ("descheduler", False),
        ("aiops-2", False),  # another one of us
        ("", False),
    ],
)
def test_people_kubernetes_and_we_ourselves_own_nothing(name, nobody):
    """B6: whoever else wrote a field will write it again."""
    assert is_nobody(name, "aiops") is nobody


def test_owners_are_named_in_order_and_only_of_what_is_written():
    managers = (HELM, ARGO, Manager("kubectl", None, (IMAGE,)))
    assert owners(IMAGE, managers, "aiops") == ("argocd-controller", "helm")
    assert owners("spec.replicas", managers, "aiops") == ("helm",)
    assert owners("spec.paused", managers, "aiops") == ()


@pytest.mark.parametrize(
    ("managers", "the_step", "expected"),
    [
        ((ARGO,), scale(), "permit"),  # Git says nothing of the number of pods
        ((HELM,), scale(), "escalate"),
        ((ARGO,), patching(MEMORY), "escalate"),
        ((HELM,), patching(MEMORY), "permit"),
        ((Manager("kubectl-scale", None, ("spec.replicas",), "scale"),), scale(), "permit"),
        ((Manager("kube-controller-manager", None, ("spec.replicas",), "scale"),), scale(), "permit"),
        ((Manager("aiops", None, ("spec.replicas",)),), scale(), "permit"),
        ((), scale(), "permit"),
        ((ARGO, HELM), step(), None),  # the mark of a restart is nobody's
        ((ARGO, HELM), evict(), None),
        ((HELM,), patching({"spec": {"paused": True}}), "permit"),  # which Git knows nothing of
        ((HELM,), patching({"spec": {"template": {"$patch": "replace", "spec": {}}}}), "escalate"),
    ],
)
def test_ownership_is_judged_by_field(managers, the_step, expected):
    """B6, 5.3."""
    there = facts(replace(SOLD, managers=managers, managed_by="helm"))
    assert lean(ownership.owner_of_field, the_plan=plan(the_step), the_facts=there) == expected


def test_what_is_escalated_names_the_owner_and_the_change_to_commit():
    """B6: exact, so that a person can paste it."""
    there = facts(replace(SOLD, managers=(HELM, ARGO)))
    reason = ownership.owner_of_field(context(plan(scale()), the_facts=there))
    assert reason.text == "helm owns it: commit the change to Deployment/shop/cart there: spec.replicas: 5"
    both = patching({"spec": {"replicas": 5, "paused": True, **MEMORY["spec"]}})
    reason = ownership.owner_of_field(context(plan(both), the_facts=there))
    assert reason.text.startswith("argocd-controller, helm owns it")
    assert "paused" not in reason.text


def test_a_long_change_is_shortened():
    assert said({"a": "x" * 1000}) == 'a: "' + "x" * 396 + " ..."  # 400 characters
    assert said({"a": "x" * 395}) == 'a: "' + "x" * 395 + '"'


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"annotations": {"aiops.dev/intent": "i"}}, {}),
        ({"uid": "u", "resourceVersion": "4"}, {}),
        ({"annotations": {"example.com/x": "y"}}, {"metadata.annotations.example.com/x": "y"}),
        ({"labels": {"a": "b"}}, {"metadata.labels.a": "b"}),
    ],
)
def test_of_the_metadata_only_our_own_marks_are_nobodys(field, expected):
    assert owned(patching({"metadata": field}).change) == expected
    assert owned(Change(POD, "1", {"metadata": field}, "u")) == {}  # its controller made it


def test_of_a_template_the_mark_of_a_restart_and_our_own_are_nobodys():
    """5.3: restart is fine where Git owns the object."""
    assert owned(step().change) == {}
    for name, nobody in (("aiops.dev/x", True), ("example.com/x", False)):
        patch = {"spec": {"template": {"metadata": {"annotations": {name: "1"}}}}}
        assert (owned(patching(patch).change) == {}) is nobody


@pytest.mark.parametrize("verb", [ChangeVerb.EVICT, ChangeVerb.DELETE, ChangeVerb.CREATE, ChangeVerb.CAPTURE])
def test_only_a_patch_writes_fields(verb):
    assert owned(Change(CART, "41", {"spec": {"replicas": 5}}, "u", verb)) == {}


HPA, CLAIM = (
    Target("HorizontalPodAutoscaler", "shop", "cart"),
    Target("PersistentVolumeClaim", "shop", "data"),
)
KEDA = (Manager("keda-operator", None, ("spec.maxReplicas",)),)


@pytest.mark.parametrize(
    ("target", "patch", "there", "expected"),
    [
        (
            HPA,
            {"spec": {"maxReplicas": 6}},
            {"autoscalers": {HPA: Autoscaler(HPA, CART, managers=KEDA)}},
            "escalate",
        ),
        (
            HPA,
            {"spec": {"minReplicas": 2}},
            {"autoscalers": {HPA: Autoscaler(HPA, CART, managers=KEDA)}},
            "permit",
        ),
        (HPA, {"spec": {"maxReplicas": 6}}, {"autoscalers": {HPA: Autoscaler(HPA, CART)}}, "hold"),
        (HPA, {"spec": {"maxReplicas": 6}}, {}, "hold"),  # nobody read it
        (CLAIM, {"spec": {"x": 1}}, {"claims": {CLAIM: Claim(CLAIM, managers=())}}, "permit"),
        (NODE, {"spec": {"unschedulable": True}}, {"nodes": [node(managers=None)]}, "hold"),
        (NODE, {"spec": {"unschedulable": True}}, {"nodes": [node(managers=(ARGO,))]}, "permit"),
        (
            NODE,
            {"spec": {"unschedulable": True}},
            {"nodes": [node(managers=(Manager("kured", None, ("spec.unschedulable",)),))]},
            "escalate",
        ),
    ],
)
def test_the_fields_of_other_objects_have_owners_too(target, patch, there, expected):
    """B6: an autoscaler of KEDA, a node that kured cordons."""
    made = plan(patching(patch, target))
    assert lean(ownership.owner_of_field, the_plan=made, the_facts=facts(**there)) == expected


def test_a_manager_of_another_name_may_be_ours():
    """It is configured."""
    there = facts(replace(SOLD, managers=(Manager("healer", None, ("spec.replicas",)),)))
    made = {"the_plan": plan(scale()), "the_facts": there}
    assert lean(ownership.owner_of_field, **made) == "escalate"
    assert lean(ownership.owner_of_field, **made, the_situation=situation(field_manager="healer")) == "permit"


def test_every_change_of_a_step_has_its_owner():
    """B6: the second one too."""
    second = Change(CART, "41", {"spec": {"replicas": 5}}, "uid-cart")
    made = plan(evict(then=(second,)))
    assert (
        lean(ownership.owner_of_field, the_plan=made, the_facts=facts(replace(SOLD, managers=(HELM,))))
        == "escalate"
    )
    assert (
        ownership.autoscaler(context(made, the_facts=facts(replace(SOLD, hpa_max=6)))).lean is Lean.ESCALATE
    )


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "permit"), (1, "permit"), (2, "escalate"), (3, "escalate")]
)
def test_whoever_writes_over_us_twice_is_not_fought(count, expected):
    """B6."""
    assert lean(ownership.fight, ledger=ledger(overwritten={str(CART): count})) == expected
    aside = {**CORDON, "the_plan": plan(cordon(then=(evict().change,)), target=NODE)}
    assert lean(ownership.fight, **aside, ledger=ledger(overwritten={str(CART): count})) == expected
    node_too = {**CORDON, "ledger": ledger(overwritten={str(NODE): count})}
    assert lean(ownership.fight, **node_too) == expected


PAUSING, RESUMING = ({"spec": {"paused": value}} for value in (True, False))
OURS = {"aiops.dev/paused-by": "aiops"}


@pytest.mark.parametrize(
    ("changes", "patch", "expected"),
    [
        ({"rolling": True}, PAUSING, "permit"),  # that is what a stuck rollout needs
        ({"paused": True, "rolling": True}, RESUMING, "hold"),  # a person paused it
        ({"paused": True, "rolling": True, "annotations": OURS}, RESUMING, "permit"),
        ({"paused": True, "annotations": OURS}, {"spec": {"replicas": 5}}, "hold"),
        ({"paused": True, "annotations": OURS}, {"spec": {"paused": False, "replicas": 5}}, "hold"),
        ({"paused": None}, PAUSING, "hold"),
        ({}, PAUSING, "permit"),
    ],
)
def test_a_rollout_may_be_paused_and_only_our_own_pause_ended(changes, patch, expected):
    """M16."""
    made = {"the_plan": plan(patching(patch)), "the_facts": facts(workload(**changes))}
    assert lean(ownership.at_rest, **made) == expected


@pytest.mark.parametrize(
    ("remediation", "expected"),
    [("rollback", "permit"), ("restore_config_ref", "permit"), ("restart_rollout", "hold")],
)
def test_a_rollout_that_hangs_may_be_taken_back_to_what_was_before(remediation, expected):
    """A pod that cannot start for want of a ConfigMap keeps its workload rolling for ever."""
    made = plan(replace(patching({"spec": {"template": {"x": 1}}}), remediation=remediation))
    assert lean(ownership.at_rest, the_plan=made, the_facts=facts(workload(rolling=True))) == expected


def test_only_a_deployment_can_be_paused():
    """Of the others nobody says so, and nothing is missing."""
    daemons = Target("DaemonSet", "shop", "agent")
    there = facts(workload(daemons, paused=None))
    made = plan(patching({"spec": {"template": {"x": 1}}}, daemons), target=daemons)
    assert lean(ownership.at_rest, the_plan=made, the_facts=there) == "permit"
    assert lean(ownership.at_rest, **CORDON) is None


CRON = Target("CronJob", "shop", "report")


def test_what_does_not_roll_out_is_always_at_rest():
    made = plan(patching({"spec": {"suspend": True}}, CRON), target=CRON)
    assert lean(ownership.at_rest, the_plan=made, the_facts=facts(workload(CRON, rolling=None))) is None


@pytest.mark.parametrize(
    ("change", "there", "expected"),
    [
        (scale().change, facts(), "bound to version 41"),
        (evict().change, facts(), "bound to version uid-pod"),
        (
            replace(scale().change, verb=ChangeVerb.CREATE, uid=None, resource_version=None),
            facts(),
            "it changes",
        ),
        # What the facts do not say is left to the API server, which compares.
        (scale().change, facts(workload(uid=None)), "bound to version 41"),
        (scale().change, facts(workload(resource_version=None)), "bound to version 41"),
        (evict().change, facts(pods={POD: pod(resource_version="9")}), "bound to version uid-pod"),
        (evict().change, facts(pods={}), "bound to version uid-pod"),
    ],
)
def test_a_step_says_what_it_is_bound_to(change, there, expected):
    """E5."""
    reason = ownership.bound(context(plan(step(change=change)), the_facts=there))
    assert reason.lean is Lean.PERMIT
    assert reason.text.startswith(expected)


@pytest.mark.parametrize(
    "change",
    [
        replace(scale().change, uid=None),
        replace(scale().change, resource_version=None),
        replace(evict().change, uid=None),
    ],
)
def test_a_step_that_is_bound_to_nothing_is_unknown(change):
    """E5: it can be shown, and not sent; whether or not the object is among the facts."""
    for there in (facts(), replace(facts(), workloads={}, pods={})):
        assert ownership.bound(context(plan(step(change=change)), the_facts=there)).unknown


def test_a_target_that_nobody_wrote_over_says_so():
    assert ownership.fight(context()).text == (
        "0 of 2 changes of ours to Deployment/shop/cart were written over by somebody"
    )


@pytest.mark.parametrize(
    ("planned", "now", "expected"),
    [
        (5, 5, "permit"),  # only its status was written since
        (5, 6, "hold"),  # somebody changed what is wanted
        (None, 5, "hold"),
        (5, None, "hold"),
        (None, None, "hold"),
    ],
)
def test_a_newer_version_of_the_same_generation_is_the_same_object(planned, now, expected):
    """E5, M16: the status of a workload is written all the time."""
    made = plan(step(change=replace(scale().change, generation=planned)))
    there = facts(workload(resource_version="42", generation=now))
    assert lean(ownership.bound, the_plan=made, the_facts=there) == expected


def test_what_has_no_generation_is_bound_to_its_version():
    """E5: such as a node."""
    made = plan(cordon(change=replace(cordon().change, resource_version="6", generation=1)), target=NODE)
    assert lean(ownership.bound, **{**CORDON, "the_plan": made}) == "hold"

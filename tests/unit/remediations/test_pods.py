"""Remediations of single pods: which pod is meant, who replaces it, what is left alone and why."""

import json
from dataclasses import replace

import pytest

from aiops.model import ChangeVerb, Container, Impact, NotApplicable, Service, Target
from remediations.capture_evidence import CaptureEvidence
from remediations.delete_finished_pods import DeleteFinishedPods
from remediations.evict_pod import EvictPod
from remediations.quarantine_pod import QuarantinePod
from remediations.resize_pod import ResizePod
from remediations.restart_pod import RestartPod
from tests.contract.remediation_cases import (
    AGENT,
    CART,
    DB,
    EVICTED,
    FACTS,
    GIB,
    MEMBER,
    MIB,
    NOW,
    NOW_MS,
    POD,
    pod,
    workload,
)

ENDING = (EvictPod(), RestartPod(), QuarantinePod())


def where(owner=CART, pods=None, **changes):
    """The facts with another cart, or another ``owner``, and other pods."""
    known = FACTS.pods if pods is None else {one.target: one for one in pods}
    return replace(FACTS, workloads={**FACTS.workloads, owner: workload(owner, **changes)}, pods=known)


def declined(answer):
    assert isinstance(answer, NotApplicable)
    return answer.reason


def ids(fix):
    return type(fix).__name__


@pytest.mark.parametrize("fix", ENDING, ids=ids)
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"owner": None, "controller": None}, "nobody is known who would replace"),
        ({"owner": Target("Job", "shop", "bill")}, "nobody is known who would replace"),
        (
            {"owner": None, "controller": Target("Rollout", "shop", "cart")},
            "nobody is known who would replace",
        ),
        ({"deleting": True}, "is being deleted already"),
        ({"mirror": True}, "is a static pod"),
        ({"phase": "Failed"}, "has ended"),
        ({"phase": "Succeeded"}, "has ended"),
    ],
)
def test_a_pod_that_nobody_would_replace_is_left(fix, changes, word):
    facts = where(pods=[pod(**changes)])
    assert word in declined(fix.propose(POD, facts, NOW))


@pytest.mark.parametrize("fix", ENDING, ids=ids)
def test_a_workload_s_finished_pods_are_not_its_bad_one(fix):
    """Evicted pods are never ready, and nothing that could be replaced."""
    facts = where(pods=[pod(EVICTED, phase="Failed", reason="Evicted")])
    assert "exactly one" in declined(fix.propose(CART, facts, NOW))
    both = where(pods=[pod(), pod(EVICTED, phase="Failed", reason="Evicted")])
    assert fix.propose(CART, both, NOW).change.target == POD


@pytest.mark.parametrize("fix", [EvictPod(), RestartPod()], ids=ids)
@pytest.mark.parametrize(("budgets", "clash"), [(1, False), (2, True), (None, False)])
def test_with_two_disruption_budgets_every_eviction_fails_so_none_is_planned(fix, budgets, clash):
    answer = fix.propose(POD, where(budgets=budgets), NOW)
    assert isinstance(answer, NotApplicable) is clash
    if clash:
        assert "2 disruption budgets match" in answer.reason


@pytest.mark.parametrize(("allowed", "impact"), [(1, Impact.MEDIUM), (None, Impact.HIGH)])
def test_a_delete_asks_no_budget_so_it_must_be_known(allowed, impact):
    assert RestartPod().propose(POD, where(pdb_disruptions_allowed=allowed), NOW).impact is impact


def test_a_delete_never_goes_round_a_budget():
    """E8: a refused eviction is not answered by a delete."""
    facts = where(pdb_disruptions_allowed=0)
    assert "a delete asks none" in declined(RestartPod().propose(POD, facts, NOW))
    assert EvictPod().propose(POD, facts, NOW).change.verb is ChangeVerb.EVICT  # the API server will say


@pytest.mark.parametrize("fix", ENDING, ids=ids)
@pytest.mark.parametrize(
    ("replicas", "ready", "pod_ready", "impact"),
    [
        (2, 2, True, Impact.MEDIUM),  # one ready pod stays
        (2, 1, True, Impact.HIGH),
        (2, 1, False, Impact.MEDIUM),  # the other one is ready
        (2, 1, None, Impact.HIGH),  # it may be the ready one
        (1, 0, False, Impact.HIGH),
        (2, None, False, Impact.HIGH),
    ],
)
def test_one_ready_pod_must_remain_beside_it_or_a_person_decides(fix, replicas, ready, pod_ready, impact):
    facts = where(pods=[pod(ready=pod_ready)], replicas=replicas, ready=ready)
    step = fix.propose(POD, facts, NOW)
    assert step.impact is impact
    assert step.blast_radius.at_once == (0 if pod_ready is False else 1)


@pytest.mark.parametrize("kind", [EvictPod, RestartPod, QuarantinePod])
def test_the_only_pod_goes_to_a_person_whatever_was_allowed(kind):
    facts = where(replicas=1, ready=0)
    assert kind(min_others=0).propose(POD, facts, NOW).impact is Impact.HIGH


def test_an_eviction_is_typed_as_one_and_not_as_a_delete():
    """``kubectl delete pod`` goes round disruption budgets."""
    command = EvictPod().propose(POD, FACTS, NOW).command
    path, _, body = command.partition(" <<< ")
    assert path == "kubectl create --raw /api/v1/namespaces/shop/pods/cart-1/eviction -f -"
    assert json.loads(body.strip("'")) == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "cart-1", "namespace": "shop"},
        "deleteOptions": {"preconditions": {"uid": "uid-cart-1"}},
    }


def services(*selectors, namespace="shop"):
    targets = [Target("Service", namespace, f"s{n}") for n in range(len(selectors))]
    return {t: Service(t, selector) for t, selector in zip(targets, selectors, strict=True)}


@pytest.mark.parametrize(
    ("selectors", "keys"),
    [
        ([{"app": "cart"}], {"app"}),  # one label hides it from both
        ([{"tier": "front"}], {"app", "tier"}),
        ([{"app": "cart", "tier": "front"}, {"tier": "front"}], {"app", "tier"}),
        ([{"app": "cart", "tier": "front"}], {"app"}),  # of two labels the one that all select by
        ([{"app": "pay"}], {"app"}),  # does not find this pod
        ([{}], {"app"}),  # a Service without a selector finds none
        ([], {"app"}),
    ],
)
def test_a_quarantine_changes_as_few_labels_as_hide_the_pod_from_all_that_find_it(selectors, keys):
    facts = replace(FACTS, services=services(*selectors))
    patch = QuarantinePod().propose(POD, facts, NOW).change.patch["metadata"]
    changed = {key for key, value in patch["labels"].items() if value == "quarantined"}
    assert changed == keys
    old = json.loads(patch["annotations"]["aiops.dev/quarantined-labels"])
    assert old == {key: FACTS.pods[POD].labels[key] for key in keys}


def test_a_quarantined_pod_is_found_neither_by_its_owner_nor_by_its_services_and_back_again():
    found_by = [{"app": "cart"}, {"tier": "front"}, {"app": "cart", "tier": "front"}]
    facts = replace(FACTS, services=services(*found_by[1:]))
    step = QuarantinePod().propose(POD, facts, NOW)
    before = dict(FACTS.pods[POD].labels)
    after = before | step.change.patch["metadata"]["labels"]

    def finds(selector, labels):
        return selector.items() <= labels.items()

    assert [finds(one, before) for one in found_by] == [True, True, True]
    assert [finds(one, after) for one in found_by] == [False, False, False]
    back = after | step.undo.patch["metadata"]["labels"]
    assert {key: value for key, value in back.items() if value is not None} == before


@pytest.mark.parametrize("place", ["other", "shop"])
def test_only_services_of_its_own_namespace_find_a_pod(place):
    facts = replace(FACTS, services=services({"tier": "front"}, namespace=place))
    labels = QuarantinePod().propose(POD, facts, NOW).change.patch["metadata"]["labels"]
    assert ("tier" in labels) is (place == "shop")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        (replace(FACTS, unknown=frozenset({"services"})), "is not known"),
        (where(selector=None), "is not known"),
        (where(selector={}), "is not known"),
        (where(pods=[pod(labels=None)]), "is not known"),
        (where(pods=[pod(labels={"app": "else"})]), "does not find"),
        (where(pods=[pod(labels={"app": "cart", "aiops.dev/quarantined": "true"})]), "already"),
    ],
)
def test_who_finds_a_pod_must_be_known_to_hide_it(facts, word):
    assert word in declined(QuarantinePod().propose(POD, facts, NOW))


@pytest.mark.parametrize("owner", [DB, AGENT])
def test_only_a_deployment_makes_another_pod_beside_one_in_quarantine(owner):
    facts = where(owner, [pod(owner=owner, controller=owner)])
    assert "nobody is known" in declined(QuarantinePod().propose(POD, facts, NOW))


@pytest.mark.parametrize(("allowed", "impact"), [(1, Impact.MEDIUM), (0, Impact.HIGH), (None, Impact.HIGH)])
def test_a_ready_pod_is_put_aside_only_where_its_budget_allows_it(allowed, impact):
    facts = where(pods=[pod(ready=True)], pdb_disruptions_allowed=allowed)
    assert QuarantinePod().propose(POD, facts, NOW).impact is impact
    unready = where(pods=[pod(ready=False)], pdb_disruptions_allowed=allowed)
    assert QuarantinePod().propose(POD, unready, NOW).impact is Impact.MEDIUM


def ended(count, **changes):
    targets = [Target("Pod", "shop", f"cart-{n}") for n in range(count)]
    kept = {"phase": "Failed", "reason": "Evicted"} | changes
    return [pod(t, since_ms=NOW_MS - (100 - n) * 1000, **kept) for n, t in enumerate(targets)]


@pytest.mark.parametrize(("count", "deleted"), [(1, 1), (20, 20), (21, 20)])
def test_at_most_twenty_evicted_pods_are_cleared_away_oldest_first(count, deleted):
    step = DeleteFinishedPods().propose(CART, where(pods=ended(count)), NOW)
    names = [change.target.name for change in step.changes]
    assert names == [f"cart-{n}" for n in range(deleted)]
    assert {change.verb for change in step.changes} == {ChangeVerb.DELETE}
    assert step.changes[-1].uid == f"uid-cart-{deleted - 1}"
    assert (step.blast_radius.pods, step.blast_radius.at_once, step.impact) == (deleted, 0, Impact.LOW)


@pytest.mark.parametrize(
    ("changes", "completed", "goes"),
    [
        ({}, False, True),
        ({"reason": "Error"}, False, False),  # it failed by itself: somebody will want to look
        ({"phase": "Succeeded", "reason": ""}, False, False),
        ({"phase": "Succeeded", "reason": ""}, True, True),
        ({"phase": "Running", "reason": ""}, True, False),
        ({"phase": "Running", "reason": "Evicted"}, True, False),
        ({"phase": None}, True, False),
        ({"deleting": True}, False, False),
    ],
)
def test_only_what_has_ended_is_cleared_away(changes, completed, goes):
    answer = DeleteFinishedPods(completed=completed).propose(CART, where(pods=ended(1, **changes)), NOW)
    assert isinstance(answer, NotApplicable) is not goes


@pytest.mark.parametrize(("older_than_s", "goes"), [(100, True), (101, False)])
def test_what_is_young_may_still_be_looked_at(older_than_s, goes):
    """The pod is 100 s old."""
    fix = DeleteFinishedPods(older_than_s=older_than_s)
    assert isinstance(fix.propose(CART, where(pods=ended(1)), NOW), NotApplicable) is not goes


def test_a_pod_of_unknown_age_counts_as_young():
    facts = where(pods=[replace(one, since_ms=None) for one in ended(1)])
    assert "no evicted" in declined(DeleteFinishedPods(older_than_s=1).propose(CART, facts, NOW))


def test_another_workload_s_pods_are_not_cleared_away():
    assert "no evicted pods" in declined(DeleteFinishedPods().propose(DB, where(pods=ended(3)), NOW))


@pytest.mark.parametrize(
    ("request_", "sides", "impact"),
    [
        (256 * MIB, {"limits": {"memory": "768Mi"}}, Impact.MEDIUM),
        # its class of service is Guaranteed, and must stay so
        (
            512 * MIB,
            {"limits": {"memory": "768Mi"}, "requests": {"memory": "768Mi"}},
            Impact.HIGH,
        ),
        (None, {"limits": {"memory": "768Mi"}}, Impact.HIGH),
    ],
)
def test_a_pod_is_resized_in_place_and_keeps_its_class_of_service(request_, sides, impact):
    """512 MiB * 1.5 = 768."""
    facts = where(pods=[pod(containers=(Container("app", "", 512 * MIB, request_),))])
    step = ResizePod().propose(POD, facts, NOW)
    assert (step.change.subresource, step.undo.subresource) == ("resize", "resize")
    assert step.change.patch == {"spec": {"containers": [{"name": "app", "resources": sides}]}}
    assert step.impact is impact
    assert "--subresource=resize" in step.command


def test_a_pod_is_resized_from_what_it_has_and_not_from_its_template():
    """It may have been resized before: the template says 512 MiB."""
    facts = where(pods=[pod(containers=(Container("app", "", 2 * GIB, GIB),))])
    step = ResizePod().propose(POD, facts, NOW)
    assert step.change.patch["spec"]["containers"][0]["resources"] == {"limits": {"memory": "3072Mi"}}
    assert "no container" in declined(ResizePod().propose(POD, where(pods=[pod(containers=())]), NOW))


@pytest.mark.parametrize("count", [1, 2])
def test_a_workload_s_only_pod_is_meant_when_it_is_resized(count):
    pods = [pod(Target("Pod", "shop", f"cart-{n}"), ready=True) for n in range(count)]
    answer = ResizePod().propose(CART, where(pods=pods), NOW)
    assert isinstance(answer, NotApplicable) is (count == 2)


@pytest.mark.parametrize("target", [CART, POD, MEMBER])
def test_evidence_is_read_and_nothing_written(target):
    step = CaptureEvidence().propose(target, FACTS, NOW)
    assert (step.change.verb, step.change.patch, step.undo) == (ChangeVerb.CAPTURE, {}, None)
    assert step.command == f"kubectl -n shop describe {target.kind.lower()}/{target.name}"

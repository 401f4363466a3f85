"""Remediations: the numbers that each proposes, on both sides of what it may."""

from dataclasses import replace

import pytest

from aiops.model import Autoscaler, Container, Facts, Impact, NotApplicable, Pod, Revision, Target
from remediations.cordon import CORDONED_BY, Cordon
from remediations.evict_pod import EvictPod
from remediations.expand_pvc import ExpandPvc
from remediations.hpa_raise_max import HpaRaiseMax
from remediations.raise_memory_limit import RaiseMemoryLimit
from remediations.rerun_job import RerunJob
from remediations.restart_rollout import RestartRollout
from remediations.rollback import Rollback
from remediations.scale_out import ScaleOut
from remediations.suspend_cronjob import SuspendCronjob
from tests.contract.remediation_cases import (
    CART,
    CLAIM,
    CRON,
    DAY_MS,
    DB,
    FACTS,
    GIB,
    JOB,
    MIB,
    NODE,
    NOW,
    NOW_MS,
    POD,
    SCALED,
    SCALER,
    template,
    workload,
)


def given(**changes):
    """The facts with another cart."""
    return replace(FACTS, workloads={**FACTS.workloads, CART: workload(CART, **changes)})


def declined(answer):
    assert isinstance(answer, NotApplicable)
    return answer.reason


@pytest.mark.parametrize(("replicas", "wanted"), [(1, 2), (2, 3), (4, 6), (5, 8), (13, 20), (19, 20)])
def test_scale_out_takes_half_as_many_again_and_at_least_one(replicas, wanted):
    """1.5 times, rounded up, at most 20: 5 * 1.5 = 7.5, 13 * 1.5 = 19.5, 19 * 1.5 = 28.5."""
    step = ScaleOut().propose(CART, given(replicas=replicas), NOW)
    assert step.change.patch == {"spec": {"replicas": wanted}}
    assert step.undo.patch == {"spec": {"replicas": replicas}}
    assert step.blast_radius.pods == wanted - replicas


def test_scale_out_knows_where_to_stop():
    assert "has 20 pods" in declined(ScaleOut().propose(CART, given(replicas=20), NOW))
    assert "autoscaler" in declined(ScaleOut().propose(SCALED, FACTS, NOW))
    assert "on purpose" in declined(ScaleOut().propose(CART, given(replicas=0), NOW))


@pytest.mark.parametrize(("maximum", "wanted"), [(1, 2), (6, 9), (7, 11), (39, 40)])
def test_an_autoscaler_gets_half_as_much_again(maximum, wanted):
    """7 * 1.5 = 10.5; at most 40."""
    scaler = Autoscaler(SCALER, SCALED, 1, maximum, "uid-hpa", "11")
    step = HpaRaiseMax().propose(SCALED, replace(FACTS, autoscalers={SCALER: scaler}), NOW)
    assert step.change.patch == {"spec": {"maxReplicas": wanted}}
    assert (step.change.target, step.impact) == (SCALER, Impact.HIGH)


def test_an_autoscaler_at_the_most_allowed_is_left():
    scaler = Autoscaler(SCALER, SCALED, 1, 40)
    assert "40 already" in declined(
        HpaRaiseMax().propose(SCALER, replace(FACTS, autoscalers={SCALER: scaler}), NOW)
    )


def test_where_only_the_workload_knows_of_its_autoscaler_the_step_cannot_be_sent():
    step = HpaRaiseMax().propose(SCALED, replace(FACTS, autoscalers={}), NOW)
    assert (step.change.target.name, step.change.uid) == ("front-hpa", None)


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [(512 * MIB, "768Mi"), (100 * MIB, "150Mi"), (101 * MIB, "152Mi"), (8000 * MIB, "8192Mi")],
)
def test_memory_limits_are_raised_by_half_in_whole_mib(limit, wanted):
    """101 * 1.5 = 151.5; at most 8192."""
    step = RaiseMemoryLimit().propose(CART, given(containers=(Container("app", "", limit, limit // 2),)), NOW)
    (container,) = step.change.patch["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "app", "resources": {"limits": {"memory": wanted}}}
    assert step.impact is Impact.MEDIUM


def test_only_containers_with_a_limit_are_raised_and_the_undo_restores_them():
    many = (Container("app", "", 512 * MIB, 256 * MIB), Container("proxy", "", 0), Container("log", "", None))
    step = RaiseMemoryLimit().propose(CART, given(containers=many), NOW)
    (back,) = step.undo.patch["spec"]["template"]["spec"]["containers"]
    assert back == {"name": "app", "resources": {"limits": {"memory": "512Mi"}}}
    named = RaiseMemoryLimit(container="proxy").propose(CART, given(containers=many), NOW)
    assert "no container" in declined(named)


@pytest.mark.parametrize("asked", [None, 0])
def test_without_a_request_the_limit_costs_room_and_a_person_decides(asked):
    step = RaiseMemoryLimit().propose(CART, given(containers=(Container("a", "", MIB, asked),)), NOW)
    assert step.impact is Impact.HIGH


@pytest.mark.parametrize(
    ("size", "wanted"), [(10 * GIB, "13Gi"), (1 * GIB, "2Gi"), (GIB // 2, "1Gi"), (1000 * GIB, "1024Gi")]
)
def test_a_volume_grows_by_three_tenths_in_whole_gib(size, wanted):
    """1.3 GiB is rounded up to 2; at most 1024."""
    claims = {CLAIM: replace(FACTS.claims[CLAIM], size=size)}
    step = ExpandPvc().propose(DB, replace(FACTS, claims=claims), NOW)
    assert step.change.patch == {"spec": {"resources": {"requests": {"storage": wanted}}}}
    assert (step.change.target, step.undo, step.impact) == (CLAIM, None, Impact.HIGH)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"size": 1024 * GIB}, "as large"),
        ({"expandable": False}, "does not allow"),
        ({"size": None}, "not known"),
    ],
)
def test_a_volume_that_cannot_grow_is_left(changes, word):
    claims = {CLAIM: replace(FACTS.claims[CLAIM], **changes)}
    assert word in declined(ExpandPvc().propose(CLAIM, replace(FACTS, claims=claims), NOW))


@pytest.mark.parametrize(("ready", "impact"), [(2, Impact.LOW), (1, Impact.HIGH), (None, Impact.HIGH)])
def test_a_restart_needs_two_ready_pods_or_a_person(ready, impact):
    step = RestartRollout().propose(CART, given(ready=ready), NOW)
    assert step.impact is impact


def test_a_restart_writes_its_time_once():
    step = RestartRollout().propose(CART, FACTS, NOW)
    mark = step.change.patch["spec"]["template"]["metadata"]["annotations"]
    assert mark == {"kubectl.kubernetes.io/restartedAt": "2024-03-01T12:30:00+00:00"}
    assert (step.blast_radius.pods, step.blast_radius.share, step.blast_radius.at_once) == (4, 1.0, 1)


@pytest.mark.parametrize(
    ("ready", "max_unavailable", "at_once"),
    [(4, 1, 1), (4, 0, 0), (3, 1, 0), (3, 2, 1), (4, 9, 4), (None, 1, None), (4, None, None)],
)
def test_a_rollout_takes_away_what_it_may_less_what_is_away_already(ready, max_unavailable, at_once):
    """Of 4 pods: one that is missing counts against what may be unavailable."""
    step = RestartRollout().propose(CART, given(ready=ready, max_unavailable=max_unavailable), NOW)
    assert step.blast_radius.at_once == at_once


def history(*held_days, current="cart:9"):
    """Revisions that were in place for so many days each, the current one last."""
    since, many = NOW_MS - int((sum(held_days) + 1) * DAY_MS), []
    for number, days in enumerate(held_days, 1):
        many.append(Revision(number, (f"cart:{number}",), since, template(f"cart:{number}")))
        since += int(days * DAY_MS)
    return (*many, Revision(len(held_days) + 1, (current,), since, template(current)))


@pytest.mark.parametrize(
    ("held_days", "chosen"),
    [((7,), 1), ((7, 2), 2), ((7, 1 / 24), 2), ((7, 0.9 / 24), 1), ((7, 0.01, 0.01), 1)],
)
def test_a_rollback_returns_to_the_last_revision_that_held_an_hour(held_days, chosen):
    step = Rollback().propose(CART, given(revisions=history(*held_days)), NOW)
    assert step.change.patch == {"spec": {"template": {"$patch": "replace", **template(f"cart:{chosen}")}}}
    assert step.impact is Impact.HIGH
    assert f"to {chosen} (cart:{chosen})" in step.summary


def test_a_rollback_passes_over_a_revision_that_is_the_same():
    """A restart makes a revision of the same template."""
    step = Rollback().propose(CART, given(revisions=history(7, 2, current="cart:2")), NOW)
    assert "to 1 (cart:1)" in step.summary


def test_a_rollback_may_name_its_revision():
    assert "to 1 " in Rollback(revision=1).propose(CART, given(revisions=history(7, 2)), NOW).summary
    assert "no earlier revision 5" in declined(Rollback(revision=5).propose(CART, FACTS, NOW))


def recorded(images, *containers):
    """As a recording knows it: images, no templates, no version."""
    old = Revision(1, images, NOW_MS - 9 * DAY_MS)
    new = Revision(2, ("reg:5000/shop/cart:2", "proxy:1"), NOW_MS - DAY_MS)
    return given(
        revisions=(old, new),
        uid=None,
        resource_version=None,
        containers=tuple(Container(*one) for one in containers),
    )


def test_of_a_recording_a_rollback_names_the_containers_that_run_its_images():
    facts = recorded(
        ("reg:5000/shop/cart:1", "proxy@sha256:ab"), ("app", "reg:5000/shop/cart:2"), ("side", "proxy:1")
    )
    step = Rollback().propose(CART, facts, NOW)
    assert step.change.patch["spec"]["template"]["spec"]["containers"] == [
        {"image": "reg:5000/shop/cart:1", "name": "app"},
        {"image": "proxy@sha256:ab", "name": "side"},
    ]
    assert (step.change.uid, step.undo) == (None, None)


def test_where_two_containers_run_one_image_none_is_named():
    facts = recorded(("cart:1",), ("a", "cart:2"), ("b", "cart:2"))
    (container,) = Rollback().propose(CART, facts, NOW).change.patch["spec"]["template"]["spec"]["containers"]
    assert container == {"image": "cart:1"}


def test_a_live_workload_is_not_rolled_back_to_images_alone():
    """What else was in that template nobody knows."""
    old = replace(FACTS.workloads[CART].revisions[0], template=None)
    revisions = (old, FACTS.workloads[CART].revisions[1])
    assert "template of revision 3" in declined(Rollback().propose(CART, given(revisions=revisions), NOW))


def pods(*ready):
    """Pods of the cart, by whether they are ready."""
    many = [
        Pod(Target("Pod", "shop", f"cart-{i}"), CART, f"uid-{i}", "n1", "Running", one)
        for i, one in enumerate(ready)
    ]
    return {pod.target: pod for pod in many}


def test_of_a_workload_its_one_bad_pod_is_evicted():
    facts = replace(given(ready=3), pods=pods(True, False, True, True))
    step = EvictPod().propose(CART, facts, NOW)
    assert (step.change.target.name, step.change.uid, step.change.resource_version) == (
        "cart-1",
        "uid-1",
        None,
    )
    assert (step.impact, step.blast_radius.at_once, step.blast_radius.share) == (Impact.MEDIUM, 0, 0.25)


@pytest.mark.parametrize("ready", [(True, True), (False, False)])
def test_of_none_or_of_several_bad_pods_none_is_chosen(ready):
    assert "exactly one" in declined(EvictPod().propose(CART, replace(FACTS, pods=pods(*ready)), NOW))


@pytest.mark.parametrize(("ready", "impact"), [(2, Impact.MEDIUM), (1, Impact.HIGH), (None, Impact.HIGH)])
def test_an_eviction_leaves_one_ready_pod_beside_it(ready, impact):
    facts = replace(given(replicas=2, ready=ready), pods=pods(True, True))
    target = next(iter(facts.pods))
    assert EvictPod().propose(target, facts, NOW).impact is impact


def test_a_pod_that_nobody_would_replace_is_not_evicted():
    stray = {POD: Pod(POD, None, "uid", "n1", "Running", False)}
    assert "nobody is known" in declined(EvictPod().propose(POD, replace(FACTS, pods=stray), NOW))


def test_a_cordon_carries_our_mark_and_its_undo_takes_it_away():
    step = Cordon().propose(NODE, FACTS, NOW)
    assert step.change.patch["metadata"]["annotations"] == {CORDONED_BY: "aiops"}
    assert step.undo.patch["metadata"]["annotations"] == {CORDONED_BY: None}
    assert (step.change.patch["spec"], step.undo.patch["spec"]) == (
        {"unschedulable": True},
        {"unschedulable": False},
    )
    assert "1 known pods stay" in step.summary


def test_a_node_that_a_person_cordoned_is_not_ours():
    cordoned = {NODE: replace(FACTS.nodes[NODE], unschedulable=True)}
    assert "already" in declined(Cordon().propose(NODE, replace(FACTS, nodes=cordoned), NOW))


def test_a_job_runs_once_more_under_a_name_that_a_repeat_finds_there():
    """The time of planning in hexadecimal: 1709296200 is 0x65e1ca48."""
    step = RerunJob().propose(JOB, FACTS, NOW)
    assert step.change.target.name == "bill-rerun-65e1ca48"
    assert step.change.patch["spec"]["backoffLimit"] == 0
    assert step.undo.target == step.change.target


def test_a_job_with_a_long_name_still_gets_a_valid_one():
    long = Target("Job", "shop", "x" * 63)
    facts = Facts(NOW_MS, workloads={long: workload(long)})
    assert len(RerunJob().propose(long, facts, NOW).change.target.name) == 63


def test_the_labels_of_the_old_job_are_not_taken_along():
    """The Job controller writes them, and refuses a Job that brings another's."""
    labels = {"app": "bill", "controller-uid": "u", "batch.kubernetes.io/job-name": "bill"}
    old = Revision(1, template={"metadata": {"labels": labels}, "spec": {}})
    facts = Facts(NOW_MS, workloads={JOB: workload(JOB, revisions=(old,))})
    made = RerunJob().propose(JOB, facts, NOW).change.patch["spec"]["template"]
    assert made == {"metadata": {"labels": {"app": "bill"}}, "spec": {}}


def test_a_cron_job_is_suspended_and_resumed():
    step = SuspendCronjob().propose(CRON, FACTS, NOW)
    assert (step.change.patch["spec"], step.undo.patch["spec"]) == ({"suspend": True}, {"suspend": False})
    marks = [one.patch["metadata"]["annotations"] for one in (step.change, step.undo)]
    assert marks == [{"aiops.dev/suspended-by": "aiops"}, {"aiops.dev/suspended-by": None}]
    stopped = replace(FACTS, workloads={CRON: workload(CRON, suspended=True)})
    assert "already" in declined(SuspendCronjob().propose(CRON, stopped, NOW))

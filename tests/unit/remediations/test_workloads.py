"""Remediations of workloads: numbers, resources, templates and references; whose pause it is."""

import json
from dataclasses import replace

import pytest

from aiops.model import Autoscaler, Condition, Container, Impact, NotApplicable, Revision, Target
from remediations.adjust_resources import AdjustResources
from remediations.hpa_bounds import HpaBounds
from remediations.pause_rollout import PauseRollout
from remediations.rerun_job import RerunJob
from remediations.restart_rollout import RestartRollout
from remediations.restore_config_ref import RestoreConfigRef
from remediations.resume_cronjob import ResumeCronjob
from remediations.resume_rollout import ResumeRollout
from remediations.rollback import Rollback
from remediations.scale_to import ScaleTo
from remediations.suspend_cronjob import SuspendCronjob
from tests.contract.remediation_cases import (
    CART,
    CRON,
    DAY_MS,
    DB,
    FACTS,
    JOB,
    MIB,
    MOVING,
    NOW,
    NOW_MS,
    PAUSED,
    PAY,
    SCALED,
    SCALER,
    STOPPED,
    reading,
    template,
    workload,
)

PAUSED_BY, RERUN_OF = "aiops.dev/paused-by", "aiops.dev/rerun-of"


def given(target=CART, **changes):
    """The facts with another ``target``."""
    return replace(FACTS, workloads={**FACTS.workloads, target: workload(target, **changes)})


def declined(answer):
    assert isinstance(answer, NotApplicable)
    return answer.reason


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"rolling": False}, "nothing to pause"),
        ({"rolling": None}, "nothing to pause"),
        ({"paused": True}, "paused already"),
        ({"paused": None}, "nobody knows"),
    ],
)
def test_only_a_rollout_that_is_under_way_is_paused(changes, word):
    assert word in declined(PauseRollout().propose(MOVING, given(MOVING, **{"rolling": True} | changes), NOW))


def test_a_pause_carries_our_mark_and_its_undo_takes_it_away():
    step = PauseRollout().propose(MOVING, FACTS, NOW)
    assert step.change.patch == {"metadata": {"annotations": {PAUSED_BY: "aiops"}}, "spec": {"paused": True}}
    assert step.undo.patch == {"metadata": {"annotations": {PAUSED_BY: None}}, "spec": {"paused": False}}


@pytest.mark.parametrize("annotations", [{}, {PAUSED_BY: "maria"}])
def test_a_pause_that_a_person_made_is_left_to_that_person(annotations):
    assert ResumeRollout().propose(PAUSED, FACTS, NOW).change.patch["spec"] == {"paused": False}
    facts = given(PAUSED, paused=True, annotations=annotations)
    assert "somebody else" in declined(ResumeRollout().propose(PAUSED, facts, NOW))


@pytest.mark.parametrize("annotations", [{}, {"aiops.dev/suspended-by": "maria"}])
def test_a_cron_job_that_a_person_suspended_is_left_to_that_person(annotations):
    assert ResumeCronjob().propose(STOPPED, FACTS, NOW).change.patch["spec"] == {"suspend": False}
    facts = given(STOPPED, suspended=True, annotations=annotations)
    assert "somebody else" in declined(ResumeCronjob().propose(STOPPED, facts, NOW))


def test_of_a_job_its_cron_job_is_suspended():
    made = given(JOB, owner=CRON)
    assert SuspendCronjob().propose(JOB, made, NOW).change.target == CRON
    assert "nor did one make it" in declined(SuspendCronjob().propose(JOB, FACTS, NOW))
    stray = given(JOB, owner=Target("CronJob", "shop", "unheard-of"))
    assert "nor did one make it" in declined(SuspendCronjob().propose(JOB, stray, NOW))


def test_what_may_have_been_suspended_before_is_never_resumed_by_an_undo():
    step = SuspendCronjob().propose(CRON, given(CRON, suspended=None), NOW)
    assert (step.undo, step.impact) == (None, Impact.HIGH)


@pytest.mark.parametrize("fix", [RestartRollout(), Rollback()])
def test_a_paused_deployment_would_not_follow(fix):
    assert "paused" in declined(fix.propose(CART, given(paused=True), NOW))


@pytest.mark.parametrize(
    ("target", "ready", "wanted", "impact", "at_once"),
    [
        (CART, 4, 6, Impact.MEDIUM, 0),
        (CART, 4, 3, Impact.MEDIUM, 1),
        (CART, 2, 3, Impact.MEDIUM, 0),  # two are away already
        (CART, 4, 0, Impact.HIGH, 4),
        (DB, 4, 3, Impact.HIGH, 1),
        (DB, 4, 5, Impact.MEDIUM, 0),
        (CART, None, 3, Impact.HIGH, None),
        (CART, None, 6, Impact.MEDIUM, 0),  # more pods take none away
    ],
)
def test_a_workload_is_scaled_to_exactly_so_many_pods(target, ready, wanted, impact, at_once):
    step = ScaleTo(replicas=wanted).propose(target, given(target, ready=ready), NOW)
    assert step.change.patch == {"spec": {"replicas": wanted}}
    assert step.undo.patch == {"spec": {"replicas": 4}}
    assert (step.impact, step.blast_radius.at_once, step.blast_radius.pods) == (
        impact,
        at_once,
        abs(wanted - 4),
    )


def test_a_number_that_is_there_or_belongs_to_an_autoscaler_is_not_written():
    assert "has 4 pods already" in declined(ScaleTo(replicas=4).propose(CART, FACTS, NOW))
    assert "autoscaler" in declined(ScaleTo().propose(SCALED, FACTS, NOW))


def scaled(minimum=2, maximum=6, replicas=4):
    scaler = Autoscaler(SCALER, SCALED, minimum, maximum, "uid-hpa", "11")
    return replace(given(SCALED, replicas=replicas, hpa_max=maximum), autoscalers={SCALER: scaler})


@pytest.mark.parametrize(
    ("bounds", "written", "impact", "at_once"),
    [
        ({"minimum": 3}, {"minReplicas": 3}, Impact.MEDIUM, 0),
        ({"minimum": 0, "maximum": 8}, {"maxReplicas": 8}, Impact.HIGH, 0),  # it may cost more
        ({"minimum": 0, "maximum": 4}, {"maxReplicas": 4}, Impact.MEDIUM, 0),
        ({"minimum": 0, "maximum": 3}, {"maxReplicas": 3}, Impact.HIGH, 1),  # of four pods one ends
        ({"minimum": 5, "maximum": 8}, {"minReplicas": 5, "maxReplicas": 8}, Impact.HIGH, 0),
    ],
)
def test_only_bounds_that_differ_are_written(bounds, written, impact, at_once):
    step = HpaBounds(**bounds).propose(SCALED, scaled(), NOW)
    assert step.change.patch == {"spec": written}
    was = {"minReplicas": 2, "maxReplicas": 6}
    assert step.undo.patch == {"spec": {key: was[key] for key in written}}
    assert (step.impact, step.blast_radius.at_once, step.change.target) == (impact, at_once, SCALER)


def test_bounds_that_cannot_be_are_not_written():
    assert "above the maximum" in declined(HpaBounds(minimum=7).propose(SCALED, scaled(), NOW))
    assert "already" in declined(HpaBounds(minimum=2, maximum=6).propose(SCALED, scaled(), NOW))
    assert "bounds are known" in declined(HpaBounds().propose(SCALED, scaled(minimum=None), NOW))
    with pytest.raises(ValueError, match="minimum"):
        HpaBounds(minimum=4, maximum=3)


def test_where_nobody_knows_how_many_pods_there_are_a_lower_maximum_goes_to_a_person():
    step = HpaBounds(minimum=0, maximum=5).propose(SCALED, scaled(replicas=None), NOW)
    assert (step.impact, step.blast_radius.at_once) == (Impact.HIGH, None)


def sized(*containers, target=CART, **changes):
    return given(target, containers=tuple(Container(*one) for one in containers), **changes)


APP = ("app", "", 512 * MIB, 256 * MIB, 1000, 500)  # limits and requests: memory, CPU


@pytest.mark.parametrize(
    ("parameters", "side", "value", "impact"),
    [
        ({"factor": 0.75}, "requests", {"cpu": "375m"}, Impact.HIGH),
        ({"factor": 0.1, "least": 60}, "requests", {"cpu": "60m"}, Impact.HIGH),
        ({"factor": 4}, "requests", {"cpu": "1000m"}, Impact.HIGH),  # no higher than its limit
        ({"side": "limits", "factor": 1.5}, "limits", {"cpu": "1500m"}, Impact.MEDIUM),
        (
            {"side": "limits", "factor": 0.1},
            "limits",
            {"cpu": "500m"},
            Impact.HIGH,
        ),  # no lower than its request
        ({"resource": "memory", "factor": 0.5}, "requests", {"memory": "128Mi"}, Impact.HIGH),
        (
            {"resource": "memory", "side": "limits", "factor": 2, "most": 600},
            "limits",
            {"memory": "600Mi"},
            Impact.MEDIUM,
        ),
    ],
)
def test_resources_are_set_to_absolute_values_that_the_api_server_accepts(parameters, side, value, impact):
    step = AdjustResources(**parameters).propose(CART, sized(APP), NOW)
    (container,) = step.change.patch["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "app", "resources": {side: value}}
    assert step.impact is impact
    (back,) = step.undo.patch["spec"]["template"]["spec"]["containers"]
    was = {("requests", "cpu"): "500m", ("limits", "cpu"): "1000m"}
    was |= {("requests", "memory"): "256Mi", ("limits", "memory"): "512Mi"}
    (resource,) = value
    assert back == {"name": "app", "resources": {side: {resource: was[side, resource]}}}


@pytest.mark.parametrize("request_", [None, 0])
def test_what_is_not_set_or_not_known_is_left_alone(request_):
    facts = sized(("app", "", None, None, None, request_))
    assert "no container" in declined(AdjustResources().propose(CART, facts, NOW))
    one = sized(APP, ("proxy", "", 0, 0, 0, 0))
    (container,) = (
        AdjustResources().propose(CART, one, NOW).change.patch["spec"]["template"]["spec"]["containers"]
    )
    assert container["name"] == "app"


def test_a_value_at_its_end_is_left_alone():
    assert "no container" in declined(AdjustResources(least=500).propose(CART, sized(APP), NOW))
    assert "no container" in declined(
        AdjustResources(least=600).propose(CART, sized(APP), NOW)
    )  # lowered to more
    higher = AdjustResources(side="limits", factor=2, most=1000)
    assert "no container" in declined(higher.propose(CART, sized(APP), NOW))
    other = AdjustResources(container="proxy")
    assert "no container" in declined(other.propose(CART, sized(APP), NOW))


def test_a_template_is_replaced_as_a_whole_and_without_what_controllers_keep_in_it():
    """What the newest revision added would stay behind otherwise; hashes are the controller's own."""
    kept = template("cart:3")
    kept["metadata"] = {
        "labels": {"app": "x", "pod-template-hash": "ab"},
        "annotations": {"team": "shop"},
        "creationTimestamp": None,
    }
    old = replace(FACTS.workloads[CART].revisions[0], template={"$patch": "replace", **kept})
    step = Rollback().propose(CART, given(revisions=(old, FACTS.workloads[CART].revisions[1])), NOW)
    written = step.change.patch["spec"]["template"]
    assert written["$patch"] == "replace"
    assert written["metadata"] == {"labels": {"app": "x"}, "annotations": {"team": "shop"}}
    assert step.undo.patch["spec"]["template"] == {"$patch": "replace", **template("cart:4")}


def test_a_restart_is_no_other_revision():
    """Its template differs by the mark of the restart and by the hash."""
    restarted = template("cart:3")
    restarted["metadata"] = {
        "labels": {"app": "x", "pod-template-hash": "cd"},
        "annotations": {"kubectl.kubernetes.io/restartedAt": "2024-02-28T12:00:00+00:00"},
    }
    first = template("cart:3")
    first["metadata"]["labels"]["pod-template-hash"] = "ab"
    revisions = (
        Revision(1, ("cart:1",), NOW_MS - 30 * DAY_MS, template("cart:1")),
        Revision(2, ("cart:3",), NOW_MS - 20 * DAY_MS, first),
        Revision(3, ("cart:3",), NOW_MS - 2 * DAY_MS, restarted),
    )
    assert "to 1 (cart:1)" in Rollback().propose(CART, given(revisions=revisions), NOW).summary


def test_only_references_that_changed_are_set_back():
    """The image is another too, and stays as it is; so do variables with a plain value and other volumes."""
    step = RestoreConfigRef().propose(PAY, FACTS, NOW)
    spec = step.change.patch["spec"]["template"]["spec"]
    assert spec == {
        "containers": [
            {
                "name": "app",
                "envFrom": [{"configMapRef": {"name": "old-env"}}],
                "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "old", "key": "token"}}}],
            }
        ],
        "initContainers": [
            {
                "name": "setup",
                "envFrom": [{"secretRef": {"name": "old"}}],
                "env": [{"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "old", "key": "k"}}}],
            }
        ],
        "volumes": [
            {"name": "tls", "secret": {"secretName": "old-tls"}},
            {"name": "conf", "configMap": {"name": "old-conf"}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "old"}}]}},
        ],
    }
    assert step.impact is Impact.MEDIUM


def one_reference(secret, image, **changes):
    volumes = [{"name": "tls", "secret": {"secretName": secret}}]
    spec = {"containers": [{"name": "app", "image": image}], "volumes": volumes} | changes
    return {"metadata": {}, "spec": spec}


def held(*templates):
    """Revisions a day apart, the last one the current."""
    days = range(len(templates), 0, -1)
    return tuple(
        Revision(n, (), NOW_MS - day * DAY_MS, one)
        for n, (day, one) in enumerate(zip(days, templates, strict=True), 1)
    )


def test_one_reference_is_one_field_of_the_patch_and_the_newest_that_held_is_chosen():
    revisions = held(*(one_reference(secret, "pay:1") for secret in ("a", "b", "c")))
    step = RestoreConfigRef().propose(PAY, given(PAY, revisions=revisions), NOW)
    volumes = [{"name": "tls", "secret": {"secretName": "b"}}]
    assert step.change.patch == {"spec": {"template": {"spec": {"volumes": volumes}}}}
    volumes = [{"name": "tls", "secret": {"secretName": "c"}}]
    assert step.undo.patch == {"spec": {"template": {"spec": {"volumes": volumes}}}}
    assert "revision 2: tls secret" in step.summary


def test_what_was_added_beside_a_changed_reference_stays():
    """Nobody knows what it was before. A variable that names a field of the pod is no reference."""

    def with_env(secret, field, *more):
        env = [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": field}}}, *more]
        containers = [{"name": "app", "image": "pay:1", "env": env}]
        return one_reference(secret, "pay:1", containers=containers)

    added = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "new", "key": "k"}}}
    revisions = held(with_env("a", "metadata.name"), with_env("b", "metadata.uid", added))
    step = RestoreConfigRef().propose(PAY, given(PAY, revisions=revisions), NOW)
    volumes = [{"name": "tls", "secret": {"secretName": "a"}}]
    assert step.change.patch == {"spec": {"template": {"spec": {"volumes": volumes}}}}


@pytest.mark.parametrize(
    "revisions",
    [
        held(one_reference("a", "pay:1"), one_reference("a", "pay:2")),  # another image, the same Secret
        held(one_reference("a", "pay:1", volumes=[]), one_reference("a", "pay:1")),  # it was added
        held(one_reference("a", "pay:1"), one_reference("a", "pay:1", volumes=[])),  # it was taken away
        held(None, one_reference("a", "pay:1")),
        held(one_reference("a", "pay:1")),
    ],
)
def test_where_no_reference_was_changed_there_is_nothing_to_restore(revisions):
    assert "no earlier revision" in declined(
        RestoreConfigRef().propose(PAY, given(PAY, revisions=revisions), NOW)
    )


def test_references_of_a_stateful_set_go_to_a_person():
    revisions = held(reading("old"), reading("new"))
    assert RestoreConfigRef().propose(DB, given(DB, revisions=revisions), NOW).impact is Impact.HIGH


MANIFEST = {
    "parallelism": 3,
    "completions": 3,
    "backoffLimit": 6,
    "activeDeadlineSeconds": 60,
    "suspend": False,
    "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
    "manualSelector": False,
    "template": {
        "metadata": {"labels": {"app": "bill", "controller-uid": "u", "job-name": "bill"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "bill:1"}]},
    },
}


def test_a_job_is_made_again_as_it_was_but_for_what_names_the_old_one():
    step = RerunJob().propose(JOB, given(JOB, manifest=MANIFEST), NOW)
    assert step.change.patch["spec"] == {
        "parallelism": 3,
        "completions": 3,
        "backoffLimit": 0,
        "activeDeadlineSeconds": 60,
        "template": {
            "metadata": {"labels": {"app": "bill"}},
            "spec": MANIFEST["template"]["spec"],
        },
    }
    assert step.change.patch["metadata"]["annotations"] == {RERUN_OF: "bill"}
    assert step.blast_radius.pods == 3
    body = json.loads(step.command.partition(" <<< ")[2].strip("'"))
    assert (body["apiVersion"], body["kind"]) == ("batch/v1", "Job")


@pytest.mark.parametrize(("conditions", "impact"), [("JobFailed", Impact.MEDIUM), ("", Impact.HIGH)])
def test_a_job_that_may_still_run_is_run_again_only_by_a_person(conditions, impact):
    known = (Condition(JOB, conditions, NOW_MS),) if conditions else ()
    assert RerunJob().propose(JOB, replace(FACTS, conditions=known), NOW).impact is impact


def test_a_job_is_run_again_once_and_a_second_run_not_at_all():
    """A playbook that loops would make Jobs for ever."""
    second = Target("Job", "shop", "bill-rerun-1")
    again = workload(second, annotations={RERUN_OF: "bill"})
    facts = replace(FACTS, workloads={**FACTS.workloads, second: again})
    assert "already, as bill-rerun-1" in declined(RerunJob().propose(JOB, facts, NOW))
    assert "itself a second run" in declined(RerunJob().propose(second, facts, NOW))
    elsewhere = workload(Target("Job", "bank", "bill-rerun-1"), annotations={RERUN_OF: "bill"})
    other = replace(FACTS, workloads={**FACTS.workloads, elsewhere.target: elsewhere})
    assert RerunJob().propose(JOB, other, NOW).change.target.namespace == "shop"


def test_a_job_that_a_person_suspended_is_not_run_around_it():
    assert "suspended" in declined(RerunJob().propose(JOB, given(JOB, suspended=True), NOW))

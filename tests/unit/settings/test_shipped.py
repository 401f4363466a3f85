"""The shipped configuration: it is the defaults, it answers every incident class, and it starts harmless."""

import re
import typing
from dataclasses import fields, is_dataclass

import pytest

from aiops.bootstrap import plugins
from aiops.bootstrap.config import load_shipped, shipped_folder
from aiops.core.classify import TABLE, UNCLASSIFIED
from aiops.core.matching import choose
from aiops.model import (
    Facts,
    Incident,
    IncidentKind,
    IncidentState,
    Mode,
    Playbook,
    PrometheusSettings,
    QueryBudget,
    Severity,
    Suspect,
    Target,
)
from aiops.settings.document import parse
from aiops.settings.fill import keys
from aiops.settings.limits import LIMITS
from aiops.settings.schema import Main

CLASSES = [row.name for row in TABLE] + [UNCLASSIFIED]
KINDS = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Pod",
    "Job",
    "CronJob",
    "Node",
    "PersistentVolumeClaim",
    "Service",
]
UNSURE = {"error_burst", "error_burst_after_deploy", "latency_regression", "dependency_slow"} | {
    "latency_regression_after_deploy"
}
TASK = re.compile(r"8\.[1-6]\.[1-4]( [ab])?")


def incident(name, kind="Deployment", confidence=0.9):
    target = Target(kind, "" if kind == "Node" else "shop", "cart")
    return Incident(
        id="i",
        fingerprint="f",
        kind=IncidentKind.OBSERVED,
        state=IncidentState.OPEN,
        severity=Severity.HIGH,
        incident_class=name,
        targets=(target,),
        anomalies=(),
        suspects=(Suspect(target, confidence),),
        opened_ms=0,
        since_ms=0,
        updated_ms=0,
        opened_because="a test",
    )


def test_aiops_yaml_loads_to_exactly_the_defaults():
    settings = load_shipped()
    assert Main(*(getattr(settings, field.name) for field in fields(Main))) == Main()


def test_aiops_yaml_shows_every_setting():
    """Every key of every table that is a default; lists and mappings are shown empty."""

    def missing(kind, node, path):
        for key, (field, _, _) in keys(kind).items():
            if key not in node.entries:
                yield f"{path}{key}"
            elif hasattr(field.default_factory, "__dataclass_fields__"):
                yield from missing(field.default_factory, node.entries[key][1], f"{path}{key}.")

    tree = parse("aiops.yaml", (shipped_folder() / "aiops.yaml").read_bytes())
    assert list(missing(Main, tree, "")) == []


def test_nothing_is_done_after_install():
    """B8: observe is the ceiling, and no scope opens anything."""
    policy = load_shipped().policy
    assert (policy.mode, policy.scopes) == (Mode.OBSERVE, ())


@pytest.mark.parametrize("confidence", [0.9, 0.05])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_no_incident_is_left_without_an_answer(name, kind, confidence):
    """A fix, or why there is none: whatever the suspect is, however sure we are, even with nothing known."""
    facts = Facts(0, unknown=frozenset({"events", "labels", "owners"}))
    book, why_not = choose(incident(name, kind, confidence), load_shipped().playbooks, facts)
    assert book is not None, why_not


@pytest.mark.parametrize("name", sorted(UNSURE))
def test_what_nobody_is_sure_of_is_not_touched_for_slowness_or_errors(name):
    """A victim is slow and failing too; restarting it helps nobody."""
    book, _ = choose(incident(name, confidence=0.05), load_shipped().playbooks, Facts(0))
    assert book.steps == ()


ASKED = {"rollback", "expand_pvc", "rerun_job", "suspend_cronjob", "drain", "delete_finished_pods"} | {
    "adjust_resources",
    "restore_config_ref",
}


def test_what_cannot_be_taken_back_is_asked():
    books = [book for book in load_shipped().playbooks if ASKED & {step.remediation for step in book.steps}]
    asked = {book.name for book in books if book.mode is Mode.ASK}
    assert asked == {book.name for book in books}
    assert {step.remediation for book in books for step in book.steps} >= ASKED


FOR_BOOKS_OF_ONES_OWN = {
    "capture_evidence": "capture: true does it before a step; alone it heals nothing",
    "hpa_bounds": "which numbers are right only the owner knows",
    "pause_rollout": "a rollout that does harm is rolled back: paused, it goes on doing what it does",
    "resize_pod": "one pod that must not end, such as the only one: its owner says which",
    "resume_cronjob": "takes back what we did, when somebody says so",
    "resume_rollout": "takes back what we did, when somebody says so",
    "scale_to": "which number is right only the owner knows",
    "uncordon": "takes back what we did, when somebody says so",
    "untaint": "takes back what we did, when somebody says so",
}


def test_every_remediation_has_a_playbook_or_a_reason_why_none_is_shipped():
    used = {step.remediation for book in load_shipped().playbooks for step in book.steps}
    assert used == set(plugins.found("aiops.remediations")) - set(FOR_BOOKS_OF_ONES_OWN)


ENDING = {"evict_pod", "restart_pod", "delete_finished_pods", "rollback", "restart_rollout", "quarantine_pod"}


def test_what_would_be_lost_is_kept_first():
    """Events, states and last words of a pod are gone when it is."""
    steps = [(book.name, step) for book in load_shipped().playbooks for step in book.steps]
    lossy = {name for name, step in steps if step.remediation in ENDING and not step.capture}
    assert lossy == set()


ISSUE = {  # the incident classes that must have a fix, and the shipped name of each
    "crash loop after a rollout": "crash_loop_after_rollout",
    "crash loop without one": "crash_loop",
    "OOM kills": "oom_killed",
    "memory leak": "memory_leak",
    "CPU saturation": "cpu_saturation",
    "latency from one bad pod": "one_bad_pod",
    "error burst after a deploy": "error_burst_after_deploy",
    "stuck rollout": "stuck_rollout",
    "HPA at its maximum": "hpa_at_maximum",
    "pending pods for lack of room": "pending_pods",
    "image pull back-off": "image_pull_backoff",
    "failed Job": "failed_job",
    "node not ready": "node_not_ready",
    "node under disk or memory pressure": "node_pressure",
    "disk filling": "disk_filling",
    "PDB deadlock": "pdb_deadlock",
    "certificate or config error after a change": "config_error_after_change",
    "evicted pods left behind": "evicted",
    "traffic surge": "traffic_surge",
}


@pytest.mark.parametrize("name", ISSUE.values(), ids=ISSUE)
def test_each_class_that_can_be_mended_has_a_playbook_with_steps_and_a_check(name):
    books = [one for one in load_shipped().playbooks if name in one.when.classes and one.steps]
    assert books
    for book in books:
        assert book.verification.deadline_s > book.verification.settle_s > 0
        assert name in CLASSES


@pytest.mark.parametrize("book", load_shipped().playbooks, ids=lambda book: book.name)
def test_a_playbook_helps_a_person_too(book):
    assert book.summary
    assert book.runbook.startswith("1. ")
    assert book.task_ids
    assert all(TASK.fullmatch(one) for one in book.task_ids)
    assert book.approvers or not book.steps


def test_the_shipped_playbooks_name_no_signal():
    """Whoever brings signals of his own (onboard writes them) keeps the shipped playbooks."""
    for book in load_shipped().playbooks:
        assert not any(symptom.signal for symptom in book.when.symptoms), book.name
        assert not book.verification.signals, book.name


def numbers(kind, path=""):
    """Every number of a dataclass and of those inside it: (type, field, path)."""
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        hint, where = hints[field.name], f"{path}.{field.name}".lstrip(".")
        if typing.get_origin(hint) is tuple:
            hint = typing.get_args(hint)[0]
        if is_dataclass(hint):
            yield from numbers(hint, where)
        elif {int, float} & {hint, *typing.get_args(hint)} and typing.get_origin(hint) is not dict:
            yield kind, field.name, where


@pytest.mark.parametrize("kind", [Main, Playbook])
def test_every_number_has_a_range(kind):
    """A negative budget or a share above 1 means nothing. Prometheus' settings check themselves; parameters
    are checked by their plug-in."""
    own = {PrometheusSettings, QueryBudget}
    without = [
        where
        for owner, name, where in numbers(kind)
        if owner not in own and name not in LIMITS.get(owner, {})
    ]
    assert without == [], "give it one in aiops/settings/limits.py"

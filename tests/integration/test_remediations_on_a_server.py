"""Every remediation on a real API server: what it proposes is taken, does what it says, and is undone."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aiops.adapters.kubernetes.cluster import KubernetesCluster
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.evidence import Capture
from aiops.bootstrap.plugins import found, remediation
from aiops.model import Access, Answer, ChangeVerb, KubernetesSettings, Mark, NotApplicable, Sight
from tests.integration.server_cases import CASES, Scene
from tests.integration.server_left_alone import LEFT

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MARK = Mark("intent-1", 1)
ENDING = {ChangeVerb.EVICT, ChangeVerb.DELETE}
KEPT_BY_CONTROLLERS = ("deployment.kubernetes.io/", "deprecated.daemonset.")
ALL = [(name, number) for name, cases in CASES.items() for number in range(len(cases))]


@pytest.fixture(scope="module")
def cluster(control_plane):
    settings = KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(control_plane.kubeconfig))
    api = connect(settings)
    errors = []
    made = KubernetesCluster(api, "", Capture(api, settings.evidence), lambda *error: errors.append(error))
    made.start()
    assert made.wait_ready(20), errors
    yield made
    made.close()


@pytest.fixture
def scene(api, kubelet, namespace, nodes):
    yield Scene(api, kubelet, namespace, nodes)
    for name in nodes:
        marks = {"annotations": {"aiops.dev/cordoned-by": None}}
        api.patch("Node", None, name, {"metadata": marks, "spec": {"taints": None, "unschedulable": None}})


def eventually(ask, wanted, timeout_s=15.0):
    """``ask()`` as soon as ``wanted`` holds of it; what it was last, where it never does."""
    until = time.monotonic() + timeout_s
    while not wanted(answer := ask()) and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def proposed(cluster, fix, target):
    """The step, once the cache has seen all settle: planned twice, half a second apart, it is the same."""

    def ask():
        first, second = plan(), (time.sleep(0.5), plan())[1]
        return second if first == second else NotApplicable("it still moves")

    def plan():
        now = datetime.now(UTC)
        return fix.propose(
            target, cluster.facts(int(now.timestamp() * 1000)), now.replace(microsecond=0, second=0)
        )

    step = eventually(ask, lambda answer: not isinstance(answer, NotApplicable))
    assert not isinstance(step, NotApplicable), step.reason
    return step


def told(api, target):
    """What a person wrote on the object, without what servers and controllers keep there, and our marks."""
    item = api.find(target.kind, target.namespace or None, target.name)
    if item is None or item["metadata"].get("deletionTimestamp"):
        return None
    metadata = item["metadata"]
    kept = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in {"aiops.dev/intent", "aiops.dev/term"} and not key.startswith(KEPT_BY_CONTROLLERS)
    }
    spec = dict(item.get("spec") or {})
    taints = [one for one in spec.pop("taints", ()) if not one["key"].startswith("node.kubernetes.io/")]
    return {"spec": spec, "taints": taints, "labels": metadata.get("labels"), "annotations": kept}


def written(api, change):
    """The resource that a change concerns; None where it is gone, or another of its name stands there."""
    item = api.find(change.target.kind, change.target.namespace or None, change.target.name)
    if item is None or (change.uid and item["metadata"]["uid"] != change.uid):
        return None
    return None if item["metadata"].get("deletionTimestamp") else told(api, change.target)


def test_every_remediation_has_a_case():
    assert set(CASES) == set(found("aiops.remediations"))


@pytest.mark.parametrize(("name", "number"), ALL, ids=[f"{name}-{number}" for name, number in ALL])
def test_it_does_what_it_says_and_is_undone(name, number, cluster, scene, api, audit):
    """G12: each verb and field is one that the API server takes. B9: a dry run changes nothing. E5, 5.5."""
    case = CASES[name][number]
    target = case.begin(scene)
    step = proposed(cluster, remediation(name, case.parameters), target)
    before = told(api, step.change.target)
    rehearse(cluster, step)
    assert told(api, step.change.target) == before
    since = audit.now()
    for change in step.changes:
        carry(cluster, api, change)
    mine = [one for one in audit.mutating(since=since) if one.user_agent.startswith("aiops/")]
    writes = [change for change in step.changes if change.verb is not ChangeVerb.CAPTURE]
    assert len(mine) == len(writes)
    if step.undo is not None and writes:
        undo(cluster, api, step, before)


@pytest.mark.parametrize(("name", "begin", "word"), LEFT, ids=[f"{name}: {why}" for name, _, why in LEFT])
def test_what_must_be_left_alone_is_left_as_the_real_facts_tell_it(
    name, begin, word, cluster, scene, api, audit
):
    """B4, M16: and nothing is written while that is found out."""
    target = begin(scene)
    since = audit.now()

    def ask():
        now = datetime.now(UTC)
        return remediation(name).propose(target, cluster.facts(int(now.timestamp() * 1000)), now)

    answer = eventually(ask, lambda one: isinstance(one, NotApplicable) and word in one.reason)
    if api.find("Deployment", scene.namespace, "cart"):
        scene.change("Deployment", "cart", {"metadata": {"finalizers": None}})  # or its namespace would stay
    assert word in answer.reason
    assert [one for one in audit.mutating(since=since) if one.user_agent.startswith("aiops/")] == []


def rehearse(cluster, step):
    """A dry run of the first change; those that follow may depend on it."""
    if step.change.verb is not ChangeVerb.CAPTURE:
        receipt = cluster.send(step.change, MARK, dry_run=True)
        assert receipt.answer is Answer.DONE, receipt.detail


def carry(cluster, api, change):
    """Send it, and see that it is done: what ends is gone, what is written stands there."""
    if change.verb is ChangeVerb.CAPTURE:
        assert cluster.capture(change.target, int(time.time() * 1000))
        return
    receipt = cluster.send(change, MARK)
    assert receipt.answer is Answer.DONE, receipt.detail
    look = cluster.look(replace(change, uid=change.uid or receipt.uid), MARK)
    assert look.sight is Sight.ARRIVED, look
    if change.verb in ENDING:
        assert eventually(lambda: written(api, change), lambda one: one is None) is None
    else:
        assert look.holds


def undo(cluster, api, step, before):
    """Only what still holds is undone, on the version that is there now; then it is as it was."""
    for _ in range(5):  # a status that is written meanwhile makes it another version: look again (E6)
        now = cluster.look(step.change, MARK)
        assert now.holds, now
        version = now.resource_version if step.undo.verb is ChangeVerb.PATCH else None
        receipt = cluster.send(replace(step.undo, uid=now.uid, resource_version=version), Mark("intent-2", 1))
        if receipt.answer is not Answer.CONFLICT:
            break
    assert receipt.answer is Answer.DONE, receipt.detail
    assert eventually(lambda: told(api, step.change.target), lambda one: one == before) == before

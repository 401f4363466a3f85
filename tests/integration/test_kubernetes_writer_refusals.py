"""Writer on a real API server: the refusals that only a real one makes, told apart."""

import threading
import time

import pytest

from aiops.model import Answer, Change, ChangeVerb, Sight, Target
from tests.contract.cluster_worlds import Hands, RealWorld
from tests.controlplane.identities import rule
from tests.integration.writer_cases import OURS, PAUSE, paused

pytestmark = pytest.mark.integration


@pytest.fixture
def world(control_plane, namespace, audit, api_proxy, service_account, nodes):
    return RealWorld(control_plane, namespace, audit, api_proxy, service_account, nodes)


def test_an_unknown_field_is_refused_not_dropped(world):
    cart = world.deployment()
    receipt = world.cluster.send(world.bound(cart, {"spec": {"replicaz": 1}}), OURS)
    assert receipt.answer is Answer.INVALID
    assert 'unknown field "spec.replicaz"' in receipt.detail


def test_a_refusal_does_not_quote_what_was_sent_or_what_is_stored(world):
    """S8: the server's texts hold the patch, or the difference of two specs, with every variable."""
    cart = world.deployment()
    secret = [{"name": "web", "env": [{"name": "DB", "value": "CANARY"}], "imagePullPolicee": "x"}]
    strict = world.cluster.send(
        world.bound(cart, {"spec": {"template": {"spec": {"containers": secret}}}}), OURS
    )
    pod = world.pod("p", {"app": "p"})
    fixed = [{"name": "web", "env": [{"name": "DB", "value": "CANARY"}]}]
    immutable = world.cluster.send(world.bound(pod, {"spec": {"containers": fixed}}), OURS)
    for receipt in (strict, immutable):
        assert receipt.answer is Answer.INVALID
        assert "CANARY" not in receipt.detail
        assert "\n" not in receipt.detail


@pytest.mark.parametrize("patch", [{"spec": {"replicas": -1}}, {"spec": {"replicas": "two"}}])
def test_a_value_that_cannot_be_is_invalid(world, patch):
    cart = world.deployment()
    assert world.cluster.send(world.bound(cart, patch), OURS).answer is Answer.INVALID


def test_an_admission_policy_is_a_refusal_that_more_rights_do_not_heal(world, api):
    """B3: INVALID, not FORBIDDEN, whichever status the policy asks for; the detail names the policy."""
    name = f"{world.namespace}-policy"
    rules = [
        {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    ]
    only_here = {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}}
    validations = [
        {"expression": "object.spec.minReadySeconds != 1", "message": "not one"},
        {"expression": "object.spec.minReadySeconds != 2", "message": "not two", "reason": "Forbidden"},
    ]
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
    api.call(
        "POST",
        policies,
        {
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": rules, "namespaceSelector": only_here},
                "validations": validations,
            },
        },
    )
    api.call(
        "POST",
        bindings,
        {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}},
    )
    try:
        cart = world.deployment()
        for seconds, words in ((1, "not one"), (2, "not two")):
            receipt = _once_refused(world, cart, {"spec": {"minReadySeconds": seconds}})
            assert receipt.answer is Answer.INVALID
            assert name in receipt.detail
            assert words in receipt.detail
    finally:
        api.call("DELETE", f"{bindings}/{name}")
        api.call("DELETE", f"{policies}/{name}")


def _once_refused(world, cart, patch):
    """A policy comes into force some moments after it is written."""
    for _ in range(100):
        receipt = world.cluster.send(world.bound(cart, patch), OURS, dry_run=True)
        if receipt.answer is not Answer.DONE:
            return receipt
        time.sleep(0.1)
    raise AssertionError("the policy never came into force")


def test_a_quota_and_a_namespace_that_is_not_there_are_told_apart(world, api):
    target, body = world.job("rerun")
    spec = {"hard": {"count/jobs.batch": "0"}}
    api.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": world.namespace},
            "spec": spec,
        }
    )
    api.wait("ResourceQuota", world.namespace, "none", lambda one: one.get("status", {}).get("hard"))
    quota = world.cluster.send(Change(target, None, body, None, ChangeVerb.CREATE), OURS)
    assert quota.answer is Answer.INVALID
    assert "exceeded quota" in quota.detail
    nowhere = Target("Job", "no-such-namespace", "rerun")
    missing = world.cluster.send(Change(nowhere, None, body, None, ChangeVerb.CREATE), OURS)
    assert missing.answer is Answer.NOT_FOUND


def test_rights_that_lack_one_verb_are_named(world, service_account):
    """E1 of bad input: the error names verb, resource and object as RBAC does."""
    hands = Hands(service_account("reader", [rule("get", "deployments", "apps"), rule("get", "pods")]))
    change = world.bound(world.deployment(), PAUSE)
    pod = world.pod("p", {"app": "p"})
    evict, delete = (world.bound(pod, verb=verb) for verb in (ChangeVerb.EVICT, ChangeVerb.DELETE))
    ns = world.namespace
    for one, named in (
        (change, f"patch deployments.apps {ns}/cart"),
        (evict, f"create pods/eviction {ns}/p"),
        (delete, f"delete pods {ns}/p"),
    ):
        receipt = hands.send(one, OURS)
        assert receipt.answer is Answer.FORBIDDEN
        assert receipt.detail.startswith(named)
        assert hands.look(one, OURS).sight is Sight.ABSENT  # reading is allowed
    job, body = world.job("rerun")
    look = hands.look(Change(job, None, body, None, ChangeVerb.CREATE), OURS)
    assert look.sight is Sight.UNKNOWN
    assert "get jobs.batch" in look.detail


def test_the_servers_own_flow_control_is_a_throttle_that_says_when_to_come_back(world, api, service_account):
    """E8: a level with next to no seats turns away what a crowd of one account sends."""
    name, group = f"{world.namespace}-none", "/apis/flowcontrol.apiserver.k8s.io/v1"
    limited = {"nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}
    level = {"metadata": {"name": name}, "spec": {"type": "Limited", "limited": limited}}
    who = {"kind": "ServiceAccount", "serviceAccount": {"namespace": world.namespace, "name": "throttled"}}
    what = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    flow = {
        "matchingPrecedence": 2,
        "priorityLevelConfiguration": {"name": name},
        "rules": [{"subjects": [who], "resourceRules": [what]}],
    }
    hands = Hands(service_account("throttled", [rule("get patch", "deployments", "apps")]))
    change = world.bound(world.deployment(), PAUSE)
    api.call("POST", f"{group}/prioritylevelconfigurations", level)
    api.call("POST", f"{group}/flowschemas", {"metadata": {"name": name}, "spec": flow})
    try:
        receipts = _crowd(hands, change)
        throttled = [one for one in receipts if one.answer is Answer.THROTTLED]
        assert throttled, "the level never came into force"
        assert all(one.retry_after_s for one in throttled)
        assert {one.answer for one in receipts} == {Answer.THROTTLED, Answer.DONE}
    finally:
        api.call("DELETE", f"{group}/flowschemas/{name}")
        api.call("DELETE", f"{group}/prioritylevelconfigurations/{name}")
    assert (paused(world), world.commits()) == (False, [])


def _crowd(hands, change):
    """Dry runs from many threads at once, until some are turned away."""
    receipts, deadline = [], time.monotonic() + 15
    while time.monotonic() < deadline and not any(one.answer is Answer.THROTTLED for one in receipts):
        send = lambda: receipts.append(hands.send(change, OURS, dry_run=True))  # noqa: E731
        threads = [threading.Thread(target=send) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return receipts


def test_a_webhook_that_cannot_be_asked_leaves_it_unknown_and_a_look_tells(world, api):
    """E9: 500, with nothing done."""
    name = f"{world.namespace}-hook.aiops.dev"
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    what = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["deployments"],
    }
    hook = {
        "name": name,
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [what],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    change = world.bound(world.deployment(), PAUSE)
    api.call("POST", hooks, {"metadata": {"name": name}, "webhooks": [hook]})
    try:
        deadline = time.monotonic() + 10
        while (receipt := world.cluster.send(change, OURS, dry_run=True)).answer is Answer.DONE:
            assert time.monotonic() < deadline, "the webhook never came into force"
            time.sleep(0.1)
        receipt = world.cluster.send(change, OURS)
        assert receipt.answer is Answer.UNKNOWN, receipt
        assert "failed calling webhook" in receipt.detail
    finally:
        api.call("DELETE", f"{hooks}/{name}")
    assert world.cluster.look(change, OURS).sight is Sight.ABSENT


def test_a_resize_in_place_keeps_no_mark_and_is_told_by_its_effect(world, api):
    """E3: the server drops all of the metadata of a resize."""
    body = {
        "metadata": {"labels": {"app": "r"}},
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "image": "shop/cart:1",
                    "resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}},
                }
            ]
        },
    }
    pod = world.make("Pod", "r", body)
    api.wait("Pod", world.namespace, "r", lambda one: one["status"]["phase"] == "Running")
    limits = {"limits": {"memory": "128Mi"}, "requests": {"memory": "128Mi"}}
    patch = {"spec": {"containers": [{"name": "web", "resources": limits}]}}
    meta = world.read(pod)["metadata"]
    change = Change(pod, meta["resourceVersion"], patch, meta["uid"], ChangeVerb.PATCH, "resize")
    plain = Change(pod, meta["resourceVersion"], patch, meta["uid"])
    assert world.cluster.send(plain, OURS).answer is Answer.INVALID  # without the subresource it is refused
    assert world.cluster.look(change, OURS).sight is Sight.ABSENT
    with world.spoiled("lose", ChangeVerb.PATCH):
        assert world.cluster.send(change, OURS).answer is Answer.UNKNOWN
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, True), look
    assert "annotations" not in world.read(pod)["metadata"]
    assert world.commits() == [("patch", "r", "life-1:step-0", 3)]


def test_a_claim_grows_where_its_class_allows_it_and_is_refused_where_not(world, api):
    for storage_class, answer in (("simulated", Answer.DONE), ("simulated-fixed", Answer.INVALID)):
        claim = world.make(
            "PersistentVolumeClaim",
            storage_class,
            {
                "spec": {
                    "storageClassName": storage_class,
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }
            },
        )
        api.wait(
            "PersistentVolumeClaim",
            world.namespace,
            storage_class,
            lambda one: one["status"].get("phase") == "Bound",
        )
        larger = {"spec": {"resources": {"requests": {"storage": "2048Mi"}}}}
        change = world.bound(claim, larger)
        receipt = world.cluster.send(change, OURS)
        assert receipt.answer is answer, receipt
        assert world.cluster.look(change, OURS).holds is (answer is Answer.DONE)

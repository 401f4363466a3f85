"""Writer against a real API server: what only a real one says, and every way in which an answer is lost."""

import socket
import subprocess
import threading
import time

import pytest

from aiops.model import Answer, Change, ChangeVerb, Mark, Sight, Target
from tests.contract.cluster_worlds import Hands, RealWorld
from tests.controlplane.apiproxy import (
    GARBAGE,
    HTML,
    Delay,
    First,
    Hang,
    LoseAnswer,
    Truncate,
    refusal,
)
from tests.controlplane.apiproxy import (
    Answer as Says,
)
from tests.controlplane.faults import SlowStop
from tests.controlplane.identities import rule
from tests.integration.faults import BlackHole, Corrupt, FaultProxy, Latency, Reset, Throttle

pytestmark = pytest.mark.integration
OURS = Mark("life-1:step-0", 3)
PAUSE = {"spec": {"paused": True}}


@pytest.fixture
def world(control_plane, namespace, audit, api_proxy, service_account, nodes):
    return RealWorld(control_plane, namespace, audit, api_proxy, service_account, nodes)


@pytest.fixture
def pause(world):
    return world.bound(world.deployment(), PAUSE)


def paused(world):
    return world.read(world.target("Deployment", "cart"))["spec"].get("paused", False)


# how a write is seen by the API server's audit log


@pytest.mark.parametrize("verb", list(ChangeVerb)[:4])
def test_the_audit_log_names_the_intent_of_every_write(world, audit, verb):
    """E1's oracle: for a DELETE the user agent is the only place."""
    change = world.one_of_each()[verb]
    since = audit.now()
    world.cluster.send(change, OURS)
    (entry,) = audit.mutating(since=since, user_agent="aiops/")
    assert entry.user_agent.endswith(" intent/life-1:step-0 term/3")
    if verb is not ChangeVerb.DELETE:
        notes = entry.request["metadata"]["annotations"]
        assert (notes["aiops.dev/intent"], notes["aiops.dev/term"]) == ("life-1:step-0", "3")
    if verb in (ChangeVerb.PATCH, ChangeVerb.CREATE):
        assert "fieldManager=aiops" in entry.uri
        managers = {one["manager"] for one in entry.response["metadata"]["managedFields"]}
        assert "aiops" in managers


@pytest.mark.parametrize("verb", list(ChangeVerb)[:4])
def test_the_audit_log_shows_a_dry_run_as_one(world, audit, verb):
    """B9: it is logged, and changes nothing; the address says so too."""
    change = world.one_of_each()[verb]
    since = audit.now()
    world.cluster.send(change, OURS, dry_run=True)
    (entry,) = audit.mutating(since=since, user_agent="aiops/")
    assert (entry.dry_run, entry.succeeded, "dryRun=All" in entry.uri) == (True, True, True)


def test_a_look_is_a_plain_read_past_every_cache(world, audit, pause):
    since = audit.now()
    world.cluster.look(pause, OURS)
    (entry,) = audit.entries(since=since, user_agent="aiops/")
    assert (entry.verb, "resourceVersion" in entry.uri) == ("get", False)


# refusals that only a real server makes


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


# what becomes of the answer


@pytest.mark.parametrize(
    ("fault", "sight"),
    [
        (LoseAnswer(), Sight.ARRIVED),
        (Truncate(40), Sight.ARRIVED),
        (Says(500, b"{}", after_commit=True), Sight.ARRIVED),
        (Says(502, b"<html>", after_commit=True), Sight.ARRIVED),
        (Says(200, b"{}", after_commit=True), Sight.ARRIVED),
        (Says(204, b"", after_commit=True), Sight.ARRIVED),
        (Says(303, b"", (("Location", "/elsewhere"),), after_commit=True), Sight.ARRIVED),
        (Hang(after_commit=True), Sight.ARRIVED),
        (Hang(after_commit=False), Sight.ABSENT),
        (GARBAGE, Sight.ABSENT),
        (HTML, Sight.ABSENT),
        (refusal(503, "ServiceUnavailable", "shutting down"), Sight.ABSENT),
        (refusal(504, "Timeout", "took too long"), Sight.ABSENT),
    ],
    ids=lambda one: (
        one.value if isinstance(one, Sight) else f"{type(one).__name__}-{getattr(one, 'status', '')}"
    ),
)
def test_an_answer_that_cannot_be_trusted_is_unknown_and_a_look_tells(world, pause, fault, sight):
    """E2, E3, E9: whatever comes back in place of the answer, the object itself says what was done."""
    hands = _hasty(world)
    rule_ = world.proxy.inject(fault, method="PATCH")
    receipt = hands.send(pause, OURS)
    world.proxy.heal()
    assert (receipt.answer, rule_.hits) == (Answer.UNKNOWN, 1), receipt
    look = world.cluster.look(pause, OURS)
    assert (look.sight, paused(world)) == (sight, sight is Sight.ARRIVED), look
    assert len(world.commits()) == (sight is Sight.ARRIVED)


def _hasty(world):
    return Hands(world.proxy.kubeconfig(world.plane.kubeconfig), read_timeout_s=0.7)


def test_a_look_that_cannot_be_trusted_is_unknown(world, pause):
    """E9: least of all is a pod gone because a proxy says 404."""
    evict = world.bound(world.pod("p", {"app": "p"}), verb=ChangeVerb.EVICT)
    hands = _hasty(world)
    for fault in (
        GARBAGE,
        HTML,
        Truncate(60),
        Hang(),
        Says(404, b"404 page not found"),
        refusal(404, "NotFound", "of something else"),
        Says(200, b"{}"),
        Says(200, b'{"kind":"Pod","metadata":{"name":"other","uid":"u","resourceVersion":"1"}}'),
        refusal(429, "TooManyRequests", Retry_After="1"),
        refusal(500, "InternalError"),
    ):
        world.proxy.heal()
        world.proxy.inject(fault, method="GET")
        for change in (pause, evict):
            assert hands.look(change, OURS).sight is Sight.UNKNOWN, fault


def test_a_redirect_is_not_followed(world, pause):
    """S5: with the credentials in the request."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.5)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        world.proxy.inject(Says(307, b"", (("Location", url),)), method="PATCH")
        assert world.cluster.send(pause, OURS).answer is Answer.UNKNOWN
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert world.commits() == []


def test_a_delayed_plan_that_a_newer_one_overtook_is_refused(world, pause):
    """E5: executor A hangs in the network, B writes meanwhile, then A's request arrives."""
    newer = Mark("life-2:step-0", 4)
    other = world.bound(pause.target, {"spec": {"minReadySeconds": 7}})
    overtake = First(lambda _: direct.send(other, newer))
    direct = Hands(world.plane.kubeconfig)
    world.proxy.inject(overtake, method="PATCH", times=1)
    assert world.cluster.send(pause, OURS).answer is Answer.CONFLICT
    look = world.cluster.look(pause, OURS)
    assert (look.sight, look.term, paused(world)) == (Sight.CHANGED, 4, False)
    assert [intent for *_, intent, _ in world.commits()] == ["life-2:step-0"]


def test_a_slow_answer_within_the_limits_is_an_answer(world, pause):
    world.proxy.inject(Delay(0.5), method="PATCH")
    began = time.monotonic()
    assert world.cluster.send(pause, OURS).answer is Answer.DONE
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("fault", [BlackHole(), Reset(1), Corrupt(every=50, skip=0), Throttle(300)], ids=repr)
def test_a_connection_that_never_stands_changes_nothing_within_the_time_limits(world, pause, fault):
    """E9: TLS never comes about, so that the request was never sent; UNKNOWN is allowed, DONE is not."""
    with FaultProxy(world.plane.url) as between:
        between.fault = fault
        hands = Hands(_through(world, between), read_timeout_s=0.7)
        began = time.monotonic()
        receipt = hands.send(pause, OURS)
        assert receipt.answer in (Answer.UNAVAILABLE, Answer.UNKNOWN), receipt
        assert hands.look(pause, OURS).sight is Sight.UNKNOWN
        assert time.monotonic() - began < 8
    assert (world.cluster.look(pause, OURS).sight, world.commits()) == (Sight.ABSENT, [])


def test_latency_is_no_error(world, pause):
    with FaultProxy(world.plane.url) as between:
        between.fault = Latency(0.2)
        assert Hands(_through(world, between)).send(pause, OURS).answer is Answer.DONE


def test_a_server_with_another_certificate_is_told_nothing(world, pause, tmp_path):
    """S5: nothing is sent, and that is known."""
    ours = world.plane.kubeconfig.read_text()
    strange = world.plane.pki / "strange.crt"
    if not strange.exists():
        _self_signed(strange)
    place = tmp_path / "config"
    place.write_text(ours.replace(str(world.plane.pki / "ca.crt"), str(strange)))
    receipt = Hands(place).send(pause, OURS)
    assert receipt.answer is Answer.UNAVAILABLE, receipt
    assert "certificate" in receipt.detail.lower()


def _through(world, between):
    """The administrator's kubeconfig with another address."""
    place = world.plane.kubeconfig.with_suffix(f".{between.address.rpartition(':')[2]}")
    place.write_text(
        world.plane.kubeconfig.read_text().replace(world.plane.url, f"https://{between.address}")
    )
    return place


def _self_signed(place):
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    where = [
        "-keyout",
        str(place.with_suffix(".key")),
        "-out",
        str(place),
        "-days",
        "2",
        "-subj",
        "/CN=strange",
    ]
    subprocess.run([*made, *where], check=True, capture_output=True)


def test_a_token_that_is_no_good_is_a_refusal(world, pause, service_account):
    place = service_account("expired")
    token = next(part for part in place.read_text().split('"') if part.startswith("ey"))
    place.write_text(place.read_text().replace(token, "nonsense"))
    receipt = Hands(place).send(pause, OURS)
    assert receipt.answer is Answer.FORBIDDEN
    assert "HTTP 401" in receipt.detail


def test_an_api_server_that_restarts_loses_nothing_and_doubles_nothing(world, own_plane, pause):
    """E9: while it is down nothing was sent; afterwards the same hands go on."""
    hands = Hands(own_plane.kubeconfig, read_timeout_s=5)
    assert hands.look(pause, OURS).sight is Sight.ABSENT  # a connection stands
    own_plane.kill_api_server()
    try:
        receipt = hands.send(pause, OURS)
        assert receipt.answer in (Answer.UNAVAILABLE, Answer.UNKNOWN)
        assert hands.look(pause, OURS).sight is Sight.UNKNOWN
    finally:
        own_plane.start_api_server()
    assert hands.look(pause, OURS).sight is Sight.ABSENT
    assert hands.send(pause, OURS).answer is Answer.DONE
    assert hands.look(pause, OURS).sight is Sight.ARRIVED


def test_writers_that_race_for_one_version_have_one_winner(world, pause):
    """E4, E6: eight threads, one effect."""
    answers = []

    def write(number):
        answers.append(world.cluster.send(pause, Mark(f"life-{number}:step-0", number + 1)).answer)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [Answer.CONFLICT] * 7 + [Answer.DONE]
    assert len(world.commits()) == 1


# objects that do not go at once


def test_a_pod_that_takes_its_time_to_stop_is_as_good_as_gone(world, api, kubelet):
    """E2: being deleted is the effect; a second eviction would be answered with yes."""
    kubelet.inject(SlowStop(), namespace=world.namespace)
    pod = world.make(
        "Pod",
        "slow",
        {
            "metadata": {"labels": {"app": "slow"}},
            "spec": {
                "terminationGracePeriodSeconds": 30,
                "containers": [{"name": "web", "image": "shop/cart:1"}],
            },
        },
    )
    api.wait("Pod", world.namespace, "slow", lambda one: one["status"]["phase"] == "Running")
    change = world.bound(pod, verb=ChangeVerb.EVICT)
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    assert "deletionTimestamp" in world.read(pod)["metadata"]
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, True)


def test_what_a_finalizer_holds_is_being_deleted_and_told_so(world, api):
    target, body = world.job("held")
    world.make("Job", "held", {**body, "metadata": {"finalizers": ["example.com/hold"]}})
    change = world.bound(target, verb=ChangeVerb.DELETE)
    try:
        assert world.cluster.send(change, OURS).answer is Answer.DONE
        assert "deletionTimestamp" in world.read(target)["metadata"]
        assert world.cluster.look(change, OURS).sight is Sight.ARRIVED
        create = Change(target, None, body, None, ChangeVerb.CREATE)
        assert world.cluster.send(create, OURS).answer is Answer.CONFLICT
    finally:
        api.patch("Job", world.namespace, "held", {"metadata": {"finalizers": None}})


def test_what_is_deleted_takes_what_it_owns_along(world, api):
    """The pods of a Job that we made and take back."""
    target, body = world.job("owner")
    body["spec"]["suspend"] = False
    receipt = world.cluster.send(Change(target, None, body, None, ChangeVerb.CREATE), OURS)
    api.wait("Job", world.namespace, "owner", lambda one: one.get("status", {}).get("active"))
    undo = Change(target, None, {}, receipt.uid, ChangeVerb.DELETE)
    assert world.cluster.send(undo, OURS).answer is Answer.DONE
    deadline = time.monotonic() + 20
    while api.list("Pod", world.namespace, labelSelector="job-name=owner"):
        assert time.monotonic() < deadline, "its pod is left behind"
        time.sleep(0.1)

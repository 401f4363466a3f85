"""Evidence from a real API server: of a crash loop, a quota, a node; canary secrets come out nowhere (S8)."""

import json

import pytest

from aiops.model import EvidenceSettings, Target
from tests.contract.cluster_worlds import Hands
from tests.controlplane.faults import Crash
from tests.controlplane.identities import rule
from tests.controlplane.objects import deployment

pytestmark = pytest.mark.integration
CANARY = "hunter2-CANARY"
DIED = Crash(
    exit_code=3,
    message=f"cannot log in to postgres://cart:{CANARY}@db:5432/shop",
    log=(
        "\x1b[33mstarting\x1b[0m",
        f"DB_PASSWORD={CANARY}",
        f'{{"authorization": "Bearer {CANARY}"}}',
        "-----BEGIN RSA PRIVATE KEY-----",
        f"MIIE{CANARY}",
        "-----END RSA PRIVATE KEY-----",
        "panic: it crashed",
    ),
)
READS = [
    rule("get list", "pods events"),
    rule("get", "pods/log"),
    rule("get list", "deployments replicasets", "apps"),
]


@pytest.fixture
def crashing(api, kubelet, namespace):
    """A Deployment whose pods crash, with a secret wherever one can be."""
    secret = {"name": "cart-secret", "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"key": CANARY}})
    kubelet.inject(DIED, namespace=namespace)
    manifest = deployment(namespace, "cart", replicas=1, env={"DB_PASSWORD": CANARY})
    manifest["metadata"]["annotations"] = {"last-applied": CANARY}
    (web,) = manifest["spec"]["template"]["spec"]["containers"]
    web["env"].append({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "cart-secret", "key": "key"}}})
    web["args"] = [f"--db-password={CANARY}"]
    api.create(manifest)
    pods = []

    def died():
        if not any(one["reason"] == "BackOff" for one in api.list("Event", namespace)):
            return False
        pods[:] = api.list("Pod", namespace, labelSelector="app=cart")
        return any(
            one.get("lastState", {}).get("terminated")
            for pod in pods
            for one in pod["status"].get("containerStatuses", [])
        )

    api.wait("Deployment", namespace, "cart", lambda _: died())
    return namespace, pods[0]["metadata"]["name"]


def test_of_a_crash_loop_the_last_words_and_lines_are_kept_and_no_secret(crashing, service_account):
    """S8: neither of the pod nor of its Deployment, with logs switched on."""
    namespace, pod = crashing
    hands = Hands(
        service_account("camera", READS, cluster_rules=[rule("get", "nodes")]),
        evidence=EvidenceSettings(logs=True),
    )
    of_pod = hands.capture(Target("Pod", namespace, pod), 0)
    of_cart = hands.capture(Target("Deployment", namespace, "cart"), 0)
    for kept in (of_pod, of_cart):
        assert "CANARY" not in json.dumps(kept)
        assert "incomplete" not in kept
        lines = [line for log in kept["logs"] if log["previous"] for line in log["lines"]]
        assert "starting" in lines
        assert "panic: it crashed" in lines
        assert "DB_PASSWORD=[redacted]" in lines
        assert any("BackOff" in one["reason"] for one in kept["events"])
    (web,) = of_pod["object"]["containers"]
    assert web["last_state"]["exit_code"] == 3
    assert web["last_state"]["message"] == "cannot log in to postgres://[redacted]@db:5432/shop"
    assert of_pod["object"]["template"]["containers"][0]["env"] == ["DB_PASSWORD", "KEY"]
    assert of_pod["object"]["template"]["containers"][0]["from"] == ["Secret/cart-secret"]
    assert [one["name"] for one in of_cart["pods"]] == [pod]
    assert of_pod["nodes"][0]["conditions"]


def test_with_logs_switched_off_no_line_leaves_the_server(crashing, service_account, audit):
    namespace, pod = crashing
    since = audit.now()
    hands = Hands(service_account("camera", READS))
    kept = hands.capture(Target("Pod", namespace, pod), 0)
    assert "logs" not in kept
    user = f"system:serviceaccount:{namespace}:camera"
    asked = audit.entries(since=since, user=user)
    assert asked
    assert not any(one.subresource == "log" for one in asked)
    assert not any(one.resource == "secrets" for one in asked)


def test_rights_that_are_missing_are_named_and_the_rest_is_kept(crashing, service_account):
    namespace, pod = crashing
    hands = Hands(service_account("camera", [rule("get", "pods")]), evidence=EvidenceSettings(logs=True))
    kept = hands.capture(Target("Pod", namespace, pod), 0)
    assert kept["object"]["containers"]
    missing = " ".join(kept["incomplete"])
    for words in ("events", "pods/log", "nodes"):
        assert words in missing


def test_a_capture_changes_nothing(crashing, control_plane, audit):
    """B9."""
    namespace, pod = crashing
    since = audit.now()
    Hands(control_plane.kubeconfig, evidence=EvidenceSettings(logs=True)).capture(
        Target("Pod", namespace, pod), 0
    )
    assert audit.mutating(since=since, user_agent="aiops/") == []


def test_why_no_pod_comes_is_an_event_of_the_replica_set(api, control_plane, namespace):
    quota = {"name": "none", "namespace": namespace}
    spec = {"hard": {"pods": "0"}}
    api.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": quota, "spec": spec})
    api.wait("ResourceQuota", namespace, "none", lambda one: one.get("status", {}).get("hard"))
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait(
        "Deployment",
        namespace,
        "cart",
        lambda _: any("exceeded quota" in one["message"] for one in api.list("Event", namespace)),
    )
    kept = Hands(control_plane.kubeconfig).capture(Target("Deployment", namespace, "cart"), 0)
    assert any("exceeded quota" in one["message"] for one in kept["events"])


def test_a_node_is_kept_with_its_conditions(control_plane, nodes, kubelet):
    kept = Hands(control_plane.kubeconfig).capture(Target("Node", "", nodes[0]), 0)
    ready = [one["status"] for one in kept["object"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["True"]
    assert "pods" not in kept

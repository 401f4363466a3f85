"""Objects as a real API server (1.36) gives them, whole, with managedFields: what is kept of each."""

import json
from pathlib import Path

import pytest

import tests.fakes
from aiops.adapters.kubernetes.kinds import BY_NAME
from aiops.model import Container, Target
from aiops.model.wire import from_json, to_json
from tests.unit.adapters.kubernetes.cases import pictured

REAL = json.loads((Path(tests.fakes.__path__[0]) / "kubernetes_1_36.json").read_text())
NOW = 1_795_600_000_000
CART, NODE = Target("Deployment", "shop", "cart"), Target("Node", "", "node-1")


@pytest.fixture(scope="module")
def facts():
    return pictured(REAL, NOW).facts(NOW, frozenset(BY_NAME))


def test_a_deployment_with_two_revisions(facts):
    cart = facts.workloads[CART]
    assert (cart.replicas, cart.ready, cart.rolling, cart.paused, cart.deleting) == (
        1,
        1,
        False,
        False,
        False,
    )
    assert cart.images == ("shop/cart:2", "mesh/proxy:1.22")
    assert [(one.number, one.images[0]) for one in cart.revisions] == [(1, "shop/cart:1"), (2, "shop/cart:2")]
    assert cart.containers[0] == Container("web", "shop/cart:2", 512 << 20, 512 << 20, 250, 250)
    assert cart.max_unavailable == 0  # 25 % of one, rounded down: it surges instead
    assert cart.selector == {"app": "cart"}


def test_who_wrote_the_deployment(facts):
    """M16, B6: by leaf fields, the status left out."""
    owners = {field: one.name for one in facts.workloads[CART].managers for field in one.fields}
    assert owners["spec.template.spec.containers[web].image"]
    assert owners["spec.template.spec.containers[web].env[URL].value"]
    assert owners["metadata.annotations.deployment.kubernetes.io/revision"] == "kube-controller-manager"
    assert not any(field.endswith(".") or field.startswith("status") for field in owners)


def test_a_pod_with_an_empty_dir_and_a_projected_token(facts):
    (pod,) = facts.pods.values()
    assert (pod.owner, pod.controller.kind, pod.ready, pod.phase) == (CART, "ReplicaSet", True, "Running")
    assert (pod.local_storage, pod.mirror, pod.deleting, pod.reason) == (True, False, False, "")
    assert pod.labels["app"] == "cart"
    assert [one.name for one in pod.containers] == ["web", "proxy"]


def test_a_node_in_a_zone(facts):
    node = facts.nodes[NODE]
    assert (node.ready, node.unschedulable, node.zone, node.taints) == (True, False, "a", ())
    assert {one.name for one in node.managers} >= {"kubelet"}


def test_facts_go_through_json_and_back(facts):
    """As a journal or a recording keeps them; templates that are kept as bytes too."""
    cart = facts.workloads[CART]
    back = from_json(type(cart), json.loads(json.dumps(to_json(cart))))
    assert back.revisions[0].template == cart.revisions[0].template
    assert back.managers == cart.managers
    assert (back.uid, back.resource_version) == (cart.uid, cart.resource_version)

"""Simulated nodes: silence, pressure and lack of room are seen by real controllers and a real scheduler."""

import pytest

from tests.controlplane.objects import deployment, is_complete

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kubelet")]


def condition(node, kind):
    return next(one["status"] for one in node["status"]["conditions"] if one["type"] == kind)


def taints(node):
    return {one["key"].removeprefix("node.kubernetes.io/") for one in node["spec"].get("taints", [])}


def wait_ready(api, name, status):
    return api.wait("Node", None, name, lambda node: condition(node, "Ready") == status, 30)


def test_there_is_one_node_in_each_zone(api, nodes):
    zones = [
        api.get("Node", None, name)["metadata"]["labels"]["topology.kubernetes.io/zone"] for name in nodes
    ]
    assert zones == ["a", "b", "c"]


def test_a_silent_node_becomes_unknown_its_pods_unready_and_all_is_well_when_it_is_back(
    api, namespace, kubelet, nodes
):
    api.create(deployment(namespace, "cart", replicas=1, nodeSelector={"kubernetes.io/hostname": nodes[0]}))
    api.wait("Deployment", namespace, "cart", is_complete)
    kubelet.kill_node(nodes[0])
    wait_ready(api, nodes[0], "Unknown")
    api.wait("Node", None, nodes[0], lambda node: {"unreachable"} <= taints(node))
    api.wait("Deployment", namespace, "cart", lambda one: not one["status"].get("readyReplicas"))
    kubelet.revive_node(nodes[0])
    wait_ready(api, nodes[0], "True")
    api.wait("Deployment", namespace, "cart", is_complete)
    api.wait("Node", None, nodes[0], lambda node: not taints(node))


def test_a_kubelet_that_says_not_ready_is_believed(api, kubelet, nodes):
    kubelet.set_not_ready(nodes[1], "container runtime is down")
    node = wait_ready(api, nodes[1], "False")
    said = next(one["message"] for one in node["status"]["conditions"] if one["type"] == "Ready")
    assert said == "container runtime is down"


@pytest.mark.parametrize(
    ("kind", "taint"), [("DiskPressure", "disk-pressure"), ("MemoryPressure", "memory-pressure")]
)
def test_pressure_is_a_condition_and_a_taint_and_goes_again(api, kubelet, nodes, kind, taint):
    kubelet.set_pressure(nodes[2], kind)
    api.wait("Node", None, nodes[2], lambda node: condition(node, kind) == "True" and taint in taints(node))
    kubelet.set_pressure(nodes[2], kind, on=False)
    api.wait("Node", None, nodes[2], lambda node: condition(node, kind) == "False" and not taints(node))


def test_a_pod_that_fits_nowhere_is_pending_and_the_scheduler_says_why(api, namespace):
    api.create(deployment(namespace, "cart", replicas=1, cpu="9"))  # a node has 8
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("replicas") == 1)
    name = api.list("Pod", namespace)[0]["metadata"]["name"]
    pod = api.wait("Pod", namespace, name, lambda pod: pod["status"].get("conditions"))
    assert (pod["status"]["phase"], pod["status"]["conditions"][0]["reason"]) == ("Pending", "Unschedulable")
    assert "3 Insufficient cpu" in pod["status"]["conditions"][0]["message"]


def test_a_cordoned_node_gets_no_pods_and_is_uncordoned_for_the_next_test(api, namespace, nodes):
    for name in nodes[:2]:
        api.patch("Node", None, name, {"spec": {"unschedulable": True}})
    api.create(deployment(namespace, "cart", replicas=4))
    api.wait("Deployment", namespace, "cart", is_complete)
    assert {pod["spec"]["nodeName"] for pod in api.list("Pod", namespace)} == {nodes[2]}

"""The simulated kubelet: each fault is seen as a real cluster would show it, and heals."""

import pytest

from tests.controlplane.faults import Crash, NotReady, OomKill
from tests.controlplane.objects import deployment, is_complete, waiting_reason

pytestmark = pytest.mark.integration


def test_a_deployment_runs_within_seconds(api, namespace):
    api.create(deployment(namespace, "cart", replicas=3))
    cart = api.wait("Deployment", namespace, "cart", is_complete)
    assert cart["status"]["readyReplicas"] == 3
    pods = api.list("Pod", namespace)
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}


def test_a_crash_loop_shows_its_exit_code_and_restarts_and_ends_when_healed(api, namespace, kubelet):
    crash = kubelet.inject(Crash(exit_code=3, message="no database"), namespace=namespace)
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("replicas") == 1)
    name = api.list("Pod", namespace)[0]["metadata"]["name"]
    pod = api.wait("Pod", namespace, name, lambda pod: waiting_reason(pod) == "CrashLoopBackOff")
    status = pod["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["message"] == "no database"
    assert status["restartCount"] >= 1
    kubelet.heal(crash)
    api.wait("Deployment", namespace, "cart", is_complete)


def test_an_image_that_is_not_there_is_backed_off_from(api, namespace):
    api.create(deployment(namespace, "cart", replicas=1, image="shop/no-such-image:2"))
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("replicas") == 1)
    name = api.list("Pod", namespace)[0]["metadata"]["name"]
    api.wait("Pod", namespace, name, lambda pod: waiting_reason(pod) == "ImagePullBackOff")


def test_a_higher_memory_limit_ends_the_oom_kills(api, namespace, kubelet):
    kubelet.inject(OomKill(), namespace=namespace, memory_below="512Mi")
    api.create(deployment(namespace, "cart", replicas=1, memory="256Mi"))
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("replicas") == 1)
    name = api.list("Pod", namespace)[0]["metadata"]["name"]
    pod = api.wait("Pod", namespace, name, lambda pod: waiting_reason(pod) == "CrashLoopBackOff")
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] == "OOMKilled"
    limits = {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}
    template = {"spec": {"containers": [{"name": "web", "resources": limits}]}}
    api.patch("Deployment", namespace, "cart", {"spec": {"template": template}})
    api.wait("Deployment", namespace, "cart", is_complete)


def test_a_pod_that_is_not_ready_runs_on(api, namespace, kubelet):
    api.create(deployment(namespace, "cart", replicas=2))
    api.wait("Deployment", namespace, "cart", is_complete)
    victim = api.list("Pod", namespace)[0]["metadata"]
    kubelet.inject(NotReady(), uids=frozenset({victim["uid"]}))
    cart = api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("readyReplicas") == 1)
    assert cart["status"]["unavailableReplicas"] == 1
    pod = api.get("Pod", namespace, victim["name"])
    assert pod["status"]["phase"] == "Running"
    api.delete("Pod", namespace, victim["name"])
    api.wait("Deployment", namespace, "cart", is_complete)

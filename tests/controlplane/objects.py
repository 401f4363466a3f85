"""Manifests that tests create, and what they ask of objects."""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}


def pod_template(
    app: str,
    image: str = "shop/cart:1",
    *,
    memory: str = "",
    cpu: str = "",
    env: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    """A template of one container ``web`` with a readiness probe; limits equal requests where given."""
    room = {kind: amount for kind, amount in (("memory", memory), ("cpu", cpu)) if amount}
    container: Object = {"name": "web", "image": image, "readinessProbe": PROBE}
    if room:
        container["resources"] = {"limits": room, "requests": room}
    if env:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    return {
        "metadata": {"labels": {"app": app, **(labels or {})}, "annotations": dict(annotations or {})},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 5, **spec},
    }


def deployment(namespace: str, name: str, *, replicas: int = 3, image: str = "shop/cart:1", **template: Any):
    """A Deployment of pods labelled ``app=NAME``; more words go into ``pod_template``."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, image, **template),
        },
    }


def is_complete(workload: Object) -> bool:
    """Whether a rollout is over: seen by its controller, every pod new, ready and counted."""
    spec, status = workload["spec"], workload.get("status", {})
    wanted = spec.get("replicas", 1)
    return (
        status.get("observedGeneration", 0) >= workload["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("readyReplicas", 0) == wanted
    )


def waiting_reason(pod: Object, container: int = 0) -> str:
    """Why a container waits, such as CrashLoopBackOff; empty when it does not."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return statuses[container]["state"].get("waiting", {}).get("reason", "") if statuses else ""


def job(
    namespace: str, name: str, image: str = "shop/report:1", backoff_limit: int = 1, **template: Any
) -> Object:
    """A Job of one pod, which is not started again by its kubelet."""
    made = pod_template(name, image, **template)
    del made["spec"]["containers"][0]["readinessProbe"]
    made["spec"]["restartPolicy"] = "Never"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backoffLimit": backoff_limit, "template": made},
    }


def budget(namespace: str, name: str, min_available: int | str = 1, app: str = "") -> Object:
    """A PodDisruptionBudget for the pods labelled ``app``, by default those of its own name."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"minAvailable": min_available, "selector": {"matchLabels": {"app": app or name}}},
    }


def claim(namespace: str, name: str, size: str, storage_class: str = "simulated") -> Object:
    """A PersistentVolumeClaim; the class ``simulated-fixed`` cannot be expanded."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "storageClassName": storage_class,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        },
    }

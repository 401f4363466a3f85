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


def stateful_set(
    namespace: str, name: str, *, replicas: int = 3, claims: Mapping[str, str] | None = None, **template: Any
) -> Object:
    """A StatefulSet; ``claims`` are the size of each claim by name, mounted at ``/NAME``."""
    made = deployment(namespace, name, replicas=replicas, **template)
    made["kind"] = "StatefulSet"
    made["spec"]["serviceName"] = name
    made["spec"]["volumeClaimTemplates"] = [
        {"metadata": {"name": one}, "spec": claim(namespace, one, size)["spec"]}
        for one, size in (claims or {}).items()
    ]
    mounts = [{"name": one, "mountPath": f"/{one}"} for one in claims or {}]
    made["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts
    return made


def daemon_set(namespace: str, name: str, **template: Any) -> Object:
    """A DaemonSet."""
    made = deployment(namespace, name, **template)
    made["kind"] = "DaemonSet"
    del made["spec"]["replicas"]
    return made


def cron_job(namespace: str, name: str, schedule: str = "* * * * *", **chosen: Any) -> Object:
    """A CronJob of ``job`` (its words in ``chosen``). The finest schedule there is: every minute."""
    made = job(namespace, name, **chosen)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": made["metadata"],
        "spec": {"schedule": schedule, "jobTemplate": {"spec": made["spec"]}},
    }


def autoscaler(
    namespace: str, name: str, *, low: int = 2, high: int = 3, cpu_percent: int = 50, kind: str = "Deployment"
) -> Object:
    """An autoscaler of the workload of its own name, by CPU as a share of the requests."""
    target = {"type": "Utilization", "averageUtilization": cpu_percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "minReplicas": low,
            "maxReplicas": high,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def service(namespace: str, name: str) -> Object:
    """A Service of the pods labelled ``app=NAME``."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def config_map(namespace: str, name: str = "settings", **data: str) -> Object:
    """A ConfigMap."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

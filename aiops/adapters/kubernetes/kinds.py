"""Kinds: what is listed and watched, where it is found, how it is read, and which facts need it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops.adapters.kubernetes import freezes, objects
from aiops.adapters.kubernetes.pods import seen_pod
from aiops.adapters.kubernetes.workloads import seen_workload

Read = Callable[[Mapping[str, Any], int], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object. ``extra`` ones belong to products that need not be there: 404 is "none"."""

    name: str
    path: str
    read: Read
    extra: bool = False
    metadata_only: bool = False  # contents are neither asked for nor sent


KINDS: tuple[Kind, ...] = (
    Kind("Namespace", "/api/v1/namespaces", objects.seen_space),
    Kind("Node", "/api/v1/nodes", objects.seen_node),
    Kind("ReplicaSet", "/apis/apps/v1/replicasets", objects.seen_group("ReplicaSet")),
    Kind("ControllerRevision", "/apis/apps/v1/controllerrevisions", objects.seen_group("ControllerRevision")),
    Kind("Pod", "/api/v1/pods", seen_pod),
    Kind("StorageClass", "/apis/storage.k8s.io/v1/storageclasses", objects.seen_class),
    Kind("PersistentVolumeClaim", "/api/v1/persistentvolumeclaims", objects.seen_claim),
    Kind("HorizontalPodAutoscaler", "/apis/autoscaling/v2/horizontalpodautoscalers", objects.seen_scaler),
    Kind("PodDisruptionBudget", "/apis/policy/v1/poddisruptionbudgets", objects.seen_budget),
    Kind("Service", "/api/v1/services", objects.seen_service),
    Kind("ConfigMap", "/api/v1/configmaps", objects.seen_map, metadata_only=True),
    Kind("Deployment", "/apis/apps/v1/deployments", seen_workload("Deployment")),
    Kind("StatefulSet", "/apis/apps/v1/statefulsets", seen_workload("StatefulSet")),
    Kind("DaemonSet", "/apis/apps/v1/daemonsets", seen_workload("DaemonSet")),
    Kind("Job", "/apis/batch/v1/jobs", seen_workload("Job")),
    Kind("CronJob", "/apis/batch/v1/cronjobs", seen_workload("CronJob")),
    Kind("Event", "/api/v1/events", objects.seen_event),
    Kind("AppProject", "/apis/argoproj.io/v1alpha1/appprojects", freezes.seen_project, extra=True),
    Kind("Application", "/apis/argoproj.io/v1alpha1/applications", freezes.seen_application, extra=True),
    Kind(
        "Kustomization",
        "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
        freezes.seen_flux("Kustomization"),
        extra=True,
    ),
    Kind(
        "HelmRelease",
        "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
        freezes.seen_flux("HelmRelease"),
        extra=True,
    ),
)
BY_NAME: Mapping[str, Kind] = {one.name: one for one in KINDS}

FACTS: Mapping[str, tuple[str, ...]] = {  # a kind of fact is known when all of these could be listed
    "pods": ("Pod",),
    "owners": ("Pod", "ReplicaSet"),
    "workloads": ("Deployment", "StatefulSet", "DaemonSet"),
    "jobs": ("Job", "CronJob"),
    "revisions": ("ReplicaSet", "ControllerRevision"),
    "nodes": ("Node",),
    "labels": ("Namespace", "Deployment", "StatefulSet", "DaemonSet"),
    "claims": ("PersistentVolumeClaim",),
    "autoscalers": ("HorizontalPodAutoscaler",),
    "pdb": ("PodDisruptionBudget",),
    "services": ("Service",),
    "conditions": ("Pod", "Node", "Deployment", "Job"),
    "events": ("Event", "ReplicaSet", "Pod"),
    "freezes": ("AppProject", "Application", "Kustomization", "HelmRelease"),
}


def unknown_facts(known: frozenset[str]) -> frozenset[str]:
    """The kinds of fact that cannot be told where only the kinds ``known`` could be listed."""
    return frozenset(name for name, kinds in FACTS.items() if not known.issuperset(kinds))

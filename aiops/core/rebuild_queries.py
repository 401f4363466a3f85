"""Queries: what is asked of kube-state-metrics to rebuild the past. Each keeps the labels it names, no more.

``EVERY`` is the table; a server without some of them leaves that kind of fact unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiops.model import Role, Signal, TargetMapping

SEEING = "count(kube_node_info) or count(kube_pod_info) or count(kube_deployment_spec_replicas)"
WAITING = "CrashLoopBackOff|ImagePullBackOff|ErrImagePull|InvalidImageName|CreateContainerConfigError"
NODE_TROUBLE = "MemoryPressure|DiskPressure|PIDPressure|NetworkUnavailable"


PLACES = ("namespace", "pod", "container", "node")  # labels that a scrape may take from the exporter itself
_ALSO = {
    "namespace": ("kubernetes_namespace", "kube_namespace", "k8s_namespace_name", "ns"),
    "pod": ("kubernetes_pod_name", "pod_name", "k8s_pod_name"),
    "container": ("container_name", "k8s_container_name"),
    "node": ("kubernetes_node", "node_name", "k8s_node_name"),
}


@dataclass(frozen=True, slots=True)
class Query:
    """``template`` is PromQL with ``%s`` for the selector; ``labels`` are what it returns."""

    template: str
    selector: str
    labels: tuple[str, ...]
    states: bool = True  # whether the exporter of Kubernetes' states is what answers

    def signal(self, name: str, renames: Mapping[str, str]) -> Signal:
        """As a metric source takes it, with the labels of ``renames`` called by their own names again."""
        selector = self.selector
        for label, written in renames.items() if self.states else ():
            selector = f'label_replace({selector}, "{label}", "$1", "{written}", "(.+)")'
        object_label = next((one for one in self.labels if one != "namespace"), self.labels[0])
        mapping = TargetMapping("Pod", object_label, "namespace" if "namespace" in self.labels else "")
        return Signal(name, self.template % selector, "", Role.OTHER, mapping)


def renames(samples: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """How the labels of ``PLACES`` are written on this server, by a few series of kube_pod_info: without
    ``honor_labels`` the plain name is that of the exporter. Only what differs."""
    seen = {label for labels in samples for label, value in labels.items() if value}
    found = {}
    for label in PLACES:
        if f"exported_{label}" in seen:
            found[label] = f"exported_{label}"
        elif label not in seen and (others := [one for one in _ALSO[label] if one in seen]):
            found[label] = others[0]
    return found


def _max(metric: str, *labels: str, only: str = "") -> Query:
    return Query(f"max by ({', '.join(labels)}) (%s)", metric + only, labels)


def _one(metric: str, *labels: str, only: str = "") -> Query:
    """Only where the state holds."""
    return Query(f"max by ({', '.join(labels)}) (%s == 1)", metric + only, labels)


def _all(metric: str, *labels: str) -> Query:
    """With whatever labels the object has, but not those of the scrape."""
    away = [label for label in (*_SCRAPE, "pod", "container") if label not in labels]
    return Query(f"max without ({', '.join(away)}) (%s)", metric, labels)


_SCRAPE = ("instance", "job", "endpoint", "service", "prometheus", "prometheus_replica", "replica")
REVISION = "annotation_deployment_kubernetes_io_revision"
_POD, _CONTAINER = ("namespace", "pod"), ("namespace", "pod", "container")
_DEPLOYMENT, _SET = ("namespace", "deployment"), ("namespace", "statefulset")
_DAEMON, _SCALER = ("namespace", "daemonset"), ("namespace", "horizontalpodautoscaler")
_CLAIM = "persistentvolumeclaim"

EVERY: Mapping[str, Query] = {
    "pod_owner": _max("kube_pod_owner", *_POD, "owner_kind", "owner_name"),
    "replicaset_owner": _max("kube_replicaset_owner", "namespace", "replicaset", "owner_kind", "owner_name"),
    "replicaset_revision": _max("kube_replicaset_annotations", "namespace", "replicaset", REVISION),
    "pod_info": _max("kube_pod_info", *_POD, "node"),
    "pod_phase": _one("kube_pod_status_phase", *_POD, "phase"),
    "pod_ready": _max("kube_pod_status_ready", *_POD, only='{condition="true"}'),
    "pod_evicted": _one("kube_pod_status_reason", *_POD, only='{reason="Evicted"}'),
    "container": _max("kube_pod_container_info", *_CONTAINER, "image"),
    "limit": _max("kube_pod_container_resource_limits", *_CONTAINER, "resource"),
    "request": _max("kube_pod_container_resource_requests", *_CONTAINER, "resource"),
    "restarts": _max("kube_pod_container_status_restarts_total", *_CONTAINER),
    "terminated": _one("kube_pod_container_status_last_terminated_reason", *_CONTAINER, "reason"),
    "waiting": _one(
        "kube_pod_container_status_waiting_reason", *_POD, "reason", only=f'{{reason=~"{WAITING}"}}'
    ),
    "Deployment.replicas": _max("kube_deployment_spec_replicas", *_DEPLOYMENT),
    "Deployment.ready": _max("kube_deployment_status_replicas_ready", *_DEPLOYMENT),
    "Deployment.available": _max("kube_deployment_status_replicas_available", *_DEPLOYMENT),
    "Deployment.total": _max("kube_deployment_status_replicas", *_DEPLOYMENT),
    "Deployment.updated": _max("kube_deployment_status_replicas_updated", *_DEPLOYMENT),
    "Deployment.observed": _max("kube_deployment_status_observed_generation", *_DEPLOYMENT),
    "Deployment.generation": _max("kube_deployment_metadata_generation", *_DEPLOYMENT),
    "Deployment.paused": _max("kube_deployment_spec_paused", *_DEPLOYMENT),
    "Deployment.max_unavailable": _max(
        "kube_deployment_spec_strategy_rollingupdate_max_unavailable", *_DEPLOYMENT
    ),
    "Deployment.labels": _all("kube_deployment_labels", *_DEPLOYMENT),
    "StatefulSet.replicas": _max("kube_statefulset_replicas", *_SET),
    "StatefulSet.ready": _max("kube_statefulset_status_replicas_ready", *_SET),
    "StatefulSet.total": _max("kube_statefulset_status_replicas", *_SET),
    "StatefulSet.updated": _max("kube_statefulset_status_replicas_updated", *_SET),
    "StatefulSet.observed": _max("kube_statefulset_status_observed_generation", *_SET),
    "StatefulSet.generation": _max("kube_statefulset_metadata_generation", *_SET),
    "StatefulSet.revision": _max("kube_statefulset_status_update_revision", *_SET, "revision"),
    "StatefulSet.labels": _all("kube_statefulset_labels", *_SET),
    "DaemonSet.replicas": _max("kube_daemonset_status_desired_number_scheduled", *_DAEMON),
    "DaemonSet.ready": _max("kube_daemonset_status_number_ready", *_DAEMON),
    "DaemonSet.total": _max("kube_daemonset_status_current_number_scheduled", *_DAEMON),
    "DaemonSet.updated": _max("kube_daemonset_status_updated_number_scheduled", *_DAEMON),
    "DaemonSet.observed": _max("kube_daemonset_status_observed_generation", *_DAEMON),
    "DaemonSet.generation": _max("kube_daemonset_metadata_generation", *_DAEMON),
    "DaemonSet.labels": _all("kube_daemonset_labels", *_DAEMON),
    "namespace_labels": _all("kube_namespace_labels", "namespace"),
    "node_info": _max("kube_node_info", "node"),
    "node_ready": _max("kube_node_status_condition", "node", only='{condition="Ready", status="true"}'),
    "node_trouble": _one(
        "kube_node_status_condition",
        "node",
        "condition",
        only=f'{{condition=~"{NODE_TROUBLE}", status="true"}}',
    ),
    "node_unschedulable": _max("kube_node_spec_unschedulable", "node"),
    "node_labels": _all("kube_node_labels", "node"),
    "scaler": _max(
        "kube_horizontalpodautoscaler_info", *_SCALER, "scaletargetref_kind", "scaletargetref_name"
    ),
    "scaler_min": _max("kube_horizontalpodautoscaler_spec_min_replicas", *_SCALER),
    "scaler_max": _max("kube_horizontalpodautoscaler_spec_max_replicas", *_SCALER),
    "budget": _max(
        "kube_poddisruptionbudget_status_pod_disruptions_allowed", "namespace", "poddisruptionbudget"
    ),
    "claim_size": _max("kube_persistentvolumeclaim_resource_requests_storage_bytes", "namespace", _CLAIM),
    "claim_pod": _max("kube_pod_spec_volumes_persistentvolumeclaims_info", *_POD, _CLAIM),
    "alert": Query("%s", 'ALERTS{alertstate="firing"}', ("alertname",), states=False),
    "call": Query(
        "sum by (source_workload_namespace, source_workload, destination_workload_namespace,"
        " destination_workload) (increase(%s[30m])) > bool 0",
        'istio_requests_total{reporter="source"}',
        ("source_workload_namespace", "source_workload"),
        states=False,
    ),
}

"""Kubernetes objects: the JSON of the API server to facts. What an object does not say stays None."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from aiops.adapters.recording.layout import in_ms
from aiops.core.rebuild_labels import manager
from aiops.model import (
    Autoscaler,
    Claim,
    ClusterEvent,
    Container,
    EventKind,
    Node,
    Pod,
    Revision,
    Target,
    Workload,
)
from aiops.model.recording import Fact, NamespaceLabels

Json = Mapping[str, Any]
Objects = Mapping[str, list[dict[str, Any]]]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
REVISION = "deployment.kubernetes.io/revision"
_SIZES = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
_KINDS = {
    "Killing": EventKind.OTHER,
    "BackOff": EventKind.OTHER,
    "OOMKilling": EventKind.OOM_KILLED,
    "Evicted": EventKind.EVICTED,
    "NodeNotReady": EventKind.NODE,
    "NodeReady": EventKind.NODE,
}


def quantity(text: object, scale: float = 1) -> int | None:
    """``512Mi``, ``500m`` times ``scale``; None for anything else."""
    match = re.fullmatch(r"([0-9.]+)(m|k|M|G|T|Ki|Mi|Gi|Ti|)", str(text))
    return None if match is None else round(float(match[1]) * _SIZES[match[2]] * scale)


def target(kind: str, item: Json) -> Target:
    """What an object is called."""
    meta = item["metadata"]
    return Target(kind, meta.get("namespace", ""), meta["name"])


def state(listed: Objects) -> Iterator[Fact]:
    """All objects as facts."""
    above = _above(listed)
    pods = [_pod(item, above) for item in listed.get("Pod", ())]
    for item in listed.get("Namespace", ()):
        yield NamespaceLabels(item["metadata"]["name"], dict(item["metadata"].get("labels") or {}))
    yield from (_node(item) for item in listed.get("Node", ()))
    yield from pods
    scalers = [_scaler(item) for item in listed.get("HorizontalPodAutoscaler", ())]
    yield from scalers
    for kind in WORKLOADS:
        for item in listed.get(kind, ()):
            yield _workload(kind, item, listed, pods, scalers)
    yield from _claims(listed, pods)


def _above(listed: Objects) -> dict[Target, Target]:
    """The Deployment of each ReplicaSet."""
    found = {}
    for item in listed.get("ReplicaSet", ()):
        owner = _controller(item)
        if owner is not None:
            found[target("ReplicaSet", item)] = owner
    return found


def _controller(item: Json) -> Target | None:
    meta = item["metadata"]
    for one in meta.get("ownerReferences") or ():
        if one.get("controller"):
            return Target(one["kind"], meta.get("namespace", ""), one["name"])
    return None


def _condition(item: Json, name: str) -> bool | None:
    for one in (item.get("status") or {}).get("conditions") or ():
        if one.get("type") == name:
            return {"True": True, "False": False}.get(one.get("status"))
    return None


def _pod(item: Json, above: Mapping[Target, Target]) -> Pod:
    owner = _controller(item)
    if owner is not None and owner.kind == "ReplicaSet":
        owner = above.get(owner)
    spec, status = item.get("spec") or {}, item.get("status") or {}
    uid = item["metadata"].get("uid")
    ready = _condition(item, "Ready")
    return Pod(target("Pod", item), owner, uid, spec.get("nodeName"), status.get("phase"), ready)


def _node(item: Json) -> Node:
    meta = item["metadata"]
    labels = dict(meta.get("labels") or {})
    return Node(
        target("Node", item),
        uid=meta.get("uid"),
        zone=labels.get("topology.kubernetes.io/zone"),
        ready=_condition(item, "Ready"),
        unschedulable=bool((item.get("spec") or {}).get("unschedulable")),
        resource_version=meta.get("resourceVersion"),
        labels=labels,
    )


def _scaler(item: Json) -> Autoscaler:
    meta, spec = item["metadata"], item.get("spec") or {}
    scaled = spec.get("scaleTargetRef") or {}
    return Autoscaler(
        target("HorizontalPodAutoscaler", item),
        Target(scaled.get("kind", "Unknown"), meta.get("namespace", ""), scaled.get("name", "unknown")),
        spec.get("minReplicas", 1),
        spec.get("maxReplicas"),
        meta.get("uid"),
        meta.get("resourceVersion"),
    )


def _workload(kind: str, item: Json, listed: Objects, pods: list[Pod], scalers: list[Autoscaler]) -> Workload:
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    me = target(kind, item)
    own = [pod for pod in pods if pod.owner == me]
    daemon = kind == "DaemonSet"
    wanted = status.get("desiredNumberScheduled") if daemon else spec.get("replicas", 1)
    ready = status.get("numberReady", 0) if daemon else status.get("readyReplicas", 0)
    updated = status.get("updatedNumberScheduled" if daemon else "updatedReplicas", 0)
    total = status.get("currentNumberScheduled" if daemon else "replicas", 0)
    behind = status.get("observedGeneration", 0) < meta.get("generation", 0)
    labels = dict(meta.get("labels") or {})
    annotations = dict(meta.get("annotations") or {})
    scaler = next((one for one in scalers if one.scales == me), None)
    template = spec.get("template") or {}
    containers = tuple(_container(one) for one in (template.get("spec") or {}).get("containers") or ())
    nodes = {pod.node for pod in own if pod.node}
    return Workload(
        target=me,
        uid=meta.get("uid"),
        resource_version=meta.get("resourceVersion"),
        replicas=wanted,
        ready=ready,
        rolling=behind or updated < (wanted or 0) or total > updated,
        paused=bool(spec.get("paused")),
        images=tuple(one.image for one in containers),
        revisions=tuple(_revisions(me, listed)),
        labels=labels,
        annotations=annotations,
        managed_by=manager({**labels, **annotations}) or "",
        hpa_min=None if scaler is None else scaler.minimum,
        hpa_max=_maximum(scaler, listed),
        hpa_name="" if scaler is None else scaler.target.name,
        pdb_disruptions_allowed=_allowed(item, template, listed, len(own)),
        max_unavailable=_unavailable(spec, wanted),
        containers=containers,
        node_names=tuple(sorted(nodes)),
        zones=tuple(sorted(_zones(listed, nodes))),
    )


def _maximum(scaler: Autoscaler | None, listed: Objects) -> int | None:
    if scaler is not None:
        return scaler.maximum
    return 0 if "HorizontalPodAutoscaler" in listed else None


def _container(item: Json) -> Container:
    limits, requests = ((item.get("resources") or {}).get(key) or {} for key in ("limits", "requests"))
    return Container(
        item.get("name", ""),
        item.get("image", ""),
        *(
            quantity(side[resource], scale) if resource in side else 0
            for resource, scale in (("memory", 1), ("cpu", 1000))
            for side in (limits, requests)
        ),
    )


def _revisions(me: Target, listed: Objects) -> Iterator[Revision]:
    """The revisions of a Deployment that the API server keeps, oldest first."""
    found = []
    for item in listed.get("ReplicaSet", ()):
        number = (item["metadata"].get("annotations") or {}).get(REVISION, "")
        if _controller(item) == me and number.isdecimal():
            template = (item.get("spec") or {}).get("template") or {}
            containers = (template.get("spec") or {}).get("containers") or ()
            images = tuple(one.get("image", "") for one in containers)
            since = _ms(item["metadata"].get("creationTimestamp"))
            found.append(Revision(int(number), images, since, template))
    yield from sorted(found, key=lambda one: one.number)


def _unavailable(spec: Json, wanted: int | None) -> int | None:
    """``maxUnavailable`` in pods; a share is rounded down, as Kubernetes does."""
    rolling = (spec.get("strategy") or spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    said = rolling.get("maxUnavailable")
    if isinstance(said, str) and said.endswith("%") and said[:-1].isdecimal() and wanted is not None:
        return wanted * int(said[:-1]) // 100
    return said if isinstance(said, int) else None


def _allowed(item: Json, template: Json, listed: Objects, pods: int) -> int | None:
    """What the disruption budgets over its pods allow; without any, the number of pods."""
    if "PodDisruptionBudget" not in listed:
        return None
    labels = (template.get("metadata") or {}).get("labels") or {}
    allowed = [pods]
    for budget in listed["PodDisruptionBudget"]:
        if budget["metadata"].get("namespace") != item["metadata"].get("namespace"):
            continue
        selector = (budget.get("spec") or {}).get("selector") or {}
        if selector.get("matchExpressions"):
            return None  # we read no expressions: whether it is meant is unknown
        wanted = selector.get("matchLabels") or {}
        if all(labels.get(key) == value for key, value in wanted.items()):
            allowed.append((budget.get("status") or {}).get("disruptionsAllowed", 0))
    return min(allowed)


def _zones(listed: Objects, nodes: set[str]) -> Iterator[str]:
    seen = set()
    for item in listed.get("Node", ()):
        zone = (item["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone")
        if item["metadata"]["name"] in nodes and zone:
            seen.add(zone)
    yield from seen


def _claims(listed: Objects, pods: list[Pod]) -> Iterator[Claim]:
    owners = {pod.target: pod.owner for pod in pods}
    mounted: dict[Target, Target | None] = {}
    for item in listed.get("Pod", ()):
        me = target("Pod", item)
        for volume in (item.get("spec") or {}).get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if name:
                mounted[Target("PersistentVolumeClaim", me.namespace, name)] = owners.get(me)
    grows = {
        one["metadata"]["name"]: bool(one.get("allowVolumeExpansion"))
        for one in listed.get("StorageClass", ())
    }
    for item in listed.get("PersistentVolumeClaim", ()):
        me, meta, spec = target("PersistentVolumeClaim", item), item["metadata"], item.get("spec") or {}
        size = quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage"))
        expandable = grows.get(spec.get("storageClassName", ""))
        yield Claim(me, size, expandable, mounted.get(me), meta.get("uid"), meta.get("resourceVersion"))


def events(listed: Objects) -> Iterator[ClusterEvent]:
    """The API server's events in order of time, each at its last occurrence."""
    found = []
    for item in listed.get("Event", ()):
        about = item.get("involvedObject") or {}
        at_ms = _ms(item.get("lastTimestamp") or item.get("eventTime") or item.get("firstTimestamp"))
        if at_ms is None or not about.get("kind") or not about.get("name"):
            continue
        place = Target(about["kind"], about.get("namespace") or "", about["name"])
        reason = item.get("reason") or ""
        detail = f"{reason}: {item.get('message') or ''}"[:300]
        found.append(ClusterEvent(at_ms, place, _KINDS.get(reason, EventKind.OTHER), detail))
    yield from sorted(found, key=lambda one: (one.at_ms, one.target, one.detail))


def _ms(text: object) -> int | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if at.tzinfo is None else in_ms(at)

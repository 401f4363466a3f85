"""Objects: the JSON of the API server to what is kept of it. What an object does not say stays None."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiops.adapters.kubernetes.fields import (
    Json,
    condition,
    controller,
    holds,
    managers,
    ms,
    named,
    number,
    part,
    quantity,
    said,
    target,
    text,
    texts,
    words,
)
from aiops.adapters.kubernetes.pods import Held
from aiops.adapters.kubernetes.selectors import Selector, selector
from aiops.adapters.kubernetes.stored import Stored
from aiops.model import Autoscaler, Claim, ClusterEvent, EventKind, Node, Service, Target

REVISION = "deployment.kubernetes.io/revision"
ZONE = "topology.kubernetes.io/zone"
TROUBLE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
BLOCKS = "DisruptionBudgetBlocks"  # told only while a node is to be emptied: else nobody is in its way
_KINDS = {
    "Killing": EventKind.OTHER,
    "BackOff": EventKind.OTHER,
    "OOMKilling": EventKind.OOM_KILLED,
    "Evicted": EventKind.EVICTED,
    "NodeNotReady": EventKind.NODE,
    "NodeReady": EventKind.NODE,
}


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node, and what is wrong with it."""

    node: Node
    held: tuple[Held, ...] = ()
    turned_ms: int | None = None  # when it became ready, or not
    since_ms: int | None = None  # when it was created


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """A ReplicaSet or ControllerRevision: one revision of its owner."""

    target: Target
    owner: Target | None
    number: int | None  # of the revision; None: it is none
    images: tuple[str, ...]
    since_ms: int | None  # when it became current; None where an older one was taken up again, who knows when
    template: Stored | None


@dataclass(frozen=True, slots=True)
class SeenBudget:
    """A disruption budget."""

    target: Target
    selector: Selector | None
    allowed: int | None  # None: the controller has not looked at its newest version yet
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenScaler:
    """An autoscaler, and whether it is at its maximum."""

    scaler: Autoscaler
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenSpace:
    """A namespace."""

    target: Target
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeenClaim:
    """A volume claim and its storage class."""

    claim: Claim
    storage_class: str


def seen_node(item: Json, now_ms: int) -> SeenNode:
    """A node."""
    meta, spec = item["metadata"], part(item, "spec")
    labels, ready = texts(meta.get("labels")), condition(item, "Ready")
    turned_ms = ms(ready.get("lastTransitionTime"))
    taints = tuple(dict(one) for one in spec.get("taints") or () if isinstance(one, dict))
    node = Node(
        target("Node", item),
        uid=meta.get("uid"),
        zone=labels.get(ZONE),
        ready=holds(ready) if ready.get("status") != "Unknown" else False,
        unschedulable=bool(spec.get("unschedulable")),
        resource_version=meta.get("resourceVersion"),
        labels=labels,
        annotations=texts(meta.get("annotations")),
        taints=taints,
        managers=managers(item),
    )
    return SeenNode(node, tuple(_unwell(item, now_ms)), turned_ms, ms(meta.get("creationTimestamp")))


def _unwell(item: Json, now_ms: int) -> Iterator[Held]:
    ready = condition(item, "Ready")
    if ready and holds(ready) is not True:
        since_ms = ms(ready.get("lastTransitionTime")) or now_ms
        yield Held("NodeNotReady", since_ms, words(ready))
    for name in TROUBLE:
        found = condition(item, name)
        if holds(found):
            yield Held(name, ms(found.get("lastTransitionTime")) or now_ms, words(found))


def seen_group(kind: str) -> Callable[[Json, int], SeenGroup]:
    """How a ReplicaSet or ControllerRevision is read."""

    def read(item: Json, now_ms: int) -> SeenGroup:  # noqa: ARG001 - as all readers
        meta = item["metadata"]
        if kind == "ReplicaSet":
            told = (meta.get("annotations") or {}).get(REVISION, "")
            number = int(told) if told.isascii() and told.isdigit() else None
            template = dict(part(item, "spec", "template"))
        else:
            told = item.get("revision")
            number = told if isinstance(told, int) else None
            template = {k: v for k, v in part(item, "data", "spec", "template").items() if k != "$patch"}
        owner, images = controller(item), _images(template)
        stored = Stored(template) if template and owner is not None else None
        return SeenGroup(target(kind, item), owner, number, images, ms(meta.get("creationTimestamp")), stored)

    return read


def _images(template: Json) -> tuple[str, ...]:
    found = part(template, "spec").get("containers") or ()
    return tuple(sys.intern(one.get("image", "")) for one in found)


def seen_budget(item: Json, now_ms: int) -> SeenBudget:
    """A disruption budget. It blocks where it allows nothing though all its pods are healthy."""
    meta, status = item["metadata"], part(item, "status")
    told, pods = status.get("disruptionsAllowed", 0), status.get("expectedPods", 0)
    behind = status.get("observedGeneration", meta.get("generation")) != meta.get("generation")
    allowed = told if isinstance(told, int) and not behind else None
    held: tuple[Held, ...] = ()
    if allowed == 0 and pods > 0 and status.get("currentHealthy", 0) >= pods:
        since_ms = ms(condition(item, "DisruptionAllowed").get("lastTransitionTime")) or now_ms
        held = (Held(BLOCKS, since_ms, f"it allows none of {pods} healthy pods to go"),)
    return SeenBudget(
        target("PodDisruptionBudget", item), selector(part(item, "spec").get("selector")), allowed, held
    )


def seen_scaler(item: Json, now_ms: int) -> SeenScaler:
    """An autoscaler."""
    meta, spec, status = item["metadata"], part(item, "spec"), part(item, "status")
    scaled, me = part(spec, "scaleTargetRef"), target("HorizontalPodAutoscaler", item)
    scaler = Autoscaler(
        me,
        named(scaled.get("kind") or "Unknown", me.namespace, scaled.get("name") or "unknown"),
        number(spec.get("minReplicas", 1)),
        number(spec.get("maxReplicas")),
        meta.get("uid"),
        meta.get("resourceVersion"),
        managers(item),
    )
    wanted, most = status.get("desiredReplicas"), scaler.maximum
    held: tuple[Held, ...] = ()
    if isinstance(wanted, int) and isinstance(most, int) and wanted >= most > 1:
        limited = condition(item, "ScalingLimited")
        told = holds(limited) and limited.get("reason") == "TooManyReplicas"
        since_ms = (ms(limited.get("lastTransitionTime")) if told else None) or now_ms
        held = (Held("HPAAtMaximum", since_ms, f"wants {wanted} of at most {most} pods"),)
    return SeenScaler(scaler, held)


def seen_space(item: Json, now_ms: int) -> SeenSpace:  # noqa: ARG001 - as all readers
    """A namespace."""
    meta = item["metadata"]
    return SeenSpace(target("Namespace", item), texts(meta.get("labels")), texts(meta.get("annotations")))


def seen_claim(item: Json, now_ms: int) -> SeenClaim:  # noqa: ARG001 - as all readers
    """A volume claim; who mounts it and whether it may grow come from others."""
    meta, spec = item["metadata"], part(item, "spec")
    size = quantity(part(spec, "resources", "requests").get("storage"))
    me = target("PersistentVolumeClaim", item)
    claim = Claim(me, size, None, None, meta.get("uid"), meta.get("resourceVersion"), managers(item))
    return SeenClaim(claim, text(spec.get("storageClassName") or ""))


def seen_class(item: Json, now_ms: int) -> bool:  # noqa: ARG001 - as all readers
    """Of a storage class: whether its volumes may grow."""
    return bool(item.get("allowVolumeExpansion"))


def seen_service(item: Json, now_ms: int) -> Service:  # noqa: ARG001 - as all readers
    """A Service; one without a selector finds no pods."""
    return Service(target("Service", item), texts(part(item, "spec").get("selector")))


def seen_event(item: Json, now_ms: int) -> ClusterEvent | None:  # noqa: ARG001 - as all readers
    """One of the API server's own events, at its last occurrence; None for one that says not what or when."""
    about, series = part(item, "involvedObject"), part(item, "series")
    times: tuple[Any, ...] = (
        series.get("lastObservedTime"),
        item.get("lastTimestamp"),
        item.get("eventTime"),
        item.get("firstTimestamp"),
    )
    at_ms = next((at for one in times if (at := ms(one)) is not None), None)
    if at_ms is None or not about.get("kind") or not about.get("name"):
        return None
    place = named(about["kind"], about.get("namespace"), about["name"])
    reason = item.get("reason") or ""
    detail = said(f"{reason}: {item.get('message') or ''}")
    return ClusterEvent(at_ms, place, _KINDS.get(reason, EventKind.OTHER), detail)


def seen_map(item: Json, now_ms: int) -> str:  # noqa: ARG001 - as all readers
    """Of a ConfigMap only its version: that it changed is a fact, what it holds is none of ours."""
    return str(item["metadata"].get("resourceVersion", ""))

"""Workloads: what is kept of a Deployment, StatefulSet, DaemonSet, Job or CronJob as it arrived.

What needs other objects (pods, revisions, budgets, autoscalers) is joined in ``joined``.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiops.adapters.kubernetes.fields import (
    Json,
    condition,
    containers,
    controller,
    holds,
    managers,
    ms,
    number,
    part,
    target,
    texts,
    words,
)
from aiops.adapters.kubernetes.pods import Held
from aiops.adapters.kubernetes.selectors import Selector, selector
from aiops.adapters.kubernetes.stored import Stored
from aiops.core.rebuild_labels import manager
from aiops.model import Revision, Workload

ROLLING = ("Deployment", "StatefulSet", "DaemonSet")
WORKLOADS = (*ROLLING, "Job", "CronJob")


@dataclass(frozen=True, slots=True)
class SeenWorkload:
    """A workload without what is joined to it later."""

    workload: Workload
    pod_labels: dict[str, str]  # of its pod template
    selector: Selector | None
    held: tuple[Held, ...]
    since_ms: int | None  # when it was created
    references: frozenset[str]  # "ConfigMap a", "Secret b" that its pods take


def seen_workload(kind: str) -> Callable[[Json, int], SeenWorkload]:
    """How a workload of that kind is read."""

    def read(item: Json, now_ms: int) -> SeenWorkload:
        spec = part(item, "spec")
        inner = part(spec, "jobTemplate", "spec") if kind == "CronJob" else spec
        template = part(inner, "template")
        chosen = selector(spec.get("selector")) if kind != "CronJob" else None
        return SeenWorkload(
            workload=_workload(kind, item, template, chosen),
            pod_labels=texts(part(template, "metadata").get("labels")),
            selector=chosen,
            held=tuple(_held(kind, item, now_ms)),
            since_ms=ms(item["metadata"].get("creationTimestamp")),
            references=frozenset(_references(template)),
        )

    return read


def _workload(kind: str, item: Json, template: Json, chosen: Selector | None) -> Workload:
    meta, spec = item["metadata"], part(item, "spec")
    labels, annotations = texts(meta.get("labels")), texts(meta.get("annotations"))
    wanted, ready, rolling = _numbers(kind, item)
    held = containers(template)
    job = Stored(spec) if kind == "Job" else None
    images = tuple(one.image for one in held)
    revision = Revision(1, images, ms(meta.get("creationTimestamp")), Stored(template)) if job else None
    return Workload(
        target=target(kind, item),
        uid=meta.get("uid"),
        resource_version=meta.get("resourceVersion"),
        generation=meta.get("generation"),
        replicas=wanted,
        ready=ready,
        rolling=rolling,
        paused=bool(spec.get("paused")) if kind in ROLLING else None,
        images=images,
        revisions=() if revision is None else (revision,),
        labels=labels,
        annotations={key: value for key, value in annotations.items() if key not in _LARGE},
        managed_by=manager({**labels, **annotations}) or "",
        max_unavailable=_unavailable(kind, spec, wanted),
        containers=held,
        managers=managers(item),
        suspended=bool(spec.get("suspend")) if kind in ("Job", "CronJob") else None,
        deleting=meta.get("deletionTimestamp") is not None,
        selector=None if chosen is None else chosen.plain,
        manifest=job,
        owner=controller(item) if kind == "Job" else None,
    )


_LARGE = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})  # the whole object once more


def _numbers(kind: str, item: Json) -> tuple[int | None, int | None, bool | None]:
    """(pods wanted, pods ready, whether a rollout is under way)."""
    meta, spec, status = item["metadata"], part(item, "spec"), part(item, "status")
    if kind == "CronJob":
        return None, None, None
    if kind == "Job":
        return number(spec.get("parallelism", 1)), number(status.get("ready", 0)), None
    daemon = kind == "DaemonSet"
    wanted = number(status.get("desiredNumberScheduled") if daemon else spec.get("replicas", 1))
    ready = number(status.get("numberReady", 0) if daemon else status.get("readyReplicas", 0))
    updated = status.get("updatedNumberScheduled" if daemon else "updatedReplicas", 0)
    total = status.get("currentNumberScheduled" if daemon else "replicas", 0)
    behind = status.get("observedGeneration", 0) < meta.get("generation", 0)
    strategy = part(spec, "updateStrategy")
    if strategy.get("type") == "OnDelete":  # nobody rolls: whoever deletes a pod gets a new one
        return wanted, ready, behind
    kept = part(strategy, "rollingUpdate").get("partition") or 0  # pods that are to stay as they were
    return wanted, ready, behind or updated < (wanted or 0) - kept or total - kept > updated


def _unavailable(kind: str, spec: Json, wanted: int | None) -> int | None:
    """How many pods a rollout takes away at once, as the controller of that kind counts; None is unknown."""
    strategy = part(spec, "strategy" if kind == "Deployment" else "updateStrategy")
    if strategy.get("type") == "Recreate":
        return wanted  # all of them, before the first new one
    if strategy.get("type") == "OnDelete" or kind not in ROLLING:
        return None
    rolling = part(strategy, "rollingUpdate")
    pods = _pods(rolling.get("maxUnavailable"), wanted, up=kind != "Deployment")
    if kind == "Deployment" and pods == 0 and _pods(rolling.get("maxSurge"), wanted, up=True) == 0:
        return 1  # else it would stand still
    return 1 if pods is None and kind == "StatefulSet" else pods


def _pods(said: object, wanted: int | None, *, up: bool) -> int | None:
    """A number of pods, or a share of those wanted, in pods."""
    if isinstance(said, str) and said.endswith("%") and said[:-1].isdecimal() and wanted is not None:
        return -(-wanted * int(said[:-1]) // 100) if up else wanted * int(said[:-1]) // 100
    return said if isinstance(said, int) else None


def _held(kind: str, item: Json, now_ms: int) -> Iterator[Held]:
    found: Json = {}
    if kind == "Deployment":
        name, found = "RolloutStuck", condition(item, "Progressing")
        if holds(found) is not False:
            return
    elif kind == "Job":
        name, found = "JobFailed", condition(item, "Failed")
        if not holds(found):
            return
    else:
        return
    yield Held(name, ms(found.get("lastTransitionTime")) or now_ms, words(found))


def _references(template: Json) -> Iterator[str]:
    """The ConfigMaps and Secrets that pods of ``template`` take, by kind and name."""
    spec = part(template, "spec")
    for key in ("initContainers", "containers"):
        for one in spec.get(key) or ():
            for source in (*(one.get("envFrom") or ()), *_values(one)):
                yield from _named(source, ("configMapRef", "configMapKeyRef"), ("secretRef", "secretKeyRef"))
    for volume in spec.get("volumes") or ():
        yield from _named(volume, ("configMap",), ("secret",))
        for source in part(volume, "projected").get("sources") or ():
            yield from _named(source, ("configMap",), ("secret",))


def _values(container: Json) -> Iterator[Json]:
    for one in container.get("env") or ():
        if found := part(one, "valueFrom"):
            yield found


def _named(source: Json, maps: tuple[str, ...], secrets: tuple[str, ...]) -> Iterator[str]:
    for kind, keys in (("ConfigMap", maps), ("Secret", secrets)):
        for key in keys:
            found = part(source, key)
            if name := found.get("name") or found.get("secretName"):
                yield sys.intern(f"{kind} {name}")

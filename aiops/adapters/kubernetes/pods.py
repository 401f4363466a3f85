"""Pods: what is kept of a pod, and what is wrong with it.

Waiting states are those of kube-state-metrics, by the same names; a state says not when it began, so the time
since which the pod is not ready stands for it.
"""

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from aiops.adapters.kubernetes.fields import (
    Json,
    condition,
    containers,
    controller,
    holds,
    ms,
    named,
    part,
    said,
    target,
    texts,
)
from aiops.model import Container, Pod, Target

WAITING = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
OOM, EVICTED = "OOMKilled", "Evicted"
PENDING_MS = 120_000  # so long a pod may take to start
OOM_MS = 300_000  # so long a kill for memory is a state, as the signal of the same name has it
_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Held:
    """A state that an object is in, from ``from_ms`` on and until ``until_ms``."""

    name: str
    since_ms: int
    detail: str = ""
    from_ms: int = 0
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often a container was started again, and how its last run ended."""

    container: str
    count: int
    ended_ms: int | None = None
    oom: bool = False


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod as it arrived; ``pod.owner`` is filled in once its controller is known."""

    pod: Pod
    held: tuple[Held, ...] = ()
    restarts: tuple[Restarts, ...] = ()  # of containers that were started again or killed for memory
    claims: tuple[Target, ...] = ()


def seen_pod(item: Json, now_ms: int) -> SeenPod:
    """Everything that is kept of a pod; ``now_ms`` stands for times that it does not tell."""
    meta, spec, status = item["metadata"], part(item, "spec"), part(item, "status")
    volumes = [one for one in spec.get("volumes") or () if isinstance(one, dict)]
    me = target("Pod", item)
    pod = Pod(
        me,
        uid=meta.get("uid"),
        node=_shared(spec.get("nodeName")),
        phase=_shared(status.get("phase")),
        ready=holds(condition(item, "Ready")),
        resource_version=meta.get("resourceVersion"),
        labels=texts(meta.get("labels")),
        reason=_shared(status.get("reason")) or "",
        deleting=meta.get("deletionTimestamp") is not None,
        controller=controller(item),
        mirror=_MIRROR in (meta.get("annotations") or {}),
        local_storage=any(one.get("emptyDir") is not None for one in volumes),
        since_ms=ms(meta.get("creationTimestamp")),
        containers=_same(containers(item)),  # a pod has its spec where a template has it
    )
    claims = (part(one, "persistentVolumeClaim").get("claimName") for one in volumes)
    mounted = tuple(named("PersistentVolumeClaim", me.namespace, name) for name in claims if name)
    return SeenPod(pod, tuple(_held(pod, item, now_ms)), tuple(_restarts(item)), mounted)


def _shared(text: str | None) -> str | None:
    return sys.intern(text) if text else None


@functools.lru_cache(maxsize=8192)  # the pods of one workload are alike
def _same(found: tuple[Container, ...]) -> tuple[Container, ...]:
    return found


def _statuses(item: Json) -> Iterator[Json]:
    status = part(item, "status")
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from (one for one in status.get(key) or () if isinstance(one, dict))


def _held(pod: Pod, item: Json, now_ms: int) -> Iterator[Held]:
    name = pod.target.name
    if pod.phase == "Failed":
        if pod.reason == EVICTED:
            yield Held(EVICTED, _ended(item) or now_ms, f"pod {name}")
        return
    if pod.phase == "Succeeded":
        return
    unready = condition(item, "Ready")
    since_ms = (None if holds(unready) else ms(unready.get("lastTransitionTime"))) or now_ms
    for one in _statuses(item):
        waiting = part(one, "state", "waiting")
        if waiting.get("reason") in WAITING:
            detail = f"pod {name}, container {one.get('name')}{_after(waiting)}"
            yield Held(sys.intern(waiting["reason"]), since_ms, detail)
    for restart in _restarts(item):
        if restart.oom:
            ended_ms = restart.ended_ms or now_ms
            detail = f"pod {name}, container {restart.container}"
            yield Held(OOM, ended_ms, detail, until_ms=ended_ms + OOM_MS)
    if pod.phase == "Pending":
        yield from _pending(pod, item, now_ms)


def _pending(pod: Pod, item: Json, now_ms: int) -> Iterator[Held]:
    created_ms = pod.since_ms or now_ms
    yield Held("Pending", created_ms, f"pod {pod.target.name}", from_ms=created_ms + PENDING_MS)
    placed = condition(item, "PodScheduled")
    if holds(placed) is False and placed.get("reason") == "Unschedulable":
        since_ms = ms(placed.get("lastTransitionTime")) or created_ms
        yield Held("Unschedulable", since_ms, f"pod {pod.target.name}{_after(placed)}")


def _after(found: Json) -> str:
    """A message, to be put after what it is about."""
    return f": {said(str(found['message']))}" if found.get("message") else ""


def _ended(item: Json) -> int | None:
    """When a failed pod was ended: its containers', else what disrupted it, else when it was started."""
    ends = [ms(part(one, "state", "terminated").get("finishedAt")) for one in _statuses(item)]
    known = [one for one in ends if one is not None and one > 0]
    if known:
        return max(known)
    disrupted = condition(item, "DisruptionTarget")
    return ms(disrupted.get("lastTransitionTime")) or ms(part(item, "status").get("startTime"))


def _restarts(item: Json) -> Iterator[Restarts]:
    for one in _statuses(item):
        count = one.get("restartCount")
        count = count if isinstance(count, int) else 0
        last = part(one, "state", "terminated") or part(one, "lastState", "terminated")
        if count or last.get("reason") == OOM:
            ended_ms = ms(last.get("finishedAt"))
            yield Restarts(sys.intern(one.get("name", "")), count, ended_ms, last.get("reason") == OOM)

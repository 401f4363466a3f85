"""Noticed: what happened, told from how an object is and how it was before, with the same words as events
rebuilt from kube-state-metrics. The times are those that objects state themselves, else that of noticing.

What is older than ``KEPT_MS`` is no event any more, so that a first list tells of what happened lately only.
"""

import itertools
from collections.abc import Iterator, Sequence

from aiops.adapters.kubernetes.objects import SeenNode
from aiops.adapters.kubernetes.pods import EVICTED, SeenPod
from aiops.adapters.kubernetes.workloads import SeenWorkload
from aiops.model import ClusterEvent, EventKind, Manager, Revision, Target

KEPT_MS = 6 * 3_600_000


def recent(events: Iterator[ClusterEvent], now_ms: int) -> Iterator[ClusterEvent]:
    """Those that are not too old, none of them later than now."""
    for one in events:
        if one.at_ms > now_ms - KEPT_MS:
            at_ms = min(one.at_ms, now_ms)
            yield one if at_ms == one.at_ms else ClusterEvent(at_ms, one.target, one.kind, one.detail)


def of_workload(seen: SeenWorkload, before: SeenWorkload | None, now_ms: int) -> Iterator[ClusterEvent]:
    """Appearing, scaling, other images, other references. Its rollouts are told by its revisions."""
    target, now = seen.workload.target, seen.workload
    if before is None or before.workload.uid != now.uid:
        if seen.since_ms is not None and target.kind != "Job":
            yield ClusterEvent(seen.since_ms, target, EventKind.DEPLOYED)
        return
    old = before.workload
    if target.kind not in ("DaemonSet", "Job") and old.replicas != now.replicas:
        detail = f"{old.replicas} to {now.replicas} replicas{_by(now.managers, 'spec.replicas')}"
        yield ClusterEvent(now_ms, target, EventKind.SCALE, detail)
    if seen.references != before.references:
        gone, new = sorted(before.references - seen.references), sorted(seen.references - before.references)
        detail = f"{', '.join(gone) or 'none'} to {', '.join(new) or 'none'}"
        yield ClusterEvent(now_ms, target, EventKind.CONFIG, detail)
    if target.kind in ("Job", "CronJob") and old.images != now.images:
        yield ClusterEvent(now_ms, target, EventKind.IMAGE, _images(old.images, now.images))


def _by(managers: Sequence[Manager] | None, field: str) -> str:
    """Who wrote ``field`` last, in words; empty where nobody can say."""
    wrote = [one for one in managers or () if field in one.fields]
    return f" by {max(wrote, key=lambda one: one.at_ms or 0).name}" if wrote else ""


def of_revisions(target: Target, revisions: Sequence[Revision], told: set[int]) -> Iterator[ClusterEvent]:
    """The rollouts that ``told`` (numbers) does not have yet; they are added to it."""
    for last, one in itertools.pairwise(revisions):
        if one.number in told or one.since_ms is None:
            continue
        told.add(one.number)
        yield ClusterEvent(one.since_ms, target, EventKind.ROLLOUT, f"revision {one.number}")
        if one.images != last.images and one.images and last.images:
            yield ClusterEvent(one.since_ms, target, EventKind.IMAGE, _images(last.images, one.images))


def _images(old: Sequence[str], new: Sequence[str]) -> str:
    return f"{', '.join(old)} to {', '.join(new)}"


def of_pod(seen: SeenPod, before: SeenPod | None, place: Target, now_ms: int) -> Iterator[ClusterEvent]:
    """Restarts, kills for memory and evictions of a pod, told of ``place``."""
    pod = seen.pod
    if before is not None and before.pod.uid != pod.uid:
        before = None
    counts = {} if before is None else {one.container: one for one in before.restarts}
    for one in seen.restarts:
        old = counts.get(one.container)
        at_ms = one.ended_ms or (now_ms if before is not None else None)
        if at_ms is None or (old is not None and (old.count, old.ended_ms) == (one.count, one.ended_ms)):
            continue
        detail = f"pod {pod.target.name}, container {one.container}, {one.count} restarts"
        if one.oom and (old is None or old.ended_ms != one.ended_ms):
            yield ClusterEvent(at_ms, place, EventKind.OOM_KILLED, detail)
        if one.count > (0 if old is None else old.count):
            yield ClusterEvent(at_ms, place, EventKind.RESTART, detail)
    if pod.reason == EVICTED and (before is None or before.pod.reason != EVICTED):
        at_ms = next((one.since_ms for one in seen.held if one.name == EVICTED), now_ms)
        yield ClusterEvent(at_ms, place, EventKind.EVICTED, f"pod {pod.target.name}")


def of_node(seen: SeenNode, before: SeenNode | None, now_ms: int) -> Iterator[ClusterEvent]:
    """A node that became ready or not, was cordoned or not, came under pressure."""
    node = seen.node
    turned_ms = seen.turned_ms or now_ms
    if before is None or before.node.uid != node.uid:
        new = seen.since_ms is not None and turned_ms - seen.since_ms < 120_000  # it has just started
        if seen.since_ms is not None:
            yield ClusterEvent(seen.since_ms, node.target, EventKind.DEPLOYED)
        if node.ready is not None and seen.turned_ms is not None and not (new and node.ready):
            yield ClusterEvent(turned_ms, node.target, EventKind.NODE, _ready(node.ready))
        before_held: set[str] = set()
    else:
        old = before.node
        if node.ready is not None and node.ready != old.ready:
            yield ClusterEvent(turned_ms, node.target, EventKind.NODE, _ready(node.ready))
        if node.unschedulable != old.unschedulable:
            yield ClusterEvent(
                now_ms, node.target, EventKind.NODE, "cordoned" if node.unschedulable else "open"
            )
        before_held = {one.name for one in before.held}
    for one in seen.held:
        if one.name not in before_held and one.name != "NodeNotReady":
            yield ClusterEvent(one.since_ms, node.target, EventKind.NODE, one.name)


def _ready(ready: bool) -> str:
    return "ready" if ready else "not ready"

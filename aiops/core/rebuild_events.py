"""Events and conditions from the history: rollouts, images, scaling, restarts, OOM kills, nodes.

Nothing that was so when the history began is an event: it happened before, nobody knows when.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from aiops.core.rebuild_history import History, Steps, Track
from aiops.core.rebuild_pods import Name, Past
from aiops.core.rebuild_workloads import Being
from aiops.model import ClusterEvent, Condition, EventKind, Target
from aiops.model.recording import FactLine

OOM = "OOMKilled"


def changes(steps: Steps) -> Iterator[tuple[int, float, float]]:
    """(when, from, to) of each change between two numbers."""
    before = math.nan
    for at_ms, value in steps:
        if not math.isnan(value):
            if not math.isnan(before) and value != before:
                yield at_ms, before, value
            before = value


def of_workload(being: Being, first_ms: int) -> Iterator[ClusterEvent]:
    """What people changed on a workload."""
    target = being.target
    if "replicas" in being.numbers and target.kind != "DaemonSet":
        for at_ms, before, after in changes(being.numbers["replicas"].steps):
            yield ClusterEvent(at_ms, target, EventKind.SCALE, f"{before:g} to {after:g} replicas")
    for last, turn in zip(being.turns, being.turns[1:], strict=False):
        if turn.group != last.group:
            yield ClusterEvent(turn.at_ms, target, EventKind.ROLLOUT, f"ReplicaSet {turn.group}")
        if turn.images and last.images and turn.images != last.images:
            detail = f"{', '.join(last.images)} to {', '.join(turn.images)}"
            yield ClusterEvent(turn.at_ms, target, EventKind.IMAGE, detail)
    for revision in being.revisions:
        if revision.first_ms > first_ms:
            name = revision.labels.get("revision", "")
            yield ClusterEvent(revision.first_ms, target, EventKind.ROLLOUT, f"revision {name}")


def of_life(target: Target, times: Iterable[tuple[int, bool]], first_ms: int) -> Iterator[ClusterEvent]:
    """Appearing and vanishing of an object, by (when, whether it is there)."""
    for at_ms, there in times:
        if at_ms > first_ms:
            yield ClusterEvent(at_ms, target, EventKind.DEPLOYED if there else EventKind.DELETED)


def of_pods(history: History, pods: Mapping[Name, Past]) -> Iterator[ClusterEvent]:
    """Restarts, OOM kills and evictions, told of the workload where the owner is known."""
    terminated: dict[tuple[str, str, str], list[Track]] = {}
    for track in history.rows("terminated"):
        terminated.setdefault(_container(track), []).append(track)
    for track in history.rows("restarts"):
        space, pod, container = key = _container(track)
        target = _place(pods, space, pod)
        if target is None:
            continue
        for at_ms, before, after in changes(track.steps):
            if after < before:
                continue
            detail = f"pod {pod}, container {container}, {after:g} restarts"
            reasons = [one.labels.get("reason", "") for one in terminated.get(key, ()) if one.there(at_ms)]
            if OOM in reasons:
                yield ClusterEvent(at_ms, target, EventKind.OOM_KILLED, detail)
            yield ClusterEvent(at_ms, target, EventKind.RESTART, detail)
    for track in history.rows("pod_evicted"):
        space, pod = track.labels.get("namespace", ""), track.labels.get("pod", "")
        target = _place(pods, space, pod)
        if target is not None and history.first_ms is not None and track.first_ms > history.first_ms:
            yield ClusterEvent(track.first_ms, target, EventKind.EVICTED, f"pod {pod}")


def _container(track: Track) -> tuple[str, str, str]:
    labels = track.labels
    return labels.get("namespace", ""), labels.get("pod", ""), labels.get("container", "")


def _place(pods: Mapping[Name, Past], space: str, pod: str) -> Target | None:
    """The workload of a pod, or the pod itself where nobody knows its owner."""
    if not space or not pod:
        return None
    past = pods.get((space, pod))
    return Target("Pod", space, pod) if past is None or past.owner is None else past.owner


def of_nodes(history: History) -> Iterator[ClusterEvent]:
    """Nodes that became ready or not, and were cordoned or not."""
    for name, words in (("node_ready", ("not ready", "ready")), ("node_unschedulable", ("open", "cordoned"))):
        for track in history.rows(name):
            node = track.labels.get("node", "")
            if not node:
                continue
            for at_ms, _, after in changes(track.steps):
                yield ClusterEvent(at_ms, Target("Node", "", node), EventKind.NODE, words[after == 1])


def conditions(history: History, pods: Mapping[Name, Past]) -> Iterator[FactLine]:
    """States that held: waiting containers by workload, trouble of nodes; set when the first pod is in it,
    taken back when the last is out of it."""
    grouped: dict[tuple[Target, str], list[Track]] = {}
    for track in history.rows("waiting"):
        target = _place(pods, track.labels.get("namespace", ""), track.labels.get("pod", ""))
        if target is not None and track.labels.get("reason"):
            grouped.setdefault((target, track.labels["reason"]), []).append(track)
    for track in history.rows("node_trouble"):
        if track.labels.get("node") and track.labels.get("condition"):
            node = Target("Node", "", track.labels["node"])
            grouped.setdefault((node, track.labels["condition"]), []).append(track)
    for (target, name), tracks in grouped.items():
        yield from _held(target, name, tracks)


def _held(target: Target, name: str, tracks: list[Track]) -> Iterator[FactLine]:
    since_ms: int | None = None
    for at_ms in sorted({at for track in tracks for at, _ in track.steps}):
        inside = [track.labels.get("pod", "") for track in tracks if track.there(at_ms)]
        if inside and since_ms is None:
            since_ms = at_ms
            detail = f"pod {inside[0]}" if inside[0] else ""
            yield FactLine(at_ms, Condition(target, name, since_ms, detail))
        elif not inside and since_ms is not None:
            yield FactLine(at_ms, Condition(target, name, since_ms), gone=True)
            since_ms = None

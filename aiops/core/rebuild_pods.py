"""Pods: who owned them, where they ran, what they ran, from the history of kube-state-metrics.

A pod belongs to its workload by the chain Pod -> ReplicaSet -> Deployment; a chain that is broken (the
ReplicaSet's owner was not exported) leaves the owner unknown. A ReplicaSet without an owner is none of ours.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aiops.core.rebuild_history import History, Steps, Track
from aiops.model import Container, Target

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})
Name = tuple[str, str]  # namespace and name


@dataclass(slots=True)
class Past:
    """One pod over time. ``group`` is its direct owner: the ReplicaSet of a Deployment's pod."""

    target: Target
    owner: Target | None = None
    group: str = ""
    exists: list[Track] = field(default_factory=list)
    nodes: list[Track] = field(default_factory=list)
    phases: list[Track] = field(default_factory=list)
    ready: Track | None = None
    images: dict[str, list[Track]] = field(default_factory=dict)  # by container
    sizes: dict[tuple[str, str, str], Track] = field(
        default_factory=dict
    )  # container, resource, limit/request

    @property
    def first_ms(self) -> int:
        """When it appeared."""
        return min(track.first_ms for track in self.exists)

    def there(self, at_ms: int) -> bool:
        """Whether it existed at ``at_ms``."""
        return any(track.there(at_ms) for track in self.exists)

    def node(self, at_ms: int) -> str | None:
        """Where it ran; None is unknown."""
        return next((one.labels.get("node") for one in self.nodes if one.there(at_ms)), None)

    def phase(self, at_ms: int) -> str | None:
        """Pending, Running ...; None is unknown."""
        return next((one.labels["phase"] for one in self.phases if one.there(at_ms)), None)

    def is_ready(self, at_ms: int) -> bool | None:
        """Whether it was ready; None is unknown."""
        value = math.nan if self.ready is None else self.ready.at(at_ms)
        return None if math.isnan(value) else value == 1

    def containers(self, at_ms: int) -> tuple[Container, ...]:
        """Its containers with image and sizes; empty is unknown."""
        return tuple(
            Container(
                name,
                next((one.labels.get("image", "") for one in tracks if one.there(at_ms)), ""),
                *(
                    self._size(name, resource, kind, scale, at_ms)
                    for resource, scale in (("memory", 1), ("cpu", 1000))
                    for kind in ("limit", "request")
                ),
            )
            for name, tracks in sorted(self.images.items())
            if any(one.there(at_ms) for one in tracks)
        )

    def _size(self, name: str, resource: str, kind: str, scale: int, at_ms: int) -> int | None:
        track = self.sizes.get((name, resource, kind))
        value = math.nan if track is None else track.at(at_ms)
        return None if math.isnan(value) else round(value * scale)

    def steps(self) -> Iterator[Steps]:
        """Everything of it that changes over time."""
        for track in (*self.exists, *self.nodes, *self.phases, *self.sizes.values()):
            yield track.steps
        for tracks in self.images.values():
            yield from (track.steps for track in tracks)
        if self.ready is not None:
            yield self.ready.steps


def pods(history: History) -> dict[Name, Past]:
    """All pods that ever were."""
    found: dict[Name, Past] = {}

    def pod(track: Track) -> Past | None:
        name = track.labels.get("namespace", ""), track.labels.get("pod", "")
        if not all(name):
            return None
        return found.setdefault(name, Past(Target("Pod", *name)))

    for source, kept in (("pod_info", "nodes"), ("pod_owner", "exists"), ("pod_phase", "phases")):
        for track in history.rows(source):
            if (one := pod(track)) is not None:
                getattr(one, kept).append(track)
                if kept == "nodes":
                    one.exists.append(track)
    for track in history.rows("pod_ready"):
        if (one := pod(track)) is not None:
            one.ready = track
    for track in history.rows("container"):
        if (one := pod(track)) is not None:
            one.images.setdefault(track.labels.get("container", ""), []).append(track)
    for kind in ("limit", "request"):
        for track in history.rows(kind):
            if (one := pod(track)) is not None:
                key = track.labels.get("container", ""), track.labels.get("resource", ""), kind
                one.sizes[key] = track
    for one in found.values():  # a pod that only a state names was there while the state said so
        one.exists = one.exists or [*one.phases, *([one.ready] if one.ready else [])]
    _own(history, found)
    return {name: one for name, one in sorted(found.items()) if one.exists}


def _own(history: History, found: Mapping[Name, Past]) -> None:
    above = replicaset_owners(history)
    for track in history.rows("pod_owner"):
        one = found.get((track.labels.get("namespace", ""), track.labels.get("pod", "")))
        kind, name = track.labels.get("owner_kind", ""), track.labels.get("owner_name", "")
        if one is None or not name or name == "<none>":
            continue
        one.group = name
        if kind in WORKLOADS:
            one.owner = Target(kind, one.target.namespace, name)
        elif kind == "ReplicaSet":
            one.owner = above.get((one.target.namespace, name))


def replicaset_owners(history: History) -> dict[Name, Target]:
    """The Deployment of each ReplicaSet."""
    return {
        (space, track.labels.get("replicaset", "")): Target("Deployment", space, track.labels["owner_name"])
        for track in history.rows("replicaset_owner")
        if track.labels.get("owner_kind") == "Deployment"
        and track.labels.get("owner_name")
        and (space := track.labels.get("namespace", ""))
    }

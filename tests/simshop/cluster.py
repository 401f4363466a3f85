"""Cluster: what the API server knew of a life, as the lines of a recording: objects as they came to be, the
service graph, events and states. Nothing of the truth is in it: a rollout that breaks things and one that
does not look alike.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aiops.model import (
    Claim,
    ClusterEvent,
    Condition,
    Container,
    EventKind,
    Node,
    Pod,
    Revision,
    Target,
    Workload,
)
from aiops.model.recording import Fact, FactLine, NamespaceLabels
from tests.simshop.forces import DAY_S, Rollout, Why
from tests.simshop.life import Life
from tests.simshop.shop import NODES, Service

OPTED_IN = {"shop": True, "orders": True, "data": False}  # data stores are for people
GIB, MIB = 2**30, 2**20
VOLUME_GIB = 200
KEPT = 5  # revisions, as the cluster keeps them
CONDITIONS = {
    "image_pull_failing": "ImagePullBackOff",
    "rollout_stuck": "RolloutStuck",
    "node_not_ready": "NodeNotReady",
}


def lines(life: Life) -> list[FactLine]:
    """All facts of ``life``, oldest first: the state at the start, then what changed."""
    start_ms = life.clock.start_ms
    told = [FactLine(start_ms, fact) for fact in _still(life)]
    told += _nodes(life)
    for row in range(len(life.shop.services)):
        told += _Service(life, row).lines()
    told += _pods(life)
    told += [FactLine(event.at_ms, event) for event in _events(life)]
    told += _conditions(life)
    newest_ms = int(life.clock.times[-1])
    return sorted((line for line in told if line.at_ms <= newest_ms), key=lambda line: line.at_ms)


def uid(*parts: object) -> str:
    """A name that no other object has, and the same in every run."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _still(life: Life) -> Iterator[Fact]:
    """What never changes: namespaces, claims, who calls whom."""
    for name, opted_in in OPTED_IN.items():
        labels = {"kubernetes.io/metadata.name": name}
        yield NamespaceLabels(name, labels | ({"aiops.dev/opt-in": "true"} if opted_in else {}))
    for row in life.shop.volumes:
        target = life.shop.claim(int(row))
        owner = life.shop.target(int(row))
        yield Claim(target, VOLUME_GIB * GIB, True, owner, uid("claim", target), "1")
    yield from life.shop.edges()


def _nodes(life: Life) -> Iterator[FactLine]:
    """Nodes, and what became of them: cordoned, not ready and back."""
    nodes = {}
    for name, zone in NODES:
        target = Target("Node", "", name)
        labels = {"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name}
        nodes[target] = Node(target, uid("node", name), zone, True, False, "1", labels)
        yield FactLine(life.clock.start_ms, nodes[target])
    states: dict[str, dict[str, Any]] = {
        "cordoned": {"unschedulable": True},
        "uncordoned": {"unschedulable": False},
        "not ready": {"ready": False},
        "ready": {"ready": True},
    }
    for number, event in enumerate(sorted(life.forces.events, key=lambda one: one.at_ms)):
        if event.target in nodes and event.detail in states:
            version = str(number + 2)
            node = replace(nodes[event.target], resource_version=version, **states[event.detail])
            nodes[event.target] = node
            yield FactLine(event.at_ms, node)


@dataclass(frozen=True)
class _Service:
    """One workload through its life."""

    life: Life
    row: int

    @property
    def service(self) -> Service:
        return self.life.shop.services[self.row]

    @property
    def target(self) -> Target:
        return self.life.shop.target(self.row)

    def image(self, build: int) -> str:
        return f"{self.service.namespace}/{self.service.name}:1.{build}.0"

    def rollouts(self) -> list[Rollout]:
        mine = (rollout for rollout in self.life.forces.rollouts if rollout.row == self.row)
        return sorted(mine, key=lambda rollout: rollout.since_ms)

    def revisions(self) -> list[Revision]:
        """All of them: three from before the start, then one for each rollout."""
        first = 4 + sum(map(ord, self.service.name)) % 9  # services are not of one age
        start_ms = self.life.clock.start_ms
        made = [
            self._revision(first + back, start_ms - (9 - 3 * back) * int(DAY_S) * 1000, first + back)
            for back in range(3)
        ]
        build = first + 2
        for rollout in self.rollouts():
            number = made[-1].number + 1
            match rollout.why:
                case Why.NEW:
                    build += 1
                    made.append(self._revision(number, rollout.since_ms, build))
                case Why.BACK:
                    before = made[-2]
                    made.append(replace(before, number=number, since_ms=rollout.since_ms))
                case Why.CONFIG | Why.RESTART:
                    mark = {str(rollout.why): str(rollout.since_ms)}
                    made.append(self._revision(number, rollout.since_ms, build, mark))
        return made

    def _revision(
        self, number: int, since_ms: int, build: int, mark: dict[str, str] | None = None
    ) -> Revision:
        image = self.image(build)
        metadata = {"labels": {"app.kubernetes.io/name": self.service.name}, "annotations": mark or {}}
        template = {
            "metadata": metadata,
            "spec": {"containers": [{"name": self.service.name, "image": image}]},
        }
        return Revision(number, (image,), since_ms, template)

    def lines(self) -> Iterator[FactLine]:
        """The workload at the start, and anew whenever pods, revision or place changed."""
        life, service = self.life, self.service
        pods = np.flatnonzero(life.shop.owner == self.row)
        times, rollouts, revisions = life.clock.times, self.rollouts(), self.revisions()
        ready, where = life.up[:, pods].sum(axis=1), life.forces.node[:, pods]
        moved = (np.diff(where, axis=0) != 0).any(axis=1)
        changed = {int(at) for at in times[1:][(np.diff(ready) != 0) | moved]}
        changed |= {at for rollout in rollouts for at in (rollout.since_ms, rollout.until_ms)}
        for version, at_ms in enumerate(sorted(changed | {int(times[0])})):
            index = min(max(int(np.searchsorted(times, at_ms, side="right")) - 1, 0), len(times) - 1)
            nodes = [NODES[number] for number in where[index]]
            known = [one for one in revisions if (one.since_ms or 0) <= at_ms]
            yield FactLine(
                at_ms,
                Workload(
                    target=self.target,
                    uid=uid("workload", self.target),
                    resource_version=str(1000 + version),
                    replicas=service.replicas,
                    ready=int(ready[index]),
                    rolling=any(one.since_ms <= at_ms < one.until_ms for one in rollouts),
                    paused=False,
                    images=known[-1].images,
                    revisions=tuple(known[-KEPT:]),
                    labels={"app.kubernetes.io/name": service.name},
                    managed_by="",
                    hpa_max=0,
                    pdb_disruptions_allowed=self._allowed(int(ready[index])),
                    max_unavailable=service.replicas // 4 if service.kind == "Deployment" else 1,
                    containers=(self._container(known[-1].images[0]),),
                    node_names=tuple(sorted({name for name, _ in nodes})),
                    zones=tuple(sorted({zone for _, zone in nodes})),
                ),
            )

    def _allowed(self, ready: int) -> int:
        """Data stores have a disruption budget of one pod; the others have none."""
        if self.service.kind == "Deployment":
            return self.service.replicas
        return max(0, ready - (self.service.replicas - 1))

    def _container(self, image: str) -> Container:
        service = self.service
        return Container(
            name=service.name,
            image=image,
            memory_limit=int(service.memory_limit * MIB),
            memory_request=int(service.memory_limit * MIB) // 2,
            cpu_limit=int(service.cpu_limit * 1000),
            cpu_request=int(service.cpu_limit * 1000) // 4,
        )


def _pods(life: Life) -> Iterator[FactLine]:
    """Every pod, its successors, and when it is ready."""
    times, shop, forces = life.clock.times, life.shop, life.forces
    new = forces.replaced | forces.surged
    for pod in range(len(shop.owner)):
        service = shop.services[shop.owner[pod]]
        owner, ordinal = shop.target(int(shop.owner[pod])), pod - int(shop.first_pod[shop.owner[pod]])
        before: Pod | None = None
        flips = 1 + np.flatnonzero(np.diff(life.up[:, pod].astype(int)))
        for index in sorted({0, *np.flatnonzero(new[:, pod]).tolist(), *flips.tolist()}):
            life_of = int(new[: index + 1, pod].sum())
            mark = uid("pod", pod, life_of)
            name = (
                f"{service.name}-{ordinal}"
                if service.kind == "StatefulSet"
                else f"{service.name}-{mark[9:13]}{mark[:5]}"
            )
            target, at_ms = Target("Pod", service.namespace, name), int(times[index])
            if before is not None and before.target != target:
                yield FactLine(at_ms, before, gone=True)
            ready = bool(life.up[index, pod])
            node = NODES[forces.node[index, pod]][0]
            before = Pod(target, owner, mark, node, "Running", ready)
            yield FactLine(at_ms, before)


def _events(life: Life) -> Iterator[ClusterEvent]:
    """Rollouts with what they changed, restarts and kills of containers, nodes."""
    yield from life.forces.events
    for row in range(len(life.shop.services)):
        service = _Service(life, row)
        revisions = service.revisions()
        made = revisions[-len(service.rollouts()) :] if service.rollouts() else []
        before = revisions[: len(revisions) - len(made)][-1]
        for rollout, revision in zip(service.rollouts(), made, strict=True):
            at_ms, target = rollout.since_ms, service.target
            yield ClusterEvent(at_ms, target, EventKind.ROLLOUT, f"to revision {revision.number}")
            if revision.images != before.images:
                detail = f"{before.images[0]} -> {revision.images[0]}"
                yield ClusterEvent(at_ms, target, EventKind.IMAGE, detail)
            if rollout.why is Why.CONFIG:
                yield ClusterEvent(at_ms, target, EventKind.CONFIG, f"configuration of {target.name}")
            before = revision
    for name, kind in (("killed", EventKind.OOM_KILLED), ("restarted", EventKind.RESTART)):
        for index, pod in np.argwhere(getattr(life, name)).tolist():
            target = life.shop.target(int(life.shop.owner[pod]))
            yield ClusterEvent(int(life.clock.times[index]), target, kind, f"container {target.name}")


def _conditions(life: Life) -> Iterator[FactLine]:
    """States of Kubernetes from when they began until they ended."""
    for spell in life.forces.spells:
        condition = Condition(spell.target, CONDITIONS[spell.signal], spell.since_ms)
        yield FactLine(spell.since_ms, condition)
        yield FactLine(spell.until_ms, condition, gone=True)
    times, shop = life.clock.times, life.shop
    looping = np.logical_or.reduceat(life.looping, shop.first_pod, axis=1)
    for row in np.flatnonzero(looping.any(axis=0)).tolist():
        edges = np.flatnonzero(np.diff(np.r_[False, looping[:, row], False].astype(int)))
        for first, after in edges.reshape(-1, 2).tolist():
            condition = Condition(shop.target(row), "CrashLoopBackOff", int(times[first]))
            yield FactLine(int(times[first]), condition)
            if after < len(times):
                yield FactLine(int(times[after]), condition, gone=True)

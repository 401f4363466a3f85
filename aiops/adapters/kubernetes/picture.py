"""Picture: all that was seen of the cluster, and the facts that it makes.

Each object is read once, when it arrives; a workload is joined anew only when something that it is joined
with has changed. Not safe between threads: the cache holds a lock.

Cost:    ``put`` O(1) but for what it makes stale; ``facts`` O(stale workloads + objects in a bad state), and
         a copy of each table that changed (a few ms at 10,000 pods).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiops.adapters.kubernetes import noticed
from aiops.adapters.kubernetes.budgets import Budgets
from aiops.adapters.kubernetes.freezes import freezes
from aiops.adapters.kubernetes.happenings import Happenings
from aiops.adapters.kubernetes.joined import Around, Conditions, joined, joined_by, places
from aiops.adapters.kubernetes.kinds import BY_NAME, unknown_facts
from aiops.adapters.kubernetes.links import Links
from aiops.adapters.kubernetes.objects import SeenBudget, SeenGroup, SeenNode, SeenScaler
from aiops.adapters.kubernetes.pods import Held, SeenPod
from aiops.adapters.kubernetes.tables import scaled, tables
from aiops.adapters.kubernetes.workloads import WORKLOADS, SeenWorkload
from aiops.model import Autoscaler, ClusterEvent, EventKind, Facts, Target, Workload


class Picture:
    """What was seen, by kind and target."""

    def __init__(self, cluster: str = "") -> None:
        self._seen: dict[str, dict[Target, Any]] = {kind: {} for kind in BY_NAME}
        self._links, self._budgets, self._happenings = Links(), Budgets(), Happenings()
        self._conditions = Conditions()
        self._workloads: dict[Target, Workload] = {}
        self._takers: dict[tuple[str, str], set[Target]] = defaultdict(set)  # workloads by what they take
        self._scalers: dict[Target, Autoscaler] = {}  # by what they scale
        self._synced: frozenset[Target] = frozenset()  # what applications of Argo CD made
        self._held: dict[Target, tuple[Held, ...]] = {}  # objects in a bad state
        self._told: dict[Target, set[int]] = {}  # revisions whose rollout was told
        self._stale: set[Target] = set()  # workloads to be joined anew
        self._changed: set[str] = set(BY_NAME)  # kinds of which anything changed since the last facts
        self._known: frozenset[str] = frozenset()
        self._facts = Facts(0, cluster)

    def count(self, kind: str) -> int:
        """How many objects there are."""
        return len(self._seen[kind])

    def replace(self, kind: str, listed: Mapping[Target, Any], now_ms: int) -> None:
        """A whole list; what it does not have is gone."""
        for target in [one for one in self._seen[kind] if one not in listed]:
            self.remove(kind, target, now_ms)
        for target, seen in listed.items():
            self.put(kind, target, seen, now_ms)

    def forget(self, kind: str) -> None:
        """Nothing of ``kind`` is known any more; nothing happened to its objects."""
        for target in list(self._seen[kind]):
            self._take(kind, target)

    def put(self, kind: str, target: Target, seen: Any, now_ms: int) -> None:
        """An object as it is now; None for one that tells nothing."""
        before = self._seen[kind].get(target)
        if seen is None or seen == before:
            return
        match seen:
            case SeenPod():
                seen = self._pod(seen, before, now_ms)
            case SeenGroup():
                seen = self._group(seen, before, now_ms)
            case SeenWorkload():
                self._workload(seen, before, now_ms)
            case SeenNode():
                self._happenings.add(noticed.of_node(seen, before, now_ms), now_ms)
                if before is None or before.node.zone != seen.node.zone:
                    self._stale.update(self._workloads)
            case SeenBudget():
                self._stale |= self._budgets.put(seen)
            case _:
                self._other(kind, target, before, now_ms)
        self._seen[kind][target] = seen
        self._changed.add(kind)
        if held := getattr(seen, "held", ()):
            self._held[target] = held
        else:
            self._held.pop(target, None)

    def remove(self, kind: str, target: Target, now_ms: int) -> None:
        """An object that is no longer there."""
        if self._take(kind, target) and kind in ("Node", *WORKLOADS):
            self._happenings.add(iter([ClusterEvent(now_ms, target, EventKind.DELETED)]), now_ms)

    def _take(self, kind: str, target: Target) -> bool:
        """Take an object and its links out; whether it was there."""
        before = self._seen[kind].pop(target, None)
        if before is None:
            return False
        self._changed.add(kind)
        self._held.pop(target, None)
        match before:
            case SeenPod(pod):
                self._links.drop_pod(pod, gone=True)
                self._touch(pod.owner)
            case SeenGroup():
                self._links.drop_group(before)
                self._touch(before.owner)
            case SeenBudget():
                self._stale |= self._budgets.drop(target)
            case SeenScaler(scaler):
                self._touch(scaler.scales)
            case SeenWorkload():
                self._forget(before)
        return True

    def facts(self, at_ms: int, known: frozenset[str], age_ms: int = 0) -> Facts:
        """The cluster as last seen, ``age_ms`` before ``at_ms``. ``known`` are the kinds that could be read;
        what needs another one is unknown."""
        if known != self._known:
            self._known = known
            self._stale.update(*(self._seen[kind] for kind in WORKLOADS))
        self._join(at_ms)
        made = tables(self._seen, self._changed)
        if "workloads" in self._changed:
            made["workloads"] = dict(self._workloads)
            made["budgets"] = dict(self._budgets.single())
        events = self._happenings.events(self._seen["Event"], "Event" in self._changed, self._owner, at_ms)
        self._changed.clear()
        self._facts = replace(
            self._facts,
            at_ms=at_ms - age_ms,
            conditions=self._conditions.of(places(self._held, self._seen), at_ms),
            events=events,
            freezes=tuple(freezes(self._seen, self._workloads, at_ms)),
            unknown=unknown_facts(known),
            **made,
        )
        return self._facts

    def _touch(self, workload: Target | None) -> None:
        if workload is not None:
            self._stale.add(workload)

    def _pod(self, seen: SeenPod, before: SeenPod | None, now_ms: int) -> SeenPod:
        pod = replace(seen.pod, owner=self._links.owner(seen.pod.controller))
        if before is not None:
            self._links.drop_pod(before.pod, gone=False)
        self._links.add_pod(pod)
        if before is None or joined_by(before.pod) != joined_by(pod):
            self._touch(pod.owner)
            self._touch(None if before is None else before.pod.owner)
        seen = replace(seen, pod=pod)
        self._happenings.add(noticed.of_pod(seen, before, pod.owner or pod.target, now_ms), now_ms)
        return seen

    def _group(self, seen: SeenGroup, before: SeenGroup | None, now_ms: int) -> SeenGroup:
        if before is not None and before.number is not None and seen.number is not None:
            taken_up = before.number != seen.number  # an older revision that is current again, from now on
            seen = replace(seen, since_ms=now_ms if taken_up else before.since_ms)
        self._links.add_group(seen)
        self._touch(seen.owner)
        if before is None or before.owner != seen.owner:
            self._touch(None if before is None else before.owner)
            for target in self._links.pods_under(seen.target):
                pod: SeenPod = self._seen["Pod"][target]
                self._seen["Pod"][target] = self._pod(pod, pod, now_ms)
            self._changed.add("Pod")
        return seen

    def _workload(self, seen: SeenWorkload, before: SeenWorkload | None, now_ms: int) -> None:
        target = seen.workload.target
        if before is not None and before.workload.uid != seen.workload.uid:
            self._forget(before)
        self._happenings.add(noticed.of_workload(seen, before, now_ms), now_ms)
        self._budgets.put_workload(target, seen.pod_labels)
        self._stale.add(target)
        self._leave(target, (before.references if before is not None else frozenset()) - seen.references)
        for name in seen.references:
            self._takers[target.namespace, name].add(target)

    def _forget(self, before: SeenWorkload) -> None:
        target = before.workload.target
        self._budgets.drop_workload(target)
        self._workloads.pop(target, None)
        self._changed.add("workloads")
        self._told.pop(target, None)
        self._leave(target, before.references)

    def _leave(self, target: Target, references: frozenset[str]) -> None:
        """A workload no longer takes these."""
        for name in references:
            takers = self._takers[target.namespace, name]
            takers.discard(target)
            if not takers:
                del self._takers[target.namespace, name]

    def _other(self, kind: str, target: Target, before: Any, now_ms: int) -> None:
        if kind == "HorizontalPodAutoscaler" and before is not None:
            self._touch(before.scaler.scales)
        if kind == "ConfigMap" and before is not None:
            takers = sorted(self._takers.get((target.namespace, f"ConfigMap {target.name}"), ()))
            events = (
                ClusterEvent(now_ms, one, EventKind.CONFIG, f"ConfigMap {target.name} changed")
                for one in takers
            )
            self._happenings.add(events, now_ms)

    def _join(self, at_ms: int) -> None:
        """Join anew the workloads that anything changed of."""
        if "HorizontalPodAutoscaler" in self._changed:
            before, self._scalers = self._scalers, scaled(self._seen["HorizontalPodAutoscaler"])
            self._stale.update(
                one for one in {*before, *self._scalers} if before.get(one) != self._scalers.get(one)
            )
        if "Application" in self._changed:
            synced = frozenset(one for app in self._seen["Application"].values() for one in app.workloads)
            self._stale |= synced ^ self._synced
            self._synced = synced
        if not self._stale:
            return
        nodes = {target: seen.node for target, seen in self._seen["Node"].items()}
        for target in self._stale:
            seen = self._seen[target.kind].get(target) if target.kind in WORKLOADS else None
            if seen is None:
                continue
            budgets, unsure = self._budgets.of(target)
            around = Around(
                [self._seen["Pod"][one].pod for one in self._links.pods_of(target)],
                self._links.groups_of(target),
                budgets,
                unsure,
                self._scalers.get(target),
                nodes,
                target in self._synced,
                self._known,
            )
            workload = self._workloads[target] = joined(seen, around)
            told = self._told.setdefault(target, set())
            self._happenings.add(noticed.of_revisions(target, workload.revisions, told), at_ms)
        self._changed.add("workloads")
        self._stale.clear()

    def _owner(self, part: Target) -> Target | None:
        """The workload of a pod, gone ones too, or of a ReplicaSet."""
        if part.kind == "ReplicaSet":
            return self._links.owner(part)
        seen: SeenPod | None = self._seen["Pod"].get(part)
        return self._links.gone(part) if seen is None else seen.pod.owner

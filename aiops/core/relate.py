"""Relate: may the trouble of two targets be one problem, and why? Time alone never makes it one.

Ties, strongest first: the same workload; one calls the other (a path of calls within ``hops``, in one
direction: trouble travels along calls, not between two callees that merely share a caller); a node in
trouble and what runs on it; nodes of one zone; changed together in one namespace; the same symptom at the
same time among callers of one another's neighbours, or in a namespace whose calls nobody knows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiops.model import Anomaly, ClusterEvent, EventKind, Facts, Node, Target

SECOND_MS = 1_000
TOGETHER_MS = 120_000  # changes, or onsets of one symptom, so close are one event


@dataclass(frozen=True, slots=True)
class Tie:
    """Why a place belongs to another; a higher ``strength`` wins."""

    place: Target
    strength: int
    why: str


class Ground:
    """The facts of one tick, indexed for questions of kinship. What is not asked for is not built."""

    def __init__(self, facts: Facts, hops: int) -> None:
        self.facts, self.hops = facts, hops

    def place(self, target: Target) -> Target:
        """Where ``target``'s trouble is counted: its workload, or itself."""
        return self.facts.owner(target)

    @cached_property
    def callees(self) -> Mapping[Target, tuple[Target, ...]]:
        """Whom each place calls."""
        return self._edges(down=True)

    @cached_property
    def callers(self) -> Mapping[Target, tuple[Target, ...]]:
        """Who calls each place."""
        return self._edges(down=False)

    def _edges(self, *, down: bool) -> Mapping[Target, tuple[Target, ...]]:
        found: dict[Target, dict[Target, None]] = defaultdict(dict)
        for edge in self.facts.edges:
            caller, callee = self.place(edge.caller), self.place(edge.callee)
            if caller != callee:
                found[caller if down else callee][callee if down else caller] = None
        return {place: tuple(others) for place, others in found.items()}

    def graphed(self, place: Target) -> bool:
        """Whether any call of ``place`` is known."""
        return place in self.callees or place in self.callers

    def along_calls(self, place: Target) -> dict[Target, int]:
        """Places within ``hops`` calls of ``place``, all the way down or all the way up, and how far."""
        return self._reach(place, self.callers) | self._reach(place, self.callees)

    def around(self, place: Target) -> dict[Target, int]:
        """Places within ``hops`` calls of ``place``, whichever way each call goes."""
        return self._reach(place, self.callers, self.callees)

    def _reach(self, place: Target, *ways: Mapping[Target, tuple[Target, ...]]) -> dict[Target, int]:
        reached, edge = {place: 0}, [place]
        for distance in range(1, self.hops + 1):
            edge = [
                other
                for here in edge
                for way in ways
                for other in way.get(here, ())
                if reached.setdefault(other, distance) == distance
            ]
        del reached[place]
        return reached

    @cached_property
    def _on_node(self) -> Mapping[str, tuple[Target, ...]]:
        found: dict[str, dict[Target, None]] = defaultdict(dict)
        for pod in self.facts.pods.values():
            if pod.node:
                found[pod.node][self.place(pod.target)] = None
        for workload in self.facts.workloads.values():
            for name in workload.node_names:
                found[name][workload.target] = None
        return {name: tuple(places) for name, places in found.items()}

    @cached_property
    def _nodes_of(self) -> Mapping[Target, tuple[str, ...]]:
        found: dict[Target, list[str]] = defaultdict(list)
        for name, places in self._on_node.items():
            for place in places:
                found[place].append(name)
        return {place: tuple(sorted(names)) for place, names in found.items()}

    def nodes(self, target: Target) -> tuple[Target, ...]:
        """The nodes that ``target`` runs on, as far as known."""
        pod = self.facts.pods.get(target)
        names = (pod.node,) if pod is not None and pod.node else self._nodes_of.get(self.place(target), ())
        return tuple(Target("Node", "", name, target.cluster) for name in names)

    def on_node(self, node: Target) -> tuple[Target, ...]:
        """The places with a pod on ``node``."""
        return self._on_node.get(node.name, ())

    def zone(self, node: Target) -> str:
        """The zone of ``node``; "" if unknown."""
        known: Node | None = self.facts.nodes.get(node)
        return (known.zone or "") if known is not None else ""

    @cached_property
    def _changes(self) -> Mapping[Target, tuple[ClusterEvent, ...]]:
        found: dict[Target, list[ClusterEvent]] = defaultdict(list)
        for event in self.facts.events:
            if event.is_change:
                found[self.place(event.target)].append(event)
        return {place: tuple(events) for place, events in found.items()}

    def changes(self, place: Target, from_ms: int, until_ms: int) -> tuple[ClusterEvent, ...]:
        """What somebody changed at ``place`` in that stretch (both ends included), oldest first."""
        events = self._changes.get(place, ())
        return tuple(event for event in events if from_ms <= event.at_ms <= until_ms)

    def changed_together(self, place: Target, from_ms: int, until_ms: int) -> Iterator[Target]:
        """Places of the same namespace that were changed with ``place`` in that stretch."""
        times = [event.at_ms for event in self.changes(place, from_ms, until_ms)]
        if not times:
            return
        for other in self._changes:
            if other != place and other.namespace == place.namespace:
                theirs = self.changes(other, from_ms, until_ms)
                if any(abs(event.at_ms - at_ms) <= TOGETHER_MS for event in theirs for at_ms in times):
                    yield other

    def deleted(self, place: Target, since_ms: int) -> ClusterEvent | None:
        """The event that says ``place`` is gone for good, if it is. What was made anew in the very second is
        there: the API server tells births in whole seconds, and we notice ends in between."""
        gone = None
        for event in reversed(self.facts.events):
            if event.at_ms < (since_ms if gone is None else gone.at_ms - SECOND_MS + 1):
                break
            if event.target == place and event.kind is EventKind.DEPLOYED:
                return None
            if event.target == place and event.kind is EventKind.DELETED and gone is None:
                gone = event
        return gone

    def ties(self, anomaly: Anomaly, change_within_ms: int) -> Iterator[Tie]:
        """Places that ``anomaly`` may share a problem with for a cause that can be named, its own first."""
        place = self.place(anomaly.target)
        yield Tie(place, 5, f"the same {place.kind}")
        for other, distance in self.along_calls(place).items():
            yield Tie(
                other,
                4 if distance == 1 else 3,
                f"{distance} call{'s'[: distance > 1]} away in the service graph",
            )
        if place.kind == "Node":
            for other in self.on_node(place):
                yield Tie(other, 4, f"runs on {place}")
            yield from self._zone_mates(place)
        else:
            for node in self.nodes(anomaly.target):
                yield Tie(node, 4, f"{place} runs on it")
        start_ms = anomaly.since_ms - change_within_ms
        for other in self.changed_together(place, start_ms, anomaly.since_ms):
            yield Tie(other, 2, f"changed together in namespace {place.namespace}")

    def _zone_mates(self, node: Target) -> Iterator[Tie]:
        zone = self.zone(node)
        if zone:
            for other in self.facts.nodes.values():
                if other.zone == zone and other.target != node:
                    yield Tie(other.target, 3, f"a node of the same zone, {zone}")

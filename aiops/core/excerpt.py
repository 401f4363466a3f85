"""Excerpt: of the facts, the incident and the situation, only what a decision about one step is made on.

Input:   everything that ``decide_twice`` was given.
Output:  the same values, smaller: what the step touches and what stands near it as it is, but for what no
         guard reads (pod templates, images, annotations of others); of all other workloads and nodes only how
         many are in which state, by stand-ins without names, for that is all that guards read of them.
Errors:  none.
Cost:    O(facts), without copying what is dropped.
Limits:  which facts guards read is known here and nowhere checked: whoever keeps an excerpt decides on it
         again, and keeps all the facts where it comes out otherwise (see ``aiops.engine.witness``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TypeVar

from aiops.core.guards.away import is_behind, leaving
from aiops.core.guards.blast import CORDONED_BY
from aiops.core.guards.context import Context
from aiops.core.guards.fields import flat, meet
from aiops.core.guards.trust import CORROBORATING
from aiops.core.situation import Situation
from aiops.model import (
    Alert,
    ClusterEvent,
    Condition,
    Edge,
    Facts,
    Freeze,
    Incident,
    Manager,
    Node,
    Pod,
    Service,
    Target,
    Workload,
)

OURS = "aiops.dev/"  # of annotations: all that guards read, but for names that the policy gives
STAND_IN = "(another)"  # name of what is only counted: no object of Kubernetes can be called so

V = TypeVar("V")


@dataclass(frozen=True)
class Excerpt:
    """What of ``context`` is kept."""

    context: Context

    @cached_property
    def near(self) -> frozenset[Target]:
        """What the step touches, what the plan is about, and all that any of its steps would write."""
        context, facts = self.context, self.context.facts
        written = [change.target for step in context.plan.steps for change in step.changes]
        found = {*context.touched, context.subject, context.plan.target, *written}
        return frozenset(found | {facts.owner(one) for one in found})

    @cached_property
    def watched(self) -> frozenset[Target]:
        """Of whom events and conditions are evidence."""
        return frozenset({self.context.subject, self.context.step.change.target})

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The fields that the step writes."""
        return tuple({path: None for change in self.context.writes for path in flat(change.patch)})

    def facts(self) -> Facts:
        """The facts that are left."""
        facts, context = self.context.facts, self.context
        services = tuple(self._services())
        conditions, events = self._conditions(), self._events()
        pods = {one: facts.pods[one] for one in self._pods(conditions, events, services)}
        places = {one.namespace for one in self.near}
        nodes = self.near | {Target("Node", "", one.node, at.cluster) for at, one in pods.items() if one.node}
        return Facts(
            at_ms=facts.at_ms,
            cluster=facts.cluster,
            workloads=self._workloads(facts.workloads),
            pods={target: _slim_pod(pod) for target, pod in pods.items()},
            nodes=self._nodes(facts.nodes, nodes),
            conditions=conditions,
            edges=tuple(one for one in facts.edges if self._joins(one)),
            events=events,
            alerts=self._alerts(facts.alerts),
            namespace_labels={key: one for key, one in facts.namespace_labels.items() if key in places},
            namespace_annotations={
                key: self._notes(one) for key, one in facts.namespace_annotations.items() if key in places
            },
            claims={
                target: replace(one, managers=self._managers(one.managers))
                for target, one in facts.claims.items()
                if target in self.near
            },
            autoscalers={
                target: replace(one, managers=self._managers(one.managers))
                for target, one in facts.autoscalers.items()
                if target in self.near or one.scales == context.subject
            },
            services={one.target: one for one in services},
            freezes=tuple(self._freeze(one, places) for one in facts.freezes),
            silences=facts.silences,
            budgets={key: owner for key, owner in facts.budgets.items() if key in self.near},
            unknown=facts.unknown,
        )

    def incident(self) -> Incident | None:
        """The incident without what only people read."""
        one = self.context.incident
        if one is None:
            return None
        suspects = tuple(replace(first, evidence=()) for first in one.suspects[:1])
        return replace(one, suspects=suspects, alerts=one.alerts if self.context.facts.silences else ())

    def situation(self) -> Situation:
        """The situation, with what it says of other targets left out."""
        whole, names = self.context.situation, {str(one) for one in self.near}
        return replace(
            whole,
            known=_only(whole.known, self.near),
            protected=whole.protected & self.near,
            claims=_only(whole.claims, names),
        )

    def _workloads(self, those: Mapping[Target, Workload]) -> dict[Target, Workload]:
        kept = {target: self._slim_workload(one) for target, one in those.items() if target in self.near}
        states = Counter(
            (one.ready, one.replicas) for target, one in those.items() if target not in self.near
        )
        alike = [
            (Workload(Target("Workload", "", STAND_IN), ready=r, replicas=w), n)
            for (r, w), n in states.items()
        ]
        return {**kept, **stand_ins(alike)}

    def _nodes(self, those: Mapping[Target, Node], wanted: frozenset[Target]) -> dict[Target, Node]:
        kept = {target: self._slim_node(one) for target, one in those.items() if target in wanted}
        states = Counter(_state(one) for target, one in those.items() if target not in wanted)
        name, alike = Target("Node", "", STAND_IN), list[tuple[Node, int]]()
        for (zone, ready, closed, ours), count in states.items():
            marks = {CORDONED_BY: ""} if ours else {}
            alike.append((Node(name, None, zone, ready, closed, annotations=marks), count))
        return {**kept, **stand_ins(alike)}

    def _services(self) -> Iterable[Service]:
        """Those that find a pod which goes, or of which nobody knows."""
        facts, gone = self.context.facts, leaving(self.context)
        if not gone:
            return
        for one in facts.services.values():
            pods = [facts.pods.get(pod) for pod in gone if pod.namespace == one.target.namespace]
            if one.selector and any(pod and is_behind(pod, one.selector) is not False for pod in pods):
                yield one

    def _pods(
        self,
        conditions: Iterable[Condition],
        events: Iterable[ClusterEvent],
        services: Iterable[Service],
    ) -> Iterable[Target]:
        """Pods that are touched, that are evidence, and of each Service one that stays."""
        facts, gone = self.context.facts, frozenset(leaving(self.context))
        incident = self.context.incident
        ill = [one.target for one in incident.anomalies] if incident is not None else []
        told = [*(one.target for one in conditions), *(one.target for one in events)]
        told += [one.target for one in self._alerts(facts.alerts) if one.target is not None]
        found = dict.fromkeys(one for one in (*self.near, *ill, *told) if one in facts.pods)
        if facts.silences:  # they may speak of any pod of what is touched
            found |= dict.fromkeys(one.target for one in facts.pods.values() if one.owner in self.near)
        for service in services:
            space = service.target.namespace
            stays = (
                one.target
                for one in facts.pods.values()
                if one.ready
                and one.target.namespace == space
                and one.target not in gone
                and is_behind(one, service.selector)
            )
            found |= dict.fromkeys(tuple(stays)[:1])
        return found

    def _alerts(self, those: Iterable[Alert]) -> tuple[Alert, ...]:
        """Of what is touched, where silences may speak of them."""
        if not self.context.facts.silences:
            return ()
        owner = self.context.facts.owner
        return tuple(one for one in those if one.target is not None and owner(one.target) in self.near)

    def _conditions(self) -> tuple[Condition, ...]:
        """One of each name: that is what counts as evidence."""
        facts, found = self.context.facts, dict[tuple[str, bool], Condition]()
        for one in facts.conditions:
            if facts.owner(one.target) in self.watched:
                found.setdefault((one.name, one.target in self.watched), one)
        return tuple(found.values())

    def _events(self) -> tuple[ClusterEvent, ...]:
        """The newest of each kind that is evidence, oldest first."""
        facts, found = self.context.facts, dict[str, ClusterEvent]()
        for one in reversed(facts.events):
            new = one.kind in CORROBORATING and one.kind not in found
            if new and facts.owner(one.target) in self.watched:
                found[one.kind] = one
            if len(found) == len(CORROBORATING):
                break
        return tuple(reversed(found.values()))

    def _joins(self, edge: Edge) -> bool:
        return edge.caller in self.near or edge.callee in self.near

    def _freeze(self, one: Freeze, places: set[str]) -> Freeze:
        """What holds elsewhere is only counted."""
        if one.namespace not in places:
            return Freeze("", one.namespace)
        return replace(one, workloads=one.workloads & self.near or frozenset(sorted(one.workloads)[:1]))

    def _slim_workload(self, one: Workload) -> Workload:
        return replace(
            one,
            revisions=(),
            images=(),
            containers=(),
            manifest=None,
            annotations=self._notes(one.annotations),
            managers=self._managers(one.managers),
        )

    def _slim_node(self, one: Node) -> Node:
        marks = None if one.annotations is None else self._notes(one.annotations)
        return replace(one, annotations=marks, managers=self._managers(one.managers))

    def _notes(self, annotations: Mapping[str, str]) -> dict[str, str]:
        """Annotations that guards read: ours, and those that the policy names. Others may hold anything."""
        policy = self.context.policy
        named = {policy.stop_annotation, policy.protected_label, policy.opt_in_label}
        return {key: text for key, text in annotations.items() if key in named or key.startswith(OURS)}

    def _managers(self, those: tuple[Manager, ...] | None) -> tuple[Manager, ...] | None:
        """Who wrote the fields that the step writes."""
        if those is None:
            return None
        kept = (
            replace(one, fields=tuple(f for f in one.fields if any(meet(f, path) for path in self.paths)))
            for one in those
        )
        return tuple(one for one in kept if one.fields)


W = TypeVar("W", Workload, Node)


def stand_ins(alike: Iterable[tuple[W, int]]) -> dict[Target, W]:
    """So many of each, under keys of their own."""
    each = [one for one, count in alike for _ in range(count)]
    return {_key(one.target.kind, at): one for at, one in enumerate(each)}


@lru_cache(maxsize=50_000)
def _key(kind: str, at: int) -> Target:
    return Target(kind, "", f"{STAND_IN} {at}")


def bare(facts: Facts) -> Facts:
    """All facts, but for what no guard reads and what may hold secrets: pod templates, and manifests (S8)."""
    return replace(
        facts,
        workloads={target: _bare_workload(one) for target, one in facts.workloads.items()},
    )


def _bare_workload(one: Workload) -> Workload:
    marks = {
        key: text for key, text in one.annotations.items() if not key.startswith("kubectl.kubernetes.io/")
    }
    return replace(one, revisions=(), manifest=None, annotations=marks)


def _slim_pod(one: Pod) -> Pod:
    return replace(one, containers=())


def _state(one: Node) -> tuple[str | None, bool | None, bool | None, bool]:
    return one.zone, one.ready, one.unschedulable, CORDONED_BY in (one.annotations or {})


K = TypeVar("K")


def _only(those: Mapping[K, V], wanted: Iterable[K]) -> dict[K, V]:
    kept = frozenset(wanted)
    return {key: value for key, value in those.items() if key in kept}

"""Joined: a workload with its pods, revisions, budgets and autoscaler, from what was kept of each."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiops.adapters.kubernetes.objects import BLOCKS, SeenBudget, SeenGroup
from aiops.adapters.kubernetes.pods import Held
from aiops.adapters.kubernetes.workloads import SeenWorkload
from aiops.model import Autoscaler, Condition, Node, Pod, Revision, Target, Workload

FINISHED = frozenset({"Failed", "Succeeded"})  # phases of pods that are only left behind
FLICKER_MS = 300_000  # a state that comes back within so long has held since it first came


@dataclass(frozen=True, slots=True)
class Around:
    """What one workload is joined with. ``known`` are the kinds that could be listed."""

    pods: Collection[Pod]
    groups: Collection[SeenGroup]
    budgets: Sequence[SeenBudget]  # that choose its pods, or of which nobody can say
    unsure: bool  # whether there is one of which nobody can say
    scaler: Autoscaler | None
    nodes: Mapping[Target, Node]
    synced: bool  # whether an application of Argo CD made it
    known: frozenset[str]


def joined(seen: SeenWorkload, around: Around) -> Workload:
    """The workload as it stands."""
    known, scaler = around.known, around.scaler
    names = sorted({pod.node for pod in around.pods if pod.node and pod.phase not in FINISHED})
    found = (around.nodes.get(Target("Node", "", name)) for name in names)
    budgets_known = "PodDisruptionBudget" in known and not around.unsure
    return replace(
        seen.workload,
        revisions=seen.workload.revisions or revisions(around.groups),
        managed_by=seen.workload.managed_by or ("argocd" if around.synced else ""),
        hpa_min=None if scaler is None else scaler.minimum,
        hpa_max=_maximum(scaler, known),
        hpa_name="" if scaler is None else scaler.target.name,
        pdb_disruptions_allowed=_allowed(around) if budgets_known else None,
        node_names=tuple(names),
        zones=tuple(sorted({node.zone for node in found if node is not None and node.zone})),
        budgets=len(around.budgets) if budgets_known else None,
    )


def joined_by(pod: Pod) -> tuple[object, ...]:
    """What of a pod its workload is joined with; a pod is otherwise nothing to it."""
    return pod.owner, pod.node, pod.phase in FINISHED


def _maximum(scaler: Autoscaler | None, known: frozenset[str]) -> int | None:
    if scaler is not None:
        return scaler.maximum
    return 0 if "HorizontalPodAutoscaler" in known else None


def _allowed(around: Around) -> int | None:
    """What the disruption budgets over its pods allow; without any, the number of pods (B4)."""
    allowed = [one.allowed for one in around.budgets]
    if not allowed:
        running = sum(pod.phase not in FINISHED for pod in around.pods)
        return running if "Pod" in around.known else None
    told = [one for one in allowed if one is not None]
    return min(told) if len(told) == len(allowed) else None


def revisions(groups: Iterable[SeenGroup]) -> tuple[Revision, ...]:
    """The revisions that the API server keeps, oldest first; the highest number is current.

    A number that is higher than that of a younger object was given to an older one that was taken up again:
    when that was, the objects do not say.
    """
    ordered = sorted(
        (one for one in groups if one.number is not None), key=lambda one: (one.number or 0, one.target)
    )
    found: list[Revision] = []
    newest_ms = 0
    for one in ordered:
        since_ms = one.since_ms if one.since_ms is not None and one.since_ms >= newest_ms else None
        newest_ms = max(newest_ms, since_ms or 0)
        found.append(Revision(one.number or 0, one.images, since_ms, one.template))
    return tuple(found)


def places(
    held: Mapping[Target, tuple[Held, ...]], seen: Mapping[str, Mapping[Target, Any]]
) -> Iterator[tuple[Target, Held]]:
    """The states of objects, those of pods told of their workloads."""
    emptying = any(one.node.unschedulable for one in seen["Node"].values())
    for target, states in held.items():
        pod = seen["Pod"].get(target) if target.kind == "Pod" else None
        place = target if pod is None or pod.pod.owner is None else pod.pod.owner
        yield from ((place, one) for one in states if emptying or one.name != BLOCKS)


class Conditions:
    """States of objects as conditions of their workloads, with a memory of when each began."""

    def __init__(self) -> None:
        self._began: dict[tuple[Target, str], tuple[int, int]] = {}  # since, seen last

    def of(self, held: Iterable[tuple[Target, Held]], at_ms: int) -> tuple[Condition, ...]:
        """One condition a place and name: since the first of its objects is in it; its detail is that one's.

        A crash loop runs between its waits, and a pull fails under two names in turn: what comes back within
        ``FLICKER_MS`` began when it first came.
        """
        found: dict[tuple[Target, str], Held] = {}
        for place, one in held:
            if one.from_ms <= at_ms and (one.until_ms is None or at_ms < one.until_ms):
                before = found.get((place, one.name))
                if before is None or (one.since_ms, one.detail) < (before.since_ms, before.detail):
                    found[place, one.name] = one
        self._began = {key: one for key, one in self._began.items() if at_ms - one[1] <= FLICKER_MS}
        answer = []
        for (place, name), one in sorted(found.items(), key=lambda pair: pair[0]):
            since_ms = min(one.since_ms, *(self._began.get((place, name), (one.since_ms,))[:1]))
            self._began[place, name] = (since_ms, at_ms)
            answer.append(Condition(place, name, since_ms, one.detail))
        return tuple(answer)

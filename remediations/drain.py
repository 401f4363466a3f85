"""Drain: cordon a node and evict its pods one after the other, so that they run elsewhere.

For a node that must be emptied: it does not come back, or it goes bad. Each eviction asks its disruption
budget, and one that is refused is asked again until the deadline. It cannot help where there is no room.

Input:   a Node and the pods on it, as read just now.
Output:  a Step: the cordon with our mark, then one eviction a pod, chosen now and bound to its uid; or
         NotApplicable with the reason. Pods of a DaemonSet, static pods and pods that have ended stay. It
         declines where a pod would lose local data (``local_storage`` allows it), where nobody would
         replace one (``unowned`` allows it), where evictions cannot succeed, and where somebody else
         cordoned the node.
Errors:  none; a pod that is gone meanwhile needs no eviction, one of the same name has another uid.
Impact:  HIGH, always: many workloads lose a pod.
Undo:    uncordon, and take the mark away; pods do not come back by themselves. None where it was cordoned
         before (see ``uncordon``), or may have been.
Source:  Kubernetes documentation, "Safely drain a node".
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, Node, NotApplicable, Pod, Step, Target
from aiops.model.kubectl import kubectl
from aiops.model.pods import ENDED, REPLACING, clashing, replacer
from aiops.plugin import Right

CORDONED_BY = "aiops.dev/cordoned-by"
FIELDS = ("spec.unschedulable", f"metadata.annotations.{CORDONED_BY}")
KINDS = REPLACING | {"Job"}  # a Job runs the pod once more, within its own limit of tries


@dataclass(frozen=True, slots=True)
class Drain:
    """Proposes to empty a node of at most ``max_pods`` pods within ``deadline_s``."""

    deadline_s: int = 900
    max_pods: int = 60
    local_storage: bool = False  # also pods that lose what is in their emptyDir
    unowned: bool = False  # also pods that nobody replaces

    rights: ClassVar[tuple[Right, ...]] = (
        Right("", "nodes", "patch", FIELDS),
        Right("", "pods/eviction", "create"),
    )

    def __post_init__(self) -> None:
        if self.deadline_s < 1:
            raise ValueError(f"deadline_s: expected 1 or more, got {self.deadline_s}")
        if self.max_pods < 1:
            raise ValueError(f"max_pods: expected 1 or more, got {self.max_pods}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan to empty ``target``."""
        node = facts.nodes.get(target)
        if target.kind != "Node" or node is None:
            return NotApplicable(f"{target} is not a known Node")
        if "pods" in facts.unknown:
            return NotApplicable(f"the pods on {target} are not known")
        if node.unschedulable and (node.annotations or {}).get(CORDONED_BY) != "aiops":
            return NotApplicable(f"{target} was cordoned by somebody else, who may be at it")
        pods = [one for one in facts.pods.values() if one.node == target.name and _moves(one)]
        if why := next(filter(None, (self._why_not(pod, facts) for pod in pods)), ""):
            return NotApplicable(f"{target}: {why}")
        if not pods or len(pods) > self.max_pods:
            found = f"has {len(pods)} pods to move, at most {self.max_pods} are moved" if pods else "is empty"
            return NotApplicable(f"{target} {found}")
        return self._step(node, _in_turn(pods))

    def _why_not(self, pod: Pod, facts: Facts) -> str:
        if pod.local_storage and not self.local_storage:
            return f"{pod.target} would lose what it keeps on the node"
        owner = replacer(pod, KINDS)
        if isinstance(owner, NotApplicable):
            return "" if self.unowned else owner.reason
        workload = facts.workloads.get(owner)
        if clash := clashing(workload):
            return clash
        full = workload is not None and workload.ready is not None and workload.ready == workload.replicas
        if full and workload is not None and workload.pdb_disruptions_allowed == 0:
            return f"the disruption budget of {owner} allows none though all its pods are ready"
        return ""

    def _step(self, node: Node, pods: list[Pod]) -> Step:
        mark = {"metadata": {"annotations": {CORDONED_BY: "aiops"}}, "spec": {"unschedulable": True}}
        unmark = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": False}}
        name, opened = node.target, node.unschedulable is False
        flags = ["--ignore-daemonsets", f"--timeout={self.deadline_s}s"]
        flags += ["--delete-emptydir-data"] if self.local_storage else []
        flags += ["--force"] if self.unowned else []
        return Step(
            summary=f"drain {name}: cordon it and evict its {len(pods)} pods, one after the other",
            change=Change(name, node.resource_version, mark, node.uid),
            undo=Change(name, node.resource_version, unmark, node.uid) if opened else None,
            impact=Impact.HIGH,
            contains=True,
            blast_radius=BlastRadius(
                pods=len(pods),
                share=1.0,
                workloads=len({pod.owner or pod.controller or pod.target for pod in pods}),
                nodes=1,
                at_once=sum(pod.ready is not False for pod in pods),
            ),
            command=kubectl(name, "drain", name.name, *flags),
            destructive=True,
            because="many workloads lose a pod",
            then=tuple(Change(pod.target, None, {}, pod.uid, ChangeVerb.EVICT) for pod in pods),
            deadline_s=self.deadline_s,
        )


def _moves(pod: Pod) -> bool:
    """Whether a drain concerns ``pod`` at all."""
    owner = pod.controller or pod.owner
    daemon = owner is not None and owner.kind == "DaemonSet"
    return not (daemon or pod.mirror or pod.deleting or pod.phase in ENDED)


def _in_turn(pods: Iterable[Pod]) -> list[Pod]:
    """Pods that serve nobody first; then one of each workload in turn, so that none loses all at once."""
    seen: Counter[Target] = Counter()
    order: dict[Target, tuple[bool, int, Target]] = {}
    for pod in sorted(pods, key=lambda one: one.target):
        owner = pod.owner or pod.controller or pod.target
        order[pod.target] = (pod.ready is not False, seen[owner], pod.target)
        seen[owner] += 1
    return sorted(pods, key=lambda one: order[one.target])

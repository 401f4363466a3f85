"""Evict pod: ask the API server to end one pod, honouring its disruption budget; its owner makes a new one.

For one bad pod among good ones. It cannot help when all pods are bad: the new one will be as bad.

Input:   a Pod as read just now; or a workload, of which exactly one pod is not ready, which is then the pod
         (another target than the one asked about).
Output:  a Step bound to the pod's uid, or NotApplicable with the reason: nobody would replace it, it is a
         static pod, or two disruption budgets match it, with which every eviction fails.
Errors:  none; a new pod of the same name has another uid and is safe.
Impact:  MEDIUM; HIGH where it is the only pod.
Undo:    none, the pod is gone; its owner replaces it.
Source:  Kubernetes documentation, "API-initiated eviction".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import evicting
from aiops.model.pods import clashing, meant, others_ready, replacer
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class EvictPod:
    """Proposes the eviction of one pod that somebody will replace."""

    min_others: int = 1  # ready pods that must remain beside it, else a person decides

    rights: ClassVar[tuple[Right, ...]] = (Right("", "pods/eviction", "create"),)

    def __post_init__(self) -> None:
        if self.min_others < 0:
            raise ValueError(f"min_others: expected 0 or more, got {self.min_others}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the eviction of ``target``, or of its one pod that is not ready."""
        pod = meant(target, facts)
        if pod is None:
            return NotApplicable(f"{target} is not a known pod, nor has it exactly one that is not ready")
        owner = replacer(pod)
        if isinstance(owner, NotApplicable):
            return owner
        workload = facts.workloads.get(owner)
        if clash := clashing(workload):
            return NotApplicable(clash)
        replicas = workload.replicas if workload is not None else None
        others = others_ready(pod, workload)
        safe = others is not None and others >= self.min_others and replicas != 1
        return Step(
            summary=f"evict {pod.target} of {owner}",
            change=Change(pod.target, None, {}, pod.uid, ChangeVerb.EVICT),
            undo=None,
            impact=Impact.MEDIUM if safe else Impact.HIGH,
            blast_radius=BlastRadius(
                pods=1, share=1 / max(replicas or 1, 1), at_once=0 if pod.ready is False else 1
            ),
            command=evicting(pod.target, pod.uid),
            destructive=True,
            because="" if safe else "too few other pods are known to be ready",
        )

"""Restart pod: delete one pod, so that its owner makes a new one at once.

For one wedged pod among good ones. It cannot help when all pods are bad. A delete asks no disruption budget,
so it is not planned where the budget allows none: an eviction that was refused is never gone round.

Input:   a Pod as read just now; or a workload, of which exactly one pod is not ready, which is then the pod
         (another target than the one asked about).
Output:  a Step bound to the pod's uid, or NotApplicable with the reason.
Errors:  none; a new pod of the same name has another uid and is safe.
Impact:  MEDIUM; HIGH where too few other pods are ready, or the disruption budget is not known.
Undo:    none, the pod is gone; its owner replaces it.
Source:  Kubernetes documentation, "Pod lifecycle: termination of pods"; preconditions of a delete.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Pod, Step, Target
from aiops.model.facts import Workload
from aiops.model.kubectl import kubectl, named
from aiops.model.pods import clashing, meant, others_ready, replacer
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class RestartPod:
    """Proposes the deletion of one pod that somebody will replace."""

    min_others: int = 1  # ready pods that must remain beside it, else a person decides

    rights: ClassVar[tuple[Right, ...]] = (Right("", "pods", "delete"),)

    def __post_init__(self) -> None:
        if self.min_others < 0:
            raise ValueError(f"min_others: expected 0 or more, got {self.min_others}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the deletion of ``target``, or of its one pod that is not ready."""
        pod = meant(target, facts)
        if pod is None:
            return NotApplicable(f"{target} is not a known pod, nor has it exactly one that is not ready")
        owner = replacer(pod)
        if isinstance(owner, NotApplicable):
            return owner
        workload = facts.workloads.get(owner)
        allowed = workload.pdb_disruptions_allowed if workload is not None else None
        if clash := clashing(workload):
            return NotApplicable(clash)
        if allowed is not None and allowed < 1:
            return NotApplicable(f"the disruption budget of {owner} allows none now, and a delete asks none")
        replicas = workload.replicas if workload is not None else None
        because = self._why(pod, workload)
        return Step(
            summary=f"restart {pod.target} of {owner}",
            change=Change(pod.target, None, {}, pod.uid, ChangeVerb.DELETE),
            undo=None,
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=BlastRadius(
                pods=1, share=1 / max(replicas or 1, 1), at_once=0 if pod.ready is False else 1
            ),
            command=kubectl(pod.target, "delete", named(pod.target), "--wait=false"),
            destructive=True,
            because=because,
        )

    def _why(self, pod: Pod, workload: Workload | None) -> str:
        others = others_ready(pod, workload)
        if others is None or others < self.min_others or (workload is not None and workload.replicas == 1):
            return "too few other pods are known to be ready"
        if workload is None or workload.pdb_disruptions_allowed is None:
            return "its disruption budget is not known"
        return ""

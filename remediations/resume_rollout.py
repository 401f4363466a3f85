"""Resume rollout: let a Deployment that we paused roll out again.

For a pause of ours whose reason is over. One that a person made is left to that person.

Input:   a Deployment as read just now, with the mark of ``pause_rollout``.
Output:  a Step, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: the rollout goes on, and its pods are replaced.
Undo:    pause it again.
Source:  Kubernetes documentation, "Deployments: pausing and resuming a rollout"; field ``spec.paused``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right

PAUSED_BY = "aiops.dev/paused-by"  # written by pause_rollout
FIELDS = ("spec.paused", f"metadata.annotations.{PAUSED_BY}")


@dataclass(frozen=True, slots=True)
class ResumeRollout:
    """Proposes to resume a rollout that we paused."""

    rights: ClassVar[tuple[Right, ...]] = (Right("apps", "deployments", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the end of our pause of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind != "Deployment" or workload is None:
            return NotApplicable(f"{target} is not a known Deployment: no other kind can be paused")
        if workload.deleting:
            return NotApplicable(f"{target} is being deleted")
        if not workload.paused:
            return NotApplicable(f"{target} is not known to be paused")
        if workload.annotations.get(PAUSED_BY) != "aiops":
            return NotApplicable(f"{target} was paused by somebody else, who will know why")
        resume = {"metadata": {"annotations": {PAUSED_BY: None}}, "spec": {"paused": False}}
        pause = {"metadata": {"annotations": {PAUSED_BY: "aiops"}}, "spec": {"paused": True}}
        return Step(
            summary=f"resume the rollout of {target}, which we paused",
            change=Change(target, workload.resource_version, resume, workload.uid),
            undo=Change(target, workload.resource_version, pause, workload.uid),
            impact=Impact.MEDIUM,
            blast_radius=BlastRadius(pods=workload.replicas or 0, share=1.0, at_once=workload.rollout_takes),
            command=kubectl(target, "rollout", "resume", named(target)),
        )

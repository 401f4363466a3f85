"""Pause rollout: hold a Deployment's rollout where it is. New pods that are there stay, no more come.

For a rollout that does harm, until somebody has looked. It brings nothing back: see ``rollback``.

Input:   a Deployment that is rolling out, as read just now.
Output:  a Step, or NotApplicable with the reason. The mark says that we paused it, so that only our own pause
         is ever ended by us.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: two versions serve side by side until somebody decides.
Undo:    resume, and take the mark away.
Source:  Kubernetes documentation, "Deployments: pausing and resuming a rollout"; field ``spec.paused``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right

PAUSED_BY = "aiops.dev/paused-by"
FIELDS = ("spec.paused", f"metadata.annotations.{PAUSED_BY}")


@dataclass(frozen=True, slots=True)
class PauseRollout:
    """Proposes to pause a rollout that is under way."""

    rights: ClassVar[tuple[Right, ...]] = (Right("apps", "deployments", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the pause of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind != "Deployment" or workload is None:
            return NotApplicable(f"{target} is not a known Deployment: no other kind can be paused")
        if workload.deleting:
            return NotApplicable(f"{target} is being deleted")
        if workload.paused is not False:
            state = "paused already" if workload.paused else "paused or not, nobody knows"
            return NotApplicable(f"{target} is {state}")
        if not workload.rolling:
            return NotApplicable(f"{target} is not known to roll out: there is nothing to pause")
        pause = {"metadata": {"annotations": {PAUSED_BY: "aiops"}}, "spec": {"paused": True}}
        resume = {"metadata": {"annotations": {PAUSED_BY: None}}, "spec": {"paused": False}}
        return Step(
            summary=f"pause the rollout of {target}",
            change=Change(target, workload.resource_version, pause, workload.uid),
            undo=Change(target, workload.resource_version, resume, workload.uid),
            impact=Impact.MEDIUM,
            contains=True,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=kubectl(target, "rollout", "pause", named(target)),
        )

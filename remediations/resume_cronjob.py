"""Resume CronJob: let a CronJob that we suspended run again.

For a suspension of ours whose reason is over. One that a person made is left to that person.

Input:   a CronJob as read just now, with the mark of ``suspend_cronjob``.
Output:  a Step, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: runs begin again, and one that was missed may begin at once.
Undo:    suspend it again, with the mark.
Source:  Kubernetes documentation, "CronJob: schedule suspension", field ``spec.suspend``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import patching
from aiops.plugin import Right

SUSPENDED_BY = "aiops.dev/suspended-by"  # written by suspend_cronjob
FIELDS = ("spec.suspend", f"metadata.annotations.{SUSPENDED_BY}")


@dataclass(frozen=True, slots=True)
class ResumeCronjob:
    """Proposes to resume a CronJob that we suspended."""

    rights: ClassVar[tuple[Right, ...]] = (Right("batch", "cronjobs", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the end of our suspension of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind != "CronJob" or workload is None:
            return NotApplicable(f"{target} is not a known CronJob")
        if workload.deleting or not workload.suspended:
            return NotApplicable(f"{target} is not known to be suspended, or is being deleted")
        if workload.annotations.get(SUSPENDED_BY) != "aiops":
            return NotApplicable(f"{target} was suspended by somebody else, who will know why")
        version, uid = workload.resource_version, workload.uid
        resume = {"metadata": {"annotations": {SUSPENDED_BY: None}}, "spec": {"suspend": False}}
        suspend = {"metadata": {"annotations": {SUSPENDED_BY: "aiops"}}, "spec": {"suspend": True}}
        return Step(
            summary=f"resume {target}, which we suspended",
            change=Change(target, version, resume, uid),
            undo=Change(target, version, suspend, uid),
            impact=Impact.MEDIUM,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=patching(target, {"spec": {"suspend": False}}),
        )

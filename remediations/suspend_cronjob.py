"""Suspend CronJob: start no new runs until somebody looks. A run that has begun goes on.

For runs that pile up or do harm each time. It cannot help the run that is under way.

Input:   a CronJob as read just now; or a Job that one made, which is then the CronJob (another target than
         the one asked about).
Output:  a Step, or NotApplicable with the reason. The mark says that we suspended it, so that only our own
         suspension is ever ended by us.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: what the runs were for is not done meanwhile; HIGH where nobody knows whether it is suspended
         already.
Undo:    resume, and take the mark away; runs that were missed are not made up for. None where it may have
         been suspended before.
Source:  Kubernetes documentation, "CronJob: schedule suspension", field ``spec.suspend``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import patching
from aiops.plugin import Right

SUSPENDED_BY = "aiops.dev/suspended-by"
FIELDS = ("spec.suspend", f"metadata.annotations.{SUSPENDED_BY}")


@dataclass(frozen=True, slots=True)
class SuspendCronjob:
    """Proposes to suspend a CronJob that runs."""

    rights: ClassVar[tuple[Right, ...]] = (Right("batch", "cronjobs", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the suspension of ``target``."""
        asked = facts.workloads.get(target)
        workload = facts.workloads.get(asked.owner) if asked is not None and asked.owner else asked
        if workload is None or workload.target.kind != "CronJob":
            return NotApplicable(f"{target} is not a known CronJob, nor did one make it")
        target = workload.target
        if workload.deleting or workload.suspended:
            return NotApplicable(
                f"{target} is {'being deleted' if workload.deleting else 'suspended already'}"
            )
        version, uid, known = workload.resource_version, workload.uid, workload.suspended is not None
        suspend = {"metadata": {"annotations": {SUSPENDED_BY: "aiops"}}, "spec": {"suspend": True}}
        resume = {"metadata": {"annotations": {SUSPENDED_BY: None}}, "spec": {"suspend": False}}
        return Step(
            summary=f"suspend {target}",
            change=Change(target, version, suspend, uid),
            undo=Change(target, version, resume, uid) if known else None,
            impact=Impact.MEDIUM if known else Impact.HIGH,
            contains=True,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=patching(target, {"spec": {"suspend": True}}),
            because="" if known else "whether it is suspended already is not known",
        )

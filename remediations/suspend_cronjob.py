"""Suspend CronJob: start no new runs until somebody looks. A run that has begun goes on.

For runs that pile up or do harm each time. It cannot help the run that is under way.

Input:   a CronJob as read just now.
Output:  a Step, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: what the runs were for is not done meanwhile.
Undo:    resume; runs that were missed are not made up for.
Source:  Kubernetes documentation, "CronJob: schedule suspension", field ``spec.suspend``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class SuspendCronjob:
    """Proposes to suspend a CronJob that runs."""

    rights: ClassVar[tuple[Right, ...]] = (Right("batch", "cronjobs", "patch", ("spec.suspend",)),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the suspension of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind != "CronJob":
            return NotApplicable(f"{target} is not a CronJob")
        if workload is None:
            return NotApplicable(f"{target} is not known to the cluster facts")
        if workload.paused:
            return NotApplicable(f"{target} is suspended already")
        version, uid = workload.resource_version, workload.uid
        patch = '{"spec":{"suspend":true}}'
        return Step(
            summary=f"suspend {target}",
            change=Change(target, version, {"spec": {"suspend": True}}, uid),
            undo=Change(target, version, {"spec": {"suspend": False}}, uid),
            impact=Impact.MEDIUM,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=f"kubectl -n {target.namespace} patch cronjob/{target.name} -p '{patch}'",
        )

"""Re-run Job: create a new Job from the pod template of one that failed, which is kept for evidence.

For a run that failed for a reason outside it. It cannot help a Job that fails each time, and must not be used
where a second run does harm: its owner enables it.

Input:   a Job as read just now, with its pod template.
Output:  a Step that creates an object of another name than the Job asked about, or NotApplicable with the
         reason. The name follows from Job and time of planning, so that a repeat finds it there.
Errors:  none; where the name exists the API server answers that it does.
Impact:  MEDIUM: whether a second run is safe only its owner knows.
Undo:    delete the Job that was created.
Source:  Kubernetes documentation, "Jobs".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Step, Target
from aiops.plugin import Right

LONGEST_NAME = 63
OF_THE_OLD_JOB = frozenset(  # labels that the Job controller writes, and refuses to be given
    {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}
)


@dataclass(frozen=True, slots=True)
class RerunJob:
    """Proposes one more run of a Job, with no retries of its own."""

    backoff_limit: int = 0

    rights: ClassVar[tuple[Right, ...]] = (
        Right("batch", "jobs", "create", ("metadata.name", "spec.backoffLimit", "spec.template")),
        Right("batch", "jobs", "delete"),
    )

    def __post_init__(self) -> None:
        if self.backoff_limit < 0:
            raise ValueError(f"backoff_limit: expected 0 or more, got {self.backoff_limit}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:
        """Plan a new run of ``target``."""
        workload = facts.workloads.get(target)
        if target.kind != "Job":
            return NotApplicable(f"{target} is not a Job")
        template = workload.revisions[-1].template if workload is not None and workload.revisions else None
        if template is None:
            return NotApplicable(f"the pod template of {target} is not known")
        suffix = f"-rerun-{int(now.timestamp()):x}"
        name = target.name[: LONGEST_NAME - len(suffix)].rstrip("-.") + suffix
        created = Target("Job", target.namespace, name, target.cluster)
        body = {
            "metadata": {"name": name},
            "spec": {"backoffLimit": self.backoff_limit, "template": _anew(template)},
        }
        return Step(
            summary=f"run {target} once more as {name}",
            change=Change(created, None, body, None, ChangeVerb.CREATE),
            undo=Change(created, None, {}, None, ChangeVerb.DELETE),
            impact=Impact.MEDIUM,
            blast_radius=BlastRadius(pods=1, share=1.0, at_once=0),
            command=f"kubectl -n {target.namespace} get job/{target.name} -o yaml  # edit, create as {name}",
        )


def _anew(template: Mapping[str, Any]) -> dict[str, Any]:
    """``template`` without what names the Job it was taken from."""
    metadata = template.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("labels"), Mapping):
        return dict(template)
    labels = {key: value for key, value in metadata["labels"].items() if key not in OF_THE_OLD_JOB}
    return {**template, "metadata": {**metadata, "labels": labels}}

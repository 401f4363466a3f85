"""Re-run Job: create a new Job from one that failed, which is kept for evidence.

For a run that failed for a reason outside it. It cannot help a Job that fails each time, and must not be used
where a second run does harm: its owner enables it.

Input:   a Job as read just now, with what it was made of.
Output:  a Step that creates an object of another name than the Job asked about, or NotApplicable with the
         reason: it is itself a second run, or was run again already. The name follows from Job and time of
         planning, so that a repeat finds it there.
Errors:  none; where the name exists the API server answers that it does.
Impact:  MEDIUM: whether a second run is safe only its owner knows; HIGH where it is not known to have failed.
Undo:    delete the Job that was created.
Source:  Kubernetes documentation, "Jobs".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Step, Target, Workload
from aiops.model.kubectl import creating
from aiops.plugin import Right

LONGEST_NAME = 63
RERUN_OF = "aiops.dev/rerun-of"
FAILED = frozenset({"JobFailed", "Failed"})
OF_THE_OLD_JOB = frozenset(  # labels that the Job controller writes, and refuses to be given
    {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}
)
NOT_TAKEN = frozenset({"selector", "manualSelector", "suspend", "backoffLimit"})  # of the old Job's spec


@dataclass(frozen=True, slots=True)
class RerunJob:
    """Proposes one more run of a Job, with no retries of its own."""

    backoff_limit: int = 0

    rights: ClassVar[tuple[Right, ...]] = (
        Right("batch", "jobs", "create", ("metadata.name", f"metadata.annotations.{RERUN_OF}", "spec")),
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
        spec = _spec(workload) if workload is not None else None
        if workload is None or spec is None:
            return NotApplicable(f"the pod template of {target} is not known")
        if workload.suspended or RERUN_OF in workload.annotations:
            state = "suspended" if workload.suspended else "itself a second run"
            return NotApplicable(f"{target} is {state}")
        again = [one for one in facts.workloads.values() if one.annotations.get(RERUN_OF) == target.name]
        if done := next((one.target for one in again if one.target.namespace == target.namespace), None):
            return NotApplicable(f"{target} was run again already, as {done.name}")
        suffix = f"-rerun-{int(now.timestamp()):x}"
        name = target.name[: LONGEST_NAME - len(suffix)].rstrip("-.") + suffix
        created = Target("Job", target.namespace, name, target.cluster)
        body = {
            "metadata": {"name": name, "annotations": {RERUN_OF: target.name}},
            "spec": {**spec, "backoffLimit": self.backoff_limit},
        }
        failed = any(one.target == target and one.name in FAILED for one in facts.conditions)
        return Step(
            summary=f"run {target} once more as {name}",
            change=Change(created, None, body, None, ChangeVerb.CREATE),
            undo=Change(created, None, {}, None, ChangeVerb.DELETE),
            impact=Impact.MEDIUM if failed else Impact.HIGH,
            blast_radius=BlastRadius(pods=_pods(spec), share=1.0, at_once=0),
            command=creating(created, "batch/v1", body),
            because="" if failed else "it is not known to have failed: two runs at once may do harm",
        )


def _spec(workload: Workload) -> dict[str, Any] | None:
    """What the Job was made of, without what names it; None is unknown."""
    template = workload.revisions[-1].template if workload.revisions else None
    spec = workload.manifest if workload.manifest is not None else {"template": template}
    template = spec.get("template")
    if not isinstance(template, Mapping):
        return None
    kept = {key: value for key, value in spec.items() if key not in NOT_TAKEN}
    return {**kept, "template": _anew(template)}


def _anew(template: Mapping[str, Any]) -> dict[str, Any]:
    """``template`` without what names the Job it was taken from."""
    metadata = template.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("labels"), Mapping):
        return dict(template)
    labels = {key: value for key, value in metadata["labels"].items() if key not in OF_THE_OLD_JOB}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _pods(spec: Mapping[str, Any]) -> int:
    """Pods that run at the same time."""
    parallelism = spec.get("parallelism")
    return max(1, parallelism) if isinstance(parallelism, int) else 1

"""Scale to: give a workload exactly so many pods, more or fewer.

For a number that somebody has thought about: back to what a campaign needed, down to nothing for what does
harm. It cannot help where an autoscaler owns the number: see ``hpa_bounds``.

Input:   a Deployment or StatefulSet as read just now.
Output:  a Step with the absolute number of pods, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM; HIGH for fewer pods of a StatefulSet, for none at all, where it is not known how many are
         ready, and where it costs more than today's maximum, which the impact floor judges.
Undo:    back to the number of pods at planning.
Source:  Kubernetes API, field ``spec.replicas``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target, Workload
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet")


@dataclass(frozen=True, slots=True)
class ScaleTo:
    """Proposes ``replicas`` pods."""

    replicas: int = 3

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", ("spec.replicas",)) for kind in KINDS
    )

    def __post_init__(self) -> None:
        if self.replicas < 0:
            raise ValueError(f"replicas: expected 0 or more, got {self.replicas}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan that ``target`` has so many pods."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS:
            return NotApplicable(f"{target} is not a {' or '.join(KINDS)}")
        if workload is None or workload.replicas is None:
            return NotApplicable(f"the number of pods of {target} is not known")
        if workload.deleting:
            return NotApplicable(f"{target} is being deleted")
        if workload.hpa_max:
            return NotApplicable(f"the autoscaler of {target} owns the number of pods")
        before, after = workload.replicas, self.replicas
        if before == after:
            return NotApplicable(f"{target} has {after} pods already")
        away = max(0, workload.ready - after) if workload.ready is not None else None
        because = _why(workload, after)
        return Step(
            summary=f"scale {target} from {before} to {after} pods",
            change=Change(target, workload.resource_version, {"spec": {"replicas": after}}, workload.uid),
            undo=Change(target, workload.resource_version, {"spec": {"replicas": before}}, workload.uid),
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=BlastRadius(
                pods=abs(after - before),
                share=max(0, before - after) / before if before else 0.0,
                at_once=0 if after > before else away,
            ),
            command=kubectl(target, "scale", named(target), f"--replicas={after}"),
            because=because,
        )


def _why(workload: Workload, after: int) -> str:
    """Why a person decides; empty where nobody must."""
    if after > (workload.replicas or 0):
        return ""
    if after == 0:
        return "nothing would be left of it"
    if workload.target.kind == "StatefulSet":
        return "members of a StatefulSet hold data, and may be needed to agree"
    return "" if workload.ready is not None else "how many of its pods are ready is not known"

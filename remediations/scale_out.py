"""Scale out: more pods for a workload that has no autoscaler.

For load that more pods share. It cannot help a leak, a lock or a slow dependency, which more pods make worse;
where an autoscaler owns the number of pods see ``hpa_raise_max``.

Input:   a Deployment or StatefulSet as read just now.
Output:  a Step with the absolute number of pods, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM; HIGH where it costs more than today's maximum, which the impact floor judges: the owner of a
         workload states a maximum with the annotation ``aiops.dev/max-replicas``.
Undo:    back to the number of pods at planning.
Source:  Kubernetes API, field ``spec.replicas``.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet")


@dataclass(frozen=True, slots=True)
class ScaleOut:
    """Proposes ``factor`` times the pods, at least one more, at most ``max_replicas``."""

    factor: float = 1.5
    max_replicas: int = 20

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", ("spec.replicas",)) for kind in KINDS
    )

    def __post_init__(self) -> None:
        if not 1 < self.factor <= 10:
            raise ValueError(f"factor: expected above 1 and at most 10, got {self.factor}")
        if self.max_replicas < 2:
            raise ValueError(f"max_replicas: expected 2 or more, got {self.max_replicas}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan more pods for ``target``."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS:
            return NotApplicable(f"{target} is not a {' or '.join(KINDS)}")
        if workload is None or workload.replicas is None:
            return NotApplicable(f"the number of pods of {target} is not known")
        if workload.deleting:
            return NotApplicable(f"{target} is being deleted")
        if workload.replicas < 1:
            return NotApplicable(f"{target} is scaled to 0, on purpose as far as we know")
        if workload.hpa_max:
            return NotApplicable(f"the autoscaler of {target} owns the number of pods")
        wanted = min(
            max(math.ceil(workload.replicas * self.factor), workload.replicas + 1), self.max_replicas
        )
        if wanted <= workload.replicas:
            return NotApplicable(
                f"{target} has {workload.replicas} pods, at most {self.max_replicas} are allowed"
            )
        undo = {"spec": {"replicas": workload.replicas}}
        return Step(
            summary=f"scale {target} from {workload.replicas} to {wanted} pods",
            change=Change(target, workload.resource_version, {"spec": {"replicas": wanted}}, workload.uid),
            undo=Change(target, workload.resource_version, undo, workload.uid),
            impact=Impact.MEDIUM,
            blast_radius=BlastRadius(pods=wanted - workload.replicas, share=0.0, at_once=0),
            command=kubectl(target, "scale", named(target), f"--replicas={wanted}"),
        )

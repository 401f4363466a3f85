"""Raise an autoscaler's maximum: let a HorizontalPodAutoscaler that is at its end add more pods.

For real load. It cannot help where pods are slow because of something else, and it costs money.

Input:   a workload with its autoscaler's bounds, or the autoscaler itself, as read just now.
Output:  a Step on the HorizontalPodAutoscaler (another target than the workload asked about), or
         NotApplicable with the reason. Where the facts do not name the autoscaler, the workload's name is
         shown for it, and the step cannot be sent.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  HIGH: it may cost more than today's maximum.
Undo:    back to the maximum at planning.
Source:  Kubernetes API autoscaling/v2, field ``spec.maxReplicas``.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import Autoscaler, BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import patching
from aiops.plugin import Right

KIND = "HorizontalPodAutoscaler"


@dataclass(frozen=True, slots=True)
class HpaRaiseMax:
    """Proposes ``factor`` times the maximum, at least one more, at most ``most``."""

    factor: float = 1.5
    most: int = 40

    rights: ClassVar[tuple[Right, ...]] = (
        Right("autoscaling", "horizontalpodautoscalers", "patch", ("spec.maxReplicas",)),
    )

    def __post_init__(self) -> None:
        if not 1 < self.factor <= 10:
            raise ValueError(f"factor: expected above 1 and at most 10, got {self.factor}")
        if self.most < 2:
            raise ValueError(f"most: expected 2 or more, got {self.most}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan a higher maximum for the autoscaler of ``target``."""
        scaler = _scaler(target, facts)
        if scaler is None or scaler.maximum is None:
            return NotApplicable(f"{target} has no autoscaler that is known")
        if scaler.maximum < 1:
            return NotApplicable(f"{target} has no autoscaler")
        wanted = min(max(math.ceil(scaler.maximum * self.factor), scaler.maximum + 1), self.most)
        if wanted <= scaler.maximum:
            return NotApplicable(f"the maximum is {scaler.maximum} already, at most {self.most} are allowed")
        version, uid, name = scaler.resource_version, scaler.uid, scaler.target
        patch = {"spec": {"maxReplicas": wanted}}
        return Step(
            summary=f"raise the autoscaler's maximum of {scaler.scales} from {scaler.maximum} to {wanted}",
            change=Change(name, version, patch, uid),
            undo=Change(name, version, {"spec": {"maxReplicas": scaler.maximum}}, uid),
            impact=Impact.HIGH,
            blast_radius=BlastRadius(pods=wanted - scaler.maximum, share=0.0, at_once=0),
            command=patching(name, patch),
            because="it may cost more than today's maximum",
        )


def _scaler(target: Target, facts: Facts) -> Autoscaler | None:
    """The autoscaler object where it was read, else what the workload says of its own."""
    for scaler in facts.autoscalers.values():
        if target in {scaler.target, scaler.scales}:
            return scaler
    workload = facts.workloads.get(target)
    if workload is None or workload.hpa_max is None:
        return None
    name = Target(KIND, target.namespace, workload.hpa_name or target.name, target.cluster)
    return Autoscaler(name, target, workload.hpa_min, workload.hpa_max)

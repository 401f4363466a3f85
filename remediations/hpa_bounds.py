"""Autoscaler bounds: set the least and the most pods of a HorizontalPodAutoscaler to given numbers.

For a floor that a surge finds ready, or a ceiling that was agreed on. To let an autoscaler that is at its end
grow by a share see ``hpa_raise_max``.

Input:   a workload with its autoscaler's bounds, or the autoscaler itself, as read just now.
Output:  a Step on the HorizontalPodAutoscaler (another target than the workload asked about), or
         NotApplicable with the reason. Only bounds that differ are written.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM; HIGH for a higher maximum, which may cost more than today's, and for a maximum below the pods
         that are there, which ends some.
Undo:    back to the bounds at planning.
Source:  Kubernetes API autoscaling/v2, fields ``spec.minReplicas`` and ``spec.maxReplicas``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import Autoscaler, BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import patching
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class HpaBounds:
    """Proposes a least and a most number of pods; 0 leaves a bound as it is."""

    minimum: int = 3
    maximum: int = 0

    rights: ClassVar[tuple[Right, ...]] = (
        Right("autoscaling", "horizontalpodautoscalers", "patch", ("spec.minReplicas", "spec.maxReplicas")),
    )

    def __post_init__(self) -> None:
        if self.minimum < 0:
            raise ValueError(f"minimum: expected 0 or more, got {self.minimum}")
        if self.maximum < 0:
            raise ValueError(f"maximum: expected 0 or more, got {self.maximum}")
        if 0 < self.maximum < self.minimum:
            raise ValueError(f"minimum: expected at most the maximum {self.maximum}, got {self.minimum}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the bounds of the autoscaler of ``target``."""
        scaler = next((s for s in facts.autoscalers.values() if target in {s.target, s.scales}), None)
        if scaler is None or scaler.minimum is None or scaler.maximum is None:
            return NotApplicable(f"{target} has no autoscaler whose bounds are known")
        low, high = self.minimum or scaler.minimum, self.maximum or scaler.maximum
        if low > high:
            return NotApplicable(f"a minimum of {low} is above the maximum of {high} of {scaler.target}")
        before, after = _bounds(scaler.minimum, scaler.maximum), _bounds(low, high)
        wanted = {key: value for key, value in after.items() if before[key] != value}
        if not wanted:
            return NotApplicable(f"{scaler.target} has these bounds already: {low} to {high}")
        back = {key: before[key] for key in wanted}
        patch = {"spec": wanted}
        workload = facts.workloads.get(scaler.scales)
        there = workload.replicas if workload is not None else None
        because = _why(scaler, high, there)
        return Step(
            summary=f"let the autoscaler of {scaler.scales} keep {low} to {high} pods",
            change=Change(scaler.target, scaler.resource_version, patch, scaler.uid),
            undo=Change(scaler.target, scaler.resource_version, {"spec": back}, scaler.uid),
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=_blast(low, high, there, scaler),
            command=patching(scaler.target, patch),
            because=because,
        )


def _bounds(low: int, high: int) -> dict[str, int]:
    return {"minReplicas": low, "maxReplicas": high}


def _why(scaler: Autoscaler, high: int, there: int | None) -> str:
    most = scaler.maximum or 0
    if high > most:
        return "it may cost more than today's maximum"
    if high < most and (there is None or there > high):
        return f"{'an unknown number of' if there is None else there} pods are there, more than {high} end"
    return ""


def _blast(low: int, high: int, there: int | None, scaler: Autoscaler) -> BlastRadius:
    """Pods that come or go; where nobody knows how many are there, as many as the bounds allow."""
    if there is None:
        return BlastRadius(pods=max(high, scaler.maximum or 0), share=1.0, at_once=None)
    gone = max(0, there - high)
    return BlastRadius(pods=max(gone, low - there, 0), share=gone / there if there else 0.0, at_once=gone)

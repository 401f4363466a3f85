"""Capture evidence: keep what is known of a pod or workload in the journal, and change nothing.

For trouble that a person will look at later: events, states and last words are gone by then. Every step of a
playbook can have it done first (``capture: true``); alone it heals nothing.

Input:   a Pod or workload that is known.
Output:  a Step that writes nothing, or NotApplicable with the reason.
Errors:  none; what cannot be read is said in the evidence.
Impact:  LOW: it only reads. Log lines are read only where the settings say so, and redacted.
Undo:    none needed.
Source:  Kubernetes documentation, "Debug running pods" and "Determine the reason for pod failure".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class CaptureEvidence:
    """Proposes to read and keep what tells of a target."""

    rights: ClassVar[tuple[Right, ...]] = (
        Right("", "pods", "get"),
        Right("", "pods/log", "get"),
        Right("", "events", "list"),
    )

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan to keep evidence of ``target``."""
        if target not in facts.workloads and target not in facts.pods:
            return NotApplicable(f"{target} is not known to the cluster facts")
        return Step(
            summary=f"keep evidence of {target}",
            change=Change(target, None, {}, None, ChangeVerb.CAPTURE),
            undo=None,
            impact=Impact.LOW,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=kubectl(target, "describe", named(target)),
        )

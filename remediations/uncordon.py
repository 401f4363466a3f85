"""Uncordon: let pods onto a node again that we cordoned.

For a node that is well again. One that a person cordoned is left to that person.

Input:   a Node as read just now, with the mark of ``cordon`` or ``drain``.
Output:  a Step, or NotApplicable with the reason: not ours, not cordoned, not ready, or under pressure.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  LOW: it only gives room.
Undo:    cordon it again, with the mark.
Source:  Kubernetes documentation, "Safely drain a node"; field ``spec.unschedulable``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl
from aiops.plugin import Right

CORDONED_BY = "aiops.dev/cordoned-by"  # written by cordon and drain
FIELDS = ("spec.unschedulable", f"metadata.annotations.{CORDONED_BY}")


@dataclass(frozen=True, slots=True)
class Uncordon:
    """Proposes to end our own cordon of a node that is well."""

    rights: ClassVar[tuple[Right, ...]] = (Right("", "nodes", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the end of our cordon of ``target``."""
        node = facts.nodes.get(target)
        if target.kind != "Node" or node is None:
            return NotApplicable(f"{target} is not a known Node")
        if not node.unschedulable:
            return NotApplicable(f"{target} is not known to be cordoned")
        if (node.annotations or {}).get(CORDONED_BY) != "aiops":
            return NotApplicable(f"{target} was not cordoned by us, as far as is known")
        if not node.ready:
            return NotApplicable(f"{target} is not known to be ready")
        if trouble := next((one.name for one in facts.conditions if one.target == target), ""):
            return NotApplicable(f"{target} is not well: {trouble}")
        open_again = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": False}}
        cordon = {"metadata": {"annotations": {CORDONED_BY: "aiops"}}, "spec": {"unschedulable": True}}
        return Step(
            summary=f"uncordon {target}, which we cordoned",
            change=Change(target, node.resource_version, open_again, node.uid),
            undo=Change(target, node.resource_version, cordon, node.uid),
            impact=Impact.LOW,
            blast_radius=BlastRadius(pods=0, share=0.0, workloads=0, nodes=1, at_once=0),
            command=kubectl(target, "uncordon", target.name),
        )

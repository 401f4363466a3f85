"""Untaint: take our own taint off a node, and no other.

For a node that is well again.

Input:   a Node with all its taints, as read just now.
Output:  a Step with the whole list of taints, ours left out; or NotApplicable with the reason: ours is not
         there, or the node is not ready or under pressure.
Errors:  none; a change planned on a stale version is refused by the API server, so that no taint is lost that
         somebody else adds meanwhile.
Impact:  LOW: it only gives room.
Undo:    the list of taints as it was.
Source:  Kubernetes documentation, "Taints and tolerations"; field ``spec.taints``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl
from aiops.plugin import Right

KEY, VALUE = "aiops.dev/suspect", "aiops"  # written by taint


@dataclass(frozen=True, slots=True)
class Untaint:
    """Proposes to take our taint off a node that is well."""

    rights: ClassVar[tuple[Right, ...]] = (Right("", "nodes", "patch", ("spec.taints",)),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the end of our taint on ``target``."""
        node = facts.nodes.get(target)
        if target.kind != "Node" or node is None:
            return NotApplicable(f"{target} is not a known Node")
        before = [dict(one) for one in node.taints or ()]
        after = [one for one in before if (one.get("key"), one.get("value")) != (KEY, VALUE)]
        if before == after:
            return NotApplicable(f"{target} is not known to have our taint")
        if not node.ready:
            return NotApplicable(f"{target} is not known to be ready")
        if trouble := next((one.name for one in facts.conditions if one.target == target), ""):
            return NotApplicable(f"{target} is not well: {trouble}")
        return Step(
            summary=f"take our taint {KEY} off {target}",
            change=Change(target, node.resource_version, {"spec": {"taints": after}}, node.uid),
            undo=Change(target, node.resource_version, {"spec": {"taints": before}}, node.uid),
            impact=Impact.LOW,
            blast_radius=BlastRadius(pods=0, share=0.0, workloads=0, nodes=1, at_once=0),
            command=kubectl(target, "taint", "node", target.name, f"{KEY}-"),
        )

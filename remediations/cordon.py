"""Cordon: let no new pods onto a node. What runs there stays.

For a node that goes bad, until a person has looked. It moves nothing: see ``drain`` for that.

Input:   a Node as read just now.
Output:  a Step, or NotApplicable with the reason. The mark says that we cordoned it, so that only our own
         cordon is ever undone.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM: the cluster has less room; HIGH where nobody knows whether it is cordoned already.
Undo:    uncordon, and take the mark away; none where it may have been cordoned before.
Source:  Kubernetes documentation, "Safely drain a node"; field ``spec.unschedulable``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl
from aiops.model.pods import ENDED
from aiops.plugin import Right

CORDONED_BY = "aiops.dev/cordoned-by"
FIELDS = ("spec.unschedulable", f"metadata.annotations.{CORDONED_BY}")


@dataclass(frozen=True, slots=True)
class Cordon:
    """Proposes to cordon a node that takes pods."""

    rights: ClassVar[tuple[Right, ...]] = (Right("", "nodes", "patch", FIELDS),)

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the cordon of ``target``."""
        node = facts.nodes.get(target)
        if target.kind != "Node":
            return NotApplicable(f"{target} is not a Node")
        if node is None:
            return NotApplicable(f"{target} is not known to the cluster facts")
        if node.unschedulable:
            return NotApplicable(f"{target} is cordoned already")
        pods = sum(pod.node == target.name and pod.phase not in ENDED for pod in facts.pods.values())
        known = node.unschedulable is not None
        mark = {"metadata": {"annotations": {CORDONED_BY: "aiops"}}, "spec": {"unschedulable": True}}
        unmark = {"metadata": {"annotations": {CORDONED_BY: None}}, "spec": {"unschedulable": False}}
        return Step(
            summary=f"cordon {target}; its {pods} known pods stay",
            change=Change(target, node.resource_version, mark, node.uid),
            undo=Change(target, node.resource_version, unmark, node.uid) if known else None,
            impact=Impact.MEDIUM if known else Impact.HIGH,
            contains=True,
            blast_radius=BlastRadius(pods=0, share=0.0, workloads=0, nodes=1, at_once=0),
            command=kubectl(target, "cordon", target.name),
            because="" if known else "whether somebody cordoned it already is not known",
        )

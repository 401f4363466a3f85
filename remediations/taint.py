"""Taint: keep new pods off a node, but those that tolerate it. What runs there stays.

For a node that is suspected and must still take what belongs there, such as pods of the platform. It moves
nothing: see ``drain`` for that.

Input:   a Node with all its taints, as read just now.
Output:  a Step with the whole list of taints, ours added; or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server, so that no taint is lost that
         somebody else adds meanwhile.
Impact:  MEDIUM: the cluster has less room.
Undo:    the list of taints as it was; nothing where it changed meanwhile (see ``untaint``).
Source:  Kubernetes documentation, "Taints and tolerations"; field ``spec.taints``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl
from aiops.plugin import Right

KEY, VALUE = "aiops.dev/suspect", "aiops"
EFFECTS = ("NoSchedule", "PreferNoSchedule")  # NoExecute would end pods without asking a disruption budget


@dataclass(frozen=True, slots=True)
class Taint:
    """Proposes our taint on a node that does not have it."""

    effect: str = "NoSchedule"

    rights: ClassVar[tuple[Right, ...]] = (Right("", "nodes", "patch", ("spec.taints",)),)

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS:
            raise ValueError(f"effect: expected {' or '.join(EFFECTS)}, got {self.effect!r}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan our taint on ``target``."""
        node = facts.nodes.get(target)
        if target.kind != "Node" or node is None:
            return NotApplicable(f"{target} is not a known Node")
        if node.taints is None:
            return NotApplicable(f"the taints of {target} are not known, and the whole list is written")
        if any(one.get("key") == KEY for one in node.taints):
            return NotApplicable(f"{target} has our taint already")
        before = [dict(one) for one in node.taints]
        after = [*before, {"key": KEY, "value": VALUE, "effect": self.effect}]
        return Step(
            summary=f"taint {target} with {KEY}={VALUE}:{self.effect}; its pods stay",
            change=Change(target, node.resource_version, {"spec": {"taints": after}}, node.uid),
            undo=Change(target, node.resource_version, {"spec": {"taints": before}}, node.uid),
            impact=Impact.MEDIUM,
            contains=True,
            blast_radius=BlastRadius(pods=0, share=0.0, workloads=0, nodes=1, at_once=0),
            command=kubectl(target, "taint", "node", target.name, f"{KEY}={VALUE}:{self.effect}"),
        )

"""Delete finished pods: clear away pods of a workload that were evicted, or have completed.

For what is left behind and hides what matters in every list. Nothing that runs is touched. The cause of the
evictions is the node: see its own incident.

Input:   a workload with its pods as read just now, or one such Pod.
Output:  a Step that deletes at most ``most`` pods, oldest first, chosen now and bound to their uids; or
         NotApplicable with the reason.
Errors:  none; a new pod of the same name has another uid and is safe.
Impact:  LOW: what has ended serves nobody.
Undo:    none; what they told is captured before, where the playbook says so.
Source:  Kubernetes documentation, "Node-pressure eviction" and "Pod lifecycle: garbage collection of pods".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Pod, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right


@dataclass(frozen=True, slots=True)
class DeleteFinishedPods:
    """Proposes to delete evicted pods, and completed ones where ``completed`` says so."""

    most: int = 20
    older_than_s: int = 0  # younger ones may still be looked at
    completed: bool = False  # also those that ended well; their logs go with them

    rights: ClassVar[tuple[Right, ...]] = (Right("", "pods", "delete"),)

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"most: expected 1 or more, got {self.most}")
        if self.older_than_s < 0:
            raise ValueError(f"older_than_s: expected 0 or more, got {self.older_than_s}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:
        """Plan to clear away what ended of ``target``."""
        until_ms = int(now.timestamp() * 1000) - self.older_than_s * 1000
        ended = sorted(
            (pod for pod in _own(target, facts) if self._concerns(pod, until_ms)),
            key=lambda one: (one.since_ms or 0, one.target),
        )[: self.most]
        if not ended:
            return NotApplicable(f"{target} has no evicted{' or completed' * self.completed} pods")
        first, *rest = (Change(pod.target, None, {}, pod.uid, ChangeVerb.DELETE) for pod in ended)
        count = f"{len(ended)} pod{'s' * (len(ended) > 1)}"
        return Step(
            summary=f"delete {count} of {target} that ended, from {first.target.name} on",
            change=first,
            undo=None,
            impact=Impact.LOW,
            blast_radius=BlastRadius(pods=len(ended), share=0.0, at_once=0),
            command=kubectl(target, "delete", *(named(pod.target) for pod in ended)),
            destructive=True,
            then=tuple(rest),
        )

    def _concerns(self, pod: Pod, until_ms: int) -> bool:
        if pod.deleting or pod.mirror:
            return False
        if self.older_than_s and (pod.since_ms is None or pod.since_ms > until_ms):
            return False
        evicted = pod.phase == "Failed" and pod.reason == "Evicted"
        return evicted or (self.completed and pod.phase == "Succeeded")


def _own(target: Target, facts: Facts) -> Iterator[Pod]:
    if target.kind == "Pod":
        yield from (one for one in (facts.pods.get(target),) if one is not None)
    else:
        yield from (one for one in facts.pods.values() if one.owner == target)

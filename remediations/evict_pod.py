"""Evict pod: ask the API server to end one pod, honouring its disruption budget; its owner makes a new one.

For one bad pod among good ones. It cannot help when all pods are bad: the new one will be as bad.

Input:   a Pod as read just now; or a workload, of which exactly one pod is not ready, which is then the pod
         (another target than the one asked about).
Output:  a Step bound to the pod's uid, or NotApplicable with the reason.
Errors:  none; a new pod of the same name has another uid and is safe.
Impact:  MEDIUM; HIGH where it is the only pod.
Undo:    none, the pod is gone; its owner replaces it.
Source:  Kubernetes documentation, "API-initiated eviction".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, ChangeVerb, Facts, Impact, NotApplicable, Pod, Step, Target
from aiops.plugin import Right

OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass(frozen=True, slots=True)
class EvictPod:
    """Proposes the eviction of one pod that somebody will replace."""

    min_others: int = 1  # ready pods that must remain beside it, else a person decides

    rights: ClassVar[tuple[Right, ...]] = (Right("", "pods/eviction", "create"),)

    def __post_init__(self) -> None:
        if self.min_others < 0:
            raise ValueError(f"min_others: expected 0 or more, got {self.min_others}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the eviction of ``target``, or of its one pod that is not ready."""
        pod = facts.pods.get(target) if target.kind == "Pod" else _only_bad_pod(target, facts)
        if pod is None:
            return NotApplicable(f"{target} is not a known pod, nor has it exactly one that is not ready")
        if pod.owner is None or pod.owner.kind not in OWNERS:
            return NotApplicable(f"nobody is known who would replace {pod.target}")
        workload = facts.workloads.get(pod.owner)
        replicas = workload.replicas if workload is not None else None
        ready = workload.ready if workload is not None else None
        others = None if ready is None else ready - (pod.ready is True)
        safe = others is not None and others >= self.min_others and replicas != 1
        name = pod.target
        return Step(
            summary=f"evict {name} of {pod.owner}",
            change=Change(name, None, {}, pod.uid, ChangeVerb.EVICT),
            undo=None,
            impact=Impact.MEDIUM if safe else Impact.HIGH,
            blast_radius=BlastRadius(
                pods=1, share=1 / max(replicas or 1, 1), at_once=0 if pod.ready is False else 1
            ),
            command=f"kubectl -n {name.namespace} delete pod/{name.name} --wait=false",
            destructive=True,
            because="" if safe else "too few other pods are known to be ready",
        )


def _only_bad_pod(workload: Target, facts: Facts) -> Pod | None:
    bad = [pod for pod in facts.pods.values() if pod.owner == workload and pod.ready is False]
    return bad[0] if len(bad) == 1 else None

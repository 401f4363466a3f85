"""Restart rollout: replace a workload's pods as ``kubectl rollout restart`` does.

For a process that is alive but wedged (a leak, a stuck pool). It cannot help a bad image or a bad
configuration: see ``rollback``.

Input:   a Deployment, StatefulSet or DaemonSet as read just now; the time of planning (aware, UTC), which
         becomes the mark, once: a repeat of the same step changes nothing.
Output:  a Step, or NotApplicable with the reason. Nothing here talks to the cluster.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  LOW; HIGH when too few pods are ready to carry the load meanwhile, and for a StatefulSet.
Undo:    none, the old pods are gone; doing it twice restarts twice and breaks nothing.
Source:  the pod-template annotation that kubectl itself writes, "restartedAt".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Step, Target, Workload
from aiops.model.kubectl import kubectl, named
from aiops.model.revisions import RESTARTED_AT
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
FIELD = f"spec.template.metadata.annotations.{RESTARTED_AT}"


@dataclass(frozen=True, slots=True)
class RestartRollout:
    """Proposes a rolling restart of a workload that can bear one."""

    min_ready: int = 2  # with fewer pods ready, a person decides

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", (FIELD,)) for kind in KINDS
    )

    def __post_init__(self) -> None:
        if self.min_ready < 1:
            raise ValueError(f"min_ready: expected 1 or more, got {self.min_ready}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:
        """Plan the restart of ``target``; a dry run makes this very call."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS:
            return NotApplicable(f"{target} is not a {', '.join(KINDS)}")
        if workload is None:
            return NotApplicable(f"{target} is not known to the cluster facts")
        if workload.deleting:
            return NotApplicable(f"{target} is being deleted")
        if workload.paused:
            return NotApplicable(f"{target} is paused: a restart would wait")
        if workload.rolling:
            return NotApplicable(f"{target} is already rolling out")
        if workload.replicas == 0:
            return NotApplicable(f"{target} is scaled to 0: there is nothing to restart")
        annotations = {RESTARTED_AT: now.isoformat(timespec="seconds")}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        safe = workload.ready is not None and workload.ready >= self.min_ready
        return Step(
            summary=f"restart {target}, {_count(workload.replicas)}",
            change=Change(target, workload.resource_version, patch, workload.uid),
            undo=None,
            impact=Impact.LOW if safe and target.kind != "StatefulSet" else Impact.HIGH,
            blast_radius=BlastRadius(pods=workload.replicas or 0, share=1.0, at_once=workload.rollout_takes),
            command=kubectl(target, "rollout", "restart", named(target)),
            because=self._why(workload, safe),
        )

    def _why(self, workload: Workload, safe: bool) -> str:
        if safe:
            return "a StatefulSet restarts in order" if workload.target.kind == "StatefulSet" else ""
        ready = "unknown" if workload.ready is None else workload.ready
        return f"{ready} pods are ready, at least {self.min_ready} should carry the load meanwhile"


def _count(pods: int | None) -> str:
    return "all its pods" if pods is None else f"{pods} pod{'' if pods == 1 else 's'}"

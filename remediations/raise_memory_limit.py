"""Raise memory limit: give the containers of a workload more memory before they are killed.

For a workload that outgrew its limit. A leak only takes longer: see ``restart_rollout``.

Input:   a Deployment, StatefulSet or DaemonSet with its containers' limits in bytes; unknown or unset limits
         are left alone.
Output:  a Step with the absolute new limits, or NotApplicable with the reason. Containers of the patch are
         merged by their name; requests are not changed.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM, it rolls the pods; HIGH where no request is known to be set, since it then follows the limit
         and costs room, and for a StatefulSet.
Undo:    back to the limits at planning.
Source:  Kubernetes documentation, "Resource management for pods and containers".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Container, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import kubectl, named
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
MIB = 2**20


@dataclass(frozen=True, slots=True)
class RaiseMemoryLimit:
    """Proposes ``factor`` times the limit of each container, at most ``max_mib``."""

    factor: float = 1.5
    max_mib: int = 8192
    container: str = ""  # only this one; empty: all that have a limit

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", ("spec.template.spec.containers.resources.limits.memory",))
        for kind in KINDS
    )

    def __post_init__(self) -> None:
        if not 1 < self.factor <= 4:
            raise ValueError(f"factor: expected above 1 and at most 4, got {self.factor}")
        if self.max_mib < 1:
            raise ValueError(f"max_mib: expected 1 or more, got {self.max_mib}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan higher memory limits for ``target``."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS or workload is None:
            return NotApplicable(f"{target} is not a known {', '.join(KINDS)}")
        if workload.deleting or workload.paused or workload.rolling:
            return NotApplicable(f"{target} is being deleted, paused or rolling out")
        wanted = {one.name: self._wanted(one) for one in workload.containers if self._concerns(one)}
        raised = {name: limit for name, limit in wanted.items() if limit is not None}
        if not raised:
            return NotApplicable(
                f"no container of {target} has a known memory limit below {self.max_mib} MiB"
            )
        now_set = {one.name: one.memory_limit for one in workload.containers if one.name in raised}
        asked = all(one.memory_request for one in workload.containers if one.name in raised)
        pods = workload.replicas or 0
        words = ", ".join(f"{name} to {limit // MIB} MiB" for name, limit in raised.items())
        return Step(
            summary=f"raise the memory limit of {target}: {words}",
            change=Change(target, workload.resource_version, _patch(raised), workload.uid),
            undo=Change(target, workload.resource_version, _patch(now_set), workload.uid),
            impact=Impact.MEDIUM if asked and target.kind != "StatefulSet" else Impact.HIGH,
            blast_radius=BlastRadius(pods=pods, share=1.0, at_once=workload.rollout_takes),
            command="; ".join(_command(target, name, limit) for name, limit in raised.items()),
            because=_why(target, asked),
        )

    def _concerns(self, container: Container) -> bool:
        return bool(container.memory_limit) and self.container in {"", container.name}

    def _wanted(self, container: Container) -> int | None:
        limit = container.memory_limit or 0
        wanted = min(math.ceil(limit * self.factor / MIB), self.max_mib) * MIB
        return wanted if wanted > limit else None


def _why(target: Target, asked: bool) -> str:
    if not asked:
        return "its request may follow the limit and cost room"
    return "it restarts a StatefulSet" if target.kind == "StatefulSet" else ""


def _command(target: Target, container: str, limit: int) -> str:
    return kubectl(
        target, "set", "resources", named(target), "-c", container, f"--limits=memory={_quantity(limit)}"
    )


def _patch(limits: Mapping[str, int | None]) -> dict[str, object]:
    containers = [
        {"name": name, "resources": {"limits": {"memory": _quantity(limit)}}}
        for name, limit in limits.items()
    ]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def _quantity(limit: int | None) -> str:
    size = limit or 0
    return f"{size // MIB}Mi" if size % MIB == 0 else str(size)

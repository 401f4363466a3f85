"""Adjust resources: raise or lower what the containers of a workload ask for, or may use.

For requests far from what is used, which keep pods from finding a place; for a CPU limit that throttles.
For memory limits that kill see ``raise_memory_limit``. It rolls the pods: to change one as it runs see
``resize_pod``.

Input:   a Deployment, StatefulSet or DaemonSet with its containers' requests and limits; memory in bytes, CPU
         in thousandths of a core. Unknown and unset values are left alone.
Output:  a Step with the absolute new values, or NotApplicable with the reason. A request never passes its
         limit, a limit never falls below its request. Containers of the patch are merged by their name.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  HIGH for requests, which decide what a pod costs and where it finds room, for lower limits, which can
         kill, and for a StatefulSet; MEDIUM for higher limits of containers that have a request.
Undo:    back to the values at planning.
Source:  Kubernetes documentation, "Resource management for pods and containers".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Container, Facts, Impact, NotApplicable, Step, Target, Workload
from aiops.model.kubectl import patching
from aiops.plugin import Right

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
MIB = 2**20
RESOURCES, SIDES = ("cpu", "memory"), ("requests", "limits")


@dataclass(frozen=True, slots=True)
class AdjustResources:
    """Proposes ``factor`` times the CPU or memory that containers request, or are limited to."""

    resource: str = "cpu"
    side: str = "requests"
    factor: float = 0.75
    least: int = 10  # thousandths of a core, or MiB
    most: int = 8192
    container: str = ""  # only this one; empty: all that have a value

    rights: ClassVar[tuple[Right, ...]] = tuple(
        Right("apps", f"{kind.lower()}s", "patch", ("spec.template.spec.containers.resources",))
        for kind in KINDS
    )

    def __post_init__(self) -> None:
        if self.resource not in RESOURCES:
            raise ValueError(f"resource: expected {' or '.join(RESOURCES)}, got {self.resource!r}")
        if self.side not in SIDES:
            raise ValueError(f"side: expected {' or '.join(SIDES)}, got {self.side!r}")
        if not 0.1 <= self.factor <= 4 or self.factor == 1:
            raise ValueError(f"factor: expected 0.1 to 4 and not 1, got {self.factor}")
        if self.least < 1:
            raise ValueError(f"least: expected 1 or more, got {self.least}")
        if self.most < self.least:
            raise ValueError(f"most: expected {self.least} or more, got {self.most}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan other resources for ``target``."""
        workload = facts.workloads.get(target)
        if target.kind not in KINDS or workload is None:
            return NotApplicable(f"{target} is not a known {', '.join(KINDS)}")
        if workload.deleting or workload.paused or workload.rolling:
            return NotApplicable(f"{target} is being deleted, paused or rolling out")
        what = f"{self.resource} {self.side}"
        wanted = {one.name: value for one in workload.containers if (value := self._wanted(one)) is not None}
        if not wanted:
            return NotApplicable(f"no container of {target} has {what} that can be changed that way")
        before = {one.name: self._value(one, self.side) for one in workload.containers if one.name in wanted}
        patch, because = self._patch(wanted), self._why(workload, set(wanted))
        words = ", ".join(f"{name} to {self._quantity(value)}" for name, value in wanted.items())
        return Step(
            summary=f"set the {what} of {target}: {words}",
            change=Change(target, workload.resource_version, patch, workload.uid),
            undo=Change(target, workload.resource_version, self._patch(before), workload.uid),
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=BlastRadius(pods=workload.replicas or 0, share=1.0, at_once=workload.rollout_takes),
            command=patching(target, patch),
            because=because,
        )

    def _value(self, container: Container, side: str) -> int:
        """In the unit of the parameters, rounded down; 0 where it is not set or not known."""
        value: int | None = getattr(container, f"{self.resource}_{side.removesuffix('s')}")
        return (value or 0) // (MIB if self.resource == "memory" else 1)

    def _wanted(self, container: Container) -> int | None:
        before, other = (self._value(container, side) for side in (self.side, self._other))
        if not before or self.container not in {"", container.name}:
            return None
        wanted = min(max(math.ceil(before * self.factor), self.least), self.most)
        if other:  # a request above its limit is refused by the API server
            wanted = min(wanted, other) if self.side == "requests" else max(wanted, other)
        return wanted if (wanted - before) * (self.factor - 1) > 0 else None

    @property
    def _other(self) -> str:
        return "limits" if self.side == "requests" else "requests"

    def _why(self, workload: Workload, changed: set[str]) -> str:
        if self.side == "requests":
            return "what is requested decides what a pod costs and where it finds room"
        if self.factor < 1:
            return "a lower limit can end what runs well today"
        if workload.target.kind == "StatefulSet":
            return "it restarts a StatefulSet"
        asked = all(self._value(one, "requests") for one in workload.containers if one.name in changed)
        return "" if asked else "its request may follow the limit and cost room"

    def _patch(self, values: Mapping[str, int]) -> dict[str, object]:
        containers = [
            {"name": name, "resources": {self.side: {self.resource: self._quantity(value)}}}
            for name, value in values.items()
        ]
        return {"spec": {"template": {"spec": {"containers": containers}}}}

    def _quantity(self, value: int) -> str:
        return f"{value}Mi" if self.resource == "memory" else f"{value}m"

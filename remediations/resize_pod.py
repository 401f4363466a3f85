"""Resize pod: give the containers of one running pod more memory, in place, without ending it.

For a pod that nears its memory limit and must not go away, such as the only one of its workload. The
workload's template stays: a new pod has the old limit again (see ``raise_memory_limit``). It cannot help
where the node has no room; the pod then stays as it is.

Input:   a running Pod with its containers' memory; or a workload with exactly one running pod, or one that is
         not ready (another target than the one asked about). Bytes.
Output:  a Step on the subresource ``resize``, with the absolute new limits; or NotApplicable with the reason.
         A request that equals its limit is raised with it, since a pod keeps its class of service.
Errors:  none; a change planned on a stale version is refused by the API server. A server older than 1.33 has
         no such subresource and answers that it is not found.
Impact:  MEDIUM; HIGH where a request is raised, which takes room. A container whose ``resizePolicy`` says so
         is restarted.
Undo:    back to the values at planning, which the kubelet does as far as memory in use allows.
Source:  Kubernetes documentation, "Resize CPU and memory resources assigned to containers".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Container, Facts, Impact, NotApplicable, Pod, Step, Target
from aiops.model.kubectl import patching
from aiops.model.pods import meant, running
from aiops.plugin import Right

MIB = 2**20
FIELDS = tuple(f"spec.containers.resources.{side}.memory" for side in ("limits", "requests"))
RESIZE = "resize"


@dataclass(frozen=True, slots=True)
class ResizePod:
    """Proposes ``factor`` times the memory limit of each container, at most ``max_mib``."""

    factor: float = 1.5
    max_mib: int = 8192

    rights: ClassVar[tuple[Right, ...]] = (Right("", f"pods/{RESIZE}", "patch", FIELDS),)

    def __post_init__(self) -> None:
        if not 1 < self.factor <= 4:
            raise ValueError(f"factor: expected above 1 and at most 4, got {self.factor}")
        if self.max_mib < 1:
            raise ValueError(f"max_mib: expected 1 or more, got {self.max_mib}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan more memory for ``target``, or for its one pod."""
        own = running(target, facts)
        pod = own[0] if len(own) == 1 else meant(target, facts)
        if pod is None or pod.phase != "Running" or pod.deleting:
            return NotApplicable(f"{target} is not a running pod, nor has it exactly one that is meant")
        if pod.mirror:
            return NotApplicable(f"{pod.target} is a static pod: only its node can change it")
        before = {one.name: one for one in pod.containers if one.memory_limit}
        limits = {name: wanted for name, one in before.items() if (wanted := self._wanted(one)) is not None}
        if not limits:
            return NotApplicable(f"no container of {pod.target} has a known limit below {self.max_mib} MiB")
        both = {name for name in limits if before[name].memory_request == before[name].memory_limit}
        unknown = any(before[name].memory_request is None for name in limits)
        patch = _patch(limits, both)
        because = "it asks for more memory of its node" if both or unknown else ""
        words = ", ".join(f"{name} to {limit // MIB} MiB" for name, limit in limits.items())
        return Step(
            summary=f"resize {pod.target} in place: {words}",
            change=_change(pod, patch),
            undo=_change(pod, _patch({name: before[name].memory_limit or 0 for name in limits}, both)),
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=BlastRadius(pods=1, share=1.0, at_once=0),
            command=patching(pod.target, patch, RESIZE),
            because=because,
        )

    def _wanted(self, container: Container) -> int | None:
        limit = container.memory_limit or 0
        wanted = min(math.ceil(limit * self.factor / MIB), self.max_mib) * MIB
        return wanted if wanted > limit else None


def _change(pod: Pod, patch: Mapping[str, object]) -> Change:
    return Change(pod.target, pod.resource_version, patch, pod.uid, subresource=RESIZE)


def _patch(limits: Mapping[str, int], both: set[str]) -> dict[str, object]:
    containers = []
    for name, limit in limits.items():
        memory = {"memory": f"{limit // MIB}Mi" if limit % MIB == 0 else str(limit)}
        sides = {"limits": memory, **({"requests": memory} if name in both else {})}
        containers.append({"name": name, "resources": sides})
    return {"spec": {"containers": containers}}

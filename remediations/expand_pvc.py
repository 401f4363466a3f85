"""Expand PVC: ask for a larger volume.

For a volume that fills with data that is wanted. It cannot help where something writes without end.

Input:   a PersistentVolumeClaim as read just now; or a workload that mounts exactly one, which is then the
         claim (another target than the one asked about). Sizes in bytes.
Output:  a Step with the absolute new size, or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  HIGH, always: a volume cannot be made smaller again, and it costs money.
Undo:    none.
Source:  Kubernetes documentation, "Persistent Volumes: expanding claims".
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Claim, Facts, Impact, NotApplicable, Step, Target
from aiops.model.kubectl import patching
from aiops.plugin import Right

GIB = 2**30
KIND = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True)
class ExpandPvc:
    """Proposes ``factor`` times the size in whole GiB, at least one more, at most ``max_gib``."""

    factor: float = 1.3
    max_gib: int = 1024

    rights: ClassVar[tuple[Right, ...]] = (
        Right("", "persistentvolumeclaims", "patch", ("spec.resources.requests.storage",)),
    )

    def __post_init__(self) -> None:
        if not 1 < self.factor <= 10:
            raise ValueError(f"factor: expected above 1 and at most 10, got {self.factor}")
        if self.max_gib < 1:
            raise ValueError(f"max_gib: expected 1 or more, got {self.max_gib}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan a larger volume for ``target``."""
        claim = facts.claims.get(target) if target.kind == KIND else _only_claim(target, facts)
        if claim is None or claim.size is None or claim.size <= 0:
            return NotApplicable(f"the size of the volume claim of {target} is not known")
        if claim.expandable is False:
            return NotApplicable(f"the storage class of {claim.target} does not allow expansion")
        wanted = min(math.ceil(max(claim.size * self.factor, claim.size + 1) / GIB), self.max_gib)
        if wanted * GIB <= claim.size:
            return NotApplicable(f"{claim.target} is as large as is allowed: {self.max_gib} GiB")
        patch = {"spec": {"resources": {"requests": {"storage": f"{wanted}Gi"}}}}
        name = claim.target
        return Step(
            summary=f"expand {name} from {claim.size / GIB:.4g} to {wanted} GiB",
            change=Change(name, claim.resource_version, patch, claim.uid),
            undo=None,
            impact=Impact.HIGH,
            blast_radius=BlastRadius(pods=0, share=0.0, at_once=0),
            command=patching(name, patch),
            because="a volume cannot be made smaller again",
        )


def _only_claim(workload: Target, facts: Facts) -> Claim | None:
    mounted = [claim for claim in facts.claims.values() if claim.owner == workload]
    return mounted[0] if len(mounted) == 1 else None

"""Plan: what would be changed, exactly, and how its success will be judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiops.model.mode import Mode
from aiops.model.target import Target


class Impact(StrEnum):
    """HIGH goes to a person."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low up to 2 for high."""
        return list(Impact).index(self)


class ChangeVerb(StrEnum):
    """How a change reaches the API server."""

    PATCH = "patch"
    EVICT = "evict"
    DELETE = "delete"
    CREATE = "create"
    CAPTURE = "capture"  # writes nothing: evidence is read and kept in the journal


@dataclass(frozen=True, slots=True)
class Change:
    """An absolute change of one object, bound to the version it was planned on.

    ``resource_version`` and ``uid`` are None where facts are rebuilt from a recording; such a change can
    be shown and never be sent.
    """

    target: Target
    resource_version: str | None
    patch: Mapping[str, Any]  # a strategic merge patch of absolute values; the body of a create; else empty
    uid: str | None = None
    verb: ChangeVerb = ChangeVerb.PATCH
    subresource: str = ""  # of a patch: "resize" of a Pod, which keeps no mark; the effect tells
    generation: int | None = None  # of its spec; while it stands, a newer version is its status's


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The most a step may touch."""

    pods: int
    share: float  # of the target's pods, 0 to 1
    workloads: int = 1
    nodes: int = 0
    at_once: int | None = None  # ready pods that are away at the same time; None is unknown


@dataclass(frozen=True, slots=True)
class Step:
    """One concrete change. There is no step without impact and blast radius."""

    summary: str
    change: Change
    undo: Change | None
    impact: Impact
    blast_radius: BlastRadius
    remediation: str = ""  # entry-point name, filled by the planner
    command: str = ""  # what a person would type
    destructive: bool = False  # delete, evict, drain: needs two sources of evidence
    because: str = ""  # why this impact, when it was raised
    rung: int = 0  # position in the playbook's ladder, filled by the planner
    before: tuple[Change, ...] = ()  # evidence that is captured first, filled by the planner
    then: tuple[Change, ...] = ()  # further changes, one after the other: the evictions of a drain
    contains: bool = False  # keeps trouble from spreading (a cordon) and heals nothing: judged by standing
    deadline_s: int = 60  # a step of several changes that is not through by then has failed

    @property
    def changes(self) -> tuple[Change, ...]:
        """Everything that the step reads and writes, in order."""
        return (*self.before, self.change, *self.then)


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A remediation declines; the reason is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """How success is judged after a step: these signals of the target back in band, k of n samples."""

    signals: tuple[str, ...] = ()  # empty: all signals of the incident
    settle_s: int = 60  # nothing is judged before
    deadline_s: int = 600  # not good by then: it did not help
    good: int = 3  # so many samples in band ...
    of: int = 4  # ... of so many


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, a ladder: the next one only when the one before did not help.

    An empty plan carries ``reason``. ``digest`` binds an approval to exactly this plan.
    """

    id: str
    incident_id: str | None
    target: Target
    playbook: str
    playbook_version: str
    steps: tuple[Step, ...]
    verification: Verification
    made_at_ms: int
    digest: str
    reason: str = ""  # why there is nothing to do
    skipped: tuple[str, ...] = ()  # rungs that declined, with their reasons
    cost_difference: float | None = None
    facts_unknown: tuple[str, ...] = field(default=())  # what the plan could not know
    mode: Mode = Mode.OBSERVE  # ceiling of its playbook
    cooldown_s: int = 1800
    max_attempts: int = 3
    approvers: tuple[str, ...] = ()  # roles; empty: those of the policy
    runbook_url: str = ""
    changed_by: tuple[str, ...] = ()  # keys of who last changed the playbook: they do not approve it

    def __post_init__(self) -> None:
        if not self.steps and not self.reason:
            raise ValueError("plan: expected steps, or a reason why there are none")

"""Decision: act, escalate, hold or refuse, always with all reasons; and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.plan import Plan


class Mode(StrEnum):
    """What a playbook may do alone in a scope. After install: observe."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    ASK = "ask"
    AUTO = "auto"


class Lean(StrEnum):
    """What one reason argues for."""

    PERMIT = "permit"
    ESCALATE = "escalate"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Reason:
    """One guard's or rule's say. ``unknown`` marks one that leans so only for want of a fact."""

    guard: str  # "cooldown", "freeze_window", "impact" ...
    lean: Lean
    text: str  # for people, with the figures it was decided on
    unknown: bool = False
    until_ms: int | None = None  # when to look again, if time alone may change it


@dataclass(frozen=True, slots=True)
class Act:
    """Carry the plan's next step out."""

    plan: Plan
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ask people, until a deadline."""

    plan: Plan
    reasons: tuple[Reason, ...]
    approvers: tuple[str, ...] = ()  # roles
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Look again later."""

    plan: Plan
    reasons: tuple[Reason, ...]
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Closed, with reasons."""

    plan: Plan
    reasons: tuple[Reason, ...]


Decision = Act | Escalate | Hold | Refuse


class Result(StrEnum):
    """What came of a step. Unknown is not success; a partly failed step is failed."""

    APPLIED = "applied"
    VERIFIED = "verified"
    DRY_RUN = "dry_run"
    FAILED = "failed"
    UNDONE = "undone"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step's end."""

    plan_id: str
    step: int
    result: Result
    at_ms: int
    detail: str = ""
    receipts: tuple[str, ...] = ()

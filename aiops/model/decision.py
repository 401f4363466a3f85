"""Decision: act, escalate, hold or refuse, always with all reasons; and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.plan import Impact, Plan


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
    """Carry the plan's step out. HIGH impact never comes here: it goes to a person."""

    plan: Plan
    reasons: tuple[Reason, ...]
    step: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.step < len(self.plan.steps):
            raise ValueError(f"act: expected one of the plan's {len(self.plan.steps)} steps, got {self.step}")
        if self.plan.steps[self.step].impact is Impact.HIGH:
            raise ValueError("act: expected an impact below high, high goes to a person")


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ask people, until a deadline; without approvers they are told and nobody can approve (suggest)."""

    plan: Plan
    reasons: tuple[Reason, ...]
    approvers: tuple[str, ...] = ()  # roles
    until_ms: int | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Look again later."""

    plan: Plan
    reasons: tuple[Reason, ...]
    until_ms: int | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Refuse:
    """Closed, with reasons."""

    plan: Plan
    reasons: tuple[Reason, ...]
    step: int = 0


Decision = Act | Escalate | Hold | Refuse


class Result(StrEnum):
    """What came of a step. Unknown is not success; a partly failed step is failed."""

    APPLIED = "applied"
    VERIFIED = "verified"
    CONTAINED = "contained"  # it stands; it keeps trouble from spreading, and was never meant to end it
    DRY_RUN = "dry_run"
    FAILED = "failed"
    UNDONE = "undone"
    UNVERIFIED = "unverified"
    REFUSED = "refused"  # a re-check or the API server said no: nothing was changed
    SUPERSEDED = "superseded"  # the object is not the one planned on any more: nothing was changed


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step's end."""

    plan_id: str
    step: int
    result: Result
    at_ms: int
    detail: str = ""
    receipts: tuple[str, ...] = ()
    harmed: bool = False  # something became worse since: it lowers the autonomy of whoever did it further

"""Request: what a person asks of the running daemon, and the file or API call that carries it."""

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 1_000  # characters of a reason
VALID_MS = 900_000  # a request that waits longer is refused: nobody expects it any more


class RequestKind(StrEnum):
    """What is asked for."""

    UNDO = "undo"  # take an applied step back
    UNLOCK = "unlock"  # lift the lock-out of a target, or reset a breaker
    ACCEPT_AUTONOMY = "accept_autonomy"  # let a playbook do more alone in a scope, as was proposed
    UNDO_FEEDBACK = "undo_feedback"  # what a false alarm adjusted is not expected any more
    RENEW_FEEDBACK = "renew_feedback"  # it is expected for longer, or again


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``id`` is its idempotency key: asked twice, it is carried out once."""

    id: str  # letters, digits and "-"
    kind: RequestKind
    by: str  # name of the person, as the operating system knows it
    at_ms: int
    reason: str = ""  # in the person's words
    plan_id: str = ""  # of UNDO
    step: int = 0  # of UNDO: which of the plan's steps
    incident_id: str = ""  # of UNDO; empty where a review planned
    target: str = ""  # of UNLOCK: Kind/namespace/name; empty: no lock-out is lifted
    playbook: str | None = None  # of UNLOCK: whose breaker, "" is the global one; of ACCEPT_AUTONOMY: which
    scope: str = ""  # of ACCEPT_AUTONOMY: as ``aiops autonomy`` writes it
    adjustment: str = ""  # of UNDO_FEEDBACK and RENEW_FEEDBACK: its id

    def __post_init__(self) -> None:
        if not self.id or not self.id.replace("-", "").isalnum() or not self.id.isascii():
            raise ValueError(f"request: expected an id of letters, digits and dashes, got {self.id!r:.100}")
        if not self.by:
            raise ValueError("request: expected who asks, got nobody")
        if len(self.reason) > LONGEST:
            raise ValueError(f"request: expected a reason of at most {LONGEST} characters")
        if self.step < 0:
            raise ValueError(f"request: expected a step of 0 or more, got {self.step}")
        missing = {
            RequestKind.UNDO: "" if self.plan_id else "a plan to undo",
            RequestKind.UNLOCK: "" if self.target or self.playbook is not None else "a target or a playbook",
            RequestKind.ACCEPT_AUTONOMY: "" if self.playbook and self.scope else "a playbook and a scope",
            RequestKind.UNDO_FEEDBACK: "" if self.adjustment else "an adjustment",
            RequestKind.RENEW_FEEDBACK: "" if self.adjustment else "an adjustment",
        }[self.kind]
        if missing:
            raise ValueError(f"request: expected {missing}, got none")

    def late(self, now_ms: int) -> bool:
        """Whether it has waited too long to be still wanted; a time far ahead of ours counts too."""
        return abs(now_ms - self.at_ms) > VALID_MS

"""Saying: what a person tells the daemon, as a structured value, whichever channel it came through.

A channel authenticates the person and finds out which approval or incident is meant; ``ports.Forum`` decides
whether they may, journals it and answers with an ``Echo``. Nothing here is guessed from text: see
``aiops.core.grammar`` for what a reply may say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.approval import Actor, Approval
from aiops.model.request import Request


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes to exactly one approval. ``until_ms``: "only today": it is taken back then, where it can be."""

    approval_id: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """No. ``until_ms``: "only today": it may be asked again then."""

    approval_id: str
    reason: str = ""
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not now: the question is withdrawn and the incident is decided upon again at ``until_ms``."""

    approval_id: str
    until_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Amend:
    """Another step instead: a new plan with a digest of its own, that is asked about anew."""

    approval_id: str
    remediation: str  # entry-point name
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Show the evidence and the reasons. Changes nothing; anybody who can read may ask."""

    incident_id: str


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """The incident was none. Leads to a bounded, reversible adjustment. ``until_ms``: only that long."""

    incident_id: str
    reason: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Mine:
    """ "I'm on it": automation keeps off the incident's targets until released."""

    incident_id: str


@dataclass(frozen=True, slots=True)
class Release:
    """Automation may go on with the incident's targets."""

    incident_id: str


@dataclass(frozen=True, slots=True)
class StopAll:
    """Pull the kill switch. Any member may."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResumeAll:
    """Let the kill switch go. Only approvers may."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class AskFor:
    """Have the daemon undo, unlock, ...: what is otherwise handed in at its state folder. ``by`` of it is
    whoever says so, whatever it held."""

    request: Request


Saying = Approve | Deny | Snooze | Amend | Why | FalseAlarm | Mine | Release | StopAll | ResumeAll | AskFor


@dataclass(frozen=True, slots=True)
class Said:
    """One saying of one authenticated person."""

    actor: Actor
    saying: Saying
    at_ms: int  # when the channel says it was said
    via: str  # "slack reply", "slack button", "console", "aiops approve"
    ref: str = ""  # idempotency key: the same one again gets the same echo, and changes nothing


@dataclass(frozen=True, slots=True)
class Echo:
    """What became of a saying, in words for whoever said it, with the structured decision it became."""

    done: bool  # False: refused, too late, not allowed; nothing was changed
    text: str
    approval: Approval | None = None  # as it stands now

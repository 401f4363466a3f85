"""Life: the values of the lifecycle: where an incident stands, what can happen to it, what there is to do.

``aiops.core.lifecycle`` holds the rules between them.
"""

from dataclasses import dataclass

from aiops.model import Decision, Impact, IncidentState


@dataclass(frozen=True, slots=True)
class Intent:
    """The step that is asked for, carried out or verified: enough to name it, and to look its plan up."""

    plan_id: str
    digest: str
    step: int
    what: str  # playbook, remediation and target: what a person says no to
    summary: str  # with its figures: when they change, the question is another one
    impact: Impact
    reversible: bool
    settle_s: int
    deadline_s: int  # after which a verification has not succeeded
    until_ms: int | None = None  # an approval comes before, or not at all
    acting_s: int = 60  # after which a step that is being carried out is looked for
    id: str = ""  # of the Apply that carries it out: the mark that the change bears
    question: str = ""  # id of the Ask that asks for it: an answer is to exactly that question
    shown: tuple[str, ...] = ()  # guards for which people were asked: what an approval answers

    @property
    def asked(self) -> bool:
        """Whether a person approved it, or is to."""
        return self.until_ms is not None


@dataclass(frozen=True, slots=True)
class Life:
    """Where one incident stands. An incident that comes back begins a new life, with the next number."""

    incident_id: str
    number: int = 0
    state: IncidentState = IncidentState.OPEN
    leading: bool = True
    intent: Intent | None = None
    undoing: bool = False  # what is carried out is the undo
    from_ms: int = 0  # when the step began to be carried out; while verifying, from when on it is judged
    looks: int = 0  # how often the effect of the step was looked for in vain
    done: bool = False  # a dry run has acted: nothing more is done here
    over: str = ""  # why the incident ended, while a step is still under way
    asks: int = 0  # how many questions were asked
    lifted: tuple[str, ...] = ()  # approvals whose no was only for a day that is over
    quiet_until_ms: int = 0  # a person asked to be left alone until then: nothing is decided before
    applied: tuple[str, ...] = ()  # ids of every Apply and Undo that was ever given
    declined: tuple[str, ...] = ()  # what a person, or silence, said no to


# Events: what happened


@dataclass(frozen=True, slots=True)
class Judged:
    """The incident was opened, or changed in a way worth telling."""

    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan was made and decided upon."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Approved:
    """Enough people agreed to the plan with this digest."""

    digest: str
    by: str
    said_ms: int | None = None  # when the last of them said so; None: now


@dataclass(frozen=True, slots=True)
class Rejected:
    """A person refused the plan with this digest."""

    digest: str
    by: str
    until_ms: int | None = None  # "only today": it may be asked again then; None: until it is unlocked


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A person wants to be asked later: nothing is decided before ``until_ms``."""

    digest: str
    by: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Applied:
    """The change, or its undo, is in place; in a dry run it would be."""

    plan_id: str
    step: int
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The change did not arrive, or only in part (``changed``), or was verified not to have helped."""

    plan_id: str
    step: int
    why: str
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Verified:
    """The step helped; or it stands, where it was only to contain."""

    plan_id: str
    step: int
    said: str = "helped"


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A time that was waited for has come: see ``WakeAt``."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A person lets us try again what was said no to, or what was left to people."""

    by: str
    about: str = ""  # the approval whose no was only for today


@dataclass(frozen=True, slots=True)
class LeaderLost:
    """Another replica may act now; we may not."""


@dataclass(frozen=True, slots=True)
class LeaderWon:
    """We lead, for the first time or again: what was under way is looked for."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Correlation found the incident to be over."""

    because: str


Fact = Judged | Decided | Approved | Rejected | Snoozed | Applied | Failed | Verified | TimedOut | Unlocked
Event = Fact | LeaderLost | LeaderWon | Closed


# Commands: what to do


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask ``approvers``, until ``intent.until_ms``."""

    id: str
    intent: Intent
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """Carry the step out."""

    id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the step back, where what it changed is still as we left it. ``id`` marks the change back."""

    id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Verify:
    """While acting: read whether the change arrived. While verifying: judge whether it helped."""

    id: str
    intent: Intent
    from_ms: int  # not before: the step settles first


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell people."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send ``TimedOut`` at ``at_ms``, unless a newer one was asked for."""

    id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Ignore:
    """The event does not fit: nothing changed, for this reason."""

    id: str
    because: str


Command = Ask | Apply | Undo | Verify | Tell | WakeAt | Ignore

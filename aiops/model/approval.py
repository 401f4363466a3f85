"""Approval: a question to people, bound to one plan, and what they answered. Settings of who may answer.

An approval is a record of the journal; Slack, the console and the command line are views of it.

``pending -> approved -> executing -> executed``, or ``denied``, ``expired``, ``superseded``, ``cancelled``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.incident import Severity
from aiops.model.plan import Impact


class ApprovalState(StrEnum):
    """Where an approval stands. No answer is a no: what is pending at its deadline expires."""

    PENDING = "pending"
    APPROVED = (
        "approved"  # enough people said yes; it is carried out with the next tick, if guards still agree
    )
    EXECUTING = "executing"
    EXECUTED = "executed"  # the step's end is known; whether it helped is in the incident
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = (
        "superseded"  # another plan took its place, or the plan is not the one that was shown any more
    )
    CANCELLED = "cancelled"  # not asked any more: cleared, put off, stopped

    @property
    def over(self) -> bool:
        """Whether nothing can come of it any more."""
        return self not in {ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.EXECUTING}


class Channel(StrEnum):
    """Who vouches for an identity."""

    SLACK = "slack"  # id: "T0123/U0456", team and user
    KUBERNETES = "kubernetes"  # id: the user name of a TokenReview
    LOCAL = "local"  # id: the operating system's user who can read the daemon's own token


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever speaks, as the channel that authenticated them knows them. ``id`` counts, ``name`` is shown."""

    channel: Channel
    id: str
    name: str = ""
    groups: tuple[
        str, ...
    ] = ()  # of the channel, resolved when they spoke: Slack user groups, Kubernetes groups
    roles: tuple[str, ...] = ()  # that the channel itself grants for this question (SubjectAccessReview)

    @property
    def key(self) -> str:
        """ "slack:T0123/U0456": what the journal keeps, and what permissions are judged by."""
        return f"{self.channel}:{self.id}"


class Ballot(StrEnum):
    """What an answer says."""

    YES = "yes"
    NO = "no"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer to one approval."""

    actor: Actor
    ballot: Ballot
    at_ms: int
    reason: str = ""  # in their words
    until_ms: int | None = None  # LATER: not before; YES and NO: "only today"
    role: str = ""  # as which they were allowed to answer
    via: str = ""  # "slack reply", "slack button", "console", "aiops approve"
    ref: str = ""  # idempotency: the message, click or request that carried it


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people, with what a channel needs to show it."""

    id: str  # 12 hex digits
    short: str  # what people type: the first four digits or more, of no other approval of the last week
    cluster: str
    incident_id: str
    plan_id: str
    digest: str  # of the plan: an answer is to exactly this one
    step: int
    summary: str  # "scale Deployment/shop/web from 2 to 4 replicas"
    target: str  # Kind/namespace/name
    namespace: str
    playbook: str
    remediation: str
    severity: Severity
    impact: Impact
    because: tuple[str, ...]  # why people are asked: the reasons that escalated
    command: str  # what a person would type instead
    roles: tuple[str, ...]  # who is asked first
    quorum: int  # so many different people must say yes
    asked_ms: int
    remind_ms: int  # a reminder, and the second tier from then on
    until_ms: int  # the deadline
    second_tier: tuple[str, ...] = ()  # roles that may answer from ``remind_ms`` on
    barred: tuple[
        str, ...
    ] = ()  # keys of those whose yes does not count: they asked for it, or changed it last
    author: str = ""  # key of who amended the plan; empty: it is the daemon's own
    author_why: str = ""  # their reason
    state: ApprovalState = ApprovalState.PENDING
    votes: tuple[Vote, ...] = ()
    reminded: bool = False
    ended_ms: int | None = None
    said: str = ""  # what ended it, in words

    def roles_at(self, now_ms: int) -> tuple[str, ...]:
        """The roles that may answer at ``now_ms``."""
        return (*self.roles, *self.second_tier) if now_ms >= self.remind_ms else self.roles


@dataclass(frozen=True, slots=True)
class ApproverRole:
    """Who may answer as this role, and where. One that names nobody is an error."""

    people: tuple[str, ...] = ()  # names of ``approvals.people``
    slack_users: tuple[str, ...] = ()  # "T0123/U0456": team and user id, never a display name
    slack_groups: tuple[str, ...] = ()  # ids of user groups, such as the on-call rotation; looked up live
    kubernetes_users: tuple[str, ...] = ()  # as the API server names them
    kubernetes_groups: tuple[str, ...] = ()  # the same of their groups
    namespaces: tuple[str, ...] = ()  # exact names; empty: all
    severities: tuple[Severity, ...] = ()  # of the incident; empty: all
    may_resume: bool = True  # whether they may let the kill switch go

    def __post_init__(self) -> None:
        named = (
            self.people,
            self.slack_users,
            self.slack_groups,
            self.kubernetes_users,
            self.kubernetes_groups,
        )
        if not any(named):
            raise ValueError("role: expected people, users or groups, got nobody")


@dataclass(frozen=True, slots=True)
class Person:
    """One person's identities. For a quorum they are one, whichever way they answer."""

    slack: tuple[str, ...] = ()  # "T0123/U0456"
    kubernetes: tuple[str, ...] = ()  # user names
    local: tuple[str, ...] = ()  # users of the operating system

    def __post_init__(self) -> None:
        if not (self.slack or self.kubernetes or self.local):
            raise ValueError("person: expected an identity, got none")


@dataclass(frozen=True, slots=True)
class ApprovalSettings:
    """Who answers, how many, and how long it may take. ``policy.approval_deadline_s`` is the deadline."""

    roles: Mapping[str, ApproverRole] = field(default_factory=dict)  # by name, as in ``policy.approvers``
    people: Mapping[str, Person] = field(default_factory=dict)  # by name
    second_tier: tuple[str, ...] = ()  # roles that may answer too, once the reminder is out
    remind_s: int = 300  # after the question; 0: never
    quorum: int = 2  # different people, for what is critical:
    critical_remediations: tuple[str, ...] = ("drain", "rollback")  # these,
    critical_severities: tuple[Severity, ...] = (Severity.CRITICAL,)  # incidents so bad,
    critical_share: float = 0.5  # or more than this share of a workload's pods
    kubernetes_access: bool = True  # ask the API server who may approve (aiops.dev/approvals, verb approve)
    kubernetes_audience: str = ""  # that a token must be for; empty: that of the API server itself
    local: bool = True  # who can read the token file in the state folder may answer, as themselves
    timezone: str = "UTC"  # of "only today"
    max_pending: int = 20  # more open questions than this are told together, and the rest held
    longest_snooze_s: int = 86_400  # what "wait ..." may ask for

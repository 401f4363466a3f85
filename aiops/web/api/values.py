"""Values: what the API takes and gives, as types. They are the schema of the OpenAPI description too.

Unknown keys, and values of another type than said here, are refused; nothing is read with a wink.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from aiops.core.catalog import Row
from aiops.model import Approval, Incident

STRICT = ConfigDict(extra="forbid", strict=True)
LOOSE = ConfigDict(extra="forbid")  # a query is text: "50" is a number there
LATEST_MS = 253_402_300_799_000  # the last millisecond of the year 9999

Text = Annotated[str, Field(max_length=1_000)]
Name = Annotated[str, Field(max_length=100)]
Moment = Annotated[int, Field(ge=0, le=LATEST_MS, description="milliseconds UTC")]
Digest = Annotated[
    str,
    Field(max_length=64, description="of the plan that was shown: where the question is another, it is 409"),
]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Value = Annotated[str, Field(max_length=1_000)] | Whole | float | bool


@dataclass(frozen=True, slots=True)
class ApproveBody:
    """Yes to exactly this question. ``until_ms``: only until then."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    until_ms: Moment | None = None
    digest: Digest = ""


@dataclass(frozen=True, slots=True)
class DenyBody:
    """No. ``until_ms``: it may be asked again then."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    reason: Text = ""
    until_ms: Moment | None = None
    digest: Digest = ""


@dataclass(frozen=True, slots=True)
class SnoozeBody:
    """Not before ``until_ms``."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    until_ms: Moment
    reason: Text = ""
    digest: Digest = ""


@dataclass(frozen=True, slots=True)
class AmendBody:
    """Another step instead: a new plan, that is asked about anew."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    remediation: Annotated[str, Field(min_length=1, max_length=100)]
    parameters: Annotated[dict[Name, Value], Field(max_length=50)] = field(default_factory=dict)
    reason: Text = ""
    digest: Digest = ""


@dataclass(frozen=True, slots=True)
class NoBody:
    """Nothing more to say."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True, slots=True)
class ReasonBody:
    """Why, for the journal and your colleagues."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    reason: Text = ""


@dataclass(frozen=True, slots=True)
class RequestBody:
    """What the daemon shall do. ``id`` is the asker's own, such as "undo-4f1d...": asked twice under one id,
    it is done once, and its end in the journal bears it. Which fields count follows from ``kind``."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9-]{7,79}$")]
    kind: Literal["undo", "unlock", "accept_autonomy", "undo_feedback", "renew_feedback"]
    reason: Text = ""
    plan_id: Name = ""  # of undo
    step: Annotated[int, Field(ge=0, le=1_000)] = 0  # of undo
    incident_id: Name = ""  # of undo
    target: Annotated[str, Field(max_length=400, description="Kind/namespace/name, of unlock")] = ""
    playbook: Annotated[str, Field(max_length=200, description='of unlock ("": all) and accept')] | None = (
        None
    )
    scope: Annotated[str, Field(max_length=400, description="of accept_autonomy")] = ""
    adjustment: Name = ""  # of undo_feedback, renew_feedback


@dataclass(frozen=True, slots=True)
class FalseAlarmBody:
    """What it was in truth. ``until_ms``: only until then."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    until_ms: Moment | None = None


@dataclass(frozen=True, slots=True)
class NoQuery:
    """No parameters."""

    __pydantic_config__: ClassVar[ConfigDict] = LOOSE


@dataclass(frozen=True, slots=True)
class IncidentsQuery:
    """Which incidents: ``open`` ones only, ``since_ms`` those that were open then or later."""

    __pydantic_config__: ClassVar[ConfigDict] = LOOSE
    open: bool = False
    since_ms: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: Annotated[str, Field(max_length=100, description="``next`` of the page before")] = ""


@dataclass(frozen=True, slots=True)
class ApprovalsQuery:
    """Which approvals: those that wait, or all of the last week."""

    __pydantic_config__: ClassVar[ConfigDict] = LOOSE
    pending: bool = True


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """Which records: later than ``since``, of one stream, of some kinds (by commas)."""

    __pydantic_config__: ClassVar[ConfigDict] = LOOSE
    since: Annotated[int, Field(ge=0, le=2**62)] = 0
    stream: Annotated[str, Field(max_length=200)] = ""
    kinds: Annotated[str, Field(max_length=1_000)] = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 500


@dataclass(frozen=True, slots=True)
class Incidents:
    """A page of incidents, newest first; ``next`` is "" on the last one."""

    incidents: tuple[Row, ...]
    next: str
    total: int  # that match, on all pages


@dataclass(frozen=True, slots=True)
class Told:
    """One record in words."""

    seq: int
    at_ms: int
    kind: str
    actor: str
    what: str


@dataclass(frozen=True, slots=True)
class OneIncident:
    """One incident as it stands, and what was done, oldest first."""

    incident: Incident
    pending: tuple[str, ...]  # ids of approvals that wait
    claimed_by: str
    timeline: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Approvals:
    """Questions, oldest first."""

    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of what was said; with ``done`` false nothing was changed, and ``text`` says why."""

    done: bool
    text: str
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One record of the journal, as stored: its hash can be computed from it."""

    seq: int
    term: int
    kind: str
    stream: str
    at_ms: int
    payload: Mapping[str, Any]
    key: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest record; (0, "") of an empty journal."""

    seq: int
    hash: str
    term: int


@dataclass(frozen=True, slots=True)
class Journal:
    """Records, oldest first; ``next`` is what to ask ``since`` for more, None where there was no more."""

    records: tuple[Written, ...]
    next: int | None
    head: Head  # when it was read


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the stream: the journal has grown."""

    seq: int
    kinds: tuple[str, ...]
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A refusal."""

    error: str
    where: str
    got: str
    expected: str

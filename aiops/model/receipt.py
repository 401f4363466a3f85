"""Receipt: what the API server made of one write, every outcome told apart; and what a later look shows."""

from dataclasses import dataclass
from enum import StrEnum

INTENT = "aiops.dev/intent"  # annotations in which a mark travels
TERM = "aiops.dev/term"


@dataclass(frozen=True, slots=True)
class Mark:
    """Travels in the same request as the effect, so that the object tells whose it is (E2, E5)."""

    intent: str  # id of the command that is carried out: the idempotency key
    term: int  # of the leader that sent it

    def __post_init__(self) -> None:
        if not self.intent or self.term < 1:
            raise ValueError(f"mark: expected an intent and a term of 1 or more, got {self}")


class Answer(StrEnum):
    """What became of a write. All but DONE and UNKNOWN say for certain that nothing was changed by it."""

    DONE = "done"  # committed; of a server-side dry run: it would be
    FORBIDDEN = "forbidden"  # 401, 403: the detail names verb and resource
    NOT_FOUND = "not_found"  # 404
    CONFLICT = "conflict"  # 409: another version, another uid, or another owner of the field
    GONE = "gone"  # 410
    INVALID = "invalid"  # 400, 422, admission: do not try again
    THROTTLED = "throttled"  # 429 of flow control: later, see retry_after_s
    BUDGET = "budget"  # 429 of a disruption budget: never gone round
    UNAVAILABLE = "unavailable"  # no connection was made, so nothing was sent
    UNKNOWN = (
        "unknown"  # 5xx, time-out, broken connection: it may have been committed; look, never send again
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one write."""

    answer: Answer
    detail: str = ""  # for people: verb, resource, the server's own words, shortened
    uid: str | None = None
    resource_version: str | None = None  # after the write
    retry_after_s: float | None = None


class Sight(StrEnum):
    """What a look at the object shows of a write whose answer was lost."""

    ARRIVED = "arrived"  # the mark, or the effect, is there
    ABSENT = "absent"  # it is not, and the object is as it was planned on: the same write may be sent
    CHANGED = "changed"  # it is not, and somebody changed, replaced or deleted the object: plan again
    UNKNOWN = "unknown"  # the object cannot be read


@dataclass(frozen=True, slots=True)
class Look:
    """An object read for the sake of one write."""

    sight: Sight
    detail: str = ""
    holds: bool = False  # every field that the write sets has its value: nobody changed it since
    uid: str | None = None
    resource_version: str | None = None
    term: int = 0  # highest term of ours that the object shows: a newer one than ours ends our leadership

"""Thread: what is known of the place in which a reply was written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiops.model import Approval, ApprovalState, Ballot


@dataclass(frozen=True, slots=True)
class Reply:
    """One message, beside its text. Times are the channel's own, ms UTC."""

    at_ms: int
    edited: bool = False  # it was edited after it was written, or this is news of an edit
    quoted: bool = False  # forwarded, shared, or a quotation of another message


@dataclass(frozen=True, slots=True)
class Pending:
    """A plan that waits for an answer in this thread."""

    approval_id: str
    short: str
    posted_ms: int  # when its question stood in the thread, by the channel's clock


@dataclass(frozen=True, slots=True)
class Recent:
    """What the author of the reply decided in this thread before."""

    approval_id: str
    short: str
    ballot: Ballot  # YES or NO
    at_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ThreadView:
    """The thread of one incident as it stands when the reply is read."""

    incident_id: str = ""  # empty: no thread of an incident
    pending: tuple[Pending, ...] = ()
    ended_ms: int | None = None  # when a plan of this thread last ceased to wait; None: none did
    elsewhere: tuple[str, ...] = ()  # short ids of plans that wait in other threads
    recent: tuple[Recent, ...] = ()


def thread_view(
    incident_id: str,
    approvals: Iterable[Approval],
    author: str = "",
    posted: Mapping[str, int] | None = None,
) -> ThreadView:
    """The view of ``incident_id``'s thread for a reply of ``author`` (``Actor.key``).

    ``approvals``: of all incidents, over or not, as ``Forum.approvals(pending=False)`` gives them.
    ``posted``: when the question of each stood in the thread, by approval id; those without are taken to have
    been posted when they were asked.
    """
    known = list(approvals)
    here = [one for one in known if incident_id and one.incident_id == incident_id]
    when = posted or {}
    waits = [one for one in known if one.state is ApprovalState.PENDING]
    over = [_answered_ms(one) for one in here if one.state is not ApprovalState.PENDING]
    return ThreadView(
        incident_id,
        tuple(
            Pending(one.id, one.short, when.get(one.id, one.asked_ms))
            for one in here
            if one.state is ApprovalState.PENDING
        ),
        max(over, default=None),
        tuple(one.short for one in waits if not incident_id or one.incident_id != incident_id),
        tuple(recent for one in here for recent in _votes(one, author)),
    )


def _answered_ms(approval: Approval) -> int:
    """When it ceased to wait: with the last vote where it was approved, at its end otherwise."""
    voted = max((vote.at_ms for vote in approval.votes), default=approval.asked_ms)
    approved = approval.state in {ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.EXECUTED}
    return voted if approved or approval.ended_ms is None else approval.ended_ms


def _votes(approval: Approval, author: str) -> Iterable[Recent]:
    for vote in approval.votes:
        if author and vote.actor.key == author and vote.ballot is not Ballot.LATER:
            yield Recent(approval.id, approval.short, vote.ballot, vote.at_ms, vote.reason)

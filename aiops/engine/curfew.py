"""Curfew: what was approved "only today" is taken back when the day is over, as a request of whoever said so.

The request's id is derived from the approval: asked at every tick from then on, it is carried out once. What
cannot be taken back is answered so in the journal, like every request.
"""

from collections.abc import Iterator

from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.follow import names
from aiops.model import Approval, ApprovalState, Ballot, Request, RequestKind

LATEST_MS = 6 * 3_600_000  # a daemon that was down for longer leaves it to people, who see it in the handover


def over(book: ApprovalBook, now_ms: int) -> Iterator[Request]:
    """Requests to take back what was approved until a time that has come."""
    for approval in book.by_id.values():
        until_ms = until(approval)
        if approval.state is not ApprovalState.EXECUTED or until_ms is None:
            continue
        if until_ms <= now_ms <= until_ms + LATEST_MS:
            yield Request(
                f"curfew-{approval.id}",
                RequestKind.UNDO,
                names(approval),
                now_ms,
                "it was approved for that day only",
                plan_id=approval.plan_id,
                step=approval.step,
                incident_id=approval.incident_id,
            )


def until(approval: Approval) -> int | None:
    """Until when it was approved: the earliest that anybody said; None: without an end."""
    ends = [one.until_ms for one in approval.votes if one.ballot is Ballot.YES and one.until_ms is not None]
    return min(ends, default=None)

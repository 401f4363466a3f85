"""Voting: what one person's answer to one approval leads to, as entries of the journal. Reads nothing itself.

Cost: O(votes of the approval), and a quorum among them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from aiops.core.approvals.book import ApprovalBook, moved_entry, voted_entry
from aiops.core.approvals.rights import answering_role, may_answer, quorum_reached
from aiops.engine.hearing import heard_entry
from aiops.model import (
    Actor,
    Approval,
    ApprovalSettings,
    ApprovalState,
    Approve,
    Ballot,
    Deny,
    Echo,
    Entry,
    Said,
    Snooze,
    Vote,
)

BALLOTS = {Approve: Ballot.YES, Deny: Ballot.NO, Snooze: Ballot.LATER}
WENT_YES = frozenset(  # pending: others are still needed
    {ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.EXECUTED}
)
LONGEST = 1_000  # characters of a reason
LONGEST_DAY_MS = 2 * 86_400_000  # "only today" ends by then in any time zone
AFTERTHOUGHT_MS = 900_000  # so long after an answer it can be limited
UNTOLD = "the API server does not say whether you may: try again"


@dataclass(frozen=True, slots=True)
class Known:
    """Who answers, with their roles (None: nobody can tell), and whose earlier yes still counts."""

    actor: Actor | None
    entitled: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()  # whose earlier yes was looked at, entitled or not


def voted(
    said: Said, known: Known, book: ApprovalBook, settings: ApprovalSettings, now_ms: int
) -> tuple[Echo, list[Entry]]:
    """What ``said`` leads to, and what of it is to be written; nothing where it is refused."""
    saying = said.saying
    assert isinstance(saying, Approve | Deny | Snooze)  # noqa: S101 - our caller's match
    approval = book.by_id.get(saying.approval_id)
    if approval is None:
        return Echo(False, f"nothing of this name is asked: {saying.approval_id[:20]}"), []
    ballot = BALLOTS[type(saying)]
    if why_not := _span(saying.until_ms, ballot, now_ms, settings):
        return Echo(False, why_not, approval), []
    if (own := _qualified(said, approval, ballot, now_ms)) is not None:
        vote = replace(own, at_ms=now_ms, until_ms=saying.until_ms, via=said.via, ref=said.ref)
        echo = Echo(True, f"only for today: {approval.summary}", approval)
        return echo, [voted_entry(approval, vote, now_ms), heard_entry(said, echo, now_ms)]
    if why_not := decided_already(approval):
        return Echo(False, why_not, approval), []
    actor = known.actor
    if actor is None:
        return Echo(False, UNTOLD, approval), []
    if ballot is Ballot.YES and actor.key in known.entitled:
        again = _completed(said, approval, known.entitled, settings, now_ms)
        if again is not None:
            return again
    if why_not := may_answer(actor, approval, settings, now_ms, ballot):
        return Echo(False, why_not, approval), []
    role = answering_role(actor, approval, settings, now_ms)
    reason = getattr(saying, "reason", "")[:LONGEST]
    vote = Vote(actor, ballot, now_ms, reason, saying.until_ms, role, said.via, said.ref)
    return _counted(said, approval, vote, known.entitled, settings)


def _completed(
    said: Said, approval: Approval, entitled: Collection[str], settings: ApprovalSettings, now_ms: int
) -> tuple[Echo, list[Entry]] | None:
    """What a yes that is said again leads to: enough other people may have said theirs, and not been counted
    while nobody could tell who they were. None where it takes more."""
    votes = tuple(one for one in approval.votes if one.actor.key in entitled)
    if now_ms >= approval.until_ms or not quorum_reached(votes, approval, settings):
        return None
    text = f"approved by {', '.join(dict.fromkeys(one.actor.name or one.actor.id for one in votes))}"
    echo = Echo(True, f"{text}: {approval.summary}", approval)
    moved = moved_entry(approval, ApprovalState.APPROVED, echo.text, now_ms)
    return echo, [moved, heard_entry(said, echo, now_ms)]


def decided_already(approval: Approval) -> str:
    """Why no answer counts, whoever gives it; "" where one may."""
    if approval.state is ApprovalState.PENDING:
        return ""
    return f"{approval.short} was decided already: {approval.state}, {approval.said}"


def _span(until_ms: int | None, ballot: Ballot, now_ms: int, settings: ApprovalSettings) -> str:
    """Why an answer cannot be until then; "" where it can."""
    if ballot is Ballot.LATER:
        longest_ms = 1000 * settings.longest_snooze_s
        fits = now_ms < (until_ms or 0) <= now_ms + longest_ms
        return "" if fits else f"expected to wait at most {longest_ms // 60_000} min, until later than now"
    fits = until_ms is None or now_ms < until_ms <= now_ms + LONGEST_DAY_MS
    return "" if fits else "expected an end later than now, within two days"


def _counted(
    said: Said, approval: Approval, vote: Vote, entitled: Collection[str], settings: ApprovalSettings
) -> tuple[Echo, list[Entry]]:
    """The vote, and what it decides."""
    who = vote.actor.name or vote.actor.id
    votes = (*(one for one in approval.votes if one.actor.key in entitled), vote)
    entries = [voted_entry(approval, vote, vote.at_ms)]
    because = f": {vote.reason}" if vote.reason else ""
    match vote.ballot:
        case Ballot.YES if not quorum_reached(votes, approval, settings):
            text = f"{who} approves {approval.short}; {approval.quorum} people are needed"
            state = None
        case Ballot.YES:
            state, text = ApprovalState.APPROVED, f"approved by {who}: {approval.summary}"
        case Ballot.NO:
            state, text = ApprovalState.DENIED, f"denied by {who}{because}"
        case Ballot.LATER:
            state, text = ApprovalState.CANCELLED, f"put off by {who}{because}"
    if state is not None:
        entries.append(moved_entry(approval, state, text, vote.at_ms))
    echo = Echo(True, text, approval)
    return echo, [*entries, heard_entry(said, echo, vote.at_ms)]


def _qualified(said: Said, approval: Approval, ballot: Ballot, now_ms: int) -> Vote | None:
    """The vote of the same person that ``said`` only limits ("only today") after it decided; else None."""
    went = {Ballot.YES: WENT_YES, Ballot.NO: frozenset({ApprovalState.DENIED})}.get(ballot, frozenset())
    if approval.state not in went or getattr(said.saying, "until_ms", None) is None:
        return None
    own = [one for one in approval.votes if one.actor.key == said.actor.key and one.ballot is ballot]
    return own[-1] if own and now_ms - own[0].at_ms <= AFTERTHOUGHT_MS else None

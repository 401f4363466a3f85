"""Follow: what an incident's life means for its approvals. One direction only: the life leads.

What people said goes the other way: see ``answers``, which turns an approval that was decided into the event
that the life waits for.
"""

from collections.abc import Iterator, Mapping

from aiops.core.approvals.book import ApprovalBook, may_move, moved_entry
from aiops.core.life import (
    Approved,
    Closed,
    Decided,
    Event,
    Failed,
    Intent,
    Life,
    Rejected,
    Snoozed,
    TimedOut,
    Unlocked,
)
from aiops.core.lifecycle import UNDER_WAY
from aiops.core.policy import why
from aiops.model import Approval, ApprovalState, Ballot, Entry, Escalate, IncidentState, Vote

State = ApprovalState


def follow(book: ApprovalBook, before: Life, event: Event, after: Life, now_ms: int) -> list[Entry]:
    """The moves of the incident's approvals that ``event`` led to."""
    entries: list[Entry] = []
    for approval in book.of_incident(after.incident_id):
        if approval.state.over:
            continue
        state, said = _next(approval, before, event, after)
        if state is None:
            continue
        if state is State.EXECUTING and approval.state is State.PENDING:
            entries.append(moved_entry(approval, State.APPROVED, said, now_ms))
        elif not may_move(approval, state):
            continue
        entries.append(moved_entry(approval, state, said, now_ms))
    return entries


def is_about(approval: Approval, intent: Intent | None) -> bool:
    """Whether the approval is the very question that ``intent`` waits for an answer to, or had one from. One
    plan may be asked about twice: where more speaks against it by now than people were shown."""
    if intent is None or (intent.digest, intent.step) != (approval.digest, approval.step):
        return False
    return not intent.question or intent.question == approval.id


def _next(approval: Approval, before: Life, event: Event, after: Life) -> tuple[ApprovalState | None, str]:
    """The state that the approval moves to, and why in words; None where it stays."""
    if approval.state is State.EXECUTING:
        if after.state in UNDER_WAY and is_about(approval, after.intent):
            return None, ""
        if isinstance(event, Failed) and not event.changed and not before.undoing:
            return State.SUPERSEDED, f"not carried out: {event.why}"
        return State.EXECUTED, "its end is in the incident"
    if after.state is IncidentState.WAITING and is_about(approval, after.intent):
        return None, ""
    if after.state in UNDER_WAY and is_about(approval, after.intent):
        by = event.by if isinstance(event, Approved) else "nobody"
        return State.EXECUTING, f"approved by {by}"
    if not is_about(approval, before.intent):
        return None, ""  # of another question of the same incident
    return _ended(event)


def _ended(event: Event) -> tuple[ApprovalState, str]:
    match event:
        case TimedOut():
            return State.EXPIRED, "nobody answered in time, which is a no"
        case Rejected(by=by):
            return State.DENIED, f"refused by {by}"
        case Snoozed(by=by):
            return State.CANCELLED, f"put off by {by}"
        case Closed(because=because):
            return State.CANCELLED, f"the incident is over: {because}"
        case Decided(decision) if isinstance(decision, Escalate):
            return State.SUPERSEDED, "another plan took its place"
        case Decided(decision):
            return State.CANCELLED, f"not asked any more: {why(decision).text}"
        case _:
            return State.CANCELLED, "not asked any more"


def answers(book: ApprovalBook, lives: Mapping[str, Life]) -> Iterator[tuple[str, Event]]:
    """The events that people's answers are, of lives that wait for them. Level, not edge: an answer that was
    journalled just before a crash is found again."""
    for incident_id, life in lives.items():
        if life.state is not IncidentState.WAITING or life.intent is None:
            continue
        for approval in book.of_incident(incident_id):
            if not is_about(approval, life.intent):
                continue
            if (event := _event(approval)) is not None:
                yield incident_id, event


def ripe(book: ApprovalBook, lives: Mapping[str, Life], now_ms: int) -> Iterator[tuple[str, Unlocked]]:
    """Incidents whose no was "only today", and the day is over: they are decided upon again."""
    newest = {approval.incident_id: approval for approval in book.by_id.values()}  # oldest first
    for approval in newest.values():  # a no that came later stands
        life = lives.get(approval.incident_id)
        until_ms = _until(approval, Ballot.NO)
        if approval.state is not State.DENIED or until_ms is None or until_ms > now_ms:
            continue
        if life is None or approval.id in life.lifted:  # once: what is left to people later stays theirs
            continue
        if life.state is IncidentState.ESCALATED and life.declined:
            yield approval.incident_id, Unlocked(names(approval), approval.id)


def _event(approval: Approval) -> Event | None:
    by = names(approval)
    match approval.state:
        case State.APPROVED:
            return Approved(approval.digest, by, decided_ms(approval))
        case State.DENIED:
            return Rejected(approval.digest, by, _until(approval, Ballot.NO))
        case State.CANCELLED:
            until_ms = _until(approval, Ballot.LATER)
            return None if until_ms is None else Snoozed(approval.digest, by, until_ms)
        case _:
            return None


def names(approval: Approval) -> str:
    """Who answered, as people know them; yes-sayers of what was approved, else the last word."""
    votes = approval.votes
    if approval.state in {State.APPROVED, State.EXECUTING, State.EXECUTED}:
        votes = tuple(one for one in votes if one.ballot is Ballot.YES)
    else:
        votes = votes[-1:]
    return ", ".join(dict.fromkeys(shown(one) for one in votes)) or "nobody"


def shown(vote: Vote) -> str:
    """Who voted, for people."""
    return vote.actor.name or vote.actor.key


def decided_ms(approval: Approval) -> int | None:
    """When the last yes came: an approval in time counts, however late the tick is that carries it out, and
    whatever somebody said to limit theirs afterwards."""
    first: dict[str, int] = {}
    for one in approval.votes:
        if one.ballot is Ballot.YES:
            first.setdefault(one.actor.key, one.at_ms)
    return max(first.values(), default=None)


def _until(approval: Approval, ballot: Ballot) -> int | None:
    found = [one.until_ms for one in approval.votes if one.ballot is ballot]
    return found[-1] if found else None


def astray(book: ApprovalBook, lives: Mapping[str, Life], now_ms: int) -> list[Entry]:
    """The ends of approvals that no life waits for any more: an answer that raced with the question's end, or
    an incident that is gone. Nothing comes of them, and people are told so."""
    entries = []
    for approval in book.open():
        life = lives.get(approval.incident_id)
        if life is not None and is_about(approval, life.intent):
            continue
        if approval.state is State.EXECUTING:
            entries.append(moved_entry(approval, State.EXECUTED, "its end is in the incident", now_ms))
        else:
            entries.append(moved_entry(approval, State.CANCELLED, "not asked any more", now_ms))
    return entries

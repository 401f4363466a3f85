"""Asking: a tick's questions. What a life asks becomes an approval; what people answered becomes an event.

Everything is an entry of the tick's own transaction, so that a question is never known to people and unknown
to the journal, nor the other way round.
"""

from collections.abc import Sequence
from dataclasses import replace

from aiops.core.approvals.ask import approval_of, quorum_of
from aiops.core.approvals.book import ApprovalBook, asked_entry, reminded_entry
from aiops.core.approvals.follow import is_about
from aiops.core.life import Ask, Command, Decided, Event, Life
from aiops.engine.rules import Rules
from aiops.model import (
    Act,
    Approval,
    ApprovalSettings,
    Decision,
    Entry,
    Escalate,
    Facts,
    Hold,
    Incident,
    IncidentState,
    Lean,
    Plan,
    Policy,
    Reason,
    Severity,
)

QUESTIONS, AMENDED, PEOPLE = "questions", "amended", "people"  # no guard is called so


def asked(
    rules: Rules,
    facts: Facts,
    book: ApprovalBook,
    incident: Incident,
    event: Event,
    commands: Sequence[Command],
    now_ms: int,
    author: tuple[str, str] = ("", ""),
) -> list[Entry]:
    """The approvals that ``event`` led to asking for; ``author`` is (key, reason) of who amended the plan."""
    if not isinstance(event, Decided):
        return []
    return [
        asked_entry(
            approval_of(
                command,
                event.decision,
                incident,
                facts,
                rules.approvals,
                book,
                now_ms,
                cluster=rules.cluster,
                author=author,
            ),
            now_ms,
        )
        for command in commands
        if isinstance(command, Ask)
    ]


def reminders(book: ApprovalBook, now_ms: int) -> list[Entry]:
    """Questions that nobody answered for a while: people are reminded, and the second tier may answer."""
    return [
        reminded_entry(one, now_ms)
        for one in book.pending()
        if not one.reminded and one.remind_ms <= now_ms < one.until_ms
    ]


def standing_question(book: ApprovalBook, life: Life) -> Approval | None:
    """The approval that ``life`` waits for; None where it waits for none."""
    if life.state is not IncidentState.WAITING:
        return None
    found = [one for one in book.of_incident(life.incident_id) if is_about(one, life.intent)]
    return found[-1] if found and not found[-1].state.over else None


def amended_plan(book: ApprovalBook, life: Life, plan: Plan | None) -> Plan | None:
    """``plan``, where it is one that a person asked for and that waits for an answer: no other is made."""
    question = standing_question(book, life)
    return plan if question is not None and question.author and plan is not None else None


def as_question(decision: Decision, policy: Policy, now_ms: int) -> Decision:
    """``decision`` about an amended plan: what would be done at once is confirmed by a person first."""
    if not isinstance(decision, Act):
        return decision
    reason = Reason(AMENDED, Lean.ESCALATE, "a person asked for it, and a person confirms it")
    until_ms = now_ms + policy.approval_deadline_s * 1000
    approvers = decision.plan.approvers or policy.approvers
    return Escalate(decision.plan, (*decision.reasons, reason), approvers, until_ms, decision.step)


def with_quorum(decision: Decision, severity: Severity, settings: ApprovalSettings) -> Decision:
    """``decision`` with what makes it take more than one person, as a reason of its own: where it comes up
    while a question waits, people are asked anew."""
    if not isinstance(decision, Escalate) or not decision.approvers:
        return decision
    step = decision.plan.steps[decision.step]
    quorum = quorum_of(step, severity, settings)
    if quorum < 2:
        return decision
    text = f"it is critical: {quorum} different people must agree"
    return replace(decision, reasons=(*decision.reasons, Reason(PEOPLE, Lean.ESCALATE, text)))


def room(book: ApprovalBook, most: int) -> int:
    """How many more questions may be asked."""
    return max(0, most - len(book.pending()))


def within_limit(decision: Decision, book: ApprovalBook, incident_id: str, most: int) -> Decision:
    """``decision``, held where so many questions wait already that one more would only tire people (H10)."""
    if not isinstance(decision, Escalate) or not decision.approvers:
        return decision
    waiting = [one for one in book.pending() if one.incident_id != incident_id]
    if len(waiting) < most:
        return decision
    text = f"{len(waiting)} questions wait for an answer already, at most {most} are asked at a time"
    return Hold(decision.plan, (*decision.reasons, Reason(QUESTIONS, Lean.HOLD, text)), None, decision.step)

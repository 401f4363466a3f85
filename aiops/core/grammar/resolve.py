"""Resolve: what an utterance is about, from the thread that it was written in (H7).

A decision without an id counts only while exactly one plan waits in its thread, that plan's question is older
than the reply, and no other plan of the thread still waited when it was written. An id has to be one that
waits in this thread. Whoever edits or quotes decides nothing. Nothing here knows who may decide: see
``aiops.core.approvals.rights``.

Times:  a reply and a question are compared by the channel's own clock; "only today" ends at the next midnight
        of the civil zone, DST included.
"""

from dataclasses import replace

from aiops.core.calendar import day_end
from aiops.core.grammar.thread import Pending, Reply, ThreadView
from aiops.core.grammar.utterance import (
    Approves,
    AsksWhy,
    CallsFalse,
    Changes,
    Chatter,
    Claims,
    Denies,
    HelpAsked,
    OnlyToday,
    Releases,
    Resumes,
    Stops,
    Unclear,
    Utterance,
    Waits,
)
from aiops.model import (
    Amend,
    Approve,
    Ballot,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Saying,
    Snooze,
    StopAll,
    Why,
)

JUST_NOW_MS = 600_000  # "only today" alone qualifies a decision that is no older
SKEW_MS = 60_000  # a decision is dated by our clock, the reply by the channel's: they may differ by so much
NEAR_MS = 5_000  # what ended is dated by our clock too; two clocks that are kept right agree to this
LONGEST_S = 86_400  # as ``approvals.longest_snooze_s``


def resolve(
    utterance: Utterance,
    thread: ThreadView,
    reply: Reply,
    *,
    timezone: str = "UTC",
    longest_s: int = LONGEST_S,
) -> Saying | Unclear | Chatter | HelpAsked:
    """What ``utterance``, written as ``reply`` in ``thread``, says. Only a Saying is to be acted upon."""
    match utterance:
        case Chatter():
            return utterance
        case Unclear():
            return _asked_about(utterance, thread)
    if reply.edited or reply.quoted:
        how = "an edited message" if reply.edited else "a quoted message"
        return Unclear(f"{how} does not count: write it anew, by itself")
    match utterance:
        case HelpAsked():
            return utterance
        case Stops(reason):
            return StopAll(reason)
        case Resumes(reason):
            return ResumeAll(reason)
        case Approves() | Denies() | Waits() | Changes():
            return _decision(utterance, thread, reply, timezone, longest_s)
        case OnlyToday():
            return _only_today(thread, reply, timezone)
        case AsksWhy() | CallsFalse() | Claims() | Releases():
            return _of_incident(utterance, thread, reply, timezone)


def _of_incident(
    utterance: AsksWhy | CallsFalse | Claims | Releases, thread: ThreadView, reply: Reply, timezone: str
) -> Saying | Unclear:
    if not thread.incident_id:
        return Unclear("it is not said of which incident: write it in the incident's thread")
    match utterance:
        case AsksWhy():
            return Why(thread.incident_id)
        case CallsFalse(reason, today):
            return FalseAlarm(thread.incident_id, reason, day_end(reply.at_ms, timezone) if today else None)
        case Claims():
            return Mine(thread.incident_id)
        case Releases():
            return Release(thread.incident_id)


def _decision(
    utterance: Approves | Denies | Waits | Changes,
    thread: ThreadView,
    reply: Reply,
    timezone: str,
    longest_s: int,
) -> Saying | Unclear:
    plan = _named(utterance, thread, reply) if utterance.name else _only_one(utterance, thread, reply)
    if isinstance(plan, Unclear):
        return plan
    midnight = day_end(reply.at_ms, timezone)
    match utterance:
        case Approves(today=today):
            return Approve(plan.approval_id, midnight if today else None)
        case Denies(today=today, reason=reason):
            return Deny(plan.approval_id, reason, midnight if today else None)
        case Changes(remediation=remediation, parameters=parameters, reason=reason):
            return Amend(plan.approval_id, remediation, parameters, reason)
        case Waits(for_s=for_s):
            if for_s > longest_s:
                most = _span(longest_s)
                return Unclear(f"it may wait {most} at most", f"wait {plan.short} {most}")
            return Snooze(plan.approval_id, reply.at_ms + for_s * 1000)


def _named(
    utterance: Approves | Denies | Waits | Changes, thread: ThreadView, reply: Reply
) -> Pending | Unclear:
    name = utterance.name
    for plan in thread.pending:
        longer = len(name) > len(plan.short) and plan.approval_id.startswith(name)
        if name == plan.short or longer:
            if plan.posted_ms < reply.at_ms:
                return plan
            return Unclear(f"{plan.short} was asked after this was written: read it first")
    if name in thread.elsewhere:
        return Unclear(f"{name} is asked about in another thread: answer it there")
    waits = f"{_listed(thread)} here" if thread.pending else "nothing waits here"
    return Unclear(f"no plan {name} waits in this thread, {waits}", _instead(utterance, thread))


def _only_one(
    utterance: Approves | Denies | Waits | Changes, thread: ThreadView, reply: Reply
) -> Pending | Unclear:
    if not thread.pending:
        return Unclear("no plan waits for an answer in this thread")
    if len(thread.pending) > 1:
        return Unclear(f"it does not say which: {_listed(thread)} here", _instead(utterance, thread))
    plan = thread.pending[0]
    instead = _instead(utterance, thread)
    if plan.posted_ms >= reply.at_ms:
        return Unclear(f"{plan.short} was asked after this was written: read it first", instead)
    if thread.ended_ms is not None and thread.ended_ms + NEAR_MS >= reply.at_ms:
        return Unclear("another plan still waited when this was written: it does not say which", instead)
    return plan


def _only_today(thread: ThreadView, reply: Reply, timezone: str) -> Saying | Unclear:
    lately = [one for one in thread.recent if -SKEW_MS <= reply.at_ms - one.at_ms <= JUST_NOW_MS]
    if len(lately) != 1:
        found = "you decided nothing" if not lately else "you decided more than one thing"
        return Unclear(
            f"{found} here in the last ten minutes: say it with the decision", "approve a1b2 only today"
        )
    until_ms = day_end(reply.at_ms, timezone)
    if lately[0].ballot is Ballot.YES:
        return Approve(lately[0].approval_id, until_ms)
    return Deny(lately[0].approval_id, lately[0].reason, until_ms)


def _asked_about(unclear: Unclear, thread: ThreadView) -> Unclear | Chatter:
    """What was unclear by itself, with the id of the first plan that it may be about."""
    if unclear.only_if_asked and not thread.pending:
        return Chatter()
    instead = unclear.did_you_mean
    if thread.pending and instead in {"approve", "deny"}:
        return replace(unclear, did_you_mean=f"{instead} {thread.pending[0].short}")
    return unclear


def _instead(utterance: Approves | Denies | Waits | Changes, thread: ThreadView) -> str:
    """What could be written, with the id of the oldest plan that waits."""
    if not thread.pending:
        return ""
    short = thread.pending[0].short
    match utterance:
        case Approves():
            return f"approve {short}"
        case Denies():
            return f"deny {short} because ..."
        case Waits(for_s=for_s):
            return f"wait {short} {for_s // 60}m"
        case Changes(remediation="scale_to", parameters=parameters):
            return f"{short}: scale to {parameters['replicas']} instead"
        case Changes(remediation="rollback", parameters=parameters):
            to = f" to {parameters['revision']}" if parameters else ""
            return f"{short}: roll back{to} instead"
        case Changes():
            return f"{short}: restart instead"


def _span(seconds: int) -> str:
    """ "24h" or "90m": as the grammar reads it."""
    return f"{seconds // 3600}h" if seconds % 3600 == 0 else f"{seconds // 60}m"


def _listed(thread: ThreadView) -> str:
    *rest, last = [plan.short for plan in thread.pending]
    return f"{', '.join(rest)} and {last} wait" if rest else f"{last} waits"

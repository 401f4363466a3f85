"""Blocks: notices as Block Kit JSON, within Slack's limits. Pure: no network, no clock.

Input:   Card, Question, Note as the herald hands them over; texts are raw and are escaped here (H9).
Output:  the arguments ``text``, ``blocks`` and ``attachments`` of chat.postMessage and chat.update.
Limits:  50 blocks a message, 3000 characters a text, some 13,000 in all blocks, 75 a button, 2000 a value.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiops.adapters.slack.escape import escape, escape_lines, unmarked, user
from aiops.core.words import count, minute, percent
from aiops.model import Approval, ApprovalState, Ballot, Card, Note, Plan, Question

Block = dict[str, Any]
Message = dict[str, Any]

LONGEST, LONGEST_LINE, LONGEST_COMMAND, MOST_BLOCKS = 3000, 600, 2000, 50
PART, WHOLE = 4000, 10_000  # characters of a part of a message, and of one that is nothing but text
BUTTON, TITLE, CONFIRM = 75, 24, 300
APPROVE, DENY, SNOOZE, WHY, AMEND = "aiops_approve", "aiops_deny", "aiops_snooze", "aiops_why", "aiops_amend"
SNOOZE_MS = 30 * 60_000  # of the button; a reply may say another time

# Word first: neither colour nor emoji says anything that the word beside it does not.
STAGES: Mapping[str, tuple[str, str]] = {
    "open": (":red_circle:", "#d92d20"),
    "diagnosing": (":mag:", "#d92d20"),
    "waiting": (":raised_hand:", "#f79009"),
    "acting": (":wrench:", "#2e90fa"),
    "verifying": (":eyes:", "#2e90fa"),
    "verified": (":white_check_mark:", "#12b76a"),
    "escalated": (":rotating_light:", "#b42318"),
    "resolved": (":white_check_mark:", "#12b76a"),
    "closed": (":white_circle:", "#98a2b3"),
}
ENDS: Mapping[ApprovalState, str] = {
    ApprovalState.PENDING: ":raised_hand:",
    ApprovalState.APPROVED: ":thumbsup:",
    ApprovalState.EXECUTING: ":wrench:",
    ApprovalState.EXECUTED: ":white_check_mark:",
}
_OVER = ":no_entry_sign:"
_BY_HAND = {  # the automation does not do it: whoever still wants it types it
    ApprovalState.PENDING,
    ApprovalState.DENIED,
    ApprovalState.EXPIRED,
    ApprovalState.CANCELLED,
}
_OURS = re.compile(r"slack:T[A-Z0-9]+/([UW][A-Z0-9]{1,20})")


def place(cluster: str) -> str:
    """The cluster's name as people are shown it, raw; there may be only one, without a name."""
    return cluster or "this cluster"


def card_message(card: Card) -> Message:
    """An incident as it stands. Equal for two cards that differ only in when they were made."""
    incident = card.incident
    emoji, colour = STAGES.get(card.stage, STAGES["open"])
    what = f"{escape(incident.incident_class.replace('_', ' '), 100)} of {escape(str(incident.prime), 300)}"
    headline = f"{emoji} *{escape(card.stage, 40)}* on *{escape(place(card.cluster), 100)}*: {what}"
    body = _sections(_card_lines(card))
    about = f"{place(card.cluster)} · incident {incident.id} · reply in this thread: why? · I'm on it · help"
    return {
        "text": headline,
        "blocks": [_section(headline)],
        "attachments": [{"color": colour, "fallback": headline, "blocks": [*body, _context(escape(about))]}],
    }


def _card_lines(card: Card) -> Iterable[str]:
    incident = card.incident
    times = f"since {minute(incident.since_ms)} UTC, seen {minute(incident.opened_ms)} UTC"
    yield f"Severity *{incident.severity}*, {times}" + (
        f", over {minute(incident.closed_ms)} UTC" if incident.closed_ms is not None else ""
    )
    yield escape(incident.opened_because, LONGEST_LINE)
    for suspect in incident.suspects[:3]:
        why = suspect.evidence[0].what if suspect.evidence else suspect.change
        line = f"{suspect.target}: {percent(suspect.confidence)}" + (f", {why}" if why else "")
        yield f"• suspect {escape(line, LONGEST_LINE)}"
    if card.decision:
        yield f"*Decision:* {escape(card.decision, LONGEST_LINE)}"
    yield from (f"• {escape(line, LONGEST_LINE)}" for line in card.lines)
    if card.pending:
        yield f"*Waits for an answer:* {', '.join(f'`{escape(short, 20)}`' for short in card.pending[:20])}"
    if card.claimed_by:
        yield f"*{escape(card.claimed_by, 200)} is on it*: automation keeps off until released"
    if card.silenced:
        yield f"Silenced: {escape(card.silenced, LONGEST_LINE)}"
    if incident.closed_because:
        yield f"Ended: {escape(incident.closed_because, LONGEST_LINE)}"


def question_message(question: Question, mentions: str = "", shortfall: str = "") -> Message:
    """An approval: with buttons while it waits, else with what became of it.

    ``mentions`` is ours; ``shortfall`` is what is wrong with who could say yes, "" for nothing.
    """
    approval = question.approval
    where = escape(place(approval.cluster), 100)
    pending = approval.state is ApprovalState.PENDING
    asked = f"`{escape(approval.short, 20)}` on *{where}*: {escape(approval.summary, LONGEST_LINE)}"
    first = f"{ENDS.get(approval.state, _OVER)} *{'Approve?' if pending else str(approval.state)}* {asked}"
    blocks = [_section(f"{first}\n{mentions}" if pending and mentions else first)]
    if not pending:
        blocks += _sections(_ended(approval))
    blocks += _sections(_facts(question))
    if shortfall:
        blocks.append(_section(f":warning: *{escape(shortfall, LONGEST_LINE)}*"))
    if approval.command and approval.state in _BY_HAND:
        command = escape_lines(approval.command, LONGEST_COMMAND)
        blocks.append(_section(f"By hand instead:\n```{command}```"))
    blocks.append(_context(escape(_rules(approval) if pending else f"plan {approval.digest[:12]}", 1000)))
    if pending:
        blocks.append(_buttons(approval))
    return {"text": first, "blocks": blocks[:MOST_BLOCKS]}


def _facts(question: Question) -> Iterable[str]:
    approval = question.approval
    yield (
        f"Target {escape(approval.target, 300)}, impact *{approval.impact}*, severity *{approval.severity}*, "
        f"playbook {escape(approval.playbook, 100)}"
    )
    if approval.state is ApprovalState.PENDING:  # later ones are not what people were shown
        yield from (f"• API server: {escape(fact, LONGEST_LINE)}" for fact in question.facts)
    yield escape(_radius(question.plan, approval.step), LONGEST_LINE)
    yield from (f"• asked because: {escape(reason, LONGEST_LINE)}" for reason in approval.because)
    if approval.author:
        why = f": {approval.author_why}" if approval.author_why else ""
        yield f"Changed by {_person(approval.author)}{escape(why, LONGEST_LINE)}"


def _person(key: str) -> str:
    """Whom a key of an actor means: a mention of one of ours, else the key itself."""
    ours = _OURS.fullmatch(key)
    return user(ours[1]) if ours else escape(key, 200)


def _radius(plan: Plan, index: int) -> str:
    """The blast radius of the step, in words."""
    if not 0 <= index < len(plan.steps):
        return "Blast radius unknown"
    step = plan.steps[index]
    radius = step.blast_radius
    share = f" ({percent(radius.share)} of the target's)" if radius.share else ""
    parts = [f"at most {count(radius.pods, 'pod')}{share}" if radius.pods else "no pod"]
    parts += [count(radius.workloads, "workload")] if radius.workloads > 1 else []
    parts += [count(radius.nodes, "node")] if radius.nodes else []
    match radius.at_once:
        case None:
            parts.append("how many ready pods are away at once is not known")
        case 0:
            parts.append("no ready pod is away meanwhile")
        case many:
            parts.append(f"at most {count(many, 'ready pod')} away at once")
    undo = "it can be undone" if step.undo is not None else "it cannot be undone"
    return f"Blast radius: {', '.join(parts)}; {undo}"


def _rules(approval: Approval) -> str:
    who = ", ".join(approval.roles) or "nobody"
    need = "one yes" if approval.quorum <= 1 else f"yes from {approval.quorum} different people"
    more = f", then {', '.join(approval.second_tier)}" if approval.second_tier else ""
    return (
        f"{place(approval.cluster)} · {need} of {who}{more} · "
        f"no answer by {minute(approval.until_ms)} UTC is a no · or reply: "
        f"approve {approval.short} · deny {approval.short} because … · wait {approval.short} 30m · help"
    )


def _ended(approval: Approval) -> Iterable[str]:
    """What became of it."""
    if approval.said:
        yield f"*{escape(approval.said, LONGEST_LINE)}*"
    words = {Ballot.YES: "yes", Ballot.NO: "no", Ballot.LATER: "later"}
    for vote in approval.votes[-10:]:
        reason = f": {vote.reason}" if vote.reason else ""
        who = vote.actor.name or vote.actor.key
        yield escape(f"• {words[vote.ballot]} by {who} at {minute(vote.at_ms)} UTC{reason}", LONGEST_LINE)


def _buttons(approval: Approval) -> Block:
    """Each names short id and cluster; its value is the approval's id and the plan's digest, nothing else."""
    value = f"{approval.id} {approval.digest}"
    what = f"{approval.short} on {place(approval.cluster)}"

    def button(action: str, word: str, style: str = "") -> Block:
        made: Block = {
            "type": "button",
            "action_id": action,
            "text": {"type": "plain_text", "text": unmarked(f"{word} {what}", BUTTON), "emoji": False},
            "value": value,
        }
        return {**made, "style": style} if style else made

    sure = {
        "title": {"type": "plain_text", "text": "Approve?", "emoji": False},
        "text": {
            "type": "plain_text",
            "text": unmarked(f"On {place(approval.cluster)}: {approval.summary}", CONFIRM),
            "emoji": False,
        },
        "confirm": {"type": "plain_text", "text": "Approve", "emoji": False},
        "deny": {"type": "plain_text", "text": "Not yet", "emoji": False},
    }
    return {
        "type": "actions",
        "block_id": f"aiops:{approval.id}",
        "elements": [
            {**button(APPROVE, "Approve", "primary"), "confirm": sure},
            button(DENY, "Deny", "danger"),
            button(SNOOZE, "Snooze 30 min"),
            button(WHY, "Why?"),
            button(AMEND, "Amend…"),
        ],
    }


def note_message(note: Note, cluster: str, mentions: str = "") -> Message:
    """A detail. ``mentions`` is ours, and comes first."""
    lines = [escape(line, LONGEST_LINE * 2) for line in note.text.splitlines() if line.strip()] or [
        "(nothing)"
    ]
    head = f"*{escape(place(cluster), 100)}*: {lines[0]}"
    lines[0] = f"{mentions} {head}" if mentions else head
    return {"text": lines[0][:LONGEST], "blocks": _sections(lines, WHOLE)}


def echo_message(text: str, cluster: str, who: str, *, done: bool) -> Message:
    """What became of a saying; ``who`` is a mention of ours."""
    sign = ":white_check_mark:" if done else ":no_entry_sign:"
    lines = [escape(line, LONGEST_LINE * 2) for line in text.splitlines() if line.strip()] or ["(nothing)"]
    lines[0] = f"{sign} {who} on *{escape(place(cluster), 100)}*: {lines[0]}"
    return {"text": lines[0][:LONGEST], "blocks": _sections(lines, WHOLE)}


def _section(text: str) -> Block:
    """``text`` is escaped; verbatim, so that Slack makes no links and mentions of its own."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _sections(lines: Iterable[str], most: int = PART) -> list[Block]:
    """Lines packed into as few sections as they fit in; what is too much is counted, not shown."""
    texts: list[str] = []
    left = most
    rows: Sequence[str] = [line for line in lines if line]
    for index, line in enumerate(rows):
        left -= len(line) + 1
        if left < 0:
            texts.append(f"… and {len(rows) - index} lines more: see `aiops explain`")
            break
        if texts and len(texts[-1]) + 1 + len(line) <= LONGEST:
            texts[-1] = f"{texts[-1]}\n{line}"
        else:
            texts.append(line)
    return [_section(text) for text in texts]

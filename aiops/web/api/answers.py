"""Answers: approvals, and everything that a person may say, through the one door of the forum.

Who may is judged there. Here it is only found out who asks, what the channel itself grants them (a
SubjectAccessReview a role), and which approval or incident is meant.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from aiops.core.redact import BY_HAND
from aiops.model import (
    Actor,
    Amend,
    Approval,
    Approve,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Said,
    Saying,
    Snooze,
    StopAll,
)
from aiops.ports import Forum
from aiops.web.api.incidents import find
from aiops.web.api.operations import Call
from aiops.web.api.reading import Reading
from aiops.web.api.values import Answered, Approvals
from aiops.web.auth import not_signed_in
from aiops.web.problems import Refused


def listed(reading: Reading, call: Call) -> Approvals:
    """Approvals, oldest first."""
    found = _forum(reading).approvals(pending=call.query.pending)
    return Approvals(tuple(_shown(one, call.actor) for one in found))


def one(reading: Reading, call: Call) -> Approval:
    """One approval."""
    return _shown(_approval(reading, call.name), call.actor)


def approve(reading: Reading, call: Call) -> Answered:
    """Yes."""
    return _answer(reading, call, lambda approval: Approve(approval.id, call.body.until_ms))


def deny(reading: Reading, call: Call) -> Answered:
    """No."""
    return _answer(reading, call, lambda one: Deny(one.id, call.body.reason, call.body.until_ms))


def snooze(reading: Reading, call: Call) -> Answered:
    """Later."""
    return _answer(reading, call, lambda one: Snooze(one.id, call.body.until_ms, call.body.reason))


def amend(reading: Reading, call: Call) -> Answered:
    """Another step instead."""
    asked = call.body
    return _answer(
        reading, call, lambda one: Amend(one.id, asked.remediation, asked.parameters, asked.reason)
    )


def mine(reading: Reading, call: Call) -> Answered:
    """ "I'm on it"."""
    return _about(reading, call, Mine)


def release(reading: Reading, call: Call) -> Answered:
    """Automation may go on."""
    return _about(reading, call, Release)


def false_alarm(reading: Reading, call: Call) -> Answered:
    """It was none."""
    reason, until_ms = call.body.reason, call.body.until_ms
    return _about(reading, call, lambda incident_id: FalseAlarm(incident_id, reason, until_ms))


def stop(reading: Reading, call: Call) -> Answered:
    """Pull the kill switch. What the API server grants is not asked: stopping must not wait for it."""
    return _say(reading, call, StopAll(call.body.reason))


def resume(reading: Reading, call: Call) -> Answered:
    """Let the kill switch go; the whole cluster's, so roles of one namespace do not count."""
    return _say(reading, call, ResumeAll(call.body.reason), reading.roles)


def _answer(reading: Reading, call: Call, make: Callable[[Approval], Saying]) -> Answered:
    approval = _approval(reading, call.name)
    if call.body.digest and call.body.digest != approval.digest:
        return Answered(False, f"{approval.short} is about another plan than the one you were shown")
    return _say(reading, call, make(approval), (*approval.roles, *approval.second_tier), approval.namespace)


def _about(reading: Reading, call: Call, make: Callable[[str], Saying]) -> Answered:
    row = find(reading, call.name)
    namespace = row.namespaces[0] if row.namespaces else ""
    return _say(reading, call, make(row.id), reading.roles, namespace)


def _say(
    reading: Reading, call: Call, saying: Saying, roles: Sequence[str] = (), namespace: str = ""
) -> Answered:
    """Say it, as whoever asks, with the roles that their channel grants."""
    actor = call.actor
    if actor is None:
        raise not_signed_in()
    names = tuple(dict.fromkeys(roles))
    if names:
        granted = reading.authenticator.roles(actor, names, namespace)
        actor = replace(actor, roles=tuple(sorted(granted)))
    echo = _forum(reading).say(Said(actor, saying, reading.now_ms(), call.via, call.ref))
    return Answered(echo.done, echo.text, echo.approval)


def _approval(reading: Reading, name: str) -> Approval:
    found = _forum(reading).approval(name)
    if found is None:
        raise Refused(404, f"approval {name[:60]}", "none, or more than one", "its id, or its short id")
    return found


def _forum(reading: Reading) -> Forum:
    if reading.forum is None:
        raise Refused(503, "forum", "none", "a daemon that runs: nobody can answer here")
    return reading.forum


def _shown(approval: Approval, actor: Actor | None) -> Approval:
    """``approval``; to nobody that we know without the command, which may hold values of variables (S8)."""
    if actor is not None:
        return approval
    because = tuple(reason.partition(BY_HAND)[0] for reason in approval.because)
    return replace(approval, command="", because=because)

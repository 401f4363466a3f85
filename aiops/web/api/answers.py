"""Answers: approvals, and everything that a person may say, through the one door of the forum.

Who may is judged there, with what the API server grants them at that moment. Here it is only found out who
asks, and which approval or incident is meant.
"""

from collections.abc import Callable
from dataclasses import asdict, replace

from aiops.core.redact import BY_HAND
from aiops.model import (
    Actor,
    Amend,
    Approval,
    Approve,
    AskFor,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    Request,
    RequestKind,
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
    """Pull the kill switch."""
    return _say(reading, call, StopAll(call.body.reason))


def resume(reading: Reading, call: Call) -> Answered:
    """Let the kill switch go."""
    return _say(reading, call, ResumeAll(call.body.reason))


def ask(reading: Reading, call: Call) -> Answered:
    """Undo, unlock, ...: handed in; what becomes of it is in the journal, under its id."""
    if call.actor is None:
        raise not_signed_in()
    try:
        given = {**asdict(call.body), "kind": RequestKind(call.body.kind)}
        request = Request(by=call.actor.key, at_ms=reading.now_ms(), **given)
    except ValueError as error:
        raise Refused(400, "body", "less than that", str(error).removeprefix("request: expected ")) from error
    return _say(reading, call, AskFor(request))


def _answer(reading: Reading, call: Call, make: Callable[[Approval], Saying]) -> Answered:
    approval = _approval(reading, call.name)
    if call.body.digest and call.body.digest != approval.digest:
        return Answered(False, f"{approval.short} is about another plan than the one you were shown")
    return _say(reading, call, make(approval))


def _about(reading: Reading, call: Call, make: Callable[[str], Saying]) -> Answered:
    return _say(reading, call, make(find(reading, call.name).id))


def _say(reading: Reading, call: Call, saying: Saying) -> Answered:
    """Say it, as whoever asks."""
    if call.actor is None:
        raise not_signed_in()
    echo = _forum(reading).say(Said(call.actor, saying, reading.now_ms(), call.via, call.ref))
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

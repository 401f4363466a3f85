"""Table: every route of the API, once. Routes, their description and its page are made from it."""

from collections.abc import Mapping

from aiops.model import Approval
from aiops.web.api import answers, incidents, journal, openapi
from aiops.web.api.operations import Call, Operation, Token
from aiops.web.api.reading import Reading
from aiops.web.api.values import (
    AmendBody,
    Answered,
    Approvals,
    ApprovalsQuery,
    ApproveBody,
    DenyBody,
    FalseAlarmBody,
    Happened,
    Head,
    Incidents,
    IncidentsQuery,
    Journal,
    JournalQuery,
    NoBody,
    OneIncident,
    ReasonBody,
    RequestBody,
    SnoozeBody,
)


def _status(reading: Reading, _: Call) -> Mapping[str, object]:
    return reading.status()


def _description(reading: Reading, _: Call) -> Mapping[str, object]:
    return openapi.describe(OPERATIONS, reading.version)


def _nothing(_: Reading, __: Call) -> object:
    raise NotImplementedError("a stream is not answered at once")  # pragma: no cover - see events.py


def _say(id_: str, path: str, summary: str, work: object, body: type = NoBody) -> Operation:
    return Operation(
        id=id_,
        method="POST",
        path=path,
        summary=summary,
        answer=Answered,
        work=work,  # type: ignore[arg-type]  # one of the functions of ``answers``
        body=body,
        token=Token.ALWAYS,
        refusals=(409, 413, 415) if "{id}" not in path else (404, 409, 413, 415),
    )


def _get(id_: str, path: str, summary: str, answer: type, work: object, **more: object) -> Operation:
    return Operation(id_, "GET", path, summary, answer, work, **more)  # type: ignore[arg-type]  # as above


OPERATIONS: tuple[Operation, ...] = (
    _get(
        "listIncidents",
        "/incidents",
        "Incidents, newest first.",
        Incidents,
        incidents.listed,
        query=IncidentsQuery,
    ),
    _get(
        "getIncident",
        "/incidents/{id}",
        "One incident as it stands, and what was done about it.",
        OneIncident,
        incidents.one,
        refusals=(404,),
    ),
    _get(
        "listApprovals",
        "/approvals",
        "Questions to people, oldest first.",
        Approvals,
        answers.listed,
        query=ApprovalsQuery,
    ),
    _get(
        "getApproval",
        "/approvals/{id}",
        "One question, by its id or short id. The command for a hand is shown to people with a token.",
        Approval,
        answers.one,
        refusals=(404,),
    ),
    _say(
        "approve",
        "/approvals/{id}/approve",
        "Yes to exactly this question.",
        answers.approve,
        ApproveBody,
    ),
    _say("deny", "/approvals/{id}/deny", "No.", answers.deny, DenyBody),
    _say("snooze", "/approvals/{id}/snooze", "Not now.", answers.snooze, SnoozeBody),
    _say("amend", "/approvals/{id}/amend", "Another step instead.", answers.amend, AmendBody),
    _say("mine", "/incidents/{id}/mine", "I'm on it: automation keeps off its targets.", answers.mine),
    _say("release", "/incidents/{id}/release", "Automation may go on with its targets.", answers.release),
    _say(
        "falseAlarm",
        "/incidents/{id}/false-alarm",
        "It was none: leads to a bounded, reversible adjustment.",
        answers.false_alarm,
        FalseAlarmBody,
    ),
    _say("stop", "/stop", "Pull the kill switch. Anybody with a token may.", answers.stop, ReasonBody),
    _say("resume", "/resume", "Let the kill switch go.", answers.resume, ReasonBody),
    _say(
        "ask",
        "/requests",
        "Undo a step, unlock a target or a breaker, accept a rise of autonomy, undo or renew feedback. "
        "What became of it is the record request_ended of the journal.",
        answers.ask,
        RequestBody,
    ),
    _get(
        "readJournal",
        "/journal",
        "Records as stored, oldest first. They hold what was written to the cluster.",
        Journal,
        journal.page,
        query=JournalQuery,
        token=Token.ALWAYS,
    ),
    _get("getHead", "/journal/head", "The newest record.", Head, journal.head),
    _get("getStatus", "/status", "How the loop stands.", dict, _status),
    _get(
        "followEvents",
        "/events",
        "Server-sent events: the journal has grown. Last-Event-ID goes on from there.",
        Happened,
        _nothing,
        streams=True,
    ),
    _get("describe", "/openapi.json", "This description.", dict, _description),
)

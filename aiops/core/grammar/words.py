"""Words: what is answered to a reply: help, what was unclear, and the decision that it became."""

from collections.abc import Mapping
from datetime import UTC, datetime

from aiops.core.grammar.utterance import Unclear
from aiops.model import (
    Amend,
    Approve,
    AskFor,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    Request,
    ResumeAll,
    Saying,
    Snooze,
    StopAll,
    Why,
)
from aiops.model.civil import zone

HELP = """\
What can be said here, word for word. An id such as a1b2 names one plan; without it, the only one that waits.
- approve a1b2 | approve a1b2 only today
- deny a1b2 because ... | deny a1b2 only today because ...
- wait a1b2 30m | snooze a1b2 2h
- a1b2: scale to 6 instead | a1b2: restart instead | a1b2: roll back to 41 instead (asked about anew)
- why?
- only today (of what you have just decided)
- false alarm: the reason | false alarm only today: the reason
- I'm on it (automation keeps off what this incident is about) | release
- stop everything (anybody may) | resume everything (approvers may)
- help
Anything else changes nothing."""


def explain(unclear: Unclear) -> str:
    """What to answer to an unclear reply."""
    instead = f' Did you mean "{unclear.did_you_mean}"?' if unclear.did_you_mean else ""
    return f"Nothing was decided: {unclear.because}.{instead}"


def describe(saying: Saying, shorts: Mapping[str, str] | None = None, timezone: str = "UTC") -> str:
    """The structured decision that a saying is, in plain words. ``shorts``: short ids by approval id."""
    names = shorts or {}
    match saying:
        case Approve(approval_id, until_ms):
            return f"approve plan {_short(approval_id, names)}{_until(until_ms, timezone)}"
        case Deny(approval_id, reason, until_ms):
            return f"deny plan {_short(approval_id, names)}{_until(until_ms, timezone)}{_because(reason)}"
        case Snooze(approval_id, until_ms, reason):
            when = _at(until_ms, timezone)
            return f"put plan {_short(approval_id, names)} off until {when}{_because(reason)}"
        case Amend(approval_id, remediation, parameters, reason):
            values = ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
            with_ = f" with {values}" if values else ""
            instead = f"instead of plan {_short(approval_id, names)}, plan {remediation}{with_}"
            return f"{instead}, and ask about that{_because(reason)}"
        case Why(incident_id):
            return f"show why incident {incident_id} is open and what speaks for its plan"
        case FalseAlarm(incident_id, reason, until_ms):
            return f"incident {incident_id} was a false alarm{_until(until_ms, timezone)}: {reason}"
        case Mine(incident_id):
            return f"keep automation off the targets of incident {incident_id} until they are released"
        case Release(incident_id):
            return f"let automation go on with the targets of incident {incident_id}"
        case StopAll(reason):
            return f"stop every write of the automation{_because(reason)}"
        case ResumeAll(reason):
            return f"let the automation write again{_because(reason)}"
        case AskFor(request):
            return f"{request.kind.replace('_', ' ')} {_object_of(request)}{_because(request.reason)}"


def _object_of(request: Request) -> str:
    if request.plan_id:
        return f"step {request.step} of plan {request.plan_id}"
    places = (request.target, request.playbook or "", request.scope, request.adjustment)
    return " ".join(one for one in places if one) or "all playbooks"


def _short(approval_id: str, shorts: Mapping[str, str]) -> str:
    return shorts.get(approval_id, approval_id)


def _because(reason: str) -> str:
    return f", because: {reason}" if reason else ""


def _until(until_ms: int | None, timezone: str) -> str:
    return "" if until_ms is None else f", only until {_at(until_ms, timezone)}"


def _at(at_ms: int, timezone: str) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone(timezone))
    return f"{at:%Y-%m-%d %H:%M} {timezone}"

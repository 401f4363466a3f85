"""Moments: the lines of a timeline, one after another, from the journal's records."""

from collections.abc import Iterable, Iterator

from aiops.core.ledger import decision_of
from aiops.core.policy import phrase
from aiops.core.words import day
from aiops.engine.entries import INCIDENT_KINDS, if_known_of
from aiops.model import Alert, Anomaly, Entry, Incident, IncidentState, Moment, Record
from aiops.model.wire import from_json

MOST_JOINED = 3  # names of one moment


def timeline(records: Iterable[Record]) -> Iterator[Moment]:
    """What an incident's records tell, in their order."""
    before: Incident | None = None
    for record in records:
        entry = record.entry
        if entry.kind == "decided":
            yield Moment(entry.at_ms, "decided", decided_words(entry))
        elif entry.kind == "life_advanced":
            yield from unanswered(entry)
        elif entry.kind in INCIDENT_KINDS:
            now = from_json(Incident, entry.payload["incident"])
            yield from news(entry, before, now)
            before = now


def news(entry: Entry, before: Incident | None, now: Incident) -> Iterator[Moment]:
    """What is new in an incident since it was last written down."""
    match entry.kind:
        case "incident_opened":
            yield Moment(entry.at_ms, "opened", now.opened_because)
            if now.suspects:
                yield Moment(entry.at_ms, "suspect", suspect_words(now))
        case "incident_closed":
            yield Moment(entry.at_ms, "closed", now.closed_because)
        case _:
            what = entry.payload["what"]
            if "reopened" in what:
                yield Moment(entry.at_ms, "reopened", f"came back, for the {now.flaps}. time")
            known = {(one.key, one.kind) for one in before.anomalies} if before is not None else set()
            joined = [one for one in now.anomalies if (one.key, one.kind) not in known]
            if joined:
                yield Moment(entry.at_ms, "joined", joined_words(joined))
            if "suspect" in what and now.suspects:
                yield Moment(entry.at_ms, "suspect", suspect_words(now))
            if before is not None and before.incident_class != now.incident_class:
                words = f"{now.incident_class}, before {before.incident_class}".replace("_", " ")
                yield Moment(entry.at_ms, "class", words)
            if before is not None and before.severity != now.severity:
                yield Moment(entry.at_ms, "severity", f"{now.severity}, before {before.severity}")


def unanswered(entry: Entry) -> Iterator[Moment]:
    """A question whose time ran out."""
    if entry.payload["event"] == "timedout" and entry.payload["life"]["state"] == IncidentState.ESCALATED:
        yield Moment(entry.at_ms, "no answer", "nobody answered in time: it stays with people")


def apart(record: Record) -> Iterator[Moment]:
    """The line that a storm or a blindness gives."""
    entry = record.entry
    match entry.kind:
        case "storm_began":
            yield Moment(entry.at_ms, "storm", str(entry.payload["because"]))
        case "storm_ended":
            yield Moment(entry.at_ms, "calm", str(entry.payload["because"]))
        case "sight_changed" if entry.payload["blind"]:
            yield Moment(entry.at_ms, "blind", str(entry.payload["because"]))
        case "sight_changed":
            yield Moment(entry.at_ms, "seeing", "all signals answer in full")


def decided_words(entry: Entry) -> str:
    """The decision, or what it would have been where the dry run knows better."""
    decision, if_known = decision_of(entry), if_known_of(entry)
    return f"would have {phrase(if_known)}" if if_known is not None else phrase(decision)


def suspect_words(incident: Incident) -> str:
    """The first suspect with its best evidence."""
    first = incident.suspects[0]
    best = max(first.evidence, key=lambda one: one.weight, default=None)
    return f"{first.target} ({first.confidence:.0%})" + (f": {best.what}" if best else "")


def joined_words(joined: list[Anomaly]) -> str:
    """What left its band too, or is heading for its limit."""
    names = [f"{one.signal} of {one.target}{heading(one)}" for one in joined[:MOST_JOINED]]
    more = f" and {len(joined) - MOST_JOINED} more" if len(joined) > MOST_JOINED else ""
    return ", ".join(names) + more


def heading(one: Anomaly) -> str:
    """When a predicted anomaly is to come true; "" for one that was observed."""
    return f", at its limit by {day(one.expected_at_ms)}" if one.expected_at_ms is not None else ""


def alert_words(alert: Alert) -> str:
    """An alert with the page that a person reads."""
    return " ".join(part for part in (alert.name, alert.severity, alert.runbook_url) if part)

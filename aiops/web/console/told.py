"""Told: what the journal says of one incident, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.chronicle import OURSELVES, tell
from aiops.core.classify import TABLE
from aiops.core.kubectl import command_of
from aiops.core.ledger import KINDS as DECISIONS
from aiops.core.ledger import STREAM as ACTIONS
from aiops.core.ledger import decision_of
from aiops.core.redact import BY_HAND, redact, without_values
from aiops.core.words import percent, span
from aiops.model import Change, Decided, Decision, Incident, Plan, Record, Step, Verification
from aiops.model.wire import from_json
from aiops.ports import Store
from aiops.web.report.change import as_yaml, heading
from aiops.web.report.decisions import DecisionView, decision_view, main_decision
from aiops.web.report.view import anomaly_words, worth_naming

INCIDENT = ("incident_opened", "incident_changed", "incident_closed")
SUMMARIES = {row.name: row.summary for row in reversed(TABLE)}
MOST_SUSPECTS, MOST_LINES = 6, 500
SORTS = {
    "incident_opened": "opened",
    "incident_changed": "changed",
    "incident_closed": "closed",
    "evidence_seen": "samples",
    "evidence_captured": "evidence",
    "decided": "decided",
    "life_advanced": "life",
    "plan_started": "started",
    "rung_started": "started",
    "change_sending": "sent",
    "change_answered": "answered",
    "step_waits": "waits",
    "step_ended": "outcome",
    "approval_asked": "asked",
    "approval_voted": "answer",
    "approval_reminded": "reminded",
    "approval_moved": "approval",
    "claimed": "claimed",
    "released": "released",
    "said": "said",
    "requested": "request",
    "request_ended": "request",
    "reverted": "undone",
    "overwritten": "overwritten",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One record in a line."""

    seq: int
    at_ms: int
    sort: str  # one of ``SORTS``: a word, and the style of it
    what: str
    actor: str  # "" for the daemon itself
    times: int = 1  # so many records that say the same, one after the other


@dataclass(frozen=True, slots=True)
class Write:
    """One change of a step."""

    label: str  # "first", "does", "then", "undo"
    heading: str
    yaml: str
    command: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the plan with everything that it would write."""

    number: int
    step: Step
    blast: str
    writes: tuple[Write, ...]
    command: str
    due: bool  # the one decided upon
    secret: bool  # the command holds values of variables


@dataclass(frozen=True, slots=True)
class Told:
    """An incident with everything that was written down of it."""

    incident: Incident
    records: tuple[Record, ...]
    summary: str
    moments: tuple[Moment, ...]
    decision: DecisionView | None
    decided: Decision | None  # the same as a value
    rungs: tuple[Rung, ...]
    verified: str
    anomalies: tuple[tuple[str, str, str, bool], ...]  # target, signal, words, whether it still is bad

    @property
    def suspects(self) -> Sequence[Any]:
        """Those worth naming."""
        return worth_naming(self.incident.suspects, MOST_SUSPECTS)


def about(store: Store, incident_id: str) -> tuple[Record, ...]:
    """Every record that is about an incident, one of its plans or approvals, in order. Raises PortError."""
    found, plans = list(store.read(stream=incident_id)), set[str]()
    before = found[0].seq if found else 0  # nothing is done about an incident that is not there yet
    for stream in (ACTIONS, APPROVALS, FORUM):
        for record in store.read(before, stream):
            payload = record.entry.payload
            named, plan = payload.get("incident_id"), str(payload.get("plan_id", ""))
            if named == incident_id:
                plans.add(plan)
            if named == incident_id or (plan and named is None and plan in plans):
                found.append(record)
    return tuple(sorted(found, key=lambda record: record.seq))


def story(store: Store, incident_id: str) -> Told:
    """One incident; the journal has it."""
    records = about(store, incident_id)
    newest = next(one for one in reversed(records) if one.entry.kind in INCIDENT)
    incident: Incident = from_json(Incident, newest.entry.payload["incident"])
    decided = _main([one for one in records if one.entry.kind == "decided"])
    shown = None if decided is None else (decided.if_known or decided.decision)
    return Told(
        incident=incident,
        records=records,
        summary=SUMMARIES.get(incident.incident_class, "no class fits"),
        moments=moments(records)[-MOST_LINES:],
        decision=None if decided is None else decision_view(decided),
        decided=shown,
        rungs=() if shown is None else rungs(shown.plan, shown.step),
        verified="" if shown is None or not shown.plan.steps else verification(shown.plan.verification),
        anomalies=tuple(
            (str(one.target), one.signal, anomaly_words(one), one.cleared_ms is None)
            for one in sorted(incident.anomalies, key=lambda one: (one.cleared_ms is not None, one.since_ms))
        ),
    )


def _main(records: Sequence[Record]) -> Decided | None:
    """The newest decision; of a dry run, which decides twice, the one its report shows."""
    if not records:
        return None
    twice = any("if_known" in one.entry.payload for one in records)
    return main_decision([_decided(one) for one in (records if twice else records[-1:])])


def _decided(record: Record) -> Decided:
    payload = record.entry.payload
    if_known: Decision | None = None
    if "if_known" in payload:
        kind: Any = DECISIONS[str(payload["if_known"])]
        if_known = from_json(kind, payload["if_known_value"])
    return Decided(record.entry.at_ms, decision_of(record.entry), if_known)


def moments(records: Sequence[Record]) -> tuple[Moment, ...]:
    """A line a record; what says the same again and again is one line."""
    found: list[Moment] = []
    for record in records:
        line = tell(record.entry)
        sort = SORTS.get(record.entry.kind, record.entry.kind.replace("_", " "))
        actor, what = "" if line.actor == OURSELVES else line.actor, public(line.what)
        last = found[-1] if found else None
        if last is not None and (last.sort, last.what, last.actor) == (sort, what, actor):
            found[-1] = Moment(last.seq, last.at_ms, sort, what, actor, last.times + 1)
        else:
            found.append(Moment(record.seq, record.entry.at_ms, sort, what, actor))
    return tuple(found)


def rungs(plan: Plan, due: int) -> tuple[Rung, ...]:
    """The steps of a plan; values of variables are hidden, as `aiops plan` does."""
    return tuple(
        Rung(
            number=number,
            step=step,
            blast=_blast(step),
            writes=tuple(_writes(step)),
            command=step.command or " && ".join(filter(None, map(command_of, step.changes))),
            due=number == due,
            secret=any(without_values(one.patch) != one.patch for one in _all(step)),
        )
        for number, step in enumerate(plan.steps)
    )


def _all(step: Step) -> list[Change]:
    return [*step.changes, *([step.undo] if step.undo is not None else [])]


def public(text: str) -> str:
    """Words for whoever may read: without the command, which may hold values of variables, and redacted."""
    return redact(text.partition(BY_HAND)[0])


def _writes(step: Step) -> list[Write]:
    labelled = [
        *(("first", one) for one in step.before),
        ("does", step.change),
        *(("then", one) for one in step.then),
        *([("undo", step.undo)] if step.undo is not None else []),
    ]
    return [
        Write(label, heading(one), as_yaml(one.patch) if one.patch else "", command_of(one))
        for label, one in labelled
    ]


def _blast(step: Step) -> str:
    blast = step.blast_radius
    parts = [f"{blast.pods} pods", f"{percent(blast.share)} of the target's"]
    if blast.at_once is not None:
        parts.append(f"{blast.at_once} away at once")
    if blast.nodes:
        parts.append(f"{blast.nodes} nodes")
    return ", ".join(parts)


def verification(judged: Verification) -> str:
    """How success is judged."""
    what = ", ".join(judged.signals) or "all signals of the incident"
    settle, deadline = span(1000 * judged.settle_s), span(1000 * judged.deadline_s)
    good = f"{judged.good} of {judged.of} samples in band"
    return f"{what}: {good}; not judged before {settle}, did not help after {deadline}; then it is undone"

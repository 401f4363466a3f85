"""Records of an incident on a terminal: every value from the samples to the decision, with its digests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiops.bootstrap.report import iso
from aiops.cli.reruns import rerun_lines
from aiops.cli.show import clock, number
from aiops.cli.timeline import decision_lines, line, reason_line
from aiops.core.chain import veiled
from aiops.core.chronicle import OURSELVES, tell
from aiops.core.ledger import decision_of
from aiops.core.rerun import Rerun
from aiops.engine.entries import if_known_of
from aiops.model import Decided, Incident, Record
from aiops.model.wire import digest, from_json
from aiops.web.report.change import as_yaml
from aiops.web.report.view import anomaly_words

if TYPE_CHECKING:
    from rich.text import Text

MOST_LINES = 80  # of evidence on a screen; --json has all
ORDERS = {"wakeat": "look again"}  # how the journal calls a command, where that is not a word


def record_document(record: Record) -> dict[str, Any]:
    """One record as stored but for values of variables (S8), and whether the digest of its samples is right;
    its hash is that of what is shown."""
    entry = veiled(record).entry
    document = {
        "seq": record.seq,
        "term": record.term,
        "kind": entry.kind,
        "stream": entry.stream,
        "at": iso(entry.at_ms),
        "payload": dict(entry.payload),
        "previous": record.previous,
        "hash": record.hash,
    }
    return document | ({"digest_right": digest_right(record)} if entry.kind == "evidence_seen" else {})


def digest_right(record: Record) -> bool:
    """Whether the samples of an ``evidence_seen`` record are those its digest was made of."""
    payload = record.entry.payload
    return bool(digest("samples", payload["samples"]) == payload["digest"])


def incident_lines(
    records: Sequence[Record],
    broken: str,
    again: Mapping[int, Rerun] | None = None,
    *,
    details: bool = False,
) -> Iterable["Text"]:
    """Every record of an incident, in the order in which they were written; ``again`` is each decision made
    again, by the number of its record."""
    yield line(("incident ", "dim"), (records[0].entry.stream, "bold"), f", {len(records)} records")
    yield line(("chain    ", "dim"), (broken, "bold red") if broken else ("intact", "green"))
    for record in records:
        yield line("")
        yield line(
            (clock(record.entry.at_ms), "bold"),
            f"  {record.entry.kind.replace('_', ' ')}",
            (f"  record {record.seq}, term {record.term}, hash {record.hash[:16]}", "dim"),
        )
        yield from record_lines(record)
        if again is not None and record.seq in again:
            yield from rerun_lines(again[record.seq], details=details)


def record_lines(record: Record) -> Iterable["Text"]:
    """What one record says."""
    payload = record.entry.payload
    match record.entry.kind:
        case "incident_opened" | "incident_changed" | "incident_closed":
            yield from value_lines(payload)
        case "evidence_seen":
            yield from evidence_lines(record)
        case "decided":
            yield from decided_lines(record)
        case "plan_started" | "rung_started":
            what = f"{payload['remediation']} on {payload['target']}, playbook {payload['playbook']}"
            yield line(f"{what} {payload['playbook_version']}, plan {payload['plan_id']}", indent=1)
            yield line(("digest ", "dim"), payload["digest"], indent=1)
        case "step_ended":
            yield line(tell(record.entry).what, indent=1)
            for receipt in payload.get("receipts", ()):
                yield line(("receipt ", "dim"), receipt, indent=1)
        case "life_advanced":
            orders = (
                ", ".join(
                    f"{ORDERS.get(one['kind'], one['kind'])} {one['id']}" for one in payload["commands"]
                )
                or "nothing to do"
            )
            event = payload["event"].replace("timedout", "timed out").replace("leaderwon", "leader again")
            yield line(f"{event}: now {payload['life']['state']}; {orders}", indent=1)
        case "evidence_captured":
            yield line(tell(record.entry).what, indent=1)
            for text in as_yaml(payload["evidence"]).split("\n")[:MOST_LINES]:
                yield line((text, "cyan"), indent=2)
        case _:
            told = tell(record.entry)
            yield line("" if told.actor == OURSELVES else f"{told.actor}: ", told.what, indent=1)


def value_lines(payload: Mapping[str, Any]) -> Iterable["Text"]:
    """An incident as it was written down."""
    one = from_json(Incident, payload["incident"])
    if payload.get("what"):
        yield line(("changed ", "dim"), ", ".join(payload["what"]), indent=1)
    yield line(f"{one.severity} {one.incident_class}, {one.state}, since {clock(one.since_ms)}", indent=1)
    if payload.get("what") == ["state"]:
        return
    yield line(("because ", "dim"), one.closed_because or one.opened_because, indent=1)
    if one.credit:
        yield line(("credit  ", "green"), one.credit, indent=1)
    for anomaly in one.anomalies:
        words = f"{anomaly.signal} of {anomaly.target} by {anomaly.detector}: {anomaly_words(anomaly)}"
        yield line(("anomaly ", "dim"), words, indent=1)
    for suspect in one.suspects[:5]:
        yield line(
            ("suspect ", "dim"), f"{suspect.confidence:.1%} {suspect.target} {suspect.change}", indent=1
        )
        for evidence in suspect.evidence:
            yield line(f"weight {evidence.weight:.3g}: {evidence.what}", indent=3)


def evidence_lines(record: Record) -> Iterable["Text"]:
    """The samples an anomaly was raised on, and whether they are still those."""
    payload = record.entry.payload
    times, values = payload["samples"]["times_ms"], payload["samples"]["values"]
    yield line(f"{payload['signal']} of {payload['target']}, judged by {payload['detector']}", indent=1)
    if times:
        yield line(
            f"{len(times)} samples, {clock(times[0])} to {clock(times[-1])} UTC, newest last:", indent=1
        )
        yield line(" ".join(number(value) for value in values[-20:]), indent=1)
    right = digest_right(record)
    yield line(
        ("digest ", "dim"),
        payload["digest"],
        (" right", "green") if right else (" WRONG", "bold red"),
        indent=1,
    )


def decided_lines(record: Record) -> Iterable["Text"]:
    """A decision with every reason, and the plan it is about."""
    decision = decision_of(record.entry)
    if_known = if_known_of(record.entry)
    said = ": " if if_known is None else " would "  # only a dry run decides twice
    yield from decision_lines(Decided(record.entry.at_ms, decision, if_known), 0, said)
    for reason in decision.reasons:
        if reason.lean == "permit":
            yield reason_line(reason)
    plan = decision.plan
    yield line(("plan   ", "dim"), f"{plan.id}, playbook {plan.playbook} {plan.playbook_version}", indent=1)
    yield line(("digest ", "dim"), plan.digest, indent=1)

"""What the loop writes into the journal, and how a loop is restored from it.

Kinds: ``incident_opened``, ``incident_changed``, ``incident_closed`` (stream: the incident's id; payload:
``incident``), ``evidence_seen`` (the samples that an anomaly was raised on, with their digest),
``storm_began``, ``storm_ended``, ``sight_changed`` (blind or seeing again), ``scopes_seen`` (what was seen
for the first time), ``life_advanced`` (an event of the incident's lifecycle, the life after it, the commands
that it led to), ``change_sending`` (before each write), ``change_answered`` (what the API server made of it),
``evidence_captured`` (what a pod's end would have taken along), ``step_waits`` (what a step that is under way
stands still for), ``switch_changed`` (the kill switch).
Decisions and what came of them are written by ``aiops.core.ledger``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiops.core.book import Book, Storm, StormBegan, StormEnded
from aiops.core.ledger import KINDS, Ledger, decision_of
from aiops.core.life import Apply, Ask, Command, Event, Life, Undo, Verify
from aiops.core.quality import Quality
from aiops.engine.window import Recent
from aiops.model import Anomaly, Change, Decision, Entry, Incident, IncidentState, Plan, Receipt, Target
from aiops.model.wire import digest, from_json, to_json
from aiops.ports import Store

SAMPLES = 60  # before the sample that raised an anomaly: enough to see what was calm
MOST = 8  # anomalies of an incident whose samples are kept
INCIDENT_KINDS = ("incident_opened", "incident_changed", "incident_closed")


def opened(incident: Incident, recent: Recent, now_ms: int) -> list[Entry]:
    """The incident and the samples that it was opened on. Written once, whoever says it twice."""
    key = f"opened:{incident.id}:{incident.flaps}"
    entry = Entry("incident_opened", incident.id, now_ms, {"incident": to_json(incident)}, key)
    return [entry, *evidence(incident, incident.anomalies[:MOST], recent, now_ms)]


def evidence(incident: Incident, anomalies: Sequence[Anomaly], recent: Recent, now_ms: int) -> list[Entry]:
    """The newest samples of each anomaly's signal and target, as they were when it was raised."""
    entries = []
    start = min((anomaly.since_ms for anomaly in anomalies), default=now_ms)
    panels = {panel.signal: panel for panel in recent.between(start - 3_600_000, now_ms + 1)}
    for anomaly in anomalies:
        panel = panels.get(anomaly.signal)
        if panel is None or anomaly.target not in panel.targets:
            continue
        row = panel.values[panel.targets.index(anomaly.target)][-SAMPLES:]
        samples = {
            "times_ms": panel.times[-SAMPLES:].tolist(),
            "values": [finite(value) for value in row.tolist()],
        }
        payload = {
            "target": str(anomaly.target),
            "signal": anomaly.signal,
            "detector": anomaly.detector,
            "samples": samples,
            "digest": digest("samples", samples),
        }
        key = f"evidence:{incident.id}:{anomaly.target}:{anomaly.signal}:{anomaly.since_ms}"
        entries.append(Entry("evidence_seen", incident.id, now_ms, payload, key))
    return entries


def finite(value: float) -> float | None:
    """JSON has no NaN and no infinity: a gap is null."""
    return value if value - value == 0 else None


def changed(incident: Incident, what: Sequence[str], now_ms: int) -> Entry:
    """The incident as it is now, and what of it changed."""
    return Entry("incident_changed", incident.id, now_ms, {"incident": to_json(incident), "what": list(what)})


def closed(incident: Incident, now_ms: int) -> Entry:
    """The incident's end."""
    key = f"closed:{incident.id}:{incident.flaps}:{incident.closed_ms}"
    return Entry("incident_closed", incident.id, now_ms, {"incident": to_json(incident)}, key)


def storm(change: StormBegan | StormEnded) -> Entry:
    """A storm begins or ends."""
    kind = "storm_began" if isinstance(change, StormBegan) else "storm_ended"
    return Entry(kind, "storm", change.at_ms, {"because": change.because})


def quality(now: Quality, now_ms: int) -> Entry:
    """We became blind, or see again."""
    return Entry("sight_changed", "sight", now_ms, {"blind": not now.usable, "because": now.why()})


def if_known_of(entry: Entry) -> Decision | None:
    """What a dry run's ``decided`` entry would have been, had the unknown facts permitted."""
    if "if_known" not in entry.payload:
        return None
    kind: Any = KINDS[str(entry.payload["if_known"])]
    decision: Decision = from_json(kind, entry.payload["if_known_value"])
    return decision


def incidents(store: Store) -> dict[str, Incident]:
    """The newest value of every incident of the journal, by id, in order of opening."""
    latest: dict[str, Any] = {}
    for record in store.read(kinds=INCIDENT_KINDS):
        latest[record.entry.stream] = record.entry.payload["incident"]
    return {incident_id: from_json(Incident, data) for incident_id, data in latest.items()}


def incident_ids(store: Store) -> list[str]:
    """The id of every incident of the journal, sorted; cheaper than ``incidents`` by far."""
    return sorted({record.entry.stream for record in store.read(kinds=("incident_opened",))})


def incident(store: Store, incident_id: str) -> Incident:
    """The newest value of one incident, which the journal has."""
    *_, newest = store.read(stream=incident_id, kinds=INCIDENT_KINDS)
    found: Incident = from_json(Incident, newest.entry.payload["incident"])
    return found


def scopes(new: Mapping[Target, int], began_ms: int | None, now_ms: int) -> Entry:
    """Targets that were seen for the first time, and when; and when we first looked at all."""
    seen = [[str(target), target.cluster, at_ms] for target, at_ms in new.items()]
    payload = {"first_seen": seen, "began_ms": began_ms}
    return Entry("scopes_seen", "scopes", now_ms, payload)


def weighty(commands: Sequence[Command]) -> bool:
    """Whether the commands ask for something that must not be forgotten."""
    return any(isinstance(command, Ask | Apply | Undo | Verify) for command in commands)


def lived(life: Life, event: Event, commands: Sequence[Command], now_ms: int) -> Entry:
    """An event and what it led to. The id of what is asked or done is the key: written once, done once."""
    orders = [{"kind": type(one).__name__.lower(), "id": one.id} for one in commands]
    deed = next((one.id for one in commands if isinstance(one, Ask | Apply | Undo | Verify)), "")
    payload = {"event": type(event).__name__.lower(), "life": to_json(life), "commands": orders}
    return Entry("life_advanced", life.incident_id, now_ms, payload, f"life:{deed}" if deed else "")


def lives(store: Store) -> dict[str, Life]:
    """The newest life of every incident that is not closed."""
    newest = {one.entry.stream: one.entry.payload["life"] for one in store.read(kinds=("life_advanced",))}
    return {
        incident_id: from_json(Life, data)
        for incident_id, data in newest.items()
        if data["state"] != IncidentState.CLOSED
    }


def decisions(store: Store, among: Collection[str]) -> dict[str, tuple[Decision, Decision | None]]:
    """The newest decision about each of the incidents ``among``, and what it would have been if known."""
    newest = {one.entry.stream: one.entry for one in store.read(kinds=("decided",))}
    return {
        incident_id: (decision_of(entry), if_known_of(entry))
        for incident_id, entry in newest.items()
        if incident_id in among
    }


def restore(store: Store, seen: Sequence[Target] = ()) -> tuple[Book, Ledger]:
    """What was open and what was tried, folded from the journal. ``seen`` are targets with baselines."""
    first_seen, began_ms = dict.fromkeys(seen, 0), None
    for record in store.read(kinds=("scopes_seen",)):
        payload = record.entry.payload
        began_ms = payload["began_ms"] if began_ms is None else began_ms
        for text, cluster, at_ms in payload["first_seen"]:
            first_seen.setdefault(Target.parse(text, cluster), at_ms)
    book = Book.restore(incidents(store).values(), first_seen, began_ms, weather(store))
    return book, Ledger().fold(store.read())


def weather(store: Store) -> Storm | None:
    """The storm that is on, if one is."""
    newest = None
    for record in store.read(stream="storm"):
        newest = record.entry
    if newest is None or newest.kind == "storm_ended":
        return None
    return Storm(newest.at_ms, str(newest.payload["because"]))


def newest_ms(store: Store) -> int:
    """The time of the newest record; 0 of an empty journal. What happened until then is known."""
    return max((record.entry.at_ms for record in store.read()), default=0)


def sending(intent: str, index: int, change: Change, life: Life, now_ms: int) -> Entry:
    """A write is about to be sent; ``index`` is its place in the step."""
    payload = {"intent": intent, "index": index, "change": to_json(change), **_of(life)}
    return Entry("change_sending", life.incident_id, now_ms, payload)


def answered(intent: str, index: int, receipt: Receipt, life: Life, now_ms: int) -> Entry:
    """What the API server made of a write."""
    payload = {"intent": intent, "index": index, **to_json(receipt), **_of(life)}
    return Entry("change_answered", life.incident_id, now_ms, payload)


def captured(intent: str, target: Target, found: Mapping[str, object], life: Life, now_ms: int) -> Entry:
    """Evidence that would have gone with what the step ends."""
    payload = {"intent": intent, "target": str(target), "evidence": dict(found), **_of(life)}
    return Entry("evidence_captured", life.incident_id, now_ms, payload, key=f"captured:{intent}:{target}")


def waits(intent: str, why: str, life: Life, now_ms: int) -> Entry:
    """A step that is under way stands still, for this reason."""
    payload = {"intent": intent, "detail": why, **_of(life)}
    return Entry("step_waits", life.incident_id, now_ms, payload)


def _of(life: Life) -> dict[str, object]:
    """Whose write it is."""
    intent = life.intent
    return {} if intent is None else {"plan_id": intent.plan_id, "step": intent.step}


def switch(stopped: bool | None, why: str, now_ms: int) -> Entry:
    """The kill switch was pulled, released, or cannot be read."""
    return Entry("switch_changed", "switch", now_ms, {"stopped": stopped, "because": why})


def stopped(store: Store) -> bool | None:
    """What the journal last said of the kill switch; it was not pulled before anybody said so."""
    said = [one.entry.payload["stopped"] for one in store.read(stream="switch")]
    return said[-1] if said else False


def plans(store: Store, digests: Collection[str]) -> dict[str, Plan]:
    """The plans with these digests, as they were decided upon."""
    found: dict[str, Plan] = {}
    if digests:
        for record in store.read(kinds=("decided",)):
            value = record.entry.payload["value"]
            if value["plan"]["digest"] in digests:
                plan = decision_of(record.entry).plan
                found[plan.digest] = plan
    return found


def sent(store: Store, plan_id: str, step: int) -> tuple[Plan, str] | None:
    """A plan whose step was sent, and the intent that it was sent under; None where the journal has none."""
    started = store.read(kinds=("plan_started", "rung_started"))
    digests = {str(one.entry.payload["digest"]) for one in started if one.entry.payload["plan_id"] == plan_id}
    plan = next(iter(plans(store, digests).values()), None)
    if plan is None or step >= len(plan.steps):
        return None
    for record in store.read(stream=plan.incident_id or plan.id, kinds=("change_sending",)):
        payload = record.entry.payload
        if (payload.get("plan_id"), payload.get("step")) == (plan_id, step):
            return plan, str(payload["intent"])
    return None

"""Excursions: what the journal knows of earlier anomalies of some series, and which incidents were real.

Cost:  one pass over the openings and closings of incidents; only what is about the series asked for is
       parsed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops.core.adjust import Excursion
from aiops.core.approvals.book import VOTED
from aiops.core.approvals.claims import CLAIMED
from aiops.engine.entries import INCIDENT_KINDS
from aiops.model import Anomaly, Ballot, Direction, Record, Result
from aiops.model.wire import from_json
from aiops.ports import Store

SEEN = "evidence_seen"
STARTED, ENDED = ("plan_started", "rung_started"), "step_ended"  # of ``aiops.core.ledger``
Series = tuple[str, str]  # the target as text, and the signal


@dataclass(slots=True)
class _Run:
    """One anomaly of one incident while its records are read."""

    newest: Anomaly
    opening: float
    worst: float
    values: list[float] = field(default_factory=list)

    def done(self, incident_id: str) -> Excursion:
        """It as the records tell it by now."""
        down = self.newest.direction is Direction.DOWN
        end_ms = self.newest.cleared_ms
        return Excursion(
            incident_id,
            self.newest,
            self.opening,
            self.worst,
            min(self.values) if down else max(self.values),
            self.newest.at_ms if end_ms is None else max(end_ms, self.newest.at_ms),
            over=end_ms is not None,
        )


def of_incident(store: Store, incident_id: str) -> tuple[Excursion, ...]:
    """Every anomaly of one incident, by all that was written of it; the worst first."""
    found = _gather(store.read(stream=incident_id, kinds=(*INCIDENT_KINDS, SEEN)), None)
    return tuple(sorted(found, key=lambda one: (-one.worst, one.newest.signal, str(one.newest.target))))


def before(store: Store, series: Iterable[Series], incident_id: str, from_ms: int) -> tuple[Excursion, ...]:
    """Anomalies of ``series`` in other incidents that began at ``from_ms`` or later, oldest first."""
    kinds = ("incident_opened", "incident_closed", SEEN)
    found = _gather(store.read(kinds=kinds), frozenset(series), from_ms, incident_id)
    return tuple(sorted(found, key=lambda one: one.newest.since_ms))


def real(store: Store) -> dict[str, str]:
    """Incidents that somebody took up or a fix helped, by id: why they were no false alarm, in words."""
    found: dict[str, str] = {}
    incident_of: dict[str, str] = {}
    for record in store.read(kinds=(VOTED, CLAIMED, *STARTED, ENDED)):
        entry, payload = record.entry, record.entry.payload
        if entry.kind == VOTED and payload["vote"]["ballot"] == Ballot.YES:
            found[str(payload["incident_id"])] = "people approved a step for it"
        elif entry.kind == CLAIMED:
            found.setdefault(str(payload["incident_id"]), "somebody was on it")
        elif entry.kind in STARTED:
            incident_of[str(payload["plan_id"])] = str(payload["incident_id"])
        elif entry.kind == ENDED and payload["result"] == Result.VERIFIED:
            found[incident_of.get(str(payload["plan_id"]), "")] = "a step helped"
    return found


def _gather(
    records: Iterable[Record], series: frozenset[Series] | None, from_ms: int = 0, without: str = ""
) -> list[Excursion]:
    runs: dict[tuple[str, str, str], _Run] = {}
    for record in records:
        entry = record.entry
        if entry.stream == without or entry.at_ms < from_ms:
            continue
        if entry.kind == SEEN:
            run = runs.get((entry.stream, str(entry.payload["target"]), str(entry.payload["signal"])))
            if run is not None:
                run.values += _outside(entry.payload["samples"], run.newest)
            continue
        for data in entry.payload["incident"]["anomalies"]:
            about = _named(data["target"]), str(data["signal"])
            if series is None or about in series:
                _take(runs, (entry.stream, *about), from_json(Anomaly, data))
    return [run.done(incident_id) for (incident_id, _, _), run in runs.items() if run.values]


def _take(runs: dict[tuple[str, str, str], _Run], key: tuple[str, str, str], anomaly: Anomaly) -> None:
    run = runs.setdefault(key, _Run(anomaly, anomaly.score, anomaly.score))
    run.newest, run.worst = anomaly, max(run.worst, anomaly.score)
    if anomaly.observed == anomaly.observed:  # gone is no value
        run.values.append(anomaly.observed)


def _named(target: Mapping[str, Any]) -> str:
    parts = (target["kind"], target.get("namespace", ""), target["name"])
    return "/".join(str(part) for part in parts if part)


def _outside(samples: Mapping[str, Any], anomaly: Anomaly) -> list[float]:
    """The samples of the run itself."""
    pairs = zip(samples["times_ms"], samples["values"], strict=True)
    return [float(value) for at_ms, value in pairs if value is not None and at_ms >= anomaly.since_ms]

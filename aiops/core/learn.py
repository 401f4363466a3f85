"""Learn: lessons folded from the journal.

Entries that are read: ``incident_opened``, ``incident_changed``, ``incident_closed``, ``decided`` (for the
workload that an incident is about), ``plan_started``, ``rung_started``, ``step_ended``, ``unlocked`` (a
person lifts the lock-out of a target: its failures before are forgiven), ``autonomy_accepted``,
``detectors_changed``.

What counts as success must have held: an incident that comes back soon after was not helped. A dry run, and
what changed nothing, teach nothing, and leave the incident alone. What a person mended, what was deleted and
what was lost from sight did not heal by itself; a storm teaches nothing.

Cost: O(records) once, and O(lessons) a call that holds any of these entries; budgets bound how many.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiops.core.memory import KEEP_MS, Accepted, Came, Lessons, Place, Tried, Watched
from aiops.model import Entry, IncidentKind, Record, Result, Target

DETECTORS = "detectors"  # stream of what detectors are in force
CAME = {
    Result.VERIFIED: Came.VERIFIED,
    Result.UNVERIFIED: Came.UNKNOWN,
    Result.CONTAINED: Came.UNKNOWN,
    Result.FAILED: Came.NOT_HELPED,
    Result.UNDONE: Came.NOT_HELPED,
}
NOTHING = frozenset({Result.DRY_RUN, Result.REFUSED, Result.SUPERSEDED})  # the cluster is as it was


def learn(lessons: Lessons, records: Iterable[Record | Entry]) -> Lessons:
    """The lessons after ``records``, in their order; entries never stored (a replay) teach alike."""
    telling = [one for one in records if _entry(one).kind in READERS]
    if not telling:
        return lessons
    folding = _Folding(lessons)
    for record in telling:
        READERS[_entry(record).kind](folding, _entry(record))
        folding.seq = record.seq if isinstance(record, Record) else folding.seq
    return folding.done(_entry(telling[-1]).at_ms)


def _entry(record: Record | Entry) -> Entry:
    return record.entry if isinstance(record, Record) else record


def detectors_entry(version: str, now_ms: int) -> Entry:
    """Detectors of another version judge from now on: what was learned before does not count for them."""
    return Entry("detectors_changed", DETECTORS, now_ms, {"version": version})


class _Folding:
    """Lessons that can be written into, while records are folded."""

    def __init__(self, lessons: Lessons) -> None:
        self.tried, self.watched = dict(lessons.tried), dict(lessons.watched)
        self.accepted, self.forgiven = list(lessons.accepted), dict(lessons.forgiven)
        self.detectors, self.seq = lessons.detectors, lessons.seq

    def opened(self, entry: Entry) -> None:
        """An incident began."""
        incident = entry.payload["incident"]
        self.watched.setdefault(
            entry.stream,
            Watched(_place(incident, self.detectors), int(incident["opened_ms"])),
        )
        self._mark(entry.stream, incident)

    def changed(self, entry: Entry) -> None:
        """Its class may be another one by now; or it has come back, and nothing in it has held."""
        before = self.watched.get(entry.stream)
        if before is None:
            return
        incident = entry.payload["incident"]
        place = replace(before.place, incident_class=incident["incident_class"])
        self.watched[entry.stream] = replace(before, place=place)
        self._mark(entry.stream, incident)
        if "reopened" in entry.payload.get("what", ()):
            self._came_back(entry)

    def _came_back(self, entry: Entry) -> None:
        one = self.watched[entry.stream]
        self.watched[entry.stream] = replace(one, ended_ms=None, by_itself=False)
        for key, tried in self.tried.items():
            if tried.incident_id == entry.stream and tried.came is Came.VERIFIED:
                self.tried[key] = replace(tried, came=Came.NOT_HELPED, at_ms=entry.at_ms)

    def _mark(self, incident_id: str, incident: Mapping[str, Any]) -> None:
        if incident["kind"] != IncidentKind.OBSERVED or incident["storm"]:
            self.watched[incident_id] = replace(self.watched[incident_id], counts=False)

    def closed(self, entry: Entry) -> None:
        """It is over: it healed, if its signals came back and nothing was done, by us or by a person."""
        one, incident = self.watched.get(entry.stream), entry.payload["incident"]
        if one is None:
            return
        anomalies = incident["anomalies"]
        ends = [anomaly["cleared_ms"] for anomaly in anomalies]
        cleared = bool(ends) and all(end is not None for end in ends)
        seen = ends if cleared else [anomaly["at_ms"] for anomaly in anomalies]  # deleted, or lost from sight
        self.watched[entry.stream] = replace(
            one,
            ended_ms=max((one.opened_ms, *seen)),
            by_itself=cleared and not incident.get("credit"),
        )

    def decided(self, entry: Entry) -> None:
        """The plan knows the workload."""
        one, target = self.watched.get(entry.stream), entry.payload["value"]["plan"]["target"]
        if one is not None:
            text = str(Target(target["kind"], target["namespace"], target["name"]))
            place = replace(one.place, target=text, namespace=target["namespace"])
            self.watched[entry.stream] = replace(one, place=place)

    def started(self, entry: Entry) -> None:
        """A step is carried out: from now on its incident is not left alone."""
        payload = entry.payload
        incident_id, key = str(payload["incident_id"]), (str(payload["plan_id"]), int(payload["step"]))
        if key in self.tried:
            return
        one = self.watched.get(incident_id)
        kind, detectors = (one.place.incident_class, one.place.detectors) if one else ("", self.detectors)
        place = Place(kind, str(payload["target"]), str(payload["namespace"]), detectors)
        names = (
            str(payload["playbook"]),
            str(payload.get("playbook_version", "")),
            str(payload["remediation"]),
        )
        self.tried[key] = Tried(entry.at_ms, entry.at_ms, incident_id, place, *names)
        self._acted(incident_id)

    def ended(self, entry: Entry) -> None:
        """What came of a step; of several answers the worst one stays."""
        key, result = (str(entry.payload["plan_id"]), int(entry.payload["step"])), entry.payload["result"]
        tried = self.tried.get(key)
        if tried is None or result == Result.APPLIED:
            return
        if Result(result) in NOTHING:
            del self.tried[key]
            self._acted(tried.incident_id)
            return
        came = Came.HARMED if entry.payload.get("harmed") else CAME[Result(result)]
        if tried.came is None or came.rank > tried.came.rank:
            self.tried[key] = replace(tried, came=came, at_ms=entry.at_ms)

    def _acted(self, incident_id: str) -> None:
        """When the first step of an incident began; one that changed nothing is not among them any more."""
        if (one := self.watched.get(incident_id)) is not None:
            begun = [tried.started_ms for tried in self.tried.values() if tried.incident_id == incident_id]
            self.watched[incident_id] = replace(one, acted_ms=min(begun, default=None))

    def unlocked(self, entry: Entry) -> None:
        """A person says: try again."""
        if target := entry.payload.get("target"):
            self.forgiven[str(target)] = entry.at_ms

    def was_accepted(self, entry: Entry) -> None:
        """A person let a playbook do more alone."""
        payload = entry.payload
        names = str(payload["by"]), str(payload["playbook"]), str(payload["scope"])
        self.accepted.append(Accepted(entry.at_ms, *names))

    def judged_by(self, entry: Entry) -> None:
        """Other detectors are in force."""
        self.detectors = str(entry.payload["version"])

    def done(self, now_ms: int) -> Lessons:
        """What is left of it, without what is too old."""
        since_ms = now_ms - KEEP_MS
        return Lessons(
            {key: one for key, one in self.tried.items() if one.at_ms > since_ms},
            {name: one for name, one in self.watched.items() if one.opened_ms > since_ms},
            tuple(one for one in self.accepted if one.at_ms > since_ms),
            {name: at_ms for name, at_ms in self.forgiven.items() if at_ms > since_ms},
            self.detectors,
            self.seq,
        )


READERS: Mapping[str, Callable[["_Folding", Entry], None]] = {
    "incident_opened": _Folding.opened,
    "incident_changed": _Folding.changed,
    "incident_closed": _Folding.closed,
    "decided": _Folding.decided,
    "plan_started": _Folding.started,
    "rung_started": _Folding.started,
    "step_ended": _Folding.ended,
    "unlocked": _Folding.unlocked,
    "autonomy_accepted": _Folding.was_accepted,
    "detectors_changed": _Folding.judged_by,
}


def _place(incident: Mapping[str, Any], detectors: str) -> Place:
    suspects = incident["suspects"]
    target = suspects[0]["target"] if suspects else incident["targets"][0]
    text = str(Target(target["kind"], target["namespace"], target["name"]))
    return Place(incident["incident_class"], text, target["namespace"], detectors)

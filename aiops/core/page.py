"""Page: one open incident while a tick is written into it. Mutable, and lives inside ``correlate`` only."""

from dataclasses import replace

from aiops.core.assess import assess
from aiops.core.book import Key, key
from aiops.core.relate import Ground
from aiops.core.rootcause import rank
from aiops.core.rootcause.signs import band
from aiops.model import (
    Anomaly,
    Correlation,
    Incident,
    IncidentKind,
    IncidentState,
    Severity,
    Target,
)

OPENED_BECAUSE = {
    IncidentKind.OBSERVED: "{signal} of {target} left its band: {band}",
    IncidentKind.KNOWN: "broken when first seen: {signal} of {target}: {band}",
    IncidentKind.PREDICTED: "{signal} of {target} is heading for its limit: {band}",
}


class Page:
    """An incident, its anomalies by key, and what of it changed. What follows from them is derived once."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self.anomalies: dict[Key, Anomaly] = {key(one): one for one in incident.anomalies}
        self.what: dict[str, None] = {}  # words for ``Changed``, in order of first mention
        starts = [one.since_ms for one in incident.anomalies]
        self.first_ms, self.last_ms = min(starts), max(starts)  # the stretch in which its anomalies began
        self._stale = False  # anomalies changed since the incident was derived

    @property
    def kind(self) -> IncidentKind:
        """What sort of incident it is."""
        return self._incident.kind

    @property
    def prime(self) -> Target:
        """The first suspect as of the last derivation."""
        return self._incident.prime

    @property
    def active(self) -> bool:
        """Whether anything of it is bad still."""
        return any(one.cleared_ms is None for one in self.anomalies.values())

    def tell(self, what: str) -> None:
        """Note that ``what`` changed; the incident is derived anew."""
        self.what[what] = None
        self._stale = True

    def edit(self, **fields: object) -> None:
        """Set fields that nothing else follows from."""
        self._incident = replace(self._incident, **fields)  # type: ignore[arg-type]  # names of its fields

    def add(self, anomaly: Anomaly) -> None:
        """Join or update one anomaly; its first bad sample and its worst score are kept."""
        before = self.anomalies.get(key(anomaly))
        if before is None or before.cleared_ms is not None:
            self.tell("anomaly")
        if before is not None:
            since_ms, score = min(before.since_ms, anomaly.since_ms), max(before.score, anomaly.score)
            anomaly = replace(anomaly, since_ms=since_ms, score=score)
        self.anomalies[key(anomaly)] = anomaly
        self.first_ms = min(self.first_ms, anomaly.since_ms)
        self.last_ms = max(self.last_ms, anomaly.since_ms)
        self._stale = True

    def clear(self, which: Key, at_ms: int) -> None:
        """Note that one of its series is back in its band."""
        if self.anomalies[which].cleared_ms is not None:
            return
        self.anomalies[which] = replace(self.anomalies[which], cleared_ms=at_ms)
        self._stale = True
        if all(one.cleared_ms is not None for one in self.anomalies.values()):
            self.tell("cleared")

    def shows(self, anomaly: Anomaly) -> bool:
        """Whether it holds an anomaly of the same target and role."""
        return any(
            one.target == anomaly.target and one.role is anomaly.role for one in self.anomalies.values()
        )

    def derived(self, ground: Ground, now_ms: int, settings: Correlation, cluster: str) -> Incident:
        """The incident with all that follows from its anomalies; suspects are ranked when one joined."""
        if not self._stale:
            return self._incident
        was = self._incident
        order = sorted(
            self.anomalies.values(), key=lambda one: (one.since_ms, one.target, one.signal, one.detector)
        )
        incident = replace(was, anomalies=tuple(order), since_ms=order[0].since_ms)
        if self.what:
            incident = replace(incident, updated_ms=now_ms)
        if self.what.keys() & {"anomaly", "opened", "reopened"}:
            facts, within = ground.facts, settings.change_within_s
            suspects = rank((), {}, incident.since_ms, facts, incident.anomalies, within)
            incident = replace(incident, suspects=suspects)
        incident = assess(incident, ground, now_ms, settings, cluster)
        if incident.incident_class != was.incident_class:
            self.what["class"] = None
        if incident.severity != was.severity:
            self.what["severity"] = None
        self._incident, self._stale = incident, False
        return incident


def begun(at: str, anomaly: Anomaly, place: Target, kind: IncidentKind, now_ms: int, why: str = "") -> Page:
    """The page of an incident that ``anomaly`` opens; ``why`` says what beside its band made it one."""
    because = OPENED_BECAUSE[kind].format(signal=anomaly.signal, target=anomaly.target, band=band(anomaly))
    incident = Incident(
        id=at,
        fingerprint="",
        kind=kind,
        state=IncidentState.OPEN,
        severity=Severity.LOW,
        incident_class="",
        targets=(place,),
        anomalies=(anomaly,),
        suspects=(),
        opened_ms=now_ms,
        since_ms=anomaly.since_ms,
        updated_ms=now_ms,
        opened_because=because + why,
    )
    page = Page(incident)
    page.tell("opened")
    return page


def returned(incident: Incident) -> Page:
    """The page of an incident that had closed and comes back."""
    page = Page(
        replace(
            incident,
            state=IncidentState.OPEN,
            flaps=incident.flaps + 1,
            closed_ms=None,
            closed_because="",
        )
    )
    page.tell("reopened")
    return page

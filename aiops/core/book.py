"""Book: the incidents that are open or were just closed, as one immutable value.

Everything that correlation remembers is here, and all but the first sights follows from the incidents
themselves, so that ``Book.restore`` loses nothing after a restart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aiops.model import Anomaly, AnomalyKind, Incident, IncidentKind, IncidentState, Target


@dataclass(frozen=True, slots=True)
class Opened:
    """A new incident."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Changed:
    """An open incident changed in a way worth telling; ``what`` holds words."""

    incident: Incident
    what: tuple[
        str, ...
    ]  # "anomaly", "cleared", "class", "severity", "suspect", "alert", "reopened", "storm"


@dataclass(frozen=True, slots=True)
class Closed:
    """An incident ended; ``incident.closed_because`` says by which rule."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class StormBegan:
    """Many things are bad at once: a person decides."""

    at_ms: int
    because: str
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class StormEnded:
    """Calm for long enough."""

    at_ms: int
    because: str


IncidentChange = Opened | Changed | Closed | StormBegan | StormEnded


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm that is on. ``calm_since_ms`` is when its reasons ended; None while they hold."""

    since_ms: int
    because: str
    calm_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """Open incidents by id, those closed lately (oldest first), first sights, and a storm if there is one.

    ``alone`` are faint signals that nobody was told of yet; a restart forgets them, and the detectors, which
    go on telling of what is bad, bring them back within minutes."""

    open: Mapping[str, Incident] = field(default_factory=dict)
    closed: tuple[Incident, ...] = ()
    storm: Storm | None = None
    first_seen: Mapping[Target, int] = field(default_factory=dict)  # ms UTC; 0: long before we started
    healthy: frozenset[Target] = frozenset()  # known breakage that has been healthy once
    alone: Mapping["Key", Anomaly] = field(default_factory=dict)
    began_ms: int | None = None  # the first tick; targets that no fact names were first seen then

    @classmethod
    def restore(
        cls,
        incidents: Iterable[Incident],
        first_seen: Mapping[Target, int] | None = None,
        began_ms: int | None = None,
        storm: Storm | None = None,
    ) -> "Book":
        """The book after a restart. ``incidents`` are the newest values journalled, one an id; what breaks in
        a scope that was ``first_seen`` long ago is new, not known breakage."""
        latest = {incident.id: incident for incident in incidents}
        done = [one for one in latest.values() if one.state is IncidentState.CLOSED]
        done.sort(key=lambda one: (one.closed_ms or 0, one.id))
        known = [one for one in done if one.kind is IncidentKind.KNOWN]
        return cls(
            open={one.id: one for one in latest.values() if one.state is not IncidentState.CLOSED},
            closed=tuple(done),
            storm=storm,
            first_seen=dict(first_seen or {}),
            healthy=frozenset(target for one in known for target in one.targets),
            began_ms=began_ms,
        )

    def get(self, incident_id: str) -> Incident | None:
        """The incident, open or just closed."""
        found = self.open.get(incident_id)
        return found or next((one for one in reversed(self.closed) if one.id == incident_id), None)

    def put(self, incident: Incident) -> "Book":
        """The book with ``incident`` in place of what it held under that id, such as in another state.

        An incident that is not open here is left alone: closing is correlation's to decide."""
        if incident.id not in self.open:
            return self
        return replace(self, open={**self.open, incident.id: incident})

    def without(self, incident_id: str) -> "Book":
        """The book without an open incident that became part of another one."""
        return replace(self, open={at: one for at, one in self.open.items() if at != incident_id})


Key = tuple[Target, str, str, AnomalyKind]


def key(anomaly: Anomaly) -> Key:
    """Target, signal, detector and kind: one run of bad samples, or one prediction."""
    return anomaly.target, anomaly.signal, anomaly.detector, anomaly.kind


def active(incident: Incident) -> tuple[Anomaly, ...]:
    """Its anomalies that are still bad, as far as we know."""
    return tuple(one for one in incident.anomalies if one.cleared_ms is None)


def calm_since(incident: Incident) -> int | None:
    """Since when nothing of it is bad; None while something is."""
    ends = [one.cleared_ms for one in incident.anomalies]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None

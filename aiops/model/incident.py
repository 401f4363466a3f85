"""Incident: anomalies grouped as one problem, with suspects and a life."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.anomaly import Anomaly
from aiops.model.facts import Alert
from aiops.model.target import Target


class Severity(StrEnum):
    """How bad the incident is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"  # seen, nothing decided that asks or acts
    WAITING = "waiting"  # a person was asked
    ACTING = "acting"  # a step is being carried out
    VERIFYING = "verifying"  # a step was carried out, did it help?
    ESCALATED = "escalated"  # a person has it
    CLOSED = "closed"


class IncidentKind(StrEnum):
    """What sort of thing it is."""

    OBSERVED = "observed"
    PREDICTED = "predicted"  # "full in 3 h"
    KNOWN = "known"  # broken when the scope was first seen: reported, never acted on


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to suspect, with how much it weighed (higher is more)."""

    what: str  # for people: "error_ratio left its band first, 3 min before the others"
    weight: float
    signal: str = ""
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A likely cause; ``confidence`` of all suspects of an incident sums to at most 1."""

    target: Target
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    signal: str = ""  # the signal that speaks loudest
    change: str = ""  # what changed just before, if anything: "rollout to revision 12"


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem. ``id`` is derived from cluster, first anomaly and time: same inputs, same id."""

    id: str
    fingerprint: str  # the same for the same targets and class, whenever: recognises what comes back
    kind: IncidentKind
    state: IncidentState
    severity: Severity
    incident_class: str  # "error_burst_after_deploy", "memory_leak", ...; "unclassified"
    targets: tuple[Target, ...]  # all that have an anomaly, suspects first
    anomalies: tuple[Anomaly, ...]  # oldest first
    suspects: tuple[Suspect, ...]  # most likely first
    opened_ms: int  # when we said so
    since_ms: int  # the first bad sample
    updated_ms: int
    opened_because: str  # the rule that opened it, in words
    closed_ms: int | None = None
    closed_because: str = ""
    alerts: tuple[Alert, ...] = ()
    flaps: int = 0  # how often it closed and came back
    storm: bool = False
    credit: str = ""  # once it is closed: whose fix it was, in words, where it was not ours

    @property
    def prime(self) -> Target:
        """The first suspect's target, or the first target where nobody is suspected."""
        return self.suspects[0].target if self.suspects else self.targets[0]

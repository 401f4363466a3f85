"""Assess: what follows from an incident's anomalies and suspects: order of targets, class, severity, name."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.core.book import active
from aiops.core.classify import Picture, classify, signs_of
from aiops.core.fingerprint import fingerprint
from aiops.core.relate import TOGETHER_MS, Ground
from aiops.core.severity import Harm, severity
from aiops.model import (
    Anomaly,
    AnomalyKind,
    Correlation,
    Direction,
    Facts,
    Incident,
    Role,
    Severity,
    Suspect,
    Target,
)

FELT = frozenset({Role.LATENCY, Role.ERRORS})  # what callers and users notice
LEVELS = tuple(Severity)


def with_suspects(
    incident: Incident,
    suspects: Sequence[Suspect],
    facts: Facts,
    now_ms: int,
    settings: Correlation,
    cluster: str = "",
) -> Incident:
    """``incident`` with ``suspects`` (most likely first) and all that follows from them."""
    ground = Ground(facts, settings.hops)
    return assess(replace(incident, suspects=tuple(suspects)), ground, now_ms, settings, cluster)


def assess(
    incident: Incident, ground: Ground, now_ms: int, settings: Correlation, cluster: str = ""
) -> Incident:
    """``incident`` with targets, class, fingerprint and severity as its anomalies and suspects imply.

    Severity never falls while an incident is open: people would be told twice for one thing."""
    places = tuple(dict.fromkeys(ground.place(one.target) for one in incident.anomalies))
    blamed = tuple(one.target for one in incident.suspects if one.target in set(places))
    targets = tuple(dict.fromkeys((*blamed, *places)))
    incident = replace(incident, targets=targets)
    prime = ground.place(incident.prime)
    name = classify(picture(incident, prime, ground, settings))
    bad = active(incident) or incident.anomalies
    level, _ = severity(_harm(incident, bad, ground, now_ms))
    return replace(
        incident,
        incident_class=name,
        severity=max(level, incident.severity, key=LEVELS.index),
        fingerprint=fingerprint(cluster, prime, name, incident.kind),
    )


def picture(incident: Incident, prime: Target, ground: Ground, settings: Correlation) -> Picture:
    """What the table of classes looks at."""
    own = tuple(one for one in incident.anomalies if ground.place(one.target) == prime)
    since_ms = min((one.since_ms for one in own), default=incident.since_ms)
    start_ms, end_ms = since_ms - 1000 * settings.change_within_s, since_ms + TOGETHER_MS
    callers = set(ground.callers.get(prime, ()))
    return Picture(
        kind=prime.kind,
        signs=signs_of(own),
        conditions=frozenset(one.condition for one in own if one.condition),
        events=frozenset(
            event.kind
            for event in ground.facts.events
            if start_ms <= event.at_ms <= incident.updated_ms and ground.place(event.target) == prime
        ),
        changed=bool(ground.changes(prime, start_ms, end_ms)),
        vanished=any(one.detector == "absence" for one in own),
        callers_suffer=any(
            one.role in FELT and ground.place(one.target) in callers for one in incident.anomalies
        ),
        predicted=all(one.kind is AnomalyKind.PREDICTED for one in own),
    )


def _harm(incident: Incident, bad: Sequence[Anomaly], ground: Ground, now_ms: int) -> Harm:
    places = {ground.place(one.target) for one in bad}
    return Harm(
        anomalies=tuple(bad),
        places=len(places),
        nodes=sum(place.kind == "Node" for place in places),
        at_entry=any(
            one.role in FELT
            and one.direction is Direction.UP
            and ground.graphed(ground.place(one.target))
            and not ground.callers.get(ground.place(one.target))
            for one in bad
        ),
        now_ms=now_ms,
        storm=incident.storm,
    )

"""Merge: two incidents that blame the same first suspect are one problem.

Ties and time group what is near and soon (``aiops.core.relate``). What comes later, or from farther away,
shows only by its diagnosis that it belongs to a problem that is open already.
"""

from collections.abc import Collection
from dataclasses import replace

from aiops.core.book import Book, active
from aiops.model import Facts, Incident, IncidentKind

SURE = 0.5  # confidence of the first suspect, below which a diagnosis moves nothing


def twin(incident: Incident, book: Book, facts: Facts, among: Collection[str]) -> Incident | None:
    """The oldest open incident ``among`` those ids that blames the same place as ``incident``."""
    if incident.kind is not IncidentKind.OBSERVED or not incident.suspects:
        return None
    if incident.suspects[0].confidence < SURE:
        return None
    place = facts.owner(incident.prime)
    twins = [
        one
        for one in book.open.values()
        if one.id in among
        and one.id != incident.id
        and one.kind is IncidentKind.OBSERVED
        and one.suspects
        and facts.owner(one.prime) == place
        and active(one)
    ]
    return min(twins, key=lambda one: (one.opened_ms, one.id), default=None)


def absorbed(into: Incident, incident: Incident, now_ms: int) -> Incident:
    """``into`` with all that ``incident`` holds; suspects, and what follows, are to be derived anew."""
    many = {(one.target, one.signal, one.detector, one.kind): one for one in into.anomalies}
    many |= {(one.target, one.signal, one.detector, one.kind): one for one in incident.anomalies}
    order = sorted(many.values(), key=lambda one: (one.since_ms, one.target, one.signal, one.detector))
    return replace(
        into,
        anomalies=tuple(order),
        since_ms=order[0].since_ms,
        updated_ms=now_ms,
        alerts=tuple(dict.fromkeys((*into.alerts, *incident.alerts))),
        storm=into.storm or incident.storm,
    )

"""Incidents: the list, which is never a fold of the journal, and one of them with what was done about it."""

import heapq

from aiops.core.catalog import INCIDENT, Catalog, Row
from aiops.core.chronicle import tell
from aiops.core.redact import BY_HAND
from aiops.model import Incident
from aiops.model.wire import from_json
from aiops.ports import Store
from aiops.web.api.operations import Call
from aiops.web.api.reading import Index, Reading
from aiops.web.api.values import Incidents, IncidentsQuery, OneIncident, Told
from aiops.web.problems import Refused


def catalog_of(reading: Reading) -> Catalog:
    """The incidents as the journal has them now."""
    return reading.index() if reading.index is not None else Index(reading.store).now()


def listed(reading: Reading, call: Call) -> Incidents:
    """A page of incidents, newest first. O(incidents)."""
    query: IncidentsQuery = call.query
    after = _place(query.after) if query.after else None
    matching = [row for row in catalog_of(reading).rows.values() if _wanted(row, query)]
    rest = [row for row in matching if after is None or _order(row) > after]
    page = heapq.nsmallest(query.limit, rest, key=_order)
    more = len(rest) > len(page)
    return Incidents(tuple(page), f"{page[-1].since_ms}-{page[-1].id}" if more else "", len(matching))


def _wanted(row: Row, query: IncidentsQuery) -> bool:
    lately = query.since_ms is None or row.closed_ms is None or row.closed_ms >= query.since_ms
    return lately and (row.open or not query.open)


def _order(row: Row) -> tuple[int, str]:
    return -row.since_ms, row.id


def _place(after: str) -> tuple[int, str]:
    at_ms, _, incident_id = after.partition("-")
    if not (at_ms.isascii() and at_ms.isdigit() and incident_id):
        raise Refused(400, "query.after", "something else", "``next`` of the page before")
    return -int(at_ms), incident_id


def one(reading: Reading, call: Call) -> OneIncident:
    """One incident as it stands. O(its records)."""
    row = find(reading, call.name)
    return OneIncident(
        _value(reading.store, row.id), row.pending, row.claimed_by, _timeline(reading.store, row.id)
    )


def find(reading: Reading, name: str) -> Row:
    """The incident with this id, or with the only one that begins so. Refused (404) where there is none."""
    rows = catalog_of(reading).rows
    if (row := rows.get(name)) is not None:
        return row
    found = [row for row in rows.values() if row.id.startswith(name)] if len(name) >= 4 else []
    if len(found) != 1:
        got = f"{len(found)} that begin so" if found else "none of that id"
        raise Refused(404, f"incident {name[:60]}", got, f"the id of one of {len(rows)} incidents")
    return found[0]


def _value(store: Store, incident_id: str) -> Incident:
    *_, newest = store.read(stream=incident_id, kinds=INCIDENT)
    incident: Incident = from_json(Incident, newest.entry.payload["incident"])
    return incident


def _timeline(store: Store, incident_id: str) -> tuple[Told, ...]:
    """Its records in words. Commands for a hand may hold values of variables: they are left out (S8)."""
    found = []
    for record in store.read(stream=incident_id):
        line = tell(record.entry)
        what = line.what.partition(BY_HAND)[0]
        found.append(Told(record.seq, record.entry.at_ms, record.entry.kind, line.actor, what))
    return tuple(found)

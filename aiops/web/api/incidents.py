"""Incidents: the list, which is never a fold of the journal, and one of them with what was done about it."""

import heapq

from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.catalog import INCIDENT, Catalog, Row
from aiops.core.chronicle import incident_of, tell
from aiops.core.ledger import STREAM as ACTIONS
from aiops.core.redact import BY_HAND
from aiops.model import Incident, Record
from aiops.model.wire import from_json
from aiops.ports import Store
from aiops.web.api.operations import Call
from aiops.web.api.reading import Index, Reading
from aiops.web.api.values import Incidents, IncidentsQuery, OneIncident, Told
from aiops.web.problems import Refused

MOST_LINES = 500  # of one incident, the newest


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
    """One incident as it stands. O(its records, and what was done and answered since it began)."""
    row = find(reading, call.name)
    records = _about(reading.store, row.id)
    newest = next(one for one in reversed(records) if one.entry.kind in INCIDENT)
    incident: Incident = from_json(Incident, newest.entry.payload["incident"])
    return OneIncident(incident, row.pending, row.claimed_by, tuple(map(_told, records[-MOST_LINES:])))


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


def _about(store: Store, incident_id: str) -> list[Record]:
    """Every record about an incident or one of its plans, in order."""
    found, plans = list(store.read(stream=incident_id)), set[str]()
    began = found[0].seq - 1
    for stream in (ACTIONS, APPROVALS, FORUM):
        for record in store.read(began, stream):
            named, plan = incident_of(record.entry), str(record.entry.payload.get("plan_id", ""))
            if named == incident_id:
                plans.add(plan)
            if named == incident_id or (plan and not named and plan in plans):
                found.append(record)
    return sorted(found, key=lambda record: record.seq)


def _told(record: Record) -> Told:
    """A record in words. A command for a hand may hold values of variables: it is left out (S8)."""
    line = tell(record.entry)
    what = line.what.partition(BY_HAND)[0]
    return Told(record.seq, record.entry.at_ms, record.entry.kind, line.actor, what)

"""Read incidents from a daemon's journal."""

from collections.abc import Sequence
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path

from aiops.bootstrap.config import find_state
from aiops.bootstrap.journal import Place, open_journal
from aiops.core.ledger import STREAM
from aiops.engine import entries
from aiops.errors import InputError
from aiops.model import Incident, IncidentState, Record
from aiops.ports import Store


def list_incidents(
    config: Path | None, state: Place | None, *, only_open: bool, since_ms: int | None
) -> list[Incident]:
    """Incidents in order of opening; InputError where there is no journal."""
    with closing(open_journal(find_state(config, state))) as store:
        found = entries.incidents(store)
    return [
        one
        for one in sorted(found.values(), key=lambda one: (one.opened_ms, one.id))
        if not (only_open and one.state is IncidentState.CLOSED)
        and (since_ms is None or one.closed_ms is None or one.closed_ms >= since_ms)
    ]


def records_of(store: Store, incident_id: str) -> tuple[list[Record], str]:
    """All records of the incident whose id begins so, with what was tried in it, and what is wrong with the
    journal's chain ("" if nothing). InputError where no or several incidents match."""
    found = full_id(entries.incident_ids(store), incident_id)
    records = list(store.read(stream=found))
    records += [one for one in store.read(stream=STREAM) if one.entry.payload.get("incident_id") == found]
    plans = {one.entry.payload["plan_id"] for one in records if one.entry.stream == STREAM}
    records += [
        one
        for one in store.read(kinds=("step_ended",))
        if one.entry.payload.get("plan_id") in plans and one.entry.payload.get("incident_id") != found
    ]
    return sorted(records, key=lambda one: one.seq), store.verify()


def full_id(ids: Sequence[str], beginning: str) -> str:
    """The one id that begins so; InputError where there is none, or more than one."""
    matches = [one for one in ids if beginning and one.startswith(beginning)]
    if beginning in matches:
        return beginning
    if len(matches) == 1:
        return matches[0]
    close = get_close_matches(beginning, ids, n=2, cutoff=0.5)
    meant = f", did you mean {' or '.join(close)}?" if close else ""
    got = f"{len(matches)} that do: {', '.join(matches[:5])}" if matches else f"none{meant}"
    raise InputError(f"incident {beginning!r}: expected the beginning of one of {len(ids)} ids, got {got}")

"""Read incidents from a daemon's journal."""

from contextlib import closing
from pathlib import Path

from aiops.bootstrap.config import find_state
from aiops.bootstrap.journal import open_journal
from aiops.engine import entries
from aiops.errors import InputError
from aiops.model import Incident, IncidentState, Record


def list_incidents(
    config: Path | None, state: Path | None, *, only_open: bool, since_ms: int | None
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


def read_incident(config: Path | None, state: Path | None, incident_id: str) -> tuple[list[Record], str]:
    """All records of the incident whose id begins so, and what is wrong with the journal's chain ("" if
    nothing). InputError where no or several incidents match."""
    with closing(open_journal(find_state(config, state))) as store:
        ids = sorted(one for one in entries.incidents(store) if one.startswith(incident_id))
        if len(ids) != 1:
            raise InputError(
                f"incident {incident_id!r}: expected the beginning of one id, got "
                + (
                    f"{len(ids)} matches: {', '.join(ids[:5])}"
                    if ids
                    else "none that matches (aiops incidents)"
                )
            )
        return list(store.read(stream=ids[0])), store.verify()

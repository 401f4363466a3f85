"""Plan: what is planned for an incident, as the journal has it."""

from dataclasses import dataclass
from pathlib import Path

from aiops.bootstrap.incidents import full_id
from aiops.bootstrap.journal import Place
from aiops.bootstrap.requests import journal
from aiops.bootstrap.undo import Deed, deeds
from aiops.core.ledger import decision_of
from aiops.engine import entries
from aiops.errors import InputError
from aiops.model import Decision, Incident
from aiops.ports import Store


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision about an incident with its plan, and what of the plan was carried out already."""

    incident: Incident
    decision: Decision
    if_known: Decision | None  # had every unknown fact permitted: a dry run's
    at_ms: int
    deeds: tuple[Deed, ...] = ()
    notes: tuple[str, ...] = ()


def last_plan(config: Path | None, state: Place | None, name: str) -> Planned:
    """The newest decision about the incident that begins with ``name``; InputError where there is none."""
    with journal(config, state) as (_, store):
        return newest(store, name)


def newest(store: Store, name: str) -> Planned:
    """See ``last_plan``."""
    incident = entries.incident(store, full_id(entries.incident_ids(store), name))
    decided = [one.entry for one in store.read(stream=incident.id, kinds=("decided",))]
    if not decided:
        raise InputError(
            f"incident {incident.id}: expected a decision in the journal, got none: it is"
            f" {incident.kind.replace('_', ' ')} and {incident.state} (aiops explain {incident.id})"
        )
    entry = decided[-1]
    done = tuple(one for one in deeds(store) if one.incident_id == incident.id)
    return Planned(incident, decision_of(entry), entries.if_known_of(entry), entry.at_ms, done)

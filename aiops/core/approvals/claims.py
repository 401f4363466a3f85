"""Claims: who is on what. "I'm on it" keeps automation off an incident's targets until it is released.

Entries, on the stream ``forum``:

- ``claimed``: a person has it: ``incident_id``, ``targets`` (as text), ``by`` (key and name).
- ``released``: automation may go on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiops.model import Actor, Entry, Incident, Record

STREAM = "forum"
CLAIMED, RELEASED = "claimed", "released"


@dataclass(frozen=True, slots=True)
class Held:
    """One incident that somebody is on."""

    incident_id: str
    targets: tuple[str, ...]  # Kind/namespace/name
    by: str  # the actor's key
    name: str  # as people know them
    since_ms: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What people have taken for themselves, by incident. Immutable."""

    seq: int = 0
    held: Mapping[str, Held] = field(default_factory=dict)

    def fold(self, records: Iterable[Record | Entry]) -> "Claims":
        """The claims after ``records``; those of other streams are passed over."""
        held, seq = dict(self.held), self.seq
        for record in records:
            entry = record.entry if isinstance(record, Record) else record
            if entry.stream != STREAM or (isinstance(record, Record) and record.seq <= seq):
                continue
            seq = record.seq if isinstance(record, Record) else seq
            payload = entry.payload
            if entry.kind == CLAIMED:
                held[str(payload["incident_id"])] = Held(
                    str(payload["incident_id"]),
                    tuple(payload["targets"]),
                    str(payload["by"]),
                    str(payload["name"]),
                    entry.at_ms,
                )
            elif entry.kind == RELEASED:
                held.pop(str(payload["incident_id"]), None)
        return Claims(seq, held)

    def of_target(self, target: str) -> Held | None:
        """Who is on ``target``; None where nobody is."""
        return next((one for one in self.held.values() if target in one.targets), None)


def claimed_entry(incident: Incident, targets: Iterable[str], actor: Actor, now_ms: int) -> Entry:
    """``actor`` is on ``incident``."""
    payload = {
        "incident_id": incident.id,
        "targets": sorted({str(incident.prime), *map(str, incident.targets), *targets}),
        "by": actor.key,
        "name": actor.name or actor.key,
    }
    return Entry(CLAIMED, STREAM, now_ms, payload)


def released_entry(incident_id: str, actor: Actor, now_ms: int) -> Entry:
    """Automation may go on with ``incident_id``."""
    payload = {"incident_id": incident_id, "by": actor.key, "name": actor.name or actor.key}
    return Entry(RELEASED, STREAM, now_ms, payload)

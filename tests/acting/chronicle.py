"""Chronicle: what the journal says of an incident, read as another process reads it."""

from aiops.adapters.sqlite.store import SqliteStore
from aiops.core.ledger import decision_of
from aiops.model import Incident
from aiops.model.wire import from_json


class Chronicle:
    """All records of a journal, read on with each question."""

    def __init__(self, state):
        self._path = state / "journal.sqlite"
        self._records, self._seq = [], 0

    def records(self, *kinds):
        """Records of these kinds, oldest first; every one where none is named."""
        if self._path.exists():
            store = SqliteStore(self._path)
            try:
                fresh = list(store.read(since=self._seq))
            finally:
                store.close()
            self._records += fresh
            self._seq = max([self._seq, *(one.seq for one in fresh)])
        return [one for one in self._records if not kinds or one.entry.kind in kinds]

    def payloads(self, *kinds):
        """Their payloads."""
        return [one.entry.payload for one in self.records(*kinds)]

    def incidents(self):
        """The newest value of each incident, in order of opening."""
        latest = {}
        for record in self.records("incident_opened", "incident_changed", "incident_closed"):
            latest[record.entry.stream] = record.entry.payload["incident"]
        return [from_json(Incident, one) for one in latest.values()]

    def decisions(self, incident_id):
        """Decisions about an incident, oldest first."""
        return [decision_of(one.entry) for one in self.records("decided") if one.entry.stream == incident_id]

    def started(self, incident_id):
        """Steps that were started for it, as the journal has them."""
        begun = self.payloads("plan_started", "rung_started")
        return [one for one in begun if one["incident_id"] == incident_id]

    def ended(self, incident_id):
        """(remediation, result, detail) of every outcome of its steps, oldest first."""
        steps = {(one["plan_id"], one["step"]): one["remediation"] for one in self.started(incident_id)}
        return [
            (steps[one["plan_id"], one["step"]], one["result"], one["detail"])
            for one in self.payloads("step_ended")
            if (one["plan_id"], one["step"]) in steps
        ]

    def told(self, incident_id):
        """Everything about one incident in lines, for a test that fails."""
        lines = []
        for one in self.records():
            entry = one.entry
            mine = entry.stream == incident_id or entry.payload.get("incident_id") == incident_id
            if mine or entry.kind in ("storm_began", "sight_changed"):
                lines.append(f"{entry.at_ms % 1_000_000} {entry.kind} {str(entry.payload)[:400]}")
        return "\n".join(lines[-30:])

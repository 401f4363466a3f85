"""A journal that teaches: incidents that opened, were acted upon or left alone, and ended."""

from dataclasses import replace

from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.model import Entry, IncidentState, Outcome, Result
from aiops.model.wire import to_json
from tests.unit.core.cases import DAY, MINUTE, NOW, anomaly, incident, plan, step


class Story:
    """Entries as the loop writes them; each incident is the cart's memory leak unless said otherwise."""

    def __init__(self, start_ms=NOW - 30 * DAY):
        self.entries, self.now_ms, self.count = [], start_ms, 0

    def wait(self, ms=MINUTE):
        self.now_ms += ms
        return self

    def write(self, kind, stream, payload):
        self.entries.append(Entry(kind, stream, self.now_ms, payload))

    def opens(self, **changes):
        """A new incident; its value."""
        self.count += 1
        began = anomaly(since_ms=self.now_ms, at_ms=self.now_ms)
        made = incident(began, id=f"i{self.count}", opened_ms=self.now_ms, since_ms=self.now_ms)
        made = replace(made, **changes)
        self.write("incident_opened", made.id, {"incident": to_json(made)})
        return made

    def changes(self, made, *what, **changes):
        made = replace(made, **changes)
        self.write("incident_changed", made.id, {"incident": to_json(made), "what": list(what)})
        return made

    def closes(self, made, cleared=True, **changes):
        """Its signals are back in the band since now, or nobody knows."""
        ends = self.now_ms if cleared else None
        gone = tuple(replace(one, cleared_ms=ends) for one in made.anomalies)
        made = replace(made, anomalies=gone, state=IncidentState.CLOSED, closed_ms=self.now_ms, **changes)
        self.write("incident_closed", made.id, {"incident": to_json(made)})

    def starts(self, made, **changes):
        """The first rung of a plan; the plan."""
        values = {"incident_id": made.id, "made_at_ms": self.now_ms} | changes
        planned = plan(values.pop("step", step()), **values)
        self.entries.append(start_entry(planned, 0, Ledger(), self.now_ms))
        return planned

    def ends(self, planned, result, harmed=False):
        outcome = Outcome(planned.id, 0, result, self.now_ms, harmed=harmed)
        self.entries.append(outcome_entry(outcome))

    def tries(self, result, harmed=False, made=None, **changes):
        """A whole incident in which something was done at once; a day passes."""
        made = made or self.opens()
        planned = self.starts(made, **changes)
        self.wait().ends(planned, Result.APPLIED)
        self.wait().ends(planned, result, harmed)
        self.wait(10 * MINUTE).closes(made)
        self.wait(6 * 60 * MINUTE)
        return made

    def leaves_alone(self, lasts_ms, **changes):
        """A whole incident in which nothing was done; some hours pass."""
        made = self.opens(**changes)
        self.wait(lasts_ms).closes(made)
        self.wait(6 * 60 * MINUTE)
        return made

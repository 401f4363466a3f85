"""Taking: what correlation tells of one tick becomes entries, lives and decisions."""

from dataclasses import replace

from aiops.core import life as lives
from aiops.core.book import Book, Changed, Closed, IncidentChange, Opened, StormBegan, StormEnded
from aiops.core.credit import credited, words
from aiops.core.ledger import attempts_for
from aiops.core.life import Life
from aiops.core.lifecycle import UNDER_WAY
from aiops.core.merge import absorbed, twin
from aiops.engine import entries
from aiops.engine.deciding import decide
from aiops.engine.diagnose import diagnose
from aiops.engine.turn import Turn
from aiops.model import (
    Incident,
)


def follows(turn: Turn, book: Book) -> None:
    """Take up the book of this tick, with the scopes that were seen for the first time."""
    before = turn.memory.book
    new = {}
    if book.first_seen is not before.first_seen:  # the same mapping where nothing is new
        new = {one: at for one, at in book.first_seen.items() if one not in before.first_seen}
    if new or book.began_ms != before.began_ms:
        turn.written.append(entries.scopes(new, book.began_ms, turn.now_ms))
    turn.memory.book = book


def take(turn: Turn, change: IncidentChange) -> IncidentChange:
    """Journal, diagnose and decide what correlation tells; what is to be told in the end."""
    match change:
        case Opened(incident):
            incident = _diagnosed(turn, incident)
            other = twin(incident, turn.memory.book, turn.facts, turn.told_open)
            if other is not None:
                return _merge(turn, other, incident)
            turn.told_open.add(incident.id)
            turn.memory.lives[incident.id] = Life(incident.id, incident.flaps)
            turn.written += entries.opened(incident, turn.recent, turn.now_ms)
            turn.happen(incident.id, lives.Judged(f"opened: {incident.opened_because}"))
            decide(turn, incident)
        case Changed(incident, what):
            incident = _diagnosed(turn, incident)
            if incident.prime != turn.blamed.get(incident.id, incident.prime):
                what = (*what, "suspect")
            if "reopened" in what:
                _lives_again(turn, incident)
            turn.written.append(entries.changed(incident, what, turn.now_ms))
            turn.happen(incident.id, lives.Judged(f"changed: {', '.join(what)}"))
            turn.memory.waits.pop(incident.id, None)
            decide(turn, incident)
            return Changed(incident, what)
        case Closed(incident):
            incident = _credited(turn, incident)
            turn.written.append(entries.closed(incident, turn.now_ms))
            turn.happen(incident.id, lives.Closed(incident.closed_because), incident)
            if incident.id not in turn.memory.lives:  # else a step's end is still to be known
                turn.memory.drop(incident.id)
            return Closed(incident)
        case StormBegan() | StormEnded():
            turn.written.append(entries.storm(change))
            turn.memory.look_anew()
    return change


def _lives_again(turn: Turn, incident: Incident) -> None:
    """A new life for what came back; but a step that is under way is finished and judged first, else
    nobody would ever know its end, and its target were in flight for ever (E1)."""
    life = turn.memory.lives.get(incident.id)
    if life is None or life.state not in UNDER_WAY:
        turn.memory.drop(incident.id)
        turn.memory.lives[incident.id] = Life(incident.id, incident.flaps)
        return
    life = replace(life, over="")
    turn.memory.lives[incident.id] = life
    turn.written.append(entries.lived(life, lives.Judged("reopened"), (), turn.now_ms))


def _credited(turn: Turn, incident: Incident) -> Incident:
    """``incident`` with whose fix it was, where it was not ours."""
    attempts = attempts_for(turn.memory.ledger, incident)
    credit = credited(incident, turn.facts, attempts, turn.now_ms, turn.standing.field_manager)
    return replace(incident, credit=words(credit))


def _merge(turn: Turn, into: Incident, incident: Incident) -> IncidentChange:
    """``incident`` is another side of ``into``, as their diagnosis shows: it is not opened."""
    book = turn.memory.book.without(incident.id)
    turn.memory.book = book.put(absorbed(into, incident, turn.now_ms))
    both = _diagnosed(turn, turn.memory.book.open[into.id])
    turn.written.append(entries.changed(both, ("anomaly",), turn.now_ms))
    turn.written += entries.evidence(both, incident.anomalies[: entries.MOST], turn.recent, turn.now_ms)
    turn.memory.waits.pop(both.id, None)
    decide(turn, both)
    return Changed(both, ("anomaly",))


def _diagnosed(turn: Turn, incident: Incident) -> Incident:
    incident = diagnose(incident, turn.facts, turn.recent, turn.rules, turn.now_ms)
    turn.memory.book = turn.memory.book.put(incident)
    return incident

"""Forum: questions that are held, since people can answer only so many."""

from dataclasses import replace

import pytest

from aiops.core.approvals.book import asked_entry
from aiops.core.guards import GUARDS
from aiops.core.life import Intent, Life
from aiops.core.quality import SEEING
from aiops.engine import asking
from aiops.engine.deciding import hears
from aiops.model import (
    Deny,
    IncidentState,
    Reason,
    Severity,
)
from tests.fakes.forum import an_approval
from tests.unit.core.cases import MINUTE, NOW, incident
from tests.unit.engine.asking_cases import ADA, SETTINGS, Asking


def test_no_more_questions_wait_than_people_can_answer():
    """H10."""
    timeline = Asking(settings=replace(SETTINGS, max_pending=0))
    timeline.calm_hour()
    timeline.leaks(0)
    assert timeline.forum.approvals() == ()
    (decided,) = timeline.store.read(kinds=("decided",))
    guards = [one["guard"] for one in decided.entry.payload["value"]["reasons"]]
    assert (decided.entry.payload["decision"], guards[-1]) == ("hold", "questions")


def test_a_held_question_is_asked_as_soon_as_there_is_room():
    """H10."""
    timeline = Asking(settings=replace(SETTINGS, max_pending=1))
    other = an_approval(incident_id="other", until_ms=NOW + 600 * MINUTE)
    timeline.calm_hour()
    timeline.store.append([asked_entry(other, NOW)], timeline.loop.term)
    intent = Intent(other.plan_id, other.digest, 0, "w", "s", other.impact, False, 1, 1, other.until_ms)
    timeline.loop.memory.lives["other"] = Life("other", state=IncidentState.WAITING, intent=intent)
    timeline.leaks(0)
    assert timeline.decisions() == ["hold/"]
    for minute in range(1, 60):
        timeline.tick(minute)
    assert [one.id for one in timeline.forum.approvals()] == [other.id]
    timeline.say(ADA, Deny(other.id))
    timeline.tick(60)
    timeline.tick(61)
    assert [one.incident_id for one in timeline.forum.approvals()] == [timeline.incident.id]


def test_what_is_added_to_the_guards_answer_is_called_as_no_guard_is():
    """An approval answers the guards that it names."""
    added = {asking.QUESTIONS, asking.AMENDED, asking.PEOPLE, "server", "mode"}
    assert not added & {guard.__name__ for guard in GUARDS}


def test_of_held_questions_the_worst_is_looked_at_first():
    timeline = Asking(settings=replace(SETTINGS, max_pending=1)).calm_hour()
    turn = timeline.loop.turn(NOW, timeline.facts(0), SEEING)
    held = ("Hold", "calm-leaking", (), ("questions",)), None
    for name, severity in (("i1", Severity.LOW), ("i2", Severity.CRITICAL), ("i3", Severity.HIGH)):
        opened = {**turn.memory.book.open, name: incident(id=name, severity=severity)}
        turn.memory.book = replace(turn.memory.book, open=opened)
        turn.memory.said[name] = held
    hears(turn)
    assert turn.memory.due == {"i2": NOW}


def test_only_as_many_held_questions_are_looked_at_again_as_there_is_room():
    """The worst first; and what is held is not shown to the API server."""
    timeline = Asking(settings=replace(SETTINGS, max_pending=1))
    timeline.calm_hour()
    shown = []
    timeline.loop.rehearse = lambda plan, step: shown.append(plan.target) or Reason("server", "permit", "")
    other = an_approval(incident_id="other", until_ms=NOW + 600 * MINUTE)
    timeline.store.append([asked_entry(other, NOW)], timeline.loop.term)
    intent = Intent(other.plan_id, other.digest, 0, "w", "s", other.impact, False, 1, 1, other.until_ms)
    timeline.loop.memory.lives["other"] = Life("other", state=IncidentState.WAITING, intent=intent)
    timeline.leaks(0)
    for minute in (1, 5, 9):
        timeline.tick(minute)
    assert shown == []


@pytest.mark.parametrize(("against", "held"), [(("questions",), True), (("freeze",), False), ((), False)])
def test_a_workload_that_is_called_questions_is_not_taken_for_a_held_question(against, held):
    """Every tick would decide upon it anew, and show it to the API server each time."""
    timeline = Asking().calm_hour()
    turn = timeline.loop.turn(NOW, timeline.facts(0), SEEING)
    steps = (("scale_to", "Deployment/shop/questions", "scale Deployment/shop/questions"),)
    turn.memory.said["i1"] = ("Hold", "calm-leaking", steps, against), None
    hears(turn)
    assert ("i1" in turn.memory.due) is held

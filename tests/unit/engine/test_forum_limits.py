"""Forum: what is limited: only today, put off, deadlines, reminders, and what nobody was shown."""

from dataclasses import replace

import pytest

from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.follow import ripe
from aiops.core.life import Unlocked
from aiops.core.quality import SEEING
from aiops.engine.curfew import until
from aiops.engine.requests import Desk
from aiops.errors import Unavailable
from aiops.model import (
    Approve,
    Deny,
    IncidentState,
    Mine,
    Release,
    Severity,
    Snooze,
    Status,
)
from tests.fakes.inbox import FakeInbox
from tests.unit.core.cases import CART, MINUTE, NOW
from tests.unit.engine.asking_cases import ADA, BOB, SETTINGS, Asking


def test_only_today_is_a_no_until_midnight():
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Deny(approval.id, "", NOW + 60 * MINUTE))
    timeline.tick(59)
    assert timeline.forum.approvals() == ()
    timeline.tick(60)
    (again,) = timeline.forum.approvals()
    assert again.id != approval.id


def test_what_is_put_off_is_asked_again_when_it_was_said_and_not_before():
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(ADA, Snooze(approval.id, NOW + 30 * MINUTE)).done
    timeline.tick(1)
    assert timeline.state(approval) == "cancelled"
    timeline.tick(29)
    assert timeline.forum.approvals() == ()
    timeline.tick(30)
    assert len(timeline.forum.approvals()) == 1


@pytest.mark.parametrize(("minutes", "done"), [(0, False), (1440, True), (1441, False)])
def test_nobody_puts_it_off_into_the_past_or_for_ever(minutes, done):
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(ADA, Snooze(approval.id, NOW + minutes * MINUTE)).done is done


def test_no_answer_is_a_no_after_a_reminder_to_more_people():
    """5.4, H8: reminded at minute 5, expired at minute 15, never approved by silence."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.tick(4.9)
    assert not timeline.forum.approval(approval.id).reminded
    timeline.tick(5)
    assert timeline.forum.approval(approval.id).reminded
    timeline.tick(15)
    assert timeline.state(approval) == "expired"
    assert timeline.writes == []


def test_a_click_after_the_deadline_counts_for_nothing():
    """H6."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.clock.advance(900)
    assert not timeline.say(ADA, Approve(approval.id)).done


def test_what_was_approved_only_today_is_taken_back_when_the_day_is_over_and_once():
    timeline = Asking().calm_hour()
    timeline.loop.desk = Desk(FakeInbox(), timeline.store, timeline.cluster)
    timeline.leaks(0)
    (approval,) = timeline.forum.approvals()
    timeline.say(ADA, Approve(approval.id, NOW + 120 * MINUTE))
    timeline.tick(0.5)
    timeline.status = Status.NORMAL
    for minute in (2, 2.5, 3, 119):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "verified"]
    assert timeline.cluster.objects[CART]["metadata"]["annotations"]["example.com/calm"] == "yes"
    for minute in (120, 120.5, 121, 121.5):
        timeline.tick(minute)
    assert "example.com/calm" not in timeline.cluster.objects[CART]["metadata"]["annotations"]
    assert timeline.results() == ["applied", "verified", "undone"]
    (request,) = timeline.store.read(kinds=("requested",))
    assert request.entry.payload["by"] == "Ada"


def test_a_no_can_be_limited_to_today_afterwards():
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Deny(approval.id))
    timeline.tick(1)
    assert timeline.incident.state == "escalated"
    assert not timeline.say(BOB, Deny(approval.id, "", NOW + 60 * MINUTE)).done  # it was not his
    assert timeline.say(ADA, Deny(approval.id, "", NOW + 60 * MINUTE)).done
    timeline.tick(59)
    assert timeline.forum.approvals() == ()
    timeline.tick(60)
    assert len(timeline.forum.approvals()) == 1


def test_a_yes_can_be_limited_to_today_afterwards_and_is_no_second_vote():
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Approve(approval.id))
    assert timeline.say(ADA, Approve(approval.id, NOW + 60 * MINUTE)).done
    assert until(timeline.forum.approval(approval.id)) == NOW + 60 * MINUTE
    timeline.clock.advance(901)
    assert not timeline.say(ADA, Approve(approval.id, NOW + 30 * MINUTE)).done
    assert [state for state, _ in timeline.moves()] == ["approved"]


def test_a_no_that_came_after_one_for_today_stands():
    timeline = Asking()
    first = timeline.asks()
    timeline.say(ADA, Deny(first.id, "", NOW + 60 * MINUTE))
    timeline.tick(60)
    (second,) = timeline.forum.approvals()
    timeline.say(BOB, Deny(second.id, "never"))
    for minute in (61, 62, 120, 180):
        timeline.tick(minute)
    assert timeline.forum.approvals() == ()
    assert len(list(timeline.store.read(kinds=("approval_asked",)))) == 2


@pytest.mark.parametrize("saying", [Snooze, lambda name, until: Deny(name, "", until)])
def test_what_was_put_off_is_asked_again_after_a_restart_too(saying):
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, saying(approval.id, NOW + 30 * MINUTE))
    timeline.tick(1)
    again = Asking(store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    for minute in (2, 29):
        again.tick(minute)
        assert again.forum.approvals() == ()
    again.tick(30)
    assert len(again.forum.approvals()) == 1


def test_what_was_refused_at_the_last_look_is_asked_again_after_a_restart_too():
    """H6: the cluster could not be read when it was approved."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.loop.fresh = unreadable
    timeline.say(ADA, Approve(approval.id))
    timeline.loop.advance(NOW + MINUTE // 2, (), timeline.facts(0.5), SEEING)
    assert timeline.state(approval) == "superseded"
    again = Asking(store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    again.tick(1)
    assert len(again.forum.approvals()) == 1


def unreadable(_at_ms):
    raise Unavailable("the API server is away")


def test_a_question_keeps_its_deadline_whatever_it_is_looked_at_for():
    """No answer is a no, also where somebody unlocked meanwhile."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.loop.answer(approval.incident_id, Unlocked("Bob"))
    for minute in (1, 14.9):
        timeline.tick(minute)
        assert timeline.state(approval) == "pending"
    timeline.tick(15)
    assert timeline.state(approval) == "expired"


@pytest.mark.parametrize("saying", [Mine, None])
def test_a_step_under_way_has_its_time_whatever_the_incident_is_looked_at_for(saying):
    """E1: a claim or an unlock in the middle of a verification is not its end."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Approve(approval.id))
    timeline.tick(0.5)
    if saying is None:
        timeline.loop.answer(approval.incident_id, Unlocked("Bob"))
    else:
        timeline.say(ADA, saying(approval.incident_id))
    timeline.tick(1)
    assert timeline.incident.state == "verifying"
    timeline.status = Status.NORMAL
    for minute in (2, 2.5, 3):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "verified"]


def fewer_ready(timeline, ready):
    """So many of the cart's four pods are ready from now on."""
    known = timeline.cluster.known
    timeline.cluster.known = replace(known, workloads={CART: replace(known.workloads[CART], ready=ready)})


def test_an_approval_does_not_answer_what_nobody_was_shown():
    """H6: three pods broke after the question was asked; one restart more would leave none."""
    timeline = Asking("restart_rollout", settings=replace(SETTINGS, critical_share=1.0))
    approval = timeline.asks()
    assert not any(one.startswith("ready_floor") for one in approval.because)
    timeline.say(ADA, Approve(approval.id))
    fewer_ready(timeline, 1)
    timeline.tick(0.5)
    assert timeline.writes == []
    assert timeline.state(approval) == "superseded"
    timeline.tick(1)
    (anew,) = timeline.forum.approvals()
    assert any(one.startswith("impact: impact high: 1 pods are ready") for one in anew.because)
    timeline.say(ADA, Approve(anew.id))
    timeline.tick(1.5)
    assert timeline.writes == [("patch", "cart")]


def test_what_becomes_critical_while_it_waits_is_asked_anew_of_two():
    """H5: one yes was enough for what it was."""
    timeline = Asking()
    approval = timeline.asks()
    worse = replace(timeline.loop.book.open[approval.incident_id], severity=Severity.CRITICAL)
    timeline.loop.book = timeline.loop.book.put(worse)
    timeline.leaks(1, signal="cpu_steal")
    (anew,) = timeline.forum.approvals()
    assert (anew.quorum, timeline.state(approval)) == (2, "superseded")
    assert not timeline.say(ADA, Approve(approval.id)).done


def test_a_question_asked_again_within_the_same_second_is_a_question_of_its_own():
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Mine(approval.incident_id))
    timeline.tick(0)
    timeline.say(ADA, Release(approval.incident_id))
    timeline.tick(0)
    (anew,) = timeline.forum.approvals()
    assert anew.id != approval.id


@pytest.mark.parametrize(
    ("minutes", "done"), [(-1, False), (0, False), (1, True), (2880, True), (2881, False)]
)
def test_only_today_ends_within_two_days_and_not_in_the_past(minutes, done):
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(ADA, Approve(approval.id, NOW + minutes * MINUTE)).done is done


@pytest.mark.parametrize("minutes", [-1, 2881])
@pytest.mark.parametrize("saying", [Approve, Deny])
def test_an_answer_is_not_limited_to_the_past_afterwards_nor_for_ever(saying, minutes):
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, saying(approval.id))
    assert not timeline.say(ADA, saying(approval.id, until_ms=NOW + minutes * MINUTE)).done


def test_a_yes_in_time_that_is_limited_after_the_deadline_was_in_time():
    timeline = Asking()
    approval = timeline.asks()
    timeline.clock.advance(899)
    timeline.say(ADA, Approve(approval.id))
    timeline.clock.advance(60)
    assert timeline.say(ADA, Approve(approval.id, NOW + 60 * MINUTE)).done
    timeline.tick(16)
    assert timeline.writes == [("patch", "cart")]


def test_what_is_left_to_people_after_a_no_for_today_was_lifted_stays_theirs():
    """A day's no is lifted once."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Deny(approval.id))
    timeline.tick(1)
    timeline.say(ADA, Deny(approval.id, "", NOW + 60 * MINUTE))
    timeline.tick(60)
    (life,) = timeline.loop.memory.lives.values()
    assert life.lifted == (approval.id,)
    left = replace(life, state=IncidentState.ESCALATED, intent=None, declined=("something",))
    alone = ApprovalBook(0, {approval.id: timeline.forum.approval(approval.id)})
    lives = {life.incident_id: left}
    assert list(ripe(alone, lives, NOW + 90 * MINUTE)) == []
    assert len(list(ripe(alone, {life.incident_id: replace(left, lifted=())}, NOW + 90 * MINUTE))) == 1

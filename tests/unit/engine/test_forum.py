"""Forum: what people say is judged, journalled, and followed by the loop; never more, never twice."""

import threading
from dataclasses import replace

import pytest

from aiops.core.approvals.book import ApprovalBook, asked_entry, moved_entry
from aiops.core.approvals.follow import ripe
from aiops.core.guards import GUARDS
from aiops.core.life import Intent, Life, Unlocked
from aiops.core.quality import SEEING
from aiops.engine import asking
from aiops.engine.curfew import until
from aiops.engine.deciding import hears
from aiops.engine.requests import Desk
from aiops.errors import Unavailable
from aiops.model import (
    Amend,
    ApprovalState,
    Approve,
    ApproverRole,
    Deny,
    Echo,
    FalseAlarm,
    IncidentState,
    Mine,
    Reason,
    Release,
    ResumeAll,
    Severity,
    Snooze,
    Status,
    StopAll,
    Why,
)
from tests.fakes.forum import an_approval
from tests.fakes.inbox import FakeInbox
from tests.fakes.store import FakeStore
from tests.unit.core.cases import CART, MINUTE, NOW, incident
from tests.unit.engine.asking_cases import ADA, BOB, EVE, SETTINGS, Asking


def test_a_question_is_a_record_of_the_journal_bound_to_one_plan():
    """5.4: what a channel needs to show it, and the digest that an answer is to."""
    timeline = Asking()
    approval = timeline.asks()
    (decided,) = timeline.store.read(kinds=("decided",))
    assert approval.digest == decided.entry.payload["value"]["plan"]["digest"]
    assert (approval.cluster, approval.target, approval.roles) == ("prod", str(CART), ("on-call",))
    assert (approval.quorum, approval.short) == (1, approval.id[:4])
    # asked at minute 0: reminded after 5 minutes, no after 15
    assert (approval.remind_ms, approval.until_ms) == (NOW + 5 * MINUTE, NOW + 15 * MINUTE)


def test_an_approval_is_carried_out_and_its_whole_life_is_journalled():
    timeline = Asking()
    approval = timeline.asks()
    echo = timeline.say(ADA, Approve(approval.id), "m1")
    assert (echo.done, echo.approval.state) == (True, "approved")
    assert timeline.writes == []  # the loop carries out, not whoever clicks
    timeline.tick(0.5)
    assert timeline.writes == [("patch", "cart")]
    assert timeline.state(approval) == "executing"
    timeline.status = Status.NORMAL
    for minute in (2, 2.5, 3):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "verified"]
    assert [state for state, _ in timeline.moves()] == ["approved", "executing", "executed"]


def test_an_approval_that_was_journalled_before_a_crash_is_carried_out_after_it():
    """E1: the click is durable; whoever starts next finds it."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, Approve(approval.id))
    again = Asking(store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    again.tick(1)
    assert again.writes == [("patch", "cart")]
    assert again.state(approval) == "executing"


def test_a_no_is_a_no_and_the_same_is_not_asked_again():
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(BOB, Deny(approval.id, "it is payday")).text == "denied by Bob: it is payday"
    for minute in (1, 30, 90):
        timeline.tick(minute)
    assert timeline.writes == []
    assert timeline.incident.state == "escalated"
    assert timeline.forum.approvals() == ()


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


def test_who_is_no_approver_is_refused_and_that_is_journalled():
    """H4: a name that looks alike is nobody."""
    timeline = Asking()
    approval = timeline.asks()
    echo = timeline.say(EVE, Approve(approval.id), "m1")
    assert not echo.done
    timeline.tick(1)
    assert timeline.writes == []
    (said,) = timeline.store.read(kinds=("said",))
    assert (said.entry.payload["by"], said.entry.payload["done"]) == ("slack:T1/U9", False)


def test_a_click_after_the_deadline_counts_for_nothing():
    """H6."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.clock.advance(900)
    assert not timeline.say(ADA, Approve(approval.id)).done


def test_the_same_message_twice_is_one_answer_also_after_a_restart():
    """H3."""
    timeline = Asking()
    approval = timeline.asks()
    first = timeline.say(ADA, Approve(approval.id), "m1")
    assert timeline.say(ADA, Approve(approval.id), "m1") == first
    again = Asking(store=timeline.store)
    assert again.say(ADA, Approve(approval.id), "m1").done
    assert [state for state, _ in timeline.moves()] == ["approved"]
    assert len(list(timeline.store.read(kinds=("approval_voted",)))) == 1


def test_of_two_hundred_answers_at_once_exactly_one_decides():
    """H3, G10: threads race for one approval; the others are told that it was decided."""
    timeline = Asking()
    approval = timeline.asks()
    echoes, barrier = [], threading.Barrier(20)

    def click(number):
        barrier.wait()
        for each in range(10):
            saying = Approve(approval.id) if each % 2 else Deny(approval.id)
            echoes.append(timeline.say(ADA if number % 2 else BOB, saying, f"c{number}-{each}"))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(echoes) == 200
    assert sum(echo.done for echo in echoes) == 1
    assert len(timeline.moves()) == 1


def critical():
    """Two people for everything."""
    return replace(SETTINGS, critical_share=0.0, critical_remediations=("annotate",))


def test_what_is_critical_takes_two_people():
    """H5: one person twice is one; a second one decides."""
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    assert approval.quorum == 2
    assert timeline.say(ADA, Approve(approval.id)).approval.state == "pending"
    assert not timeline.say(ADA, Approve(approval.id)).done
    timeline.tick(0.5)
    assert timeline.writes == []
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "approved"
    timeline.tick(1)
    assert timeline.writes == [("patch", "cart")]


def test_a_journal_that_refuses_counts_nothing():
    """No journal, no decision (E12)."""
    timeline = Asking(store=FakeStore())
    approval = timeline.asks()
    timeline.store.full = True
    with pytest.raises(Unavailable):
        timeline.say(ADA, Approve(approval.id))
    timeline.store.full = False
    assert timeline.state(approval) == "pending"


def test_another_step_instead_is_a_plan_of_its_own_and_confirmed_by_who_wants_it():
    timeline = Asking()
    approval = timeline.asks()
    echo = timeline.say(ADA, Amend(approval.id, "scale_to", {"replicas": 6}, "payday"))
    assert (echo.done, echo.approval.summary) == (True, f"scale {CART} from 4 to 6 pods")
    assert echo.approval.digest != approval.digest
    assert (echo.approval.author, timeline.state(approval)) == ("slack:T1/U1", "superseded")
    timeline.tick(0.5)
    (pending,) = timeline.forum.approvals()
    assert pending.id == echo.approval.id  # it is not replaced by the daemon's own plan
    assert not timeline.say(ADA, Approve(approval.id)).done  # the first question is over
    assert timeline.say(ADA, Approve(pending.id)).done
    timeline.tick(1)
    assert timeline.cluster.objects[CART]["spec"]["replicas"] == 6
    assert len(timeline.writes) == 1


def test_where_two_are_needed_the_author_of_an_amendment_is_neither():
    """H5."""
    timeline = Asking(settings=replace(SETTINGS, critical_remediations=("scale_to",)))
    approval = timeline.asks()
    wanted = timeline.say(ADA, Amend(approval.id, "scale_to", {"replicas": 6})).approval
    assert wanted.quorum == 2
    assert not timeline.say(ADA, Approve(wanted.id)).done
    assert timeline.say(BOB, Approve(wanted.id)).approval.state == "pending"


@pytest.mark.parametrize(
    ("remediation", "parameters", "why"),
    [
        ("scale_to", {"replicas": 4}, "has 4 pods already"),
        ("scale_to", {"replicas": -1}, "expected 0 or more"),
        ("scale_to", {"pods": 3}, "scale_to"),
        ("delete_everything", {}, "delete_everything"),
    ],
)
def test_what_cannot_be_done_instead_is_said_and_the_question_stands(remediation, parameters, why):
    timeline = Asking()
    approval = timeline.asks()
    echo = timeline.say(ADA, Amend(approval.id, remediation, parameters))
    assert not echo.done
    assert why in echo.text
    assert timeline.forum.approvals() == (approval,)


def test_who_may_not_answer_may_not_amend():
    timeline = Asking()
    approval = timeline.asks()
    assert not timeline.say(EVE, Amend(approval.id, "scale_to", {"replicas": 6})).done
    assert timeline.forum.approvals() == (approval,)


def test_automation_keeps_off_what_somebody_is_on_until_it_is_released():
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(EVE, Mine(approval.incident_id)).done  # whoever is known may keep us off
    timeline.tick(0.5)
    assert timeline.forum.approvals() == ()
    assert timeline.decisions()[-1] == "hold/"
    assert not timeline.say(replace(EVE, id="T1/U8"), Release(approval.incident_id)).done
    assert timeline.say(ADA, Release(approval.incident_id)).done
    timeline.tick(1)
    assert len(timeline.forum.approvals()) == 1


def test_anybody_may_stop_and_only_approvers_resume():
    """B5."""
    timeline = Asking()
    timeline.asks()
    assert timeline.say(EVE, StopAll("the site is on fire")).done
    assert timeline.stops == [("Ada (slack:T1/U9)", "the site is on fire")]
    assert not timeline.say(EVE, ResumeAll()).done
    assert timeline.say(BOB, ResumeAll()).done


def test_why_is_answered_and_changes_nothing():
    timeline = Asking()
    approval = timeline.asks()
    before = timeline.store.head()
    echo = timeline.say(EVE, Why(approval.incident_id))
    assert (echo.done, echo.text) == (True, f"because of {approval.incident_id}")
    assert timeline.store.head() == before
    assert not timeline.say(EVE, Why("nothing")).done


def test_a_question_whose_incident_is_over_is_not_carried_out():
    """H6: the anomaly cleared between the click and the tick."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.calms(1)
    for minute in range(2, 40):
        timeline.tick(minute)
        if not timeline.loop.book.open:
            break
    assert timeline.state(approval) in {"cancelled", "expired"}
    assert not timeline.say(ADA, Approve(approval.id)).done
    timeline.tick(41)
    assert timeline.writes == []


def test_no_more_questions_wait_than_people_can_answer():
    """H10."""
    timeline = Asking(settings=replace(SETTINGS, max_pending=0))
    timeline.calm_hour()
    timeline.leaks(0)
    assert timeline.forum.approvals() == ()
    (decided,) = timeline.store.read(kinds=("decided",))
    guards = [one["guard"] for one in decided.entry.payload["value"]["reasons"]]
    assert (decided.entry.payload["decision"], guards[-1]) == ("hold", "questions")


class Racing(FakeStore):
    """A journal into which somebody else writes ``first`` just before the next conditional append."""

    first = None

    def append(self, entries, term, conditions=()):
        if conditions and self.first is not None:
            first, self.first = self.first, None
            super().append((first,), term)
        return super().append(entries, term, conditions)


def test_an_answer_is_to_the_approval_as_the_journal_has_it_at_that_very_moment():
    """H3: the question was withdrawn between the look and the write: compare-and-set, then another look."""
    timeline = Asking(store=Racing())
    approval = timeline.asks()
    timeline.store.first = moved_entry(approval, ApprovalState.SUPERSEDED, "another plan took its place", NOW)
    echo = timeline.say(ADA, Approve(approval.id))
    assert not echo.done
    assert [state for state, _ in timeline.moves()] == ["superseded"]
    timeline.tick(1)
    assert timeline.writes == []


def test_a_daemon_that_does_not_lead_any_more_takes_no_answers():
    """E4."""
    timeline = Asking()
    approval = timeline.asks()
    timeline.store.begin_term(timeline.store.term() + 1)
    with pytest.raises(Unavailable):
        timeline.say(ADA, Approve(approval.id))
    assert timeline.moves() == []


@pytest.mark.parametrize(("state", "end"), [("approved", "cancelled"), ("executing", "executed")])
def test_an_approval_that_nothing_waits_for_ends(state, end):
    """An answer that raced with the end of its question is not left standing for ever."""
    timeline = Asking().calm_hour()
    lost = an_approval(until_ms=NOW + 10 * MINUTE)
    entries = [asked_entry(lost, NOW), moved_entry(lost, ApprovalState.APPROVED, "approved by Ada", NOW)]
    entries += [moved_entry(lost, ApprovalState.EXECUTING, "", NOW)] * (state == "executing")
    timeline.store.append(entries, timeline.loop.term)
    timeline.leaks(0)
    assert timeline.state(lost) == end
    assert timeline.writes == []


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


def test_the_first_of_two_can_limit_their_yes_and_it_still_takes_another_person():
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    assert timeline.say(ADA, Approve(approval.id)).done
    echo = timeline.say(ADA, Approve(approval.id, NOW + 60 * MINUTE))
    assert (echo.done, echo.approval.state) == (True, "pending")
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "approved"
    assert until(timeline.forum.approval(approval.id)) == NOW + 60 * MINUTE


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


def test_a_stop_counts_also_where_the_journal_cannot_note_it():
    """B5: that is when people want it most."""
    timeline = Asking(store=FakeStore())
    timeline.asks()
    timeline.store.full = True
    echo = timeline.say(EVE, StopAll("fire"))
    assert echo.done
    assert "could not note it" in echo.text
    assert len(timeline.stops) == 1


@pytest.mark.parametrize(
    ("minutes", "done"), [(-1, False), (0, False), (1, True), (2880, True), (2881, False)]
)
def test_only_today_ends_within_two_days_and_not_in_the_past(minutes, done):
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(ADA, Approve(approval.id, NOW + minutes * MINUTE)).done is done


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


def test_whoever_left_the_role_between_two_yeses_is_not_counted():
    """H4, H5: looked up again when the last one answers."""
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    timeline.say(ADA, Approve(approval.id))
    left = replace(critical(), roles={"on-call": ApproverRole(slack_users=("T1/U2", "T1/U4"))})
    timeline.forum.settings = left
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "pending"
    assert timeline.say(replace(BOB, id="T1/U4"), Approve(approval.id)).approval.state == "approved"


@pytest.mark.parametrize("gone", [True, False])
def test_groups_of_earlier_yeses_are_asked_for_again(gone):
    """H4: the rotation moved on; or nobody can tell."""
    settings = replace(critical(), roles={"on-call": ApproverRole(slack_groups=("S1",))})
    timeline = Asking(settings=settings)
    approval = timeline.asks()
    on_call = replace(ADA, groups=("S1",))
    timeline.say(on_call, Approve(approval.id))
    timeline.forum.refresh = lambda actor: replace(actor, groups=()) if gone else None
    state = timeline.say(replace(BOB, groups=("S1",)), Approve(approval.id)).approval.state
    assert state == "pending"


def test_resumed_is_said_only_where_nothing_stops_us_any_more():
    timeline = Asking()
    timeline.asks()
    timeline.say(ADA, StopAll())
    timeline.hall.still_stopped = lambda: "ConfigMap aiops/aiops-stop"
    echo = timeline.say(ADA, ResumeAll())
    assert not echo.done
    assert "ConfigMap aiops/aiops-stop" in echo.text


@pytest.mark.parametrize("minutes", [-1, 2881])
@pytest.mark.parametrize("saying", [Approve, Deny])
def test_an_answer_is_not_limited_to_the_past_afterwards_nor_for_ever(saying, minutes):
    timeline = Asking()
    approval = timeline.asks()
    timeline.say(ADA, saying(approval.id))
    assert not timeline.say(ADA, saying(approval.id, until_ms=NOW + minutes * MINUTE)).done


def test_a_stop_that_is_delivered_again_after_a_resume_stops_nothing():
    """H3."""
    timeline = Asking()
    timeline.asks()
    first = timeline.say(ADA, StopAll(), "m1")
    timeline.say(ADA, ResumeAll(), "m2")
    assert timeline.say(ADA, StopAll(), "m1") == first
    assert timeline.stops == []


def test_one_message_is_heard_once_however_many_deliver_it_at_once():
    """H3."""
    timeline = Asking()
    approval = timeline.asks()
    began, go = threading.Event(), threading.Event()
    echoes = []

    def slow(said, alarm, incident):
        began.set()
        go.wait(5)
        return Echo(True, "taken up")

    timeline.hall.false_alarm = slow
    saying = FalseAlarm(approval.incident_id, "nightly batch")
    first = threading.Thread(target=lambda: echoes.append(timeline.say(ADA, saying, "m1")))
    first.start()
    assert began.wait(5)
    assert not timeline.say(ADA, saying, "m1").done
    go.set()
    first.join()
    assert [echo.text for echo in echoes] == ["taken up"]


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


def test_an_amendment_that_is_asked_anew_of_two_stays_its_authors_and_the_first_question_is_over():
    """H5: bound to the question, not to the plan alone."""
    timeline = Asking("restart_rollout", settings=replace(SETTINGS, critical_share=1.0))
    first = timeline.asks()
    wanted = timeline.say(BOB, Amend(first.id, "annotate", {}, "gentler")).approval
    worse = replace(timeline.loop.book.open[first.incident_id], severity=Severity.CRITICAL)
    timeline.loop.book = timeline.loop.book.put(worse)
    timeline.leaks(1, signal="cpu_steal")
    (anew,) = timeline.forum.approvals()
    assert (anew.digest, anew.quorum, timeline.state(wanted)) == (wanted.digest, 2, "superseded")
    assert (anew.author, anew.author_why, anew.barred) == ("slack:T1/U2", "gentler", ("slack:T1/U2",))
    assert not timeline.say(BOB, Approve(wanted.id)).done
    assert not timeline.say(BOB, Approve(anew.id)).done
    timeline.tick(2)
    assert timeline.writes == []


def test_two_who_answer_at_the_same_moment_are_two():
    """A yes that is journalled while the other one's roles are asked for counts."""
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    asked = []

    def grants(actor, names, namespace):
        if actor.key == BOB.key and not asked:
            asked.append(actor)
            timeline.say(ADA, Approve(approval.id))
        return frozenset()

    timeline.forum.grants = grants
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "approved"


def test_a_yes_that_could_not_be_counted_for_a_moment_is_counted_when_it_is_said_again():
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    timeline.say(ADA, Approve(approval.id))
    timeline.forum.refresh = lambda _actor: None
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "pending"
    timeline.forum.refresh = lambda actor: actor
    assert timeline.say(ADA, Approve(approval.id)).approval.state == "approved"
    assert [state for state, _ in timeline.moves()] == ["approved"]


@pytest.mark.parametrize(("against", "held"), [(("questions",), True), (("freeze",), False), ((), False)])
def test_a_workload_that_is_called_questions_is_not_taken_for_a_held_question(against, held):
    """Every tick would decide upon it anew, and show it to the API server each time."""
    timeline = Asking().calm_hour()
    turn = timeline.loop.turn(NOW, timeline.facts(0), SEEING)
    steps = (("scale_to", "Deployment/shop/questions", "scale Deployment/shop/questions"),)
    turn.memory.said["i1"] = ("Hold", "calm-leaking", steps, against), None
    hears(turn)
    assert ("i1" in turn.memory.due) is held

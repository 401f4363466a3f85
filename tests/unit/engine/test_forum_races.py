"""Forum: crashes, races and repeats: the journal leads, and one answer decides."""

import threading
from dataclasses import replace

import pytest

from aiops.core.approvals.book import asked_entry, moved_entry
from aiops.errors import Unavailable
from aiops.model import (
    ApprovalState,
    Approve,
    ApproverRole,
    Deny,
    Echo,
    FalseAlarm,
    ResumeAll,
    StopAll,
)
from tests.fakes.forum import an_approval
from tests.fakes.store import FakeStore
from tests.unit.core.cases import MINUTE, NOW
from tests.unit.engine.asking_cases import ADA, BOB, EVE, Asking, critical


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


def test_a_journal_that_refuses_counts_nothing():
    """No journal, no decision (E12)."""
    timeline = Asking(store=FakeStore())
    approval = timeline.asks()
    timeline.store.full = True
    with pytest.raises(Unavailable):
        timeline.say(ADA, Approve(approval.id))
    timeline.store.full = False
    assert timeline.state(approval) == "pending"


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


def test_a_stop_counts_also_where_the_journal_cannot_note_it():
    """B5: that is when people want it most."""
    timeline = Asking(store=FakeStore())
    timeline.asks()
    timeline.store.full = True
    echo = timeline.say(EVE, StopAll("fire"))
    assert echo.done
    assert "could not note it" in echo.text
    assert len(timeline.stops) == 1


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

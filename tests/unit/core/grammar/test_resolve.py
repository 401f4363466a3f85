"""A reply counts only for what its author can have meant, in the thread that it was written in (H7)."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from aiops.core.calendar import day_end
from aiops.core.grammar import (
    Chatter,
    HelpAsked,
    Pending,
    Recent,
    Reply,
    ThreadView,
    Unclear,
    parse,
    resolve,
    thread_view,
)
from aiops.core.grammar.resolve import NEAR_MS
from aiops.model import (
    Actor,
    Amend,
    ApprovalState,
    Approve,
    Ballot,
    Channel,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Snooze,
    StopAll,
    Vote,
    Why,
)
from tests.fakes.forum import an_approval

POSTED = 1_700_000_000_000  # 2023-11-14T22:13:20Z
LATER = POSTED + 60_000
MIDNIGHT = 1_700_006_400_000  # 2023-11-15T00:00Z
A1B2 = Pending("a1b2c3d4e5f6", "a1b2", POSTED)
C3D4 = Pending("c3d4e5f6a1b2", "c3d4", POSTED)
ONE = ThreadView("incident", (A1B2,), elsewhere=("e5f6",))
TWO = ThreadView("incident", (A1B2, C3D4))
NONE = ThreadView("incident")


def said(text, thread=ONE, at_ms=LATER, **how):
    return resolve(parse(text), thread, Reply(at_ms, **how))


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("approve", Approve(A1B2.approval_id)),
        ("approve a1b2", Approve(A1B2.approval_id)),
        ("approve a1b2c3", Approve(A1B2.approval_id)),
        ("approve only today", Approve(A1B2.approval_id, MIDNIGHT)),
        ("deny because it is late", Deny(A1B2.approval_id, "it is late")),
        ("deny a1b2 only today", Deny(A1B2.approval_id, "", MIDNIGHT)),
        ("wait 30m", Snooze(A1B2.approval_id, LATER + 1_800_000)),
        ("scale to 6 instead", Amend(A1B2.approval_id, "scale_to", {"replicas": 6})),
        ("a1b2: restart instead", Amend(A1B2.approval_id, "restart_rollout")),
        ("why?", Why("incident")),
        ("false alarm: batch", FalseAlarm("incident", "batch")),
        ("false alarm only today: batch", FalseAlarm("incident", "batch", MIDNIGHT)),
        ("I'm on it", Mine("incident")),
        ("release", Release("incident")),
        ("stop everything", StopAll()),
        ("resume everything", ResumeAll()),
        ("help", HelpAsked()),
    ],
)
def test_a_form_becomes_the_saying_about_this_thread(text, saying):
    assert said(text) == saying


BARE = ["approve", "approve only today", "deny", "deny because no", "wait 30m", "scale to 6 instead"]


@pytest.mark.parametrize("text", BARE)
def test_a_bare_decision_counts_only_while_exactly_one_plan_waits_here(text):
    assert not isinstance(said(text, ONE), Unclear)
    assert "a1b2 and c3d4 wait here" in said(text, TWO).because
    assert "no plan waits" in said(text, NONE).because


@pytest.mark.parametrize("text", [*BARE, "approve a1b2"])
@pytest.mark.parametrize(("at_ms", "counts"), [(POSTED - 1, False), (POSTED, False), (POSTED + 1, True)])
def test_a_decision_counts_only_when_its_question_is_older(text, at_ms, counts):
    assert isinstance(said(text, at_ms=at_ms), Unclear) is not counts


@pytest.mark.parametrize(
    ("ended_ms", "counts"), [(LATER - NEAR_MS - 1, True), (LATER - NEAR_MS, False), (LATER + 1, False)]
)
def test_a_bare_approve_does_not_slip_from_a_plan_that_ended_to_the_one_that_replaced_it(ended_ms, counts):
    thread = replace(ONE, ended_ms=ended_ms)
    assert isinstance(said("approve", thread), Approve) is counts
    assert isinstance(said("approve a1b2", thread), Approve)  # its name leaves no doubt


def test_an_id_of_another_thread_is_asked_about():
    assert "another thread" in said("approve e5f6").because


def test_an_id_that_does_not_wait_is_asked_about_with_the_one_that_does():
    answer = said("approve beef")
    assert (answer.because, answer.did_you_mean) == (
        "no plan beef waits in this thread, a1b2 waits here",
        "approve a1b2",
    )


def test_an_id_that_only_begins_like_the_one_that_waits_is_another():
    assert isinstance(said("approve a1b2ffff"), Unclear)


def test_where_nothing_waits_no_other_id_is_suggested():
    assert (said("approve beef", NONE).because, said("approve beef", NONE).did_you_mean) == (
        "no plan beef waits in this thread, nothing waits here",
        "",
    )


def test_an_id_shorter_than_the_plan_s_own_is_not_enough():
    thread = ThreadView("incident", (replace(A1B2, short="a1b2c"),))
    assert isinstance(said("approve a1b2", thread), Unclear)
    assert isinstance(said("approve a1b2c", thread), Approve)


EVERY = ["approve", "approve a1b2", "deny", "wait 30m", "scale to 6 instead", "why?", "mine", "release"]


@pytest.mark.parametrize(
    "text", [*EVERY, "only today", "stop everything", "resume everything", "false alarm: x"]
)
@pytest.mark.parametrize("how", ["edited", "quoted"])
def test_edited_and_quoted_messages_decide_nothing(text, how):
    assert how in said(text, **{how: True}).because


@pytest.mark.parametrize(("text", "counts"), [("wait 24h", True), ("wait 1441m", False), ("wait 2d", False)])
def test_a_plan_waits_a_day_at_most(text, counts):
    assert isinstance(said(text), Snooze) is counts


def decided(*ago_ms, ballot=Ballot.YES):
    recent = tuple(Recent(A1B2.approval_id, "a1b2", ballot, LATER - ago, "late") for ago in ago_ms)
    return replace(NONE, recent=recent)


@pytest.mark.parametrize(
    ("thread", "saying"),
    [
        (decided(600_000), Approve(A1B2.approval_id, MIDNIGHT)),
        (decided(0, ballot=Ballot.NO), Deny(A1B2.approval_id, "late", MIDNIGHT)),
        (decided(-60_000), Approve(A1B2.approval_id, MIDNIGHT)),  # by our clock, which is ahead
        (decided(600_001, 5), Approve(A1B2.approval_id, MIDNIGHT)),  # the other is older than ten minutes
    ],
)
def test_only_today_alone_qualifies_the_one_decision_of_the_last_ten_minutes(thread, saying):
    assert said("only today", thread) == saying


@pytest.mark.parametrize("thread", [NONE, decided(600_001), decided(1, 2), decided(-60_001)])
def test_only_today_alone_is_asked_about_where_it_could_mean_nothing_or_more(thread):
    assert isinstance(said("only today", thread), Unclear)


@pytest.mark.parametrize("text", ["yes", "ok", "👍", "no", "wait", "a1b2"])
def test_a_yes_is_asked_about_only_where_a_plan_waits(text):
    assert said(text, NONE) == Chatter()
    assert isinstance(said(text, ONE), Unclear)


def test_a_yes_is_asked_about_with_the_words_that_count():
    assert said("yes").did_you_mean == "approve a1b2"
    assert said("approve all", TWO).did_you_mean == "approve a1b2"
    assert said("approve", TWO).did_you_mean == "approve a1b2"  # the oldest
    assert said("approve all", NONE).did_you_mean == "approve"
    assert said("wait").did_you_mean == "wait 30m"


@pytest.mark.parametrize("text", ["why?", "mine", "release", "false alarm: x", "approve"])
def test_outside_of_an_incident_s_thread_only_the_switch_can_be_said(text):
    assert isinstance(said(text, ThreadView()), Unclear)
    assert said("stop everything", ThreadView()) == StopAll()


@pytest.mark.parametrize("text", ["approve", "deny", "wait 30m", "scale to 6 instead", "restart instead"])
@pytest.mark.parametrize("thread", [TWO, ONE])
def test_what_is_suggested_would_count(text, thread):
    answer = said(text, thread, at_ms=POSTED)
    assert not isinstance(said(answer.did_you_mean, thread), Unclear)


def vote(by, ballot, at_ms):
    return Vote(Actor(Channel.SLACK, by), ballot, at_ms)


def test_the_view_of_a_thread_is_made_from_the_approvals():
    waits = an_approval("a1b2c3d4e5f6", incident_id="one")
    mine = vote("T/U1", Ballot.YES, 2_000_000)
    done = an_approval(
        "c3d4e5f6a1b2",
        incident_id="one",
        state=ApprovalState.EXECUTING,
        votes=(mine, vote("T/U2", Ballot.YES, 3)),
    )
    gone = an_approval("e5f6a1b2c3d4", incident_id="one", state=ApprovalState.SUPERSEDED, ended_ms=1_500_000)
    other = an_approval("f6a1b2c3d4e5", incident_id="two")
    view = thread_view("one", [waits, done, gone, other], "slack:T/U1", {waits.id: 1_234_567})
    assert view == ThreadView(
        "one",
        (Pending(waits.id, "a1b2", 1_234_567),),
        ended_ms=2_000_000,
        elsewhere=("f6a1",),
        recent=(Recent(done.id, "c3d4", Ballot.YES, 2_000_000),),
    )


@pytest.mark.parametrize("incident_id", ["one", ""])
def test_outside_of_threads_every_plan_waits_elsewhere(incident_id):
    """Also that of a review, which has no incident."""
    view = thread_view("", [an_approval(incident_id=incident_id)])
    assert (view.pending, view.elsewhere) == ((), ("a1b2",))


def test_what_is_over_waits_nowhere():
    over = an_approval(incident_id="two", state=ApprovalState.DENIED, ended_ms=5)
    assert thread_view("one", [over]) == ThreadView("one")


def test_without_a_post_the_question_is_as_old_as_it_was_asked():
    assert thread_view("one", [an_approval(incident_id="one")]).pending[0].posted_ms == 1_000_000


VOTED, ENDED = 1_200_000, 1_500_000


@pytest.mark.parametrize(
    ("state", "ended_ms", "ceased_ms"),
    [
        (ApprovalState.PENDING, None, None),  # one of two has said yes
        (ApprovalState.APPROVED, None, VOTED),
        (ApprovalState.EXECUTING, None, VOTED),
        (ApprovalState.EXECUTED, ENDED, VOTED),  # carried out for some minutes, in which nobody was asked
        (ApprovalState.SUPERSEDED, ENDED, ENDED),
        (ApprovalState.EXPIRED, ENDED, ENDED),
    ],
)
def test_a_plan_ceases_to_wait_when_it_is_approved_or_ends(state, ended_ms, ceased_ms):
    votes = (vote("T/U1", Ballot.YES, VOTED - 1), vote("T/U2", Ballot.YES, VOTED))
    approval = an_approval(incident_id="one", state=state, ended_ms=ended_ms, votes=votes)
    assert thread_view("one", [approval]).ended_ms == ceased_ms


def test_what_the_author_put_off_and_what_others_decided_is_no_decision_of_theirs():
    votes = (vote("T/U1", Ballot.LATER, 1), vote("T/U2", Ballot.YES, 2), vote("", Ballot.YES, 3))
    approvals = [an_approval(incident_id="one", votes=votes)]
    assert thread_view("one", approvals, "slack:T/U1").recent == ()
    assert thread_view("one", approvals).recent == ()


@pytest.mark.parametrize(
    ("at", "zone", "hours"),
    [
        ("2024-03-31T00:30", "Europe/Berlin", 22.5),  # the day has 23 hours
        ("2024-10-27T00:30", "Europe/Berlin", 24.5),  # and this one 25
        ("2024-06-01T00:00", "UTC", 24),  # at midnight the day has just begun
        ("2024-06-01T23:59", "Asia/Kolkata", 1 / 60),
        ("2024-03-30T12:00", "Asia/Beirut", 12),  # 00:00 does not exist on the 31st: the clocks go to 01:00
        ("2024-11-02T12:00", "America/Havana", 12),  # 00:00 comes twice on the 3rd: the first
    ],
)
def test_today_ends_at_the_next_midnight_of_the_civil_day(at, zone, hours):
    at_ms = int(datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    assert day_end(at_ms, zone) - at_ms == pytest.approx(hours * 3_600_000)


def test_only_today_follows_the_zone_of_the_settings():
    answer = resolve(parse("approve only today"), ONE, Reply(LATER), timezone="Asia/Tokyo")
    assert answer == Approve(A1B2.approval_id, 1_700_060_400_000)  # 2023-11-15T15:00Z, midnight in Tokyo

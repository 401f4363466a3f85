"""Lifecycle: each event in each state, and what may never happen in any order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.life import (
    Applied,
    Apply,
    Approved,
    Ask,
    Closed,
    Decided,
    Failed,
    Ignore,
    Judged,
    LeaderLost,
    LeaderWon,
    Life,
    Rejected,
    Tell,
    TimedOut,
    Undo,
    Verified,
    Verify,
    WakeAt,
)
from aiops.core.lifecycle import MOST_LOOKS, advance
from aiops.model import Act, Escalate, Hold, Impact, IncidentState, Lean, Reason, Refuse
from aiops.model.wire import from_json, to_json
from tests.unit.core.cases import MINUTE, NOW, plan, scale, step

RESTART, SCALE = plan(), plan(scale())
ROLLBACK = plan(step(impact=Impact.HIGH, remediation="rollback", summary="roll the cart back"))
WHY = (Reason("impact", Lean.PERMIT, "low"),)
UNTIL = NOW + 15 * MINUTE
ACT = Decided(Act(RESTART, WHY))
ASK = Decided(Escalate(ROLLBACK, WHY, ("on-call",), UNTIL))
APPLIED, DRY = Applied(RESTART.id, 0), Applied(RESTART.id, 0, dry_run=True)
FAILED, VERIFIED = Failed(RESTART.id, 0, "still leaking"), Verified(RESTART.id, 0)


def after(*events, life=None, now_ms=NOW):
    """The life after ``events``, and the commands of the last one."""
    life, commands = life or Life("i1"), ()
    for event in events:
        life, commands = advance(life, event, now_ms)
    return life, commands


def kinds(commands):
    return [type(command) for command in commands]


def refused(commands):
    assert kinds(commands) == [Ignore]
    return commands[0].because


@pytest.mark.parametrize(
    ("events", "state", "commands"),
    [
        ([Judged("opened")], "open", [Tell]),
        ([ACT], "acting", [Apply, WakeAt]),
        ([ACT, APPLIED], "verifying", [Verify, WakeAt]),
        ([ACT, APPLIED, VERIFIED], "open", [Tell]),
        ([ACT, APPLIED, FAILED], "open", [Tell]),  # a restart has no undo: the next rung is decided
        ([ACT, FAILED], "open", [Tell]),
        ([ACT, DRY], "open", [Tell]),
        ([ACT, APPLIED, TimedOut()], "escalated", [Tell]),  # unknown is not success
        ([ACT, TimedOut()], "acting", [Verify, WakeAt]),  # E2, E3: looked for, never sent again
        ([ASK], "waiting", [Ask, WakeAt]),
        ([ASK, Approved(ROLLBACK.digest, "U1")], "acting", [Apply, WakeAt]),
        ([ASK, Rejected(ROLLBACK.digest, "U1")], "escalated", [Tell]),
        ([Decided(Escalate(RESTART, WHY))], "escalated", [Tell]),  # mode suggest: told, nobody is asked
        ([Decided(Hold(RESTART, WHY))], "open", []),
        ([Decided(Hold(RESTART, WHY, UNTIL))], "open", [WakeAt]),
        ([Decided(Refuse(RESTART, WHY))], "open", []),
        ([ASK, Decided(Refuse(ROLLBACK, WHY))], "open", [Tell]),  # withdrawn
        ([ASK, Decided(Escalate(SCALE, WHY, ("on-call",), UNTIL))], "waiting", [Tell, Ask, WakeAt]),
        ([ASK, ACT], "acting", [Apply, WakeAt]),
        ([Closed("calm")], "closed", [Tell]),
        ([ASK, Closed("calm")], "closed", [Tell, Tell]),
        ([ACT, Closed("calm")], "acting", []),  # E1: every step's end is known first
        ([ACT, Closed("calm"), APPLIED, VERIFIED], "closed", [Tell]),
        ([LeaderLost()], "open", []),
        ([ASK, LeaderLost(), LeaderWon()], "waiting", [WakeAt]),
        ([ACT, LeaderLost(), LeaderWon()], "acting", [Verify, WakeAt]),  # E4: looked for, not sent again
        ([ACT, APPLIED, LeaderLost(), LeaderWon()], "verifying", [Verify, WakeAt]),
    ],
)
def test_each_event_leads_on(events, state, commands):
    life, given_ = after(*events)
    assert (life.state, kinds(given_)) == (state, commands)


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ([Approved(RESTART.digest, "U1")], "decided already"),  # H3
        ([Rejected(RESTART.digest, "U1")], "decided already"),
        ([ASK, Approved(RESTART.digest, "U1")], "another plan"),  # H6, G11
        ([ASK, Rejected(RESTART.digest, "U1")], "another plan"),
        ([APPLIED], "nothing of this name"),
        ([VERIFIED], "nothing of this name"),
        ([FAILED], "nothing of this name"),
        ([ACT, VERIFIED], "nothing of this name"),  # before it was applied
        ([ACT, Applied("another", 0)], "nothing of this name"),
        ([ACT, ACT], "under way"),
        ([ACT, APPLIED, APPLIED], "nothing of this name"),
        ([ACT, DRY, ACT], "dry run has acted"),
        ([ACT, FAILED, ACT], "applied already"),
        ([ASK, ASK], "asked already"),
        ([ASK, TimedOut()], "still have time"),
        ([LeaderLost(), ACT], "do not lead"),
        ([LeaderLost(), LeaderLost()], "did not lead"),
        ([ASK, LeaderLost(), Approved(ROLLBACK.digest, "U1")], "do not lead"),
        ([Closed("calm"), ACT], "closed"),
        ([Closed("calm"), LeaderWon()], "closed"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_says_why(events, word):
    """H3, H6, G11, E4: late, doubled, foreign and impossible events are harmless."""
    before, _ = after(*events[:-1])
    life, commands = after(events[-1], life=before)
    assert life == before
    assert word in refused(commands)


@pytest.mark.parametrize(("late_ms", "state"), [(0, "acting"), (1, "waiting")])
def test_an_approval_counts_until_its_deadline_and_not_after(late_ms, state):
    """H6, H8."""
    asked, _ = after(ASK)
    life, _ = advance(asked, Approved(ROLLBACK.digest, "U1"), UNTIL + late_ms)
    assert life.state == state


@pytest.mark.parametrize(("late_ms", "state"), [(-1, "waiting"), (0, "escalated")])
def test_no_answer_is_a_no(late_ms, state):
    """H8: a question expires to no, at its deadline and not before."""
    asked, _ = after(ASK)
    life, _ = advance(asked, TimedOut(), UNTIL + late_ms)
    assert life.state == state


def test_after_a_no_the_same_is_not_asked_again_and_another_fix_may_be():
    """H10."""
    no, _ = after(ASK, Rejected(ROLLBACK.digest, "U1"))
    again, commands = after(ASK, life=no)
    assert again == no
    assert "asked already" in refused(commands)
    assert after(Decided(Escalate(SCALE, WHY, ("on-call",), UNTIL)), life=no)[0].state == "waiting"


def test_a_no_binds_the_daemon_too():
    """A person refused the restart: a later decision to act alone on the very same is ignored."""
    asked = Decided(Escalate(RESTART, WHY, ("on-call",), UNTIL))
    no, _ = after(asked, Rejected(RESTART.digest, "U1"))
    assert "said no" in refused(after(ACT, life=no)[1])


def test_high_impact_is_never_applied_without_an_approval():
    """5.3: not even for an Act that somebody forged."""
    forged = Act(RESTART, WHY)
    object.__setattr__(forged, "plan", ROLLBACK)
    life, commands = after(Decided(forged))
    assert life.state == "open"
    assert "without an approval" in refused(commands)


def test_what_did_not_help_is_taken_back_where_it_can_be():
    act = Decided(Act(SCALE, WHY))
    life, commands = after(act, Applied(SCALE.id, 0), Failed(SCALE.id, 0, "no better"))
    assert (life.state, life.undoing, kinds(commands)) == ("acting", True, [Undo, WakeAt])
    taken_back, _ = after(Applied(SCALE.id, 0), life=life)
    assert (taken_back.state, taken_back.undoing) == ("open", False)
    stuck, _ = after(Failed(SCALE.id, 0, "conflict"), life=life)
    assert stuck.state == "escalated"  # a change of ours that we cannot take back is a person's


def test_an_effect_that_cannot_be_found_goes_to_a_person_in_the_end():
    """E1: every intent ends."""
    assert after(ACT, *[TimedOut()] * MOST_LOOKS)[0].state == "acting"
    assert after(ACT, *[TimedOut()] * (MOST_LOOKS + 1))[0].state == "escalated"


def test_a_life_survives_the_journal():
    for events in ([], [ASK], [ACT], [ACT, APPLIED], [ACT, DRY], [ASK, Rejected(ROLLBACK.digest, "U1")]):
        life, _ = after(*events)
        assert from_json(Life, to_json(life)) == life


PLANS = (RESTART, SCALE, ROLLBACK)
EVENTS = st.one_of(
    st.sampled_from(
        [Judged("worse"), TimedOut(), LeaderLost(), LeaderWon()]
        + [Decided(Act(one, WHY)) for one in (RESTART, SCALE)]
        + [Decided(Escalate(one, WHY, ("on-call",), UNTIL)) for one in PLANS]
        + [Decided(kind(one, WHY)) for one in PLANS for kind in (Hold, Refuse, Escalate)]
        + [Approved(one.digest, "U1") for one in PLANS]
        + [Rejected(one.digest, "U1") for one in PLANS]
        + [Applied(one.id, 0) for one in PLANS]
        + [Failed(one.id, 0, "no") for one in PLANS]
        + [Verified(one.id, 0) for one in PLANS]
    ),
    st.sampled_from([Applied(RESTART.id, 0, dry_run=True), Closed("calm")]),
)
TIMES = st.integers(0, 20).map(lambda minutes: NOW + minutes * MINUTE)
STORIES = st.lists(st.tuples(EVENTS, TIMES), max_size=40)


def told(story):
    """(life before, event, life after, commands) of each event."""
    life = Life("i1")
    for event, now_ms in story:
        before = life
        life, commands = advance(life, event, now_ms)
        yield before, event, life, commands


@given(STORIES)
@settings(max_examples=150, deadline=None)
def test_in_any_order_no_step_is_applied_twice_and_none_before_the_last_one_ended(story):
    """E1, E3, 5.5: never two applications without an end between, never the same one twice."""
    under_way, seen = False, set()
    for before, event, life, commands in told(story):
        if isinstance(event, Applied | Failed | Verified | TimedOut) and before != life:
            under_way = life.state in {"acting", "verifying"}
        for command in commands:
            if isinstance(command, Apply):
                assert not under_way
                assert command.id not in seen
                under_way = True
                seen.add(command.id)


@given(STORIES)
@settings(max_examples=150, deadline=None)
def test_in_any_order_a_follower_does_nothing(story):
    """E4: after leadership was lost nothing is applied, undone, asked or verified until it is won again."""
    for before, event, _, commands in told(story):
        if not before.leading and not isinstance(event, LeaderWon):
            assert not {Apply, Undo, Ask, Verify} & set(kinds(commands))


@given(STORIES)
@settings(max_examples=150, deadline=None)
def test_in_any_order_high_impact_waits_for_its_own_approval(story):
    for _, event, _, commands in told(story):
        for command in commands:
            if isinstance(command, Apply) and command.intent.impact is Impact.HIGH:
                assert event == Approved(command.intent.digest, "U1")


@given(STORIES)
@settings(max_examples=150, deadline=None)
def test_in_any_order_closed_is_closed_and_what_is_ignored_changes_nothing(story):
    for before, _, life, commands in told(story):
        if before.state is IncidentState.CLOSED:
            assert life == before
            assert kinds(commands) == [Ignore]
        if kinds(commands) == [Ignore]:
            assert life == before
        assert (life.state in {"waiting", "acting", "verifying"}) == (life.intent is not None)


@given(STORIES)
@settings(max_examples=80, deadline=None)
def test_the_same_events_give_the_same_commands_by_the_same_ids(story):
    """E1: ids are idempotency keys, so they follow from what happened and nothing else."""
    assert [one[3] for one in told(story)] == [one[3] for one in told(story)]


def test_another_life_of_the_incident_has_other_ids():
    _, first = after(ACT)
    _, second = after(ACT, life=replace(Life("i1"), number=1))
    assert first[0].id != second[0].id

"""Forum: what people say is judged, journalled, and followed by the loop; never more, never twice."""

from aiops.engine.curfew import until
from aiops.model import (
    Approve,
    Deny,
    Status,
)
from tests.unit.core.cases import CART, MINUTE, NOW
from tests.unit.engine.asking_cases import ADA, BOB, EVE, Asking, critical


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


def test_a_no_is_a_no_and_the_same_is_not_asked_again():
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(BOB, Deny(approval.id, "it is payday")).text == "denied by Bob: it is payday"
    for minute in (1, 30, 90):
        timeline.tick(minute)
    assert timeline.writes == []
    assert timeline.incident.state == "escalated"
    assert timeline.forum.approvals() == ()


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


def test_the_first_of_two_can_limit_their_yes_and_it_still_takes_another_person():
    timeline = Asking(settings=critical())
    approval = timeline.asks()
    assert timeline.say(ADA, Approve(approval.id)).done
    echo = timeline.say(ADA, Approve(approval.id, NOW + 60 * MINUTE))
    assert (echo.done, echo.approval.state) == (True, "pending")
    assert timeline.say(BOB, Approve(approval.id)).approval.state == "approved"
    assert until(timeline.forum.approval(approval.id)) == NOW + 60 * MINUTE

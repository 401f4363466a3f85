"""What people have the daemon do over a channel: judged by where it was done, handed in, done once."""

from dataclasses import replace

import pytest

from aiops.core.requests import answered
from aiops.engine.asked import where
from aiops.engine.requests import Desk
from aiops.model import (
    Actor,
    ApprovalSettings,
    ApproverRole,
    AskFor,
    Channel,
    Mode,
    Request,
    RequestKind,
    Severity,
    Status,
)
from tests.fakes.inbox import FakeInbox
from tests.unit.core.cases import CART, NOW
from tests.unit.engine.asking_cases import ADA, EVE, Asking

ELSEWHERE = Actor(Channel.SLACK, "T1/U5", "Dan")
SETTINGS = ApprovalSettings(
    roles={
        "on-call": ApproverRole(slack_users=("T1/U1",)),
        "data": ApproverRole(slack_users=("T1/U5",), namespaces=("data",)),
    }
)


class Handing(Asking):
    """A loop with hands, a forum and a desk, that has annotated the cart."""

    def __init__(self):
        super().__init__("annotate", mode=Mode.AUTO, settings=SETTINGS)
        self.inbox = FakeInbox()
        self.hall.ask = self.inbox.hand_in
        self.loop.desk = Desk(self.inbox, self.store, self.cluster)
        self.loop.desk.restore()
        self.calm_hour()
        self.leaks(0)
        self.status = Status.NORMAL
        self.attempt = self.loop.ledger.attempts[-1]

    def undo(self, **changes):
        plain = Request(
            "undo-0123456789",
            RequestKind.UNDO,
            "whoever",
            NOW,
            "it is slower",
            plan_id=self.attempt.plan_id,
            step=self.attempt.step,
        )
        return AskFor(replace(plain, **changes))

    def unlock(self, **about):
        return AskFor(Request("unlock-0123456789", RequestKind.UNLOCK, "whoever", NOW, **about))

    def calm(self):
        return self.cluster.objects[CART]["metadata"]["annotations"].get("example.com/calm")

    def answer(self, request_id="undo-0123456789"):
        return answered(self.store.read(kinds=("requested", "request_ended")), request_id)


@pytest.fixture
def handing():
    return Handing()


def test_an_approver_has_a_step_taken_back_and_the_journal_says_who_it_was(handing):
    assert handing.calm() == "yes"
    assert handing.say(ADA, handing.undo()).done
    handing.tick(1)
    handing.tick(1.5)
    assert handing.calm() is None
    found = handing.answer()
    assert (found.done, found.request.by) == (True, "Ada (slack:T1/U1)")  # not what the request held
    (said,) = [one.entry.payload for one in handing.store.read(kinds=("said",))]
    assert (said["kind"], said["by"], said["done"]) == ("undo", "slack:T1/U1", True)


@pytest.mark.parametrize("who", [EVE, ELSEWHERE])
def test_who_holds_no_role_where_the_step_was_done_is_refused_and_nothing_is_handed_in(handing, who):
    """H4: a role for another namespace is none here, and an incident of there, named beside, gives none."""
    echo = handing.say(who, handing.undo(incident_id="incident-of-data"))
    assert (echo.done, "no role" in echo.text) == (False, True)
    assert handing.inbox.waiting == []
    assert [one.entry.payload["done"] for one in handing.store.read(kinds=("said",))] == [False]


def test_the_same_saying_twice_is_one_request(handing):
    first, again = (handing.say(ADA, handing.undo(), ref="r1") for _ in range(2))
    assert first == again
    assert len(handing.inbox.waiting) == 1


def test_under_one_id_it_is_carried_out_once_whoever_asks_again(handing):
    """As where the daemon died before it had noted what was said: the file is there twice."""
    handing.say(ADA, handing.undo(), ref="r1")
    handing.say(ADA, handing.undo(), ref="r2")
    assert len(handing.inbox.waiting) == 2
    handing.tick(1)
    handing.tick(1.5)
    assert len(list(handing.store.read(kinds=("requested",)))) == 1
    done, *undone = handing.cluster.commits
    assert len([one for one in undone if one.intent != done.intent]) == 1


def test_an_id_that_was_taken_by_another_request_is_refused(handing):
    """It would be told handed in, and never be done."""
    handing.say(ADA, handing.undo(), ref="r1")
    handing.tick(1)
    other = handing.unlock(target="Deployment/shop/cart")
    echo = handing.say(ADA, AskFor(replace(other.request, id="undo-0123456789")), ref="r2")
    assert (echo.done, "something else" in echo.text) == (False, True)
    assert handing.say(ADA, handing.undo(), ref="r3").done  # the same again is harmless


def test_a_step_that_was_never_carried_out_is_told(handing):
    echo = handing.say(ADA, handing.undo(step=7))
    assert (echo.done, "has no step 7" in echo.text) == (False, True)


@pytest.mark.parametrize(
    ("about", "may"),
    [
        ({"target": "Deployment/data/db"}, True),
        ({"target": "Deployment/shop/cart"}, False),
        ({"playbook": ""}, False),  # every breaker
        ({"playbook": "scale"}, False),
    ],
)
def test_who_approves_in_one_namespace_unlocks_there_alone(handing, about, may):
    assert handing.say(ELSEWHERE, handing.unlock(**about)).done is may
    assert len(handing.inbox.waiting) == may


@pytest.mark.parametrize("who", [ELSEWHERE, ADA])
@pytest.mark.parametrize("playbook", ["", "annotate"])
def test_no_breaker_is_reset_along_with_a_target(handing, who, playbook):
    """H4: a role where the target is would have reset what is the whole cluster's."""
    echo = handing.say(who, handing.unlock(target="Deployment/data/db", playbook=playbook))
    assert (echo.done, "got both" in echo.text) == (False, True)
    assert handing.inbox.waiting == []


def test_a_target_that_is_none_is_told(handing):
    assert not handing.say(ADA, handing.unlock(target="cart")).done


def test_where_nobody_takes_requests_it_is_said(handing):
    handing.hall.ask = None
    assert handing.say(ADA, handing.undo()).text == "this daemon cannot do that"


def test_where_a_step_was_done_is_told_by_its_plan(handing):
    namespace, severity = where(handing.store, handing.undo().request)
    assert namespace == "shop"
    assert isinstance(severity, Severity)
    assert where(handing.store, Request("x", RequestKind.UNDO_FEEDBACK, "a", 0, adjustment="f")) == (
        None,
        None,
    )

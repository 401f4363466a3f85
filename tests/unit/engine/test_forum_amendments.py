"""Forum: another step instead is a plan of its own."""

from dataclasses import replace

import pytest

from aiops.model import (
    Amend,
    Approve,
    Severity,
)
from tests.unit.core.cases import CART
from tests.unit.engine.asking_cases import ADA, BOB, EVE, SETTINGS, Asking


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

"""Compare: what two configurations make of one recording, incident by incident."""

import pytest

from aiops.core.compare import choice, compare, figures
from aiops.model import Act, Decided, Escalate, Hold, Refuse, Severity, Suspect
from tests.unit.report.stories import (
    CART,
    CATALOG,
    CLAIM,
    COOL,
    DAY,
    FRONTEND,
    HOUR,
    MINUTE,
    OBSERVED,
    ORDERS_DB,
    START,
    decided,
    incident,
    plan,
    story,
    told,
    truth,
)

NAMES = ("ours", "theirs")


def pairs(first, second, **more):
    return compare(story(first, **more), story(second, **more), NAMES).pairs


def differences(one, other):
    (pair,) = pairs([one], [other])
    return pair.differences


def test_the_same_story_twice_has_no_differences():
    assert differences(told(), told()) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"opened": START + HOUR + 4 * MINUTE, "lasted": 56 * MINUTE}, "4 min later"),
        ({"opened": START + HOUR - 2 * MINUTE, "lasted": 62 * MINUTE}, "2 min earlier"),
        ({"incident_class": "oom_killed"}, "class oom_killed, not memory_leak"),
        ({"severity": Severity.LOW}, "severity low, not high"),
        (
            {"suspects": (Suspect(FRONTEND, 0.9),)},
            "first suspect Deployment/shop/frontend, not Deployment/shop/cart",
        ),
        ({"lasted": 90 * MINUTE}, "closes 30 min later"),
        ({"closed_ms": None, "closed_because": ""}, "stays open"),
    ],
)
def test_each_difference_is_named(change, words):
    decisions = (decided(),)
    assert differences(told(decisions=decisions), told(incident(**change), decisions)) == (words,)


def test_another_decision_is_named():
    asked = Decided(START + HOUR, Escalate(plan(), (COOL,)))
    assert differences(told(), told(decisions=(asked,))) == (
        "would ask for restart_rollout Deployment/shop/cart, not restart_rollout Deployment/shop/cart",
    )


def test_an_incident_that_only_one_finds_is_named_with_the_one_that_does():
    late = told(incident("b", CATALOG, START + DAY))
    assert [pair.differences for pair in pairs([told(), late], [told()])] == [(), ("only with ours",)]
    assert [pair.differences for pair in pairs([told()], [told(), late])] == [(), ("only with theirs",)]


def test_incidents_of_other_ids_pair_by_place_and_time():
    (pair,) = pairs([told(incident("a"))], [told(incident("z", opened=START + HOUR + MINUTE))])
    assert (pair.first.incident.id, pair.second.incident.id) == ("a", "z")


def test_incidents_of_one_place_on_two_days_do_not_pair():
    assert len(pairs([told(incident("a"))], [told(incident("z", opened=START + DAY))])) == 2


def test_a_claim_and_its_workload_pair():
    owned = {"owners": {CLAIM: ORDERS_DB}}
    assert len(pairs([told(incident("a", CLAIM))], [told(incident("z", ORDERS_DB))], **owned)) == 1


@pytest.mark.parametrize("order", [("y", "z"), ("z", "y")])
def test_each_incident_pairs_once_with_the_one_that_opened_closest(order):
    first = [told(incident("a", opened=START + HOUR, lasted=2 * HOUR))]
    late = {"y": HOUR, "z": MINUTE}
    second = [told(incident(name, opened=START + HOUR + late[name])) for name in order]
    found = {pair.second.incident.id: pair.first for pair in pairs(first, second)}
    assert (found["y"], found["z"].incident.id) == (None, "a")


def test_figures_stand_beside_each_other_and_say_whether_they_differ():
    rows = {one.name: one for one in figures(story(), story([], [truth(target=CART)]))}
    assert (rows["found"].first, rows["found"].second, rows["found"].same) == ("1 of 1", "0 of 1", False)
    assert rows["known breakage"].same


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        ((), "do nothing"),
        ((Decided(START, Refuse(plan(steps=(), reason="none fits"), ())),), "do nothing"),
        ((Decided(START, Refuse(plan(), (OBSERVED,))),), "refuse restart_rollout Deployment/shop/cart"),
        ((Decided(START, Hold(plan(), (COOL,))),), "hold restart_rollout Deployment/shop/cart"),
        (
            (Decided(START, Hold(plan(), (COOL,))), Decided(START, Act(plan(), (COOL,)))),
            "restart_rollout Deployment/shop/cart",
        ),
    ],
)
def test_what_would_be_done_is_the_action_else_the_question_else_the_last_answer(decisions, words):
    assert choice(told(decisions=decisions)) == words

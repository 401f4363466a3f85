"""Matching: does a matcher fit, and which of several playbooks speaks."""

from dataclasses import replace

import pytest

from aiops.core.matching import choose, mismatch, specificity
from aiops.model import ClusterEvent, Direction, EventKind, Matcher, Playbook, Role, SymptomMatcher, Target
from tests.unit.core.cases import CART, MINUTE, NODE, NOW, POD, anomaly, facts, incident, workload

LEAK = {"classes": ("memory_leak",)}
ONSET = NOW - 5 * MINUTE  # of the incident; it was opened three minutes later


def fits(matcher, the_incident=None, the_facts=None):
    return mismatch(matcher, the_incident or incident(), the_facts or facts()) == ""


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher(**LEAK), True),
        (Matcher(classes=("oom_killed",)), False),
        (Matcher(symptoms=(SymptomMatcher(role=Role.MEMORY),)), True),
        (Matcher(symptoms=(SymptomMatcher(signal="memory", direction=Direction.UP),)), True),
        (Matcher(symptoms=(SymptomMatcher(signal="memory", direction=Direction.DOWN),)), False),
        (
            Matcher(symptoms=(SymptomMatcher(role=Role.MEMORY), SymptomMatcher(role=Role.CPU))),
            False,
        ),  # all of them
        (Matcher(symptoms=(SymptomMatcher(condition="OOMKilled"),)), False),
        (Matcher(**LEAK, kinds=("Deployment",)), True),
        (Matcher(**LEAK, kinds=("Node",)), False),
        (Matcher(**LEAK, namespaces=("shop",)), True),
        (Matcher(**LEAK, namespaces=("bank",)), False),
        (Matcher(**LEAK, min_confidence=0.9), True),
        (Matcher(**LEAK, min_confidence=0.91), False),
        (Matcher(**LEAK, labels={"tier": "web"}), True),
        (Matcher(**LEAK, labels={"tier": "db"}), False),
        (Matcher(**LEAK, labels={"team": "x"}), False),
    ],
)
def test_everything_that_a_matcher_demands_must_agree(matcher, expected):
    there = facts(workload(labels={"tier": "web"}))
    assert fits(matcher, the_facts=there) == expected


def test_a_symptom_must_show_on_the_suspect_itself():
    front = Target("Deployment", "shop", "front")
    elsewhere = incident(anomaly(front), anomaly(signal="cpu", role=Role.CPU))
    assert not fits(Matcher(symptoms=(SymptomMatcher(role=Role.MEMORY),)), elsewhere)
    on_its_pod = incident(anomaly(POD))
    assert fits(Matcher(symptoms=(SymptomMatcher(role=Role.MEMORY),)), on_its_pod)


def changed(at_ms, kind=EventKind.ROLLOUT, target=CART):
    return facts(events=(ClusterEvent(at_ms, target, kind),))


@pytest.mark.parametrize(
    ("there", "within", "unchanged"),
    [
        (changed(ONSET - 600_000), True, False),
        (changed(ONSET - 600_001), False, True),
        (changed(ONSET + MINUTE), True, False),  # seen a sample or two after its first effect
        (changed(ONSET + 4 * MINUTE), False, True),  # after the incident was opened: an answer, not a cause
        (changed(ONSET - MINUTE, EventKind.RESTART), False, True),  # it failed, nobody changed it
        (changed(ONSET - MINUTE, target=NODE), False, True),
        (changed(ONSET - MINUTE, target=POD), True, False),
        (facts(), False, True),
        (facts(unknown=frozenset({"events"})), False, False),  # unknown fits neither
    ],
)
def test_a_change_shortly_before_makes_another_case_of_it(there, within, unchanged):
    assert fits(Matcher(**LEAK, changed_within_s=600), the_facts=there) == within
    assert fits(Matcher(**LEAK, unchanged_for_s=600), the_facts=there) == unchanged


def playbook(name, priority=0, **when):
    return Playbook(name, "1", Matcher(**{**LEAK, **when}), (), do_nothing_because="-", priority=priority)


@pytest.mark.parametrize(
    ("playbooks", "speaks"),
    [
        ([playbook("a"), playbook("b", priority=1)], "b"),
        ([playbook("a"), playbook("b", kinds=("Deployment",))], "b"),  # the more specific
        ([playbook("b"), playbook("a")], "a"),  # by name
        ([playbook("a", kinds=("Node",)), playbook("b")], "b"),
        ([playbook("a", kinds=("Deployment",)), playbook("b", priority=1)], "b"),
    ],
)
def test_of_several_one_speaks_whatever_their_order(playbooks, speaks):
    for order in (playbooks, playbooks[::-1]):
        assert choose(incident(), order, facts())[0].name == speaks


def test_where_none_speaks_the_nearest_are_named_with_what_they_lack():
    _, why = choose(
        incident(), [playbook("for-nodes", kinds=("Node",)), playbook("other", classes=("x",))], facts()
    )
    assert why == (
        "no playbook matches: class memory_leak, suspect Deployment/shop/cart; "
        "nearest: for-nodes (Deployment/shop/cart is not one of Node)"
    )


def test_each_demand_makes_a_matcher_more_specific():
    plain = Matcher(**LEAK)
    more = [
        replace(plain, kinds=("Pod",)),
        replace(plain, namespaces=("shop",)),
        replace(plain, labels={"a": "b"}),
        replace(plain, changed_within_s=0),
        replace(plain, unchanged_for_s=0),
        replace(plain, min_confidence=0.1),
        replace(plain, symptoms=(SymptomMatcher(role=Role.CPU),)),
    ]
    assert {specificity(one) - specificity(plain) for one in more} == {1}

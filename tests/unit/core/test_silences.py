"""Silences: which of them mute an incident and hold a step; what cannot be judged holds."""

from dataclasses import replace

import pytest

from aiops.core.silences import holding, silenced
from aiops.model import Alert, LabelMatcher, Silence, Target
from tests.unit.core.cases import CART, HOUR, MINUTE, NODE, NOW, POD, anomaly, facts, incident, pod, workload

WEB = Target("Deployment", "shop", "web")
WEB_POD = Target("Pod", "shop", "web-1")


def silence(*matchers, from_ms=NOW - MINUTE, until_ms=NOW + HOUR):
    return Silence("s1", matchers, from_ms, until_ms, "anna", "release night")


def about(text):
    """``namespace=shop``, ``pod=~cart-.*``, ``namespace!=shop``, ``pod!~web.*``."""
    for sign, regex, equal in (
        ("=~", True, True),
        ("!~", True, False),
        ("!=", False, False),
        ("=", False, True),
    ):
        if sign in text:
            name, _, value = text.partition(sign)
            return LabelMatcher(name, value, regex, equal)
    raise ValueError(text)


@pytest.mark.parametrize(
    ("matchers", "holds", "mutes"),
    [
        (["namespace=shop"], True, True),
        (["namespace=bank"], False, False),
        (["namespace=~sh.*"], True, True),
        (["namespace=~sh"], False, False),  # anchored
        (["namespace!=shop"], False, False),
        (["namespace!=bank"], True, True),
        (["deployment=cart"], True, True),
        (["deployment=web"], False, False),
        (["statefulset=cart"], False, False),
        (["pod=~cart-.*"], True, False),  # of one of its pods; the incident is about all of it
        (["pod=~web-.*"], False, False),
        (["node=n1"], True, False),  # one of its pods is there
        (["namespace=shop", "alertname=AiopsIncident"], True, True),  # as which we push it
        (["namespace=shop", "alertname=SomethingElse"], False, False),
        (["namespace=shop", "alertname=CartIsSlow"], True, True),  # an alert that fires for it
        (["signal=memory"], True, True),
        (["signal=latency"], False, False),
        (["severity=medium"], True, True),
        (["team=payments"], True, True),  # a label of the workload
        (["team=search"], False, False),
        (["namespace=shop", "container=app"], True, False),  # cannot be judged, and it names this place
        (["container=app"], False, False),  # cannot be judged, and nothing says that it is here
        (["container="], True, True),  # nobody knows such a label: it is empty
        (["namespace=~(?=shop)"], True, False),  # cannot be read
        (["namespace=~(a*)*b", "deployment=cart"], False, False),
        (["namespace=sh.p"], False, False),  # a dot is a dot where it is no pattern
        (["pod=cart"], False, False),  # the name of its workload, and of no pod
        (["node=cart"], False, False),
        (["pod=web-1"], False, False),  # of another workload
        (["alertname=WebIsSlow"], False, False),  # fires for another one
        (["alertname=Nowhere"], False, False),  # nobody can tell what it is about
        (["alertname=Paged"], True, True),  # the incident took it along
        (["cluster=blue"], True, True),
        (["cluster=red"], False, False),
        (["severity=page"], True, True),  # of the alert that fires for it
        (["severity="], False, False),
        (["incident_class=memory_leak"], True, True),
        (["incident=i1"], True, True),
        (["incident=i2"], False, False),
        (["namespace=shop", "statefulset=cart"], False, False),  # it is known to be a Deployment
        (["namespace=shop", "statefulset="], True, True),
        (["namespace=shop", "container=~(?=x)"], True, False),  # neither label nor pattern can be judged
        (["namespace!=bank", "container=app"], False, False),  # says where it is not, and not where it is
        (["namespace=~.*", "container=app"], False, False),
        (["signal=memory", "container=app"], False, False),
        ([], True, False),
    ],
)
def test_what_is_in_doubt_holds_and_mutes_nobody(matchers, holds, mutes):
    """Actions fail closed, notifications fail open."""
    there = facts(
        workload(labels={"team": "payments"}),
        workload(WEB),
        cluster="blue",
        pods={POD: pod(), WEB_POD: replace(pod(), target=WEB_POD, owner=WEB, node=None)},
        silences=(silence(*map(about, matchers)),),
        alerts=(
            Alert("CartIsSlow", POD, NOW - MINUTE, severity="page"),
            Alert("CartIsOdd", CART, NOW - MINUTE),
            Alert("WebIsSlow", WEB, NOW - MINUTE),
            Alert("Nowhere", None, NOW - MINUTE),
        ),
    )
    one = incident(alerts=(Alert("Paged", None, NOW - MINUTE),))
    assert (holding([CART], there, one, NOW) is not None) is holds
    assert bool(silenced(there, one, NOW)) is mutes


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "mutes"),
    [(NOW, NOW + 1, True), (NOW + 1, NOW + HOUR, False), (NOW - HOUR, NOW, False)],
)
def test_it_mutes_from_its_beginning_and_not_at_its_end(from_ms, until_ms, mutes):
    there = facts(silences=(silence(about("namespace=shop"), from_ms=from_ms, until_ms=until_ms),))
    assert bool(silenced(there, incident(), NOW)) is mutes


def test_the_first_suspect_is_enough_to_mute():
    there = facts(workload(), workload(WEB), silences=(silence(about("deployment=cart")),))
    assert silenced(there, incident(anomaly(CART), anomaly(WEB), targets=(WEB, CART)), NOW)


def test_a_silence_of_a_node_mutes_the_incident_of_that_node():
    there = facts(silences=(silence(about("node=n1")),))
    assert silenced(there, incident(anomaly(NODE), prime=NODE), NOW)


def test_a_review_plans_without_an_incident_and_is_held_as_well():
    there = facts(silences=(silence(about("deployment=cart")),))
    assert holding([CART], there, None, NOW) is not None


def test_an_incident_of_one_pod_is_muted_by_a_silence_of_that_pod():
    there = facts(silences=(silence(about("pod=cart-1")),))
    assert silenced(there, incident(anomaly(POD)), NOW)


def test_an_incident_is_muted_by_its_first_suspect_or_by_all_its_targets():
    two = facts(workload(), workload(WEB), silences=(silence(about("deployment=web")),))
    assert not silenced(two, incident(targets=(CART, WEB)), NOW)
    blamed = replace(incident(targets=(CART, WEB)), suspects=())
    assert not silenced(two, blamed, NOW)
    both = replace(two, silences=(silence(about("deployment=~web|cart")),))
    assert silenced(both, blamed, NOW)

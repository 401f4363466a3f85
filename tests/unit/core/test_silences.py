"""Silences: which of them mute an incident and hold a step; what cannot be judged holds."""

from dataclasses import replace

import pytest

from aiops.core.silences import holding, silenced
from aiops.model import Alert, LabelMatcher, Silence, Target
from tests.unit.core.cases import CART, HOUR, MINUTE, NOW, POD, anomaly, facts, incident, workload

WEB = Target("Deployment", "shop", "web")


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
        ([], True, False),
    ],
)
def test_what_is_in_doubt_holds_and_mutes_nobody(matchers, holds, mutes):
    """Actions fail closed, notifications fail open."""
    there = facts(
        workload(labels={"team": "payments"}),
        silences=(silence(*map(about, matchers)),),
        alerts=(Alert("CartIsSlow", POD, NOW - MINUTE),),
    )
    assert (holding([CART], there, incident(), NOW) is not None) is holds
    assert bool(silenced(there, incident(), NOW)) is mutes


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

"""Silences: which of them mute an incident and hold a step; what cannot be judged holds."""

from dataclasses import replace

import pytest

from aiops.core.silences import holding, silenced
from aiops.model import Alert, LabelMatcher, Silence, Target
from tests.unit.core.cases import CART, HOUR, MINUTE, NOW, POD, facts, incident, workload

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
    ("matchers", "holds"),
    [
        (["namespace=shop"], True),
        (["namespace=bank"], False),
        (["namespace=~sh.*"], True),
        (["namespace=~sh"], False),  # anchored
        (["namespace!=shop"], False),
        (["namespace!=bank"], True),
        (["deployment=cart"], True),
        (["deployment=web"], False),
        (["statefulset=cart"], False),
        (["pod=~cart-.*"], True),  # one of its pods
        (["pod=~web-.*"], False),
        (["namespace=shop", "alertname=AiopsIncident"], True),  # as which we push it
        (["namespace=shop", "alertname=SomethingElse"], False),
        (["namespace=shop", "alertname=CartIsSlow"], True),  # an alert that fires for it
        (["signal=memory"], True),
        (["signal=latency"], False),
        (["severity=medium"], True),
        (["team=payments"], True),  # a label of the workload
        (["team=search"], False),
        (["namespace=shop", "container=app"], True),  # cannot be judged, and it names this place
        (["container=app"], False),  # cannot be judged, and nothing says that it is here
        (["container="], True),  # nobody knows such a label: it is empty
        (["namespace=~(?=shop)"], True),  # cannot be read: it agrees with everything
        (["namespace=~(a*)*b", "deployment=cart"], False),
        ([], True),
    ],
)
def test_a_silence_holds_what_it_speaks_of(matchers, holds):
    there = facts(
        workload(labels={"team": "payments"}),
        silences=(silence(*map(about, matchers)),),
        alerts=(Alert("CartIsSlow", POD, NOW - MINUTE),),
    )
    assert (holding([CART], there, incident(), NOW) is not None) is holds
    assert bool(silenced(there, incident(), NOW)) is holds


def test_an_incident_is_muted_by_its_first_suspect_or_by_all_its_targets():
    two = facts(workload(), workload(WEB), silences=(silence(about("deployment=web")),))
    assert not silenced(two, incident(targets=(CART, WEB)), NOW)
    blamed = replace(incident(targets=(CART, WEB)), suspects=())
    assert not silenced(two, blamed, NOW)
    both = replace(two, silences=(silence(about("deployment=~web|cart")),))
    assert silenced(both, blamed, NOW)

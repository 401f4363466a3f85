"""Survey: whatever a server says of its targets and rules, only what can be read is taken."""

from types import SimpleNamespace

import pytest

from aiops.adapters.prometheus.envelope import Document
from aiops.bootstrap.onboard import survey

TARGET = {"labels": {"job": "a", "cluster": "blue"}, "scrapeInterval": "30s", "health": "up"}
RULE = {"type": "recording", "name": "a:b", "query": "a"}


def source(data, matchers=()):
    return SimpleNamespace(connect=SimpleNamespace(ask=lambda *_: Document(data)), matchers=matchers)


@pytest.mark.parametrize(
    "odd", [None, 1, "x", [], {}, [None, 1, "x", [], {}], {"labels": 3}, [{"labels": [], "rules": {"a": 1}}]]
)
def test_odd_answers_are_nothing(odd):
    """M4."""
    for data in (odd, {"activeTargets": odd, "groups": odd}, {"groups": [{"rules": odd, "interval": odd}]}):
        assert survey._targets(source(data)) == ({}, {})
        assert survey._rules(source(data)) == ((), ())


def test_what_can_be_read_is_read():
    down = {**TARGET, "health": "down"}
    targets = source({"activeTargets": [TARGET, down, {"labels": None}]})
    assert survey._targets(targets) == ({"a": (2, 1)}, {"a": 30.0})
    alert = {
        "type": "alerting",
        "name": "Slow",
        "query": "b > 1",
        "annotations": {"runbook_url": "https://x"},
    }
    rules = source({"groups": [{"interval": 20, "rules": [RULE, alert, {"name": 3}]}]})
    assert survey._rules(rules) == (
        (survey.Rule("a:b", "a", 20.0),),
        (survey.AlertRule("Slow", "https://x"),),
    )


@pytest.mark.parametrize(("value", "ours"), [("blue", True), ("green", False)])
def test_a_target_of_another_cluster_is_not_counted(value, ours):
    """M7."""
    found = survey._targets(source({"activeTargets": [TARGET]}, (("cluster", "=", value),)))
    assert bool(found[0]) is ours

"""Classify and severity: the first row that fits names it."""

import pytest

from aiops.core.classify import TABLE, UNCLASSIFIED, Picture, classify
from aiops.core.severity import RULES, Harm, severity
from aiops.model import AnomalyKind, Direction, EventKind, Role
from tests.unit.core.cases import CART, MINUTE, NOW, anomaly

UP, DOWN = Direction.UP, Direction.DOWN


def seen(*signs, kind="Deployment", conditions=(), events=(), **changes):
    values = {"changed": False, "vanished": False, "callers_suffer": False, "predicted": False}
    marks = frozenset((role, UP) if isinstance(role, Role) else role for role in signs)
    return Picture(kind, marks, frozenset(conditions), frozenset(events), **values | changes)


CASES = [
    (seen(kind="Node", conditions=["NodeNotReady"]), "node_not_ready"),
    (seen(kind="Node", conditions=["DiskPressure"]), "node_pressure"),
    (seen(Role.DISK, kind="Node"), "node_disk_filling"),
    (seen(Role.CPU, kind="Node"), "node_saturated"),
    (seen(conditions=["ImagePullBackOff"], changed=True), "image_pull_backoff"),
    (seen(conditions=["CreateContainerConfigError"], changed=True), "config_error_after_change"),
    (seen(conditions=["CreateContainerConfigError"]), "config_error"),
    (seen(Role.MEMORY, conditions=["OOMKilled", "CrashLoopBackOff"]), "oom_killed"),
    (seen(Role.MEMORY, events=[EventKind.OOM_KILLED]), "oom_killed"),
    (seen(Role.ERRORS, conditions=["CrashLoopBackOff"], changed=True), "crash_loop_after_rollout"),
    (seen(conditions=["CrashLoopBackOff"]), "crash_loop"),
    (seen(kind="Job", conditions=["JobFailed"]), "failed_job"),
    (seen(conditions=["Evicted"]), "evicted"),
    (seen(conditions=["RolloutStuck"], changed=True), "stuck_rollout"),
    (seen(conditions=["Pending"]), "pending_pods"),
    (seen(Role.CPU, conditions=["HPAAtMaximum"]), "hpa_at_maximum"),
    (seen(conditions=["DisruptionBudgetBlocks"]), "pdb_deadlock"),
    (seen(Role.LATENCY, Role.ERRORS, conditions=["OneBadPod"]), "one_bad_pod"),
    (seen((Role.TRAFFIC, DOWN), vanished=True), "vanished"),
    (seen(Role.DISK, Role.ERRORS, kind="StatefulSet"), "disk_filling"),
    (seen(Role.ERRORS, Role.LATENCY, changed=True), "error_burst_after_deploy"),
    (seen(Role.TRAFFIC, Role.CPU, Role.LATENCY), "traffic_surge"),
    (seen(Role.MEMORY), "memory_leak"),
    (seen(Role.LATENCY, changed=True), "latency_regression_after_deploy"),
    (seen(Role.CPU, Role.LATENCY), "cpu_saturation"),
    (seen(Role.THROTTLING), "throttling"),
    (seen(Role.ERRORS), "error_burst"),
    (seen(Role.LATENCY, callers_suffer=True), "dependency_slow"),
    (seen(Role.LATENCY), "latency_regression"),
    (seen(Role.RESTARTS), "restarts"),
    (seen(Role.QUEUE), "queue_growing"),
    (seen((Role.TRAFFIC, DOWN)), "traffic_drop"),
    (seen(Role.NETWORK), "network"),
    (seen(Role.OTHER), UNCLASSIFIED),
]


@pytest.mark.parametrize(("picture", "name"), CASES, ids=[name for _, name in CASES])
def test_each_class_is_named_by_its_signs(picture, name):
    assert classify(picture) == name


def test_a_pod_unlike_its_sisters_just_after_a_rollout_is_the_rollouts_doing():
    picture = seen(Role.LATENCY, conditions=["OneBadPod"], changed=True)
    assert classify(picture) == "latency_regression_after_deploy"


def test_every_class_of_the_table_has_a_case():
    assert {row.name for row in TABLE} == {name for _, name in CASES} - {UNCLASSIFIED}


def harm(*anomalies, places=1, nodes=0, at_entry=False, storm=False):
    return Harm(anomalies or (anomaly(),), places, nodes, at_entry, NOW, storm)


def due(minutes):
    return anomaly(kind=AnomalyKind.PREDICTED, expected_at_ms=NOW + minutes * MINUTE)


SLOW = anomaly(signal="latency", role=Role.LATENCY)
SEVERE = [
    (harm(due(15)), "high", "15 min"),
    (harm(due(60)), "medium", "1 h"),
    (harm(due(61)), "low", "nothing is bad yet"),
    (harm(storm=True), "critical", "storm"),
    (harm(nodes=2), "critical", "nodes"),
    (harm(anomaly(role=Role.ERRORS, unit="ratio", observed=0.5)), "critical", "half of all requests"),
    (harm(anomaly(role=Role.LATENCY, score=10.0), at_entry=True), "critical", "far outside"),
    (harm(anomaly(role=Role.LATENCY, score=9.9), at_entry=True), "high", "users feel it"),
    (harm(anomaly(condition="OOMKilled", role=Role.CONDITION)), "high", "containers or a node fail"),
    (harm(places=3), "high", "three or more"),
    (harm(SLOW, places=2), "medium", "slow or fail"),
    (harm(anomaly(score=3.0)), "medium", "far outside the band"),
    (harm(anomaly(score=1.0, condition="Pending", role=Role.CONDITION)), "medium", "should not last"),
]


@pytest.mark.parametrize(("what", "level", "word"), SEVERE)
def test_the_first_rule_that_holds_decides_how_bad_it_is(what, level, word):
    found, because = severity(what)
    assert found == level
    assert word in because


def test_every_rule_of_severity_has_a_case():
    assert len(SEVERE) == len(RULES)


@pytest.mark.parametrize("score", [1.0, 2.9])
def test_what_no_rule_names_is_low(score):
    assert severity(harm(anomaly(CART, score=score)))[0] == "low"

"""Facts of the API server joined with the history of kube-state-metrics: each tells what it knows best."""

from dataclasses import replace

import pytest

from aiops.core.merge_facts import OLD_MS, SAME_MS, merge
from aiops.model import (
    Alert,
    ClusterEvent,
    Condition,
    Edge,
    EventKind,
    Facts,
    Node,
    Pod,
    Revision,
    Target,
    Workload,
)

NOW = 10_000_000
CART, WEB = Target("Deployment", "shop", "cart"), Target("Deployment", "shop", "web")
POD = Target("Pod", "shop", "cart-1")
NODE = Target("Node", "", "n1")
EDGE, ALERT = Edge(WEB, CART), Alert("Slow", CART, NOW - 1000)
METRIC = Facts(
    NOW - 15_000,
    workloads={CART: Workload(CART, replicas=1, revisions=(Revision(1, ("a",), 5), Revision(2, ("b",), 7)))},
    pods={POD: Pod(POD, CART)},
    nodes={NODE: Node(NODE, ready=True)},
    conditions=(Condition(CART, "CrashLoopBackOff", 1),),
    edges=(EDGE,),
    alerts=(ALERT,),
    events=(ClusterEvent(100, CART, EventKind.ROLLOUT, "old"),),
    unknown=frozenset({"pdb"}),
)
CLUSTER = Facts(
    NOW,
    workloads={CART: Workload(CART, "uid", "7", replicas=3, revisions=(Revision(2, ("b",), None),))},
    pods={POD: Pod(POD, None, "uid-1")},
)


def test_objects_are_the_api_servers_and_calls_and_alerts_the_historys():
    both = merge(METRIC, CLUSTER)
    assert (both.workloads[CART].uid, both.workloads[CART].replicas) == ("uid", 3)
    assert (both.edges, both.alerts) == ((EDGE,), (ALERT,))
    assert (both.conditions, both.nodes) == ((), {})  # what the API server does not have is not so
    assert both.at_ms == NOW
    assert both.unknown == frozenset()  # budgets are known now


def test_without_a_history_calls_and_alerts_are_unknown():
    assert merge(None, CLUSTER) == replace(CLUSTER, unknown=frozenset({"edges", "alerts"}))


@pytest.mark.parametrize(("behind_ms", "unknown"), [(OLD_MS, set()), (OLD_MS + 1, {"edges", "alerts"})])
def test_a_history_that_is_old_leaves_calls_and_alerts_unknown(behind_ms, unknown):
    assert merge(replace(METRIC, at_ms=NOW - behind_ms), CLUSTER).unknown == unknown


def test_a_history_whose_exporter_is_gone_lends_nothing():
    blind = replace(METRIC, unknown=frozenset({"cluster"}))
    both = merge(blind, replace(CLUSTER, unknown=frozenset({"nodes"})))
    assert both.nodes == {}
    assert both.unknown == {"nodes", "edges", "alerts"}


@pytest.mark.parametrize("name", ["nodes", "conditions", "owners"])
def test_a_kind_that_the_api_server_refuses_is_lent_by_the_history(name):
    both = merge(METRIC, replace(CLUSTER, unknown=frozenset({name, "pdb"})))
    assert both.unknown == {"pdb"}  # which the history does not know either
    assert (NODE in both.nodes) is (name == "nodes")
    assert bool(both.conditions) is (name == "conditions")
    assert both.pods[POD] == Pod(POD, CART if name == "owners" else None, "uid-1")


def test_of_objects_that_both_have_the_api_servers_count():
    known = replace(CLUSTER, unknown=frozenset({"workloads"}))
    assert merge(METRIC, known).workloads[CART].uid == "uid"


def test_only_the_history_knows_since_when_a_revision_is_current_again():
    (revision,) = merge(METRIC, CLUSTER).workloads[CART].revisions
    assert revision.since_ms == 7


def test_a_revision_of_other_images_is_not_the_same_whatever_its_number():
    """The history may number by order of appearance."""
    other = {CART: replace(CLUSTER.workloads[CART], revisions=(Revision(2, ("c",), None),))}
    (revision,) = merge(METRIC, replace(CLUSTER, workloads=other)).workloads[CART].revisions
    assert revision.since_ms is None


@pytest.mark.parametrize(("apart_ms", "details"), [(SAME_MS, ["new"]), (SAME_MS + 1, ["old", "new"])])
def test_one_event_told_by_both_is_one(apart_ms, details):
    """kube-state-metrics is looked at once in a while, the API server tells to the second."""
    cluster = replace(CLUSTER, events=(ClusterEvent(100 + apart_ms, CART, EventKind.ROLLOUT, "new"),))
    assert [one.detail for one in merge(METRIC, cluster).events] == details


def test_events_of_another_kind_or_target_at_the_same_time_are_others():
    cluster = replace(
        CLUSTER, events=(ClusterEvent(100, WEB, EventKind.ROLLOUT), ClusterEvent(100, CART, EventKind.SCALE))
    )
    assert len(merge(METRIC, cluster).events) == 3

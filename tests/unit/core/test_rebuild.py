"""Rebuild: what the history of kube-state-metrics shows, and what it does not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.rebuild import owners, rebuild
from aiops.core.rebuild_alerts import Rule, alert_target
from aiops.core.rebuild_history import History
from aiops.core.rebuild_labels import flat, manager, unflat
from aiops.core.rebuild_queries import EVERY, renames
from aiops.model import Condition, Edge, EventKind, Node, Pod, Target, Workload
from aiops.model.recording import NOTHING_KNOWN, NamespaceLabels, Unreadable
from aiops.ports import Series

NAN = math.nan
CART, SPACE = Target("Deployment", "shop", "cart"), {"namespace": "shop"}
CART_LABELS = {**SPACE, "deployment": "cart"}


def history(tables, seeing=None, columns=6):
    """``tables``: query -> [(labels, values of minutes 0, 1, 2 ...)]; times are minutes."""
    found, times = History(), np.arange(columns, dtype=np.int64)
    seen = np.ones(columns, bool) if seeing is None else np.array(seeing, bool)
    found.see(seen, times)
    for name, rows in tables.items():
        values = np.array([values for _, values in rows], float).reshape(len(rows), columns)
        found.add(name, Series(tuple(labels for labels, _ in rows), times, values), seen)
    return found


def pod(name, group, values, image="cart:1", node="n1"):
    me = {**SPACE, "pod": name}
    return {
        "pod_owner": [({**me, "owner_kind": "ReplicaSet", "owner_name": group}, values)],
        "pod_info": [({**me, "node": node}, values)],
        "pod_ready": [(me, values)],
        "container": [({**me, "container": "app", "image": image}, values)],
    }


def merged(*tables):
    found = {}
    for table in tables:
        for name, rows in table.items():
            found.setdefault(name, []).extend(rows)
    return found


def replicaset(name, values):
    labels = {**SPACE, "replicaset": name, "owner_kind": "Deployment", "owner_name": "cart"}
    return {"replicaset_owner": [(labels, values)]}


ALWAYS = [1.0] * 6
ROLLED = merged(
    replicaset("cart-a", ALWAYS),
    replicaset("cart-b", ALWAYS),
    pod("cart-a-1", "cart-a", [1, 1, 1, NAN, NAN, NAN]),
    pod("cart-b-1", "cart-b", [NAN, NAN, 1, 1, 1, 1], "cart:2"),
    {"Deployment.replicas": [(CART_LABELS, [1, 1, 1, 1, 3, 3])]},
)


def of(kind, lines):
    return [(line.at_ms, line.value) for line in lines if isinstance(line.value, kind) and not line.gone]


def events(lines):
    return [(line.at_ms, line.value.kind) for line in lines if hasattr(line.value, "is_change")]


def test_a_pod_belongs_to_its_deployment_by_its_replicaset():
    assert {pod.owner for pod in owners(history(ROLLED)).values()} == {CART}


def test_a_broken_chain_leaves_the_owner_unknown():
    """What cannot be rebuilt is unknown, never guessed: "cart-a" only looks like a ReplicaSet of cart."""
    lines = rebuild(history(pod("cart-a-1", "cart-a", ALWAYS))).lines
    assert [value.owner for _, value in of(Pod, lines)] == [None]


def test_a_rollout_is_new_pods_of_another_replicaset_and_the_images_follow():
    lines = rebuild(history(ROLLED)).lines
    assert events(lines) == [(2, EventKind.ROLLOUT), (2, EventKind.IMAGE), (4, EventKind.SCALE)]
    images = [(at, value.images) for at, value in of(Workload, lines)]
    assert images[0] == (0, ("cart:1",))
    assert (2, ("cart:2",)) in images
    revisions = of(Workload, lines)[-1][1].revisions
    assert [(one.images, one.since_ms) for one in revisions] == [(("cart:1",), 0), (("cart:2",), 2)]


def test_revisions_are_numbered_as_exported_where_they_are():
    annotated = [
        (
            {**SPACE, "replicaset": f"cart-{letter}", "annotation_deployment_kubernetes_io_revision": number},
            ALWAYS,
        )
        for letter, number in (("a", "41"), ("b", "42"))
    ]
    lines = rebuild(history({**ROLLED, "replicaset_revision": annotated})).lines
    assert [one.number for one in of(Workload, lines)[-1][1].revisions] == [41, 42]


def test_a_rollback_to_an_old_replicaset_is_a_rollout_too():
    back = merged(ROLLED, pod("cart-a-9", "cart-a", [NAN] * 5 + [1]))
    assert events(rebuild(history(back)).lines)[-2:] == [(5, EventKind.ROLLOUT), (5, EventKind.IMAGE)]


def test_what_was_so_when_the_history_began_is_no_event():
    assert events(rebuild(history(pod("cart-a-1", "cart-a", ALWAYS))).lines) == []


def test_a_workload_that_comes_and_goes_is_deployed_and_deleted():
    late = {"Deployment.replicas": [(CART_LABELS, [NAN, 2, 2, 2, NAN, NAN])]}
    lines = rebuild(history(late)).lines
    assert events(lines) == [(1, EventKind.DEPLOYED), (4, EventKind.DELETED)]
    assert [line.gone for line in lines if isinstance(line.value, Workload)] == [False, True]


def test_an_exporter_that_is_away_is_not_an_empty_cluster():
    """M2: nothing vanished, nothing came back; the cluster was unknown in between."""
    gap = [True, True, False, False, True, True]
    away = {"Deployment.replicas": [(CART_LABELS, [2, 2, NAN, NAN, 2, 2])]}
    lines = rebuild(history(away, gap)).lines
    assert events(lines) == []
    assert [(line.at_ms, line.gone) for line in lines if isinstance(line.value, Unreadable)] == [
        (2, False),
        (4, True),
    ]
    assert len(of(Workload, lines)) == 1


def test_without_the_exporter_everything_is_unknown():
    blind = history({}, [False] * 6)
    assert rebuild(blind).lines == ()
    assert rebuild(blind).unknown == NOTHING_KNOWN


def test_what_was_not_exported_is_named():
    """An autoscaler's absence is only known where somebody exports autoscalers."""
    rebuilt = rebuild(history(ROLLED))
    assert {"autoscalers", "pdb", "labels", "nodes", "claims"} <= set(rebuilt.unknown)
    assert "owners" not in rebuilt.unknown
    assert of(Workload, rebuilt.lines)[0][1].hpa_max is None


def test_where_autoscalers_are_exported_a_workload_without_one_has_none():
    other = {**SPACE, "horizontalpodautoscaler": "x"}
    scaler = {
        "scaler": [({**other, "scaletargetref_kind": "Deployment", "scaletargetref_name": "x"}, ALWAYS)]
    }
    assert of(Workload, rebuild(history({**ROLLED, **scaler})).lines)[0][1].hpa_max == 0


def container(values, **more):
    return ({**SPACE, "pod": "cart-a-1", "container": "app", **more}, values)


def test_a_restart_after_an_oom_kill_is_both():
    table = merged(
        ROLLED,
        {
            "restarts": [container([0, 0, 1, 2, 2, 2])],
            "terminated": [container([NAN, NAN, NAN, 1, 1, 1], reason="OOMKilled")],
        },
    )
    found = [
        (at, kind)
        for at, kind in events(rebuild(history(table)).lines)
        if not kind.startswith(("ro", "im", "sc"))
    ]
    assert found == [(2, EventKind.RESTART), (3, EventKind.OOM_KILLED), (3, EventKind.RESTART)]


def test_a_counter_that_falls_is_no_restart():
    table = merged(ROLLED, {"restarts": [container([5, 5, 0, 0, 0, 0])]})
    assert EventKind.RESTART not in [kind for _, kind in events(rebuild(history(table)).lines)]


def test_a_condition_holds_from_the_first_pod_in_it_to_the_last_one_out_of_it():
    waiting = [
        ({**SPACE, "pod": name, "reason": "CrashLoopBackOff"}, values)
        for name, values in (
            ("cart-a-1", [NAN, 1, 1, NAN, NAN, NAN]),
            ("cart-b-1", [NAN, NAN, 1, 1, NAN, NAN]),
        )
    ]
    lines = rebuild(history({**ROLLED, "waiting": waiting})).lines
    found = [
        (line.at_ms, line.value.target, line.gone) for line in lines if isinstance(line.value, Condition)
    ]
    assert found == [(1, CART, False), (4, CART, True)]


@pytest.mark.parametrize(
    ("numbers", "rolling"),
    [
        ({"replicas": 3, "total": 3, "updated": 3, "observed": 7, "generation": 7}, False),
        ({"replicas": 3, "total": 3, "updated": 3, "observed": 6, "generation": 7}, True),
        ({"replicas": 3, "total": 4, "updated": 3, "observed": 7, "generation": 7}, True),
        ({"replicas": 3, "total": 3, "updated": 2, "observed": 7, "generation": 7}, True),
        ({"replicas": 3, "total": 3, "observed": 7, "generation": 7}, None),
        ({"replicas": 3}, None),
    ],
)
def test_rolling_is_told_by_generation_and_counts_or_not_at_all(numbers, rolling):
    table = {f"Deployment.{name}": [(CART_LABELS, [value] * 6)] for name, value in numbers.items()}
    assert of(Workload, rebuild(history(table)).lines)[0][1].rolling is rolling


def test_sizes_come_in_bytes_and_thousandths_of_a_core():
    limits = [container(ALWAYS, resource="cpu"), container([2.0**28] * 6, resource="memory")]
    table = {
        **ROLLED,
        "limit": [(labels, [0.5] * 6 if labels["resource"] == "cpu" else v) for labels, v in limits],
    }
    (one,) = of(Workload, rebuild(history(table)).lines)[0][1].containers
    assert (one.cpu_limit, one.memory_limit, one.cpu_request) == (500, 2**28, None)


def test_nodes_have_states_and_tell_when_they_change():
    table = {
        "node_info": [({"node": "n1"}, ALWAYS)],
        "node_ready": [({"node": "n1"}, [1, 1, 0, 0, 1, 1])],
        "node_labels": [({"node": "n1", "label_topology_kubernetes_io_zone": "a"}, ALWAYS)],
    }
    lines = rebuild(history(table)).lines
    assert [(at, node.ready, node.zone) for at, node in of(Node, lines)] == [
        (0, True, "a"),
        (2, False, "a"),
        (4, True, "a"),
    ]
    assert events(lines) == [(2, EventKind.NODE), (4, EventKind.NODE)]


def test_namespaces_that_show_no_label_have_unknown_labels_not_none():
    bare = {"namespace_labels": [(SPACE, ALWAYS)]}
    assert "labels" in rebuild(history(bare)).unknown
    opted = {"namespace_labels": [({**SPACE, "label_aiops_dev_opt_in": "true"}, ALWAYS)]}
    rebuilt = rebuild(history(opted), ["aiops.dev/opt-in"])
    assert "labels" not in rebuilt.unknown
    assert of(NamespaceLabels, rebuilt.lines)[0][1].labels == {"aiops.dev/opt-in": "true"}


def test_labels_that_change_are_one_namespace_not_one_that_left():
    table = {
        "namespace_labels": [
            ({**SPACE, "label_team": "a"}, [1, 1, 1, NAN, NAN, NAN]),
            ({**SPACE, "label_team": "b"}, [NAN, NAN, NAN, 1, 1, 1]),
        ]
    }
    lines = [line for line in rebuild(history(table)).lines if isinstance(line.value, NamespaceLabels)]
    assert [(line.at_ms, line.value.labels["team"], line.gone) for line in lines] == [
        (0, "a", False),
        (3, "b", False),
    ]


def test_an_alert_fires_and_stops_with_the_runbook_of_its_rule():
    labels = {"alertname": "Slow", **SPACE, "pod": "cart-a-1", "severity": "page"}
    table = {**ROLLED, "alert": [(labels, [NAN, NAN, 1, 1, NAN, NAN])]}
    rules = {"Slow": Rule("https://wiki/slow", "it is slow")}
    found = [
        line.value for line in rebuild(history(table), (), rules).lines if hasattr(line.value, "runbook_url")
    ]
    assert [(one.since_ms, one.until_ms, one.target) for one in found] == [(2, None, CART), (2, 4, CART)]
    assert found[0].runbook_url == "https://wiki/slow"


@pytest.mark.parametrize(
    ("labels", "target"),
    [
        ({"namespace": "shop", "deployment": "cart", "pod": "ksm"}, "Deployment/shop/cart"),
        ({"namespace": "shop", "pod": "p"}, "Pod/shop/p"),
        ({"namespace": "mon", "pod": "ksm", "exported_namespace": "shop", "exported_pod": "p"}, "Pod/shop/p"),
        ({"namespace": "mon", "pod": "ksm", "exported_namespace": "shop"}, "None"),
        ({"node": "n1"}, "Node/n1"),
        ({"job": "api"}, "None"),
    ],
)
def test_an_alert_is_about_what_its_labels_name_never_about_the_exporter(labels, target):
    assert str(alert_target(labels, {})) == target


def test_calls_are_edges_between_workloads_that_are_known():
    def call(destination):
        return {
            "source_workload_namespace": "shop",
            "source_workload": "cart",
            "destination_workload_namespace": "data",
            "destination_workload": destination,
        }

    db = {"StatefulSet.replicas": [({"namespace": "data", "statefulset": "db"}, ALWAYS)]}
    calls = {"call": [(call("db"), [0, 1, 1, 0, 1, 1]), (call("stranger"), ALWAYS)]}
    lines = rebuild(history({**ROLLED, **db, **calls})).lines
    assert of(Edge, lines) == [(1, Edge(CART, Target("StatefulSet", "data", "db")))]


def test_several_keys_that_flatten_alike_are_only_undone_where_they_are_known():
    assert flat("app.kubernetes.io/managed-by") == "app_kubernetes_io_managed_by"
    read = unflat({"label_a_b": "1", "label_app_kubernetes_io_name": "x", "job": "y"}, ["a.b"])
    assert read == {"a.b": "1", "app.kubernetes.io/name": "x"}
    assert unflat({"label_a_b": "1"}) == {"a_b": "1"}


@pytest.mark.parametrize(
    ("labels", "who"),
    [
        ({"argocd.argoproj.io/instance": "shop", "app.kubernetes.io/managed-by": "Helm"}, "argocd"),
        ({"kustomize.toolkit.fluxcd.io/name": "x"}, "flux"),
        ({"app.kubernetes.io/managed-by": "Helm"}, "helm"),
        ({"team": "a"}, None),  # not exported is not "nobody"
    ],
)
def test_who_manages_it_is_told_by_labels_or_unknown(labels, who):
    """B6: GitOps owns the field."""
    assert manager(labels) == who


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        ({"namespace": "shop", "pod": "p", "node": "n", "container": "c"}, {}),
        (
            {"namespace": "monitoring", "pod": "ksm", "exported_namespace": "shop", "exported_pod": "p"},
            {"namespace": "exported_namespace", "pod": "exported_pod"},
        ),
        ({"kubernetes_namespace": "shop", "pod": "p"}, {"namespace": "kubernetes_namespace"}),
    ],
)
def test_without_honor_labels_the_plain_name_is_the_exporters(sample, found):
    """M7: a pod label that names the exporter names no workload."""
    assert renames([sample]) == found
    query = EVERY["pod_owner"].signal("pod_owner", found).query
    assert query.count("label_replace") == len(found)


@given(
    st.lists(st.lists(st.sampled_from([NAN, 0.0, 1.0, 2.0]), min_size=6, max_size=6), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.integers(1, 5),
)
def test_a_history_in_chunks_is_the_history_at_once(rows, seeing, cut):
    """What a resumed recording rests on."""
    labels = tuple({"pod": str(n)} for n in range(len(rows)))
    values, seen, times = np.array(rows), np.array(seeing), np.arange(6, dtype=np.int64)

    def part(first, last):
        some = History()
        some.see(seen[first:last], times[first:last])
        there = [n for n in range(len(rows)) if not np.isnan(values[n, first:last]).all()]
        chunk = Series(tuple(labels[n] for n in there), times[first:last], values[there, first:last])
        some.add("q", chunk, seen[first:last])
        return History.from_plain(some.to_plain())

    whole, chunked = part(0, 6), History()
    for first, last in ((0, cut), (cut, 6)):
        chunked.follow(part(first, last))
    for minute in range(6):
        for track in whole.rows("q"):
            same = next(one for one in chunked.rows("q") if one.labels == track.labels)
            assert same.at(minute) == track.at(minute) or math.isnan(track.at(minute))
            assert same.there(minute) == track.there(minute)
    assert chunked.first_ms == whole.first_ms

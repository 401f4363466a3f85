"""A cluster's past as kube-state-metrics and a shop would have told it, as OpenMetrics text for a back-fill.

Four hours at one sample a minute. ``cart`` is a Deployment of two pods, rolled from image 1 to 2 at minute 90
and scaled from two to three at minute 150; ``db`` is a StatefulSet of one pod, OOM killed at minute 120. A
node goes not ready from minute 180 to 190. An alert fires for db from minute 121 to 130.
"""

import math

from tests.integration.servers import openmetrics

MINUTE = 60_000
MINUTES = 240
ROLLOUT, OOM, SCALE, NODE_DOWN, NODE_UP = 90, 120, 150, 180, 190
NAN = math.nan


def shape(start_ms, place=dict):
    """The series as (name, labels, times, values). ``place`` turns object labels into what is scraped."""
    rows = []

    def series(name, labels, value):
        points = [(start_ms + m * MINUTE, value(m)) for m in range(MINUTES)]
        points = [(at, v) for at, v in points if v is not None]
        rows.append((name, place(labels), [at for at, _ in points], [v for _, v in points]))

    def while_(first, last, value=1.0):
        return lambda m: value if first <= m < last else None

    always = lambda value: lambda m: float(value)  # noqa: E731 - reads as a table
    shop = {"namespace": "shop"}
    cart, db = {**shop, "deployment": "cart"}, {**shop, "statefulset": "db"}
    old, new = "cart-aaa", "cart-bbb"
    for replicaset in (old, new):
        first = 0 if replicaset == old else ROLLOUT
        owner = {"owner_kind": "Deployment", "owner_name": "cart"}
        series("kube_replicaset_owner", {**shop, "replicaset": replicaset, **owner}, while_(first, MINUTES))
    pods = [(f"{old}-{n}", "ReplicaSet", old, 0, ROLLOUT + 2, "cart:1") for n in "12"]
    pods += [(f"{new}-{n}", "ReplicaSet", new, ROLLOUT, MINUTES, "cart:2") for n in "12"]
    pods += [(f"{new}-3", "ReplicaSet", new, SCALE, MINUTES, "cart:2")]
    pods += [("db-0", "StatefulSet", "db", 0, MINUTES, "postgres:16")]
    for pod, kind, owner, first, last, image in pods:
        me = {**shop, "pod": pod}
        there = while_(first, last)
        series("kube_pod_owner", {**me, "owner_kind": kind, "owner_name": owner}, there)
        series("kube_pod_info", {**me, "node": "node-1", "uid": "u", "host_ip": "10.0.0.1"}, there)
        series("kube_pod_status_phase", {**me, "phase": "Running"}, there)
        series("kube_pod_status_phase", {**me, "phase": "Pending"}, while_(first, last, 0.0))
        series("kube_pod_status_ready", {**me, "condition": "true"}, there)
        series("kube_pod_container_info", {**me, "container": "app", "image": image}, there)
        limits = {**me, "container": "app", "resource": "memory", "unit": "byte"}
        series("kube_pod_container_resource_limits", limits, while_(first, last, 512.0 * 1024**2))
        restarted = (lambda m: float(m >= OOM)) if pod == "db-0" else while_(first, last, 0.0)
        series("kube_pod_container_status_restarts_total", {**me, "container": "app"}, restarted)
        busy = lambda m, f=first, e=last: 5.0 + m % 7 if f <= m < e else None  # noqa: E731
        series("shop_requests", me, busy)
    killed = {**shop, "pod": "db-0", "container": "app", "reason": "OOMKilled"}
    series("kube_pod_container_status_last_terminated_reason", killed, while_(OOM, MINUTES))
    waiting = {**shop, "pod": "db-0", "container": "app", "reason": "CrashLoopBackOff"}
    series("kube_pod_container_status_waiting_reason", waiting, while_(OOM + 1, OOM + 6))
    wanted = lambda m: 2.0 if m < SCALE else 3.0  # noqa: E731
    series("kube_deployment_spec_replicas", cart, wanted)
    series("kube_deployment_status_replicas", cart, lambda m: wanted(m) + (ROLLOUT <= m < ROLLOUT + 2))
    series("kube_deployment_status_replicas_ready", cart, wanted)
    series("kube_deployment_status_replicas_updated", cart, wanted)
    generation = lambda m: 1.0 + (m >= ROLLOUT) + (m >= SCALE)  # noqa: E731
    series("kube_deployment_metadata_generation", cart, generation)
    series("kube_deployment_status_observed_generation", cart, generation)
    series("kube_deployment_spec_strategy_rollingupdate_max_unavailable", cart, always(1))
    series("kube_deployment_labels", {**cart, "label_argocd_argoproj_io_instance": "shop"}, always(1))
    series("kube_statefulset_replicas", db, always(1))
    series("kube_statefulset_status_replicas_ready", db, lambda m: float(not OOM <= m < OOM + 6))
    series("kube_namespace_labels", {**shop, "label_aiops_dev_opt_in": "true"}, always(1))
    series("kube_node_info", {"node": "node-1"}, always(1))
    ready = {"node": "node-1", "condition": "Ready", "status": "true"}
    series("kube_node_status_condition", ready, lambda m: float(not NODE_DOWN <= m < NODE_UP))
    series("kube_node_spec_unschedulable", {"node": "node-1"}, always(0))
    hpa = {**shop, "horizontalpodautoscaler": "cart"}
    series(
        "kube_horizontalpodautoscaler_info",
        {**hpa, "scaletargetref_kind": "Deployment", "scaletargetref_name": "cart"},
        always(1),
    )
    series("kube_horizontalpodautoscaler_spec_min_replicas", hpa, always(2))
    series("kube_horizontalpodautoscaler_spec_max_replicas", hpa, always(6))
    alert = {"alertname": "DbDown", "alertstate": "firing", "severity": "page", **shop, "pod": "db-0"}
    series("ALERTS", alert, while_(OOM + 1, OOM + 10))
    return rows


def text(start_ms, place=dict):
    """OpenMetrics text, series of one name together."""
    return openmetrics(sorted(shape(start_ms, place), key=lambda row: row[0]))

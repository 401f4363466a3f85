"""Merge facts: what the API server says now, with what only the history of kube-state-metrics can tell.

Objects, states, labels and events come from the API server: it alone gives uids and versions, and acting
needs those. Calls between workloads, fired alerts, and what happened before the API server was watched come
from the history. A kind that the API server does not let us list is taken from the history where that knows
it: it can be shown then, and nothing can be sent.

Input:   facts rebuilt from the history, or None; facts of the API server.
Output:  Facts at the time of the API server's.
Cost:    O(events + workloads), and O(pods) where their owners must be filled in.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiops.model import ClusterEvent, Condition, EventKind, Facts, Revision, Target, Workload

OLD_MS = 300_000  # a history that is further behind tells nothing of calls and alerts
SAME_MS = 120_000  # one event, told by two who look at different times
BLIND = "cluster"  # the history's own word for "the exporter does not answer"
ONLY_HISTORY = frozenset({"edges", "alerts"})
_TABLES: Mapping[str, tuple[str, ...]] = {  # by kind of fact, what is taken where the API server refuses it
    "pods": ("pods",),
    "nodes": ("nodes",),
    "claims": ("claims",),
    "autoscalers": ("autoscalers",),
    "workloads": ("workloads",),
    "labels": ("namespace_labels",),
}


def merge(metric: Facts | None, cluster: Facts) -> Facts:
    """Both as one picture; ``metric`` is what is rebuilt from kube-state-metrics, where there is any."""
    if metric is None:
        return replace(cluster, unknown=cluster.unknown | ONLY_HISTORY)
    lent = frozenset() if BLIND in metric.unknown else cluster.unknown - metric.unknown
    changed: dict[str, Any] = {}
    for name in lent & _TABLES.keys():
        for table in _TABLES[name]:
            changed[table] = {**getattr(metric, table), **getattr(cluster, table)}
    if "owners" in lent:
        changed["pods"] = _owned(changed.get("pods", cluster.pods), metric)
    if "conditions" in lent:
        changed["conditions"] = tuple(_conditions(metric, cluster))
    workloads = changed.get("workloads", cluster.workloads)
    if dated := dict(_dated(workloads, metric)):
        changed["workloads"] = {**workloads, **dated}
    old = cluster.at_ms - metric.at_ms > OLD_MS or BLIND in metric.unknown
    return replace(
        cluster,
        edges=metric.edges,
        alerts=metric.alerts,
        events=_events(metric.events, cluster.events),
        unknown=(cluster.unknown - (lent & {*_TABLES, "owners", "conditions"}))
        | (ONLY_HISTORY if old else frozenset()),
        **changed,
    )


def _owned(pods: Mapping[Target, Any], metric: Facts) -> dict[Target, Any]:
    """Pods with the owner that the history knows, where nobody else does."""
    known = {target: pod.owner for target, pod in metric.pods.items() if pod.owner is not None}
    return {
        target: pod if pod.owner is not None or target not in known else replace(pod, owner=known[target])
        for target, pod in pods.items()
    }


def _conditions(metric: Facts, cluster: Facts) -> Iterator[Condition]:
    """All of the API server's, and those of the history that it does not have."""
    yield from cluster.conditions
    told = {(one.target, one.name) for one in cluster.conditions}
    yield from (one for one in metric.conditions if (one.target, one.name) not in told)


def _dated(workloads: Mapping[Target, Workload], metric: Facts) -> Iterator[tuple[Target, Workload]]:
    """Workloads with a revision of which only the history knows when it became current."""
    for target, workload in workloads.items():
        if all(one.since_ms is not None for one in workload.revisions):
            continue
        past = metric.workloads.get(target)
        known = {one.number: one for one in past.revisions} if past is not None else {}
        revisions = tuple(_since(one, known.get(one.number)) for one in workload.revisions)
        if revisions != workload.revisions:
            yield target, replace(workload, revisions=revisions)


def _since(one: Revision, past: Revision | None) -> Revision:
    """``one`` since the history saw it; not where that has other images, for it may number as it likes."""
    if one.since_ms is not None or past is None or past.images != one.images:
        return one
    return replace(one, since_ms=past.since_ms)


def _events(metric: tuple[ClusterEvent, ...], cluster: tuple[ClusterEvent, ...]) -> tuple[ClusterEvent, ...]:
    """The API server's, and those of the history that it does not tell, in order of time."""
    if not metric:
        return cluster
    told: dict[tuple[Target, EventKind], list[int]] = defaultdict(list)
    for one in cluster:
        told[one.target, one.kind].append(one.at_ms)
    more = [
        one
        for one in metric
        if not any(abs(at_ms - one.at_ms) <= SAME_MS for at_ms in told.get((one.target, one.kind), ()))
    ]
    return tuple(sorted([*more, *cluster], key=lambda one: one.at_ms)) if more else cluster

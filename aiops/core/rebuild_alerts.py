"""Alerts and calls from the history: who was paged for what, and who calls whom."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from aiops.core.rebuild_history import History, Track
from aiops.core.rebuild_pods import Name, Past
from aiops.model import Alert, Edge, Target
from aiops.model.recording import FactLine

_OBJECTS = (
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("job_name", "Job"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alerting rule says beside its expression."""

    runbook_url: str = ""
    summary: str = ""


def alert_target(labels: Mapping[str, str], pods: Mapping[Name, Past]) -> Target | None:
    """What an alert is about, by its labels; a pod stands for its workload. None: they do not say.

    Where labels were moved aside (``exported_namespace``), the plain ``pod`` is that of the exporter.
    """
    moved = labels.get("exported_namespace", "")
    space = moved or labels.get("namespace", "")
    if space:
        for label, kind in _OBJECTS:
            if labels.get(label):
                return Target(kind, space, labels[label])
        pod = labels.get("exported_pod", "" if moved else labels.get("pod", ""))
        if pod:
            past = pods.get((space, pod))
            return past.owner if past is not None and past.owner is not None else Target("Pod", space, pod)
    node = labels.get("node", "")
    return Target("Node", "", node) if node else None


def alerts(history: History, pods: Mapping[Name, Past], rules: Mapping[str, Rule]) -> Iterator[FactLine]:
    """One line when an alert fires, one when it stops. Alerts of one name and target are one."""
    grouped: dict[tuple[str, Target | None], list[Track]] = {}
    for track in history.rows("alert"):
        name = track.labels.get("alertname", "")
        if name:
            grouped.setdefault((name, alert_target(track.labels, pods)), []).append(track)
    for (name, target), tracks in grouped.items():
        rule = rules.get(name, Rule())
        severity = tracks[0].labels.get("severity", "")
        firing: Alert | None = None
        for at_ms in sorted({at for track in tracks for at, _ in track.steps}):
            fires = any(track.there(at_ms) for track in tracks)
            if fires and firing is None:
                firing = Alert(name, target, at_ms, None, severity, rule.runbook_url, rule.summary)
                yield FactLine(at_ms, firing)
            elif not fires and firing is not None:
                yield FactLine(at_ms, replace(firing, until_ms=at_ms))
                firing = None


def calls(history: History, workloads: Mapping[Target, object]) -> Iterator[FactLine]:
    """An edge from when the first call was seen; only between workloads that are known."""
    kinds: dict[Name, Target] = {(one.namespace, one.name): one for one in workloads}
    for track in history.rows("call"):
        labels = track.labels
        ends = [
            kinds.get((labels.get(f"{side}_workload_namespace", ""), labels.get(f"{side}_workload", "")))
            for side in ("source", "destination")
        ]
        seen = [at for at, value in track.steps if not math.isnan(value) and value > 0]
        if seen and ends[0] is not None and ends[1] is not None and ends[0] != ends[1]:
            yield FactLine(seen[0], Edge(ends[0], ends[1]))

"""Coverage: what the adapted signals see: workloads, how soon at best, and what nobody sees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops.adapters.prometheus.matchers import inject
from aiops.bootstrap.onboard.adapt import Adapted
from aiops.bootstrap.onboard.labels import there
from aiops.bootstrap.onboard.survey import Survey
from aiops.core.mapping import to_panel
from aiops.core.rebuild_labels import manager, unflat
from aiops.errors import PortError
from aiops.model import Detection, Facts, Pod, Target

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one adapted signal returns now. ``error`` in words where its query failed."""

    series: int = 0
    targets: int = 0
    workloads: frozenset[Target] = frozenset()
    unmapped: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owns which pod, and who else owns the workloads; empty where kube-state-metrics does not say."""

    pods: Mapping[Target, Pod] = field(default_factory=dict)
    workloads: frozenset[Target] = frozenset()
    managers: Mapping[str, int] = field(default_factory=dict)  # tool -> Deployments whose spec it owns


def owners(found: Survey) -> Owners:
    """Read owners from kube_pod_owner, through ReplicaSets, and who manages Deployments by their labels."""
    above = {
        (row.namespace, row.name): Target(row.owner_kind, row.namespace, row.owner_name)
        for row in _owned(found, "kube_replicaset_owner", "replicaset")
    }
    pods = {}
    for row in _owned(found, "kube_pod_owner", "pod"):
        owner = Target(row.owner_kind, row.namespace, row.owner_name)
        if row.owner_kind == "ReplicaSet":
            owner = above.get((row.namespace, row.owner_name), owner)
        target = Target("Pod", row.namespace, row.name)
        pods[target] = Pod(target, owner)
    workloads = frozenset(pod.owner for pod in pods.values() if pod.owner is not None)
    return Owners(pods, workloads, _managers(found))


@dataclass(frozen=True, slots=True)
class _Owned:
    namespace: str
    name: str
    owner_kind: str
    owner_name: str


def _owned(found: Survey, metric: str, label: str) -> list[_Owned]:
    shape = found.shape(metric)
    if shape is None:
        return []
    space, name = there("namespace", shape.labels, True), there(label, shape.labels, True)
    if space is None or name is None:
        return []
    rows = found.rows(f"group by ({space}, {name}, owner_kind, owner_name) ({metric})")
    read = (
        _Owned(*(row.get(key, "") for key in (space, name, "owner_kind", "owner_name"))) for row, _ in rows
    )
    none = ("", "<none>")
    return [one for one in read if one.name and one.owner_kind not in none and one.owner_name not in none]


def _managers(found: Survey) -> dict[str, int]:
    """A metric without labels says that nobody exported them, and nothing about who manages what."""
    if "kube_deployment_labels" not in found.metrics:
        return {}
    counts: dict[str, int] = {}
    for row, _ in found.rows("kube_deployment_labels"):
        tool = manager(unflat(row)) or "nobody that labels tell of"
        counts[tool] = counts.get(tool, 0) + 1
    return counts


def look(adapted: Sequence[Adapted], found: Survey, owned: Owners, progress: Progress) -> dict[str, Seen]:
    """Ask for each adapted signal once."""
    facts = Facts(found.at_ms, pods=owned.pods)
    seen = {}
    for number, one in enumerate(adapted):
        progress(number / len(adapted), one.signal.name)
        if not one.missing:
            seen[one.signal.name] = _look(one, found, facts)
    return seen


def _look(one: Adapted, found: Survey, facts: Facts) -> Seen:
    try:
        series = found.source.instant(inject(one.signal.query, found.source.matchers), found.at_ms)
    except PortError as error:
        return Seen(error=str(error))
    mapped = to_panel(one.signal, series, facts, own_matchers=found.source.settings.cluster_matchers)
    rows = np.flatnonzero(np.isfinite(mapped.panel.values).any(axis=1))
    targets = [mapped.panel.targets[row] for row in rows]
    workloads = frozenset(target for target in targets if target.kind not in ("Pod", "Node"))
    return Seen(len(series.labels), len(targets), workloads, dict(mapped.unmapped), series.cost_s)


def fastest_s(one: Adapted, detection: Detection) -> float:
    """The soonest that an anomaly can be raised after its first bad sample could be scraped, in seconds:
    scrapes until enough samples are bad, the window that must fill, and how long a condition must last."""
    return max(one.interval_s, detection.step_s) * detection.open_after + one.window_s + one.signal.for_s

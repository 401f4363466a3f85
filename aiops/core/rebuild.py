"""Rebuild: cluster facts of the past from the history of kube-state-metrics, since the API server forgot.

What the history does not show stays None or is named in ``unknown``; nothing is guessed. Objects never have
a uid or resource version here: those are for acting, and only the API server may give them.

Input:   a History of the queries in ``rebuild_queries``.
Output:  lines of facts in order of time; the kinds of fact that nobody could read.
Cost:    O(changes), beside sorting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiops.core import rebuild_alerts, rebuild_events, rebuild_objects, rebuild_pods, rebuild_workloads
from aiops.core.rebuild_alerts import Rule
from aiops.core.rebuild_history import History
from aiops.core.rebuild_workloads import Surroundings
from aiops.model import Pod, Target
from aiops.model.recording import NOTHING_KNOWN, FactLine, Unreadable

_NEEDS = {  # kind of fact: the queries of which one must have answered
    "owners": ("pod_owner",),
    "pods": ("pod_info", "pod_phase"),
    "nodes": ("node_info",),
    "workloads": ("Deployment.replicas", "StatefulSet.replicas", "DaemonSet.replicas"),
    "autoscalers": ("scaler",),
    "claims": ("claim_size",),
    "events": ("restarts",),
    "conditions": ("pod_ready", "pod_phase"),
}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    lines: tuple[FactLine, ...]
    unknown: tuple[str, ...]


def rebuild(
    history: History, known_labels: Sequence[str] = (), rules: Mapping[str, Rule] | None = None
) -> Rebuilt:
    """Everything that ``history`` shows. ``known_labels`` are label keys that the configuration names."""
    pods = rebuild_pods.pods(history)
    beings = rebuild_workloads.beings(history, pods)
    lines = [*rebuild_alerts.alerts(history, pods, rules or {}), *rebuild_alerts.calls(history, beings)]
    if history.first_ms is None:
        return Rebuilt(_ordered(lines), NOTHING_KNOWN)
    nodes = rebuild_objects.nodes(history, known_labels)
    zoned = {node.target.name: node for node in nodes}
    around = Surroundings(
        nodes=zoned,
        known_labels=known_labels,
        spaces_with_budgets=rebuild_objects.budgets(history),
        bounds=rebuild_objects.bounds(history),
        scalers_known=history.knows("scaler"),
    )
    for being in beings.values():
        lines += rebuild_objects.of_workload(being, around, history.first_ms)
    for pod in pods.values():
        lines += rebuild_objects.of_pod(pod)
    lines += rebuild_objects.of_nodes(history, nodes)
    lines += rebuild_objects.of_scalers(history)
    lines += rebuild_objects.of_claims(history, pods)
    lines += rebuild_events.conditions(history, pods)
    events = [*rebuild_events.of_pods(history, pods), *rebuild_events.of_nodes(history)]
    lines += [FactLine(event.at_ms, event) for event in events]
    lines += [
        FactLine(at_ms, Unreadable("cluster"), gone=not blind)
        for at_ms, blind in history.blind
        if at_ms > history.first_ms
    ]
    spaces = rebuild_objects.of_spaces(history, known_labels)
    return Rebuilt(_ordered([*lines, *spaces]), _unknown(history, labels=bool(spaces)))


def owners(history: History) -> Mapping[Target, Pod]:
    """Every pod that ever was with its workload: what rolls series of pods up."""
    return {
        one.target: Pod(one.target, one.owner)
        for one in rebuild_pods.pods(history).values()
        if one.owner is not None
    }


def _ordered(lines: Iterable[FactLine]) -> tuple[FactLine, ...]:
    return tuple(sorted(lines, key=lambda line: line.at_ms))


def _unknown(history: History, *, labels: bool) -> tuple[str, ...]:
    lacking = [kind for kind, queries in _NEEDS.items() if not any(history.knows(one) for one in queries)]
    return tuple(sorted({*lacking, "pdb", *([] if labels else ["labels"])}))

"""Fold: the lines of ``facts.jsonl`` to the facts at a time, a little at each call.

Cost: a call that passes no line is a bisection and one small object; a call that passes lines copies the
tables that they touch.
"""

import bisect
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from aiops.model import Alert, Autoscaler, Claim, ClusterEvent, Condition, Edge, Facts, Node, Pod, Workload
from aiops.model.recording import Fact, FactLine, NamespaceLabels, Unreadable

_TABLES: dict[type[Any], str] = {
    Workload: "workloads",
    Pod: "pods",
    Node: "nodes",
    Claim: "claims",
    Autoscaler: "autoscalers",
    NamespaceLabels: "namespace_labels",
    Edge: "edges",
    Condition: "conditions",
    ClusterEvent: "events",
    Alert: "alerts",
    Unreadable: "unknown",
}


class Fold:
    """Facts at times that do not step back (they may: then it starts again from the first line)."""

    def __init__(self, cluster: str, lines: Sequence[FactLine], unknown: Iterable[str] = ()) -> None:
        self._cluster, self._lines, self._unknown = cluster, lines, frozenset(unknown)
        self._times = [line.at_ms for line in lines]
        self._restart()

    def _restart(self) -> None:
        self._passed = 0
        self._tables: dict[str, dict[Hashable, Any]] = {name: {} for name in _TABLES.values()}
        self._facts = Facts(0, self._cluster, unknown=self._unknown)

    def changed_at(self, at_ms: int) -> int:
        """The time of the newest line not after ``at_ms``; 0 before the first."""
        newest = bisect.bisect_right(self._times, at_ms)
        return self._times[newest - 1] if newest else 0

    def facts(self, at_ms: int) -> Facts:
        """The cluster as it was at ``at_ms``; tables that did not change are the same objects as before."""
        until = bisect.bisect_right(self._times, at_ms)
        if until < self._passed:
            self._restart()
        if until > self._passed:
            touched = {self._take(line) for line in self._lines[self._passed : until]}
            self._passed = until
            tables = {name: self._table(name) for name in touched}
            if "namespace_labels" in touched:
                tables["namespace_annotations"] = self._annotations()
            self._facts = replace(self._facts, **tables)
        return replace(self._facts, at_ms=at_ms)

    def _take(self, line: FactLine) -> str:
        name = _TABLES[type(line.value)]
        table, key = self._tables[name], _key(line.value)
        if line.gone:
            table.pop(key, None)
        elif isinstance(line.value, ClusterEvent):
            table[len(table), key] = line.value
        else:
            table[key] = line.value
        return name

    def _annotations(self) -> dict[Hashable, Any]:
        """Of the namespaces whose annotations are known."""
        spaces = self._tables["namespace_labels"].items()
        return {name: one.annotations for name, one in spaces if one.annotations is not None}

    def _table(self, name: str) -> Any:
        table = self._tables[name]
        if name == "namespace_labels":
            return {key: one.labels for key, one in table.items()}
        if name == "unknown":
            return self._unknown | {one.what for one in table.values()}
        if name in ("edges", "conditions", "events", "alerts"):
            return tuple(table.values())
        return dict(table)


def _key(value: Fact) -> Hashable:
    match value:
        case NamespaceLabels(name):
            return name
        case Unreadable(what):
            return what
        case Edge():
            return value
        case Condition(target, name):
            return target, name
        case Alert(name, alerted, since_ms):
            return name, alerted, since_ms
        case _:
            return value.target

"""Budgets: which disruption budget is over the pods of which workload, kept as both change."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from aiops.adapters.kubernetes.objects import SeenBudget
from aiops.model import Target


class Budgets:
    """Matched within each namespace, when a selector or the labels of a pod template change; not before.

    Cost: a new budget looks at the workloads of its namespace, a new workload at the budgets there.
    """

    def __init__(self) -> None:
        self._budgets: dict[str, dict[Target, SeenBudget]] = defaultdict(dict)  # by namespace
        self._labels: dict[str, dict[Target, Mapping[str, str]]] = defaultdict(dict)  # of pods, by namespace
        self._over: dict[Target, dict[Target, bool]] = {}  # budget: workloads, and whether that is sure

    def put(self, seen: SeenBudget) -> set[Target]:
        """A budget as it is now; the workloads for which anything changed."""
        target = seen.target
        before = self._budgets[target.namespace].get(target)
        self._budgets[target.namespace][target] = seen
        old = set(self._over.get(target, ()))
        if before is None or before.selector != seen.selector:
            workloads = self._labels[target.namespace].items()
            self._over[target] = {one: sure for one, labels in workloads for sure in _chosen(seen, labels)}
        return old | set(self._over[target])

    def drop(self, target: Target) -> set[Target]:
        """A budget that is gone; the workloads that it was over."""
        _pop(self._budgets, target)
        return set(self._over.pop(target, ()))

    def put_workload(self, target: Target, labels: Mapping[str, str]) -> None:
        """A workload whose pods have ``labels``."""
        if self._labels[target.namespace].get(target) == labels:
            return
        self._labels[target.namespace][target] = labels
        for budget, seen in self._budgets.get(target.namespace, {}).items():
            self._over[budget].pop(target, None)
            for sure in _chosen(seen, labels):
                self._over[budget][target] = sure

    def drop_workload(self, target: Target) -> None:
        """A workload that is gone."""
        _pop(self._labels, target)
        for budget in self._budgets.get(target.namespace, ()):
            self._over[budget].pop(target, None)

    def of(self, workload: Target) -> tuple[list[SeenBudget], bool]:
        """(the budgets over its pods, whether of one of them nobody can say)."""
        found, unsure = [], False
        for budget, seen in self._budgets.get(workload.namespace, {}).items():
            sure = self._over[budget].get(workload)
            if sure is not None:
                found.append(seen)
                unsure = unsure or not sure
        return found, unsure

    def single(self) -> Iterator[tuple[Target, Target]]:
        """(budget, workload) of each budget that is over the pods of exactly one."""
        for budget, workloads in self._over.items():
            if len(workloads) == 1 and all(workloads.values()):
                yield budget, next(iter(workloads))


def _pop(spaces: dict[str, dict[Target, Any]], target: Target) -> None:
    """Take ``target`` out, and its namespace with the last one there: they come and go."""
    here = spaces.get(target.namespace, {})
    here.pop(target, None)
    if not here:
        spaces.pop(target.namespace, None)


def _chosen(seen: SeenBudget, labels: Mapping[str, str]) -> tuple[bool, ...]:
    """Nothing where pods with ``labels`` are not chosen; else whether that is sure."""
    if seen.selector is None:
        return ()
    answer = seen.selector.chooses(labels)
    return () if answer is False else (answer is True,)

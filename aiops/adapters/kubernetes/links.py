"""Links: which pod and which revision belongs to which workload, whichever of them arrives first."""

from collections import defaultdict
from collections.abc import Iterable

from aiops.adapters.kubernetes.objects import SeenGroup
from aiops.model import Pod, Target

MOST_GONE = 20_000
Index = dict[Target, dict[Target, None]]  # sets that keep their order


class Links:
    """The chain Pod, ReplicaSet, Deployment. A chain that is broken leaves the owner unknown."""

    def __init__(self) -> None:
        self._groups: dict[Target, SeenGroup] = {}
        self._groups_of: Index = defaultdict(dict)
        self._pods_under: Index = defaultdict(dict)  # by direct controller
        self._pods_of: Index = defaultdict(dict)
        self._gone: dict[Target, Target] = {}  # workloads of the pods that went last

    def owner(self, controller: Target | None) -> Target | None:
        """The workload of a pod with that controller; None where nobody controls it, or the chain is broken.

        A ReplicaSet that nobody controls is a workload of its own.
        """
        if controller is None or controller.kind != "ReplicaSet":
            return controller
        group = self._groups.get(controller)
        return None if group is None else group.owner or controller

    def add_pod(self, pod: Pod) -> None:
        """A pod with its owner as known."""
        if pod.controller is not None:
            self._pods_under[pod.controller][pod.target] = None
        if pod.owner is not None:
            self._pods_of[pod.owner][pod.target] = None

    def drop_pod(self, pod: Pod, *, gone: bool) -> None:
        """Undo ``add_pod``; of a pod that is ``gone`` the workload is remembered for a while."""
        for index, key in ((self._pods_under, pod.controller), (self._pods_of, pod.owner)):
            if key is not None and key in index:
                index[key].pop(pod.target, None)
                if not index[key]:
                    del index[key]
        if gone and pod.owner is not None:
            self._gone[pod.target] = pod.owner
            if len(self._gone) > MOST_GONE:
                del self._gone[next(iter(self._gone))]

    def add_group(self, seen: SeenGroup) -> None:
        """A revision."""
        before = self._groups.get(seen.target)
        if before is not None:
            self.drop_group(before)
        self._groups[seen.target] = seen
        if seen.owner is not None:
            self._groups_of[seen.owner][seen.target] = None

    def drop_group(self, seen: SeenGroup) -> None:
        """A revision that is gone. Its pods keep the owner that they had."""
        self._groups.pop(seen.target, None)
        if seen.owner is not None and seen.owner in self._groups_of:
            self._groups_of[seen.owner].pop(seen.target, None)
            if not self._groups_of[seen.owner]:
                del self._groups_of[seen.owner]

    def pods_under(self, controller: Target) -> Iterable[Target]:
        """The pods with that direct controller."""
        return tuple(self._pods_under.get(controller, ()))

    def pods_of(self, workload: Target) -> Iterable[Target]:
        """The pods of a workload."""
        return self._pods_of.get(workload, ())

    def groups_of(self, workload: Target) -> list[SeenGroup]:
        """The revisions of a workload."""
        return [self._groups[one] for one in self._groups_of.get(workload, ())]

    def gone(self, pod: Target) -> Target | None:
        """The workload of a pod that is gone; None where it is not remembered."""
        return self._gone.get(pod)

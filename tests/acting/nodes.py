"""Nodes: the classes whose target is a node. Two nodes that fail alike at one time are one incident, so a
node has no twin beside it: the same fault comes twice, once with acting switched off.
"""

from tests.acting.asked import pooled
from tests.acting.case import Case, Write
from tests.controlplane.objects import deployment


class NodeTrouble(Case):
    """A node of a pool of two goes bad with what runs there, and is well once it is empty."""

    has_twin = False
    fixes = 2  # the cordon, and the drain, after which the node is well
    good = "contained"  # neither heals a node by itself: they stand
    target = "Node/pool"

    def __init__(self, zone):
        self.zone = zone  # each its own: nodes of one zone that fail are one incident

    def create(self, at):
        first, other = self._nodes(at)
        for name in (first, other):
            opted = {} if at.twin else {"aiops.dev/opt-in": "true"}
            at.notes["world"].add_node(
                name, taint=at.space, zone=self.zone, labels={"pool": at.space, **opted}
            )
        made = pooled(deployment(at.space, "cart", replicas=4), at.space)
        made["spec"]["template"]["spec"]["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "cart"}},
            }
        ]
        at.create(made)

    def _nodes(self, at):
        return f"{at.space}-1", f"{at.space}-2"

    def node(self, at):
        """The one that goes bad."""
        return at.notes.get("node") or self._nodes(at)[0]

    def spoil(self, at):
        for name in self._nodes(at):  # the scheduler may have put all of them on one
            at.notes["node"] = name
            if self.here(at):
                break
        at.notes["pods"] = [one["metadata"]["name"] for one in self.here(at)]
        assert at.notes["pods"], "nothing runs on the node that is to go bad"
        self.set_bad(at, True)
        at.notes["bad"] = True

    def here(self, at):
        """Its pods that run on the node."""
        return [one for one in at.pods("cart") if one["spec"].get("nodeName") == self.node(at)]

    def goes_on(self, at):
        if at.notes.get("bad") and not self.here(at):
            at.notes["bad"] = False
            self.set_bad(at, False)

    def set_bad(self, at, bad):
        """Make the node bad, or well again."""
        raise NotImplementedError

    def expected(self, at):
        mark = {"metadata": {"annotations": {"aiops.dev/cordoned-by": "aiops"}}}
        cordon = Write("patch", "nodes", self.node(at), {**mark, "spec": {"unschedulable": True}})
        evictions = [Write("create", "pods/eviction", pod) for pod in sorted(at.notes["pods"])]
        return [cordon, cordon, *evictions]  # a drain cordons first, which it is already


class NodeNotReady(NodeTrouble):
    """Its runtime hangs on what runs there."""

    name = "node_not_ready"

    def set_bad(self, at, bad):
        at.kubelet.set_not_ready(self.node(at), "PLEG is not healthy" if bad else "")

    def broken(self, at):
        conditions = at.api.get("Node", None, self.node(at))["status"]["conditions"]
        return any(one["type"] == "Ready" and one["status"] != "True" for one in conditions)


class NodePressure(NodeTrouble):
    """It is short of memory."""

    name = "node_pressure"

    def set_bad(self, at, bad):
        at.kubelet.set_pressure(self.node(at), "MemoryPressure", bad)

    def broken(self, at):
        conditions = at.api.get("Node", None, self.node(at))["status"]["conditions"]
        return any(one["type"] == "MemoryPressure" and one["status"] == "True" for one in conditions)


NODES = (NodeNotReady("b"), NodePressure("c"))

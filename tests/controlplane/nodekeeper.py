"""The simulated nodes of a control plane: registered, kept alive, and how they fare when a test says so."""

import contextlib
import threading
from collections.abc import Iterable

from tests.controlplane.api import MERGE, Api, ApiError
from tests.controlplane.informer import Informer
from tests.controlplane.mishaps import Mishaps
from tests.controlplane.nodes import LEASES, NodeShape, SimNode, lease
from tests.controlplane.pods import Object

HEARTBEAT_S = 2.0


class NodeKeeper:
    """The part of the kubelet that is about nodes. ``_came_back`` sets right what runs on one."""

    def __init__(self, api: Api, version: str, log_port: int) -> None:
        self.api, self._version, self._log_port = api, version, log_port
        self.nodes: dict[str, SimNode] = {}
        self.mishaps = Mishaps()
        self._stopping = threading.Event()
        self._watch = Informer(api, "Node", self._saw_node)

    def _came_back(self, name: str) -> None:
        """A node is alive again."""

    def _keep_nodes(self, shapes: Iterable[NodeShape]) -> None:
        """Register nodes, and begin to renew and to watch."""
        for shape in shapes:
            self.add_node(shape)
        self._watch.start()
        threading.Thread(target=self._leases_loop, name="kubelet-leases", daemon=True).start()

    def _drop_nodes(self) -> None:
        self._stopping.set()
        self._watch.stop()

    def add_node(self, shape: NodeShape) -> None:
        """Register a node and keep it alive."""
        node = SimNode(shape)
        self.api.ensure(node.manifest())
        self.nodes[shape.name] = node
        self._beat(shape.name)
        self._report(node)

    def remove_node(self, name: str) -> None:
        """Take a node away, object and all."""
        self.nodes.pop(name, None)
        with contextlib.suppress(ApiError):
            self.api.delete("Node", None, name)

    def kill_node(self, name: str) -> None:
        """The node falls silent: no lease, no report, and its pods stay as they were last seen."""
        self.nodes[name].alive = False

    def revive_node(self, name: str) -> None:
        """It is back: it reports, and sets its pods right again."""
        node = self.nodes[name]
        node.alive = True
        self._beat(name)
        self._report(node)
        self._came_back(name)

    def set_pressure(self, name: str, kind: str, on: bool = True) -> None:
        """Report MemoryPressure, DiskPressure or PIDPressure of a node, or that it is over."""
        node = self.nodes[name]
        node.pressures = node.pressures | {kind} if on else node.pressures - {kind}
        self._report(node)

    def set_not_ready(self, name: str, message: str = "container runtime is down") -> None:
        """The kubelet lives and says that its node is not ready; an empty message: ready again."""
        self.nodes[name].not_ready = message
        self._report(self.nodes[name])

    def heal_nodes(self) -> None:
        """Every node alive, ready and without pressure."""
        for name, node in self.nodes.items():
            if not node.alive or node.pressures or node.not_ready:
                node.pressures, node.not_ready = frozenset(), ""
                self.revive_node(name)

    def _saw_node(self, uid: str, node: Object | None) -> None:
        """A live node that the controllers take for dead reports at once: they may have been slow."""
        ours = self.nodes.get(node["metadata"]["name"]) if node is not None else None
        if ours is None or not ours.alive or node is None:
            return
        states = {one["type"]: one["status"] for one in node.get("status", {}).get("conditions", [])}
        if states.get("Ready") == "Unknown":
            with self.mishaps.noted("nodes"):
                self.revive_node(ours.shape.name)

    def _leases_loop(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            for name, node in list(self.nodes.items()):
                if node.alive:
                    with self.mishaps.noted("leases"):
                        self._beat(name)

    def _beat(self, name: str) -> None:
        body = lease(name)
        try:
            self.api.patch("Lease", LEASES, name, {"spec": body["spec"]}, content_type=MERGE)
        except ApiError as error:
            if error.status != 404:
                raise
            with contextlib.suppress(ApiError):  # the API server makes the namespace in its first seconds
                self.api.create(body)

    def _report(self, node: SimNode) -> None:
        status = node.status(self._log_port, self._version)
        self.api.patch("Node", None, node.shape.name, {"status": status}, "status")

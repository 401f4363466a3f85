"""Nothing: the classes in which the right answer is to do nothing, where everything would be allowed."""

from typing import ClassVar

from tests.acting.case import Case
from tests.controlplane.faults import ImageError
from tests.controlplane.objects import config_map, deployment


class Left(Case):
    """What is seen, named, and left alone."""

    has_twin = False
    because = ""  # words of the playbook

    def expected(self, at):
        return []


class ConfigTakenAway(Left):
    """A person deletes a ConfigMap; whoever starts now cannot."""

    name = "config_error"
    because = "must be put back by whoever owns it"

    def create(self, at):
        at.create(config_map(at.space, "settings", MODE="old"))
        made = deployment(at.space, "cart", **self.size)
        made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
            {"configMapRef": {"name": "settings"}}
        ]
        at.create(made)

    def spoil(self, at):
        at.api.delete("ConfigMap", at.space, "settings")
        at.api.delete("Pod", at.space, at.pods("cart")[0]["metadata"]["name"])


class RegistryAway(Left):
    """The registry answers nobody; a pod that comes anew does not start."""

    name = "image_pull_backoff"
    because = "the registry or its credentials are the cause"

    def spoil(self, at):
        at.kubelet.inject(ImageError("unauthorized"), namespace=at.space)
        at.api.delete("Pod", at.space, at.pods("cart")[0]["metadata"]["name"])


class Restarts(Left):
    """Each process ended once, and runs again."""

    name = "restarts"
    because = "Kubernetes restarts them already"

    def spoil(self, at):
        for pod in at.pods("cart"):
            at.kubelet.restart(at.space, pod["metadata"]["name"])


class TrafficDrop(Left):
    """Most requests do not come any more."""

    name = "traffic_drop"
    load: ClassVar = {"rps": 80}
    because = "the cause lies before the service"

    def create(self, at):
        at.create(deployment(at.space, "cart", **self.size))
        at.notes["app"] = at.telemetry.app(at.space, "cart", **self.load)

    def spoil(self, at):
        at.notes["app"].rps = 8


class BusyNode(Left):
    """A node is busy, and does what it is for."""

    name = "node_saturated"
    target = "Node/busy"
    because = "a busy node does what it is for"

    def create(self, at):
        at.notes["world"].add_node(self.node(at), taint=at.space)  # nothing runs there that could suffer

    def node(self, at):
        """Which one."""
        return f"{at.space}-1"

    def ready(self, at):
        return True

    def spoil(self, at):
        at.telemetry.node(self.node(at)).cpu = 0.95


NOTHING = (ConfigTakenAway(), RegistryAway(), Restarts(), TrafficDrop(), BusyNode())

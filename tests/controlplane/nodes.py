"""Simulated nodes: registered, kept alive by leases, and their conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.controlplane.containers import stamp

LEASES = "kube-node-lease"
PRESSURES = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
    "DiskPressure": ("KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
}


@dataclass(frozen=True, slots=True)
class NodeShape:
    """What a node is like."""

    name: str
    zone: str = "a"
    cpu: str = "8"
    memory: str = "32Gi"
    pods: int = 110
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_labels(self) -> dict[str, str]:
        """Those that every node has, and its own."""
        return {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": self.zone,
            "topology.kubernetes.io/region": "test",
            **self.labels,
        }


@dataclass(slots=True)
class SimNode:
    """One node and how it is: ``alive`` ones renew their lease and report."""

    shape: NodeShape
    alive: bool = True
    not_ready: str = ""  # the kubelet itself says that it is not, with this message
    pressures: frozenset[str] = frozenset()
    _since: dict[str, tuple[str, str]] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """The Node object of a registration."""
        shape = self.shape
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": shape.name, "labels": shape.full_labels},
            "spec": {"providerID": f"sim:///{shape.zone}/{shape.name}"},
        }

    def status(self, port: int, version: str) -> dict[str, Any]:
        """What a kubelet reports; ``port`` is where it serves logs."""
        room = {
            "cpu": self.shape.cpu,
            "memory": self.shape.memory,
            "pods": str(self.shape.pods),
            "ephemeral-storage": "100Gi",
        }
        return {
            "capacity": room,
            "allocatable": room,
            "conditions": self.conditions(),
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": self.shape.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": {
                "machineID": self.shape.name,
                "systemUUID": self.shape.name,
                "bootID": self.shape.name,
                "kernelVersion": "6.1.0",
                "osImage": "Simulated Linux",
                "containerRuntimeVersion": "containerd://2.0.0",
                "kubeletVersion": version,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        }

    def conditions(self) -> list[dict[str, str]]:
        """Its conditions as they are now."""
        found = [
            self._condition(kind, kind in self.pressures, *reasons) for kind, reasons in PRESSURES.items()
        ]
        ready = self._condition("Ready", not self.not_ready, "KubeletReady", "KubeletNotReady")
        return [*found, ready | {"message": self.not_ready or "kubelet is posting ready status"}]

    def _condition(self, kind, holds, reason_true, reason_false):
        value = str(holds)
        if self._since.get(kind, ("", ""))[0] != value:
            self._since[kind] = (value, stamp())
        return {
            "type": kind,
            "status": value,
            "reason": reason_true if holds else reason_false,
            "message": reason_true if holds else reason_false,
            "lastTransitionTime": self._since[kind][1],
            "lastHeartbeatTime": stamp(),
        }


def lease(name: str) -> dict[str, Any]:
    """The body of a lease renewed now."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASES},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": 40,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }

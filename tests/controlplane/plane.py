"""The control plane as a whole: its processes, its users, its audit log, its kubelet.

    with ControlPlane(folder) as plane:
        plane.api.create(...)
        plane.kubelet.inject(Crash(), image="shop/cart:bad")
        plane.restart_api_server()

Start to ready about 3 s. Everything listens on loopback only.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane import binaries, pki
from tests.controlplane.api import Api, ApiError
from tests.controlplane.audit import POLICY, Audit
from tests.controlplane.kubelet import Kubelet, NodeShape
from tests.controlplane.processes import Process, Watchdog, free_ports

STATE_METRICS = binaries.STATE_METRICS
QUERIES_A_SECOND = 200  # requests a second that the controllers may send


@dataclass(frozen=True, slots=True)
class Options:
    """How one control plane differs from the usual one."""

    nodes: tuple[NodeShape, ...] = tuple(NodeShape(f"node-{i}", zone) for i, zone in enumerate("abc", 1))
    grace_s: int = 8  # a node silent for longer is Unknown
    toleration_s: int = 300  # a pod stays for so long on a node that is not ready, as in a real cluster
    compaction: str = "5m0s"  # of etcd; "3s" makes old list continuations 410
    watch_cache: bool = True  # False: a watch from a compacted version is 410 too
    audit: bool = True
    state_metrics: bool = True
    api_server: tuple[str, ...] = ()  # more flags
    controllers: tuple[str, ...] = ()


class ControlPlane:
    """A running control plane; a context manager."""

    def __init__(self, folder: Path, options: Options | None = None) -> None:
        self.folder, self.options = folder, options or Options()
        self._programs = binaries.find()
        self._stack = contextlib.ExitStack()
        ports = free_ports(7)
        self._etcd_port, self._peer_port, self.port = ports[:3]
        self._controllers_port, self._scheduler_port, self._metrics_port, self._telemetry_port = ports[3:]
        self.url = f"https://127.0.0.1:{self.port}"
        self.pki = folder / "pki"
        self.parts: dict[str, Process] = {}

    def __enter__(self) -> "ControlPlane":
        with contextlib.ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._data = Path(tempfile.mkdtemp(prefix="aiops-etcd-", dir=_fast_folder(self.folder)))
        self._stack.callback(shutil.rmtree, self._data, ignore_errors=True)
        self._watchdog = Watchdog(self._data)
        self._stack.callback(self._watchdog.stop)
        pki.make(self.pki)
        for name in pki.CLIENTS:
            self.write_kubeconfig(name, pki.certificate(self.pki, name))
        self.kubeconfig = self.folder / f"{pki.ADMIN}.kubeconfig"  # of the administrator
        (self.folder / "audit.json").write_text(json.dumps(POLICY))
        self.api = Api.of(self.kubeconfig)
        self.audit = Audit(self.folder / "audit.log", self._ask)
        self.kubelet = Kubelet(
            Api.of(self.folder / f"{pki.KUBELET}.kubeconfig", "kubelet/simulated"), self.pki
        )
        self._start_etcd()
        self._add("kube-apiserver", self._api_server_flags()).start()
        self.wait_api_server()
        self._add("kube-controller-manager", self._controller_flags()).start()
        self._add("kube-scheduler", self._scheduler_flags()).start()
        if self.options.state_metrics:
            self._start_state_metrics()
        self.kubelet.start(self.options.nodes)
        self._wait_usable()

    def _add(self, name: str, flags: Sequence[object]) -> Process:
        self.parts[name] = Process(name, [self._programs[name], *flags], self.folder, self._watchdog)
        return self.parts[name]

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        self._add(
            "etcd",
            [
                f"--data-dir={self._data}",
                "--unsafe-no-fsync",
                "--logger=zap",
                "--log-level=warn",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
            ],
        ).start()
        self.parts["etcd"].wait_ready(lambda: _answers(f"{client}/health"))

    def _api_server_flags(self) -> list[object]:
        keys, chosen = self.pki, self.options
        flags: list[object] = [
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={keys}/api.crt",
            f"--tls-private-key-file={keys}/api.key",
            f"--client-ca-file={keys}/ca.crt",
            f"--service-account-key-file={keys}/sa.pub",
            f"--service-account-signing-key-file={keys}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            f"--kubelet-certificate-authority={keys}/ca.crt",
            f"--kubelet-client-certificate={keys}/{pki.ADMIN}.crt",
            f"--kubelet-client-key={keys}/{pki.ADMIN}.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--default-not-ready-toleration-seconds={chosen.toleration_s}",
            f"--default-unreachable-toleration-seconds={chosen.toleration_s}",
            f"--etcd-compaction-interval={chosen.compaction}",
            f"--watch-cache={str(chosen.watch_cache).lower()}",
            "--enable-priority-and-fairness=true",
        ]
        if chosen.audit:
            flags += [f"--audit-policy-file={self.folder}/audit.json"]
            flags += [f"--audit-log-path={self.folder}/audit.log"]
            flags += ["--audit-log-maxsize=100000"]  # MB; without it a new file begins after 100 of them
        return [*flags, *chosen.api_server]

    def _controller_flags(self) -> list[object]:
        return [
            f"--kubeconfig={self.folder}/{pki.CONTROLLERS}.kubeconfig",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._controllers_port}",
            f"--cert-dir={self.folder}/controllers",
            f"--service-account-private-key-file={self.pki}/sa.key",
            f"--root-ca-file={self.pki}/ca.crt",
            "--use-service-account-credentials",
            "--leader-elect=false",
            f"--kube-api-qps={QUERIES_A_SECOND}",
            f"--kube-api-burst={2 * QUERIES_A_SECOND}",
            "--node-monitor-period=1s",
            f"--node-monitor-grace-period={self.options.grace_s}s",
            f"--cluster-signing-cert-file={self.pki}/ca.crt",
            f"--cluster-signing-key-file={self.pki}/ca.key",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
            *self.options.controllers,
        ]

    def _scheduler_flags(self) -> list[object]:
        return [
            f"--kubeconfig={self.folder}/{pki.SCHEDULER}.kubeconfig",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._scheduler_port}",
            f"--cert-dir={self.folder}/scheduler",
            "--leader-elect=false",
            f"--kube-api-qps={QUERIES_A_SECOND}",
            f"--kube-api-burst={2 * QUERIES_A_SECOND}",
        ]

    def _start_state_metrics(self) -> None:
        self.metrics_url = f"http://127.0.0.1:{self._metrics_port}"
        self._add(
            STATE_METRICS,
            [
                f"--kubeconfig={self.folder}/{pki.STATE_METRICS}.kubeconfig",
                "--host=127.0.0.1",
                f"--port={self._metrics_port}",
                "--telemetry-host=127.0.0.1",
                f"--telemetry-port={self._telemetry_port}",
            ],
        ).start()

    def wait_api_server(self) -> None:
        """Return once the API server says that it is ready."""
        self.parts["kube-apiserver"].wait_ready(lambda: self.api.call("GET", "/readyz", timeout_s=5) == "ok")

    def _wait_usable(self) -> None:
        """Nodes are ready and the namespace default has its ServiceAccount: pods may be created."""
        self.api.wait("ServiceAccount", "default", "default", bool, timeout_s=60)
        for node in self.options.nodes:
            self.api.wait("Node", None, node.name, _is_ready, timeout_s=60)

    def _ask(self, where: str) -> None:
        with contextlib.suppress(ApiError):
            self.api.call("GET", where)

    def write_kubeconfig(self, name: str, user: dict[str, str], server: str = "") -> Path:
        """Kubeconfig for a user entry; ``server`` is the API server unless it is something before it."""
        return pki.kubeconfig(
            self.folder / f"{name}.kubeconfig", server or self.url, self.pki / "ca.crt", user
        )

    def kill_api_server(self) -> None:
        """End the API server at once; what was under way is lost, or is not."""
        self.parts["kube-apiserver"].kill()

    def start_api_server(self) -> None:
        """Start it again on its old port, and wait until it is ready."""
        self.parts["kube-apiserver"].start()
        self.wait_api_server()

    def restart_api_server(self, down_s: float = 0.0) -> None:
        """Kill the API server, leave it down for so long, start it again."""
        self.kill_api_server()
        time.sleep(down_s)
        self.start_api_server()

    def stop(self) -> None:
        """End everything; the logs stay in the folder."""
        if hasattr(self, "kubelet"):
            self.kubelet.stop()
        for part in reversed(list(self.parts.values())):
            part.kill()
        self._stack.close()


def _fast_folder(otherwise: Path) -> Path:
    """Memory, where a program may write there and has room; etcd is happier so."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made there has a name of its own
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30:
        return memory
    return otherwise


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
        return answer.status == 200


def _is_ready(node) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return is_ready and not node["spec"].get("taints")

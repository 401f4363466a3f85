"""Exporters of a small cluster, as kube-state-metrics, cAdvisor, node-exporter and applications write them.

``Cluster`` holds what is there; each of its pages is the text that its exporter would show now. ``Page``
serves one, made anew at every scrape, so that counters count.
"""

import time
from dataclasses import dataclass, field

from tests.integration.servers import Exporter

STARTED = time.time()


class Page(Exporter):
    """An exporter whose text is made at each scrape."""

    def __init__(self, make):
        self.make = make
        super().__init__()

    @property
    def text(self):
        return self.make()

    @text.setter
    def text(self, _):
        pass


def line(name, value, **labels):
    inner = ",".join(f'{key.rstrip("_")}="{text}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}"


@dataclass
class Cluster:
    """Deployments and how many pods each has; every pod gets a node in turn."""

    deployments: dict[str, int]
    namespace: str = "shop"
    nodes: tuple[str, ...] = ("node-a", "node-b")
    managed_by: dict[str, str] = field(
        default_factory=dict
    )  # deployment -> label_argocd_argoproj_io_instance
    waiting: dict[str, str] = field(default_factory=dict)  # pod -> reason
    oom_killed: tuple[str, ...] = ()  # pods
    restarts: dict[str, int] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    evicted: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()  # deployments
    not_ready: tuple[str, ...] = ()  # nodes
    failed_jobs: tuple[str, ...] = ()
    hpa: dict[str, tuple[int, int]] = field(default_factory=dict)  # name -> (desired, max)

    def pods(self):
        """(pod, its Deployment, its node)."""
        number = 0
        for deployment, count in self.deployments.items():
            for index in range(count):
                yield f"{deployment}-5d4f7-{index}", deployment, self.nodes[number % len(self.nodes)]
                number += 1

    def kube_state_metrics(self):
        parts = (self._pods(), self._deployments(), self._nodes(), self._jobs(), self._autoscalers())
        return "\n".join(sorted(one for part in parts for one in part)) + "\n"  # one name's together

    def _pods(self):
        out, space = [], {"namespace": self.namespace}
        for pod, deployment, node in self.pods():
            at = {**space, "pod": pod}
            out.append(
                line("kube_pod_info", 1, **at, node=node, uid=f"uid-{pod}", created_by_kind="ReplicaSet")
            )
            owner = f"{deployment}-5d4f7"
            out.append(line("kube_pod_owner", 1, **at, owner_kind="ReplicaSet", owner_name=owner))
            for phase in ("Pending", "Running", "Succeeded", "Failed", "Unknown"):
                mine = "Pending" if pod in self.pending else "Failed" if pod in self.evicted else "Running"
                out.append(line("kube_pod_status_phase", int(phase == mine), **at, phase=phase))
            for reason in ("Evicted", "NodeLost", "Shutdown"):
                value = int(reason == "Evicted" and pod in self.evicted)
                out.append(line("kube_pod_status_reason", value, **at, reason=reason))
            box = {**at, "container": "main"}
            restarts = self.restarts.get(pod, 0)
            out.append(line("kube_pod_container_status_restarts_total", restarts, **box))
            if pod in self.waiting:
                out.append(
                    line("kube_pod_container_status_waiting_reason", 1, **box, reason=self.waiting[pod])
                )
            if pod in self.oom_killed:
                name = "kube_pod_container_status_last_terminated_reason"
                out.append(line(name, 1, **box, reason="OOMKilled"))
            for resource, unit, value in (("cpu", "core", 0.5), ("memory", "byte", 2**28)):
                name = "kube_pod_container_resource_limits"
                limit = {"node": node, "resource": resource, "unit": unit}
                out.append(line(name, value, **box, **limit))
                out.append(line(name, value, **at, container="proxy", **limit))
        return out

    def _deployments(self):
        out, space = [], {"namespace": self.namespace}
        for deployment, count in self.deployments.items():
            at, stuck = {**space, "deployment": deployment}, deployment in self.stuck
            out.append(line("kube_deployment_spec_replicas", count, **at))
            out.append(line("kube_deployment_status_replicas_unavailable", int(stuck), **at))
            for status in ("true", "false", "unknown"):
                value = int(status == ("false" if stuck else "true"))
                condition = {"condition": "Progressing", "status": status}
                out.append(line("kube_deployment_status_condition", value, **at, **condition))
            owner = f"{deployment}-5d4f7"
            kind = {"owner_kind": "Deployment", "owner_name": deployment}
            out.append(line("kube_replicaset_owner", 1, **space, replicaset=owner, **kind))
            labels = {"label_app_kubernetes_io_managed_by": "Helm"}
            if deployment in self.managed_by:
                labels["label_argocd_argoproj_io_instance"] = self.managed_by[deployment]
            out.append(line("kube_deployment_labels", 1, **at, **labels))
        return out

    def _nodes(self):
        out = []
        for node in self.nodes:
            out.append(line("kube_node_info", 1, node=node))
            for condition in ("Ready", "DiskPressure", "MemoryPressure", "PIDPressure"):
                good = "true" if condition == "Ready" else "false"
                bad = node in self.not_ready and condition == "Ready"
                for status in ("true", "false", "unknown"):
                    value = int(status == ("unknown" if bad else good))
                    at = {"node": node, "condition": condition, "status": status}
                    out.append(line("kube_node_status_condition", value, **at))
        return out

    def _jobs(self):
        out, space = [], {"namespace": self.namespace}
        for job in self.failed_jobs:
            for condition in ("true", "false", "unknown"):
                at = {**space, "job_name": job, "condition": condition}
                out.append(line("kube_job_failed", int(condition == "true"), **at))
        return out

    def _autoscalers(self):
        out, space = [], {"namespace": self.namespace}
        for name, (desired, most) in self.hpa.items():
            at = {**space, "horizontalpodautoscaler": name}
            out.append(line("kube_horizontalpodautoscaler_status_desired_replicas", desired, **at))
            out.append(line("kube_horizontalpodautoscaler_spec_max_replicas", most, **at))
        return out

    def cadvisor(self, pod="pod", container="container"):
        """The kubelet's page. ``pod_name`` and ``container_name``: as before Kubernetes 1.16."""
        out, age = [], time.time() - STARTED
        for number, (name, _, _) in enumerate(self.pods(), 1):
            at = {"namespace": self.namespace, pod: name, container: "main", "image": "shop:1"}
            out.append(line("container_cpu_usage_seconds_total", 0.05 * number * age, **at))
            out.append(line("container_memory_working_set_bytes", 2**27 + 2**20 * number, **at))
            idle = {**at, container: "proxy"}  # a sidecar far from its limit hides nothing
            out.append(line("container_cpu_usage_seconds_total", 0.001 * age, **idle))
            out.append(line("container_memory_working_set_bytes", 2**20, **idle))
            out.append(line("container_cpu_cfs_periods_total", 10 * age, **at))
            out.append(line("container_cpu_cfs_throttled_periods_total", age, **at))
            at = {"namespace": self.namespace, pod: name, "interface": "eth0"}
            out.append(line("container_network_receive_bytes_total", 1e6 * age, **at))
        return "\n".join(sorted(out)) + "\n"

    def node_exporter(self, node):
        """One node's page: it does not know by which name Kubernetes calls it, only its host name."""
        age = time.time() - STARTED
        out = [line("node_uname_info", 1, nodename=node, sysname="Linux")]
        for mode, share in (("idle", 0.75), ("user", 0.25)):
            out.append(line("node_cpu_seconds_total", share * age, cpu="0", mode=mode))
        out += ["node_memory_MemAvailable_bytes 4e9", "node_memory_MemTotal_bytes 16e9"]
        for name, value in (("avail", 30e9), ("size", 100e9)):
            at = {"fstype": "ext4", "mountpoint": "/"}
            out.append(line(f"node_filesystem_{name}_bytes", value, **at))
        for way in ("receive", "transmit"):
            out.append(line(f"node_network_{way}_errs_total", 0, device="eth0"))
        return "\n".join(out) + "\n"


def histogram(name, age, rate=20.0, **labels):
    """Lines of a histogram of requests: three of four within 0.1 s, all within 0.5 s."""
    rows = [("0.1", 0.75), ("0.5", 1.0), ("+Inf", 1.0)]
    out = [line(f"{name}_bucket", share * rate * age, le=le, **labels) for le, share in rows]
    return [
        *out,
        line(f"{name}_count", rate * age, **labels),
        line(f"{name}_sum", 0.1 * rate * age, **labels),
    ]


def micrometer():
    """An application on the JVM: http_server_requests_seconds, status in a label, one of fifty a 500."""
    age, name = time.time() - STARTED, "http_server_requests_seconds"
    ok = histogram(name, age, 49, method="GET", uri="/", status="200", outcome="SUCCESS")
    bad = histogram(name, age, 1, method="GET", uri="/", status="500", outcome="SERVER_ERROR")
    return "\n".join(sorted([*ok, *bad])) + "\n"


def client_golang(code="code"):
    """An application with hand-made metrics: http_requests_total by code, a histogram without one."""
    age = time.time() - STARTED
    out = [
        line("http_requests_total", 18 * age, **{code: "200"}),
        line("http_requests_total", 2 * age, **{code: "503"}),
    ]
    return "\n".join([*out, *histogram("http_request_duration_seconds", age)]) + "\n"

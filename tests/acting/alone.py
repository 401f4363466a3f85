"""Alone: the classes in which the daemon may act by itself, as the shipped playbooks say."""

from typing import ClassVar

from tests.acting.case import ANY, Case, Keys, Write, container
from tests.controlplane.faults import Crash, OomKill
from tests.controlplane.objects import deployment
from tests.controlplane.traffic import Spoil

RESTARTED = {"spec": {"template": {"metadata": {"annotations": Keys("kubectl.kubernetes.io/restartedAt")}}}}


class CrashLoop(Case):
    """One pod crashes again and again, nothing was rolled out: it is evicted, a new one does not crash."""

    name = "crash_loop"

    def spoil(self, at):
        pod = at.notes["pod"] = at.pods("cart")[0]["metadata"]
        at.kubelet.inject(Crash(), uids=frozenset({pod["uid"]}))
        at.kubelet.restart(at.space, pod["name"])

    def expected(self, at):
        return [Write("create", "pods/eviction", at.notes["pod"]["name"])]


class OomKills(Case):
    """What it needs does not fit: the limit is raised by a quarter."""

    name = "oom_killed"
    size: ClassVar = {"replicas": 4, "memory": "200Mi"}

    def spoil(self, at):
        at.kubelet.inject(OomKill(after_s=1.0), namespace=at.space, memory_below="220Mi")

    def expected(self, at):
        return [Write("patch", "deployments", "cart", container({"limits": {"memory": "250Mi"}}))]


class MemoryLeak(Case):
    """Its processes leak since they met something: new ones do not."""

    name = "memory_leak"
    size: ClassVar = {"replicas": 4, "memory": "512Mi"}
    load: ClassVar = {"rps": 60}

    def spoil(self, at):
        at.telemetry.spoil(Spoil(leak_mib_s=1.5), uids=at.uids("cart"))

    def broken(self, at):
        return at.value('max(container_memory_working_set_bytes{namespace="$space"})') > 100 << 20

    def expected(self, at):
        return [Write("patch", "deployments", "cart", RESTARTED)]


class CpuSaturation(Case):
    """A thread runs away in each of its processes: they are restarted."""

    name = "cpu_saturation"
    size: ClassVar = {"replicas": 4, "cpu": "1"}
    load: ClassVar = {"rps": 60}

    def spoil(self, at):
        at.telemetry.spoil(Spoil(cpu=0.6), uids=at.uids("cart"))

    def broken(self, at):
        return at.value('max(rate(container_cpu_usage_seconds_total{namespace="$space"}[5s]))') > 0.4

    def expected(self, at):
        return [Write("patch", "deployments", "cart", RESTARTED)]


class ErrorBurst(Case):
    """Its processes answer with errors since they met something; all are ready: they are restarted."""

    name = "error_burst"
    load: ClassVar = {"rps": 60}

    def spoil(self, at):
        at.telemetry.spoil(Spoil(error_ratio=0.4), uids=at.uids("cart"))

    def broken(self, at):
        failed = (
            'http_server_request_duration_seconds_count{namespace="$space",http_response_status_code="503"}'
        )
        return at.value(f"sum(rate({failed}[5s]))") > 1

    def expected(self, at):
        return [Write("patch", "deployments", "cart", RESTARTED)]


class OneBadPod(Case):
    """One of four pods is slow, and ready: it gets no more requests, and another takes its place."""

    name = "one_bad_pod"
    load: ClassVar = {"rps": 80}

    def create(self, at):
        super().create(at)
        at.create(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "cart", "namespace": at.space},
                "spec": {"selector": {"app": "cart"}, "ports": [{"port": 80}]},
            }
        )

    def spoil(self, at):
        pod = at.notes["pod"] = at.pods("cart")[0]["metadata"]
        at.telemetry.spoil(Spoil(latency_s=0.5), uids=frozenset({pod["uid"]}))

    def broken(self, at):
        name = "http_server_request_duration_seconds"
        mean = (
            f'rate({name}_sum{{namespace="$space"}}[5s]) / (rate({name}_count{{namespace="$space"}}[5s]) > 0)'
        )
        return at.value(f"max({mean})") > 0.2

    def expected(self, at):
        hidden = {"labels": Keys("aiops.dev/quarantined", "app"), "annotations": ANY}
        return [Write("patch", "pods", at.notes["pod"]["name"], {"metadata": hidden})]


class TrafficSurge(Case):
    """Half as many requests more than usual: half as many pods more, as its owner has agreed to."""

    name = "traffic_surge"
    size: ClassVar = {"replicas": 4, "cpu": "250m"}
    load: ClassVar = {"rps": 100, "cpu_s": 0.004}

    def create(self, at):
        made = deployment(at.space, "cart", **self.size)
        made["metadata"]["annotations"] = {"aiops.dev/max-replicas": "10"}  # today's maximum
        at.create(made)
        at.notes["app"] = at.telemetry.app(at.space, "cart", **self.load)

    def spoil(self, at):
        at.notes["app"].rps = 150

    def broken(self, at):
        return at.value('max(rate(container_cpu_usage_seconds_total{namespace="$space"}[5s]))') > 0.14

    def expected(self, at):
        return [Write("patch", "deployments", "cart", {"spec": {"replicas": 6}})]

    def over(self, at):
        at.notes["app"].rps = 100  # people go home


ALONE = (CrashLoop(), OomKills(), MemoryLeak(), CpuSaturation(), ErrorBurst(), OneBadPod(), TrafficSurge())

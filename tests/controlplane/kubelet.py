"""The simulated kubelet of all nodes: it gives pods their life, and takes the faults that tests inject.

Real are the API server, its admission, the controllers, the scheduler. Simulated is only what a kubelet would
report: nodes and leases, container states and restarts, readiness, logs, events, in-place resizes, evictions
for pressure. Two loops: one acts on pods as they change or as their time comes, one renews the leases.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.controlplane.agenda import Agenda
from tests.controlplane.api import Api
from tests.controlplane.containers import CONFIG_ERROR, NEVER, Container, Timing
from tests.controlplane.faults import Fault, Injection, Seen, SlowStop, When, annotated
from tests.controlplane.informer import Informer
from tests.controlplane.logserver import LogServer
from tests.controlplane.metricsapi import MetricsApi
from tests.controlplane.nodekeeper import NodeKeeper
from tests.controlplane.nodes import NodeShape
from tests.controlplane.pods import Object, PodRun, summary
from tests.controlplane.recorder import Recorder
from tests.controlplane.references import References
from tests.controlplane.storage import Storage
from tests.controlplane.telemetry import Telemetry, Views

__all__ = ["Kubelet", "NodeShape"]


class Kubelet(NodeKeeper):
    """One for all nodes of a control plane. Safe to call from any thread."""

    def __init__(self, api: Api, pki: Path, version: str = "v1.36.3", timing: Timing | None = None) -> None:
        self._logs = LogServer(pki, self._log)
        super().__init__(api, version, self._logs.port)
        self.timing = timing or Timing()
        self._runs: dict[str, PodRun] = {}
        self._objects: dict[str, Object] = {}
        self._injections: tuple[Injection, ...] = ()
        self._numbers, self._ips = itertools.count(1), itertools.count(2)
        self._agenda = Agenda()
        self._acting = threading.RLock()  # whoever changes what runs holds it
        self._told: set[str] = set()  # pods whose annotation is wrong
        self._recorder = Recorder(api, self.mishaps)
        self._references = References(api)
        self.metrics = MetricsApi(api, pki, self._running)
        self.telemetry = Telemetry(
            api, Views(self._live_runs, self._holds, self._kill_for_memory, self._live_nodes)
        )
        self._storage = Storage(api, self.mishaps)
        self._pods = Informer(api, "Pod", self._saw_pod)

    def start(self, shapes: Iterable[NodeShape]) -> None:
        """Register the nodes and begin."""
        self._logs.start()
        self._recorder.start()
        self._keep_nodes(shapes)
        self._pods.start()
        self._storage.start()
        self.metrics.start()
        self.telemetry.start()
        threading.Thread(target=self._pods_loop, name="kubelet-pods", daemon=True).start()

    def stop(self) -> None:
        """End; objects stay as they are."""
        self._drop_nodes()
        self._agenda.add([])
        self._pods.stop()
        self._recorder.stop()
        self._logs.stop()
        self._storage.stop()
        self.metrics.stop()
        self.telemetry.stop()

    # Faults of containers

    def inject(self, fault: Fault, **when: Any) -> Injection:
        """Put ``fault`` on every container for which ``When(**when)`` holds, now and later, until healed."""
        injection = Injection(fault, When(**when), next(self._numbers))
        self._injections = (*self._injections, injection)
        self._look_at_all()
        return injection

    def heal(self, injection: Injection) -> None:
        """Take one injected fault away."""
        self._injections = tuple(one for one in self._injections if one is not injection)
        self._look_at_all()

    def heal_all(self, namespace: str = "") -> None:
        """Take away every injected fault, or those for ``namespace`` alone; nodes stay as they are."""
        self._injections = tuple(
            one for one in self._injections if namespace and one.when.namespace != namespace
        )
        self._look_at_all()

    def evict(self, namespace: str, pod: str, message: str = "The node was low on resource: memory.") -> None:
        """End a pod as a kubelet does under pressure; it stays behind, Failed with reason Evicted."""
        with self._acting:
            run = self._run_of(namespace, pod)
            run.fail(time.monotonic(), "Evicted", message)
        self._recorder.tell(run.object, "Warning", "Evicted", message, run.object["spec"]["nodeName"])
        self._agenda.add([run.uid])

    def restart(self, namespace: str, pod: str, exit_code: int = 1) -> None:
        """End the processes of a pod once; it starts them again."""
        with self._acting:
            run = self._run_of(namespace, pod)
            for one in run.containers:
                if one.running:
                    one.end(time.monotonic(), exit_code, "Error")
        self._agenda.add([run.uid])

    def write_log(self, namespace: str, pod: str, *lines: str, container: str = "") -> None:
        """Add lines to the log of a container, the first one unless named."""
        run = self._run_of(namespace, pod)
        found = [one for one in run.containers if container in ("", one.name)]
        found[0].log += lines

    # What containers ask of us

    def fault(self, container: Container, *kinds: type[Fault]) -> Fault | None:
        """The first fault of these kinds that is for this container."""
        run = self._runs.get(container.uid)
        own = self._annotated(run.object) if run is not None else []
        found = [one for one in (*self._injections, *own) if isinstance(one.fault, kinds)]
        if not found or run is None:
            return None
        return next((one.fault for one in found if self._holds(one.when, run, container)), None)

    def _annotated(self, pod: Object) -> list[Injection]:
        """The faults in a pod's annotation; a wrong one is told once, and is none."""
        try:
            return annotated(pod)
        except (ValueError, TypeError) as error:
            if pod["metadata"]["uid"] not in self._told:
                self._told.add(pod["metadata"]["uid"])
                self.mishaps.note("faults", error)
            return []

    def _holds(self, when: When, run: PodRun, container: Container) -> bool:
        env, claims = {}, ()
        if when.env:
            env = self._references.env(run.object, container.spec)
        if when.claims_below:
            claims = self._references.claims(run.object, container.spec)
        return when.holds(Seen(run.object, container.spec, container.restarts, env, claims))

    def missing(self, container: Container) -> tuple[str, str] | None:
        """(reason, message) of a ConfigMap, Secret or key that the container needs and that is not there."""
        run = self._runs[container.uid]
        if (volume := self._references.missing_volume(run.object)) is not None:
            return "FailedMount", volume
        broken = self._references.missing_env(run.object, container.spec)
        return None if broken is None else (CONFIG_ERROR, broken)

    def tell(self, container: Container, kind: str, reason: str, message: str) -> None:
        """An event about the container's pod; a kill for memory is told of the node, as its kernel log is."""
        pod = self._runs[container.uid].object
        host = pod["spec"].get("nodeName", "")
        about = {"kind": "Node", "metadata": {"name": host}} if reason == "OOMKilling" else pod
        self._recorder.tell(about, kind, reason, message, host)

    # Loops

    def _saw_pod(self, uid: str, pod: Object | None) -> None:
        if pod is None:
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = {**pod, "kind": "Pod"}
        self._agenda.add([uid])

    def _came_back(self, name: str) -> None:
        uids = [uid for uid, one in list(self._objects.items()) if one["spec"].get("nodeName") == name]
        for uid in uids:
            if (run := self._runs.get(uid)) is not None:
                run.sent = None
        self._agenda.add(uids)

    def _look_at_all(self) -> None:
        self._agenda.add(list(self._objects))

    def _pods_loop(self) -> None:
        while not self._stopping.is_set():
            uid = self._agenda.next()
            if uid is None:
                continue
            due = time.monotonic() + self.timing.retry_s  # unless all goes well
            with self.mishaps.noted("pods"), self._acting:
                due = self._sync(uid)
            if due < NEVER and uid in self._objects:
                self._agenda.at(due, uid)

    def _sync(self, uid: str) -> float:
        """Bring one pod on, and tell the API server; the time to look again."""
        pod = self._objects.get(uid)
        if pod is None:
            self._runs.pop(uid, None)
            return NEVER
        node = self.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not node.alive:
            return NEVER
        if uid not in self._runs and pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
            return self._remove(pod) if "deletionTimestamp" in pod["metadata"] else NEVER
        run = self._runs.get(uid)
        if run is None:
            run = self._runs[uid] = PodRun(pod, self._new_ip(), "127.0.0.1", self.timing)
        run.object = pod
        now = time.monotonic()
        run.resize(now)
        if "deletionTimestamp" in pod["metadata"]:
            return self._terminate(run, now)
        due = run.advance(now, self)
        self._send(run)
        return due

    def _terminate(self, run: PodRun, now: float) -> float:
        grace = run.object["metadata"].get("deletionGracePeriodSeconds", 30)
        if run.stops_at is None:
            slow = [self.fault(one, SlowStop) for one in run.containers]
            took = max((one.seconds for one in slow if isinstance(one, SlowStop)), default=self.timing.stop_s)
            run.stops_at = now + min(took, grace)
            host = run.object["spec"]["nodeName"]
            for one in run.containers:
                if one.running:
                    said = f"Stopping container {one.name}"
                    self._recorder.tell(run.object, "Normal", "Killing", said, host)
        if now < min(run.stops_at, now + grace):
            return run.stops_at
        run.end(now)
        if run.object["metadata"].get("finalizers"):
            self._send(run)  # whoever holds it wants to see how it ended
        return self._remove(run.object)

    def _remove(self, pod: Object) -> float:
        meta = pod["metadata"]
        if meta.get("deletionGracePeriodSeconds") == 0 and meta.get("finalizers"):
            return NEVER  # done; others have yet to let go
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        self.api.delete("Pod", meta["namespace"], meta["name"], options)
        return NEVER

    def _send(self, run: PodRun) -> None:
        status, meta = run.status(), run.object["metadata"]
        shown = run.object.get("status", {})
        is_newer = int(meta["resourceVersion"]) >= run.sent_version
        if status == run.sent and not (is_newer and summary(shown) != summary(status)):
            return
        body = {"metadata": {"uid": meta["uid"]}, "status": status}
        answer = self.api.patch("Pod", meta["namespace"], meta["name"], body, "status")
        run.sent, run.sent_version = status, int(answer["metadata"]["resourceVersion"])

    def _run_of(self, namespace: str, pod: str) -> PodRun:
        for run in list(self._runs.values()):
            meta = run.object["metadata"]
            if (meta["namespace"], meta["name"]) == (namespace, pod):
                return run
        raise LookupError(f"no pod {namespace}/{pod} runs on a simulated node")

    def _log(self, namespace: str, pod: str, name: str, previous: bool) -> list[str] | None:
        with contextlib.suppress(LookupError):
            for one in self._run_of(namespace, pod).all:
                if one.name == name:
                    return list(one.previous_log if previous else one.log)
        return None

    def _live_nodes(self) -> list[str]:
        return [name for name, node in list(self.nodes.items()) if node.alive]

    def _live_runs(self) -> list[PodRun]:
        alive = set(self._live_nodes())
        return [run for run in list(self._runs.values()) if run.object["spec"].get("nodeName") in alive]

    def _kill_for_memory(self, run: PodRun, container: Container) -> None:
        container.oom = True
        self._agenda.add([run.uid])

    def _running(self) -> list[Object]:
        """The pods whose processes run, for the metrics API."""
        return [run.object for run in list(self._runs.values()) if run.phase == "Running"]

    def _new_ip(self) -> str:
        number = next(self._ips)
        return f"10.244.{number // 250 % 250}.{number % 250 + 1}"
